//! The happy share day by day, between the limits of what chance alone explains.

use afterword_model::metrics::control::{Limits, Point, Signal, limits, signal};
use afterword_model::metrics::{ANSWERS_MIN, Share, wilson_95};
use serde::{Deserialize, Serialize};

/// Points that the longest rule goes by.
const RULE_POINTS_MAX: usize = 8;

/// A p chart of the happy share: a point for each local day, and for each its own limits of three standard deviations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DayChart {
    /// The happy share of all these days together, 0 to 1, from which the limits are reckoned (Shewhart's p chart). None below
    /// [`ANSWERS_MIN`] answers; then no day has limits or a signal.
    pub centre: Option<f64>,
    /// Every day of the range, the oldest first, those without answers among them.
    pub days: Vec<DayPoint>,
}

/// One local day.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DayPoint {
    /// Days since 1970-01-01.
    pub day: i64,
    /// Visits that were happy.
    pub hits: u64,
    /// Visits that said whether they were.
    pub of: u64,
    /// Their share; none below [`ANSWERS_MIN`].
    pub share: Option<Share>,
    /// Where chance alone leaves such a day, 0 to 1; none without a centre or without answers.
    pub limits: Option<Limits>,
    /// Why this day is not like the others; none where it is.
    pub signal: Option<DaySignal>,
}

/// A day that chance does not explain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaySignal {
    /// Whether fewer visits were happy than usual, or more.
    pub side: Side,
    /// By which rule. [`Signal::BeyondLimits`] is the one that can be seen in the point itself; the others go by the days before.
    pub rule: Signal,
}

/// On which side of the centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Fewer happy visits.
    Worse,
    /// More.
    Better,
}

impl DayChart {
    /// The chart of these days (happy visits and all of each), the oldest first.
    pub(crate) fn of(first_day: i64, points: &[(u64, u64)]) -> Self {
        let (hits, of) = points.iter().fold((0, 0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
        let centre = (of >= ANSWERS_MIN).then(|| wilson_95(hits, of).estimate);
        // A rule looks at the last eight points at most; a day without answers is none.
        let (mut happy, mut unhappy): (Vec<Point>, Vec<Point>) = (Vec::new(), Vec::new());
        let days = (first_day..).zip(points).map(|(day, &(hits, of))| {
            let centre = centre.filter(|_| of > 0);
            if of > 0 {
                happy.push(Point { hits, of });
                unhappy.push(Point { hits: of - hits, of });
            }
            let signal = centre.and_then(|centre| {
                let newest = happy.len().saturating_sub(RULE_POINTS_MAX);
                let worse = signal(&unhappy[newest..], 1.0 - centre);
                let worse = worse.map(|rule| DaySignal { side: Side::Worse, rule });
                let better = || signal(&happy[newest..], centre);
                worse.or_else(|| better().map(|rule| DaySignal { side: Side::Better, rule }))
            });
            let share = (of >= ANSWERS_MIN).then(|| wilson_95(hits, of));
            DayPoint { day, hits, of, share, limits: centre.map(|centre| limits(centre, of)), signal }
        });
        Self { centre, days: days.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_day_is_a_signal_and_one_without_answers_is_no_point() {
        let mut points = vec![(76, 100); 30];
        points[10] = (40, 100);
        points[20] = (0, 0);
        points[25] = (3, 4);
        let chart = DayChart::of(7, &points);
        let bad = chart.days[10];
        assert_eq!((bad.day, bad.signal.map(|found| found.side)), (17, Some(Side::Worse)));
        assert_eq!(bad.signal.map(|found| found.rule), Some(Signal::BeyondLimits));
        assert!(bad.limits.is_some_and(|limits| limits.low > 0.6 && limits.high < 0.9), "{bad:?}");
        assert_eq!(chart.days[5].signal, None, "a day like the others");
        let empty = chart.days[20];
        assert_eq!((empty.share, empty.limits, empty.signal), (None, None, None));
        let few = chart.days[25];
        assert!(few.share.is_none() && few.limits.is_some(), "{few:?}");
        assert_eq!(DayChart::of(0, &[(1, 2)]).centre, None, "two answers are not enough");
    }

    #[test]
    fn a_good_day_is_a_signal_of_the_other_side() {
        let mut points = vec![(50, 100); 20];
        points[19] = (90, 100);
        let signal = DayChart::of(0, &points).days[19].signal;
        assert_eq!(signal, Some(DaySignal { side: Side::Better, rule: Signal::BeyondLimits }));
    }
}
