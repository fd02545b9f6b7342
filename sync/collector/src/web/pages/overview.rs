//! The overview: one finding, and what it is made of.

use std::sync::Arc;
use std::time::Duration;

use afterword_model::case::ACKNOWLEDGED_TARGET;
use afterword_model::metrics::Share;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use maud::{Markup, html};

use super::day_notes::On;
use super::figures::range::{self, Choice};
use super::figures::{chart, figure, reasons, score, share, stores};
use super::{board, day_notes, foot};
use crate::numbers::{FollowUps, Holdings, Overview, Scope, StoreNumbers, overview};
use crate::routes::App;
use crate::storage::DayNote;
use crate::web::frame::{self, Section};
use crate::web::live;
use crate::web::mishap::Mishap;
use crate::web::visitor::{Visitor, Watcher};
use crate::web::words;

/// Stores on the overview: as many as fit beside the reasons.
const STORES: usize = 8;
/// What came is counted within a second or two; nobody watches numbers by the second.
const LOOK_EVERY: Duration = Duration::from_secs(10);

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/", get(show)).route("/live", get(news)).route("/stores", get(all_stores))
}

async fn show(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Query(choice): Query<Choice>,
) -> Result<Markup, Mishap> {
    page(&app, &visitor, &choice, None).await
}

/// The page; with what was not done above it.
pub(super) async fn page(
    app: &Arc<App>,
    visitor: &Visitor,
    choice: &Choice,
    wrong: Option<&str>,
) -> Result<Markup, Mishap> {
    let foot = foot(app, visitor).await?;
    let part = part(app, visitor, choice).await?;
    let notes = notes(app, visitor, choice).await?;
    let news = format!("/live?{}", choice.query(&choice.place));
    Ok(frame::page(
        visitor,
        Section::Overview,
        "Overview",
        &foot,
        &html! {
            @if let Some(wrong) = wrong { p.wrong role="alert" { (wrong) } }
            div.actions { (choice.form(visitor, "/", None)) }
            div data-live=(news) { (part) }
            (day_notes::section(visitor, &notes, On::Overview, choice))
        },
    ))
}

/// What is noted in the days and stores that were chosen.
async fn notes(app: &Arc<App>, visitor: &Visitor, choice: &Choice) -> Result<Vec<DayNote>, Mishap> {
    let (days, _) = choice.days(app.context.clock.wall_ms())?;
    day_notes::shown(app, visitor, &visitor.stores_at(&choice.place), days).await
}

/// The same while the page is open.
async fn news(
    State(app): State<Arc<App>>,
    Watcher(visitor): Watcher,
    Query(choice): Query<Choice>,
) -> Response {
    let places = app.desk.streams();
    live::stream(&places, LOOK_EVERY, move || {
        let (app, visitor, choice) = (Arc::clone(&app), visitor.clone(), choice.clone());
        async move { part(&app, &visitor, &choice).await }
    })
}

/// What changes as responses come.
async fn part(app: &Arc<App>, visitor: &Visitor, choice: &Choice) -> Result<Markup, Mishap> {
    let follow_ups = app.follow_ups().await?;
    let (numbers, title) = numbers(app, visitor, choice, &follow_ups).await?;
    let notes = notes(app, visitor, choice).await?;
    let board = board::part(&follow_ups, visitor, choice);
    let acknowledged = acknowledged(numbers.acknowledged.as_ref());
    let (happy, recommend) = (share(&numbers.happy), score(&numbers.recommend));
    let completed = numbers.completed.now;
    let completed =
        completed.map_or_else(String::new, |now| format!("{:.0} % completed", now.estimate() * 100.0));
    Ok(html! {
        h1 { (numbers.finding) }
        dl.line {
            (figure("Happy visits", &happy.0, &happy.1))
            (figure("Would recommend", &recommend.0, &recommend.1))
            (figure("Responses", &words::count(numbers.responses), &completed))
            (figure("Acknowledged in time", &acknowledged.0, &acknowledged.1))
        }
        p.hint { (title) ", each store’s own days." (flagged(&numbers)) @if numbers.scope.stores.is_none() { (holdings(&numbers.holdings)) } }
        div.two {
            (chart::section(&numbers.chart, &notes))
            (board)
            (ranking(&numbers, choice))
            (reasons::section(&numbers.reasons))
        }
    })
}

fn ranking(numbers: &Overview, choice: &Choice) -> Markup {
    let all: Vec<&StoreNumbers> = numbers.stores.iter().collect();
    // Where not all fit: the ends, which is where somebody has to look.
    let (shown, words) = if all.len() <= STORES {
        (all.clone(), String::new())
    } else {
        let (first, last) = (&all[..STORES / 2], &all[all.len() - STORES / 2..]);
        ([first, last].concat(), format!("the first and the last {} of {}; ", STORES / 2, all.len()))
    };
    html! {
        section aria-labelledby="stores" {
            h2 #stores {
                "Stores"
                small { (words) "overlapping lines can’t be told apart; blue: all stores" }
                a.more href={ "/stores?" (choice.query(&choice.place)) } { "All stores" }
            }
            @if shown.is_empty() { p { "No store had a reply in these days." } }
            @else { (stores::table(&shown, &numbers.happy, choice, "Stores")) }
        }
    }
}

async fn all_stores(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Query(choice): Query<Choice>,
) -> Result<Markup, Mishap> {
    let foot = foot(&app, &visitor).await?;
    let follow_ups = app.follow_ups().await?;
    let (numbers, title) = numbers(&app, &visitor, &choice, &follow_ups).await?;
    let all: Vec<&StoreNumbers> = numbers.stores.iter().collect();
    let count = all.len();
    Ok(frame::page(
        &visitor,
        Section::Stores,
        "Stores",
        &foot,
        &html! {
            div.actions { (choice.form(&visitor, "/stores", None)) }
            h1 { (words::count(count as u64)) " " (words::plural(count, "store", "stores")) " with replies" }
            p.lead { (title) ". The places that a store may hold are given; overlapping lines can’t be told apart. Blue: all stores." }
            section aria-labelledby="all" {
                h2 #all { "Stores" small { "the happiest first; those with too few answers last" } }
                @if all.is_empty() { p { "No store had a reply in these days." } }
                @else { (stores::table(&all, &numbers.happy, &choice, "Stores")) }
            }
        },
    ))
}

async fn numbers(
    app: &Arc<App>,
    visitor: &Visitor,
    choice: &Choice,
    follow_ups: &Arc<FollowUps>,
) -> Result<(Overview, String), Mishap> {
    let ((first_day, last_day), dates) = choice.days(app.context.clock.wall_ms())?;
    let stores = choice.stores(visitor);
    let scope = Scope { first_day, last_day, without_flagged: choice.is_without_flagged(), stores };
    let follow_ups = Arc::clone(follow_ups);
    let numbers = app.read(move |reader| overview(reader, &scope, &follow_ups)).await?;
    Ok((numbers, range::title(dates)))
}

/// The share of follow-ups that were acknowledged in time, with where it likely lies, beside what it is to be.
fn acknowledged(share: Option<&Share>) -> (String, String) {
    let target = format!("target {:.0}", ACKNOWLEDGED_TARGET * 100.0);
    match share {
        Some(share) => {
            let half = (share.high - share.low) / 2.0;
            (format!("{:.0} %", share.estimate * 100.0), format!("± {:.0}, {target}", half * 100.0))
        }
        None => ("–".into(), format!("too few follow-ups, {target}")),
    }
}

fn flagged(numbers: &Overview) -> Markup {
    html! {
        @if numbers.flagged > 0 {
            " " (words::count(numbers.flagged)) " replies look like play; "
            @if numbers.scope.without_flagged { "they are left out." } @else { "they are counted." }
        }
    }
}

/// What is held and is not in the numbers.
fn holdings(holdings: &Holdings) -> Markup {
    html! {
        @if holdings.waiting > 0 { " " (words::count(holdings.waiting)) " records have come and wait to be counted." }
        @if holdings.parked > 0 { " " (words::count(holdings.parked)) " records cannot be read and are kept aside." }
        @if holdings.quarantined > 0 { " " (words::count(holdings.quarantined)) " records contradict others and are kept aside." }
        @if holdings.undated > 0 { " " (words::count(holdings.undated)) " replies are of a kiosk that did not know the time." }
    }
}
