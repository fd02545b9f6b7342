//! `afterword-kiosk summary`: the numbers of a range of days.

use afterword_model::ports::Clock;
use afterword_model::summary::Ask;
use afterword_protocol::system::SystemClock;
use anyhow::{Context, Result, bail};
use chrono::{DateTime, NaiveDate, Utc};
use clap::{Args, ValueEnum};

use super::summary_csv::csv;
use super::summary_page::page;
use super::{Places, source};
use crate::config::Config;

/// Print the numbers of a range of days, each with its 95 % interval.
#[derive(Debug, Args)]
#[command(
    after_help = "Days are the store's own, in its time zone, midnight to midnight. The 30 days of --range are today and the 29 before.\n\n  afterword-kiosk summary                                    today\n  afterword-kiosk summary --range 30d --json                 thirty days, for a program\n  afterword-kiosk summary --from 2026-11-01 --to 2026-11-30  a month\n\nTaps that may be no shopper's (within 5 seconds of the last one's, or the seventh and later within a minute) are counted and said to be flagged; --without-flagged leaves them out.

CSAT is the share of the two best faces or stars, completion that of the visits that came to the survey's last step; their intervals are Wilson's. NPS has the adjusted interval of Bonett and Price, mean effort Student's. Of a hundred such intervals, about ninety-five hold the true number. Below five answers none is given.

Every number is held against the same days of the week before. It is said to be up or down only where chance would make such a difference in fewer than one summary in twenty, all of its numbers judged together (Holm).

Step by step, a question's row counts the visits that it was shown to after their first tap, whether they answered, passed it over or left there; those that answered; those that ended there; and the median time from the answer or page before, which is less than 19 % off (times are counted in steps of a quarter of an octave). Who was shown the question on the screen at rest is not known, nor how long they looked at it: a dash, `null` in JSON (`steps[].shown`, `steps[].median_ms`), an empty count in CSV. So is what a program before did not count. A visit that a power cut ended has the pages up to its last answer. `ended` says how visits ended: `completed` at the last step, `finished` early, `timed_out`, `interrupted`.

Exit codes: 0 printed, 1 failed, 2 wrong use."
)]
pub(super) struct SummaryCommand {
    /// Today alone, or today and the days before it.
    #[arg(long, value_enum, value_name = "RANGE", conflicts_with_all = ["from", "to"])]
    range: Option<Range>,
    /// First day, as YYYY-MM-DD; the last day when left out.
    #[arg(long, value_name = "DATE")]
    from: Option<NaiveDate>,
    /// Last day, included; today when left out.
    #[arg(long, value_name = "DATE")]
    to: Option<NaiveDate>,
    /// Leave out what carries a flag: taps of one hand again and again, or more than a door lets through.
    #[arg(long)]
    without_flagged: bool,
    /// Of this touchpoint alone.
    #[arg(long, value_name = "NAME")]
    touchpoint: Option<String>,
    /// Of this language alone, as its tag (`de`).
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
    /// Print one JSON object instead of a page for people.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print a table for a spreadsheet: one row for each number, in UTF-8.
    #[arg(long)]
    csv: bool,
    #[command(flatten)]
    places: Places,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Range {
    Today,
    #[value(name = "7d")]
    Week,
    #[value(name = "30d")]
    Month,
}

impl SummaryCommand {
    pub(super) fn run(self) -> Result<()> {
        let config = Config::read(&self.places.config)?;
        let now_ms = SystemClock::start().wall_ms();
        let today = DateTime::<Utc>::from_timestamp_millis(now_ms)
            .context("the clock of this machine is beyond all calendars; set it")?
            .with_timezone(&config.time_zone)
            .date_naive();
        let (from, to) = self.days(today)?;
        let ask = Ask {
            without_flagged: self.without_flagged,
            touchpoint: self.touchpoint.clone(),
            language: self.language.clone(),
            ..Ask::days(day_number(from), day_number(to))
        };
        let (own, running) = (ask.clone(), ask);
        let mut summary = source::read(
            &self.places,
            &config,
            |store| Ok(store.summary(own)?),
            |kiosk| kiosk.summary(running),
        )?;
        // A survey with mistakes does not keep anybody from the numbers.
        if let Ok(agenda) = config.agenda(&self.places.config) {
            let seasonal = agenda.seasonal.iter().map(|(_, survey)| survey.as_ref());
            summary.in_order_of(std::iter::once(agenda.usual.as_ref()).chain(seasonal));
        }
        if self.json {
            println!("{}", serde_json::to_string(&summary)?);
        } else if self.csv {
            print!("{}", csv(&summary)?);
        } else {
            print!("{}", page(&config.store_name, from, to, &summary));
        }
        Ok(())
    }

    fn days(&self, today: NaiveDate) -> Result<(NaiveDate, NaiveDate)> {
        let to = self.to.unwrap_or(today);
        let before =
            |days| to.checked_sub_days(chrono::Days::new(days)).context("such days are beyond all calendars");
        let from = match self.range {
            Some(Range::Today) => to,
            Some(Range::Week) => before(6)?,
            Some(Range::Month) => before(29)?,
            None => self.from.unwrap_or(to),
        };
        if from > to {
            bail!(
                "the range begins on {from}, after it ends on {to}; give an earlier --from, or a later --to (without one it is today)"
            );
        }
        Ok((from, to))
    }
}

fn day_number(day: NaiveDate) -> i64 {
    day.signed_duration_since(NaiveDate::default()).num_days()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_count_from_1970() {
        assert_eq!(day_number(NaiveDate::from_ymd_opt(1970, 1, 2).unwrap()), 1);
    }
}
