//! Webhooks: which programs are told what, and making one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;

use super::foot;
use super::sign_in::sentence;
use crate::admin::hooking::WebhookWish;
use crate::people::Role;
use crate::routes::App;
use crate::storage::webhooks::Webhook;
use crate::web::frame::{self, Foot, Section};
use crate::web::icon::Icon;
use crate::web::mishap::Mishap;
use crate::web::visitor::{Posted, Visitor};
use crate::web::words;
use crate::webhooks::event::EventType;
use crate::webhooks::guard::URL_CHARS_MAX;
use crate::webhooks::secret::WebhookSecret;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/settings/webhooks", get(show).post(add))
}

/// A form says of each kind of event by its own name whether it is chosen.
#[derive(Deserialize)]
struct New {
    url: String,
    #[serde(default)]
    place: String,
    #[serde(flatten)]
    chosen: BTreeMap<String, String>,
}

async fn show(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Markup, Mishap> {
    visitor.expect_everywhere(Role::Admin)?;
    list(&app, &visitor, None).await
}

async fn list(app: &Arc<App>, visitor: &Visitor, wrong: Option<&str>) -> Result<Markup, Mishap> {
    let webhooks = app.desk.run(visitor.actor(), |admin| admin.webhook_list()).await?;
    let foot = foot(app, visitor).await?;
    Ok(page(visitor, &foot, &webhooks, app.context.clock.wall_ms(), wrong))
}

fn page(visitor: &Visitor, foot: &Foot, webhooks: &[Webhook], now_ms: i64, wrong: Option<&str>) -> Markup {
    let count = webhooks.len();
    frame::page(
        visitor,
        Section::Settings,
        "Webhooks",
        foot,
        &html! {
            p.way { a href="/settings" { "Settings" } }
            h1 { (words::count(count as u64)) " " (words::plural(count, "webhook", "webhooks")) }
            p.lead { "A program that has one is told what happens, signed, within a second or two. What does not come through is tried again for three days." }
            @if let Some(wrong) = wrong { p.wrong role="alert" { (wrong) } }
            section aria-labelledby="all" {
                h2 #all { "All of them" small { "times in UTC" } }
                @if webhooks.is_empty() { p { "There are none yet." } } @else {
                    div.wide tabindex="0" role="group" aria-labelledby="all" {
                        table {
                            thead { tr { th scope="col" { "Goes to" } th scope="col" { "Is told of" } th scope="col" { "Where" } th scope="col" { "State" } th.n scope="col" { "Waiting" } th.n scope="col" { "Given up" } th scope="col" { "Last got through" } } }
                            tbody { @for webhook in webhooks { (row(webhook, now_ms)) } }
                        }
                    }
                }
            }
            section aria-labelledby="make" {
                h2 #make { "Make one" }
                form.narrow method="post" action="/settings/webhooks" {
                    (frame::key(visitor))
                    label for="url" { "Address of the receiver" }
                    input #url name="url" type="url" required maxlength=(URL_CHARS_MAX) autocomplete="off" placeholder="https://" aria-describedby="url-hint";
                    p.hint #url-hint { "On the internet, with https://. Addresses inside are reached only where the collector was started with --webhooks-allow-private." }
                    fieldset {
                        legend { "It is told when" }
                        @for kind in EventType::ALL {
                            label.choice {
                                input type="checkbox" name=(kind.name()) value="yes";
                                span { code { (kind.name()) } " – " (kind.meaning()) }
                            }
                        }
                    }
                    label for="where" { "Where" }
                    select #where name="place" {
                        option value="" { "Everywhere" }
                        @for (name, _) in visitor.tree.places() { option value=(name) { (name) } }
                    }
                    button.primary type="submit" { "Make a webhook" }
                }
            }
        },
    )
}

fn row(webhook: &Webhook, now_ms: i64) -> Markup {
    html! {
        tr {
            th scope="row" { a href={ "/settings/webhooks/" (webhook.id) } { (webhook.url) } }
            td { @for kind in &webhook.types { code { (kind.name()) } " " } }
            td { (webhook.place.as_deref().unwrap_or("everywhere")) }
            td { (state(webhook)) }
            td.n { (words::count(webhook.pending.unsigned_abs())) }
            td.n { (words::count(webhook.parked.unsigned_abs())) }
            td.quiet { @if let Some(at) = webhook.reached_ms { (words::ago(at, now_ms)) } @else { "never" } }
        }
    }
}

/// Whether it is on, in a word and a colour.
pub(super) fn state(webhook: &Webhook) -> Markup {
    html! {
        @match webhook.disabled_ms {
            None => span.state.good { "on" },
            Some(_) if webhook.why.is_some() => span.state.bad { (Icon::Alert.sized(18)) "off" },
            Some(_) => span.state { "off" },
        }
    }
}

async fn add(State(app): State<Arc<App>>, posted: Posted<New>) -> Result<Response, Mishap> {
    let Posted { visitor, form } = posted;
    visitor.expect_everywhere(Role::Admin)?;
    let types: BTreeSet<EventType> =
        EventType::ALL.into_iter().filter(|kind| form.chosen.contains_key(kind.name())).collect();
    let place = Some(form.place).filter(|place| !place.is_empty());
    let wish = WebhookWish { url: form.url.trim().to_owned(), types, place };
    let made = app.desk.run(visitor.actor(), move |admin| admin.webhook_add(&wish)).await;
    match made.map_err(Mishap::from) {
        Ok(made) => {
            let foot = foot(&app, &visitor).await?;
            Ok(shown_once(&visitor, &foot, made.id, &made.secret, false).into_response())
        }
        Err(Mishap::Refused(reason)) => {
            let page = list(&app, &visitor, Some(&sentence(&reason))).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(other) => Err(other),
    }
}

/// A secret that was made just now, for a new webhook or one that has another already.
pub(super) fn shown_once(
    visitor: &Visitor,
    foot: &Foot,
    id: i64,
    secret: &WebhookSecret,
    is_another: bool,
) -> Markup {
    frame::page(
        visitor,
        Section::Settings,
        "The secret of a webhook",
        foot,
        &html! {
            p.way { a href="/settings/webhooks" { "Webhooks" } }
            h1 { "The secret of webhook " (id) }
            p.lead { "Give it to the receiver by a way that only that one reads. It is shown only here and now." }
            pre { code #secret { (secret.text()) } }
            p.hint { "The receiver checks with it the header " code { "webhook-signature" } " of each message, as Standard Webhooks has it." }
            @if is_another { p.hint { "The secret before signs as well for a day, so that the receiver can change over meanwhile." } }
            p { a.button href={ "/settings/webhooks/" (id) } { "Go on" } }
        },
    )
}
