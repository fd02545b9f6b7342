//! Honest numbers: estimates with the interval they deserve, and changes that are called so only when they are.
//!
//! | module | what is in it |
//! |---|---|
//! | [`share`] | shares of a whole: CSAT, completion; Wilson's interval, the score test of two shares and the interval of their difference |
//! | [`score`] | net promoter score and mean effort, their intervals, and the tests of two of them |
//! | [`change`] | which of several differences are changes: Holm's rule |
//! | [`usual`] | what a usual day brings |
//! | [`control`] | control charts: when a share has left its usual range |
//!
//! No estimate is given without its interval: alone it says more than the answers do. Every formula names its source, and all
//! agree with scipy and statsmodels to 1e-9 on a table (`tests/tests/conformance/statistics.csv`).
//!
//! Units: shares are 0 to 1, a net promoter score is -100 to 100, effort is 1 to 7. Intervals are at 95 %, tests two-sided.

pub mod change;
pub mod control;
mod quantile;
pub mod score;
pub mod share;
pub mod usual;

pub use share::{Share, wilson_95};

/// A summary shows no estimate below this many answers; fewer would invite stories about single shoppers.
pub const ANSWERS_MIN: u64 = 5;
