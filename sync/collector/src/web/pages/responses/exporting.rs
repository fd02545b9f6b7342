//! What is shown on the page of replies, handed out as one table.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use maud::{Markup, html};
use serde::Deserialize;

use super::Choice;
use crate::export::Format;
use crate::export::sending::{self, Wish};
use crate::people::Role;
use crate::routes::App;
use crate::storage::selection::Selection;
use crate::web::frame;
use crate::web::mishap::Mishap;
use crate::web::visitor::{Posted, Visitor};

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/responses/export", post(export))
}

/// What of them is exported.
#[derive(Deserialize)]
struct Wanted {
    #[serde(flatten)]
    choice: Choice,
    format: String,
}

/// Hands out all that were chosen. That is put down in the audit log, so it is a form and not a link.
pub(super) fn form(visitor: &Visitor, choice: &Choice) -> Markup {
    let kept = [
        ("place", &choice.place),
        ("only", &choice.only),
        ("words", &choice.words),
        ("from", &choice.from),
        ("to", &choice.to),
    ];
    html! {
        form.choice method="post" action="/responses/export" {
            (frame::key(visitor))
            @for (name, value) in kept { input type="hidden" name=(name) value=(value); }
            span { "Export all of these as" }
            @for format in Format::ALL {
                button type="submit" name="format" value=(format.name()) { (format.title()) }
            }
        }
    }
}

async fn export(State(app): State<Arc<App>>, posted: Posted<Wanted>) -> Result<Response, Mishap> {
    let Posted { visitor, form: Wanted { choice, format } } = posted;
    if !visitor.person.is_somewhere(Role::Viewer) {
        return Err(Mishap::NotFound);
    }
    let format = Format::named(&format)
        .ok_or_else(|| Mishap::BadForm("what is exported is CSV, NDJSON or Parquet".into()))?;
    let (since_ms, until_ms) = choice.moments()?;
    // What comes while it is made would else come too, or not, as it happens.
    let until_ms = until_ms.min(app.context.clock.wall_ms().saturating_add(1));
    let stores = visitor.stores_at(&choice.place);
    let selection = Selection { stores, store: None, device: None, since_ms, until_ms };
    let place = app.desk.export().ok_or_else(|| {
        Mishap::Refused("As many exports as go at once are being made; try again in half a minute.".into())
    })?;
    let (on, kind) = (choice.place.clone(), kind(&choice));
    // People open it with a spreadsheet, which knows by the mark that it is UTF-8.
    let wish =
        Wish { selection, fits: Box::new(move |response| choice.fits(response)), format, with_mark: true };
    let words = format!("{}{kind}", wish.words());
    app.desk.run(visitor.actor(), move |admin| admin.note_export(&on, &words)).await?;
    Ok(sending::answer(&app, place, wish))
}

/// Of what kind they are, for the audit log: not the words that somebody looked for, which may be a shopper's name.
fn kind(choice: &Choice) -> String {
    let only = match choice.only.as_str() {
        "unhappy" => ", unhappy ones",
        "comment" => ", with words",
        "flagged" => ", flagged ones",
        _ => "",
    };
    let words = if choice.words.trim().is_empty() { "" } else { ", with certain words" };
    format!("{only}{words}")
}
