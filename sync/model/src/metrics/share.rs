//! Shares of a whole.

use serde::{Deserialize, Serialize};

use statrs::function::factorial::ln_binomial;

use super::quantile::{Z_95, two_sided_normal};

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

/// By how much two shares differ, with its 95 % interval, all from -1 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The one less the other.
    pub estimate: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

/// One share (hits, of) less another, of answers that have nothing to do with each other: Newcombe's hybrid score interval at 95 % (method
/// 10 in "Interval estimation for the difference between independent proportions", Statistics in Medicine 17, 1998), which is made of the
/// two intervals of [`wilson_95`] and so never contradicts what is shown beside it. An empty whole gives -1 to 1, which is all that is known.
#[must_use]
pub fn difference_95(one: (u64, u64), other: (u64, u64)) -> Difference {
    if one.1 == 0 || other.1 == 0 {
        return Difference { estimate: 0.0, low: -1.0, high: 1.0 };
    }
    let (one, other) = (wilson_95(one.0, one.1), wilson_95(other.0, other.1));
    let estimate = one.estimate - other.estimate;
    let down = (one.estimate - one.low).hypot(other.high - other.estimate);
    let up = (one.high - one.estimate).hypot(other.estimate - other.low);
    Difference { estimate, low: (estimate - down).max(-1.0), high: (estimate + up).min(1.0) }
}

/// How many are expected, at least, in each cell of the table before the score test is near enough (Cochran 1954).
const EXPECTED_MIN: f64 = 5.0;

/// How probable it is that two shares of one and the same truth differ as much as these: the score test with a pooled share
/// (Pearson's chi-squared of the table of two by two, without correction), and Fisher's exact test where fewer than five are
/// expected in a cell. 1 where nothing can be told, because a whole is empty or all answers are alike.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub fn p_of_two_shares(one: (u64, u64), other: (u64, u64)) -> f64 {
    let ((hits, of), (other_hits, other_of)) = (one, other);
    if of == 0 || other_of == 0 {
        return 1.0;
    }
    let (n, m) = (of as f64, other_of as f64);
    let pooled = (hits + other_hits) as f64 / (n + m);
    let variance = pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m);
    if variance <= 0.0 {
        return 1.0;
    }
    if n.min(m) * pooled.min(1.0 - pooled) < EXPECTED_MIN {
        return fisher(one, other);
    }
    two_sided_normal((hits as f64 / n - other_hits as f64 / m) / variance.sqrt())
}

/// Fisher's exact test, two-sided: how probable all tables with these margins are that are no more probable than this one.
fn fisher((hits, of): (u64, u64), (other_hits, other_of): (u64, u64)) -> f64 {
    let all_hits = hits + other_hits;
    let log_of = |k: u64| {
        ln_binomial(of, k) + ln_binomial(other_of, all_hits - k) - ln_binomial(of + other_of, all_hits)
    };
    let this = log_of(hits);
    let tables = all_hits.saturating_sub(other_of)..=all_hits.min(of);
    // As probable as this one, up to rounding, counts as well.
    let p: f64 = tables.map(log_of).filter(|log| *log <= this + 1e-7).map(f64::exp).sum();
    p.min(1.0)
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

    /// Values of Newcombe 1998, table II.
    #[test]
    fn a_difference_agrees_with_newcombe() {
        for (one, other, low, high) in [
            ((56, 70), (48, 80), 0.0524, 0.3339),
            ((9, 10), (3, 10), 0.1705, 0.8090),
            ((5, 56), (0, 29), -0.0381, 0.1926),
            ((0, 10), (0, 10), -0.2775, 0.2775),
            ((10, 10), (0, 20), 0.6791, 1.0),
        ] {
            let found = difference_95(one, other);
            assert_close(found.low, low);
            assert_close(found.high, high);
        }
        let unknown = difference_95((3, 4), (0, 0));
        assert_eq!((unknown.low, unknown.high), (-1.0, 1.0));
    }

    #[test]
    fn one_of_five_that_stopped_is_no_news() {
        assert!(p_of_two_shares((294, 300), (4, 5)) > 0.05);
        assert!(p_of_two_shares((297, 300), (4, 5)) > 0.025, "{}", p_of_two_shares((297, 300), (4, 5)));
    }

    #[test]
    fn nothing_is_known_of_an_empty_whole_and_nothing_differs_where_all_are_alike() {
        assert_eq!((wilson_95(0, 0).low, wilson_95(0, 0).high), (0.0, 1.0));
        for (one, other) in [((0, 0), (3, 4)), ((5, 5), (9, 9)), ((0, 5), (0, 9))] {
            assert_eq!(p_of_two_shares(one, other), 1.0);
        }
    }
}
