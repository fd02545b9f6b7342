//! Answers: pages of lists, and what tells a program that nothing has changed.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH, LINK,
};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use super::BASE;
use super::asked::{Asked, cursor};

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page<T> {
    /// What is on it.
    pub(super) items: Vec<T>,
    /// What goes into `cursor` for the next page; none at the end. A page may hold fewer items than `limit`, or none, and still have a next.
    pub(super) next: Option<String>,
}

impl<T> Page<T> {
    /// The first so many of these rows, of which there is one more where another page follows; `name` is what the next begins after.
    pub(super) fn cut<R>(
        mut rows: Vec<R>,
        limit: usize,
        name: impl FnOnce(&R) -> String,
        item: impl FnMut(R) -> T,
    ) -> Self {
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|last| cursor(&name(last)));
        Self { items: rows.into_iter().map(item).collect(), next }
    }
}

/// A page, with a link to the next.
pub(super) fn page<T: Serialize>(headers: &HeaderMap, path: &str, asked: &Asked, page: &Page<T>) -> Response {
    let link =
        page.next.as_ref().map(|next| format!("<{BASE}{path}?{}>; rel=\"next\"", asked.with_cursor(next)));
    let mut response = json(headers, page);
    if let Some(link) = link.and_then(|link| HeaderValue::try_from(link).ok()) {
        response.headers_mut().insert(LINK, link);
    }
    response
}

/// One thing, as JSON; nothing where the program has just this already (RFC 9110, 13.1.2).
pub(super) fn json<T: Serialize>(headers: &HeaderMap, body: &T) -> Response {
    let bytes = serde_json::to_vec(body).expect("what is answered holds only texts, numbers and lists");
    let tag = data_encoding::BASE64URL_NOPAD.encode(&Sha256::digest(&bytes)[..18]);
    let tag = format!("\"{tag}\"");
    let etag = HeaderValue::try_from(&tag).expect("it is base64url");
    // Kept by the program alone, and asked about each time.
    let kept = HeaderValue::from_static("private, no-cache");
    let common: [(HeaderName, HeaderValue); 2] = [(ETAG, etag), (CACHE_CONTROL, kept)];
    if matches(headers, &tag) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    (common, [(CONTENT_TYPE, "application/json")], bytes).into_response()
}

/// What was changed, as it is now. There is no condition to it any more, and it may hold what shoppers said, so that nobody keeps it.
pub(super) fn changed<T: Serialize>(body: &T) -> Response {
    let bytes = serde_json::to_vec(body).expect("what is answered holds only texts, numbers and lists");
    let headers = [(CACHE_CONTROL, "no-store"), (CONTENT_TYPE, "application/json")];
    (headers, bytes).into_response()
}

/// Something that was made. It may hold a secret, so that nobody keeps it.
pub(super) fn created<T: Serialize>(location: &str, body: &T) -> Response {
    let bytes = serde_json::to_vec(body).expect("what is answered holds only texts, numbers and lists");
    let location = format!("{BASE}{location}");
    let headers = [(http::header::LOCATION, location), (CONTENT_TYPE, "application/json".into())];
    (StatusCode::CREATED, headers, bytes).into_response()
}

fn matches(headers: &HeaderMap, tag: &str) -> bool {
    let given = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = given.flat_map(|value| value.split(',')).map(str::trim);
    tags.any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}
