//! Kiosks: how they are, whether all that they collected is here, enrolling and revoking them.

use std::collections::HashMap;
use std::sync::Arc;

use afterword_model::record::DeviceId;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answer::{self, Page};
use super::asked::{Asked, cursor, named};
use super::caller::Caller;
use super::problem::Problem;
use super::{moment, sent};
use crate::admin::Revocation;
use crate::admin::listing::{DeviceRow, DeviceState, StoreRow};
use crate::people::api_token::Scope;
use crate::routes::App;
use crate::storage::fleet::{self, Kiosk};

/// A kiosk.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Device {
    /// Its id, 32 hexadecimal digits.
    id: String,
    /// What people call it.
    name: String,
    /// The store it stands in, where that was said.
    store: Option<String>,
    /// How it stands with the collector.
    state: Standing,
    /// Responses and other records that it collected, as far as it was heard of.
    collected: u64,
    /// Of them, those that are here.
    received: u64,
    /// Of them, those that are not here yet.
    missing: u64,
    /// Of them, those that were damaged on the device before they were received.
    lost: u64,
    /// When it enrolled.
    #[schema(format = DateTime)]
    enrolled_at: Option<String>,
    /// When its last new records came.
    #[schema(format = DateTime)]
    last_received_at: Option<String>,
    /// When it was revoked or retired.
    #[schema(format = DateTime)]
    revoked_at: Option<String>,
    /// Why it was revoked, where that was said.
    revoked_reason: Option<String>,
    /// Whether a copy of it seems to be at work.
    clone_suspected: bool,
    /// What it said of itself last; nothing before its first heartbeat.
    health: Option<Health>,
    /// Its stores of records, the oldest first: it has more than one where it had to begin anew.
    stores: Vec<Store>,
}

/// How a kiosk stands with the collector.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DeviceState)]
pub(super) enum Standing {
    /// Its code waits to be used.
    Waiting,
    /// Its code was not used in time.
    CodeExpired,
    /// Enrolled; may deliver.
    Active,
    /// May do nothing, until it is enrolled anew.
    Revoked,
    /// Taken away for good.
    Retired,
}

/// What a kiosk said of itself last.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// When that was.
    #[schema(format = DateTime)]
    heard_at: String,
    /// Records that wait on the device.
    waiting: u64,
    /// When the oldest of them was collected, by the device's clock.
    #[schema(format = DateTime)]
    oldest_waiting_at: Option<String>,
    /// How far its clock was ahead of the collector's, in milliseconds.
    clock_ahead_ms: i64,
    /// When its certificate ends.
    #[schema(format = DateTime)]
    certificate_expires_at: String,
    /// Bytes that are free on its disk.
    disk_free_bytes: Option<u64>,
    /// Its program's version.
    version: String,
}

/// How much of one store of a kiosk is here.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Store {
    /// Which, 32 hexadecimal digits.
    epoch: String,
    /// The highest number ever heard of it.
    collected: u64,
    /// Of them, those that are here.
    received: u64,
    /// Numbers that are not here yet.
    missing: Vec<Range>,
    /// Numbers that were damaged before they were received.
    lost: Vec<Range>,
}

/// Numbers in a row, both ends included.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Range {
    first: u64,
    last: u64,
}

/// A kiosk that is to be enrolled.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewDevice {
    /// What people will call it. One that waits with this name gets a new code, and the old one is void.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = r"^[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?$",
        example = "HS-0147"
    )]
    name: String,
    /// The store it will stand in. A token that is bound to a place has to name one there.
    #[schema(
        min_length = 1,
        max_length = 80,
        pattern = r"^[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?$"
    )]
    store: Option<String>,
}

/// A code by which a kiosk enrols, once.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Code {
    /// The device's id from now on.
    id: String,
    /// What people will call it.
    name: String,
    /// What is typed on the kiosk. It is in this answer alone.
    code: String,
    /// Until when it is good.
    #[schema(format = DateTime)]
    code_expires_at: String,
    /// Where the kiosk enrols.
    enrol_url: Option<String>,
}

/// Why a kiosk is revoked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RevokeDevice {
    /// In words, for who looks at it later.
    #[schema(max_length = 200, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    reason: Option<String>,
}

/// What became of a wish to revoke.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Revoked {
    /// The device's id.
    id: String,
    /// Whether it had been revoked before.
    already_revoked: bool,
}

/// Characters of a reason at most.
const REASON_CHARS_MAX: usize = 200;

/// Kiosks, by id: also those that wait, were revoked or retired.
#[utoipa::path(
    get, path = "/devices", tag = "fleet", operation_id = "listDevices",
    params(
        ("store" = Option<String>, Query, description = "Those of this store alone."),
        ("limit" = Option<usize>, Query, description = "How many at most.", minimum = 1, maximum = 500),
        ("cursor" = Option<String>, Query, description = "Where the page before ended: its `next`.", pattern = "^[A-Za-z0-9_-]+$"),
    ),
    responses((status = 200, description = "A page of them.", body = Page<Device>)),
    security(("token" = ["fleet:read"])),
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    caller.expect(Scope::FleetRead)?;
    let asked = Asked::of(request.uri(), &["store", "limit", "cursor"])?;
    let (limit, after) = (asked.limit()?, asked.cursor(|id| DeviceId::parse(id).ok())?);
    let (stores, store) = (caller.stores.clone(), asked.text("store").map(str::to_owned));
    let rows = app.for_program(&caller, move |admin| {
        let is_asked_for =
            |of: Option<&str>| stores.hold(of) && store.as_deref().is_none_or(|store| of == Some(store));
        admin.device_page(after, limit + 1, is_asked_for)
    });
    let mut rows = rows.await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|last| cursor(&last.device.to_string()));
    let mut kiosks = kiosks(&app).await?;
    let items = rows.into_iter().map(|row| {
        let kiosk = kiosks.remove(&row.device);
        device(row, kiosk)
    });
    let page = Page { items: items.collect(), next };
    Ok(answer::page(request.headers(), "/devices", &asked, &page))
}

/// One kiosk.
#[utoipa::path(
    get, path = "/devices/{id}", tag = "fleet", operation_id = "getDevice",
    params(("id" = String, Path, description = "The device's id, 32 hexadecimal digits.", pattern = "^[0-9a-f]{32}$")),
    responses((status = 200, description = "The kiosk.", body = Device), (status = 404, description = "There is none.")),
    security(("token" = ["fleet:read"])),
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    caller.expect(Scope::FleetRead)?;
    Asked::of(request.uri(), &[])?;
    let row = find(&app, &caller, id).await?;
    let kiosk = kiosks(&app).await?.remove(&row.device);
    Ok(answer::json(request.headers(), &device(row, kiosk)))
}

/// A code for a new kiosk, good for a day.
#[utoipa::path(
    post, path = "/devices", tag = "fleet", operation_id = "addDevice",
    request_body = NewDevice,
    responses((status = 201, description = "The code, shown this once.", body = Code), (status = 409, description = "A kiosk of this name is in use.")),
    security(("token" = ["fleet:write"])),
)]
pub(super) async fn add(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    caller.expect(Scope::FleetWrite)?;
    Asked::of(request.uri(), &[])?;
    let NewDevice { name, store } = sent::json(request).await?;
    if !caller.stores.hold(store.as_deref()) {
        let wrong = "this token is bound to a place; name a store that lies there";
        return Err(Problem::unfit("store", wrong));
    }
    if store.as_deref().is_some_and(|store| !crate::admin::placing::is_name(store)) {
        return Err(Problem::unfit("store", crate::admin::placing::PlaceRefusal::BadName.to_string()));
    }
    let stores = caller.stores.clone();
    let new = app.for_program(&caller, move |admin| admin.device_add_among(&name, store.as_deref(), &stores));
    let new = new.await?;
    let body = Code {
        id: new.device.to_string(),
        name: new.name,
        code: new.code.to_string(),
        code_expires_at: moment(new.expires_ms),
        enrol_url: new.enrol_url,
    };
    Ok(answer::created(&format!("/devices/{}", new.device), &body))
}

/// Refuses all that a kiosk sends from now on, until it is enrolled anew. What came from it stays.
#[utoipa::path(
    post, path = "/devices/{id}/revoke", tag = "fleet", operation_id = "revokeDevice",
    params(("id" = String, Path, description = "The device's id, 32 hexadecimal digits.", pattern = "^[0-9a-f]{32}$")),
    request_body = RevokeDevice,
    responses((status = 200, description = "It is revoked.", body = Revoked), (status = 404, description = "There is none.")),
    security(("token" = ["fleet:write"])),
)]
pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    caller.expect(Scope::FleetWrite)?;
    Asked::of(request.uri(), &[])?;
    let row = find(&app, &caller, id).await?;
    let RevokeDevice { reason } = sent::json(request).await?;
    let is_long =
        |reason: &String| reason.chars().count() > REASON_CHARS_MAX || reason.contains(char::is_control);
    if reason.as_ref().is_some_and(is_long) {
        let wrong = format!("a reason has at most {REASON_CHARS_MAX} characters on one line; shorten it");
        return Err(Problem::unfit("reason", wrong));
    }
    let reason = reason.map(|reason| reason.trim().to_owned()).filter(|reason| !reason.is_empty());
    let id = row.device.to_string();
    let revoked = app.for_program(&caller, move |admin| admin.device_revoke(&id, reason.as_deref())).await?;
    let already_revoked = matches!(revoked, Revocation::AlreadyRevoked(_));
    Ok(answer::changed(&Revoked { id: row.device.to_string(), already_revoked }))
}

/// The device of this id, where the token may see its store.
async fn find(
    app: &Arc<App>,
    caller: &Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<DeviceRow, Problem> {
    let id = DeviceId::parse(&named(id)?).map_err(|_| Problem::NotFound)?;
    let row = app.for_program(caller, move |admin| admin.device_row(&id)).await?;
    row.filter(|row| caller.stores.hold(row.store.as_deref())).ok_or(Problem::NotFound)
}

/// What kiosks said of themselves.
async fn kiosks(app: &Arc<App>) -> Result<HashMap<DeviceId, Kiosk>, Problem> {
    let kiosks = app.look_up(fleet::kiosks).await?;
    Ok(kiosks.into_iter().map(|kiosk| (kiosk.device, kiosk)).collect())
}

fn device(row: DeviceRow, kiosk: Option<Kiosk>) -> Device {
    let sum = |of: fn(&StoreRow) -> u64| row.stores.iter().map(of).sum();
    Device {
        id: row.device.to_string(),
        state: match row.state {
            DeviceState::Waiting => Standing::Waiting,
            DeviceState::CodeExpired => Standing::CodeExpired,
            DeviceState::Active => Standing::Active,
            DeviceState::Revoked => Standing::Revoked,
            DeviceState::Retired => Standing::Retired,
        },
        collected: sum(|store| store.collected),
        received: sum(|store| store.received),
        missing: sum(|store| crate::admin::listing::count(&store.missing)),
        lost: sum(|store| crate::admin::listing::count(&store.lost)),
        enrolled_at: row.enrolled_ms.map(moment),
        last_received_at: row.last_received_ms.map(moment),
        revoked_at: row.revoked_ms.map(moment),
        revoked_reason: row.revoked_reason,
        clone_suspected: row.clone_suspected,
        health: kiosk.and_then(|kiosk| kiosk.heard).map(|heard| Health {
            heard_at: moment(heard.at_ms),
            waiting: heard.waiting,
            oldest_waiting_at: heard.oldest_unsent_ms.map(moment),
            clock_ahead_ms: heard.clock_ahead_ms,
            certificate_expires_at: moment(heard.certificate_expires_ms),
            disk_free_bytes: heard.disk_free_bytes,
            version: heard.kiosk_version,
        }),
        stores: row.stores.iter().map(store).collect(),
        name: row.name,
        store: row.store,
    }
}

fn store(row: &StoreRow) -> Store {
    let ranges = |ranges: &[afterword_protocol::queue::SeqRange]| {
        ranges.iter().map(|range| Range { first: range.first, last: range.last }).collect()
    };
    Store {
        epoch: row.epoch.to_string(),
        collected: row.collected,
        received: row.received,
        missing: ranges(&row.missing),
        lost: ranges(&row.lost),
    }
}
