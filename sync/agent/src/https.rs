//! The real [`Transport`]: HTTPS to the collector, and the one POST that enrolment needs too.
//!
//! No redirects (a receipt from elsewhere is none), no proxies from the environment (TLS ends at the
//! collector), no repeated requests behind the loop's back. Time and the answer's size are bounded.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use afterword_model::ports::Clock;
use afterword_protocol::limits::{ANSWER_BODY_MAX, CONNECT_TIMEOUT_MS, REQUEST_TOTAL_TIMEOUT_MS};
use bytes::Bytes;
use reqwest::header::{
    CONTENT_ENCODING, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER,
};
use reqwest::{Client, Url};
use rustls::{CertificateError, ClientConfig};

use crate::answer::shown;
use crate::identity::Identity;
use crate::tls::{self, FlooredTime, TlsError};
use crate::transport::{Cause, Message, RawAnswer, Transport, TransportFailure};

/// Bounds on the time of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// To look the name up and to connect, TLS included, in milliseconds.
    pub connect_ms: u64,
    /// For the whole of it, in milliseconds: a half-open connection is given up then.
    pub total_ms: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect_ms: CONNECT_TIMEOUT_MS, total_ms: REQUEST_TOTAL_TIMEOUT_MS }
    }
}

impl Timeouts {
    /// For a shop on a desk, where a person watches: a line that says nothing is given up within seconds.
    #[must_use]
    pub fn brisk() -> Self {
        Self { connect_ms: 5_000, total_ms: 10_000 }
    }
}

/// An unused connection is closed after this, before home routers forget it, in milliseconds.
const IDLE_MS: u64 = 45_000;

/// Reaches the collector's device port over mutual TLS.
pub struct HttpsTransport {
    client: Client,
    collector_url: String,
    clock: Arc<dyn Clock>,
    timeouts: Timeouts,
    time: Arc<FlooredTime>,
}

impl HttpsTransport {
    /// Takes certificate, CA and address from the identity.
    ///
    /// # Errors
    /// [`TlsError`] when the identity's certificates cannot be used.
    pub fn new(identity: &Identity, clock: Arc<dyn Clock>, timeouts: Timeouts) -> Result<Self, TlsError> {
        let time = Arc::new(FlooredTime::new(Arc::clone(&clock), identity.certificate_not_before_ms()));
        let client = client(tls::mutual(identity.enrolled(), identity.key(), Arc::clone(&time))?, timeouts)?;
        let collector_url = identity.enrolled().collector_url.clone();
        if endpoint(&collector_url, "/").is_none() {
            return Err(TlsError::Unusable("collector_url is not https://HOST[:PORT]".into()));
        }
        Ok(Self { client, collector_url, clock, timeouts, time })
    }
}

impl Transport for HttpsTransport {
    async fn post(&self, message: Message, body: Bytes) -> Result<RawAnswer, TransportFailure> {
        let mut headers = vec![(CONTENT_TYPE, message.media_type())];
        headers.extend(message.encoding().map(|encoding| (CONTENT_ENCODING, encoding)));
        let url =
            endpoint(&self.collector_url, message.path()).expect("the address was checked when it came");
        let answer = post(&self.client, &url, &headers, body).await;
        match answer.as_ref().map_err(|failure| failure.cause) {
            Err(Cause::NotYetValid) => self.time.was_too_early(),
            Err(Cause::Expired) => self.time.was_too_late(),
            _ => {}
        }
        answer
    }

    fn with_identity(&self, identity: &Identity) -> Result<Self, TlsError> {
        let other = Self::new(identity, Arc::clone(&self.clock), self.timeouts)?;
        other.time.take_over(&self.time);
        Ok(other)
    }

    fn time_is_at_least(&self, wall_ms: i64) {
        self.time.time_is_at_least(wall_ms);
    }
}

/// An address on the collector, when `base` is `https://HOST[:PORT]`.
pub(crate) fn endpoint(base: &str, path: &str) -> Option<Url> {
    let url: Url = base.parse().ok()?;
    if url.scheme() == "https" && url.host_str().is_some() { url.join(path).ok() } else { None }
}

/// A client that speaks only as this program may.
pub(crate) fn client(tls: ClientConfig, timeouts: Timeouts) -> Result<Client, TlsError> {
    Client::builder()
        .tls_backend_preconfigured(tls)
        .https_only(true)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .dns_resolver(Arc::new(SystemResolver))
        .connect_timeout(Duration::from_millis(timeouts.connect_ms))
        .timeout(Duration::from_millis(timeouts.total_ms))
        .pool_idle_timeout(Duration::from_millis(IDLE_MS))
        .pool_max_idle_per_host(1)
        .user_agent(concat!("afterword-sync/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| TlsError::Unusable(innermost(&error)))
}

/// Sends a body and reads the answer, both bounded.
pub(crate) async fn post(
    client: &Client,
    url: &Url,
    headers: &[(HeaderName, &'static str)],
    body: Bytes,
) -> Result<RawAnswer, TransportFailure> {
    let headers: HeaderMap =
        headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect();
    let answered = async {
        let mut response = client.post(url.clone()).headers(headers).body(body).send().await?;
        let mut answer = RawAnswer {
            status: response.status().as_u16(),
            content_type: text(response.headers(), &CONTENT_TYPE),
            retry_after: text(response.headers(), &RETRY_AFTER),
            date: text(response.headers(), &DATE),
            body: Vec::new(),
        };
        while let Some(chunk) = response.chunk().await? {
            if answer.body.len() + chunk.len() > ANSWER_BODY_MAX {
                // Nothing of ours is that long, and half an answer is none. The connection goes with it.
                answer.body.clear();
                break;
            }
            answer.body.extend_from_slice(&chunk);
        }
        Ok(answer)
    };
    answered.await.map_err(|error: reqwest::Error| TransportFailure {
        cause: cause_of(&error),
        host: authority(url),
        detail: shown(&innermost(&error)),
    })
}

/// `host:port` as a person would type it.
pub(crate) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn cause_of(error: &reqwest::Error) -> Cause {
    if let Some(tls) = causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        return cause_of_tls(tls);
    }
    if causes(error).any(<dyn Error>::is::<NameNotFound>) {
        return Cause::Dns;
    }
    let kind = |wanted| {
        causes(error)
            .filter_map(|cause| cause.downcast_ref::<io::Error>())
            .any(|error| error.kind() == wanted)
    };
    if kind(io::ErrorKind::ConnectionRefused) {
        Cause::Refused
    } else if error.is_timeout() || kind(io::ErrorKind::TimedOut) {
        Cause::TimedOut
    } else {
        Cause::Other
    }
}

pub(crate) fn cause_of_tls(error: &rustls::Error) -> Cause {
    use rustls::AlertDescription as Alert;
    match error {
        rustls::Error::InvalidCertificate(certificate) => match certificate {
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Cause::NotYetValid,
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Cause::Expired,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Cause::WrongName
            }
            _ => Cause::Untrusted,
        },
        rustls::Error::AlertReceived(
            Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::CertificateRequired
            | Alert::UnknownCA
            | Alert::AccessDenied
            | Alert::DecryptError,
        ) => Cause::OwnCertificateRefused,
        _ => Cause::Other,
    }
}

/// An error and everything under it.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| beneath(*error))
}

/// `io::Error` hides what it wraps from `source`, so it is opened by hand.
fn beneath<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
        None => error.source(),
    }
}

fn innermost(error: &reqwest::Error) -> String {
    causes(error).last().map_or_else(String::new, ToString::to_string)
}

/// The system's resolver, with an error of its own type so that it can be told from others.
#[derive(Debug)]
struct SystemResolver;

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct NameNotFound(io::Error);

impl reqwest::dns::Resolve for SystemResolver {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        Box::pin(async move {
            // The port is filled in from the address later.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(NameNotFound)?;
            let found: Vec<_> = found.collect();
            Ok(Box::new(found.into_iter()) as reqwest::dns::Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use afterword_protocol::batch::BATCHES_PATH;

    use super::*;

    #[test]
    fn an_endpoint_is_https_at_a_host() {
        let url = endpoint("https://collector.example:8443", BATCHES_PATH).unwrap();
        assert_eq!(url.as_str(), "https://collector.example:8443/v1/batches");
        assert_eq!(authority(&url), "collector.example:8443");
        for wrong in ["http://collector.example", "collector.example:8443", "", "https://", "/v1"] {
            assert_eq!(endpoint(wrong, BATCHES_PATH), None, "{wrong}");
        }
    }

    /// A resolver that knows nobody.
    struct NoNames;

    impl reqwest::dns::Resolve for NoNames {
        fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
            Box::pin(async { Err(NameNotFound(io::Error::other("no such name")).into()) })
        }
    }

    #[tokio::test]
    async fn a_name_that_is_not_found_is_told_from_a_dead_address() {
        let clock = Arc::new(afterword_model::ports::ManualClock::at(0));
        let ca_pem = crate::testing::identity(1).enrolled().collector_ca_pem.clone();
        let tls = tls::anonymous(&ca_pem, Arc::new(FlooredTime::new(clock, 0))).unwrap();
        let builder = Client::builder().tls_backend_preconfigured(tls).dns_resolver(Arc::new(NoNames));
        let url = endpoint("https://collector.example:8443", BATCHES_PATH).unwrap();
        let failure = post(&builder.build().unwrap(), &url, &[], Bytes::new()).await.unwrap_err();
        assert_eq!((failure.cause, failure.detail.as_str()), (Cause::Dns, "no such name"));
        assert!(failure.to_string().contains("collector.example"), "{failure}");
    }

    #[test]
    fn a_tls_error_is_found_however_deep_it_lies() {
        let tls = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let error = io::Error::other(io::Error::other(tls));
        let found = causes(&error).find_map(|cause| cause.downcast_ref::<rustls::Error>());
        assert_eq!(cause_of_tls(found.unwrap()), Cause::Untrusted);
    }
}
