//! What the collector says to a request, before it is HTTP: status, media type, bytes, and the few header fields that
//! a client has to know of.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

/// One answer.
#[derive(Debug)]
pub(crate) struct Reply {
    /// One of HTTP's.
    pub(crate) status: u16,
    pub(crate) media_type: &'static str,
    pub(crate) body: Vec<u8>,
    /// Seconds after which to come back.
    pub(crate) retry_after_s: Option<u64>,
    /// The connection ends with this answer.
    pub(crate) closes: bool,
    /// Names the only method the address takes.
    pub(crate) allows_post: bool,
}

impl Reply {
    /// A value as JSON under its media type.
    ///
    /// # Panics
    /// Never for the protocol's types: they hold only texts, numbers and lists of them.
    pub(crate) fn json(status: u16, media_type: &'static str, value: &impl Serialize) -> Self {
        let body = serde_json::to_vec(value).expect("the protocol's types hold only texts and numbers");
        Self { status, media_type, body, retry_after_s: None, closes: false, allows_post: false }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).expect("the protocol's statuses are HTTP's");
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.allows_post {
            headers.insert(ALLOW, HeaderValue::from_static("POST"));
        }
        if self.closes {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
