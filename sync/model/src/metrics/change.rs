//! Which of several differences are changes.
//!
//! Four numbers that nothing has happened to would show a "change" at 5 % in one summary of five. The numbers of one summary are
//! therefore judged together, by Holm's rule ("A simple sequentially rejective multiple test procedure", Scandinavian Journal of
//! Statistics 6, 1979): whatever is true of them, at most one summary in twenty names any change where there is none.

use serde::{Deserialize, Serialize};

/// How often, at most, a summary may name a change where there is none.
pub const LEVEL: f64 = 0.05;

/// Which way a number went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It rose.
    Up,
    /// It fell.
    Down,
    /// It differs by no more than chance would have it.
    None,
}

/// The probabilities raised by Holm's rule, in the order given: each is held against [`LEVEL`] by itself.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a summary has a handful of numbers")]
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&one, &other| p[one].total_cmp(&p[other]));
    let mut adjusted = vec![1.0; p.len()];
    let mut highest: f64 = 0.0;
    for (rank, &place) in order.iter().enumerate() {
        highest = highest.max((p.len() - rank) as f64 * p[place]).min(1.0);
        adjusted[place] = highest;
    }
    adjusted
}

/// What a difference is called, with its probability raised by [`holm`].
#[must_use]
pub fn judged(now: f64, before: f64, raised_p: f64) -> Change {
    if raised_p > LEVEL || now == before {
        return Change::None;
    }
    if now > before { Change::Up } else { Change::Down }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_pays_for_all_and_none_overtakes_another() {
        let close = |found: Vec<f64>, expected: &[f64]| {
            assert!(found.iter().zip(expected).all(|(one, other)| (one - other).abs() < 1e-12), "{found:?}");
        };
        close(holm(&[0.01, 0.04, 0.03, 0.005]), &[0.03, 0.06, 0.06, 0.02]);
        close(holm(&[0.9, 0.8]), &[1.0, 1.0]);
        assert_eq!(holm(&[]), Vec::<f64>::new());
    }

    #[test]
    fn what_is_not_certain_is_no_change() {
        assert_eq!(judged(2.0, 1.0, 0.051), Change::None);
        assert_eq!(judged(2.0, 1.0, 0.05), Change::Up);
        assert_eq!(judged(1.0, 2.0, 0.0), Change::Down);
        assert_eq!(judged(1.0, 1.0, 0.0), Change::None);
    }
}
