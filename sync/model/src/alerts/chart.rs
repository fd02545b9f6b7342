//! The rule of the hour: the control chart's signals ([`crate::metrics::control`]) on the hours of a shop.
//!
//! A point is a local hour that is over. The centre is the share of unhappy ones in the four weeks before today, over all hours: the
//! cells of a weekday's hour hold a few dozen answers in four weeks, and a centre that is uncertain raises more alarms than one
//! that knows nothing of Saturdays. Hours of few answers are no points, because the normal limits of so few are far too narrow on
//! the side that is watched: of three answers, two unhappy ones would be "beyond three standard deviations".
//!
//! An alert of this rule is open from an hour that signals until the next hour that does not; an hour without a point closes it too,
//! because nothing says any more that it goes on.

use super::Count;
use crate::metrics::control::{Point, Signal, signal};

/// Local days before today that say what is usual.
pub const BASE_DAYS: i64 = 28;

/// Fewer answers than this say nothing of what is usual: of 300 at a tenth, the share is known to within 1.7 points (one standard
/// error), which is what the chart's limits can bear.
pub const BASE_ANSWERS_MIN: u64 = 300;

/// An hour of fewer answers is no point; see the module.
pub const POINT_ANSWERS_MIN: u64 = 8;

/// Points that the rules go back.
pub const POINTS: usize = 8;

/// Whoever began before the hour was over is done by then, in milliseconds after it.
pub const GRACE_MS: i64 = 2 * 60 * 1_000;

/// One hour in milliseconds.
const HOUR_MS: i64 = 3_600_000;

/// Hours for the chart: what is usual, and the newest hours that are over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hours {
    /// All of the days before.
    pub base: Count,
    /// The oldest first, each hour that is over one of them, the last that ended the last.
    pub hours: Vec<Count>,
}

/// What the newest hour signals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signalled {
    /// What.
    pub signal: Signal,
    /// What is usual, in thousandths.
    pub usual_permille: u32,
    /// What the hour brought.
    pub count: Count,
}

impl Hours {
    /// What the newest hour signals; none where it is no point, or nobody knows yet what is usual.
    #[must_use]
    pub fn signal(&self) -> Option<Signalled> {
        let is_point = |count: &Count| count.answers >= POINT_ANSWERS_MIN;
        let count = self.hours.last().copied().filter(is_point)?;
        let centre = self.centre()?;
        let points = self.hours.iter().filter(|count| is_point(count));
        let points: Vec<Point> =
            points.map(|count| Point { hits: count.unhappy, of: count.answers }).collect();
        let newest = points.len().saturating_sub(POINTS);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000")]
        let usual_permille = (centre * 1_000.0).round() as u32;
        signal(&points[newest..], centre).map(|signal| Signalled { signal, usual_permille, count })
    }

    /// What is usual. Half a case is added to either side (Jeffreys), so that a store where nobody was unhappy has limits too.
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    fn centre(&self) -> Option<f64> {
        let Count { answers, unhappy } = self.base;
        (answers >= BASE_ANSWERS_MIN).then(|| (unhappy as f64 + 0.5) / (answers as f64 + 1.0))
    }
}

/// The newest hour whose shoppers are all done, as hours since 1970-01-01 in local time, and when the next one is, in milliseconds
/// from now. `local_ms` are the milliseconds since then by the local clock.
#[must_use]
pub fn newest_hour(local_ms: i64) -> (i64, i64) {
    let since_ms = local_ms.saturating_sub(GRACE_MS);
    (since_ms.div_euclid(HOUR_MS) - 1, HOUR_MS - since_ms.rem_euclid(HOUR_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(unhappy: &[u64]) -> Hours {
        let hours = unhappy.iter().map(|&unhappy| Count { answers: 40, unhappy }).collect();
        Hours { base: Count { answers: 4_000, unhappy: 400 }, hours }
    }

    #[test]
    fn a_bad_hour_signals_and_the_one_after_it_does_not() {
        let bad = hours(&[4, 4, 15]).signal().unwrap();
        assert_eq!((bad.signal, bad.usual_permille, bad.count.unhappy), (Signal::BeyondLimits, 100, 15));
        assert_eq!(hours(&[4, 15, 4]).signal(), None);
        assert_eq!(hours(&[5; 8]).signal().unwrap().signal, Signal::EightInARow);
        assert_eq!(hours(&[]).signal(), None);
    }

    #[test]
    fn few_answers_are_no_point_and_an_unknown_usual_is_no_chart() {
        let few = Count { answers: POINT_ANSWERS_MIN - 1, unhappy: POINT_ANSWERS_MIN - 1 };
        let mut day = hours(&[4, 4]);
        day.hours.push(few);
        assert_eq!(day.signal(), None);
        let mut new = hours(&[40]);
        assert!(new.signal().is_some());
        new.base = Count { answers: BASE_ANSWERS_MIN - 1, unhappy: 30 };
        assert_eq!(new.signal(), None);
        new.base = Count { answers: BASE_ANSWERS_MIN, unhappy: 0 };
        assert!(new.signal().is_some(), "where nobody was ever unhappy, forty are news");
    }

    #[test]
    fn an_hour_is_looked_at_two_minutes_after_it() {
        let minute = 60_000;
        assert_eq!(newest_hour(10 * 60 * minute + minute), (8, minute));
        assert_eq!(newest_hour(10 * 60 * minute + 2 * minute), (9, 60 * minute));
        assert_eq!(newest_hour(-minute), (-2, 3 * minute));
        assert!(newest_hour(i64::MIN).1 > 0);
    }
}
