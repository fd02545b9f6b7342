//! `afterword-collector retention show|set|run`.

use std::process::ExitCode;

use afterword_collector::RetentionField;
use anyhow::Context as _;
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{Data, print_json};

const EXAMPLES: &str = "\
Examples:
  afterword-collector retention show --data /var/lib/afterword
  afterword-collector retention set comment 365 --data /var/lib/afterword
  afterword-collector retention set contact 90 --data /var/lib/afterword
  afterword-collector retention set audit keep --data /var/lib/afterword
  afterword-collector retention run --data /var/lib/afterword

Everything is kept until somebody erases it, but for what is decided here. Days are counted from when a record came to the
collector. A server that runs takes away each hour what is over; `run` does it at once and writes a database file anew, so
that nothing of it lies between the rows. What went does not come back when more days are set later, nor when a kiosk
sends it again. Backups made before still hold it; what stays where is in ARCHITECTURE.md.

Exit codes: 0 done, 1 it was not (the reason is on standard error), 2 wrong use";

/// What can be done about for how long what is kept.
#[derive(Subcommand)]
#[command(after_help = EXAMPLES, after_long_help = EXAMPLES)]
pub(super) enum RetentionCommand {
    /// Show for how long what is kept.
    #[command(after_help = EXAMPLES, after_long_help = EXAMPLES)]
    Show(Output),
    /// Decide for how many days something is kept.
    #[command(after_help = EXAMPLES, after_long_help = EXAMPLES)]
    Set(Set),
    /// Take away at once what was kept long enough.
    #[command(after_help = EXAMPLES, after_long_help = EXAMPLES)]
    Run(Output),
}

#[derive(Args)]
pub(super) struct Output {
    #[command(flatten)]
    data: Data,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct Set {
    /// What.
    #[arg(value_parser = PossibleValuesParser::new(RetentionField::ALL.map(RetentionField::name)))]
    field: String,
    /// How many days, or `keep` for good.
    #[arg(value_parser = days)]
    days: Days,
    #[command(flatten)]
    output: Output,
}

/// A number of days; for good without one.
#[derive(Clone, Copy)]
struct Days(Option<u32>);

fn days(text: &str) -> Result<Days, String> {
    match text {
        "keep" => Ok(Days(None)),
        // Which numbers there may be is decided where it is kept.
        days => {
            days.parse().map(|days| Days(Some(days))).map_err(|_| "it is a number of days, or `keep`".into())
        }
    }
}

impl RetentionCommand {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Show(output) => output.show(),
            Self::Set(Set { field, days, output }) => {
                let field = RetentionField::named(&field).context("the parser lets no other name through")?;
                output.data.open()?.retention_set(&[(field, days.0)])?;
                output.show()
            }
            Self::Run(output) => output.retain(),
        }
    }
}

impl Output {
    fn show(&self) -> anyhow::Result<ExitCode> {
        let decided = self.data.open()?.retention()?;
        if self.json {
            let days = |field: RetentionField| (field.name().to_owned(), json!(decided.get(&field)));
            print_json(&Value::Object(RetentionField::ALL.map(days).into_iter().collect()))?;
        } else {
            for field in RetentionField::ALL {
                let days =
                    decided.get(&field).map_or_else(|| "for good".into(), |days| format!("{days} days"));
                println!("{:<15} {days:<12} ({}: {})", field.name(), field.title(), field.meaning());
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn retain(&self) -> anyhow::Result<ExitCode> {
        let taken = self.data.open()?.retain()?;
        if self.json {
            let rows = taken.iter().map(|(field, rows)| (field.name().to_owned(), json!(rows)));
            print_json(&Value::Object(rows.collect()))?;
        } else if taken.is_empty() {
            println!("Everything is kept for good; `retention set` decides otherwise.");
        } else {
            for (field, rows) in &taken {
                println!("{:<15} taken from {rows} rows", field.name());
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
