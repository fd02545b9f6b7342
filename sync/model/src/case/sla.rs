//! Until when something has to be done about a case.
//!
//! Clocks run from the opening, or from the reopening that was last. Time is measured by the monotonic clock where both moments are
//! of one boot, so that nobody gains or loses time by setting a clock; else by wall clocks that were set. Where neither is
//! known there is no clock, rather than one that lies.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::status::{Stage, Status};
use super::step::{Category, Tier};
use crate::response::{ClockQuality, Stamp};

const HOUR_MS: u64 = 60 * 60 * 1_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// Within this a case is acknowledged: half a shift, so that whoever hears of it was there.
pub const ACKNOWLEDGE_WITHIN_MS: u64 = 4 * HOUR_MS;

/// Within this something is done: a delivery and a weekend fit in.
pub const ACT_WITHIN_MS: u64 = 3 * DAY_MS;

/// So long after the last act it can be told whether it holds: every day of the week was once.
pub const VERIFY_AFTER_MS: u64 = 7 * DAY_MS;

/// How long each stage may take, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sla {
    /// From the opening to acknowledging it.
    pub acknowledge_ms: u64,
    /// From the opening to doing something.
    pub act_ms: u64,
    /// From the last act until it can be verified.
    pub verify_after_ms: u64,
}

/// The times of every category.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slas {
    /// Of each that has none of its own.
    pub usual: Sla,
    /// Of [`Tier::Critical`], whatever the category.
    pub critical: Sla,
    /// Of those that have.
    pub own: BTreeMap<Category, Sla>,
}

/// The clock that runs now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// What comes next: [`Stage::Acknowledged`], [`Stage::Acted`] or [`Stage::Verified`].
    pub next: Stage,
    /// Milliseconds since its clock began.
    pub passed_ms: u64,
    /// Milliseconds it may take; for [`Stage::Verified`], after which it can be told.
    pub within_ms: u64,
}

impl Default for Slas {
    fn default() -> Self {
        let usual = Sla {
            acknowledge_ms: ACKNOWLEDGE_WITHIN_MS,
            act_ms: ACT_WITHIN_MS,
            verify_after_ms: VERIFY_AFTER_MS,
        };
        // Every shopper meets it until something is done.
        let critical = Sla { acknowledge_ms: HOUR_MS, act_ms: DAY_MS, ..usual };
        Self { usual, critical, own: BTreeMap::new() }
    }
}

impl Slas {
    /// The times of a case.
    #[must_use]
    pub fn of(&self, category: Category, tier: Tier) -> Sla {
        match tier {
            Tier::Critical => self.critical,
            Tier::Normal => self.own.get(&category).copied().unwrap_or(self.usual),
        }
    }
}

impl Due {
    /// Milliseconds that are left; for [`Stage::Verified`], until it can be told.
    #[must_use]
    pub fn left_ms(&self) -> u64 {
        self.within_ms.saturating_sub(self.passed_ms)
    }

    /// Milliseconds that it is late; 0 while it is not, and always for [`Stage::Verified`].
    #[must_use]
    pub fn over_ms(&self) -> u64 {
        if self.next == Stage::Verified { 0 } else { self.passed_ms.saturating_sub(self.within_ms) }
    }

    /// Whether it is late.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.over_ms() > 0
    }
}

/// The clock of a case; none where it is closed, was never opened, or the time is not known.
#[must_use]
pub fn due(status: &Status, slas: &Slas, now: &Stamp) -> Option<Due> {
    let sla = slas.of(status.category?, status.tier);
    let (next, from, within_ms) = match status.stage {
        Stage::Opened => (Stage::Acknowledged, status.clock_from?, sla.acknowledge_ms),
        Stage::Acknowledged => (Stage::Acted, status.clock_from?, sla.act_ms),
        Stage::Acted => (Stage::Verified, status.acted_at?, sla.verify_after_ms),
        Stage::Verified => return None,
    };
    Some(Due { next, passed_ms: passed_ms(&from, now)?, within_ms })
}

/// Milliseconds from one moment to another, as far as that can be told; 0 where the clock was set back in between.
#[must_use]
pub fn passed_ms(from: &Stamp, now: &Stamp) -> Option<u64> {
    // Boots count from 1; head office has none.
    if from.boot == now.boot && from.boot > 0 {
        return Some(now.mono_ms.saturating_sub(from.mono_ms));
    }
    let are_set = from.clock != ClockQuality::Unset && now.clock != ClockQuality::Unset;
    are_set.then(|| u64::try_from(now.wall_ms.saturating_sub(from.wall_ms)).unwrap_or(0))
}
