//! The bodies that programs send: JSON, bounded, with nothing unknown in it.

use axum::extract::Request;
use http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// Bytes of a body at most: a change in as many languages as there may be.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Reads the body of a request.
pub(super) async fn json<T: DeserializeOwned>(request: Request) -> Result<T, Problem> {
    json_of(request, BODY_BYTES_MAX).await
}

/// The same where a body may have so many bytes.
pub(super) async fn json_of<T: DeserializeOwned>(request: Request, bytes_max: usize) -> Result<T, Problem> {
    let (parts, body) = request.into_parts();
    let media_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = media_type.and_then(|text| text.split(';').next()).map(str::trim);
    if !essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json")) {
        return Err(Problem::UnsupportedType);
    }
    let bytes = axum::body::to_bytes(body, bytes_max).await;
    let bytes = bytes.map_err(|_| Problem::TooLarge(bytes_max))?;
    let value: serde_json::Value = serde_json::from_slice(&bytes)
        .map_err(|error| Problem::Malformed(format!("the body is no JSON: {error}; correct it")))?;
    serde_json::from_value(value)
        .map_err(|error| Problem::Unfit { parameter: None, detail: format!("{error}; correct the body") })
}
