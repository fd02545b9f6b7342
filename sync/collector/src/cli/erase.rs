//! `afterword-collector erase`.

use std::process::ExitCode;

use afterword_collector::Erasure;
use afterword_model::record::{SEQ_MAX, Seq, StoreEpoch};
use anyhow::bail;
use clap::Args;
use serde_json::json;

use super::{Data, print_json};

const EXAMPLES: &str = "\
Example:
  afterword-collector erase \"Exit, Main Street\" --record 3f2a…c0/4812 --data /var/lib/afterword

`verify --json` and exports name epochs and numbers. The content goes for good, from copies too; its place in
the chain stays, so that everything else still verifies, and a device that sends the record again is thanked
and nothing is stored. Backups made before still hold it; `restore` erases it again when it is given back to this
folder, anywhere else it has to be erased anew.

Exit codes: 0 erased, also when it had been before, 1 it failed (the reason is on standard error), 2 wrong use";

/// Erase the content of one response for good.
#[derive(Args)]
#[command(after_help = EXAMPLES, after_long_help = EXAMPLES)]
pub(super) struct Erase {
    /// Name or id of the device.
    device: String,
    /// The record: its store epoch and its number.
    #[arg(long, value_name = "EPOCH/NUMBER", value_parser = record)]
    record: (StoreEpoch, Seq),
    #[command(flatten)]
    data: Data,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn record(text: &str) -> Result<(StoreEpoch, Seq), String> {
    let read = text.split_once('/').and_then(|(epoch, seq)| {
        let seq = seq.parse().ok().filter(|seq| (1..=SEQ_MAX).contains(seq))?;
        Some((StoreEpoch::parse(epoch).ok()?, seq))
    });
    read.ok_or_else(|| {
        "a record is written as 32 hexadecimal digits of its epoch, a slash and its number".into()
    })
}

impl Erase {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let (epoch, seq) = self.record;
        let erasure = self.data.open()?.erase(&self.device, self.record)?;
        let name = &self.device;
        let rows = match erasure {
            Erasure::Erased { rows } => rows,
            Erasure::AlreadyErased => 0,
            Erasure::NoSuchRecord => {
                bail!(
                    "{name} has delivered no record {seq} of epoch {epoch}; `afterword-collector verify --json` lists what there is"
                )
            }
        };
        if self.json {
            print_json(&json!({ "epoch": epoch, "seq": seq, "rows": rows, "already_erased": rows == 0 }))?;
        } else if rows == 0 {
            println!("Record {seq} of {name} had been erased before.");
        } else {
            println!(
                "Record {seq} of {name} is erased, copies included ({rows} rows). Its place in the chain stays."
            );
        }
        Ok(ExitCode::SUCCESS)
    }
}
