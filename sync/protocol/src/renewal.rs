//! Renewal: a device that is known gets a new certificate for the key it has.
//!
//! This is the one address an expired certificate may reach, as long as the device was not revoked: a kiosk that was
//! in a cellar for a year comes back by itself. The key stays; a new key means a new enrolment.

use serde::{Deserialize, Serialize};

/// Path of renewals on the collector's device port.
pub const RENEWALS_PATH: &str = "/v1/renewals";
/// Media type of a renewal and of its answer.
pub const RENEWAL_MEDIA_TYPE: &str = "application/vnd.afterword.renewal.v1+json";

/// What a device asks for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenewalRequest {
    /// PKCS#10 signing request in PEM for the device's present key. Its subject is ignored.
    pub signing_request_pem: String,
    /// Version of the program, for the fleet list.
    pub agent_version: String,
}

/// What the collector gives (200, [`RENEWAL_MEDIA_TYPE`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renewed {
    /// The new certificate in PEM. The old one stays good until its end, so that a device can try this one first.
    pub certificate_pem: String,
    /// The CA certificates the device has to trust from now on, in PEM.
    pub collector_ca_pem: String,
}
