//! `POST /v1/enrolments`: a one-time code and a signing request in, an identity out.
//!
//! The only address strangers reach. Failures are counted and throttled; a code is used up in the transaction
//! that stores the device. The same code with the same key gets the same identity again while the code lives,
//! because the first answer may have been lost on the way.

use afterword_model::ports::Entropy as _;
use afterword_protocol::enrolment::{Enrolled, EnrolmentCode, EnrolmentRequest};
use afterword_protocol::limits::ENROLMENT_BODY_MAX;

use super::signing_request::{requested_key, version};
use super::{Caller, Context, Request};
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::storage::StorageError;
use crate::storage::devices::{Claim, Claimant, Standing, claim};
use crate::storage::sql::Connection;

/// Media type of a request and of its answer.
const MEDIA_TYPE: &str = "application/json";

/// A claim that has been read.
pub(crate) struct Enrolment {
    claimant: Claimant,
    /// For the certificate, should there be one.
    serial: [u8; 16],
}

impl Request for Enrolment {
    const NAME: &'static str = "enrolment";
    const MEDIA_TYPE: &'static str = MEDIA_TYPE;
    const ENCODING: Option<&'static str> = None;
    const BODY_MAX: usize = ENROLMENT_BODY_MAX;
    type Admitted = ();
    type Outcome = Claim;

    fn admit(context: &Context, caller: &Caller, _: Standing) -> Result<(), Refusal> {
        match context.throttle.wait_s(caller.address, context.clock.monotonic_ms()) {
            Some(wait_s) => Err(Refusal::throttled(wait_s)),
            None => Ok(()),
        }
    }

    fn prepare(context: &Context, _: &Caller, (): (), body: &[u8]) -> Result<Self, Refusal> {
        let request: EnrolmentRequest = serde_json::from_slice(body)
            .map_err(|error| Refusal::malformed(format!("the body is no enrolment request: {error}")))?;
        let code =
            EnrolmentCode::parse(&request.code).map_err(|error| Refusal::malformed(error.to_string()))?;
        let claimant = Claimant {
            code_digest: code.digest(),
            public_key: requested_key(&request.signing_request_pem)?,
            agent_version: version(&request.agent_version),
            now_ms: context.clock.wall_ms(),
        };
        Ok(Self { claimant, serial: context.entropy.bytes() })
    }

    fn commit(&self, context: &Context, writer: &Connection) -> Result<Claim, StorageError> {
        let Claimant { public_key, now_ms, .. } = &self.claimant;
        claim(writer, &self.claimant, |device| {
            let life_ms = context.certificate_life_ms;
            Ok(context.keys.now().issue_device(device, public_key, life_ms, *now_ms, self.serial)?)
        })
    }

    fn answer(self, context: &Context, caller: &Caller, outcome: Claim) -> Result<Reply, Refusal> {
        let identity = Refusal::unless_enrolled(outcome)?;
        tracing::info!(device = %identity.device, name = identity.name, source = %caller.address, "enrolled");
        let pki = context.keys.now();
        let enrolled = Enrolled {
            device: identity.device,
            name: identity.name,
            certificate_pem: identity.certificate_pem,
            collector_ca_pem: pki.server_ca_pem().to_owned(),
            receipt_key: pki.receipt_key.verifying_key(),
            collector_url: context.device_url.clone(),
            server_epoch: context.server_epoch,
            courier_key: Some(pki.courier_key.public().clone()),
        };
        Ok(Reply::json(201, MEDIA_TYPE, &enrolled))
    }

    fn refused(context: &Context, caller: &Caller, refusal: &Refusal) {
        tracing::warn!(source = %caller.address, ?refusal, "an enrolment was refused");
        context.throttle.failed(caller.address, context.clock.monotonic_ms());
    }
}
