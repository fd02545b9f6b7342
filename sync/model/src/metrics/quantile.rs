//! The distributions that the formulas ask for; statrs computes them.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// Two-sided 95 % quantile of the standard normal distribution.
pub(crate) const Z_95: f64 = 1.959_963_984_540_054;

/// The probability that a standard normal value is further from 0 than this, on either side.
pub(crate) fn two_sided_normal(z: f64) -> f64 {
    2.0 * Normal::standard().sf(z.abs())
}

/// The two-sided 95 % quantile of Student's distribution; `degrees` is above 0.
pub(crate) fn t_95(degrees: f64) -> f64 {
    students_t(degrees).map_or(f64::INFINITY, |t| t.inverse_cdf(0.975))
}

/// The probability that a value of Student's distribution is further from 0 than this, on either side.
pub(crate) fn two_sided_t(t: f64, degrees: f64) -> f64 {
    students_t(degrees).map_or(1.0, |distribution| 2.0 * distribution.sf(t.abs()))
}

fn students_t(degrees: f64) -> Option<StudentsT> {
    StudentsT::new(0.0, 1.0, degrees).ok()
}
