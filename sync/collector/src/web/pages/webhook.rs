//! One webhook: what became of its messages, those that were given up first, and what can be done about it.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;

use super::sign_in::sentence;
use super::webhooks::{shown_once, state};
use super::{foot, words};
use crate::admin::{Admin, AdminError};
use crate::people::Role;
use crate::routes::App;
use crate::storage::outbox::{DeliveryState, WebhookDelivery};
use crate::storage::webhooks::Webhook;
use crate::web::frame::{self, Section};
use crate::web::icon::Icon;
use crate::web::mishap::Mishap;
use crate::web::visitor::{Posted, Visitor};

/// Messages on a page.
const PAGE: i64 = 50;

/// Messages that were given up and stand above them.
const PARKED: i64 = 20;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/settings/webhooks/{id}", get(show))
        .route("/settings/webhooks/{id}/test", post(test))
        .route("/settings/webhooks/{id}/enable", post(enable))
        .route("/settings/webhooks/{id}/disable", post(disable))
        .route("/settings/webhooks/{id}/rotate", post(rotate))
        .route("/settings/webhooks/{id}/remove", post(remove))
        .route("/settings/webhooks/{id}/resend", post(resend))
}

#[derive(Deserialize, Default)]
struct From {
    before: Option<i64>,
}

/// A form in which there is nothing but its key.
#[derive(Deserialize)]
struct Nothing {}

/// Which message; all that were given up where none is named.
#[derive(Deserialize)]
struct Message {
    number: Option<i64>,
}

async fn show(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<i64>,
    Query(from): Query<From>,
) -> Result<Markup, Mishap> {
    visitor.expect_everywhere(Role::Admin)?;
    page(&app, &visitor, id, from.before, None).await
}

async fn page(
    app: &Arc<App>,
    visitor: &Visitor,
    id: i64,
    before: Option<i64>,
    wrong: Option<&str>,
) -> Result<Markup, Mishap> {
    let read = app.desk.run(visitor.actor(), move |admin| {
        let parked = admin.webhook_deliveries(id, Some(DeliveryState::Parked), None, PARKED)?;
        let newest = admin.webhook_deliveries(id, None, before, PAGE)?;
        let webhook = admin.webhook_list()?.into_iter().find(|one| one.id == id);
        Ok((webhook, parked, newest))
    });
    let (webhook, parked, newest) = read.await?;
    let webhook = webhook.ok_or(Mishap::NotFound)?;
    let foot = foot(app, visitor).await?;
    let older = newest.last().filter(|_| i64::try_from(newest.len()) == Ok(PAGE)).map(|last| last.number);
    let is_on = webhook.disabled_ms.is_none();
    Ok(frame::page(
        visitor,
        Section::Settings,
        "A webhook",
        &foot,
        &html! {
            p.way { a href="/settings/webhooks" { "Webhooks" } }
            h1 { "Webhook " (webhook.id) }
            p.lead { (webhook.url) }
            p { (state(&webhook)) @if let Some(why) = &webhook.why { ": " (why) } }
            @if let Some(wrong) = wrong { p.wrong role="alert" { (wrong) } }
            p.quiet {
                "Is told of " @for kind in &webhook.types { code { (kind.name()) } " " }
                (webhook.place.as_deref().unwrap_or("everywhere")) ". Made by " (webhook.created_by) ", " (words::day(webhook.created_ms)) "."
            }
            section aria-labelledby="deeds" {
                h2 #deeds { "What can be done" }
                (deeds(visitor, &webhook))
            }
            @if !parked.is_empty() && before.is_none() {
                section aria-labelledby="parked" {
                    h2 #parked { "Given up" small { (words::count(webhook.parked.unsigned_abs())) " in all" } }
                    (table(visitor, id, &parked, "parked", is_on))
                    @if is_on {
                        form method="post" action={ "/settings/webhooks/" (id) "/resend" } {
                            (frame::key(visitor))
                            button type="submit" { "Send all of them again" }
                        }
                    } @else { p.hint { "They can be sent again once the webhook is turned on." } }
                }
            }
            section aria-labelledby="newest" {
                h2 #newest { "Messages" small { "times in UTC; what is done with is kept for 30 days" } }
                @if newest.is_empty() { p { "There are none yet." } } @else { (table(visitor, id, &newest, "newest", is_on)) }
                @if let Some(older) = older {
                    nav.pager aria-label="Pages of messages" { a href={ "/settings/webhooks/" (id) "?before=" (older) } rel="next" { "Older" } }
                }
            }
        },
    ))
}

fn deeds(visitor: &Visitor, webhook: &Webhook) -> Markup {
    let id = webhook.id;
    let form = |deed: &str, label: &str, ask: Option<&str>| {
        html! {
            form.inline method="post" action={ "/settings/webhooks/" (id) "/" (deed) } {
                (frame::key(visitor))
                button.danger[ask.is_some()] type="submit" data-ask=[ask] { (label) }
            }
            " "
        }
    };
    html! {
        @if webhook.disabled_ms.is_none() {
            (form("test", "Send a test", None))
            (form("rotate", "Make another secret", None))
            (form("disable", "Turn off", Some("Turn this webhook off and give up what waits for it?")))
        } @else { (form("enable", "Turn on", None)) }
        (form("remove", "Remove", Some("Remove this webhook with all its messages?")))
    }
}

fn table(visitor: &Visitor, id: i64, messages: &[WebhookDelivery], labelled_by: &str, is_on: bool) -> Markup {
    html! {
        div.wide tabindex="0" role="group" aria-labelledby=(labelled_by) {
            table {
                thead { tr { th.n scope="col" { "Message" } th scope="col" { "Event" } th scope="col" { "Happened" } th scope="col" { "State" } th.n scope="col" { "Tries" } th scope="col" { "Last answer" } th scope="col" { "Next try" } th scope="col" { "Again" } } }
                tbody {
                    @for one in messages {
                        tr {
                            td.n title=(one.id) { (one.number) }
                            td { code { (one.kind) } }
                            td.quiet { time datetime=(words::iso(one.at_ms)) { (words::moment(one.at_ms)) } }
                            td { (state_of(one.state)) }
                            td.n { (one.attempts) }
                            td { @if let Some(error) = &one.error { (error) } @else if let Some(status) = one.status { (status) } @else { "–" } }
                            td.quiet { @if let Some(at) = one.next_ms { (words::moment(at)) } @else { "–" } }
                            td {
                                @if is_on {
                                    form.inline method="post" action={ "/settings/webhooks/" (id) "/resend" } {
                                        (frame::key(visitor))
                                        input type="hidden" name="number" value=(one.number);
                                        button.small type="submit" aria-label={ "Send again: message " (one.number) } { "Send again" }
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

fn state_of(state: DeliveryState) -> Markup {
    html! {
        @match state {
            DeliveryState::Pending => span.state { "waits" },
            DeliveryState::Delivered => span.state.good { "delivered" },
            DeliveryState::Parked => span.state.bad { (Icon::Alert.sized(18)) "given up" },
        }
    }
}

async fn test(app: State<Arc<App>>, id: Path<i64>, posted: Posted<Nothing>) -> Result<Response, Mishap> {
    deed(app, id, posted, |admin, id, _| admin.webhook_test(id).map(drop)).await
}

async fn enable(app: State<Arc<App>>, id: Path<i64>, posted: Posted<Nothing>) -> Result<Response, Mishap> {
    deed(app, id, posted, |admin, id, _| admin.webhook_enable(id)).await
}

async fn disable(app: State<Arc<App>>, id: Path<i64>, posted: Posted<Nothing>) -> Result<Response, Mishap> {
    deed(app, id, posted, |admin, id, _| admin.webhook_disable(id)).await
}

async fn resend(app: State<Arc<App>>, id: Path<i64>, posted: Posted<Message>) -> Result<Response, Mishap> {
    deed(app, id, posted, |admin, id, message| match message.number {
        Some(number) => admin.webhook_resend(number),
        None => admin.webhook_resend_parked(id).map(drop),
    })
    .await
}

async fn remove(
    State(app): State<Arc<App>>,
    Path(id): Path<i64>,
    posted: Posted<Nothing>,
) -> Result<Response, Mishap> {
    posted.visitor.expect_everywhere(Role::Admin)?;
    app.desk.run(posted.visitor.actor(), move |admin| admin.webhook_remove(id)).await?;
    Ok(Redirect::to("/settings/webhooks").into_response())
}

async fn rotate(
    State(app): State<Arc<App>>,
    Path(id): Path<i64>,
    posted: Posted<Nothing>,
) -> Result<Response, Mishap> {
    let visitor = posted.visitor;
    visitor.expect_everywhere(Role::Admin)?;
    let secret = app.desk.run(visitor.actor(), move |admin| admin.webhook_rotate(id)).await?;
    Ok(shown_once(&visitor, &foot(&app, &visitor).await?, id, &secret, true).into_response())
}

/// Does something, and shows the page again; with the reason above it, when it was not done.
async fn deed<T: Send + 'static>(
    State(app): State<Arc<App>>,
    Path(id): Path<i64>,
    posted: Posted<T>,
    wish: impl FnOnce(&mut Admin, i64, T) -> Result<(), AdminError> + Send + 'static,
) -> Result<Response, Mishap> {
    let Posted { visitor, form } = posted;
    visitor.expect_everywhere(Role::Admin)?;
    let done = app.desk.run(visitor.actor(), move |admin| wish(admin, id, form)).await;
    match done.map_err(Mishap::from) {
        Ok(()) => Ok(Redirect::to(&format!("/settings/webhooks/{id}")).into_response()),
        Err(Mishap::Refused(reason)) => {
            let page = page(&app, &visitor, id, None, Some(&sentence(&reason))).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(other) => Err(other),
    }
}
