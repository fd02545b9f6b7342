//! What was done by whom, the newest first.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use maud::{Markup, html};
use serde::Deserialize;

use super::foot;
use crate::people::Role;
use crate::routes::App;
use crate::web::frame::{self, Section};
use crate::web::mishap::Mishap;
use crate::web::visitor::Visitor;
use crate::web::words;

/// Entries on a page.
const PAGE: i64 = 100;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/audit", get(show))
}

#[derive(Deserialize)]
struct From {
    before: Option<i64>,
}

async fn show(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Query(from): Query<From>,
) -> Result<Markup, Mishap> {
    visitor.expect_everywhere(Role::Admin)?;
    let entries = app.desk.run(visitor.actor(), move |admin| admin.audit(from.before, PAGE)).await?;
    let foot = foot(&app, &visitor).await?;
    let older = entries.last().map(|(number, _)| *number).filter(|number| *number > 1);
    Ok(frame::page(
        &visitor,
        Section::People,
        "What was done by whom",
        &foot,
        &html! {
            p.way { a href="/people" { "People" } }
            h1 { "What was done by whom" }
            p.lead { "Each entry is hashed with the one before it; " code { "afterword-collector verify" } " checks them all." }
            section aria-labelledby="entries" {
                h2 #entries { "Entries" small { "times in UTC" } }
                div.wide tabindex="0" role="group" aria-labelledby="entries" {
                    table {
                        thead { tr { th.n scope="col" { "Entry" } th scope="col" { "When" } th scope="col" { "Who" } th scope="col" { "What" } th scope="col" { "On" } th scope="col" { "More" } } }
                        tbody {
                            @for (number, entry) in &entries {
                                tr {
                                    td.n { (number) }
                                    td.quiet { time datetime=(words::iso(entry.at_ms)) { (words::moment(entry.at_ms)) } }
                                    td { (entry.who) }
                                    td { (entry.what) }
                                    td { (entry.on) }
                                    td { (entry.more) }
                                }
                            }
                        }
                    }
                }
                @if let Some(older) = older { nav.pager aria-label="Pages of entries" { a href={ "/audit?before=" (older) } rel="next" { "Older" } } }
            }
        },
    ))
}
