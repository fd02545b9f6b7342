//! The overview: one finding, and what it is made of.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use maud::{Markup, html};

use super::figures::range::{self, Choice};
use super::figures::{chart, figure, reasons, score, share, stores};
use super::{board, foot};
use crate::numbers::{Holdings, Overview, Scope, StoreNumbers, overview};
use crate::routes::App;
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
    let foot = foot(&app, &visitor).await?;
    let part = part(&app, &visitor, &choice).await?;
    let news = format!("/live?{}", choice.query(&choice.place));
    Ok(frame::page(
        &visitor,
        Section::Overview,
        "Overview",
        &foot,
        &html! {
            div.actions { (choice.form(&visitor, "/", None)) }
            div data-live=(news) { (part) }
        },
    ))
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
    let (numbers, title) = numbers(app, visitor, choice).await?;
    let board = board::part(app, visitor, choice).await?;
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
        }
        p.hint { (title) ", each store’s own days." (flagged(&numbers)) @if numbers.scope.stores.is_none() { (holdings(&numbers.holdings)) } }
        div.two {
            (chart::section(&numbers.chart))
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
    let (numbers, title) = numbers(&app, &visitor, &choice).await?;
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

async fn numbers(app: &Arc<App>, visitor: &Visitor, choice: &Choice) -> Result<(Overview, String), Mishap> {
    let ((first_day, last_day), dates) = choice.days(app.context.clock.wall_ms())?;
    let stores = choice.stores(visitor);
    let scope = Scope { first_day, last_day, without_flagged: choice.is_without_flagged(), stores };
    let numbers = app.read(move |reader| overview(reader, &scope)).await?;
    Ok((numbers, range::title(dates)))
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
