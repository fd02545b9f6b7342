//! The audit log: what was done by whom, in entries that are hashed one with the next.
//!
//! `head = SHA-256(head before ‖ entry)`, beginning with 32 zero bytes, as with the records of a device. The entry is the text that is
//! stored, so that nothing has to be encoded again to verify it. Whoever changes or removes an entry changes all heads after it; the last
//! one, written down elsewhere, proves the whole. Entries name devices, places and people of the organisation, and nothing of a shopper.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// An entry. Its members stand in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When, in milliseconds since 1970-01-01T00:00:00Z by the collector's clock.
    pub at_ms: i64,
    /// Who: a login, or `command line (user)`.
    pub who: String,
    /// What, as in `device.revoked`.
    pub what: String,
    /// To what: a device's id, a place, a login.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub on: String,
    /// What else is worth knowing, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub more: String,
}

/// Who does something to a collector's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Somebody at the command line, by the name of their account on the server.
    CommandLine(String),
    /// Somebody who is signed in, by their login.
    Person(String),
    /// A program, by the name of its token.
    Token(String),
    /// Nobody: the collector itself.
    Collector,
}

impl Actor {
    /// As it stands in an entry.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::CommandLine(user) => format!("command line ({user})"),
            Self::Person(login) => login.clone(),
            // No login has a space in it.
            Self::Token(name) => format!("token {name}"),
            Self::Collector => "collector".into(),
        }
    }
}

/// The head after an entry.
pub(crate) fn next_head(before: &[u8; 32], entry: &str) -> [u8; 32] {
    Sha256::new().chain_update(before).chain_update(entry).finalize().into()
}
