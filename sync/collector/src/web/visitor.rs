//! Who asks: the session behind the cookie, and the forms that belong to it.
//!
//! The cookie's secret is looked up on every request, so that whoever is let in no more is out at once. A form has to bring the key of its
//! session along and come from a page of ours, by what the browser says of it (`Origin`, `Sec-Fetch-Site`).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request};
use http::StatusCode;
use http::header::{COOKIE, HOST, HeaderMap, HeaderValue, ORIGIN, SET_COOKIE};
use http::request::Parts;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::mishap::Mishap;
use crate::people::audit::Actor;
use crate::people::token::Token;
use crate::people::{Person, Role, Stores};
use crate::request_id::spawn_blocking;
use crate::routes::App;
use crate::storage::sessions::{self, SEEN_EVERY_MS};
use crate::storage::sql::SqlResult;
use crate::storage::{Tree, people, places};

/// With this prefix a browser takes it from this very host and over a safe way alone.
const COOKIE_NAME: &str = "__Host-afterword";
/// Bytes of a form at most: a survey with its texts in six languages.
const FORM_BYTES_MAX: usize = 512 * 1024;

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub(super) struct Visitor {
    pub(super) person: Person,
    pub(super) session: Token,
    /// Regions and stores as they are now.
    pub(super) tree: Arc<Tree>,
}

impl Visitor {
    /// As whom they stand in the audit log.
    pub(super) fn actor(&self) -> Actor {
        Actor::Person(self.person.login.clone())
    }

    /// What their forms bring along.
    pub(super) fn form_key(&self) -> String {
        self.session.form_key()
    }

    /// The stores that they may look at.
    pub(super) fn stores(&self) -> Stores {
        self.person.stores(Role::Viewer, &self.tree)
    }

    /// The stores of a region, or a store itself, as far as they may look at them; all that they may where none is named.
    pub(super) fn stores_at(&self, place: &str) -> Stores {
        self.stores().at(place, &self.tree)
    }

    /// What they may choose from: a region is named to whoever sees all of it.
    pub(super) fn places(&self) -> Vec<&str> {
        let seen = self.stores();
        let is_seen = |place: &&str| {
            let stores = self.tree.stores_in(place);
            !stores.is_empty() && stores.iter().all(|store| seen.hold(Some(store)))
        };
        self.tree.places().map(|(name, _)| name).filter(is_seen).collect()
    }

    /// Goes on only where they have this role everywhere.
    pub(super) fn expect_everywhere(&self, role: Role) -> Result<(), Mishap> {
        if self.person.is_everywhere(role) { Ok(()) } else { Err(Mishap::NotFound) }
    }

    /// Goes on only where they have this role in the store.
    pub(super) fn expect_in(&self, role: Role, store: Option<&str>) -> Result<(), Mishap> {
        if self.person.stores(role, &self.tree).hold(store) { Ok(()) } else { Err(Mishap::NotFound) }
    }
}

impl FromRequestParts<Arc<App>> for Visitor {
    type Rejection = Mishap;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Mishap> {
        Self::of(parts, app, true).await
    }
}

impl Visitor {
    /// Who asks; where they ask by themselves, that is noted as a sign that they are there.
    async fn of(parts: &Parts, app: &Arc<App>, is_there: bool) -> Result<Self, Mishap> {
        let back_to = parts.uri.path_and_query().map_or_else(|| "/".into(), ToString::to_string);
        let signed_out = || Mishap::SignedOut { back_to };
        let Some(session) = session(&parts.headers) else { return Err(signed_out()) };
        let (digest, now_ms) = (session.digest(), app.context.clock.wall_ms());
        let found = app.read(move |reader| {
            let Some(found) = sessions::find(reader, &digest, now_ms)? else { return Ok(None) };
            let person = people::find(reader, &found.person)?.filter(|person| person.disabled_ms.is_none());
            let Some(person) = person else { return Ok(None) };
            Ok(Some((person, found.seen_ms, places::tree(reader)?)))
        });
        let Some((person, seen_ms, tree)) = found.await? else { return Err(signed_out()) };
        if is_there && now_ms.saturating_sub(seen_ms) >= SEEN_EVERY_MS {
            // A database that takes no note can still be looked at, and is just then.
            let noted =
                app.writer.run(None, move |writer| Ok(sessions::seen(writer, &digest, now_ms)?)).await;
            if let Err(error) = noted {
                tracing::warn!(%error, "that a session was seen is not written down");
            }
        }
        Ok(Self { person, session, tree: Arc::new(tree) })
    }
}

/// A visitor whose page asks by itself: that keeps no session alive, and when it has ended the page is told to ask no more.
pub(super) struct Watcher(pub(super) Visitor);

impl FromRequestParts<Arc<App>> for Watcher {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, StatusCode> {
        match Visitor::of(parts, app, false).await {
            Ok(visitor) => Ok(Self(visitor)),
            Err(Mishap::SignedOut { .. }) => Err(StatusCode::NO_CONTENT),
            Err(_) => Err(StatusCode::SERVICE_UNAVAILABLE),
        }
    }
}

/// A form that a visitor sent, from a page of ours and of this session.
pub(super) struct Posted<T> {
    pub(super) visitor: Visitor,
    pub(super) form: T,
}

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Posted<T> {
    type Rejection = Mishap;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Mishap> {
        let (mut parts, body) = request.into_parts();
        let visitor = Visitor::from_request_parts(&mut parts, app).await?;
        expect_own_page(&parts.headers)?;
        let fields = read(body).await?;
        let key = fields.iter().find(|(name, _)| name == "key").map_or("", |(_, value)| value);
        // Compared as digests: how far two of them agree says nothing of the keys.
        if Sha256::digest(key) != Sha256::digest(visitor.form_key()) {
            return Err(Mishap::Forged);
        }
        Ok(Self { form: parse(&fields)?, visitor })
    }
}

/// A form that somebody sent who is not signed in, from a page of ours.
pub(super) struct Knock<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Knock<T> {
    type Rejection = Mishap;

    async fn from_request(request: Request, _: &Arc<App>) -> Result<Self, Mishap> {
        let (parts, body) = request.into_parts();
        expect_own_page(&parts.headers)?;
        Ok(Self(parse(&read(body).await?)?))
    }
}

/// The cookie of a session that begins.
pub(super) fn cookie(session: &Token) -> (http::HeaderName, HeaderValue) {
    let text = format!("{COOKIE_NAME}={}; Path=/; Secure; HttpOnly; SameSite=Lax", session.text());
    (SET_COOKIE, HeaderValue::try_from(text).expect("a token is base64url"))
}

/// What takes the cookie away.
pub(super) fn no_cookie() -> (http::HeaderName, HeaderValue) {
    let text = format!("{COOKIE_NAME}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
    (SET_COOKIE, HeaderValue::try_from(text).expect("it is plain text"))
}

/// The session that a request names, whether it holds or not.
pub(super) fn session(headers: &HeaderMap) -> Option<Token> {
    cookie_of(headers, COOKIE_NAME).and_then(Token::parse)
}

/// What a cookie of this name holds.
pub(super) fn cookie_of<'h>(headers: &'h HeaderMap, wanted: &str) -> Option<&'h str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == wanted).map(|(_, value)| value)
}

/// Where a request comes from. A forwarder on this machine says for whom it asks; its word stands last, after what others may have written.
pub(crate) fn came_from(headers: &HeaderMap, source: SocketAddr) -> IpAddr {
    if !source.ip().is_loopback() {
        return source.ip();
    }
    let said = headers.get_all("x-forwarded-for").iter().next_back().and_then(|value| value.to_str().ok());
    let last = said.and_then(|said| said.rsplit(',').next()).and_then(|last| last.trim().parse().ok());
    last.unwrap_or(source.ip())
}

/// Refuses what another site's page sent. A browser that says neither is an old one, or none: there the key has to do.
fn expect_own_page(headers: &HeaderMap) -> Result<(), Mishap> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let from_elsewhere = header("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none"));
    let host = header(HOST.as_str()).unwrap_or_default();
    let other_origin = header(ORIGIN.as_str())
        .is_some_and(|origin| origin.split_once("://").is_none_or(|(_, authority)| authority != host));
    if from_elsewhere || other_origin { Err(Mishap::Forged) } else { Ok(()) }
}

async fn read(body: Body) -> Result<Vec<(String, String)>, Mishap> {
    let bytes = axum::body::to_bytes(body, FORM_BYTES_MAX).await;
    let bytes = bytes.map_err(|_| Mishap::BadForm(format!("it has more than {FORM_BYTES_MAX} bytes")))?;
    Ok(form_urlencoded::parse(&bytes).into_owned().collect())
}

fn parse<T: DeserializeOwned>(fields: &[(String, String)]) -> Result<T, Mishap> {
    let text: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    serde_urlencoded::from_str(&text).map_err(|error| Mishap::BadForm(error.to_string()))
}

impl App {
    /// Runs a query for a page, away from the threads that serve connections.
    pub(super) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        query: impl FnOnce(&crate::storage::sql::Connection) -> SqlResult<T> + Send + 'static,
    ) -> Result<T, Mishap> {
        let app = Arc::clone(self);
        let read = spawn_blocking(move || app.readers.read(query)).await;
        Ok(read.map_err(|_| Mishap::Failed)??)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn a_form_of_another_site_is_refused() {
        let own = |pairs: &[(&'static str, &'static str)]| expect_own_page(&headers(pairs)).is_ok();
        assert!(own(&[
            ("host", "localhost:8445"),
            ("origin", "http://localhost:8445"),
            ("sec-fetch-site", "same-origin")
        ]));
        assert!(own(&[("host", "localhost:8445")]), "an old browser");
        assert!(!own(&[("host", "localhost:8445"), ("origin", "https://evil.example")]));
        assert!(!own(&[("host", "localhost:8445"), ("origin", "null")]));
        assert!(!own(&[("host", "localhost:8445"), ("sec-fetch-site", "same-site")]));
    }

    #[test]
    fn a_forwarder_on_this_machine_says_for_whom_it_asks_and_nobody_else_does() {
        let source = |text: &str| text.parse::<SocketAddr>().unwrap();
        let from =
            |source: SocketAddr, said| came_from(&headers(&[("x-forwarded-for", said)]), source).to_string();
        assert_eq!(from(source("127.0.0.1:5"), "198.51.100.1, 203.0.113.9"), "203.0.113.9");
        assert_eq!(from(source("127.0.0.1:5"), "nobody"), "127.0.0.1");
        assert_eq!(from(source("192.0.2.7:5"), "203.0.113.9"), "192.0.2.7");
        assert_eq!(came_from(&headers(&[]), source("127.0.0.1:5")).to_string(), "127.0.0.1");
    }

    #[test]
    fn a_session_is_found_among_other_cookies() {
        let token = Token::draw(&afterword_model::ports::SeededEntropy::new(1));
        let value = format!("a=b; {COOKIE_NAME}={}; c=d", token.text());
        let mut map = HeaderMap::new();
        map.insert(COOKIE, HeaderValue::try_from(value).unwrap());
        assert_eq!(session(&map), Some(token));
        assert_eq!(session(&headers(&[("cookie", "__Host-afterword=short")])), None);
    }
}
