//! Following a link: making an account, or renewing its password.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use axum::routing::get;
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;

use super::sign_in::{provider_hint, sentence};
use crate::admin::AdminError;
use crate::admin::peopling::Acceptance;
use crate::people::Grant;
use crate::people::audit::Actor;
use crate::people::password::PASSWORD_CHARS_MIN;
use crate::people::token::Token;
use crate::routes::App;
use crate::web::frame;
use crate::web::mishap::Mishap;
use crate::web::visitor::{Knock, cookie};

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/welcome/{token}", get(show).post(accept))
}

#[derive(Deserialize)]
struct Account {
    login: String,
    name: String,
    password: String,
}

async fn show(State(app): State<Arc<App>>, Path(token): Path<String>) -> Result<Response, Mishap> {
    let Some((login, grant)) = invitation(&app, &token).await? else { return Ok(over()) };
    Ok(page(&app, &token, &grant, login.as_deref(), ("", ""), None).into_response())
}

async fn accept(
    State(app): State<Arc<App>>,
    Path(text): Path<String>,
    Knock(form): Knock<Account>,
) -> Result<Response, Mishap> {
    let Some((for_login, grant)) = invitation(&app, &text).await? else { return Ok(over()) };
    let Some(token) = Token::parse(&text) else { return Ok(over()) };
    let Account { login, name, password } = form;
    let (typed_login, typed_name) = (login.clone(), name.clone());
    let accepted = app.desk.run(Actor::Collector, move |admin| {
        admin.person_accept(&token, &Acceptance { login: &login, name: &name, password: &password })
    });
    match accepted.await {
        Ok(session) => {
            // Somebody else may have come in by the provider on this machine before.
            let cookies = AppendHeaders([cookie(&session), provider_hint(None)]);
            Ok((cookies, Redirect::to("/")).into_response())
        }
        Err(AdminError::Person(refusal)) => {
            let wrong = sentence(&refusal.to_string());
            let page =
                page(&app, &text, &grant, for_login.as_deref(), (&typed_login, &typed_name), Some(&wrong));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

async fn invitation(app: &Arc<App>, text: &str) -> Result<Option<(Option<String>, Grant)>, Mishap> {
    let Some(token) = Token::parse(text) else { return Ok(None) };
    Ok(app.desk.run(Actor::Collector, move |admin| admin.invitation(&token)).await?)
}

fn over() -> Response {
    let page = frame::bare(
        "This link is over",
        &html! {
            h1 { "This link is over" }
            p.lead {
                "It was used, or its time has passed. Ask who invited you for another one. For the first account of all, start the collector again: it prints a new link."
            }
            p { a href="/sign-in" { "Sign in" } }
        },
    );
    (StatusCode::NOT_FOUND, page).into_response()
}

fn page(
    app: &App,
    token: &str,
    grant: &Grant,
    for_login: Option<&str>,
    (login, name): (&str, &str),
    wrong: Option<&str>,
) -> Markup {
    let place = grant.place.as_ref().map_or("everywhere".to_owned(), |place| format!("at {place}"));
    frame::bare(
        "Welcome",
        &html! {
            h1 { "Welcome" }
            p.lead { "You are invited as " b { (grant.role.title()) " " (place) } ". This role " (grant.role.meaning()) "." }
            @if let Some(wrong) = wrong { p.wrong role="alert" { (wrong) } }
            @if let Some(oidc) = &app.oidc {
                p { a.button.primary href={ "/sign-in/oidc?invitation=" (token) } { "Sign in with " (oidc.label()) } }
                p.hint { "Or make a login and a password for this collector alone:" }
            }
            form method="post" action={ "/welcome/" (token) } {
                label for="login" { "Login" }
                input #login name="login" value=(for_login.unwrap_or(login)) readonly[for_login.is_some()] required
                    autocomplete="username" autocapitalize="none" spellcheck="false" aria-describedby="login-hint";
                p.hint #login-hint { "Such as your address for e-mail." }
                label for="name" { "Your name" }
                input #name name="name" value=(name) required autocomplete="name";
                label for="password" { "Password" }
                input #password name="password" type="password" required minlength=(PASSWORD_CHARS_MIN)
                    autocomplete="new-password" aria-describedby="password-hint";
                p.hint #password-hint { "At least " (PASSWORD_CHARS_MIN) " characters; three or four words make a good one." }
                button.primary type="submit" { "Make my account" }
            }
        },
    )
}
