//! "You said → we did": what idle screens say was changed because of feedback.

use std::collections::BTreeMap;
use std::sync::Arc;

use afterword_model::record::DeviceId;
use afterword_protocol::changes::Change as Words;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, NaiveDate, TimeDelta};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answer::{self, Page};
use super::asked::{Asked, named};
use super::caller::Caller;
use super::problem::Problem;
use super::{moment, sent};
use crate::admin::changing::ShownOn;
use crate::people::Stores;
use crate::people::api_token::Scope;
use crate::routes::App;
use crate::storage::{ChangeRow, devices};

/// Something that was changed because of feedback, as idle screens say it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Change {
    /// Its number.
    id: i64,
    /// When it was added.
    #[schema(format = DateTime)]
    added_at: String,
    /// When it was done, by the stores' own calendar.
    #[schema(format = Date)]
    date: String,
    /// The last day on which it is shown; until it is withdrawn where there is none.
    #[schema(format = Date)]
    until: Option<String>,
    /// Whether that day is over everywhere.
    is_over: bool,
    /// The store whose kiosks show it, where it is for one.
    store: Option<String>,
    /// The kiosk that shows it, where it is for one.
    device: Option<String>,
    /// What shoppers said, by language (BCP 47).
    said: BTreeMap<String, String>,
    /// What was done, in the same languages.
    did: BTreeMap<String, String>,
}

/// Something to be said on idle screens.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewChange {
    /// What shoppers said, by language (BCP 47).
    #[schema(example = json!({ "en": "Queues too long" }))]
    said: BTreeMap<String, String>,
    /// What was done, in the same languages.
    #[schema(example = json!({ "en": "Two more tills are open" }))]
    did: BTreeMap<String, String>,
    /// When it was done; today in UTC when left out.
    #[schema(format = Date)]
    date: Option<String>,
    /// The last day on which it is shown; until it is withdrawn when left out.
    #[schema(format = Date)]
    until: Option<String>,
    /// Show it in this store only. A token that is bound to a place has to name a store or a kiosk there.
    store: Option<String>,
    /// Show it on the kiosk of this id only.
    device: Option<String>,
}

/// Changes that were not withdrawn, the newest first.
#[utoipa::path(
    get, path = "/changes", tag = "changes", operation_id = "listChanges",
    params(
        ("limit" = Option<usize>, Query, description = "How many at most.", minimum = 1, maximum = 500),
        ("cursor" = Option<String>, Query, description = "Where the page before ended: its `next`.", pattern = "^[A-Za-z0-9_-]+$"),
    ),
    responses((status = 200, description = "A page of them.", body = Page<Change>)),
    security(("token" = ["changes:read"])),
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    caller.expect(Scope::ChangesRead)?;
    let asked = Asked::of(request.uri(), &["limit", "cursor"])?;
    let (limit, before) = (asked.limit()?, asked.cursor(|id| id.parse::<i64>().ok())?);
    let mut rows = all(&app, &caller).await?;
    rows.retain(|row| before.is_none_or(|before| row.id < before));
    rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.id));
    let page = Page::cut(rows, limit, |last| last.id.to_string(), change);
    Ok(answer::page(request.headers(), "/changes", &asked, &page))
}

/// One change.
#[utoipa::path(
    get, path = "/changes/{id}", tag = "changes", operation_id = "getChange",
    params(("id" = i64, Path, description = "Its number.")),
    responses((status = 200, description = "The change.", body = Change), (status = 404, description = "There is none, or it was withdrawn.")),
    security(("token" = ["changes:read"])),
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    caller.expect(Scope::ChangesRead)?;
    Asked::of(request.uri(), &[])?;
    let id = number(id)?;
    let row = all(&app, &caller).await?.into_iter().find(|row| row.id == id).ok_or(Problem::NotFound)?;
    Ok(answer::json(request.headers(), &change(row)))
}

/// Says something on idle screens, from the next heartbeat of each on.
#[utoipa::path(
    post, path = "/changes", tag = "changes", operation_id = "addChange",
    request_body = NewChange,
    responses((status = 201, description = "It is added.", body = Change), (status = 409, description = "Too many stand already, or the kiosk was retired.")),
    security(("token" = ["changes:write"])),
)]
pub(super) async fn add(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    caller.expect(Scope::ChangesWrite)?;
    Asked::of(request.uri(), &[])?;
    let NewChange { said, did, date, until, store, device } = sent::json(request).await?;
    let today = DateTime::from_timestamp_millis(app.context.clock.wall_ms()).unwrap_or_default();
    let day = match date {
        Some(date) => day("date", &date)?,
        None => day_number(today.date_naive()),
    };
    let until_day = until.map(|until| self::day("until", &until)).transpose()?;
    if store.is_some() && device.is_some() {
        return Err(Problem::unfit(
            "device",
            "a change is for a store or for a kiosk; leave one of them out",
        ));
    }
    let of = match &device {
        Some(id) => Some(DeviceId::parse(id).map_err(|_| no_such_device())?),
        None => None,
    };
    let standing = match of {
        Some(id) => {
            let found = app.look_up(move |reader| devices::find(reader, &id.to_string())).await?;
            found.into_iter().find(|found| found.device == id).ok_or_else(no_such_device)?.store
        }
        None => store.clone(),
    };
    if !caller.stores.hold(standing.as_deref()) {
        let wrong = "this token is bound to a place; name a store or a kiosk there";
        return Err(Problem::unfit(if device.is_some() { "device" } else { "store" }, wrong));
    }
    let words = Words { said, did, day, until_day };
    let id = app
        .for_program(&caller, move |admin| {
            let shown_on = match (&store, &device) {
                (Some(store), _) => ShownOn::Store(store),
                (None, Some(device)) => ShownOn::Device(device),
                (None, None) => ShownOn::Every,
            };
            let id = admin.change_add(&words, shown_on)?;
            Ok(admin.change_list()?.into_iter().find(|row| row.id == id))
        })
        .await?;
    let row = id.ok_or(Problem::Failed)?;
    Ok(answer::created(&format!("/changes/{}", row.id), &change(row)))
}

/// Takes a change off the screens, at the next heartbeat of each.
#[utoipa::path(
    delete, path = "/changes/{id}", tag = "changes", operation_id = "withdrawChange",
    params(("id" = i64, Path, description = "Its number.")),
    responses((status = 204, description = "It is withdrawn."), (status = 404, description = "There is none, or it was withdrawn before.")),
    security(("token" = ["changes:write"])),
)]
pub(super) async fn withdraw(
    State(app): State<Arc<App>>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    caller.expect(Scope::ChangesWrite)?;
    Asked::of(request.uri(), &[])?;
    let id = number(id)?;
    let row = all(&app, &caller).await?.into_iter().find(|row| row.id == id).ok_or(Problem::NotFound)?;
    // What others show as well is not for a token of one place to take away.
    if caller.stores != Stores::All && row.store.is_none() && row.device.is_none() {
        return Err(Problem::NotFound);
    }
    app.for_program(&caller, move |admin| admin.change_withdraw(id)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Those that the token's kiosks may show.
async fn all(app: &Arc<App>, caller: &Caller) -> Result<Vec<ChangeRow>, Problem> {
    let mut rows = app.for_program(caller, |admin| admin.change_list()).await?;
    if caller.stores != Stores::All {
        let devices = app.look_up(devices::list).await?;
        let stands = |id: DeviceId| devices.iter().find(|device| device.device == id);
        rows.retain(|row| match (&row.store, row.device) {
            (Some(store), _) => caller.stores.hold(Some(store)),
            (None, Some(id)) => stands(id).is_some_and(|device| caller.stores.hold(device.store.as_deref())),
            (None, None) => true,
        });
    }
    Ok(rows)
}

fn no_such_device() -> Problem {
    Problem::unfit(
        "device",
        "no kiosk of this id is among what this token may see; give the id that /devices shows",
    )
}

fn number(id: Result<Path<String>, PathRejection>) -> Result<i64, Problem> {
    named(id)?.parse().map_err(|_| Problem::NotFound)
}

/// A day as programs write it, as days since 1970-01-01.
pub(super) fn day(member: &str, text: &str) -> Result<i64, Problem> {
    let read = NaiveDate::parse_from_str(text, "%Y-%m-%d").map(day_number);
    read.map_err(|_| Problem::unfit(member, "a date is written YYYY-MM-DD, as in 2026-12-31; write it so"))
}

fn day_number(date: NaiveDate) -> i64 {
    date.signed_duration_since(NaiveDate::default()).num_days()
}

fn date(day: i64) -> String {
    let date = TimeDelta::try_days(day).and_then(|days| NaiveDate::default().checked_add_signed(days));
    date.unwrap_or_default().to_string()
}

fn change(row: ChangeRow) -> Change {
    Change {
        id: row.id,
        added_at: moment(row.added_ms),
        date: date(row.change.day),
        until: row.change.until_day.map(date),
        is_over: row.is_over,
        store: row.store,
        device: row.device.map(|device| device.to_string()),
        said: row.change.said,
        did: row.change.did,
    }
}
