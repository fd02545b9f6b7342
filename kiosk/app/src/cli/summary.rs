//! `afterword-kiosk summary`: the numbers of a range of days.
//!
//! The database has one owner. While the kiosk runs, it is asked over its socket; otherwise the database is
//! opened here for as long as the answer takes.

use std::sync::Arc;

use afterword_kiosk_store::{OpenError, Options, Store};
use afterword_model::metrics::{ANSWERS_MIN, Share};
use afterword_model::ports::Clock;
use afterword_model::summary::{FaceSummary, Summary};
use afterword_protocol::system::{SystemClock, SystemEntropy};
use anyhow::{Context, Result, bail};
use chrono::{DateTime, NaiveDate, Utc};
use clap::Args;
use comfy_table::{CellAlignment, Table, presets};

use super::Places;
use crate::ask::RunningKiosk;
use crate::config::Config;

/// Width of the longest bar, in characters.
const BAR_CHARS: u64 = 30;

/// Print the numbers of a range of days: responses, CSAT with its interval, faces.
#[derive(Debug, Args)]
#[command(
    after_help = "Days are the store's own, in its time zone, midnight to midnight.\n\n  afterword-kiosk summary                                    today\n  afterword-kiosk summary --from 2026-11-01 --to 2026-11-30  a month\n\nTaps that may be no shopper's (within 5 seconds of the last one's, or the seventh and later within a minute) are counted and said to be flagged; --without-flagged leaves them out.

CSAT is the share of the two best faces. Its interval is Wilson's at 95 %: of a hundred such intervals, about ninety-five hold the true share. Below five answers no share is given.

Exit codes: 0 printed, 1 failed, 2 wrong use."
)]
pub(super) struct SummaryCommand {
    /// First day, as YYYY-MM-DD; the last day when left out.
    #[arg(long, value_name = "DATE")]
    from: Option<NaiveDate>,
    /// Last day, included; today when left out.
    #[arg(long, value_name = "DATE")]
    to: Option<NaiveDate>,
    /// Leave out what carries a flag: taps of one hand again and again, or more than a door lets through.
    #[arg(long)]
    without_flagged: bool,
    /// Print one JSON object instead of a page for people.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    places: Places,
}

impl SummaryCommand {
    pub(super) fn run(self) -> Result<()> {
        let config = Config::read(&self.places.config)?;
        let now_ms = SystemClock::start().wall_ms();
        let today = DateTime::<Utc>::from_timestamp_millis(now_ms)
            .context("the clock of this machine is beyond all calendars; set it")?
            .with_timezone(&config.time_zone)
            .date_naive();
        let to = self.to.unwrap_or(today);
        let from = self.from.unwrap_or(to);
        if from > to {
            bail!("the range ends on {to}, before it begins on {from}; swap --from and --to");
        }
        let summary = self.summary(day_number(from), day_number(to))?;
        let summary = if self.without_flagged { summary.without_flagged() } else { summary };
        if self.json {
            println!("{}", serde_json::to_string(&summary)?);
        } else {
            print!("{}", page(&config.store_name, from, to, &summary));
        }
        Ok(())
    }

    fn summary(&self, first_day: i64, last_day: i64) -> Result<Summary> {
        let Places { data, socket, .. } = &self.places;
        if !data.join("kiosk.db").exists() {
            bail!(
                "there is no database in {}; name the kiosk's data folder with --data, or start the kiosk once",
                data.display()
            );
        }
        let options = Options { clock: Arc::new(SystemClock::start()), entropy: Arc::new(SystemEntropy) };
        match Store::open(data, options) {
            Ok((store, opened)) => {
                if let Some(path) = opened.set_aside {
                    bail!(
                        "the database was damaged and is set aside as {}; keep that file, what is whole in it was carried over: ask again",
                        path.display()
                    );
                }
                let summary = store.summary(first_day, last_day)?;
                store.close()?;
                Ok(summary)
            }
            Err(OpenError::InUse { .. }) => RunningKiosk::connect(socket)?.summary(first_day, last_day),
            Err(error) => Err(error.into()),
        }
    }
}

fn day_number(day: NaiveDate) -> i64 {
    day.signed_duration_since(NaiveDate::default()).num_days()
}

fn page(store_name: &str, from: NaiveDate, to: NaiveDate, summary: &Summary) -> String {
    let days = if from == to { from.to_string() } else { format!("{from} to {to}") };
    let mut page = format!("{store_name}, {days}\n\n");
    page += &format!("Responses  {}\nCompleted  {}\n", summary.responses, summary.completed);
    if summary.flagged.responses > 0 {
        page += &format!(
            "Flagged    {} of them, as repeated or too many at once; --without-flagged leaves them out\n",
            summary.flagged.responses
        );
    }
    for question in &summary.faces {
        page += &question_part(question);
    }
    page
}

fn question_part(question: &FaceSummary) -> String {
    let csat = question.csat.as_ref().map_or_else(
        || format!("not enough answers yet ({} of {ANSWERS_MIN})", question.counts.total()),
        share_in_words,
    );
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    let longest = question.counts.0.iter().copied().max().unwrap_or(0).max(1);
    for (index, (&count, name)) in
        question.counts.0.iter().zip(["worst", "", "", "", "best"]).enumerate().rev()
    {
        let bar = "█".repeat(usize::try_from(count * BAR_CHARS / longest).unwrap_or(0));
        table.add_row([format!("face {}", index + 1), name.into(), count.to_string(), bar]);
    }
    if let Some(column) = table.column_mut(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("\n{} / {}\nCSAT       {csat}\n{table}\n", question.survey, question.question)
}

fn share_in_words(share: &Share) -> String {
    format!(
        "{:.1} % ({} of {}), 95 % interval {:.1} to {:.1} %",
        share.estimate * 100.0,
        share.hits,
        share.of,
        share.low * 100.0,
        share.high * 100.0
    )
}

#[cfg(test)]
mod tests {
    use afterword_model::metrics::FaceCounts;

    use afterword_model::summary::Flagged;

    use super::*;

    fn summary(counts: [u64; 5]) -> Summary {
        let faces = vec![FaceSummary::of("grocery-exit".into(), "visit".into(), FaceCounts(counts))];
        Summary {
            first_day: 0,
            last_day: 0,
            responses: counts.iter().sum(),
            completed: 3,
            faces,
            flagged: Flagged::default(),
        }
    }

    #[test]
    fn a_share_never_comes_without_its_interval() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 21).unwrap();
        let page = page("Harbour Street", day, day, &summary([1, 1, 0, 3, 5]));
        assert!(page.contains("80.0 % (8 of 10), 95 % interval 49.0 to 94.3 %"), "{page}");
        assert!(page.contains("Responses  10\nCompleted  3"), "{page}");
    }

    #[test]
    fn few_answers_are_called_too_few() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 21).unwrap();
        assert!(page("x", day, day, &summary([0, 0, 0, 0, 2])).contains("not enough answers yet (2 of 5)"));
    }

    #[test]
    fn days_count_from_1970() {
        assert_eq!(day_number(NaiveDate::from_ymd_opt(1970, 1, 2).unwrap()), 1);
    }
}
