//! `afterword-collector numbers`: the numbers of all stores, or of one.

use std::process::ExitCode;

use afterword_collector::numbers::{Scope, days};
use afterword_model::ports::Clock as _;
use afterword_model::summary::Ask;
use afterword_protocol::system::SystemClock;
use anyhow::{Context as _, Result};
use chrono::{DateTime, NaiveDate};
use clap::{Args, ValueEnum};
use serde_json::json;

use super::numbers_page::{overview_page, store_page};
use super::{Data, print_json};

const EXAMPLES: &str = "\
Examples:
  afterword-collector numbers --data /var/lib/afterword
  afterword-collector numbers --range 2026-10-01..2026-10-31 --json --data /var/lib/afterword
  afterword-collector numbers --store \"Harbour Street\" --range 7d --data /var/lib/afterword
  afterword-collector numbers recount --data /var/lib/afterword

Days are each store's own local ones, midnight to midnight. What `today`, `7d` and `30d` mean is said by the clock of this machine, in
UTC: the 30 days are today and the 29 before. What came and is not counted yet is counted first; a running server does that within a
second or two.

Happy visits are those that began with one of the two best faces or stars, or with a thumb up; completed ones came to the survey's last
step. Their intervals are Wilson's, that of the net promoter score is Bonett and Price's adjusted one; of a hundred such intervals,
about ninety-five hold the true number. Below five answers none is given. The places of a store are those it may hold: one more than
there are stores whose interval lies wholly above its own, down to all but those that lie wholly below.

Every number is held against the same days of the week before. It is said to be up or down only where chance would make such a
difference in fewer than one list in twenty, all numbers of a list judged together (Holm). A day is marked where it lies outside three
standard deviations of the range's own share, or where a run of days does what chance seldom does (Western Electric).

Answers of a device that stood in another store before stay with that one. What is erased is counted no more. Carried copies are counted once,
records that nobody can read or that contradict others not at all; how many there are is said. Answers of a device that did not know
the time are counted once it does.

`recount` forgets the counts and makes them anew from the records, also beside a running server; until it has ended, numbers are of what
was counted so far, and `waiting` says how much is missing.

Exit codes: 0 printed, 1 it failed, 2 wrong use of the command line";

/// The numbers of all stores, or of one.
#[derive(Args)]
#[command(after_help = EXAMPLES, after_long_help = EXAMPLES)]
pub(super) struct Numbers {
    /// What to do instead of saying them.
    #[arg(value_enum, conflicts_with_all = ["store", "range", "without_flagged"])]
    action: Option<Action>,
    /// Of this store alone, by hour, weekday, touchpoint and language too; "" is that of devices that have none.
    #[arg(long, value_name = "NAME")]
    store: Option<String>,
    /// Which days: `today`, `7d`, `30d`, `90d`, one day as YYYY-MM-DD, or two of them as FROM..TO.
    #[arg(long, value_name = "RANGE", default_value = "30d")]
    range: String,
    /// Leave out what carries a flag: taps of one hand again and again, or more than a door lets through.
    #[arg(long)]
    without_flagged: bool,
    /// Print one JSON object instead of words for people.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

#[derive(Clone, Copy, ValueEnum)]
enum Action {
    /// Forget what is counted and count everything again from the records.
    Recount,
}

impl Numbers {
    pub(super) fn run(self) -> Result<ExitCode> {
        match self.action {
            Some(Action::Recount) => self.recount()?,
            None => self.say()?,
        }
        Ok(ExitCode::SUCCESS)
    }

    fn recount(&self) -> Result<()> {
        let records = self.data.open()?.recount()?;
        if self.json {
            return print_json(&json!({ "records": records }));
        }
        println!("{records} records were looked at again; the numbers are made of them");
        Ok(())
    }

    fn say(&self) -> Result<()> {
        let now_ms = SystemClock::start().wall_ms();
        let today = DateTime::from_timestamp_millis(now_ms)
            .context("the clock of this machine is beyond all calendars; set it")?
            .date_naive();
        let (from, to) = days(&self.range, today)?;
        let (first_day, last_day) = (day_number(from), day_number(to));
        let mut admin = self.data.open()?;
        admin.count()?;
        if let Some(name) = &self.store {
            let ask = Ask { without_flagged: self.without_flagged, ..Ask::days(first_day, last_day) };
            let figures = admin.store_figures(name, ask)?;
            if self.json {
                return print_json(&figures);
            }
            print!("{}", store_page((from, to), &figures));
            return Ok(());
        }
        let scope = Scope { first_day, last_day, without_flagged: self.without_flagged, stores: None };
        let overview = admin.overview(&scope)?;
        if self.json {
            return print_json(&overview);
        }
        print!("{}", overview_page((from, to), &overview));
        Ok(())
    }
}

fn day_number(day: NaiveDate) -> i64 {
    day.signed_duration_since(NaiveDate::default()).num_days()
}
