//! The fleet: how many kiosks are well, and which need a look first.

mod health;
mod rollout;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use maud::{Markup, html};
use serde::Deserialize;

use self::health::{Health, Reading};
use super::foot;
use crate::kept::ByStore;
use crate::people::Role;
use crate::routes::App;
use crate::storage::fleet::{self, Kiosk};
use crate::storage::sql::{Connection, SqlResult};
use crate::web::frame::{self, Section};
use crate::web::icon::Icon;
use crate::web::live;
use crate::web::mishap::Mishap;
use crate::web::visitor::{Visitor, Watcher};
use crate::web::words;

pub(super) use self::health::label as health_label;
pub(crate) use self::health::word as health_word;

/// Heartbeats come every five minutes; a person who has just enrolled a kiosk looks at the page.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// Kiosks on one page; those that need a look come first.
const PAGE: usize = 200;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/fleet", get(show))
        .route("/fleet/live", get(news))
        .route("/fleet/rollout", post(rollout::turn))
}

/// Which of them.
#[derive(Debug, Clone, Default, Deserialize)]
struct Choice {
    /// A region or a store; all where it is empty.
    #[serde(default)]
    place: String,
    #[serde(default)]
    page: usize,
}

async fn show(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Query(choice): Query<Choice>,
) -> Result<Markup, Mishap> {
    let foot = foot(&app, &visitor).await?;
    let part = part(&app, &visitor, &choice).await?;
    let address = format!("/fleet/live?{}", query(&choice));
    Ok(frame::page(
        &visitor,
        Section::Fleet,
        "Fleet",
        &foot,
        &html! {
            div.actions {
                form method="get" action="/fleet" data-at-once {
                    label.hidden for="place" { "Region or store" }
                    select #place name="place" {
                        option value="" { "All stores" }
                        @for place in visitor.places() { option value=(place) selected[place == choice.place] { (place) } }
                    }
                    noscript { button type="submit" { "Show" } }
                }
                @if visitor.person.is_everywhere(Role::Admin) { a.button.primary href="/fleet/enrol" { "Enrol a kiosk" } }
            }
            div data-live=(address) { (part) }
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

/// What changes as heartbeats come.
async fn part(app: &Arc<App>, visitor: &Visitor, choice: &Choice) -> Result<Markup, Mishap> {
    let now_ms = app.context.clock.wall_ms();
    let mut kiosks = app.read(fleet::kiosks).await?;
    let stores = visitor.stores_at(&choice.place);
    kiosks.retain(|kiosk| stores.hold(kiosk.store.as_deref()));
    let mut readings: Vec<Reading> = kiosks.into_iter().map(|kiosk| Reading::of(kiosk, now_ms)).collect();
    // The order of store and name stays within each state.
    readings.sort_by_key(|reading| reading.health.urgency());
    let rollout = rollout::section(app, visitor).await?;
    Ok(render(&readings, &rollout, choice, now_ms))
}

fn render(readings: &[Reading], rollout: &Markup, choice: &Choice, now_ms: i64) -> Markup {
    let enrolled = readings.iter().filter(|reading| reading.health.counts()).count();
    let well = readings.iter().filter(|reading| reading.health == Health::Well).count();
    let pages = readings.len().div_ceil(PAGE).max(1);
    let at = choice.page.min(pages - 1);
    html! {
        h1 {
            @if enrolled == 0 { "No kiosk is enrolled yet" }
            @else { (words::count(well as u64)) " of " (words::count(enrolled as u64)) " " (words::plural(enrolled, "kiosk is", "kiosks are")) " well" }
        }
        p.lead { (health::sentence(readings)) }
        (rollout)
        section aria-labelledby="kiosks" {
            h2 #kiosks { "Kiosks" small { "needs attention first" } }
            @if readings.is_empty() {
                p { "There is none here. A kiosk is added with “Enrol a kiosk”, or with " code { "afterword-collector device add" } "." }
            } @else {
                div.wide tabindex="0" role="group" aria-labelledby="kiosks" {
                    table {
                        thead { tr {
                            th scope="col" { "Kiosk" }
                            th scope="col" { "Where" }
                            th scope="col" { "Health" }
                            th scope="col" { "Version" }
                            th scope="col" { "Last heard" }
                            th.n scope="col" { "Waiting to send" }
                            th.n scope="col" { "Clock" }
                            th.n scope="col" { "Certificate ends" }
                            th.n scope="col" { "Storage free" }
                        } }
                        tbody {
                            @for reading in readings.iter().skip(at * PAGE).take(PAGE) { (row(reading, now_ms)) }
                        }
                    }
                }
                @if pages > 1 { (pager(choice, at, pages)) }
            }
        }
    }
}

fn row(reading: &Reading, now_ms: i64) -> Markup {
    let Reading { kiosk, health } = reading;
    let is_silent = matches!(health, Health::Silent { .. });
    html! {
        tr {
            th scope="row" { a href={ "/devices/" (kiosk.device) } { (kiosk.name) } }
            td { (kiosk.store.as_deref().unwrap_or("–")) }
            td { (health::label(health)) }
            @match &kiosk.heard {
                None => { td { "–" } td.quiet { "never" } td.n { "–" } td.n { "–" } td.n { "–" } td.n { "–" } }
                Some(heard) => {
                    td { (heard.kiosk_version) }
                    td.quiet { time datetime=(words::iso(heard.at_ms)) { (words::ago(heard.at_ms, now_ms)) } }
                    td.n { (words::count(heard.waiting)) @if is_silent { " at last contact" } }
                    td.n.quiet.strong[*health == Health::Clock] { @if is_silent { "–" } @else { (words::offset(heard.clock_ahead_ms)) } }
                    td.n.quiet.strong[*health == Health::Certificate] { @if is_silent { "–" } @else { (words::day(heard.certificate_expires_ms)) } }
                    td.n.quiet.strong[*health == Health::Disk] {
                        @match heard.disk_free_bytes.filter(|_| !is_silent) { Some(bytes) => (words::bytes(bytes)), None => "–" }
                    }
                }
            }
        }
    }
}

fn pager(choice: &Choice, at: usize, pages: usize) -> Markup {
    let link = |page: usize| format!("/fleet?{}", query(&Choice { page, ..choice.clone() }));
    html! {
        nav.pager aria-label="Pages of kiosks" {
            @if at > 0 { a href=(link(at - 1)) rel="prev" { "Before" } }
            span { "Page " (at + 1) " of " (pages) }
            @if at + 1 < pages { a href=(link(at + 1)) rel="next" { "After" } }
        }
    }
}

fn query(choice: &Choice) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("place", &choice.place).append_pair("page", &choice.page.to_string());
    query.finish()
}

/// How many kiosks of each store are not as they should be.
pub(super) fn to_look_at(reader: &Connection, now_ms: i64) -> SqlResult<ByStore> {
    let mut found = BTreeMap::<Option<String>, u64>::new();
    for kiosk in fleet::kiosks(reader)? {
        let Reading { kiosk, health } = Reading::of(kiosk, now_ms);
        if health.counts() && health != Health::Well {
            *found.entry(kiosk.store).or_default() += 1;
        }
    }
    Ok(found.into_iter().collect())
}

/// The state of one kiosk, as its own page says it.
pub(super) fn state(kiosk: &Kiosk, now_ms: i64) -> Health {
    Reading::of(kiosk.clone(), now_ms).health
}

/// A dash of the words and the drawing that belong together.
fn with_icon(class: &str, icon: Icon, words: &str) -> Markup {
    html! { span class={ "state " (class) } { (icon.sized(18)) (words) } }
}
