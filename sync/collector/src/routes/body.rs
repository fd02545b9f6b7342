//! A request's body, bounded in bytes and in time.

use std::time::Duration;

use afterword_protocol::limits::OVERSIZE_DRAINED_MAX;
use axum::body::Body;
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use tokio::time::timeout;

use crate::refusal::Refusal;

/// Reads a body of at most `bytes_max` bytes. What is beyond is read on for a while and thrown away, so that
/// the client hears why.
pub(super) async fn read(body: Body, bytes_max: usize, within: Duration) -> Result<Vec<u8>, Refusal> {
    timeout(within, collect(body, bytes_max)).await.unwrap_or_else(|_| Err(Refusal::timed_out("the body")))
}

async fn collect(mut body: Body, bytes_max: usize) -> Result<Vec<u8>, Refusal> {
    let drained_max = bytes_max + OVERSIZE_DRAINED_MAX;
    if usize::try_from(body.size_hint().lower()).map_or(true, |announced| announced > drained_max) {
        return Err(Refusal::too_large(bytes_max));
    }
    let mut bytes = Vec::new();
    let mut seen = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::malformed("the body broke off"))?;
        let Some(data) = frame.data_ref() else { continue };
        seen += data.len();
        if seen <= bytes_max {
            bytes.extend_from_slice(data);
        } else if seen > drained_max {
            break;
        } else {
            bytes = Vec::new();
        }
    }
    if seen > bytes_max { Err(Refusal::too_large(bytes_max)) } else { Ok(bytes) }
}
