//! Notes beside days: what somebody knows of a day that no number says. They stand on the chart of the overview and of a store.
//!
//! A chart shows the notes of what it is of and of all that lies around it: those of the organisation everywhere, those of a region in each
//! of its stores. Whoever manages all of a place writes its notes and takes them back.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use chrono::NaiveDate;
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;

use super::figures::date;
use super::figures::range::Choice;
use super::sign_in::sentence;
use super::{overview, store};
use crate::admin::day_noting::DAY_NOTE_CHARS_MAX;
use crate::people::{Role, Stores};
use crate::routes::App;
use crate::storage::{DayNote, day_notes};
use crate::web::frame;
use crate::web::mishap::Mishap;
use crate::web::visitor::{Posted, Visitor};

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/day-notes", post(write)).route("/day-notes/{id}/withdraw", post(withdraw))
}

/// The page that a note is written on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum On<'p> {
    /// The overview.
    Overview,
    /// The page of this store; of devices without one where it is empty.
    Store(&'p str),
}

/// The store whose page it is; the overview's where none is named.
#[derive(Debug, Deserialize)]
struct Which {
    store: Option<String>,
}

impl Which {
    fn on(&self) -> On<'_> {
        self.store.as_deref().map_or(On::Overview, On::Store)
    }
}

impl<'p> On<'p> {
    /// What a note that is written there is of; the organisation where it is none. Nothing is written of devices without a store.
    fn place(self, choice: &'p Choice) -> Option<Option<&'p str>> {
        match self {
            Self::Overview => Some(Some(choice.place.as_str()).filter(|place| !place.is_empty())),
            Self::Store("") => None,
            Self::Store(store) => Some(Some(store)),
        }
    }

    /// How its address goes on.
    fn query(self, choice: &Choice) -> String {
        match self {
            Self::Overview => choice.query(&choice.place),
            Self::Store(store) => {
                let mut query = form_urlencoded::Serializer::new(choice.query(""));
                query.append_pair("store", store).finish()
            }
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Overview => "/",
            Self::Store(_) => "/store",
        }
    }
}

#[derive(Debug, Deserialize)]
struct NewNote {
    /// As a form writes it: 2026-11-28.
    day: String,
    words: String,
}

/// A form with nothing but its key.
#[derive(Debug, Deserialize)]
struct Nothing {}

/// The notes that a chart of these stores and days shows.
pub(super) async fn shown(
    app: &Arc<App>,
    visitor: &Visitor,
    stores: &Stores,
    days: (i64, i64),
) -> Result<Vec<DayNote>, Mishap> {
    let mut notes = app.read(move |reader| day_notes::list(reader, days)).await?;
    notes.retain(|note| match (&note.place, stores) {
        (None, _) => true,
        (Some(_), Stores::All) => false,
        (Some(place), Stores::Some(stores)) => {
            !stores.is_empty() && stores.iter().all(|store| visitor.tree.is_in(store, place))
        }
    });
    Ok(notes)
}

/// Whether they manage all of a place.
fn manages(visitor: &Visitor, place: Option<&str>) -> bool {
    visitor.person.stores(Role::Manager, &visitor.tree).hold_all_of(place, &visitor.tree)
}

/// The section below the numbers: what is noted in these days, and a form for who may write more.
pub(super) fn section(visitor: &Visitor, notes: &[DayNote], on: On<'_>, choice: &Choice) -> Markup {
    let place = on.place(choice).filter(|place| manages(visitor, *place));
    html! {
        @if place.is_some() || !notes.is_empty() {
            section.notes aria-labelledby="notes" {
                h2 #notes { "Notes beside days" small { "they stand on the chart" } }
                @if notes.is_empty() { p { "None in these days." } } @else { (table(visitor, notes, on, choice)) }
                @if let Some(place) = place { (form(visitor, place, on, choice)) }
            }
        }
    }
}

fn table(visitor: &Visitor, notes: &[DayNote], on: On<'_>, choice: &Choice) -> Markup {
    html! {
        div.wide tabindex="0" role="group" aria-labelledby="notes" {
            table {
                thead { tr { th scope="col" { "Day" } th scope="col" { "Note" } th scope="col" { "Of" } th scope="col" { "By" } th scope="col" { span.hidden { "Take it back" } } } }
                tbody {
                    @for note in notes.iter().rev() {
                        @let day = date(note.day, "%-d %b %Y");
                        tr {
                            th scope="row" { (day) }
                            td { (note.words) }
                            td.quiet { (note.place.as_deref().unwrap_or("the organisation")) }
                            td.quiet { (note.written_by) }
                            td.n {
                                @if manages(visitor, note.place.as_deref()) {
                                    form.inline method="post" action={ "/day-notes/" (note.id) "/withdraw?" (on.query(choice)) } {
                                        (frame::key(visitor))
                                        button.small type="submit" aria-label={ "Take back the note of " (day) ": " (note.words) } { "Take back" }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn form(visitor: &Visitor, place: Option<&str>, on: On<'_>, choice: &Choice) -> Markup {
    html! {
        form.choice method="post" action={ "/day-notes?" (on.query(choice)) } {
            (frame::key(visitor))
            label for="note-day" { "Day" }
            input #note-day type="date" name="day" required;
            label for="note-words" { "Note" }
            input #note-words name="words" maxlength=(DAY_NOTE_CHARS_MAX) size="44" autocomplete="off" required;
            button type="submit" { "Write it down" }
        }
        p.hint {
            "Of " @match place { Some(place) => b { (place) }, None => { b { "the whole organisation" } ", for all who have an account" } }
            ", in " (DAY_NOTE_CHARS_MAX) " characters. Nothing of a shopper, and no names of staff."
        }
    }
}

async fn write(
    State(app): State<Arc<App>>,
    Query(which): Query<Which>,
    Query(choice): Query<Choice>,
    posted: Posted<NewNote>,
) -> Result<Response, Mishap> {
    let Posted { visitor, form } = posted;
    let place =
        which.on().place(&choice).filter(|place| manages(&visitor, *place)).ok_or(Mishap::NotFound)?;
    let place = place.map(str::to_owned);
    let done = match form.day.parse::<NaiveDate>() {
        Ok(day) => {
            let day = i64::from(day.to_epoch_days());
            let wish = move |admin: &mut crate::Admin| admin.day_note_add(place.as_deref(), day, &form.words);
            app.desk.run(visitor.actor(), wish).await.map(drop).map_err(Mishap::from)
        }
        Err(_) => Err(Mishap::Refused("the note was not written: it has no day; choose one".into())),
    };
    back(&app, &visitor, &which, &choice, done).await
}

async fn withdraw(
    State(app): State<Arc<App>>,
    Path(id): Path<i64>,
    Query(which): Query<Which>,
    Query(choice): Query<Choice>,
    posted: Posted<Nothing>,
) -> Result<Response, Mishap> {
    let visitor = posted.visitor;
    // A note that they may not take back is answered as one that there is not.
    let found = app.read(move |reader| day_notes::find(reader, id)).await?;
    found.filter(|note| manages(&visitor, note.place.as_deref())).ok_or(Mishap::NotFound)?;
    let done = app.desk.run(visitor.actor(), move |admin| admin.day_note_withdraw(id)).await;
    back(&app, &visitor, &which, &choice, done.map_err(Mishap::from)).await
}

/// The page again; with the reason above it, when something was not done.
async fn back(
    app: &Arc<App>,
    visitor: &Visitor,
    which: &Which,
    choice: &Choice,
    done: Result<(), Mishap>,
) -> Result<Response, Mishap> {
    let on = which.on();
    match done {
        Ok(()) => Ok(Redirect::to(&format!("{}?{}", on.path(), on.query(choice))).into_response()),
        Err(Mishap::Refused(reason)) => {
            let wrong = Some(sentence(&reason));
            let page = match on {
                On::Overview => overview::page(app, visitor, choice, wrong.as_deref()).await?,
                On::Store(name) => store::page(app, visitor, name, choice, wrong.as_deref()).await?,
            };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(other) => Err(other),
    }
}
