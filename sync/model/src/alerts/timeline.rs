//! When something happened, on the monotonic timeline of this opening of the database.
//!
//! What this opening saw has a place there, whatever became of the wall clock meanwhile. What an opening before saw lies before zero:
//! by both wall clocks where both can be believed. A device without a clock knows only how its records lie to each other; how long
//! it was off nobody knows, and it is taken as no time at all, so that an alert outlives a program that was started anew. After a
//! night such a device goes on with the last minutes of the evening.

use crate::response::{ClockQuality, Stamp};

/// Places moments as this opening sees them.
#[derive(Debug, Clone, Copy)]
pub struct Timeline {
    now: Stamp,
    /// The newest moment of an opening before, which is as near to this one as can be.
    newest_before: Option<Stamp>,
}

impl Timeline {
    /// As seen from now.
    #[must_use]
    pub fn at(now: Stamp) -> Self {
        Self { now, newest_before: None }
    }

    /// Where a moment lies, in milliseconds from this opening's monotonic zero; none where nobody knows. Moments have to come the
    /// newest first, since what lies before this opening without a clock is placed by the newest of them.
    pub fn place(&mut self, stamp: &Stamp) -> Option<i64> {
        let since_ms = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
        if stamp.boot == self.now.boot {
            return Some(since_ms(stamp.mono_ms));
        }
        let newest = *self.newest_before.get_or_insert(*stamp);
        let is_known = |stamp: &Stamp| stamp.clock != ClockQuality::Unset;
        if is_known(stamp) && is_known(&self.now) {
            let zero_ms = self.now.wall_ms.saturating_sub(since_ms(self.now.mono_ms));
            // However the clock was set meanwhile, it was before.
            return Some(stamp.wall_ms.saturating_sub(zero_ms).min(0));
        }
        (stamp.boot == newest.boot)
            .then(|| since_ms(stamp.mono_ms).saturating_sub(since_ms(newest.mono_ms)).min(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(boot: u32, mono_ms: u64, wall_ms: i64, clock: ClockQuality) -> Stamp {
        Stamp { wall_ms, offset_min: 0, boot, mono_ms, clock }
    }

    #[test]
    fn this_opening_goes_by_its_own_clock_and_one_before_by_the_wall() {
        let now = stamp(2, 5_000, 1_000_000, ClockQuality::Free);
        let mut timeline = Timeline::at(now);
        assert_eq!(timeline.place(&stamp(2, 4_000, 0, ClockQuality::Unset)), Some(4_000));
        assert_eq!(timeline.place(&stamp(1, 9_000, 990_000, ClockQuality::Synced)), Some(-5_000));
        assert_eq!(timeline.place(&stamp(1, 9_000, 2_000_000, ClockQuality::Synced)), Some(0), "set back");
    }

    #[test]
    fn without_a_clock_the_opening_before_ended_when_this_one_began() {
        let mut timeline = Timeline::at(stamp(7, 5_000, 0, ClockQuality::Unset));
        let at = |boot, mono_ms| stamp(boot, mono_ms, 1_000, ClockQuality::Unset);
        assert_eq!(timeline.place(&at(5, 80_000)), Some(0));
        assert_eq!(timeline.place(&at(5, 20_000)), Some(-60_000));
        assert_eq!(timeline.place(&at(4, 90_000)), None);
    }
}
