//! Coming in with a password, and going.

use std::sync::Arc;

use axum::Extension;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use http::StatusCode;
use http::header::{HeaderMap, HeaderName, HeaderValue, SET_COOKIE};
use maud::{Markup, html};
use serde::Deserialize;

use crate::admin::{AdminError, PersonRefusal};
use crate::listen::Source;
use crate::oidc::SIGNED_OUT_PATH;
use crate::people::audit::Actor;
use crate::routes::App;
use crate::web::frame;
use crate::web::mishap::Mishap;
use crate::web::visitor::{Knock, Posted, came_from, cookie, cookie_of, no_cookie};

/// The token of a sign-in at the provider, which wants it back when somebody signs out. It lies with whom it is about, and comes along where
/// they sign out alone.
const HINT_COOKIE: &str = "__Secure-afterword-provider";
/// Characters of it at most, so that a browser keeps it and the header it comes in has room; without it the provider asks who it is.
const HINT_CHARS_MAX: usize = 3_500;
/// In its place where it is longer.
const NO_HINT: &str = "-";

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/sign-in", get(show).post(sign_in)).route("/sign-out", post(sign_out))
}

#[derive(Deserialize)]
struct Way {
    #[serde(default)]
    to: String,
}

#[derive(Deserialize)]
struct SignIn {
    login: String,
    password: String,
    #[serde(default)]
    to: String,
}

#[derive(Deserialize)]
struct Nothing {}

async fn show(State(app): State<Arc<App>>, Query(way): Query<Way>) -> Markup {
    page(&app, &way.to, "", None)
}

async fn sign_in(
    State(app): State<Arc<App>>,
    Extension(Source(source)): Extension<Source>,
    headers: HeaderMap,
    Knock(form): Knock<SignIn>,
) -> Result<Response, Mishap> {
    let from = came_from(&headers, source);
    if let Err(wait_s) = app.desk.try_from(from, app.context.clock.monotonic_ms()) {
        let words = format!("Too many wrong passwords came from where you are; try again in {wait_s} s.");
        let page = page(&app, &form.to, &form.login, Some(&words));
        return Ok((StatusCode::TOO_MANY_REQUESTS, page).into_response());
    }
    let SignIn { login, password, to } = form;
    let typed = login.clone();
    let signed_in = app.desk.run(Actor::Collector, move |admin| admin.sign_in(&login, &password)).await;
    match signed_in {
        Ok(session) => {
            app.desk.was_right(from);
            let cookies = AppendHeaders([cookie(&session), provider_hint(None)]);
            Ok((cookies, Redirect::to(&safe(&to))).into_response())
        }
        Err(AdminError::Person(_)) => {
            // Whether there is such a login, and whether it is closed, is nobody's business who cannot come in.
            let sentence = sentence(&PersonRefusal::Wrong.to_string());
            Ok((StatusCode::UNAUTHORIZED, page(&app, &to, &typed, Some(&sentence))).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

async fn sign_out(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    posted: Posted<Nothing>,
) -> Result<Response, Mishap> {
    let Posted { visitor, form: Nothing {} } = posted;
    let (actor, session) = (visitor.actor(), visitor.session);
    app.desk.run(actor, move |admin| admin.sign_out(&session)).await?;
    let way_out = match (&app.oidc, cookie_of(&headers, HINT_COOKIE)) {
        (Some(oidc), Some(hint)) => {
            oidc.way_out(Some(hint).filter(|hint| *hint != NO_HINT)).await.map(|url| (oidc.label(), url))
        }
        _ => None,
    };
    let cookies = AppendHeaders([no_cookie(), provider_hint(None)]);
    let Some((label, url)) = way_out else {
        return Ok((cookies, Redirect::to(SIGNED_OUT_PATH)).into_response());
    };
    // A page, because our forms lead to us alone, and a redirect would be the form's.
    let page = frame::passing(
        "Signed out",
        &url,
        &html! {
            h1 { "Signed out here" }
            p.lead { "You are being signed out at " (label) " as well." }
            p { a.button.primary href=(url) { "Go on" } }
        },
    );
    Ok((cookies, page).into_response())
}

/// Keeps the token of a sign-in at the provider for when they sign out; without one, takes it away.
pub(super) fn provider_hint(token: Option<&str>) -> (HeaderName, HeaderValue) {
    let (value, age) = match token {
        Some(token) if token.len() <= HINT_CHARS_MAX => (token, ""),
        Some(_) => (NO_HINT, ""),
        None => ("", "; Max-Age=0"),
    };
    let text = format!("{HINT_COOKIE}={value}; Path=/sign-out; Secure; HttpOnly; SameSite=Lax{age}");
    (SET_COOKIE, HeaderValue::try_from(text).expect("a token is base64url with dots between"))
}

/// The page; with why somebody was not let in.
pub(super) fn page(app: &App, to: &str, login: &str, wrong: Option<&str>) -> Markup {
    let way: String = form_urlencoded::Serializer::new(String::new()).append_pair("to", to).finish();
    frame::bare(
        "Sign in",
        &html! {
            h1 { "Sign in" }
            @if let Some(wrong) = wrong { p.wrong role="alert" { (wrong) } }
            @if let Some(oidc) = &app.oidc {
                p { a.button.primary href={ "/sign-in/oidc?" (way) } { "Sign in with " (oidc.label()) } }
                p.hint { "Or with a login and a password of this collector:" }
            }
            form method="post" action="/sign-in" {
                input type="hidden" name="to" value=(to);
                label for="login" { "Login" }
                input #login name="login" value=(login) required autocomplete="username" autocapitalize="none" spellcheck="false";
                label for="password" { "Password" }
                input #password name="password" type="password" required autocomplete="current-password";
                button.primary type="submit" { "Sign in" }
            }
        },
    )
}

/// A page of ours, and no other: what stands in a link may come from anybody.
pub(super) fn safe(to: &str) -> String {
    let is_strange = |letter: char| letter.is_control() || letter == '\\';
    let is_ours = to.starts_with('/') && !to.starts_with("//") && !to.contains(is_strange);
    if is_ours { to.to_owned() } else { "/".to_owned() }
}

/// With a capital letter and a full stop.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_a_page_of_ours_alone() {
        assert_eq!(safe("/fleet?store=Quayside"), "/fleet?store=Quayside");
        for elsewhere in [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "/\u{1}",
            "javascript:alert(1)",
        ] {
            assert_eq!(safe(elsewhere), "/", "{elsewhere}");
        }
    }
}
