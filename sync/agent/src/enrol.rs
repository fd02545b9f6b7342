//! Enrolment: a one-time code and a signing request go to the collector, an identity comes back.
//!
//! The key is made here and is on disk before the request leaves, in a file of its own for each code. When the
//! answer is lost, the same command sends the same key again, and a collector that already gave an identity for
//! it gives the same one. Nothing else is written until everything that came back has been checked; an identity
//! that is already there is never touched.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use afterword_model::ports::{Clock, Entropy};
use afterword_protocol::enrolment::{ENROLMENT_PATH, Enrolled, EnrolmentCode, EnrolmentRequest, NotACode};
use afterword_protocol::keys::SigningKey;
use afterword_protocol::problem::{PROBLEM_MEDIA_TYPE, Problem, ProblemType};
use bytes::Bytes;
use reqwest::header::CONTENT_TYPE;

use crate::answer::shown;
use crate::files::{
    Durability, LockError, PRIVATE, StateLock, make_directory, remove_if_there, replace, sync_directory,
};
use crate::https::{Timeouts, authority, client, endpoint, post};
use crate::identity::{Identity, IdentityError, read_key, signing_request};
use crate::tls::{self, FlooredTime, TlsError};
use crate::transport::{RawAnswer, TransportFailure};

/// Beginning of the names of files with a key whose enrolment is under way.
pub const PENDING_PREFIX: &str = "enrolment-pending-";

/// What a technician gives.
#[derive(Debug, Clone, Copy)]
pub struct Enrolment<'a> {
    /// The enrolment port, as `https://HOST[:PORT]`.
    pub collector_url: &'a str,
    /// The one-time code, as typed.
    pub code: &'a str,
    /// The collector's CA in PEM; only a server with a certificate from it is spoken to.
    pub ca_pem: &'a str,
    /// Where the identity will lie; made when missing.
    pub state_dir: &'a Path,
    /// Bounds on the time it takes.
    pub timeouts: Timeouts,
}

/// Why there is no identity now.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The text is no code.
    #[error(transparent)]
    Code(#[from] NotACode),
    /// The address is not one.
    #[error("{0:?} is no collector address: it is written https://HOST[:PORT]")]
    Address(String),
    /// The CA cannot be used.
    #[error(
        "the CA file cannot be used ({0}): give the one that `afterword-collector device add` named; it lies in the folder pki of the collector's data"
    )]
    Ca(TlsError),
    /// There is an identity already.
    #[error("this device is already enrolled in {}: to enrol it anew, run `afterword-collector device replace NAME`, move that directory away and enrol with the new code", .0.display())]
    AlreadyEnrolled(PathBuf),
    /// An agent works in the directory, or it cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A file cannot be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// No answer came.
    #[error("enrolment got no answer: {0}; the key is kept, run the same command again")]
    NoAnswer(#[from] TransportFailure),
    /// The collector does not know the code.
    #[error(
        "the collector at {host} does not accept this code ({detail}): a code works once and for a day, check it or get another"
    )]
    CodeRefused {
        /// Where.
        host: String,
        /// What it said.
        detail: String,
    },
    /// The collector, or something in its place, answered something else.
    #[error(
        "{host} gave no identity ({detail}): check that this is the collector's enrolment address, and run the same command again"
    )]
    NotEnrolled {
        /// Where.
        host: String,
        /// What it said.
        detail: String,
    },
}

/// Makes this device known to a collector and writes its identity.
///
/// # Errors
/// [`EnrolError`]; there is no identity then, and the same call may be repeated.
pub async fn enrol(
    order: &Enrolment<'_>,
    entropy: &impl Entropy,
    clock: Arc<dyn Clock>,
) -> Result<Identity, EnrolError> {
    let code = EnrolmentCode::parse(order.code)?;
    let url = endpoint(order.collector_url, ENROLMENT_PATH);
    let url = url.ok_or_else(|| EnrolError::Address(order.collector_url.into()))?;
    let time = Arc::new(FlooredTime::new(clock, tls::not_before_ms(order.ca_pem).map_err(EnrolError::Ca)?));
    let tls = tls::anonymous(order.ca_pem, time).map_err(EnrolError::Ca)?;
    let client = client(tls, order.timeouts).map_err(EnrolError::Ca)?;

    make_directory(order.state_dir).map_err(|error| unusable(order.state_dir, error))?;
    let _lock = StateLock::take(order.state_dir)?;
    if Identity::is_in(order.state_dir) {
        return Err(EnrolError::AlreadyEnrolled(order.state_dir.into()));
    }
    let key = pending_key(order.state_dir, &code, entropy)?;

    let request = EnrolmentRequest {
        code: code.to_string(),
        signing_request_pem: signing_request(&key),
        agent_version: env!("CARGO_PKG_VERSION").into(),
    };
    let body = serde_json::to_vec(&request).expect("a request holds only texts");
    let answer = post(&client, &url, &[(CONTENT_TYPE, "application/json")], Bytes::from(body)).await?;
    let read = read_answer(&answer, authority(&url));
    if matches!(read, Err(EnrolError::CodeRefused { .. })) {
        // Nobody will ever know this key.
        let _ = remove_if_there(&pending_path(order.state_dir, &code));
    }
    let identity = Identity::new(read?, key)
        .map_err(|detail| EnrolError::NotEnrolled { host: authority(&url), detail })?;
    identity.store(order.state_dir)?;
    // From here on the device is enrolled; a leftover is only untidy.
    let _ = remove_pending(order.state_dir);
    Ok(identity)
}

/// The key for this code: the one of an earlier try, or a new one that is on disk when this returns.
fn pending_key(
    state_dir: &Path,
    code: &EnrolmentCode,
    entropy: &impl Entropy,
) -> Result<SigningKey, EnrolError> {
    let path = pending_path(state_dir, code);
    if path.exists() {
        return Ok(read_key(&path)?);
    }
    let key = SigningKey::generate(entropy);
    let name = path.file_name().and_then(|name| name.to_str()).expect("the name was made from figures");
    replace(state_dir, name, key.to_pem().as_bytes(), PRIVATE, Durability::Durable)
        .map_err(|error| unusable(&path, error))?;
    Ok(key)
}

/// A file for each code, since a code that was used with one key is lost for another.
fn pending_path(state_dir: &Path, code: &EnrolmentCode) -> PathBuf {
    // Half a digest tells codes apart and gives no code away.
    let digest = u64::from_be_bytes(*code.digest().first_chunk().expect("a digest has 32 bytes"));
    state_dir.join(format!("{PENDING_PREFIX}{digest:016x}.pem"))
}

fn remove_pending(state_dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(state_dir)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(PENDING_PREFIX) {
            remove_if_there(&entry.path())?;
        }
    }
    sync_directory(state_dir)
}

fn read_answer(answer: &RawAnswer, host: String) -> Result<Enrolled, EnrolError> {
    if answer.status == 201 && answer.is_of_type("application/json") {
        return serde_json::from_slice(&answer.body).map_err(|error| EnrolError::NotEnrolled {
            host,
            detail: format!("its answer cannot be read: {error}"),
        });
    }
    let problem =
        answer.is_of_type(PROBLEM_MEDIA_TYPE).then(|| serde_json::from_slice::<Problem>(&answer.body));
    Err(match problem {
        Some(Ok(problem)) => {
            let detail = shown(&problem.detail);
            match problem.kind {
                ProblemType::NotAuthenticated => EnrolError::CodeRefused { host, detail },
                _ => EnrolError::NotEnrolled { host, detail },
            }
        }
        _ => EnrolError::NotEnrolled {
            host,
            detail: format!("its answer {} is not the collector's own", answer.status),
        },
    })
}

fn unusable(path: &Path, error: io::Error) -> EnrolError {
    IdentityError::File { path: path.into(), error }.into()
}

#[cfg(test)]
mod tests {
    use afterword_model::ports::SeededEntropy;

    use super::*;
    use crate::testing::problem_answer;

    fn code(text: &str) -> EnrolmentCode {
        EnrolmentCode::parse(text).unwrap()
    }

    #[test]
    fn the_same_code_meets_the_same_key_again_and_another_code_another() {
        let dir = tempfile::tempdir().unwrap();
        let entropy = SeededEntropy::new(1);
        let first = pending_key(dir.path(), &code("K7QM-2XJP-9WTD"), &entropy).unwrap();
        let other = pending_key(dir.path(), &code("0000-0000-0000"), &entropy).unwrap();
        let again = pending_key(dir.path(), &code("k7qm2xjp9wtd"), &entropy).unwrap();
        assert_eq!(first.verifying_key(), again.verifying_key());
        assert_ne!(first.verifying_key(), other.verifying_key());
        remove_pending(dir.path()).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_signing_request_is_for_the_devices_key() {
        let key = crate::testing::key(1);
        let request = rcgen::CertificateSigningRequestParams::from_pem(&signing_request(&key)).unwrap();
        assert_eq!(rcgen::PublicKeyData::der_bytes(&request.public_key), key.verifying_key().as_bytes());
    }

    #[test]
    fn answers_that_are_no_identity_are_told_apart() {
        let read = |answer: &RawAnswer| read_answer(answer, "host".into()).unwrap_err();
        let refused = problem_answer(&ProblemType::NotAuthenticated.with_detail("used"));
        assert!(matches!(read(&refused), EnrolError::CodeRefused { .. }));
        for problem in [ProblemType::Malformed, ProblemType::Busy, ProblemType::Internal] {
            assert!(matches!(
                read(&problem_answer(&problem.with_detail("x"))),
                EnrolError::NotEnrolled { .. }
            ));
        }
        let html = RawAnswer { status: 201, content_type: Some("text/html".into()), ..RawAnswer::default() };
        assert!(matches!(read(&html), EnrolError::NotEnrolled { .. }));
        let rubbish =
            RawAnswer { content_type: Some("application/json".into()), body: b"{}".to_vec(), ..html };
        assert!(matches!(read(&rubbish), EnrolError::NotEnrolled { .. }));
    }
}
