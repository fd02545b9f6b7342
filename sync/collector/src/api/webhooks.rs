//! Webhooks: what programs are told without asking.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answer::{self, Page};
use super::asked::{Asked, named};
use super::caller::Caller;
use super::problem::Problem;
use super::{moment, sent};
use crate::admin::hooking::WebhookWish;
use crate::people::api_token::Scope;
use crate::routes::App;
use crate::storage::outbox::{DeliveryState, WebhookDelivery};
use crate::storage::webhooks::Webhook as Row;
use crate::webhooks::event::EventType;

/// An address of a program that is told what happens.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Webhook {
    /// Its number.
    id: i64,
    /// Where messages go.
    url: String,
    /// What it is told of.
    events: Vec<String>,
    /// The region or store of which it is told; of everything where there is none.
    place: Option<String>,
    /// Who made it.
    created_by: String,
    /// When.
    #[schema(format = DateTime)]
    created_at: String,
    /// Whether it is on.
    enabled: bool,
    /// Why it is off, where nobody wished it.
    disabled_reason: Option<String>,
    /// When it last took a message.
    #[schema(format = DateTime)]
    last_delivered_at: Option<String>,
    /// Messages that wait for it.
    pending: i64,
    /// Messages that were given up.
    parked: i64,
}

/// A program that is to be told what happens.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewWebhook {
    /// Where messages go.
    #[schema(example = "https://tickets.example/afterword", max_length = 500)]
    url: String,
    /// What it is told of. The token has to have the scope by which it could read the same thing: `responses:read` for `response.received`,
    /// `cases:read` for `case.…`, `changes:read` for `change.…`, `fleet:read` for `device.…` and `rollout.…`.
    #[schema(example = json!(["case.opened", "case.verified"]))]
    events: Vec<String>,
    /// The region or store of which it is told; of everything when left out. A token that is bound to a place has to name one there.
    place: Option<String>,
}

/// A webhook that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MadeWebhook {
    /// Its number.
    id: i64,
    /// What the receiver checks messages with (Standard Webhooks). It is in this answer alone.
    #[schema(example = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    secret: String,
}

/// A message, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookDelivery)]
pub(super) struct Delivery {
    /// Its number.
    number: i64,
    /// Its name, as the receiver knows it: `webhook-id`.
    id: String,
    /// What it tells of.
    event: String,
    /// When that happened.
    #[schema(format = DateTime)]
    happened_at: String,
    /// Where it stands: `pending`, `delivered` or `parked` (given up).
    state: String,
    /// How often it was tried.
    attempts: i64,
    /// When it is tried next, where it is.
    #[schema(format = DateTime)]
    next_attempt_at: Option<String>,
    /// When it was tried last.
    #[schema(format = DateTime)]
    last_attempt_at: Option<String>,
    /// The HTTP status that was answered then.
    last_status: Option<i64>,
    /// Why it did not come through.
    last_error: Option<String>,
}

/// Webhooks, in the order in which they were made.
#[utoipa::path(
    get, path = "/webhooks", tag = "webhooks", operation_id = "listWebhooks",
    params(
        ("limit" = Option<usize>, Query, description = "How many at most.", minimum = 1, maximum = 500),
        ("cursor" = Option<String>, Query, description = "Where the page before ended: its `next`.", pattern = "^[A-Za-z0-9_-]+$"),
    ),
    responses((status = 200, description = "A page of them.", body = Page<Webhook>)),
    security(("token" = ["webhooks:read"])),
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    caller.expect(Scope::WebhooksRead)?;
    let asked = Asked::of(request.uri(), &["limit", "cursor"])?;
    let (limit, after) = (asked.limit()?, asked.cursor(|id| id.parse::<i64>().ok())?);
    let mut rows = seen(&app, &caller).await?;
    rows.retain(|row| after.is_none_or(|after| row.id > after));
    let page = Page::cut(rows, limit, |last| last.id.to_string(), webhook);
    Ok(answer::page(request.headers(), "/webhooks", &asked, &page))
}

/// One webhook.
#[utoipa::path(
    get, path = "/webhooks/{id}", tag = "webhooks", operation_id = "getWebhook",
    params(("id" = i64, Path, description = "Its number.")),
    responses((status = 200, description = "The webhook.", body = Webhook), (status = 404, description = "There is none.")),
    security(("token" = ["webhooks:read"])),
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    caller.expect(Scope::WebhooksRead)?;
    Asked::of(request.uri(), &[])?;
    let row = find(&app, &caller, number(&named(id)?)?).await?;
    Ok(answer::json(request.headers(), &webhook(row)))
}

/// Has a program told what happens from now on.
#[utoipa::path(
    post, path = "/webhooks", tag = "webhooks", operation_id = "addWebhook",
    request_body = NewWebhook,
    responses((status = 201, description = "It is made; the secret is shown this once.", body = MadeWebhook), (status = 409, description = "There are too many.")),
    security(("token" = ["webhooks:write"])),
)]
pub(super) async fn add(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    caller.expect(Scope::WebhooksWrite)?;
    Asked::of(request.uri(), &[])?;
    let NewWebhook { url, events, place } = sent::json(request).await?;
    let mut types = BTreeSet::new();
    for name in events {
        let kind = EventType::named(&name).ok_or_else(|| no_such_event(&name))?;
        // Nobody is told what they could not read.
        if let Some(scope) = kind.scope() {
            caller.expect(scope)?;
        }
        types.insert(kind);
    }
    if !sees(&caller, place.as_deref()) {
        return Err(Problem::unfit("place", "this token is bound to a place; name a region or store there"));
    }
    let wish = WebhookWish { url, types, place };
    let made = app.for_program(&caller, move |admin| admin.webhook_add(&wish)).await?;
    let body = MadeWebhook { id: made.id, secret: made.secret.text() };
    Ok(answer::created(&format!("/webhooks/{}", made.id), &body))
}

/// Tells a program nothing more, and forgets what waits for it.
#[utoipa::path(
    delete, path = "/webhooks/{id}", tag = "webhooks", operation_id = "removeWebhook",
    params(("id" = i64, Path, description = "Its number.")),
    responses((status = 204, description = "It is removed."), (status = 404, description = "There is none.")),
    security(("token" = ["webhooks:write"])),
)]
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    caller.expect(Scope::WebhooksWrite)?;
    Asked::of(request.uri(), &[])?;
    let id = find(&app, &caller, number(&named(id)?)?).await?.id;
    app.for_program(&caller, move |admin| admin.webhook_remove(id)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// What became of a webhook's messages, the newest first. What was delivered or given up can be seen for 30 days.
#[utoipa::path(
    get, path = "/webhooks/{id}/deliveries", tag = "webhooks", operation_id = "listWebhookDeliveries",
    params(
        ("id" = i64, Path, description = "The number of the webhook."),
        ("state" = Option<String>, Query, description = "Those that stand so: `pending`, `delivered` or `parked`."),
        ("limit" = Option<usize>, Query, description = "How many at most.", minimum = 1, maximum = 500),
        ("cursor" = Option<String>, Query, description = "Where the page before ended: its `next`.", pattern = "^[A-Za-z0-9_-]+$"),
    ),
    responses((status = 200, description = "A page of them.", body = Page<Delivery>), (status = 404, description = "There is no such webhook.")),
    security(("token" = ["webhooks:read"])),
)]
pub(super) async fn deliveries(
    State(app): State<Arc<App>>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    caller.expect(Scope::WebhooksRead)?;
    let asked = Asked::of(request.uri(), &["state", "limit", "cursor"])?;
    let (limit, before) = (asked.limit()?, asked.cursor(|id| id.parse::<i64>().ok())?);
    let state = match asked.text("state") {
        None => None,
        Some(name) => Some(DeliveryState::named(name).ok_or_else(|| {
            Problem::unfit("state", "it is pending, delivered or parked; write one of them")
        })?),
    };
    let id = find(&app, &caller, number(&named(id)?)?).await?.id;
    let count = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let rows =
        app.for_program(&caller, move |admin| admin.webhook_deliveries(id, state, before, count)).await?;
    let page = Page::cut(rows, limit, |last| last.number.to_string(), delivery);
    Ok(answer::page(request.headers(), &format!("/webhooks/{id}/deliveries"), &asked, &page))
}

/// Has a message sent again, for three days as if it were new; its `webhook-id` stays.
#[utoipa::path(
    post, path = "/webhooks/{id}/deliveries/{number}/resend", tag = "webhooks", operation_id = "resendWebhookDelivery",
    params(("id" = i64, Path, description = "The number of the webhook."), ("number" = i64, Path, description = "The number of the message.")),
    responses(
        (status = 200, description = "It is sent again.", body = Delivery), (status = 404, description = "There is no such message any more."),
        (status = 409, description = "The webhook is off."),
    ),
    security(("token" = ["webhooks:write"])),
)]
pub(super) async fn resend(
    State(app): State<Arc<App>>,
    caller: Caller,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    caller.expect(Scope::WebhooksWrite)?;
    Asked::of(request.uri(), &[])?;
    let Path((id, message)) = path.map_err(|_| Problem::NotFound)?;
    let id = find(&app, &caller, number(&id)?).await?.id;
    let message = number(&message)?;
    let found = app.for_program(&caller, move |admin| admin.webhook_delivery(message)).await?;
    if found.webhook != id {
        return Err(Problem::NotFound);
    }
    let sent = app.for_program(&caller, move |admin| {
        admin.webhook_resend(message)?;
        admin.webhook_delivery(message)
    });
    Ok(answer::changed(&delivery(sent.await?)))
}

/// Those that a token sees: all, or those that are told of its place alone.
async fn seen(app: &Arc<App>, caller: &Caller) -> Result<Vec<Row>, Problem> {
    let mut rows = app.for_program(caller, |admin| admin.webhook_list()).await?;
    rows.retain(|row| sees(caller, row.place.as_deref()));
    Ok(rows)
}

fn sees(caller: &Caller, place: Option<&str>) -> bool {
    match (&caller.token.place, place) {
        (None, _) => true,
        (Some(own), Some(place)) => caller.tree.is_in(place, own),
        (Some(_), None) => false,
    }
}

async fn find(app: &Arc<App>, caller: &Caller, id: i64) -> Result<Row, Problem> {
    seen(app, caller).await?.into_iter().find(|row| row.id == id).ok_or(Problem::NotFound)
}

fn number(text: &str) -> Result<i64, Problem> {
    text.parse().map_err(|_| Problem::NotFound)
}

fn no_such_event(name: &str) -> Problem {
    let names = EventType::ALL.map(EventType::name).join(", ");
    Problem::unfit("events", format!("there is no kind of event `{name}`; choose from {names}"))
}

fn webhook(row: Row) -> Webhook {
    Webhook {
        id: row.id,
        url: row.url,
        events: row.types.iter().map(|kind| kind.name().to_owned()).collect(),
        place: row.place,
        created_by: row.created_by,
        created_at: moment(row.created_ms),
        enabled: row.disabled_ms.is_none(),
        disabled_reason: row.why,
        last_delivered_at: row.reached_ms.map(moment),
        pending: row.pending,
        parked: row.parked,
    }
}

fn delivery(row: WebhookDelivery) -> Delivery {
    Delivery {
        number: row.number,
        id: row.id,
        event: row.kind,
        happened_at: moment(row.at_ms),
        state: row.state.name().to_owned(),
        attempts: row.attempts,
        next_attempt_at: row.next_ms.map(moment),
        last_attempt_at: row.tried_ms.map(moment),
        last_status: row.status,
        last_error: row.error,
    }
}
