//! Tokens by which programs come in: which there are, making one, revoking one.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;

use super::foot;
use super::sign_in::sentence;
use crate::admin::tokening::{NewToken, TOKEN_DAYS, TOKEN_DAYS_MAX, TOKEN_NAME_CHARS_MAX, TokenWish};
use crate::people::Role;
use crate::people::api_token::{ApiToken, Scope};
use crate::routes::App;
use crate::web::frame::{self, Foot, Section};
use crate::web::mishap::Mishap;
use crate::web::visitor::{Posted, Visitor};
use crate::web::words;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/settings/tokens", get(show).post(add))
        .route("/settings/tokens/revoke", post(revoke))
}

/// A form says of each scope by its own name whether it is chosen.
#[derive(Deserialize)]
struct New {
    name: String,
    #[serde(default)]
    place: String,
    days: String,
    #[serde(flatten)]
    chosen: std::collections::BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

async fn show(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Markup, Mishap> {
    visitor.expect_everywhere(Role::Admin)?;
    list(&app, &visitor, None).await
}

async fn list(app: &Arc<App>, visitor: &Visitor, wrong: Option<&str>) -> Result<Markup, Mishap> {
    let tokens = app.desk.run(visitor.actor(), |admin| admin.token_list()).await?;
    let foot = foot(app, visitor).await?;
    let now_ms = app.context.clock.wall_ms();
    Ok(page(visitor, &foot, &tokens, now_ms, wrong))
}

fn page(visitor: &Visitor, foot: &Foot, tokens: &[ApiToken], now_ms: i64, wrong: Option<&str>) -> Markup {
    let held = tokens.iter().filter(|token| token.holds(now_ms)).count();
    frame::page(
        visitor,
        Section::Settings,
        "Tokens for programs",
        foot,
        &html! {
            div.actions { a.button href="/api" { "What programs can ask" } }
            p.way { a href="/settings" { "Settings" } }
            h1 { (words::count(held as u64)) " " (words::plural(held, "token", "tokens")) " for programs" }
            p.lead { "A program that has one reads or changes what its scopes say, at its place, without anybody signing in." }
            @if let Some(wrong) = wrong { p.wrong role="alert" { (wrong) } }
            section aria-labelledby="all" {
                h2 #all { "All of them" small { "times in UTC" } }
                @if tokens.is_empty() { p { "There are none yet." } } @else {
                    div.wide tabindex="0" role="group" aria-labelledby="all" {
                        table {
                            thead { tr { th scope="col" { "Name" } th scope="col" { "May" } th scope="col" { "Where" } th scope="col" { "Made by" } th scope="col" { "Last used" } th scope="col" { "Holds" } } }
                            tbody { @for token in tokens { (row(visitor, token, now_ms)) } }
                        }
                    }
                }
            }
            section aria-labelledby="make" {
                h2 #make { "Make one" }
                form.narrow method="post" action="/settings/tokens" {
                    (frame::key(visitor))
                    label for="name" { "Name" }
                    input #name name="name" required maxlength=(TOKEN_NAME_CHARS_MAX) autocomplete="off" aria-describedby="name-hint";
                    p.hint #name-hint { "The program that gets it; each gets its own, so that one can be revoked alone." }
                    fieldset {
                        legend { "It may" }
                        @for scope in Scope::ALL {
                            label.choice {
                                input type="checkbox" name=(scope.name()) value="yes";
                                span { code { (scope.name()) } " – " (scope.meaning()) }
                            }
                        }
                    }
                    label for="where" { "Where" }
                    select #where name="place" {
                        option value="" { "Everywhere" }
                        @for (name, _) in visitor.tree.places() { option value=(name) { (name) } }
                    }
                    label for="days" { "For how many days" }
                    input #days name="days" type="number" min="1" max=(TOKEN_DAYS_MAX) value=(TOKEN_DAYS) required;
                    button.primary type="submit" { "Make a token" }
                }
            }
        },
    )
}

fn row(visitor: &Visitor, token: &ApiToken, now_ms: i64) -> Markup {
    html! {
        tr {
            th scope="row" { (token.name) }
            td { @for scope in &token.scopes { code { (scope.name()) } " " } }
            td { (token.place.as_deref().unwrap_or("everywhere")) }
            td { (token.created_by) }
            td.quiet { @if let Some(at) = token.last_used_ms { (words::moment(at)) } @else { "never" } }
            td {
                @if let Some(at) = token.revoked_ms { span.quiet { "revoked " (words::day(at)) } } @else {
                    form.inline method="post" action="/settings/tokens/revoke" {
                        (frame::key(visitor))
                        input type="hidden" name="name" value=(token.name);
                        @if token.holds(now_ms) { "until " } @else { "ended " }
                        (words::day(token.expires_ms)) " "
                        button.small.danger type="submit" aria-label={ "Revoke " (token.name) }
                            data-ask={ "Refuse all that " (token.name) " asks from now on?" } { "Revoke" }
                    }
                }
            }
        }
    }
}

async fn add(State(app): State<Arc<App>>, posted: Posted<New>) -> Result<Response, Mishap> {
    let Posted { visitor, form } = posted;
    visitor.expect_everywhere(Role::Admin)?;
    let scopes: BTreeSet<Scope> =
        Scope::ALL.into_iter().filter(|scope| form.chosen.contains_key(scope.name())).collect();
    let wish = TokenWish {
        name: form.name.trim().to_owned(),
        scopes,
        place: Some(form.place).filter(|place| !place.is_empty()),
        // What is no number is no number of days that a token holds for.
        days: form.days.trim().parse().unwrap_or(0),
    };
    let name = wish.name.clone();
    let made = app.desk.run(visitor.actor(), move |admin| admin.token_add(&wish)).await;
    match made.map_err(Mishap::from) {
        Ok(made) => Ok(shown_once(&visitor, &foot(&app, &visitor).await?, &name, &made).into_response()),
        Err(refusal) => back(&app, &visitor, Err(refusal)).await,
    }
}

async fn revoke(State(app): State<Arc<App>>, posted: Posted<Named>) -> Result<Response, Mishap> {
    let Posted { visitor, form } = posted;
    visitor.expect_everywhere(Role::Admin)?;
    let done = app.desk.run(visitor.actor(), move |admin| admin.token_revoke(&form.name)).await;
    back(&app, &visitor, done.map_err(Mishap::from)).await
}

/// The list again; with the reason above it, when something was not done.
async fn back(app: &Arc<App>, visitor: &Visitor, done: Result<(), Mishap>) -> Result<Response, Mishap> {
    match done {
        Ok(()) => Ok(Redirect::to("/settings/tokens").into_response()),
        Err(Mishap::Refused(reason)) => {
            let page = list(app, visitor, Some(&sentence(&reason))).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(other) => Err(other),
    }
}

fn shown_once(visitor: &Visitor, foot: &Foot, name: &str, made: &NewToken) -> Markup {
    frame::page(
        visitor,
        Section::Settings,
        "A token",
        foot,
        &html! {
            p.way { a href="/settings/tokens" { "Tokens for programs" } }
            h1 { "A token for " (name) }
            p.lead { "Give it to the program by a way that only that one reads. It holds until " (words::moment(made.expires_ms)) " UTC and is shown only here and now." }
            pre { code #token { (made.secret.text()) } }
            p.hint { "The program sends it with each request: " code { "Authorization: Bearer awt_…" } }
            p { a.button href="/settings/tokens" { "Back to all tokens" } }
        },
    )
}
