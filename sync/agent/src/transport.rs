//! The way to the collector as the loop sees it: a body goes out, a raw answer or a failure comes back.
//!
//! An implementation judges nothing: what an answer means is for [`crate::answer`] alone. It must bound its own
//! time and the answer's size. A failure says only that no answer came; the batch may have been stored.

use std::fmt;
use std::future::Future;

use afterword_protocol::batch::{BATCH_ENCODING, BATCH_MEDIA_TYPE, BATCHES_PATH};
use afterword_protocol::heartbeat::{HEARTBEAT_MEDIA_TYPE, HEARTBEATS_PATH};
use afterword_protocol::renewal::{RENEWAL_MEDIA_TYPE, RENEWALS_PATH};
use bytes::Bytes;

use crate::identity::Identity;
use crate::tls::TlsError;

/// What is brought to the collector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Message {
    /// Records.
    Batch,
    /// What the device says of itself.
    Heartbeat,
    /// A wish for a new certificate.
    Renewal,
}

impl Message {
    /// Its address on the collector's device port.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Batch => BATCHES_PATH,
            Self::Heartbeat => HEARTBEATS_PATH,
            Self::Renewal => RENEWALS_PATH,
        }
    }

    /// Its media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Batch => BATCH_MEDIA_TYPE,
            Self::Heartbeat => HEARTBEAT_MEDIA_TYPE,
            Self::Renewal => RENEWAL_MEDIA_TYPE,
        }
    }

    /// Its content encoding, where it has one.
    #[must_use]
    pub fn encoding(self) -> Option<&'static str> {
        match self {
            Self::Batch => Some(BATCH_ENCODING),
            Self::Heartbeat | Self::Renewal => None,
        }
    }
}

/// The way to the collector under one identity.
pub trait Transport: Send + Sync {
    /// Sends a body and waits for the answer.
    ///
    /// # Errors
    /// [`TransportFailure`] when no answer came.
    fn post(
        &self,
        message: Message,
        body: Bytes,
    ) -> impl Future<Output = Result<RawAnswer, TransportFailure>> + Send;

    /// The same way under another identity, to try a new certificate or CA before the old one is let go.
    ///
    /// # Errors
    /// [`TlsError`] when the identity's certificates cannot be used.
    fn with_identity(&self, identity: &Identity) -> Result<Self, TlsError>
    where
        Self: Sized;

    /// Somebody trusted says that it is now at least this late, in milliseconds since 1970. A transport that
    /// checks certificates on a device without a clock may use it.
    fn time_is_at_least(&self, _wall_ms: i64) {}
}

/// An answer as it came, nothing in it believed yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RawAnswer {
    /// The HTTP status.
    pub status: u16,
    /// `Content-Type`, where there is one that is text.
    pub content_type: Option<String>,
    /// `Retry-After`.
    pub retry_after: Option<String>,
    /// `Date`.
    pub date: Option<String>,
    /// The body; empty when it was longer than [`afterword_protocol::limits::ANSWER_BODY_MAX`].
    pub body: Vec<u8>,
}

impl RawAnswer {
    /// Whether the answer says it is of this media type; parameters and case do not matter.
    #[must_use]
    pub fn is_of_type(&self, media_type: &str) -> bool {
        let essence = self.content_type.as_deref().and_then(|value| value.split(';').next());
        essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case(media_type))
    }
}

/// Why no answer came, as far as a technician can do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The collector's name has no address here.
    Dns,
    /// Nobody listens at the address.
    Refused,
    /// The other end's certificate is not from the CA this device trusts.
    Untrusted,
    /// The other end's certificate is for another name.
    WrongName,
    /// The other end's certificate is not valid yet, by this device's clock.
    NotYetValid,
    /// The other end's certificate is no longer valid, by this device's clock.
    Expired,
    /// The collector did not take this device's certificate.
    OwnCertificateRefused,
    /// No answer in time.
    TimedOut,
    /// Anything else.
    Other,
}

/// No answer came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct TransportFailure {
    /// Why, for whoever decides.
    pub cause: Cause,
    /// `host:port` that was to be reached.
    pub host: String,
    /// What the library below said.
    pub detail: String,
}

impl fmt::Display for TransportFailure {
    /// One sentence for the technician: what happened, where, and what to do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cause, host, detail } = self;
        match cause {
            Cause::Dns => write!(
                f,
                "the name in {host} cannot be looked up: check the network connection and the DNS server"
            ),
            Cause::Refused => {
                write!(f, "nobody listens at {host}: check the address, and that the collector runs")
            }
            Cause::Untrusted => write!(
                f,
                "whoever answers at {host} has no certificate from the collector's CA ({detail}): a proxy or hotspot may stand in between, or the CA file is another collector's"
            ),
            Cause::WrongName => {
                write!(
                    f,
                    "the certificate at {host} is for another name: use the name the collector was set up with"
                )
            }
            Cause::NotYetValid => write!(
                f,
                "the certificate at {host} is not valid yet by this device's clock: set the clock, or that of the collector"
            ),
            Cause::Expired => write!(
                f,
                "the certificate at {host} has expired by this device's clock: check the clock, then renew the collector's certificate"
            ),
            Cause::OwnCertificateRefused => write!(
                f,
                "the collector at {host} does not take this device's certificate ({detail}): it may have expired or belong to another collector; enrol the device again"
            ),
            Cause::TimedOut => write!(f, "no answer from {host} in time: check the network connection"),
            Cause::Other => write!(f, "the connection to {host} failed ({detail}): it is tried again"),
        }
    }
}
