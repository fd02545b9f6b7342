//! `POST /v1/enrolments`: a one-time code and a signing request in, an identity out.
//!
//! The only address strangers reach. Failures are counted and throttled; a code is used up in the transaction
//! that stores the device. The same code with the same key gets the same identity again while the code lives,
//! because the first answer may have been lost on the way.

use std::sync::Arc;

use afterword_model::ports::Entropy as _;
use afterword_protocol::enrolment::{Enrolled, EnrolmentCode, EnrolmentRequest};
use afterword_protocol::keys::VerifyingKey;
use afterword_protocol::limits::ENROLMENT_BODY_MAX;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use http::StatusCode;
use rcgen::{CertificateSigningRequestParams, PKCS_ED25519, PublicKeyData as _};

use super::{App, body, expect_type};
use crate::listen::Source;
use crate::problem_response::Refusal;
use crate::storage::devices::{Claimant, Identity, claim};

/// Media type of a request.
const MEDIA_TYPE: &str = "application/json";
/// Characters kept of what a device says of its program.
const AGENT_VERSION_CHARS_MAX: usize = 64;

/// Takes one enrolment.
pub(super) async fn enrol(
    State(app): State<Arc<App>>,
    Extension(Source(source)): Extension<Source>,
    request: Request,
) -> Result<Response, Refusal> {
    if let Some(wait_s) = app.throttle.wait_s(source.ip(), app.clock.monotonic_ms()) {
        return Err(Refusal::throttled(wait_s));
    }
    expect_type(request.headers(), MEDIA_TYPE, None)?;
    let body = body::read(request.into_body(), ENROLMENT_BODY_MAX, app.limits.body).await?;
    let result = match read_claimant(&app, &body) {
        Ok(claimant) => decide(&app, claimant).await?,
        Err(refusal) => Err(refusal),
    };
    match result {
        Ok(identity) => {
            tracing::info!(device = %identity.device, name = identity.name, %source, "enrolled");
            Ok((StatusCode::CREATED, Json(enrolled(&app, identity))).into_response())
        }
        Err(refusal) => {
            tracing::warn!(%source, ?refusal, "an enrolment was refused");
            app.throttle.failed(source.ip(), app.clock.monotonic_ms());
            Err(refusal)
        }
    }
}

fn read_claimant(app: &App, body: &[u8]) -> Result<Claimant, Refusal> {
    let request: EnrolmentRequest = serde_json::from_slice(body)
        .map_err(|error| Refusal::malformed(format!("the body is no enrolment request: {error}")))?;
    let code = EnrolmentCode::parse(&request.code).map_err(|error| Refusal::malformed(error.to_string()))?;
    Ok(Claimant {
        code_digest: code.digest(),
        public_key: requested_key(&request.signing_request_pem)?,
        agent_version: request.agent_version.chars().take(AGENT_VERSION_CHARS_MAX).collect(),
        now_ms: app.clock.wall_ms(),
    })
}

/// The key of a signing request, which has to be signed with that very key. Nothing else in it is looked at.
fn requested_key(signing_request_pem: &str) -> Result<VerifyingKey, Refusal> {
    let request = CertificateSigningRequestParams::from_pem(signing_request_pem).map_err(|error| {
        Refusal::malformed(format!("signing_request_pem is no sound signing request: {error}"))
    })?;
    let key = VerifyingKey::from_bytes(request.public_key.der_bytes());
    match key {
        Ok(key) if request.public_key.algorithm() == &PKCS_ED25519 => Ok(key),
        _ => Err(Refusal::malformed("signing_request_pem is for another kind of key than Ed25519")),
    }
}

/// The outer error is the collector's, the inner one the claimant's.
async fn decide(app: &Arc<App>, claimant: Claimant) -> Result<Result<Identity, Refusal>, Refusal> {
    let pki = Arc::clone(&app.pki);
    let serial = Arc::clone(&app.entropy).bytes();
    let outcome = app
        .writer
        .run(move |connection| {
            claim(connection, &claimant, |device| {
                Ok(pki.issue_device(device, &claimant.public_key, claimant.now_ms, serial)?)
            })
        })
        .await?;
    Ok(Refusal::unless_enrolled(outcome))
}

fn enrolled(app: &App, identity: Identity) -> Enrolled {
    Enrolled {
        device: identity.device,
        name: identity.name,
        certificate_pem: identity.certificate_pem,
        collector_ca_pem: app.pki.server_ca_pem().to_owned(),
        receipt_key: app.pki.receipt_key.verifying_key(),
        collector_url: app.device_url.clone(),
        server_epoch: app.server_epoch,
    }
}
