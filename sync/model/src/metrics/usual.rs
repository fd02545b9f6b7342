//! What a usual day brings.

use serde::{Deserialize, Serialize};

use super::quantile::t_95;

/// Fewer days than this say nothing of what is usual.
pub const DAYS_MIN: usize = 4;

/// How much such a day brings, nineteen times in twenty.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Usual {
    /// Days it is from.
    pub days: usize,
    /// At least, 0 or more.
    pub low: f64,
    /// At most.
    pub high: f64,
}

/// From what days of the same kind brought: Student's prediction interval for one more of them, `mean ± t √(s² (1 + 1/k))` with
/// `k - 1` degrees of freedom (e.g. Hahn and Meeker, "Statistical Intervals", 1991, chapter 4). It goes by how much the days
/// differ, and so holds for counts that spread more than Poisson's. `None` below [`DAYS_MIN`] days.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub fn usual(days: &[u64]) -> Option<Usual> {
    if days.len() < DAYS_MIN {
        return None;
    }
    let k = days.len() as f64;
    let mean = days.iter().map(|count| *count as f64).sum::<f64>() / k;
    let squares: f64 = days.iter().map(|count| (*count as f64 - mean) * (*count as f64 - mean)).sum();
    let half = t_95(k - 1.0) * (squares / (k - 1.0) * (1.0 + 1.0 / k)).sqrt();
    Some(Usual { days: days.len(), low: (mean - half).max(0.0), high: mean + half })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_days_say_nothing_and_days_that_are_alike_say_much() {
        assert_eq!(usual(&[5, 5, 5]), None);
        assert_eq!(usual(&[5, 5, 5, 5]), Some(Usual { days: 4, low: 5.0, high: 5.0 }));
        let wide = usual(&[0, 1, 0, 90]).unwrap();
        assert!(wide.low == 0.0 && wide.high > 90.0, "{wide:?}");
    }
}
