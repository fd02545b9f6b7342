//! Real time, turns, medians, and the report.
//!
//! Ours and the floor take turns, A B A B, so that whatever else the machine does meets both. A round gives one
//! number for each side; what is reported is the median over the rounds, with the smallest and the largest beside it.

use std::time::{Duration, Instant};

use anyhow::Result;

/// Which way is better.
#[derive(Clone, Copy)]
pub(crate) enum Better {
    /// Less is: times, bytes.
    Lower,
    /// More is: records per second.
    Higher,
}

/// One side of a comparison.
pub(crate) struct Side {
    /// What did the work.
    pub(crate) name: &'static str,
    /// One number for each round, in the figure's unit.
    pub(crate) rounds: Vec<f64>,
}

/// A figure and its floor.
pub(crate) struct Figure {
    /// Its id in the list of what is measured, such as `P4`.
    pub(crate) id: &'static str,
    /// What was measured, in one line.
    pub(crate) what: String,
    /// Unit of both sides.
    pub(crate) unit: &'static str,
    /// The product.
    pub(crate) ours: Side,
    /// The least work for the same promise.
    pub(crate) floor: Side,
    /// The ratio to reach.
    pub(crate) target: f64,
    /// Which way is better.
    pub(crate) better: Better,
}

/// Starts a stopwatch.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time; nothing is decided by it")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// How long that took.
pub(crate) fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, Duration)> {
    let start = now();
    let done = work()?;
    Ok((done, start.elapsed()))
}

/// Microseconds.
pub(crate) fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// So many things in that time, per second.
pub(crate) fn per_second(count: usize, duration: Duration) -> f64 {
    count as f64 / duration.as_secs_f64()
}

/// The value that `share` of all values lie below, from 0 to 1, by the nearest rank; 0.5 is the median.
///
/// # Panics
/// When there are no values.
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}

impl Side {
    /// A side that has not been measured yet.
    pub(crate) fn named(name: &'static str) -> Self {
        Self { name, rounds: Vec::new() }
    }

    /// The median over the rounds.
    pub(crate) fn median(&self) -> f64 {
        quantile(&self.rounds, 0.5)
    }

    fn print(&self, role: &str, unit: &str) {
        let (least, most) = (quantile(&self.rounds, 0.0), quantile(&self.rounds, 1.0));
        println!(
            "  {role:<5} {:>8} {unit}  ({} .. {}, n = {})  {}",
            number(self.median()),
            number(least),
            number(most),
            self.rounds.len(),
            self.name
        );
    }
}

impl Figure {
    /// Prints both sides and, last, the line for scripts: ours through the floor.
    pub(crate) fn report(&self) {
        self.report_as(self.ours.median() / self.floor.median());
    }

    /// The same with another number in the last line, for a figure whose target is no ratio.
    pub(crate) fn report_as(&self, value: f64) {
        println!("\n{}: {}", self.id, self.what);
        self.ours.print("ours", self.unit);
        self.floor.print("floor", self.unit);
        let way = match self.better {
            Better::Lower => "lower",
            Better::Higher => "higher",
        };
        println!("ratio {} {value:.2} target {} {way}", self.id, self.target);
    }
}

/// A number with the digits that mean something.
pub(crate) fn number(value: f64) -> String {
    if value >= 1_000.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}
