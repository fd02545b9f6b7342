//! `afterword-collector follow-up find`.

use std::process::ExitCode;

use afterword_collector::FollowUp;
use afterword_model::follow_up::FollowUpCode;
use anyhow::bail;
use clap::{Args, Subcommand};

use super::{Data, moment, print_json, shown};

const FIND_EXAMPLES: &str = "\
Examples:
  afterword-collector follow-up find harbor-maple-tide --data /var/lib/afterword
  afterword-collector follow-up find HARB MAPL TIDE --json --data /var/lib/afterword

A shopper who was given the words may ask with them; they name nobody, and nobody without them can be told. Upper case does
not count, and the first four letters of each word are enough. Two shoppers may have been given the same words, which
is rare (one in 170 that it has happened at all, among 10,000): then all their records are shown, and the shopper
knows the day and the store.

Exit codes: 0 found, 1 not found or failed (the reason is on standard error), 2 wrong use";

/// What can be done with follow-up codes.
#[derive(Subcommand)]
pub(super) enum FollowUpCommand {
    /// Show the record that three words belong to.
    #[command(after_help = FIND_EXAMPLES, after_long_help = FIND_EXAMPLES)]
    Find(Find),
}

#[derive(Args)]
pub(super) struct Find {
    /// The three words.
    #[arg(value_name = "WORDS", required = true)]
    code: Vec<String>,
    #[command(flatten)]
    data: Data,
    /// Print JSON, a line for each record.
    #[arg(long)]
    json: bool,
}

impl FollowUpCommand {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Find(command) => command.run(),
        }
    }
}

impl Find {
    fn run(self) -> anyhow::Result<ExitCode> {
        let code = FollowUpCode::parse(&self.code.join(" "))?;
        let found = self.data.open()?.follow_ups(&code)?;
        if found.is_empty() {
            bail!(
                "no record with these words is here; its kiosk may not have delivered it yet, or it was erased: try again later"
            );
        }
        for record in &found {
            if self.json {
                print_json(record)?;
            } else {
                println!("{}", sentence(record));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn sentence(record: &FollowUp) -> String {
    let rated = match (&record.question, record.rating, record.rating_max) {
        (Some(question), Some(rating), Some(most)) => format!("{} {rating} of {most}", shown(question)),
        _ => "no rating".to_owned(),
    };
    format!(
        "{}  {rated}  {} {}  (received {}, record {}/{} of {})",
        moment(record.started_ms),
        shown(&record.survey),
        record.survey_version,
        moment(record.received_ms),
        record.epoch,
        record.seq,
        shown(&record.device_name),
    )
}
