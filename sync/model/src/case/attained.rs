//! Whether what is promised is kept: who sees to a case has seen it within its time.

use super::sla::{Slas, passed_ms};
use super::step::Step;
use super::steps::{Case, Held};
use crate::response::{ClockQuality, Stamp};

/// Of all cases such a share, 0 to 1, is to be acknowledged in time. The tenth case is that of a night, of a delivery at the door, of
/// somebody who is ill.
pub const ACKNOWLEDGED_TARGET: f64 = 0.9;

/// How it went with acknowledging a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attained {
    /// The local day on which it was opened, as days since 1970-01-01.
    pub opened_day: i64,
    /// Whether somebody had seen it within its time.
    pub in_time: bool,
}

/// Whether the first step that shows that somebody has seen a case came within the time from its opening; a reopening changes nothing of
/// that. None while the time runs, where nothing opened it, and where the clocks tell neither the day nor how long it took.
#[must_use]
pub fn acknowledged(case: &Case, slas: &Slas, now: &Stamp) -> Option<Attained> {
    let (opened, within_ms) = case.steps().find_map(|Held { event, .. }| match &event.step {
        Step::Opened { category, tier, .. } => Some((event.at, slas.of(*category, *tier).acknowledge_ms)),
        _ => None,
    })?;
    if opened.clock == ClockQuality::Unset {
        return None;
    }
    // Those that were seen at once would be told before those that are not, so that the newest days looked best.
    if passed_ms(&opened, now)? <= within_ms {
        return None;
    }
    let seen =
        case.steps().filter(|held| !matches!(held.event.step, Step::Opened { .. } | Step::Noted { .. }));
    let took: Vec<Option<u64>> = seen.map(|held| passed_ms(&opened, &held.event.at)).collect();
    let in_time = if took.is_empty() {
        false
    } else if took.iter().flatten().any(|ms| *ms <= within_ms) {
        true
    } else {
        // A step without a time may have been the first.
        took.iter().all(Option::is_some).then_some(false)?
    };
    Some(Attained { opened_day: opened.local_day(), in_time })
}
