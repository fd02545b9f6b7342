//! One kiosk: how it is, whether everything that it collected is here, and what can be done with it.

use std::sync::Arc;

use afterword_model::record::DeviceId;
use afterword_protocol::queue::SeqRange;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Redirect;
use axum::routing::{get, post};
use maud::{Markup, html};
use serde::Deserialize;

use super::{fleet, foot};
use crate::admin::listing::{DeviceRow, DeviceState, StoreRow};
use crate::people::Role;
use crate::routes::App;
use crate::web::frame::{self, Section};
use crate::web::mishap::Mishap;
use crate::web::visitor::{Posted, Visitor};
use crate::web::words;

/// Missing ranges that are written out; who has more sees how many.
const RANGES_SHOWN: usize = 12;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/devices/{device}", get(show))
        .route("/devices/{device}/revoke", post(revoke))
        .route("/devices/{device}/code", post(renew))
}

#[derive(Deserialize)]
struct Reason {
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize)]
struct Nothing {}

async fn show(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(device): Path<String>,
) -> Result<Markup, Mishap> {
    let row = find(&app, &visitor, &device).await?;
    let kiosks = app.read(crate::storage::fleet::kiosks).await?;
    let kiosk = kiosks.into_iter().find(|kiosk| kiosk.device == row.device);
    let foot = foot(&app, &visitor).await?;
    let now_ms = app.context.clock.wall_ms();
    Ok(frame::page(
        &visitor,
        Section::Fleet,
        &row.name,
        &foot,
        &html! {
            p.way { a href="/fleet" { "Fleet" } }
            h1 { (row.name) }
            p.lead {
                @if let Some(store) = &row.store { (store) ". " }
                @match &kiosk {
                    Some(kiosk) => { (fleet::health_label(&fleet::state(kiosk, now_ms))) }
                    None => { "Retired" @if let Some(at) = row.retired_ms { " on " (words::day(at)) } "." }
                }
            }
            section aria-labelledby="records" {
                h2 #records { "What it collected" }
                @if row.stores.is_empty() { p { "Nothing was heard of it yet." } }
                @for store in &row.stores { (completeness(store, now_ms)) }
            }
            section aria-labelledby="facts" {
                h2 #facts { "About it" }
                dl {
                    dt { "Id" } dd { code { (row.device) } }
                    dt { "Added" } dd { (words::moment(row.created_ms)) }
                    @if let Some(at) = row.enrolled_ms { dt { "Enrolled" } dd { (words::moment(at)) } }
                    @if let Some(heard) = kiosk.as_ref().and_then(|kiosk| kiosk.heard.as_ref()) {
                        dt { "Last heard" } dd { (words::ago(heard.at_ms, now_ms)) }
                        dt { "Version" } dd { (heard.kiosk_version) }
                        dt { "Clock" } dd { (words::offset(heard.clock_ahead_ms)) }
                        dt { "Certificate ends" } dd { (words::day(heard.certificate_expires_ms)) }
                        @if let Some(bytes) = heard.disk_free_bytes { dt { "Storage free" } dd { (words::bytes(bytes)) } }
                    }
                    @if let Some(at) = row.revoked_ms.filter(|_| row.retired_ms.is_none()) {
                        dt { "Revoked" } dd { (words::moment(at)) @if let Some(reason) = &row.revoked_reason { ": " (reason) } }
                    }
                }
            }
            @if visitor.person.is_everywhere(Role::Admin) && row.state != DeviceState::Retired { (deeds(&visitor, &row)) }
        },
    ))
}

fn completeness(store: &StoreRow, now_ms: i64) -> Markup {
    let missing: u64 = store.missing.iter().map(|range| range.last - range.first + 1).sum();
    html! {
        p.figures {
            b { (words::count(store.collected)) } " collected, "
            b { (words::count(store.received)) } " received"
            @if missing == 0 && store.lost.is_empty() { ". Nothing is missing." } @else { "." }
        }
        @if missing > 0 {
            p { (words::count(missing)) " not received yet: number " (ranges(&store.missing)) ". They come when it is connected again." }
        }
        @if !store.lost.is_empty() {
            p.bad { "Damaged on the kiosk before they were received: number " (ranges(&store.lost)) "." }
        }
        p.hint {
            "Store " code { (store.epoch) }
            @if store.is_former { ", which it has left" }
            @if let Some(at) = store.last_received_ms { "; new ones came last " (words::ago(at, now_ms)) }
            "."
        }
    }
}

fn ranges(ranges: &[SeqRange]) -> String {
    let shown = ranges.iter().take(RANGES_SHOWN).map(|range| match range.last - range.first {
        0 => words::count(range.first),
        _ => format!("{} to {}", words::count(range.first), words::count(range.last)),
    });
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if ranges.len() > RANGES_SHOWN {
        text.push_str(&format!(" and {} more ranges", words::count((ranges.len() - RANGES_SHOWN) as u64)));
    }
    text
}

fn deeds(visitor: &Visitor, row: &DeviceRow) -> Markup {
    let (address, name) = (format!("/devices/{}", row.device), &row.name);
    html! {
        section aria-labelledby="deeds" {
            h2 #deeds { "What can be done" }
            form.line method="post" action={ (address) "/code" } {
                (frame::key(visitor))
                p { "New hardware under this name, or a kiosk that was revoked: a code enrols it, and what was in use is good until then." }
                button type="submit" { "Show a code" }
            }
            @if row.state != DeviceState::Revoked {
                form.line method="post" action={ (address) "/revoke" } {
                    (frame::key(visitor))
                    p {
                        label for="reason" { "Refuse everything it sends from now on, because" }
                        input #reason name="reason" placeholder="stolen, broken, …" maxlength="200";
                    }
                    button.danger type="submit" data-ask={ "Refuse everything that " (name) " sends from now on?" } { "Revoke" }
                }
            }
        }
    }
}

async fn revoke(
    State(app): State<Arc<App>>,
    Path(device): Path<String>,
    posted: Posted<Reason>,
) -> Result<Redirect, Mishap> {
    let Posted { visitor, form } = posted;
    visitor.expect_everywhere(Role::Admin)?;
    let row = find(&app, &visitor, &device).await?;
    let reason = Some(form.reason.trim().to_owned()).filter(|reason| !reason.is_empty());
    let id = row.device.to_string();
    app.desk.run(visitor.actor(), move |admin| admin.device_revoke(&id, reason.as_deref())).await?;
    Ok(Redirect::to(&format!("/devices/{}", row.device)))
}

async fn renew(
    State(app): State<Arc<App>>,
    Path(device): Path<String>,
    posted: Posted<Nothing>,
) -> Result<Markup, Mishap> {
    let Posted { visitor, form: Nothing {} } = posted;
    visitor.expect_everywhere(Role::Admin)?;
    let row = find(&app, &visitor, &device).await?;
    let id = row.device;
    let new = app.desk.run(visitor.actor(), move |admin| admin.device_code(&id));
    let new = new.await?;
    let foot = foot(&app, &visitor).await?;
    Ok(super::enrol::code(&visitor, &foot, &new))
}

/// The device of this id, where the visitor may look at its store.
async fn find(app: &Arc<App>, visitor: &Visitor, device: &str) -> Result<DeviceRow, Mishap> {
    let id = DeviceId::parse(device).map_err(|_| Mishap::NotFound)?;
    let row =
        app.desk.run(visitor.actor(), move |admin| admin.device_row(&id)).await?.ok_or(Mishap::NotFound)?;
    visitor.expect_in(Role::Viewer, row.store.as_deref())?;
    Ok(row)
}
