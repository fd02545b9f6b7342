//! How long something took, as a median needs it: how many fell into each of 37 buckets, a quarter of an octave wide.
//!
//! A time is told from others of its bucket by nothing, so that a median is at most a bucket's width off: less than 19 % between
//! 0.25 and 128 s. What was faster stands in the first bucket, what was slower in the last.

use serde::{Deserialize, Serialize};

use super::Combining;

/// Where one bucket ends and the next begins, in milliseconds: 250 times a power of the fourth root of 2.
const BOUNDS_MS: [u64; 36] = [
    250, 297, 354, 420, 500, 595, 707, 841, 1_000, 1_189, 1_414, 1_682, 2_000, 2_378, 2_828, 3_364, 4_000,
    4_757, 5_657, 6_727, 8_000, 9_514, 11_314, 13_454, 16_000, 19_027, 22_627, 26_909, 32_000, 38_055,
    45_255, 53_817, 64_000, 76_109, 90_510, 107_635,
];

/// Where the last bucket would end if it ended, in milliseconds.
const TOP_MS: u64 = 128_000;

/// How many buckets there are.
pub const BUCKETS: usize = BOUNDS_MS.len() + 1;

/// How many times fell into each bucket, the shortest first; nothing at all where there were none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Times(Vec<u64>);

impl Times {
    /// Whether none are counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The buckets that hold any, and how many.
    pub fn counted(&self) -> impl Iterator<Item = (usize, u64)> {
        self.0.iter().copied().enumerate().filter(|(_, count)| *count > 0)
    }

    /// The count that a time of so many milliseconds belongs to.
    pub(super) fn of_ms(&mut self, took_ms: u64) -> &mut u64 {
        &mut self.all()[BOUNDS_MS.partition_point(|bound_ms| *bound_ms <= took_ms)]
    }

    /// Every count, also those that are 0.
    pub(super) fn all(&mut self) -> &mut [u64] {
        if self.0.len() < BUCKETS {
            self.0.resize(BUCKETS, 0);
        }
        &mut self.0
    }

    pub(super) fn combine(&mut self, other: &Self, by: Combining) {
        if !other.is_empty() {
            self.all().iter_mut().zip(&other.0).for_each(|(count, other)| *count = by(*count, *other));
        }
    }

    pub(super) fn forget_zeros(&mut self) {
        if self.0.iter().all(|count| *count == 0) {
            self.0.clear();
        }
    }

    /// The median in milliseconds; none where nothing was counted.
    ///
    /// It lies in the bucket of the true one, of an even number the lower of the two in the middle. Where in it is
    /// interpolated: as if the times of a bucket were spread evenly over it.
    #[must_use]
    pub fn median_ms(&self) -> Option<u64> {
        let all: u128 = self.0.iter().map(|count| u128::from(*count)).sum();
        let rank = all.div_ceil(2);
        let mut before = 0;
        for (bucket, count) in self.counted() {
            let count = u128::from(count);
            if before + count >= rank {
                let (from_ms, to_ms) = ends_ms(bucket);
                // The middle of the piece of the bucket that is its own.
                let into = u128::from(to_ms - from_ms) * (2 * (rank - before) - 1) / (2 * count);
                return Some(from_ms + u64::try_from(into).unwrap_or(0));
            }
            before += count;
        }
        None
    }
}

/// Where a bucket begins and ends, in milliseconds.
pub(super) fn ends_ms(bucket: usize) -> (u64, u64) {
    let from_ms = bucket.checked_sub(1).and_then(|before| BOUNDS_MS.get(before)).copied().unwrap_or(0);
    (from_ms, BOUNDS_MS.get(bucket).copied().unwrap_or(TOP_MS))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn times(took_ms: &[u64]) -> Times {
        let mut times = Times::default();
        took_ms.iter().for_each(|took_ms| *times.of_ms(*took_ms) += 1);
        times
    }

    #[test]
    fn bounds_are_a_quarter_of_an_octave_apart() {
        let mut expected_ms = 250.0_f64;
        for bound_ms in BOUNDS_MS.into_iter().chain([TOP_MS]) {
            #[expect(clippy::cast_precision_loss, reason = "bounds are small")]
            let off = (bound_ms as f64 - expected_ms).abs();
            assert!(off <= 0.5 + 1e-6, "{bound_ms} is not {expected_ms}");
            expected_ms *= 2.0_f64.powf(0.25);
        }
    }

    #[test]
    fn a_bucket_begins_with_its_bound_and_the_last_takes_whatever_is_longer() {
        let place = |took_ms| times(&[took_ms]).counted().next().map(|(bucket, _)| bucket);
        assert_eq!((place(0), place(249), place(250), place(296)), (Some(0), Some(0), Some(1), Some(1)));
        assert_eq!((place(107_634), place(107_635), place(u64::MAX)), (Some(35), Some(36), Some(36)));
    }

    #[test]
    fn a_median_stands_where_evenly_spread_times_would_have_it() {
        assert_eq!(Times::default().median_ms(), None);
        assert_eq!(times(&[1_000]).median_ms(), Some(1_094), "the middle of 1000 to 1189");
        // Three of one bucket stand at a sixth, a half and five sixths of it.
        assert_eq!(times(&[4_000, 4_000, 4_000]).median_ms(), Some(4_378));
        assert_eq!(
            times(&[300, 4_000, 4_000, 4_000]).median_ms(),
            Some(4_126),
            "the lower one in the middle"
        );
    }

    proptest! {
        #[test]
        fn a_median_is_less_than_a_fifth_off(mut took_ms in vec(250_u64..107_000, 1..60)) {
            let found = times(&took_ms).median_ms().unwrap();
            took_ms.sort_unstable();
            let exact = took_ms[(took_ms.len() - 1) / 2];
            #[expect(clippy::cast_precision_loss, reason = "times are short")]
            let off = (found as f64 / exact as f64 - 1.0).abs();
            prop_assert!(off < 0.19 + 0.002, "{found} for {exact}");
        }
    }
}
