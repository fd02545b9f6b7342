//! Control charts of a share: whether what comes in, hour by hour, is still what it has been.
//!
//! The p chart of Shewhart with limits of three standard deviations, and the rules of the Western Electric handbook ("Statistical
//! Quality Control Handbook", 1956) for runs within them. Hours differ in how many answers they bring, so each is held against
//! limits of its own width and the rules go by its distance in standard deviations.

use serde::{Deserialize, Serialize};

/// The shares of one hour, or whatever else is a point of the chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// How many counted.
    pub hits: u64,
    /// Out of how many.
    pub of: u64,
}

/// The limits of a point, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Three standard deviations below the centre, 0 at least.
    pub low: f64,
    /// The share that is usual.
    pub centre: f64,
    /// Three standard deviations above it, 1 at most.
    pub high: f64,
}

/// Why a point is a signal. All look for shares that are too high, because it is the unhappy ones that are watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// Rule 1: one point above three standard deviations.
    BeyondLimits,
    /// Rule 2: two of three points in a row above two.
    TwoOfThree,
    /// Rule 3: four of five points in a row above one.
    FourOfFive,
    /// Rule 4: eight points in a row above the centre.
    EightInARow,
}

/// The limits of a point with `of` answers, where `centre` is usual: `centre ± 3 √(centre (1 - centre) / of)`. No answers give 0
/// to 1.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub fn limits(centre: f64, of: u64) -> Limits {
    if of == 0 {
        return Limits { low: 0.0, centre, high: 1.0 };
    }
    let three = 3.0 * (centre * (1.0 - centre) / of as f64).sqrt();
    Limits { low: (centre - three).max(0.0), centre, high: (centre + three).min(1.0) }
}

/// How many standard deviations a point lies above the centre. 0 where it has no answers or nothing can spread.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub fn distance(point: Point, centre: f64) -> f64 {
    let deviation = (centre * (1.0 - centre) / point.of.max(1) as f64).sqrt();
    if point.of == 0 || deviation <= 0.0 {
        return 0.0;
    }
    (point.hits as f64 / point.of as f64 - centre) / deviation
}

/// What the newest of these points signals, the oldest first; points without answers are passed over.
#[must_use]
pub fn signal(points: &[Point], centre: f64) -> Option<Signal> {
    let newest: Vec<f64> = points
        .iter()
        .rev()
        .filter(|point| point.of > 0)
        .take(8)
        .map(|point| distance(*point, centre))
        .collect();
    let above = |of: usize, limit: f64| newest.iter().take(of).filter(|far| **far > limit).count();
    let is_above = |limit: f64| newest.first().is_some_and(|far| *far > limit);
    if is_above(3.0) {
        Some(Signal::BeyondLimits)
    } else if is_above(2.0) && above(3, 2.0) >= 2 {
        Some(Signal::TwoOfThree)
    } else if is_above(1.0) && above(5, 1.0) >= 4 {
        Some(Signal::FourOfFive)
    } else if above(8, 0.0) == 8 {
        Some(Signal::EightInARow)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hours of a hundred answers where a fifth is usual: four points of a hundred are one standard deviation.
    fn chart(hits: &[u64]) -> Option<Signal> {
        let points: Vec<Point> = hits.iter().map(|&hits| Point { hits, of: 100 }).collect();
        signal(&points, 0.2)
    }

    #[test]
    fn each_rule_of_the_handbook_speaks_and_only_of_the_newest() {
        assert_eq!(chart(&[20, 33]), Some(Signal::BeyondLimits));
        assert_eq!(chart(&[33, 20]), None, "it was the hour before");
        assert_eq!(chart(&[29, 20, 29]), Some(Signal::TwoOfThree));
        assert_eq!(chart(&[29, 20, 20, 29]), None);
        assert_eq!(chart(&[25, 25, 20, 25, 25]), Some(Signal::FourOfFive));
        assert_eq!(chart(&[21; 8]), Some(Signal::EightInARow));
        assert_eq!(chart(&[21; 7]), None);
        assert_eq!(chart(&[10; 8]), None, "that few are unhappy is no alarm");
        assert_eq!(chart(&[]), None);
    }

    #[test]
    fn an_hour_without_answers_is_no_point() {
        let some = Point { hits: 29, of: 100 };
        let points = [some, Point { hits: 0, of: 0 }, some];
        assert_eq!(signal(&points, 0.2), Some(Signal::TwoOfThree));
        assert_eq!(limits(0.2, 0), Limits { low: 0.0, centre: 0.2, high: 1.0 });
    }
}
