//! Enrolling a kiosk: a name, a store, and then the code that is typed on the device.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use maud::{Markup, PreEscaped, html};
use qrcode::{Color, EcLevel, QrCode};
use serde::Deserialize;

use super::foot;
use super::sign_in::sentence;
use crate::admin::NewDevice;
use crate::people::Role;
use crate::routes::App;
use crate::web::frame::{self, Foot, Section};
use crate::web::mishap::Mishap;
use crate::web::visitor::{Posted, Visitor};
use crate::web::words;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/fleet/enrol", get(show).post(add))
}

#[derive(Deserialize)]
struct New {
    name: String,
    #[serde(default)]
    store: String,
}

async fn show(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Markup, Mishap> {
    visitor.expect_everywhere(Role::Admin)?;
    let foot = foot(&app, &visitor).await?;
    Ok(form(&visitor, &foot, &New { name: String::new(), store: String::new() }, None))
}

async fn add(State(app): State<Arc<App>>, posted: Posted<New>) -> Result<Response, Mishap> {
    let Posted { visitor, form: new } = posted;
    visitor.expect_everywhere(Role::Admin)?;
    let foot = foot(&app, &visitor).await?;
    let (name, store) = (new.name.trim().to_owned(), new.store.trim().to_owned());
    let store = Some(store).filter(|store| !store.is_empty());
    let added = app.desk.run(visitor.actor(), move |admin| admin.device_add(&name, store.as_deref())).await;
    match added.map_err(Mishap::from) {
        Ok(device) => Ok(code(&visitor, &foot, &device).into_response()),
        Err(Mishap::Refused(reason)) => {
            let page = form(&visitor, &foot, &new, Some(&sentence(&reason)));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(other) => Err(other),
    }
}

fn form(visitor: &Visitor, foot: &Foot, new: &New, wrong: Option<&str>) -> Markup {
    frame::page(
        visitor,
        Section::Fleet,
        "Enrol a kiosk",
        foot,
        &html! {
            p.way { a href="/fleet" { "Fleet" } }
            h1 { "Enrol a kiosk" }
            p.lead { "Give it a name and say where it stands; then a code is shown, to be typed on the kiosk within a day." }
            @if let Some(wrong) = wrong { p.wrong role="alert" { (wrong) } }
            form.narrow method="post" action="/fleet/enrol" {
                (frame::key(visitor))
                label for="name" { "Name" }
                input #name name="name" value=(new.name) required maxlength="64" aria-describedby="name-hint";
                p.hint #name-hint { "As people will call it, such as HS-0147 or “Harbour Street, north exit”." }
                label for="store" { "Store" }
                input #store name="store" value=(new.store) list="stores" maxlength="80";
                datalist #stores { @for store in visitor.tree.stores() { option value=(store) {} } }
                button.primary type="submit" { "Show a code" }
            }
        },
    )
}

/// The code of a device, shown this once.
pub(super) fn code(visitor: &Visitor, foot: &Foot, new: &NewDevice) -> Markup {
    let url = new.enrol_url.as_deref().unwrap_or("https://…");
    let command = format!("afterword-sync enrol --collector {url} --code {}", new.code);
    let title = format!("Code for {}", new.name);
    frame::page(
        visitor,
        Section::Fleet,
        &title,
        foot,
        &html! {
            p.way { a href="/fleet" { "Fleet" } }
            h1 { (title) }
            p.lead { "Type it on the kiosk, on the page “Set up this kiosk”. It is good once, until " (words::moment(new.expires_ms)) " UTC, and shown only here and now." }
            div.code {
                p.big #code { (new.code) }
                (qr(&command))
            }
            section aria-labelledby="by-hand" {
                h2 #by-hand { "At a command line of the device" }
                pre { code { (command) " --ca " (new.ca_file.file_name().unwrap_or_default().to_string_lossy()) } }
                p.hint {
                    "The file with the collector’s certificate is " code { (new.ca_file.display()) } " on the collector; copy it to the device first, by a way that you trust."
                }
            }
            p { a.button href="/fleet" { "Back to the fleet" } }
        },
    )
}

/// The same for a reader of squares.
fn qr(text: &str) -> Markup {
    let Ok(code) = QrCode::with_error_correction_level(text, EcLevel::M) else { return html! {} };
    let width = code.width();
    let mut path = String::new();
    for (index, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            path.push_str(&format!("M{} {}h1v1h-1z", index % width + 4, index / width + 4));
        }
    }
    let side = width + 8;
    html! {
        svg width="196" height="196" viewBox={ "0 0 " (side) " " (side) } role="img" aria-label="The command with the code, for a reader" {
            rect width=(side) height=(side) fill="#fff" {}
            (PreEscaped(format!("<path d=\"{path}\" fill=\"#000\" shape-rendering=\"crispEdges\"/>")))
        }
    }
}
