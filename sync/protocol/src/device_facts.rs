//! What only a running kiosk can say of a device: asked of it by a command line that wants to show what its screen shows.

use serde::{Deserialize, Serialize};

use crate::errand::{AgentStatus, TestState};
use crate::queue::Health;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceFacts {
    /// How the store is.
    pub health: Health,
    /// Bytes of the records without a receipt.
    pub unsent_bytes: u64,
    /// Bytes of the database and its log.
    pub database_bytes: u64,
    /// When the collector confirmed last, by its clock, in milliseconds since 1970.
    pub confirmed_ms: Option<i64>,
    /// When the database was last checked, by this device's clock, in milliseconds since 1970: at the latest when it was opened.
    pub checked_ms: i64,
    /// What the agent said last.
    pub agent: Option<AgentHeard>,
    /// How far the newest network test is.
    #[serde(default)]
    pub network_test: TestState,
}

/// What the agent said, and how long ago.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentHeard {
    /// What it said.
    pub status: AgentStatus,
    /// How long ago, in milliseconds. While it works it is heard at least every half minute.
    pub age_ms: u64,
}
