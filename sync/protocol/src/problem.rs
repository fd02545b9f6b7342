//! What a collector says when it will not do as asked: `application/problem+json` (RFC 9457).
//!
//! An agent acts on `type` alone, and only on the ones here; `title` and `detail` are for people. An answer
//! without one of these types is nobody's decision and means "try again later".

use afterword_model::record::Seq;
use serde::{Deserialize, Serialize};

/// Media type of a problem.
pub const PROBLEM_MEDIA_TYPE: &str = "application/problem+json";

/// What went wrong, as its `type` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ProblemType {
    /// 400: the body is no batch, no request of this kind, or not signed by this device.
    #[serde(rename = "urn:afterword:problem:malformed")]
    Malformed,
    /// 413: more bytes or records than one request may have.
    #[serde(rename = "urn:afterword:problem:too-large")]
    TooLarge,
    /// 422: the batch is sound, one record in it cannot be read; `seq` names it. Sent alone it will be parked.
    #[serde(rename = "urn:afterword:problem:record-unreadable")]
    RecordUnreadable,
    /// 409: the batch does not follow on what the collector holds; `mark` says how far that is.
    #[serde(rename = "urn:afterword:problem:not-contiguous")]
    NotContiguous,
    /// 409: the collector holds other bytes under a number of this batch. It keeps both and takes no side.
    #[serde(rename = "urn:afterword:problem:chain-conflict")]
    ChainConflict,
    /// 401: no usable certificate, or the enrolment code is unknown, used or too old.
    #[serde(rename = "urn:afterword:problem:not-authenticated")]
    NotAuthenticated,
    /// 403: the device is known and may not do this: it was revoked, or speaks for another.
    #[serde(rename = "urn:afterword:problem:not-allowed")]
    NotAllowed,
    /// 404: there is nothing at this address.
    #[serde(rename = "urn:afterword:problem:not-found")]
    NotFound,
    /// 405: this address takes another method.
    #[serde(rename = "urn:afterword:problem:method-not-allowed")]
    MethodNotAllowed,
    /// 415: not the media type or content encoding this address takes.
    #[serde(rename = "urn:afterword:problem:unsupported-media-type")]
    UnsupportedMediaType,
    /// 408: the request did not arrive within its time.
    #[serde(rename = "urn:afterword:problem:timed-out")]
    TimedOut,
    /// 429 or 503: too much at once; `Retry-After` says when to come back.
    #[serde(rename = "urn:afterword:problem:busy")]
    Busy,
    /// 500: the collector's own fault; nothing was stored.
    #[serde(rename = "urn:afterword:problem:internal")]
    Internal,
}

/// A problem's body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What an agent acts on.
    #[serde(rename = "type")]
    pub kind: ProblemType,
    /// The kind in words, always the same for one `type`.
    pub title: String,
    /// The HTTP status, repeated for whoever sees only the body.
    pub status: u16,
    /// What happened this time, where, and what to do.
    pub detail: String,
    /// With `not-contiguous` and `chain-conflict`: the last record the collector holds of this store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Seq>,
    /// With `record-unreadable`: the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
    /// With `not-authenticated` and `not-allowed`: what of the device is the reason. A collector of before does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<ProblemReason>,
    /// Which request it is about, for who has to find it in the collector's log. A collector of before does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
}

/// Why a device is not let in, so that a test of its network can tell a technician; an agent acts on the type alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemReason {
    /// It was revoked.
    Revoked,
    /// It was retired for good.
    Retired,
    /// Its key is no device's, or no longer.
    UnknownKey,
    /// Its certificate has expired.
    CertificateExpired,
    /// A reason of a newer collector.
    #[serde(other)]
    Other,
}

impl ProblemType {
    /// The status it is sent with, and its title.
    #[must_use]
    pub fn status_and_title(self) -> (u16, &'static str) {
        match self {
            Self::Malformed => (400, "The request cannot be read"),
            Self::TooLarge => (413, "The request is too large"),
            Self::RecordUnreadable => (422, "A record cannot be read"),
            Self::NotContiguous => (409, "The batch does not follow on what is held"),
            Self::ChainConflict => (409, "Other bytes are held under the same number"),
            Self::NotAuthenticated => (401, "Not authenticated"),
            Self::NotAllowed => (403, "Not allowed"),
            Self::NotFound => (404, "Nothing is here"),
            Self::MethodNotAllowed => (405, "This address takes another method"),
            Self::UnsupportedMediaType => (415, "Not the media type this address takes"),
            Self::TimedOut => (408, "The request took too long"),
            Self::Busy => (503, "Busy"),
            Self::Internal => (500, "The collector failed"),
        }
    }

    /// The problem with its details for people.
    #[must_use]
    pub fn with_detail(self, detail: impl Into<String>) -> Problem {
        let (status, title) = self.status_and_title();
        Problem {
            kind: self,
            title: title.to_owned(),
            status,
            detail: detail.into(),
            mark: None,
            seq: None,
            reason: None,
            instance: None,
        }
    }
}

impl Problem {
    /// Names the last record the collector holds.
    #[must_use]
    pub fn at_mark(self, mark: Seq) -> Self {
        Self { mark: Some(mark), ..self }
    }

    /// Names what of the device is the reason.
    #[must_use]
    pub fn because(self, reason: ProblemReason) -> Self {
        Self { reason: Some(reason), ..self }
    }

    /// Names the record it is about.
    #[must_use]
    pub fn about(self, seq: Seq) -> Self {
        Self { seq: Some(seq), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_as_rfc_9457_has_it() {
        let problem = ProblemType::NotContiguous.with_detail("send from 5").at_mark(4);
        assert_eq!(
            serde_json::to_string(&problem).unwrap(),
            r#"{"type":"urn:afterword:problem:not-contiguous","title":"The batch does not follow on what is held","status":409,"detail":"send from 5","mark":4}"#
        );
    }

    #[test]
    fn a_strangers_problem_is_not_ours() {
        let text = r#"{"type":"about:blank","title":"x","status":409,"detail":"x"}"#;
        assert!(serde_json::from_str::<Problem>(text).is_err());
    }
}
