//! An axis of per cents: from where to where, and which lines are drawn.

/// Steps between lines, in per cent; the first that gives few enough is taken.
const STEPS: [u32; 5] = [1, 2, 5, 10, 20];
/// Lines at most.
const LINES_MAX: u32 = 6;

/// Whole per cents from `low` to `high`, with a line at each step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Axis {
    low: u32,
    high: u32,
    step: u32,
}

impl Axis {
    /// One that holds all of these shares (0 to 1), with a little room.
    pub(super) fn of(shares: impl Iterator<Item = f64>) -> Self {
        let (low, high) =
            shares.fold((1.0_f64, 0.0_f64), |(low, high), share| (low.min(share), high.max(share)));
        let (low, high) = if low > high { (0.0, 1.0) } else { (low, high) };
        let down = |step: u32| percent(low) / step * step;
        let up =
            |step: u32| ((high * 100.0).ceil().max(percent(low) as f64 + 1.0) as u32).div_ceil(step) * step;
        let fits = |step: &u32| (up(*step) - down(*step)) / step <= LINES_MAX;
        let step = STEPS.into_iter().find(fits).unwrap_or(20);
        Self { low: down(step), high: up(step).min(100).max(down(step) + 1), step }
    }

    /// Where a share lies, 0 at the low end to 1 at the high one.
    pub(super) fn place(self, share: f64) -> f64 {
        (share * 100.0 - f64::from(self.low)) / f64::from(self.high - self.low)
    }

    /// The lines, in per cent.
    pub(super) fn lines(self) -> impl Iterator<Item = u32> {
        (self.low..=self.high).step_by(self.step as usize)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share is 0 to 1")]
fn percent(share: f64) -> u32 {
    (share.clamp(0.0, 1.0) * 100.0).floor() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_holds_everything_with_few_lines() {
        let axis = Axis::of([0.686, 0.84].into_iter());
        assert_eq!(axis, Axis { low: 65, high: 85, step: 5 });
        assert_eq!(axis.lines().collect::<Vec<_>>(), [65, 70, 75, 80, 85]);
        assert!((axis.place(0.75) - 0.5).abs() < 1e-9);
        assert_eq!(Axis::of(std::iter::empty()), Axis { low: 0, high: 100, step: 20 });
        assert_eq!(Axis::of([1.0, 1.0].into_iter()), Axis { low: 100, high: 101, step: 1 });
        assert_eq!(Axis::of([0.0, 0.0].into_iter()), Axis { low: 0, high: 1, step: 1 });
    }
}
