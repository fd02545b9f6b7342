//! One store: its numbers day by day, hour by hour, and where in it.

use std::sync::Arc;

use afterword_model::summary::{Ask, Measure, Part};
use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use maud::{Markup, html};
use serde::Deserialize;

use super::day_notes::{self, On};
use super::figures::range::{self, Choice};
use super::figures::{chart, figure, reasons, score, share};
use super::foot;
use crate::numbers::{StoreFigures, store};
use crate::people::{Role, Stores};
use crate::routes::App;
use crate::web::frame::{self, Section};
use crate::web::mishap::Mishap;
use crate::web::visitor::Visitor;
use crate::web::words;

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
/// Pixels of the longest bar.
const BAR: f64 = 120.0;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/store", get(show))
}

#[derive(Deserialize)]
struct Which {
    #[serde(default)]
    store: String,
}

async fn show(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Query(which): Query<Which>,
    Query(choice): Query<Choice>,
) -> Result<Markup, Mishap> {
    page(&app, &visitor, &which.store, &choice, None).await
}

/// The page; with what was not done above it.
pub(super) async fn page(
    app: &Arc<App>,
    visitor: &Visitor,
    name: &str,
    choice: &Choice,
    wrong: Option<&str>,
) -> Result<Markup, Mishap> {
    visitor.expect_in(Role::Viewer, Some(name).filter(|name| !name.is_empty()))?;
    let ((first, last), dates) = choice.days(app.context.clock.wall_ms())?;
    let ask = Ask { without_flagged: choice.is_without_flagged(), ..Ask::days(first, last) };
    let wanted = name.to_owned();
    let figures = app.read(move |reader| store(reader, &wanted, ask)).await?;
    let own = Stores::Some(std::iter::once(name.to_owned()).collect());
    let notes = day_notes::shown(app, visitor, &own, (first, last)).await?;
    let foot = foot(app, visitor).await?;
    let title = if name.is_empty() { "Kiosks without a store" } else { name };
    Ok(frame::page(
        visitor,
        Section::Stores,
        title,
        &foot,
        &html! {
            @if let Some(wrong) = wrong { p.wrong role="alert" { (wrong) } }
            div.actions { (choice.form(visitor, "/store", Some(name))) }
            p.way { a href="/stores" { "Stores" } @if visitor.stores() == Stores::All { @for region in visitor.tree.around(name) { " · " (region) } } }
            h1 { (title) }
            p.lead { (lead(&figures)) " " (range::title(dates)) ", its own days." }
            (line(&figures))
            div.two {
                (chart::section(&figures.chart, &notes))
                (reasons::section(&figures.reasons))
                (parts("hours", "By hour", &figures.summary.hours, |name| format!("{name}:00")))
                (parts("weekdays", "By weekday", &figures.summary.weekdays, |name| {
                    let place = name.parse().ok().and_then(|day: usize| WEEKDAYS.get(day.wrapping_sub(1)));
                    place.map_or_else(|| name.to_owned(), |day| (*day).to_owned())
                }))
                (parts("touchpoints", "By touchpoint", &figures.summary.touchpoints, or_none))
                (parts("languages", "By language", &figures.summary.languages, or_none))
            }
            (day_notes::section(visitor, &notes, On::Store(name), choice))
            p { a.button href={ "/fleet?" (place_query(name)) } { "Its kiosks" } }
        },
    ))
}

fn lead(figures: &StoreFigures) -> String {
    match figures.happy.now {
        Some(now) => {
            let in_hundred = now.estimate() * 100.0;
            let before = figures.happy.before.map(|before| format!("{:.0}", before.estimate() * 100.0));
            let against = match (before, figures.happy.change) {
                (Some(before), Some(afterword_model::metrics::change::Change::Up)) => {
                    format!(", up from {before}")
                }
                (Some(before), Some(afterword_model::metrics::change::Change::Down)) => {
                    format!(", down from {before}")
                }
                _ => String::new(),
            };
            format!("{in_hundred:.0} in 100 visits were happy{against}.")
        }
        None => "Not enough answers yet.".into(),
    }
}

fn line(figures: &StoreFigures) -> Markup {
    let (happy, recommend) = (share(&figures.happy), score(&figures.recommend));
    let completed = figures.summary.completed.now;
    let completed =
        completed.map_or_else(String::new, |now| format!("{:.0} % completed", now.estimate() * 100.0));
    html! {
        dl.line {
            (figure("Happy visits", &happy.0, &happy.1))
            (figure("Would recommend", &recommend.0, &recommend.1))
            (figure("Responses", &words::count(figures.summary.responses), &completed))
        }
    }
}

fn parts(id: &str, title: &str, parts: &[Part], name: impl Fn(&str) -> String) -> Markup {
    let most = parts.iter().map(|part| part.responses).max().unwrap_or(0).max(1);
    html! {
        section aria-labelledby=(id) {
            h2 id=(id) { (title) }
            @if parts.is_empty() { p { "No replies in these days." } }
            @else {
                table.parts {
                    thead { tr { th scope="col" { span.hidden { (title) } } th scope="col" { "Replies" } th.n scope="col" { "Happy, %" } th.n scope="col" { "at 95 %" } } }
                    tbody {
                        @for part in parts {
                            tr {
                                th scope="row" { (name(&part.name)) }
                                td {
                                    svg.bar width=(format!("{:.0}", part.responses as f64 / most as f64 * BAR)) height="14" aria-hidden="true" {
                                        rect width="100%" height="14" rx="3" fill="#717771" {}
                                    }
                                    (words::count(part.responses))
                                }
                                @match part.measure {
                                    Some(Measure::Share(share)) => {
                                        td.n { b { (format!("{:.0}", share.estimate * 100.0)) } }
                                        td.n.quiet { (format!("{:.0} to {:.0}", share.low * 100.0, share.high * 100.0)) }
                                    }
                                    Some(other) => {
                                        td.n { b { (format!("{:.1}", other.estimate())) } }
                                        td.n.quiet { (format!("{:.1} to {:.1}", other.interval().0, other.interval().1)) }
                                    }
                                    None => { td.n.quiet { "too few" } td.n { "–" } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn or_none(name: &str) -> String {
    if name.is_empty() { "(none)".into() } else { name.to_owned() }
}

fn place_query(name: &str) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair("place", name).finish()
}
