//! Coming in by way of the organisation's own sign-in: off to it, and back with its answer.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Extension, Router};
use http::StatusCode;
use http::header::{HeaderMap, HeaderName, HeaderValue, SET_COOKIE};
use serde::Deserialize;

use super::sign_in::{page, provider_hint, safe, sentence};
use crate::admin::AdminError;
use crate::listen::Source;
use crate::oidc::{ANSWER_PATH, ATTEMPT_LIFE_MS, Attempt, OidcError};
use crate::people::audit::Actor;
use crate::people::token::Token;
use crate::routes::App;
use crate::web::mishap::Mishap;
use crate::web::visitor::{came_from, cookie, cookie_of};

/// What belongs to a sign-in under way; apart from the session's, which it may end in.
const COOKIE_NAME: &str = "__Host-afterword-oidc";
/// Characters of a page to go on with at most, so that the cookie is kept.
const TO_CHARS_MAX: usize = 1_000;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/sign-in/oidc", get(begin)).route(ANSWER_PATH, get(answer))
}

#[derive(Deserialize)]
struct Way {
    #[serde(default)]
    to: String,
    invitation: Option<String>,
}

/// What a provider sends back; other parameters are its own.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    state: String,
    code: Option<String>,
    error: Option<String>,
}

async fn begin(State(app): State<Arc<App>>, Query(way): Query<Way>) -> Result<Response, Mishap> {
    let oidc = app.oidc.as_ref().ok_or(Mishap::NotFound)?;
    let to = Some(safe(&way.to)).filter(|to| to.len() <= TO_CHARS_MAX).unwrap_or_else(|| "/".into());
    let invitation = way.invitation.filter(|text| Token::parse(text).is_some());
    match oidc.begin(to, invitation).await {
        Ok((url, attempt)) => {
            Ok((AppendHeaders([attempt_cookie(&attempt)]), Redirect::to(&url)).into_response())
        }
        Err(error) => Ok(refused(&app, &error)),
    }
}

async fn answer(
    State(app): State<Arc<App>>,
    Extension(Source(source)): Extension<Source>,
    headers: HeaderMap,
    Query(answer): Query<Answer>,
) -> Result<Response, Mishap> {
    let oidc = app.oidc.as_ref().ok_or(Mishap::NotFound)?;
    let attempt = cookie_of(&headers, COOKIE_NAME).and_then(read);
    // Somebody else's link could else sign a person in as that somebody.
    let Some(attempt) = attempt.filter(|attempt| oidc.is_answer(attempt, &answer.state)) else {
        let words = "This sign-in was not begun in this browser, or too long ago; begin again.";
        return Ok((StatusCode::FORBIDDEN, ended(page(&app, "", "", Some(words)))).into_response());
    };
    let Some(code) = answer.code.filter(|_| answer.error.is_none()) else {
        let words = "Your organisation’s sign-in did not let you in; try again, or ask who runs it.";
        return Ok(
            (StatusCode::UNAUTHORIZED, ended(page(&app, &attempt.to, "", Some(words)))).into_response()
        );
    };
    // Whoever makes codes up has the provider asked for each: as few as wrong passwords.
    let from = came_from(&headers, source);
    if let Err(wait_s) = app.desk.try_from(from, app.context.clock.monotonic_ms()) {
        let words =
            format!("Too many sign-ins that failed came from where you are; try again in {wait_s} s.");
        let page = page(&app, &attempt.to, "", Some(&words));
        return Ok((StatusCode::TOO_MANY_REQUESTS, ended(page)).into_response());
    }
    let (identity, token) = match oidc.finish(&attempt, &code).await {
        Ok(known) => {
            app.desk.was_right(from);
            known
        }
        Err(error) => {
            if matches!(error, OidcError::Unreachable { .. }) {
                app.desk.was_right(from);
            }
            return Ok(ended(refused(&app, &error)).into_response());
        }
    };
    let invitation = attempt.invitation.as_deref().and_then(Token::parse);
    let signed_in =
        app.desk.run(Actor::Collector, move |admin| admin.identity_sign_in(&identity, invitation.as_ref()));
    match signed_in.await {
        Ok(session) => {
            let cookies = AppendHeaders([cookie(&session), no_attempt(), provider_hint(token.as_deref())]);
            Ok((cookies, Redirect::to(&safe(&attempt.to))).into_response())
        }
        Err(AdminError::Person(refusal)) => {
            let words = sentence(&refusal.to_string());
            Ok((StatusCode::FORBIDDEN, ended(page(&app, &attempt.to, "", Some(&words)))).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// What somebody is told whom the provider's answer did not let in. Why is in the log.
fn refused(app: &App, error: &OidcError) -> Response {
    tracing::warn!(%error, "nobody was signed in");
    let (status, words) = match error {
        OidcError::Unreachable { .. } => (
            StatusCode::BAD_GATEWAY,
            "Your organisation’s sign-in cannot be reached from here; try again later, or ask who runs this collector.",
        ),
        OidcError::NoToken(_) | OidcError::NotBelieved(_) => (
            StatusCode::UNAUTHORIZED,
            "What your organisation’s sign-in answered cannot be believed; begin again, or ask who runs this collector.",
        ),
    };
    (status, page(app, "", "", Some(words))).into_response()
}

/// An answer with which a sign-in is over, well or not: it is good for one.
fn ended(response: impl IntoResponse) -> impl IntoResponse {
    (AppendHeaders([no_attempt()]), response)
}

fn attempt_cookie(attempt: &Attempt) -> (HeaderName, HeaderValue) {
    let json = serde_json::to_vec(attempt).expect("an attempt holds only texts and numbers");
    let value = data_encoding::BASE64URL_NOPAD.encode(&json);
    let age_s = ATTEMPT_LIFE_MS / 1_000;
    let text = format!("{COOKIE_NAME}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={age_s}");
    (SET_COOKIE, HeaderValue::try_from(text).expect("it is base64url"))
}

fn no_attempt() -> (HeaderName, HeaderValue) {
    let text = format!("{COOKIE_NAME}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
    (SET_COOKIE, HeaderValue::try_from(text).expect("it is plain text"))
}

fn read(value: &str) -> Option<Attempt> {
    let json = data_encoding::BASE64URL_NOPAD.decode(value.as_bytes()).ok()?;
    serde_json::from_slice(&json).ok()
}
