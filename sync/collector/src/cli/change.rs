//! `afterword-collector change add|list|withdraw`.

use std::collections::BTreeMap;
use std::process::ExitCode;

use afterword_collector::{ChangeRow, ShownOn};
use afterword_model::ports::Clock as _;
use afterword_protocol::changes::{Change, Words};
use afterword_protocol::system::SystemClock;
use anyhow::bail;
use chrono::{DateTime, NaiveDate, TimeDelta};
use clap::{Args, Subcommand};
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::json;

use super::{Data, print_json};

const ADD_EXAMPLES: &str = "\
Examples:
  afterword-collector change add --said en=\"You said: queues too long\" --did en=\"Two more tills are open\" \\
      --said de=\"Sie sagten: zu lange Schlangen\" --did de=\"Zwei Kassen mehr sind offen\" \\
      --until 2026-12-31 --data /var/lib/afterword

  # In one store, or on one device only.
  afterword-collector change add --said en=\"No salt in reach\" --did en=\"Salt is at till 3\" --store main-street --data …

A kiosk shows it on its idle screen after its next heartbeat, also when it is offline from then on; of several it shows
the five newest in turn. They stand in place of what its configuration names under `changes`. A shopper whose language
is missing reads the survey's default language.

Exit codes: 0 added, 1 it was not (the reason is on standard error), 2 wrong use";

const LIST_EXAMPLES: &str = "\
Examples:
  afterword-collector change list --data /var/lib/afterword
  afterword-collector change list --data /var/lib/afterword --json

Exit codes: 0 listed, 1 it failed (the reason is on standard error), 2 wrong use";

const WITHDRAW_EXAMPLES: &str = "\
Examples:
  afterword-collector change withdraw 3 --data /var/lib/afterword

Kiosks follow at their next heartbeat; one that is offline shows it until it is not, or until its last day is over.

Exit codes: 0 withdrawn, also when it had been before, 1 it failed (the reason is on standard error), 2 wrong use";

/// What can be done to changes.
#[derive(Subcommand)]
pub(super) enum ChangeCommand {
    /// Add what was changed because of feedback, to be shown on the idle screens.
    #[command(after_help = ADD_EXAMPLES, after_long_help = ADD_EXAMPLES)]
    Add(Add),
    /// List what is shown, and where.
    #[command(after_help = LIST_EXAMPLES, after_long_help = LIST_EXAMPLES)]
    List(List),
    /// Take a change off the screens.
    #[command(after_help = WITHDRAW_EXAMPLES, after_long_help = WITHDRAW_EXAMPLES)]
    Withdraw(Withdraw),
}

#[derive(Args)]
pub(super) struct Add {
    /// What shoppers said, once for each language.
    #[arg(long, value_name = "LANGUAGE=WORDS", value_parser = words, required = true)]
    said: Vec<(String, String)>,
    /// What was done, in the same languages.
    #[arg(long, value_name = "LANGUAGE=WORDS", value_parser = words, required = true)]
    did: Vec<(String, String)>,
    /// When it was done; today in UTC when left out.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    date: Option<i64>,
    /// The last day on which it is shown, by each store's own calendar; until it is withdrawn when left out.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    until: Option<i64>,
    /// Show it on the devices of this store only.
    #[arg(long, value_name = "NAME", conflicts_with = "device")]
    store: Option<String>,
    /// Show it on the device of this name or id only.
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    #[command(flatten)]
    data: Data,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct List {
    #[command(flatten)]
    data: Data,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct Withdraw {
    /// Its number, as `change list` shows it.
    id: i64,
    #[command(flatten)]
    data: Data,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

impl ChangeCommand {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Add(add) => add.run(),
            Self::List(list) => list.run(),
            Self::Withdraw(withdraw) => withdraw.run(),
        }?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Add {
    fn run(self) -> anyhow::Result<()> {
        let today = DateTime::from_timestamp_millis(SystemClock::start().wall_ms()).unwrap_or_default();
        let change = Change {
            said: by_language("--said", self.said)?,
            did: by_language("--did", self.did)?,
            day: self.date.unwrap_or_else(|| day_number(today.date_naive())),
            until_day: self.until,
        };
        let shown_on = match (&self.store, &self.device) {
            (Some(store), _) => ShownOn::Store(store),
            (None, Some(device)) => ShownOn::Device(device),
            (None, None) => ShownOn::Every,
        };
        let id = self.data.open()?.change_add(&change, shown_on)?;
        if self.json {
            return print_json(&json!({ "id": id }));
        }
        let place = match shown_on {
            ShownOn::Store(store) => format!("The devices of {store} show it"),
            ShownOn::Device(device) => format!("{device} shows it"),
            ShownOn::Every => "Every device shows it".into(),
        };
        println!("Change {id} is added. {place} after the next heartbeat, {}.", until(self.until));
        Ok(())
    }
}

impl List {
    fn run(self) -> anyhow::Result<()> {
        let changes = self.data.open()?.change_list()?;
        if self.json {
            return print_json(&changes.iter().map(row_json).collect::<Vec<_>>());
        }
        if changes.is_empty() {
            println!("There are none; `afterword-collector change add --help` shows how to add one.");
            return Ok(());
        }
        let mut table = Table::new();
        table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_header(["Id", "Date", "Shown", "Where", "Said", "Did"]);
        for row in &changes {
            let shown = if row.is_over { "no more".into() } else { until(row.change.until_day) };
            table.add_row([
                row.id.to_string(),
                date(row.change.day),
                shown,
                place(row),
                in_all(&row.change.said),
                in_all(&row.change.did),
            ]);
        }
        println!("{table}");
        Ok(())
    }
}

impl Withdraw {
    fn run(self) -> anyhow::Result<()> {
        let was_withdrawn = self.data.open()?.change_withdraw(self.id)?;
        if self.json {
            return print_json(&json!({ "id": self.id, "already_withdrawn": was_withdrawn }));
        }
        if was_withdrawn {
            println!("Change {} had been withdrawn before.", self.id);
        } else {
            println!("Change {} is withdrawn: no device shows it after its next heartbeat.", self.id);
        }
        Ok(())
    }
}

fn words(text: &str) -> Result<(String, String), String> {
    let (tag, words) = text.split_once('=').ok_or(
        "the words are written after their language and an equals sign, as in en=\"Queues too long\"",
    )?;
    Ok((tag.trim().to_owned(), words.trim().to_owned()))
}

fn by_language(option: &str, given: Vec<(String, String)>) -> anyhow::Result<Words> {
    let mut words = BTreeMap::new();
    for (tag, text) in given {
        if words.contains_key(&tag) {
            bail!("{option} is given twice for {}; leave one out", tag.escape_debug());
        }
        words.insert(tag, text);
    }
    Ok(words)
}

fn day(text: &str) -> Result<i64, String> {
    let read = NaiveDate::parse_from_str(text, "%Y-%m-%d");
    read.map(day_number).map_err(|_| "a date is written YYYY-MM-DD, as in 2026-12-31".into())
}

fn day_number(date: NaiveDate) -> i64 {
    date.signed_duration_since(NaiveDate::default()).num_days()
}

/// A day as it is typed.
fn date(day: i64) -> String {
    let date = TimeDelta::try_days(day).and_then(|days| NaiveDate::default().checked_add_signed(days));
    date.map_or_else(|| format!("day {day}"), |date| date.to_string())
}

fn until(until_day: Option<i64>) -> String {
    until_day.map_or_else(|| "until it is withdrawn".into(), |day| format!("until {}", date(day)))
}

fn place(row: &ChangeRow) -> String {
    match (&row.store, &row.device_name) {
        (Some(store), _) => format!("store {store}"),
        (None, Some(name)) => name.clone(),
        (None, None) => "everywhere".into(),
    }
}

/// All languages, a line each.
fn in_all(words: &Words) -> String {
    words.iter().map(|(tag, text)| format!("{tag}: {text}")).collect::<Vec<_>>().join("\n")
}

/// With dates as they are typed.
fn row_json(row: &ChangeRow) -> serde_json::Value {
    json!({
        "id": row.id,
        "added_ms": row.added_ms,
        "store": row.store,
        "device": row.device,
        "device_name": row.device_name,
        "date": date(row.change.day),
        "until": row.change.until_day.map(date),
        "is_over": row.is_over,
        "said": row.change.said,
        "did": row.change.did,
    })
}
