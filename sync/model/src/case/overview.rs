//! The list of cases as it is shown: what hurries most comes first.

use serde::{Deserialize, Serialize};

use super::event::CaseId;
use super::opening::Said;
use super::sla::{Due, Slas};
use super::status::{Stage, Status};
use super::steps::Held;
use crate::response::Stamp;

/// No more cases are listed at once: nobody scrolls through more, and so many fit a message between the device's programs.
pub const CASES_LISTED_MAX: usize = 50;

/// Of each case listed at most so many steps are told, the newest; all count.
pub const STEPS_LISTED_MAX: usize = 12;

/// What is asked of the cases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CasesAsk {
    /// Now, by which clocks are read.
    pub now: Stamp,
    /// Verified cases are counted from this moment on, in milliseconds since 1970-01-01T00:00:00Z: the beginning of the month.
    pub verified_since_ms: i64,
    /// At most so many are listed, and never more than [`CASES_LISTED_MAX`].
    pub limit: usize,
    /// How long each stage may take.
    pub slas: Slas,
}

/// Every case that is open.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overview {
    /// How many are open.
    pub open: u64,
    /// How many of them are late.
    pub overdue: u64,
    /// How many were verified since the moment that was asked for.
    pub verified: u64,
    /// Those that hurry most, the first before all others.
    pub cases: Vec<CaseView>,
}

/// One case of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseView {
    /// Which.
    pub id: CaseId,
    /// What its shopper said; none where no shopper opened it, or where that is not known any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Said>,
    /// Where it stands.
    pub status: Status,
    /// The clock that runs, where time is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Due>,
    /// What was done, in order, at most the newest [`STEPS_LISTED_MAX`].
    pub steps: Vec<Held>,
}

/// Where a case stands in the list; the lowest comes first.
///
/// Late ones come first, by how late they are; then those whose clock runs, by what is left; then those without a clock; and last
/// those that only wait to be verified.
#[must_use]
pub fn urgency(due: Option<&Due>, stage: Stage) -> (u8, u64) {
    match due {
        Some(due) if due.is_over() => (0, u64::MAX - due.over_ms()),
        Some(due) if due.next != Stage::Verified => (1, due.left_ms()),
        Some(due) => (3, due.left_ms()),
        None if stage == Stage::Acted => (3, 0),
        None => (2, 0),
    }
}
