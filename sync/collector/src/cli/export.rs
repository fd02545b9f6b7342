//! `afterword-collector export`: responses as tables for other programs.

use std::fmt::Write as _;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::LazyLock;

use afterword_collector::Export;
use afterword_collector::export::{COLUMNS, Format};
use afterword_collector::numbers::days;
use afterword_model::ports::Clock as _;
use afterword_protocol::system::SystemClock;
use anyhow::{Context as _, ensure};
use chrono::{DateTime, NaiveDate};
use clap::Args;
use clap::builder::PossibleValuesParser;

use super::Data;

const EXAMPLES: &str = "\
Examples:
  # Each night: yesterday as a file in a folder of days. What was there of that day is replaced.
  afterword-collector export --format parquet --since 2026-11-28 --until 2026-11-28 --out /srv/warehouse/responses \\
      --data /var/lib/afterword

  # A table for a spreadsheet, and lines for another program.
  afterword-collector export --format csv --bom --since 2026-11-01 --store Quayside --out november.csv --data …
  afterword-collector export --format ndjson --since 2026-11-01 --out - --data … | jq .rating

Days are those on which responses came to the collector, in UTC: what a kiosk sends late stands under the day on which it came, so
that a day that has ended gets no further rows; store and device_name are those of now. The shopper's own day and time stand in each row. What was
erased is absent, a carried copy is there once, contact details never are; text in CSV that a spreadsheet would take for a formula
has an apostrophe before it. Parquet becomes a folder for each day, as in day=2026-11-28/part-0.parquet, which readers know as a
Hive partitioning; a day without responses has none: what is exported for one store wants a folder of its own. Files, which only their writer may read, are replaced once they are whole. That responses were exported is put
down in the audit log.

Columns; those with a ? may be empty:
";

static HELP: LazyLock<String> = LazyLock::new(|| {
    let mut help = EXAMPLES.to_owned();
    for column in &COLUMNS {
        let mark = if column.may_be_empty { "?" } else { "" };
        let _ = writeln!(help, "  {:<17} {}", format!("{}{mark}", column.name), column.meaning);
    }
    help.push_str("\nExit codes: 0 written, 1 failed, 2 wrong use");
    help
});

/// Responses as tables for other programs.
#[derive(Args)]
#[command(after_help = HELP.as_str(), after_long_help = HELP.as_str())]
pub(super) struct ExportCommand {
    /// How they are written.
    #[arg(long, value_parser = PossibleValuesParser::new(Format::ALL.map(Format::name)))]
    format: String,
    /// The first day on which they came, as YYYY-MM-DD in UTC.
    #[arg(long, value_name = "DAY")]
    since: String,
    /// The last day; today when left out.
    #[arg(long, value_name = "DAY")]
    until: Option<String>,
    /// Of kiosks that stand in this store alone.
    #[arg(long, value_name = "NAME")]
    store: Option<String>,
    /// The file; for Parquet the folder in which each day has its own; - for standard output.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Begin a CSV with a byte order mark, by which some spreadsheets tell that it is UTF-8.
    #[arg(long)]
    bom: bool,
    #[command(flatten)]
    data: Data,
}

impl ExportCommand {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let format = Format::named(&self.format).context("clap lets pass no other format")?;
        ensure!(!self.bom || format == Format::Csv, "--bom is for CSV alone; leave it out");
        let export = Export { format, store: self.store.clone(), days: self.days()? };
        let mut admin = self.data.open()?;
        let count = if self.out == Path::new("-") {
            admin.export(&export, self.bom, BufWriter::new(io::stdout()))
        } else if format == Format::Parquet {
            admin.export_tree(&export, &self.out)
        } else {
            admin.export_file(&export, self.bom, &self.out)
        };
        let count = count.with_context(|| format!("{} is not exported", self.out.display()))?;
        if self.out != Path::new("-") {
            println!("{count} responses in {}", self.out.display());
        }
        Ok(ExitCode::SUCCESS)
    }

    fn days(&self) -> anyhow::Result<(NaiveDate, NaiveDate)> {
        let today = DateTime::from_timestamp_millis(SystemClock::start().wall_ms())
            .context("the clock of this machine is beyond all calendars; set it")?
            .date_naive();
        let day = |text: &str| {
            let day = text.parse::<NaiveDate>();
            day.with_context(|| format!("`{text}` is no day; write one as in 2026-11-28"))
        };
        let since = day(&self.since)?;
        let until = self.until.as_deref().map_or(Ok(today), day)?;
        Ok(days(&format!("{since}..{until}"), today)?)
    }
}
