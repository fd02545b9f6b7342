//! One step as it is frozen: which case, when, by whom, what.
//!
//! A step taken in the shop is a record in the device's chain, beside responses and told from them by its field `case`
//! ([`CaseRecord`]). One taken at head office comes down by itself. The JSON written here is hashed, chained, sent and stored
//! as these very bytes, so its shape only ever grows by optional fields.

use serde::{Deserialize, Serialize};

use super::step::Step;
use crate::carried::{Carried, Origin};
use crate::mask::Spans;
use crate::record::Seq;
use crate::reduced::unmarked;
use crate::response::{Stamp, Unreadable};

/// The shape of [`CaseRecord`] this code writes.
pub const CASE_EVENT_VERSION: u8 = 1;

/// Names a case: where the record first stood that opened it. For a shopper that is the response itself, for an alert the
/// step that opened the case. Device and collector name it alike without having to talk.
pub type CaseId = Origin;

/// Names a step: where its record first stood. One of head office has the collector's epoch and its number there.
pub type EventId = Origin;

/// A step as a record in a device's chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
// A response has other fields beside, so that nothing can be read as both.
#[serde(deny_unknown_fields)]
pub struct CaseRecord {
    /// Shape of this record; [`CASE_EVENT_VERSION`].
    pub v: u8,
    /// The record's own place, as in a response.
    pub seq: Seq,
    /// The step.
    pub case: CaseEvent,
}

/// One step of one case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CaseEvent {
    /// Which case.
    pub of: CaseId,
    /// When, by the clock of whoever took it. At head office there is no boot: 0.
    pub at: Stamp,
    /// Who.
    pub by: Author,
    /// What.
    pub step: Step,
    /// How much was masked in what was typed, before any of it was written.
    #[serde(default, skip_serializing_if = "Spans::is_none")]
    pub masked: Spans,
}

/// Who took a step.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Author {
    /// In which role.
    pub role: Role,
    /// A short name, where one was given; at most [`super::NAME_CHARS_MAX`] characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// In which role a step was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Nobody: a rule did it.
    Rule,
    /// Staff of the shop, by their PIN.
    Staff,
    /// Its manager, by theirs.
    Manager,
    /// A technician, by theirs.
    Technician,
    /// Head office, at the collector.
    HeadOffice,
    /// One that this program does not know yet.
    #[serde(other)]
    Another,
}

impl Author {
    /// A rule of the kiosk.
    pub const RULE: Self = Self { role: Role::Rule, name: None };

    /// Somebody in this role who gave no name.
    #[must_use]
    pub fn nameless(role: Role) -> Self {
        Self { role, name: None }
    }
}

impl CaseRecord {
    /// The record's bytes: JSON on one line, without a line feed.
    ///
    /// # Panics
    /// Never: every field is a string, a number or a list of them.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a step holds only strings, numbers and lists")
    }

    /// Reads a record that stands at `seq`, also one that was carried there from another epoch: it then has the number it
    /// first had.
    ///
    /// # Errors
    /// [`Unreadable`] says why it is none.
    pub fn from_bytes(seq: Seq, bytes: &[u8]) -> Result<Self, Unreadable> {
        let (seq, record) = match serde_json::from_slice::<Self>(&unmarked(bytes)) {
            Ok(record) => (seq, record),
            Err(error) => {
                let Ok(carried) = Carried::read(bytes) else { return Err(error.into()) };
                if carried.seq != seq {
                    return Err(Unreadable::Seq { expected: seq, found: carried.seq });
                }
                (carried.origin.seq, serde_json::from_slice(&unmarked(carried.record))?)
            }
        };
        if record.v > CASE_EVENT_VERSION {
            return Err(Unreadable::Version(record.v));
        }
        if record.seq != seq {
            return Err(Unreadable::Seq { expected: seq, found: record.seq });
        }
        Ok(record)
    }
}
