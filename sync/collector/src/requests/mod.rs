//! What devices ask of the collector, apart from how it comes: one file for each address.
//!
//! A request goes through four steps, each a plain function of what it is given: *admit* (who speaks, may it still),
//! *prepare* (everything that can be said without the database), *commit* (inside one durable transaction), *answer*.
//! The server runs them on its threads (`routes`), the in-process form one after another (`in_process`); what they do
//! is the same.
//!
//! The order is the order of trust, and nothing is answered before the commit is durable. On failure nothing of the
//! request is stored and the refusal says so.

pub(crate) mod batches;
pub(crate) mod enrolments;
pub(crate) mod heartbeats;
pub(crate) mod renewals;
mod signing_request;

use std::net::IpAddr;
use std::sync::Arc;

use afterword_model::ports::{Clock, Entropy};
use afterword_model::record::{DeviceId, ServerEpoch};
use afterword_protocol::keys::VerifyingKey;

use crate::pki::{Bearer, Keys};
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::storage::StorageError;
use crate::storage::devices::{Standing, standing};
use crate::storage::sql::{Connection, SqlResult};
use crate::throttle::Throttle;

/// What requests are worked on with.
pub(crate) struct Context {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) keys: Keys,
    pub(crate) throttle: Throttle,
    pub(crate) server_epoch: ServerEpoch,
    /// Where enrolled devices deliver.
    pub(crate) device_url: String,
    /// How long a device's certificate is good, in milliseconds.
    pub(crate) certificate_life_ms: i64,
}

/// Who asks, as far as the connection knows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller {
    pub(crate) address: IpAddr,
    /// What the certificate says; `None` on the enrolment port, or when it names no device.
    pub(crate) bearer: Option<Bearer>,
}

impl Caller {
    /// Whose what is asked for changes, where that is known.
    pub(crate) fn device(&self) -> Option<DeviceId> {
        self.bearer.map(|bearer| bearer.device)
    }

    /// What the device table says of the caller; asked anew for each request.
    pub(crate) fn standing(&self, reader: &Connection) -> SqlResult<Standing> {
        self.bearer.map_or(Ok(Standing::Unknown), |bearer| standing(reader, &bearer.device))
    }
}

/// One kind of request.
pub(crate) trait Request: Sized + Send + 'static {
    /// What it is counted as.
    const NAME: &'static str;
    /// What its body has to be.
    const MEDIA_TYPE: &'static str;
    /// How its body has to be encoded.
    const ENCODING: Option<&'static str>;
    /// Bytes of its body at most.
    const BODY_MAX: usize;
    /// Bodies up to this are worked on at once, on the thread that serves the connection; none, where nothing is said.
    const AT_ONCE_BYTES_MAX: usize = 0;
    /// What admission found out.
    type Admitted: Send + 'static;
    /// What became of it in the database.
    type Outcome: Send + 'static;

    /// Whether a caller of this standing may ask this now. Before the body is read.
    fn admit(context: &Context, caller: &Caller, standing: Standing) -> Result<Self::Admitted, Refusal>;

    /// Reads the body and does all the work that needs no database.
    fn prepare(
        context: &Context,
        caller: &Caller,
        admitted: Self::Admitted,
        body: &[u8],
    ) -> Result<Self, Refusal>;

    /// Runs inside a transaction that is durable before [`Request::answer`] is called.
    fn commit(&self, context: &Context, writer: &Connection) -> Result<Self::Outcome, StorageError>;

    /// What to say.
    fn answer(self, context: &Context, caller: &Caller, outcome: Self::Outcome) -> Result<Reply, Refusal>;

    /// How many records it gets a receipt for, and whether they are new.
    fn records(&self, _outcome: &Self::Outcome) -> Option<(u64, bool)> {
        None
    }

    /// Hears that what came was refused because of what it was.
    fn refused(_context: &Context, _caller: &Caller, _refusal: &Refusal) {}
}

/// A device that may speak now, with a certificate that is good. Asked on every request, so that a revocation holds
/// at once.
fn admit_device(
    context: &Context,
    caller: &Caller,
    standing: Standing,
) -> Result<(Bearer, VerifyingKey), Refusal> {
    let (bearer, key) = admit_known_device(caller, standing)?;
    if context.clock.wall_ms() > bearer.not_after_ms {
        return Err(Refusal::certificate_expired());
    }
    Ok((bearer, key))
}

/// A device that may speak now, whatever the age of its certificate.
fn admit_known_device(caller: &Caller, standing: Standing) -> Result<(Bearer, VerifyingKey), Refusal> {
    let bearer = caller.bearer.ok_or_else(|| {
        Refusal::not_authenticated("the certificate names no device; enrol the device anew")
    })?;
    match standing {
        Standing::Active(key) if key == bearer.public_key => Ok((bearer, key)),
        Standing::Revoked => Err(Refusal::revoked()),
        Standing::Retired => Err(Refusal::retired()),
        Standing::Active(_) | Standing::Unknown => Err(Refusal::unknown_key()),
    }
}

/// Refuses a body that is not of the request's media type and encoding.
pub(crate) fn expect_type<R: Request>(
    content_type: Option<&str>,
    content_encoding: Option<&str>,
) -> Result<(), Refusal> {
    let essence = content_type.and_then(|value| value.split(';').next()).map(str::trim);
    if !essence.is_some_and(|essence| essence.eq_ignore_ascii_case(R::MEDIA_TYPE)) {
        return Err(Refusal::unsupported("Content-Type", R::MEDIA_TYPE));
    }
    match (content_encoding, R::ENCODING) {
        (None, None) => Ok(()),
        (Some(is), Some(wanted)) if is.eq_ignore_ascii_case(wanted) => Ok(()),
        (_, wanted) => Err(Refusal::unsupported("Content-Encoding", wanted.unwrap_or("none"))),
    }
}
