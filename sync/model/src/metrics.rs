//! Honest numbers: shares with the interval they deserve.
//!
//! A share without an interval says more than the answers do, so there is no function here that gives one alone.

use serde::{Deserialize, Serialize};

/// Two-sided 95 % quantile of the standard normal distribution.
const Z_95: f64 = 1.959_963_984_540_054;

/// A summary shows no estimate below this many answers; fewer would invite stories about single shoppers.
pub const ANSWERS_MIN: u64 = 5;

/// How often each face was chosen, worst first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaceCounts(pub [u64; 5]);

/// A share of a whole with its 95 % interval, all from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// How many counted.
    pub hits: u64,
    /// Out of how many.
    pub of: u64,
    /// `hits / of`.
    pub estimate: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

impl FaceCounts {
    /// Adds `count` answers of a face from 1 to 5; anything else is not a face and changes nothing.
    pub fn add(&mut self, face: u8, count: u64) {
        if let Some(slot) = usize::from(face).checked_sub(1).and_then(|index| self.0.get_mut(index)) {
            *slot = slot.saturating_add(count);
        }
    }

    /// All answers.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Customer satisfaction: the share of the two best faces ("top-two-box").
    ///
    /// `None` below [`ANSWERS_MIN`] answers.
    #[must_use]
    pub fn csat(&self) -> Option<Share> {
        (self.total() >= ANSWERS_MIN).then(|| wilson_95(self.0[3] + self.0[4], self.total()))
    }
}

/// The share `hits / of` with its Wilson score interval at 95 % (Wilson 1927; Agresti and Coull 1998 on why
/// not the textbook one: it stays within 0 to 1 and holds its level for small counts and shares near the ends).
///
/// `hits` is at most `of`; an empty whole gives the interval from 0 to 1, which is all that is known.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub fn wilson_95(hits: u64, of: u64) -> Share {
    debug_assert!(hits <= of, "more hits than answers");
    if of == 0 {
        return Share { hits, of, estimate: 0.0, low: 0.0, high: 1.0 };
    }
    let n = of as f64;
    let estimate = hits as f64 / n;
    let z2 = Z_95 * Z_95;
    let scale = 1.0 + z2 / n;
    let centre = (estimate + z2 / (2.0 * n)) / scale;
    let half = Z_95 * (estimate * (1.0 - estimate) / n + z2 / (4.0 * n * n)).sqrt() / scale;
    Share {
        hits,
        of,
        estimate,
        // At the ends the formula gives 0 and 1 up to rounding; say them exactly.
        low: if hits == 0 { 0.0 } else { (centre - half).max(0.0) },
        high: if hits == of { 1.0 } else { (centre + half).min(1.0) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 5e-5, "{found} is not {expected}");
    }

    /// Values of R's `prop.test(x, n, correct = FALSE)`.
    #[test]
    fn wilson_agrees_with_r() {
        for (hits, of, low, high) in [
            (8, 10, 0.4902, 0.9433),
            (0, 10, 0.0, 0.2775),
            (10, 10, 0.7225, 1.0),
            (263, 1000, 0.2367, 0.2912),
        ] {
            let share = wilson_95(hits, of);
            assert_close(share.low, low);
            assert_close(share.high, high);
        }
    }

    #[test]
    fn few_answers_give_no_estimate() {
        let mut counts = FaceCounts::default();
        counts.add(5, ANSWERS_MIN - 1);
        assert_eq!(counts.csat(), None);
        counts.add(4, 1);
        assert_close(counts.csat().unwrap().estimate, 1.0);
    }

    #[test]
    fn what_is_no_face_is_not_counted() {
        let mut counts = FaceCounts::default();
        counts.add(0, 1);
        counts.add(6, 1);
        assert_eq!(counts.total(), 0);
    }
}
