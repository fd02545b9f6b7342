//! The one place where what went wrong becomes an answer.
//!
//! Every refusal is `application/problem+json` with one of the protocol's types; the agent's table in
//! PROTOCOL.md hangs on these. Details name what happened and what to do, and never what the collector's
//! own insides said: that goes to the log.

use afterword_protocol::batch::BatchError;
use afterword_protocol::limits::BUSY_RETRY_AFTER_S;
use afterword_protocol::problem::{PROBLEM_MEDIA_TYPE, Problem, ProblemReason, ProblemType};
use axum::response::{IntoResponse, Response};

use crate::reply::Reply;
use crate::request_id::RequestId;
use crate::storage::devices::{Claim, Identity};
use crate::storage::ingest::Ingested;
use crate::storage::{SqlFault, StorageError};

/// An answer that is a problem.
#[derive(Debug)]
pub(crate) struct Refusal {
    problem: Box<Problem>,
    retry_after_s: Option<u64>,
    closes: bool,
}

impl Refusal {
    /// 400: what came cannot be read.
    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        ProblemType::Malformed.with_detail(detail).into()
    }

    /// 413. The connection is closed: part of the body may still be on its way.
    pub(crate) fn too_large(bytes_max: usize) -> Self {
        let detail = format!("the body has more than {bytes_max} bytes; send fewer records at once");
        Self { closes: true, ..ProblemType::TooLarge.with_detail(detail).into() }
    }

    /// 415, with what the address takes.
    pub(crate) fn unsupported(header: &str, wanted: &str) -> Self {
        ProblemType::UnsupportedMediaType.with_detail(format!("this address takes {header}: {wanted}")).into()
    }

    /// 408. The connection is closed: what follows on it would be the rest of this request.
    pub(crate) fn timed_out(what: &str) -> Self {
        let detail = format!(
            "{what} did not come to its end in time; send it again, in smaller batches on a slow link"
        );
        Self { closes: true, ..ProblemType::TimedOut.with_detail(detail).into() }
    }

    /// 503, soon again.
    pub(crate) fn busy() -> Self {
        let problem =
            ProblemType::Busy.with_detail("too many batches are being stored just now; come back later");
        Self { retry_after_s: Some(BUSY_RETRY_AFTER_S), ..problem.into() }
    }

    /// 429, not before so many seconds.
    pub(crate) fn throttled(retry_after_s: u64) -> Self {
        let detail =
            format!("too many failed enrolments; try again in {retry_after_s} s with the right code");
        let problem = Problem { status: 429, ..ProblemType::Busy.with_detail(detail) };
        Self { retry_after_s: Some(retry_after_s), ..problem.into() }
    }

    /// 404.
    pub(crate) fn not_found() -> Self {
        ProblemType::NotFound
            .with_detail("there is nothing at this address; PROTOCOL.md lists what there is")
            .into()
    }

    /// 405.
    pub(crate) fn method_not_allowed() -> Self {
        ProblemType::MethodNotAllowed.with_detail("this address takes POST only").into()
    }

    /// 401 for a request without a usable certificate.
    pub(crate) fn not_authenticated(detail: &str) -> Self {
        ProblemType::NotAuthenticated.with_detail(detail).into()
    }

    /// 403 for a device that was revoked.
    pub(crate) fn revoked() -> Self {
        let detail = "this device was revoked; its records stay on it until it is enrolled anew";
        ProblemType::NotAllowed.with_detail(detail).because(ProblemReason::Revoked).into()
    }

    /// 403 for a device that was taken away for good.
    pub(crate) fn retired() -> Self {
        let detail = "this device was retired for good and no code enrols it again; its records stay on it, and under another name it can be enrolled as a new device";
        ProblemType::NotAllowed.with_detail(detail).because(ProblemReason::Retired).into()
    }

    /// 401 for a key that is no device's: never was, or no longer since its device was enrolled again.
    pub(crate) fn unknown_key() -> Self {
        let detail = "the collector does not know this device by this key; it was enrolled again elsewhere, or has to be enrolled anew";
        ProblemType::NotAuthenticated.with_detail(detail).because(ProblemReason::UnknownKey).into()
    }

    /// 401 for a device whose certificate has expired.
    pub(crate) fn certificate_expired() -> Self {
        let detail = "the certificate has expired; renew it";
        ProblemType::NotAuthenticated.with_detail(detail).because(ProblemReason::CertificateExpired).into()
    }

    /// 403 for a batch or a heartbeat under another device's name.
    pub(crate) fn other_device() -> Self {
        let detail = "another device is named than in the certificate; a device speaks for itself only";
        ProblemType::NotAllowed.with_detail(detail).into()
    }

    /// 500. Nothing was stored; the reason is in the collector's log.
    pub(crate) fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a request failed");
        ProblemType::Internal
            .with_detail("the collector failed and stored nothing; send it again later")
            .into()
    }

    /// The refusal that an ingest's outcome is; `Ok` with the time since which the batch is held otherwise.
    pub(crate) fn unless_held(outcome: Ingested) -> Result<i64, Self> {
        let problem = match outcome {
            Ingested::Held { received_ms } => return Ok(received_ms),
            Ingested::Revoked => return Err(Self::revoked()),
            Ingested::Retired => return Err(Self::retired()),
            Ingested::Replaced => return Err(Self::unknown_key()),
            Ingested::NotContiguous { mark } => ProblemType::NotContiguous
                .with_detail(format!("records up to {mark} are held; send from {} on", mark + 1))
                .at_mark(mark),
            Ingested::Conflict { mark, seq } => ProblemType::ChainConflict
                .with_detail(format!(
                    "record {seq} or the chain before it is not what is held, up to {mark}; both were kept, tell the operator"
                ))
                .at_mark(mark),
            Ingested::Unreadable { seq, reason } => ProblemType::RecordUnreadable
                .with_detail(format!("record {seq}: {reason}; send it alone and it is parked"))
                .about(seq),
        };
        Err(problem.into())
    }

    /// The refusal that a claim's outcome is; `Ok` with the identity otherwise.
    pub(crate) fn unless_enrolled(outcome: Claim) -> Result<Identity, Self> {
        let detail = match outcome {
            Claim::Enrolled(identity) => return Ok(identity),
            Claim::UnknownCode => {
                "no device waits with this code; check it, or get one from `afterword-collector device add`"
            }
            Claim::Expired => "this code is too old; get a new one from `afterword-collector device add`",
            Claim::Used => {
                "this code was used by another device; get a new one from `afterword-collector device add`"
            }
        };
        Err(Self::not_authenticated(detail))
    }
}

impl Refusal {
    /// The reason in one word, of which there are as many as the protocol has.
    pub(crate) fn word(&self) -> String {
        let named = match self.problem.reason {
            Some(reason) => serde_json::to_value(reason),
            None => serde_json::to_value(self.problem.kind),
        };
        let named = named.ok().and_then(|name| name.as_str()?.rsplit(':').next().map(str::to_owned));
        named.unwrap_or_else(|| "other".to_owned())
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self { problem: Box::new(problem), retry_after_s: None, closes: false }
    }
}

impl From<BatchError> for Refusal {
    fn from(error: BatchError) -> Self {
        let kind = match error {
            BatchError::TooLarge { .. } => ProblemType::TooLarge,
            BatchError::Compression(_)
            | BatchError::Header(_)
            | BatchError::Count { .. }
            | BatchError::Chain => ProblemType::Malformed,
        };
        kind.with_detail(error.to_string()).into()
    }
}

impl From<StorageError> for Refusal {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::QueueFull => Self::busy(),
            StorageError::Database(error) | StorageError::NotCommitted(error)
                if error.fault() == SqlFault::Busy =>
            {
                Self::busy()
            }
            other => Self::internal(&other),
        }
    }
}

impl From<Refusal> for Reply {
    fn from(mut refusal: Refusal) -> Self {
        refusal.problem.instance = RequestId::now().map(|id| id.urn());
        Self {
            retry_after_s: refusal.retry_after_s,
            closes: refusal.closes,
            allows_post: refusal.problem.kind == ProblemType::MethodNotAllowed,
            ..Self::json(refusal.problem.status, PROBLEM_MEDIA_TYPE, &refusal.problem)
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        Reply::from(self).into_response()
    }
}
