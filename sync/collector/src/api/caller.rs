//! Who asks: the program behind a token.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::header::{ACCEPT, AUTHORIZATION, HeaderMap};
use http::request::Parts;

use super::problem::Problem;
use super::rate::Rates;
use crate::listen::Source;
use crate::people::Stores;
use crate::people::api_token::{ApiSecret, ApiToken, Scope};
use crate::people::audit::Actor;
use crate::routes::App;
use crate::storage::tokens::{self, USED_EVERY_MS};
use crate::storage::{Tree, places};
use crate::web::came_from;

/// A program whose token holds.
pub(super) struct Caller {
    pub(super) token: ApiToken,
    /// Regions and stores as they are now.
    pub(super) tree: Tree,
    /// The stores that it may see.
    pub(super) stores: Stores,
}

impl Caller {
    /// As whom it stands in the audit log.
    pub(super) fn actor(&self) -> Actor {
        Actor::Token(self.token.name.clone())
    }

    /// Goes on only with this scope.
    pub(super) fn expect(&self, scope: Scope) -> Result<(), Problem> {
        if self.token.scopes.contains(&scope) { Ok(()) } else { Err(Problem::NotAllowed(scope)) }
    }

    /// The same where it is about everything: a token for one place may not.
    pub(super) fn expect_everywhere(&self, scope: Scope) -> Result<(), Problem> {
        self.expect(scope)?;
        if self.token.place.is_none() { Ok(()) } else { Err(Problem::NotAllowed(scope)) }
    }
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let caller = Self::of(parts, app).await?;
        takes(&parts.headers, "application/json")?;
        Ok(caller)
    }
}

/// The same where what is answered is not JSON; what it is has to be held against [`takes`].
pub(super) struct AnyCaller(pub(super) Caller);

impl FromRequestParts<Arc<App>> for AnyCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        Ok(Self(Caller::of(parts, app).await?))
    }
}

impl Caller {
    async fn of(parts: &Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let rates = parts.extensions.get::<Arc<Rates>>().ok_or(Problem::Failed)?;
        let Source(source) = parts.extensions.get().ok_or(Problem::Failed)?;
        let from = came_from(&parts.headers, *source);
        let digest = secret(app, rates, &parts.headers, from)?.digest();
        let token = token(app, rates, &digest, from).await?;
        let tree = app.look_up(places::tree).await?;
        let stores = token.stores(&tree);
        Ok(Self { token, tree, stores })
    }
}

/// The token of this secret, where it holds and does not ask too much; that it was used is noted.
pub(super) async fn token(
    app: &Arc<App>,
    rates: &Rates,
    digest: &[u8; 32],
    from: IpAddr,
) -> Result<ApiToken, Problem> {
    let digest = *digest;
    let monotonic_ms = app.context.clock.monotonic_ms();
    rates.knock(Some(&digest), from, monotonic_ms).map_err(|wait_s| Problem::Throttled { wait_s })?;
    let token = app.look_up(move |reader| tokens::find(reader, &digest)).await?;
    let now_ms = app.context.clock.wall_ms();
    let Some(token) = token.filter(|token| token.holds(now_ms)) else {
        rates.was_none(Some(&digest), from, monotonic_ms);
        return Err(Problem::NotAuthenticated(
            "this token is not one of ours, has ended or was revoked; ask an admin of the collector for another one",
        ));
    };
    rates.take(&digest, monotonic_ms).map_err(|wait_s| Problem::Busy { wait_s })?;
    if token.last_used_ms.is_none_or(|used_ms| now_ms.saturating_sub(used_ms) >= USED_EVERY_MS) {
        let noted = app.writer.run(None, move |writer| Ok(tokens::used(writer, &digest, now_ms)?));
        if let Err(error) = noted.await {
            tracing::warn!(%error, "that a token was used is not written down");
        }
    }
    Ok(token)
}

/// The secret that a request brings along. One that brings none is told so as often as it asks; it guesses nothing.
pub(super) fn secret(
    app: &App,
    rates: &Rates,
    headers: &HeaderMap,
    from: IpAddr,
) -> Result<ApiSecret, Problem> {
    let Some(given) = headers.get(AUTHORIZATION) else {
        return Err(Problem::NotAuthenticated(
            "there is no token; send one as in Authorization: Bearer awt_…, which an admin makes on the page /settings/tokens",
        ));
    };
    let scheme_and_secret = given.to_str().ok().and_then(|text| text.split_once(' '));
    let secret = scheme_and_secret
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .and_then(|(_, secret)| ApiSecret::parse(secret.trim()));
    if secret.is_none() {
        let now_ms = app.context.clock.monotonic_ms();
        rates.knock(None, from, now_ms).map_err(|wait_s| Problem::Throttled { wait_s })?;
        rates.was_none(None, from, now_ms);
    }
    secret.ok_or(Problem::NotAuthenticated(
        "the header Authorization holds no token of ours; it is written Bearer awt_…, as it was shown when it was made",
    ))
}

/// Goes on only where whoever asks can read this (RFC 9110, 12.5.1).
pub(super) fn takes(headers: &HeaderMap, media_type: &'static str) -> Result<(), Problem> {
    if allows(headers, media_type) { Ok(()) } else { Err(Problem::NotAcceptable(media_type)) }
}

fn allows(headers: &HeaderMap, media_type: &str) -> bool {
    let mut ranges = Vec::new();
    for value in headers.get_all(ACCEPT) {
        let Ok(value) = value.to_str() else { return false };
        ranges.extend(value.split(',').map(str::trim).filter(|range| !range.is_empty()));
    }
    // The narrowest range that speaks of it decides.
    let weight = |name: &str| {
        ranges.iter().find_map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let is_it = parts.next().is_some_and(|media_type| media_type.eq_ignore_ascii_case(name));
            let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
            is_it.then(|| quality.and_then(|quality| quality.parse().ok()).unwrap_or(1.0_f32))
        })
    };
    let essence = media_type.split(';').next().unwrap_or_default();
    let family = format!("{}/*", essence.split('/').next().unwrap_or_default());
    let weight = weight(essence).or_else(|| weight(&family)).or_else(|| weight("*/*"));
    ranges.is_empty() || weight.is_some_and(|weight| weight > 0.0)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn what_is_answered_is_taken_where_the_narrowest_range_allows_it() {
        let headers = |accept| HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
        let takes = |accept: &'static str| allows(&headers(accept), "application/json");
        assert!(
            allows(&HeaderMap::new(), "application/json")
                && takes("*/*")
                && takes("text/html, application/*;q=0.1")
        );
        assert!(takes("") && takes("application/json; charset=utf-8"));
        assert!(!takes("text/csv") && !takes("application/json;q=0, */*"));
        let csv = |accept: &'static str| allows(&headers(accept), "text/csv; charset=utf-8");
        assert!(csv("text/csv") && csv("text/*;q=0.5") && !csv("application/json"));
    }
}
