//! `afterword-collector audit`: what was done by whom.

use std::process::ExitCode;

use clap::Args;
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::json;

use super::{Data, moment, print_json, shown};

const EXAMPLES: &str = "\
Examples:
  afterword-collector audit --data /var/lib/afterword
  afterword-collector audit --newest 1000 --json --data /var/lib/afterword

The entries are hashed one with the next; `afterword-collector verify` checks them, and prints the last hash. Written down
elsewhere, it proves later that nothing of the log was changed.

Exit codes: 0 shown, 1 it failed (the reason is on standard error), 2 wrong use";

/// What was done by whom.
#[derive(Args)]
#[command(after_help = EXAMPLES, after_long_help = EXAMPLES)]
pub(super) struct Audit {
    /// So many entries.
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=100_000))]
    newest: i64,
    #[command(flatten)]
    data: Data,
    /// Print one line of JSON for each entry.
    #[arg(long)]
    json: bool,
}

impl Audit {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let entries = self.data.open()?.audit(None, self.newest)?;
        if self.json {
            for (number, entry) in &entries {
                print_json(
                    &json!({ "entry": number, "at_ms": entry.at_ms, "who": entry.who, "what": entry.what, "on": entry.on, "more": entry.more }),
                )?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        let mut table = Table::new();
        table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_header(["Entry", "When", "Who", "What", "On", "More"]);
        for (number, entry) in &entries {
            table.add_row([
                number.to_string(),
                moment(entry.at_ms),
                shown(&entry.who).to_string(),
                entry.what.clone(),
                shown(&entry.on).to_string(),
                shown(&entry.more).to_string(),
            ]);
        }
        println!("{table}");
        Ok(ExitCode::SUCCESS)
    }
}
