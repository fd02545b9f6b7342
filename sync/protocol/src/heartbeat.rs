//! The heartbeat: what a device says of itself every few minutes, and what the collector holds of it.
//!
//! With it the collector can tell "4,812 collected, 4,812 received" from a missing range, and a device learns, also
//! when it has nothing to send, that the collector was restored and wants its records again. What is to be shown on the
//! idle screen comes the same way (see [`crate::changes`]). A heartbeat is no acknowledgement: nothing is deleted under its
//! answer.

use afterword_model::record::{DeviceId, Head, Seq, ServerEpoch};
use serde::{Deserialize, Serialize};

use crate::case_steps::CaseSteps;
use crate::changes::Changes;
use crate::courier::CourierKey;
use crate::queue::Health;
use crate::settings::{SettingsRefused, SignedSettings};

/// Path of heartbeats on the collector's device port.
pub const HEARTBEATS_PATH: &str = "/v1/heartbeats";
/// Media type of a heartbeat.
pub const HEARTBEAT_MEDIA_TYPE: &str = "application/vnd.afterword.heartbeat.v1+json";
/// Media type of its answer. A 200 of any other type says nothing.
pub const HEARTBEAT_ANSWER_MEDIA_TYPE: &str = "application/vnd.afterword.heartbeat-answer.v1+json";
/// The version this code writes.
pub const HEARTBEAT_VERSION: u8 = 1;

/// What a device says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// [`HEARTBEAT_VERSION`].
    pub v: u8,
    /// Who.
    pub device: DeviceId,
    /// How its store is.
    pub health: Health,
    /// Version of the networked program.
    pub agent_version: String,
    /// Its wall clock, milliseconds since 1970-01-01T00:00:00Z; the collector knows by it how far it is off.
    pub wall_ms: i64,
    /// End of its certificate's validity, milliseconds since 1970.
    pub certificate_expires_ms: i64,
    /// SHA-256 of each CA certificate (DER) it trusts, so that the collector knows when an old one can go.
    pub trusted: Vec<Fingerprint>,
    /// What it seals courier bundles to, so that the collector knows whether it has to be told; `None` when it never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub courier_key: Option<CourierKey>,
    /// The settings that were sent last, when this device did not take them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings_refused: Option<SettingsRefused>,
}

#[doc(hidden)]
pub enum FingerprintKind {}
/// SHA-256 over a certificate's DER.
pub type Fingerprint = afterword_model::hex::Hex<32, FingerprintKind>;

/// What the collector answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeartbeatAnswer {
    /// This life of the collector's database.
    pub server_epoch: ServerEpoch,
    /// The last record it holds of the epoch the heartbeat names, 0 when none.
    pub mark: Seq,
    /// The chain's head after that record, as it computed it.
    pub head: Head,
    /// Its clock, milliseconds since 1970-01-01T00:00:00Z.
    pub wall_ms: i64,
    /// The CA certificates a device has to trust from now on, in PEM, when they are others than the heartbeat names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collector_ca_pem: Option<String>,
    /// What the kiosk has to show from now on, when that is something else than the heartbeat names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<Changes>,
    /// What courier bundles have to be sealed to from now on, when that is another key than the heartbeat names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub courier_key: Option<CourierKey>,
    /// Steps of head office that come after those the heartbeat names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case_steps: Option<CaseSteps>,
    /// What head office has decided for this device, when that is something else than the heartbeat names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<SignedSettings>,
}

/// The fingerprint of a certificate.
#[must_use]
pub fn fingerprint(certificate_der: &[u8]) -> Fingerprint {
    use sha2::{Digest, Sha256};
    Fingerprint::new(Sha256::digest(certificate_der).into())
}
