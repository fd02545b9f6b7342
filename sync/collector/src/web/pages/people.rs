//! People: who there is, what each may do where, and inviting more.

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
use crate::admin::InvitationLink;
use crate::people::{Grant, Person, Role};
use crate::routes::App;
use crate::storage::read_server;
use crate::web::frame::{self, Foot, Section};
use crate::web::mishap::Mishap;
use crate::web::visitor::{Posted, Visitor};
use crate::web::words;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/people", get(show))
        .route("/people/invite", post(invite))
        .route("/people/renew", post(renew))
        .route("/people/grant", post(grant))
        .route("/people/withdraw", post(withdraw))
        .route("/people/disable", post(disable))
}

#[derive(Deserialize)]
struct Given {
    login: String,
    role: String,
    #[serde(default)]
    place: String,
}

#[derive(Deserialize)]
struct Whom {
    login: String,
    #[serde(default)]
    place: String,
    #[serde(default)]
    again: String,
}

async fn show(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Markup, Mishap> {
    visitor.expect_everywhere(Role::Admin)?;
    list(&app, &visitor, None).await
}

async fn list(app: &Arc<App>, visitor: &Visitor, wrong: Option<&str>) -> Result<Markup, Mishap> {
    let people = app.desk.run(visitor.actor(), |admin| admin.person_list()).await?;
    let foot = foot(app, visitor).await?;
    Ok(page(visitor, &foot, &people, wrong))
}

fn page(visitor: &Visitor, foot: &Foot, people: &[Person], wrong: Option<&str>) -> Markup {
    frame::page(
        visitor,
        Section::People,
        "People",
        foot,
        &html! {
            div.actions { a.button href="/audit" { "What was done by whom" } }
            h1 { (words::count(people.len() as u64)) " " (words::plural(people.len(), "person", "people")) }
            @if let Some(wrong) = wrong { p.wrong role="alert" { (wrong) } }
            section aria-labelledby="all" {
                h2 #all { "Who may do what" }
                div.wide tabindex="0" role="group" aria-labelledby="all" {
                    table {
                        thead { tr { th scope="col" { "Login" } th scope="col" { "Name" } th scope="col" { "May do" } th scope="col" { "Account" } } }
                        tbody { @for person in people { (row(visitor, person)) } }
                    }
                }
            }
            section aria-labelledby="invite" {
                h2 #invite { "Invite somebody, or give another role" }
                form.narrow method="post" action="/people/invite" {
                    (frame::key(visitor))
                    label for="login" { "Login" }
                    input #login name="login" required autocomplete="off" autocapitalize="none" spellcheck="false" aria-describedby="login-hint";
                    p.hint #login-hint { "Such as their address for e-mail. A link is shown then, which makes the account." }
                    label for="role" { "Role" }
                    select #role name="role" {
                        @for role in Role::ALL { option value=(role.name()) { (role.title()) ": " (role.meaning()) } }
                    }
                    label for="where" { "Where" }
                    select #where name="place" {
                        option value="" { "Everywhere" }
                        @for (name, _) in visitor.tree.places() { option value=(name) { (name) } }
                    }
                    div.row {
                        button.primary type="submit" { "Invite" }
                        button type="submit" formaction="/people/grant" { "Give this role to a person who has an account" }
                    }
                }
            }
        },
    )
}

fn row(visitor: &Visitor, person: &Person) -> Markup {
    let disabled = person.disabled_ms;
    html! {
        tr {
            th scope="row" { (person.login) }
            td { (person.name) }
            td {
                @if person.grants.is_empty() { span.quiet { "nothing" } }
                @for grant in &person.grants {
                    form.inline method="post" action="/people/withdraw" {
                        (frame::key(visitor))
                        input type="hidden" name="login" value=(person.login);
                        input type="hidden" name="place" value=(grant.place.as_deref().unwrap_or(""));
                        (grant_words(grant)) " "
                        button.small type="submit" aria-label={ "Take from " (person.login) ": " (grant_words(grant)) } { "Take" }
                    }
                }
            }
            td {
                form.inline method="post" action="/people/renew" {
                    (frame::key(visitor))
                    input type="hidden" name="login" value=(person.login);
                    button.small type="submit" aria-label={ "New password for " (person.login) } { "New password" }
                }
                form.inline method="post" action="/people/disable" {
                    (frame::key(visitor))
                    input type="hidden" name="login" value=(person.login);
                    @if let Some(at) = disabled {
                        input type="hidden" name="again" value="yes";
                        span.quiet { "let in no more since " (words::day(at)) } " "
                        button.small type="submit" aria-label={ "Let in again: " (person.login) } { "Let in again" }
                    } @else {
                        button.small.danger type="submit" data-ask={ "Let " (person.login) " in no more?" }
                            aria-label={ "Let in no more: " (person.login) } { "Let in no more" }
                    }
                }
            }
        }
    }
}

fn grant_words(grant: &Grant) -> String {
    match &grant.place {
        Some(place) => format!("{} at {place}", grant.role.title()),
        None => format!("{} everywhere", grant.role.title()),
    }
}

async fn invite(State(app): State<Arc<App>>, posted: Posted<Given>) -> Result<Response, Mishap> {
    let Posted { visitor, form } = posted;
    visitor.expect_everywhere(Role::Admin)?;
    let grant = read(&form)?;
    let login = form.login.clone();
    let link = app.desk.run(visitor.actor(), move |admin| admin.person_invite(&login, grant)).await;
    answer(&app, &visitor, &form.login, link.map_err(Mishap::from)).await
}

async fn renew(State(app): State<Arc<App>>, posted: Posted<Whom>) -> Result<Response, Mishap> {
    let Posted { visitor, form } = posted;
    visitor.expect_everywhere(Role::Admin)?;
    let login = form.login.clone();
    let link = app.desk.run(visitor.actor(), move |admin| admin.person_renew(&login)).await;
    answer(&app, &visitor, &form.login, link.map_err(Mishap::from)).await
}

async fn grant(State(app): State<Arc<App>>, posted: Posted<Given>) -> Result<Response, Mishap> {
    let Posted { visitor, form } = posted;
    visitor.expect_everywhere(Role::Admin)?;
    let grant = read(&form)?;
    let done = app.desk.run(visitor.actor(), move |admin| admin.person_grant(&form.login, &grant)).await;
    back(&app, &visitor, done.map_err(Mishap::from)).await
}

async fn withdraw(State(app): State<Arc<App>>, posted: Posted<Whom>) -> Result<Response, Mishap> {
    let Posted { visitor, form } = posted;
    visitor.expect_everywhere(Role::Admin)?;
    let place = Some(form.place).filter(|place| !place.is_empty());
    let done =
        app.desk.run(visitor.actor(), move |admin| admin.person_withdraw(&form.login, place.as_deref()));
    back(&app, &visitor, done.await.map_err(Mishap::from)).await
}

async fn disable(State(app): State<Arc<App>>, posted: Posted<Whom>) -> Result<Response, Mishap> {
    let Posted { visitor, form } = posted;
    visitor.expect_everywhere(Role::Admin)?;
    let disable = form.again.is_empty();
    let done = app.desk.run(visitor.actor(), move |admin| admin.person_disable(&form.login, disable)).await;
    back(&app, &visitor, done.map_err(Mishap::from)).await
}

fn read(form: &Given) -> Result<Grant, Mishap> {
    let role =
        Role::named(&form.role).ok_or_else(|| Mishap::BadForm(format!("`{}` is no role", form.role)))?;
    Ok(Grant { role, place: Some(form.place.clone()).filter(|place| !place.is_empty()) })
}

/// The list again; with the reason above it, when something was not done.
async fn back(app: &Arc<App>, visitor: &Visitor, done: Result<(), Mishap>) -> Result<Response, Mishap> {
    match done {
        Ok(()) => Ok(Redirect::to("/people").into_response()),
        Err(Mishap::Refused(reason)) => {
            let page = list(app, visitor, Some(&sentence(&reason))).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(other) => Err(other),
    }
}

/// The link, shown this once.
async fn answer(
    app: &Arc<App>,
    visitor: &Visitor,
    login: &str,
    link: Result<InvitationLink, Mishap>,
) -> Result<Response, Mishap> {
    let link = match link {
        Ok(link) => link,
        Err(refusal) => return back(app, visitor, Err(refusal)).await,
    };
    let foot = foot(app, visitor).await?;
    let web_url = app.read(read_server).await?.web_url.unwrap_or_default();
    let url = format!("{web_url}/welcome/{}", link.token.text());
    let page = frame::page(
        visitor,
        Section::People,
        "A link",
        &foot,
        &html! {
            p.way { a href="/people" { "People" } }
            h1 { "A link for " (login) }
            p.lead { "Send it by a way that only they read. It is good once, until " (words::moment(link.expires_ms)) " UTC, and shown only here and now." }
            pre { code #link { (url) } }
            p { a.button href="/people" { "Back to all people" } }
        },
    );
    Ok(page.into_response())
}
