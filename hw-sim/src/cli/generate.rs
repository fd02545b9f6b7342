//! `afterword-sim generate`: a year of a shop's traffic in a kiosk's folder.

use std::path::PathBuf;

use afterword_model::ports::Clock;
use afterword_protocol::system::SystemClock;
use anyhow::{Context, Result};
use chrono::NaiveDate;
use clap::Args;

use crate::traffic;
use crate::traffic::shape::{Shape, day_of};

/// Make up the traffic of a shop and leave it in a folder as a kiosk would have.
#[derive(Debug, Args)]
#[command(
    after_help = "The folder then holds kiosk.toml, its survey, and the kiosk's database in data:\n\n  afterword-sim generate --days 365 --per-day 600 --seed 7 --out year\n  afterword-kiosk summary --config year/kiosk.toml --range 30d\n\nOne incident is put in, after two thirds of the days; it is named at the end. The same seed and last day make the same traffic.\n\nExit codes: 0 made, 1 failed, 2 wrong use."
)]
pub(super) struct Generate {
    /// How many days.
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u64).range(1..=3_660))]
    days: u64,
    /// Shoppers on a mean day.
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    per_day: u32,
    /// Decides all that is left to chance.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// The last day, as YYYY-MM-DD; today, as far as it has gone, when left out.
    #[arg(long, value_name = "DATE")]
    until: Option<NaiveDate>,
    /// The folder.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl Generate {
    pub(super) fn run(self) -> Result<()> {
        let zone = chrono_tz::Europe::London;
        let now_ms = SystemClock::start().wall_ms();
        let today =
            day_of(zone, now_ms).context("the clock of this machine is beyond all calendars; set it")?;
        let until = self.until.unwrap_or(today);
        // A day that is over, or yet to come, is a whole one.
        let before_ms = if until == today { now_ms } else { i64::MAX };
        let shape = Shape { until, days: self.days, per_day: f64::from(self.per_day), seed: self.seed, zone };
        let made = traffic::make(&self.out, &shape, before_ms)?;
        let ((first, last), incident) = (made.days, made.incident);
        println!("{} responses from {first} to {last} in {}", made.responses, self.out.display());
        println!(
            "incident: {} to {}, {}:00 to {}:00",
            incident.days.0, incident.days.1, incident.hours.0, incident.hours.1
        );
        Ok(())
    }
}
