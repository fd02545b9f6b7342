//! One try of one message: signed, sent to an address that was looked at, and what came of it.
//!
//! Five seconds in all, no redirect followed, nothing of the answer's body read, no proxy of the environment used.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER, USER_AGENT};
use reqwest::redirect::Policy;

use super::address::PrivateNetworks;
use super::guard::{self, Guard};
use crate::listen::tls;
use crate::storage::webhooks::Destination;

/// A receiver that takes longer has not taken it.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(5);

/// Connections to one receiver that are kept open for the next message.
const IDLE_CONNECTIONS: usize = 4;

/// How long.
const IDLE: Duration = Duration::from_secs(30);

/// Bytes that are shown of where a receiver sends us on to.
const SHOWN_BYTES_MAX: usize = 200;

/// What came of a try.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The receiver has it.
    Delivered(u16),
    /// It wants nothing any more (410).
    Gone,
    /// Not this time.
    Failed {
        /// What was answered, where anything was.
        status: Option<u16>,
        /// Why, in words.
        why: String,
        /// How long it asked to be left alone, in milliseconds.
        put_off_ms: Option<i64>,
    },
}

/// Sends messages.
pub(crate) struct Sender {
    secure: (Guard, reqwest::Client),
    plain: (Guard, reqwest::Client),
}

/// What is sent.
pub(crate) struct Message<'m> {
    /// The message's name.
    pub(crate) id: &'m str,
    pub(crate) body: Vec<u8>,
    /// Now, by the collector's clock.
    pub(crate) now_ms: i64,
}

impl Sender {
    /// One that reaches the internet and these networks.
    pub(crate) fn new(own: PrivateNetworks) -> Result<Self, SenderError> {
        let own = Arc::new(own);
        let way = |is_plain| -> Result<(Guard, reqwest::Client), SenderError> {
            let guard = Guard::new(Arc::clone(&own), is_plain);
            let client = reqwest::Client::builder()
                .tls_backend_preconfigured(tls::outward()?)
                .dns_resolver(Arc::new(guard.clone()))
                .redirect(Policy::none())
                .no_proxy()
                .timeout(TIMEOUT)
                .pool_max_idle_per_host(IDLE_CONNECTIONS)
                .pool_idle_timeout(IDLE)
                .build()?;
            Ok((guard, client))
        };
        Ok(Self { secure: way(false)?, plain: way(true)? })
    }

    /// Tries once.
    pub(crate) async fn send(&self, to: &Destination, message: Message<'_>) -> Outcome {
        let failed = |why: String| Outcome::Failed { status: None, why, put_off_ms: None };
        let url = match guard::parse(&to.url) {
            Ok(url) => url,
            Err(error) => return failed(error.to_string()),
        };
        let (guard, client) = if url.scheme() == "https" { &self.secure } else { &self.plain };
        let refused = |refused: &guard::Refused| {
            tracing::info!(id = message.id, %refused, "a message was not sent");
            failed(refused.said().to_owned())
        };
        if let Err(error) = guard.expect_written(&url) {
            return refused(&error);
        }
        let Message { id, body, now_ms } = message;
        let now_s = now_ms.div_euclid(1_000);
        let secrets = std::iter::once(&to.secret).chain(&to.former);
        let signatures: Vec<String> = secrets.map(|secret| secret.sign(id, now_s, &body)).collect();
        let request = client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("Afterword/", env!("CARGO_PKG_VERSION")))
            .header("webhook-id", id)
            .header("webhook-timestamp", now_s)
            .header("webhook-signature", signatures.join(" "))
            .body(body);
        match request.send().await {
            Ok(answer) => judge(answer.status(), answer.headers(), now_ms),
            Err(error) => match guard::refusal(&error) {
                Some(error) => refused(error),
                None => failed(reason(&error)),
            },
        }
    }
}

/// The way out cannot be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SenderError {
    #[error(transparent)]
    Tls(#[from] rustls::Error),
    #[error(transparent)]
    Http(#[from] reqwest::Error),
}

fn judge(status: StatusCode, headers: &HeaderMap, now_ms: i64) -> Outcome {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let failed = |why, put_off_ms| Outcome::Failed { status: Some(status.as_u16()), why, put_off_ms };
    match status {
        _ if status.is_success() => Outcome::Delivered(status.as_u16()),
        StatusCode::GONE => Outcome::Gone,
        _ if status.is_redirection() => {
            let to: String = header(LOCATION).unwrap_or("elsewhere").chars().take(SHOWN_BYTES_MAX).collect();
            failed(
                format!("it sends us on to {to}, and redirects are not followed; give that address itself"),
                None,
            )
        }
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            let put_off_ms = header(RETRY_AFTER).and_then(|text| retry_after_ms(text, now_ms));
            failed(format!("it answered {status}"), put_off_ms)
        }
        _ => failed(format!("it answered {status}"), None),
    }
}

/// Seconds, or a moment (RFC 9110, 10.2.3).
fn retry_after_ms(text: &str, now_ms: i64) -> Option<i64> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(i64::from(seconds) * 1_000);
    }
    let moment = chrono::DateTime::parse_from_rfc2822(text).ok()?;
    Some(moment.timestamp_millis().saturating_sub(now_ms))
}

/// Why there is no answer, without the address, which stands beside it anyway.
fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("it did not answer within {} s", TIMEOUT.as_secs());
    }
    let mut innermost: &dyn Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let what = if error.is_connect() { "no connection" } else { "the connection broke" };
    format!("{what}: {innermost}")
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn judged(status: u16, headers: &[(http::HeaderName, &'static str)]) -> Outcome {
        let headers = headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
        judge(StatusCode::from_u16(status).unwrap(), &headers.collect(), 1_792_000_000_000)
    }

    #[test]
    fn an_answer_is_taken_for_what_it_says() {
        assert_eq!(judged(204, &[]), Outcome::Delivered(204));
        assert_eq!(judged(410, &[]), Outcome::Gone);
        let put_off = |status, text| match judged(status, &[(RETRY_AFTER, text)]) {
            Outcome::Failed { put_off_ms, .. } => put_off_ms,
            other => panic!("{other:?}"),
        };
        assert_eq!((put_off(429, "120"), put_off(503, " 7 ")), (Some(120_000), Some(7_000)));
        // 2026-10-14T17:46:40Z is the moment that it is asked at.
        assert_eq!(put_off(503, "Wed, 14 Oct 2026 17:47:40 GMT"), Some(60_000));
        assert_eq!((put_off(503, "soon"), put_off(500, "120")), (None, None));
        let Outcome::Failed { status, why, .. } = judged(308, &[(LOCATION, "http://127.0.0.1/")]) else {
            panic!("it was followed");
        };
        assert_eq!(status, Some(308));
        assert!(why.contains("http://127.0.0.1/") && why.contains("not followed"), "{why}");
    }
}
