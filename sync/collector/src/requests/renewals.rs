//! `POST /v1/renewals`: a device that is known gets a new certificate for the key it has.
//!
//! The one address that an expired certificate may reach, so that a kiosk which was in a cellar for a year comes back
//! by itself; a revoked one may not. The old certificate stays good until its end: the device tries the new one first.
//! Invariant: a certificate is given for the key in the device table and for no other. On failure the device has what
//! it had.

use afterword_model::ports::Entropy as _;
use afterword_protocol::keys::VerifyingKey;
use afterword_protocol::limits::RENEWAL_BODY_MAX;
use afterword_protocol::renewal::{RENEWAL_MEDIA_TYPE, RenewalRequest, Renewed};

use super::signing_request::{requested_key, version};
use super::{Caller, Context, Request, admit_known_device};
use crate::pki::{Bearer, Pki};
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::storage::StorageError;
use crate::storage::devices::{Standing, note_agent_version, standing};
use crate::storage::sql::Connection;

/// A renewal that has been read, and the certificate made for it.
pub(crate) struct Renewal {
    bearer: Bearer,
    agent_version: String,
    certificate_pem: String,
    collector_ca_pem: String,
}

impl Request for Renewal {
    const NAME: &'static str = "renewal";
    const MEDIA_TYPE: &'static str = RENEWAL_MEDIA_TYPE;
    const ENCODING: Option<&'static str> = None;
    const BODY_MAX: usize = RENEWAL_BODY_MAX;
    type Admitted = (Bearer, VerifyingKey);
    /// How the device stood when the answer was decided.
    type Outcome = Standing;

    fn admit(_: &Context, caller: &Caller, standing: Standing) -> Result<Self::Admitted, Refusal> {
        admit_known_device(caller, standing)
    }

    fn prepare(
        context: &Context,
        _: &Caller,
        (bearer, key): Self::Admitted,
        body: &[u8],
    ) -> Result<Self, Refusal> {
        let request: RenewalRequest = serde_json::from_slice(body)
            .map_err(|error| Refusal::malformed(format!("the body is no renewal: {error}")))?;
        if requested_key(&request.signing_request_pem)? != key {
            return Err(Refusal::malformed(
                "the signing request is for another key than the device's; a new key needs a new enrolment",
            ));
        }
        let pki = context.keys.now();
        let certificate_pem = issue(context, &pki, &bearer).map_err(StorageError::from)?;
        Ok(Self {
            bearer,
            agent_version: version(&request.agent_version),
            certificate_pem,
            collector_ca_pem: pki.server_ca_pem().to_owned(),
        })
    }

    fn commit(&self, _: &Context, writer: &Connection) -> Result<Standing, StorageError> {
        note_agent_version(writer, &self.bearer.device, &self.agent_version)?;
        Ok(standing(writer, &self.bearer.device)?)
    }

    fn answer(self, _: &Context, caller: &Caller, outcome: Standing) -> Result<Reply, Refusal> {
        // Asked again: it may have been revoked, or enrolled with another key, since it was let in.
        let (bearer, _) = admit_known_device(caller, outcome)?;
        tracing::info!(device = %bearer.device, "a certificate was renewed");
        let renewed =
            Renewed { certificate_pem: self.certificate_pem, collector_ca_pem: self.collector_ca_pem };
        Ok(Reply::json(200, RENEWAL_MEDIA_TYPE, &renewed))
    }
}

fn issue(context: &Context, pki: &Pki, bearer: &Bearer) -> Result<String, crate::pki::PkiError> {
    let (now_ms, serial) = (context.clock.wall_ms(), context.entropy.bytes());
    pki.issue_device(&bearer.device, &bearer.public_key, context.certificate_life_ms, now_ms, serial)
}
