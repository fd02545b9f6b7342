//! Which places a store may hold among all.

use serde::{Deserialize, Serialize};

/// The places that a store may hold, 1 for the best: one more than there are stores whose interval lies wholly above its own, to as
/// many as there are less those whose lies wholly below. So two that overlap are never told apart.
///
/// The method is that of Klein, Wright and Wieczorek ("A joint confidence region for an overall ranking of populations", Journal of
/// the Royal Statistical Society C 69, 2020), with the intervals that are shown beside it. They would have each interval wider, so
/// that all places hold at once in nineteen lists of twenty; with these the promise is of each pair: that intervals of 95 % do not
/// touch happens to equal stores in about one pair of two hundred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Places {
    /// The best it may hold, from 1.
    pub best: u64,
    /// The worst.
    pub worst: u64,
}

/// The places of each of these intervals (low, high), in the order given.
pub(crate) fn places(intervals: &[(f64, f64)]) -> Vec<Places> {
    let sorted = |end: fn(&(f64, f64)) -> f64| {
        let mut ends: Vec<f64> = intervals.iter().map(end).collect();
        ends.sort_by(f64::total_cmp);
        ends
    };
    let (lows, highs) = (sorted(|interval| interval.0), sorted(|interval| interval.1));
    let all = intervals.len();
    let of = |&(low, high): &(f64, f64)| {
        let above = all - lows.partition_point(|other| *other <= high);
        let below = highs.partition_point(|other| *other < low);
        Places { best: above as u64 + 1, worst: (all - below) as u64 }
    };
    intervals.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_overlaps_shares_places_and_who_does_not_has_its_own() {
        let found = places(&[(0.8, 0.9), (0.78, 0.82), (0.5, 0.6), (0.82, 0.84)]);
        let plain: Vec<(u64, u64)> = found.iter().map(|places| (places.best, places.worst)).collect();
        assert_eq!(plain, [(1, 3), (1, 3), (4, 4), (1, 3)]);
        assert_eq!(places(&[]), []);
        assert_eq!(places(&[(0.0, 1.0)]), [Places { best: 1, worst: 1 }]);
    }
}
