//! Follow-ups: which are open, what hurries most first, and each one with what was said, what was done, and what can be done next.

mod effect;

use std::sync::Arc;

use afterword_model::case::{Action, Category, Due, Held, RootCause, Stage, Step, TEXT_CHARS_MAX};
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;

use super::foot;
use super::sign_in::sentence;
use crate::admin::AdminError;
use crate::admin::casing::{CaseRefusal, CaseRow, StepWish, short};
use crate::people::Role;
use crate::routes::App;
use crate::web::frame::{self, Section};
use crate::web::icon::Icon;
use crate::web::mishap::Mishap;
use crate::web::visitor::{Posted, Visitor};
use crate::web::words;

/// Follow-ups on a page; what hurries most is among them.
const SHOWN_MAX: usize = 200;
const MINUTE_MS: i64 = 60_000;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/cases", get(list)).route("/cases/{epoch}/{seq}", get(show).post(take))
}

/// Which; what is empty was not chosen.
#[derive(Debug, Default, Deserialize)]
struct Choice {
    /// A region or store.
    #[serde(default)]
    place: String,
    /// `late`, `closed` or `all`; those that are open where it is empty.
    #[serde(default)]
    state: String,
}

impl Choice {
    fn takes_closed(&self) -> bool {
        matches!(self.state.as_str(), "closed" | "all")
    }

    fn fits(&self, row: &CaseRow) -> bool {
        let is_closed = row.view.status.is_closed();
        match self.state.as_str() {
            "late" => !is_closed && is_late(row),
            "closed" => is_closed,
            "all" => true,
            _ => !is_closed,
        }
    }
}

async fn list(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Query(choice): Query<Choice>,
) -> Result<Markup, Mishap> {
    if !visitor.person.is_somewhere(Role::Viewer) {
        return Err(Mishap::NotFound);
    }
    let (closed_too, stores) = (choice.takes_closed(), visitor.stores_at(&choice.place));
    let list = app
        .desk
        .run(visitor.actor(), move |admin| admin.case_list_at(closed_too, |_, store| stores.hold(store)));
    let mut rows = list.await?;
    let open = rows.iter().filter(|row| !row.view.status.is_closed()).count();
    let late = rows.iter().filter(|row| !row.view.status.is_closed() && is_late(row)).count();
    rows.retain(|row| choice.fits(row));
    let foot = foot(&app, &visitor).await?;
    let has_more = rows.len() > SHOWN_MAX;
    rows.truncate(SHOWN_MAX);
    Ok(frame::page(
        &visitor,
        Section::Cases,
        "Follow-ups",
        &foot,
        &html! {
            h1 { @if open == 0 { "No" } @else { (words::spelled(open)) } " open " (words::plural(open, "follow-up", "follow-ups")) }
            p.lead {
                @if open == 0 { "There is nothing to follow up." } @else if late == 0 { "None of them is late." } @else { b { (words::count(late as u64)) " " (words::plural(late, "is", "are")) " late." } }
                " Opened on a kiosk for a low rating with words, a wish for a reply, or an alert."
            }
            (form(&visitor, &choice))
            section aria-labelledby="list" {
                h2 #list { "What hurries most first" }
                @if rows.is_empty() { p { "There is none of this kind." } } @else {
                    div.wide tabindex="0" role="group" aria-labelledby="list" {
                        table {
                            thead { tr { th scope="col" { "About" } th scope="col" { "Where" } th scope="col" { "Said" } th scope="col" { "Stands" } th scope="col" { "Clock" } } }
                            tbody { @for row in &rows { (line(row)) } }
                        }
                    }
                }
                @if has_more { p.hint { "Only the first " (SHOWN_MAX) " are shown; choose a store or a region to see the others." } }
            }
        },
    ))
}

fn form(visitor: &Visitor, choice: &Choice) -> Markup {
    let states =
        [("", "Open ones"), ("late", "Late ones"), ("closed", "Closed ones"), ("all", "All of them")];
    html! {
        form.choice method="get" action="/cases" {
            label.hidden for="place" { "Region or store" }
            select #place name="place" {
                option value="" { "All stores" }
                @for place in visitor.places() { option value=(place) selected[place == choice.place] { (place) } }
            }
            label.hidden for="state" { "Which" }
            select #state name="state" {
                @for (value, name) in states { option value=(value) selected[value == choice.state] { (name) } }
            }
            button type="submit" { "Show" }
        }
    }
}

fn line(row: &CaseRow) -> Markup {
    html! {
        tr {
            th scope="row" { a href=(path(row)) aria-label={ (title(row)) ", " (short(row.view.id)) } { (title(row)) } }
            td { (row.store.as_deref().unwrap_or("–")) " " span.quiet { (row.device_name) } }
            td { (said(row)) }
            td { (stage(row.view.status.stage)) }
            td { (clock(row.view.due.as_ref())) }
        }
    }
}

async fn show(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(name): Path<(String, String)>,
) -> Result<Response, Mishap> {
    let row = found(&app, &visitor, Role::Viewer, name).await?;
    one(&app, &visitor, &row, None).await
}

/// The follow-up, where it is of a store in which they have this role.
async fn found(
    app: &Arc<App>,
    visitor: &Visitor,
    role: Role,
    (epoch, seq): (String, String),
) -> Result<CaseRow, Mishap> {
    let row = app.desk.run(visitor.actor(), move |admin| admin.case(&format!("{epoch}/{seq}"))).await;
    let row = row.map_err(|error| match error {
        AdminError::Case(_) => Mishap::NotFound,
        other => other.into(),
    })?;
    visitor.expect_in(role, row.store.as_deref())?;
    Ok(row)
}

async fn one(
    app: &Arc<App>,
    visitor: &Visitor,
    row: &CaseRow,
    wrong: Option<&str>,
) -> Result<Response, Mishap> {
    let foot = foot(app, visitor).await?;
    let effect = effect::section(app, row).await?;
    let status = &row.view.status;
    let may = visitor.expect_in(Role::Manager, row.store.as_deref()).is_ok();
    let page = frame::page(
        visitor,
        Section::Cases,
        &title(row),
        &foot,
        &html! {
            p.way { a href="/cases" { "Follow-ups" } " · " (row.device_name) @if let Some(store) = &row.store { ", " (store) } }
            h1 { (title(row)) }
            p.lead { (stage(status.stage)) @if row.view.due.is_some() { ", " (clock(row.view.due.as_ref())) } ". Its name is " code { (short(row.view.id)) } "." }
            @if let Some(wrong) = wrong { p.wrong role="alert" { (wrong) } }
            div.two.even {
                section aria-labelledby="happened" {
                    h2 #happened { "What happened" small { "each one’s own time" } }
                    ol.trail {
                        @if let Some(said) = &row.view.said {
                            li.done {
                                span.dot { (Icon::Other.sized(18)) }
                                p { b { "A customer told us" } " " span.quiet { (local(said.started.wall_ms, said.started.offset_min)) } }
                                p lang=(said.language) { (self::said(row)) }
                            }
                        }
                        @for held in &row.view.steps { (step(held)) }
                        @if let Some(next) = next(status.stage) { li { span.dot {} p { b { (next) } } } }
                    }
                }
                div {
                    (effect)
                    section aria-labelledby="next" {
                        h2 #next { "What can be done" }
                        @if may { (deeds(visitor, row)) } @else { p { "Managers of this store see to it." } }
                        @if row.view.said.as_ref().is_some_and(|said| said.contact_wanted) {
                            p.hint { "A reply is wished for. Phone numbers and e-mails stay sealed: whoever has the organisation’s own key opens them with " code { "afterword-collector contact list" } ", and each opening is logged." }
                        }
                    }
                }
            }
        },
    );
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok((status, page).into_response())
}

/// Forms for what can be done as it stands.
fn deeds(visitor: &Visitor, row: &CaseRow) -> Markup {
    let deed = |step: &str, inner: Markup| {
        html! {
            form.narrow method="post" action=(path(row)) {
                (frame::key(visitor))
                input type="hidden" name="step" value=(step);
                (inner)
            }
        }
    };
    let words = |step: &str, label: &str| {
        html! {
            label for={ (step) "-words" } { (label) }
            input id={ (step) "-words" } name="words" maxlength=(TEXT_CHARS_MAX) autocomplete="off";
        }
    };
    let status = &row.view.status;
    html! {
        @if status.stage == Stage::Opened {
            (deed("acknowledged", html! { button.primary type="submit" { "I see to it" } }))
        }
        @if !status.is_closed() {
            (deed("acted", html! {
                label for="cause" { "What it came from" }
                select #cause name="root_cause" { @for cause in RootCause::ALL { option value=(cause.id()) { (plain(cause.id())) } } }
                label for="action" { "What was done" }
                select #action name="action" { @for action in Action::ALL { option value=(action.id()) { (plain(action.id())) } } }
                (words("acted", "More about it"))
                button.primary[status.stage == Stage::Acknowledged] type="submit" { "Put down what was done" }
            }))
        }
        @if status.stage == Stage::Acted {
            (deed("verified", html! {
                (words("verified", "How it was seen"))
                button.primary type="submit" { (Icon::Check.sized(18)) "Confirm it worked" }
            }))
        }
        @if status.is_closed() {
            (deed("reopened", html! {
                (words("reopened", "Why it does not hold"))
                button type="submit" { "Open it again" }
            }))
        }
        (deed("noted", html! {
            (words("noted", "A word for whoever reads it"))
            button type="submit" { "Leave a word" }
        }))
    }
}

fn step(held: &Held) -> Markup {
    let event = &held.event;
    let name = match &event.step {
        Step::Opened { .. } => "Opened",
        Step::Acknowledged => "Acknowledged",
        Step::Acted { .. } => "Acted",
        Step::Verified { .. } => "Verified",
        Step::Reopened { .. } => "Opened again",
        Step::Noted { .. } => "Noted",
    };
    html! {
        li.done {
            span.dot { (Icon::Check.sized(16)) }
            p { b { (name) } " " span.quiet { (local(event.at.wall_ms, event.at.offset_min)) " · " (plain(&role(held))) @if let Some(by) = &event.by.name { ", " (by) } } }
            @if let Step::Acted { root_cause, action, .. } = &event.step { p { (plain(action.id())) " (" (plain(root_cause.id())) ")" } }
            @if let Some(words) = event.step.words().filter(|words| !words.is_empty()) { p { (words) } }
        }
    }
}

async fn take(
    State(app): State<Arc<App>>,
    Path(name): Path<(String, String)>,
    posted: Posted<StepWish>,
) -> Result<Response, Mishap> {
    let Posted { visitor, form } = posted;
    let row = found(&app, &visitor, Role::Manager, name).await?;
    let (name, by) = (format!("{}/{}", row.view.id.epoch, row.view.id.seq), visitor.person.name.clone());
    let done =
        app.desk.run(visitor.actor(), move |admin| admin.case_step(&name, &form.wish()?, Some(&by))).await;
    match done {
        Ok(_) => {
            app.kept.follow_ups.forget();
            Ok(Redirect::to(&path(&row)).into_response())
        }
        Err(AdminError::Case(
            refusal @ (CaseRefusal::Step(_) | CaseRefusal::Long(_) | CaseRefusal::NoStep(_)),
        )) => one(&app, &visitor, &row, Some(&sentence(&refusal.to_string()))).await,
        Err(other) => Err(other.into()),
    }
}

fn path(row: &CaseRow) -> String {
    format!("/cases/{}/{}", row.view.id.epoch, row.view.id.seq)
}

/// What it is about, in a word.
fn title(row: &CaseRow) -> String {
    let category = match row.view.status.category {
        Some(Category::Clean) => "Cleanliness",
        Some(Category::Availability) => "Something was not there",
        Some(Category::Waiting) => "Waiting",
        Some(Category::Checkout) => "Tills and paying",
        Some(Category::Staff) => "Staff",
        Some(Category::Finding) => "Finding things",
        Some(Category::Price) => "Prices",
        Some(Category::Other) => "Something else",
        None => "Not known yet",
    };
    let touchpoint = row.view.said.as_ref().and_then(|said| said.touchpoint.as_deref());
    touchpoint.map_or_else(|| category.to_owned(), |at| format!("{category}, {}", plain(at)))
}

fn said(row: &CaseRow) -> String {
    let Some(said) = &row.view.said else { return "no customer’s words are here".into() };
    let score = said.score.map(|(scale, value)| format!("{value} of {}", scale.range().end()));
    let words = said.words.as_deref().map(|words| format!("“{words}”"));
    let reply = said.contact_wanted.then(|| "wants a reply".to_owned());
    [score, words, reply].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Opened => "Opened",
        Stage::Acknowledged => "Acknowledged",
        Stage::Acted => "Acted",
        Stage::Verified => "Verified",
    }
}

fn next(stage: Stage) -> Option<&'static str> {
    match stage {
        Stage::Opened => Some("To be acknowledged"),
        Stage::Acknowledged => Some("To be acted on"),
        Stage::Acted => Some("To be verified"),
        Stage::Verified => None,
    }
}

fn is_late(row: &CaseRow) -> bool {
    row.view.due.as_ref().is_some_and(|due| due.next != Stage::Verified && due.is_over())
}

/// What is left, or how late it is.
fn clock(due: Option<&Due>) -> Markup {
    let span = |ms: u64| words::span(i64::try_from(ms).unwrap_or(i64::MAX));
    html! {
        @match due {
            None => span.quiet { "–" },
            Some(due) if due.next == Stage::Verified && due.left_ms() == 0 => "can be verified",
            Some(due) if due.next == Stage::Verified => { "can be verified in " (span(due.left_ms())) },
            Some(due) if due.is_over() => span.bad.strong { (span(due.over_ms())) " late" },
            Some(due) => { (span(due.left_ms())) " left" },
        }
    }
}

/// A moment as the clock on the wall showed it to whoever was there.
fn local(wall_ms: i64, offset_min: i16) -> String {
    words::moment(wall_ms.saturating_add(i64::from(offset_min) * MINUTE_MS))
}

fn role(held: &Held) -> String {
    serde_json::to_value(held.event.by.role)
        .ok()
        .and_then(|role| role.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// An id as people read it.
fn plain(id: &str) -> String {
    id.replace('_', " ")
}
