//! `afterword-collector verify`.

use std::process::ExitCode;

use afterword_collector::{StoreReport, VerifyReport};
use clap::Args;
use comfy_table::{Table, presets};
use serde_json::json;

use super::{Data, print_json};

const EXAMPLES: &str = "\
Examples:
  afterword-collector verify --data /var/lib/afterword
  afterword-collector verify --data /var/lib/afterword --json

Reads every record, every receipt that was given for it and the log of what was done by whom, may run beside the server, changes nothing. Parked records (kept, but not readable) and
quarantined ones (they contradict what is held) are counted; they are no break. A store that stands under two
devices is a finding: it was enrolled under two names instead of by `device replace`, and its records are held twice.

Exit codes: 0 every chain holds, 1 a chain is broken, a receipt is false, the database or the audit log is damaged or a store stands
under two devices, 2 wrong use";

/// Verifies everything that is stored.
#[derive(Args)]
#[command(after_help = EXAMPLES, after_long_help = EXAMPLES)]
pub(super) struct Verify {
    #[command(flatten)]
    data: Data,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let report = self.data.open()?.verify()?;
        if self.json {
            print_json(&json!({
                "sound": report.is_sound(),
                "records": report.records(),
                "receipts": report.receipts(),
                "copies": report.copies,
                "counted": report.counted(),
                "integrity": report.integrity,
                "stores": report.stores,
                "doubled": report.doubled,
                "audit": report.audit,
            }))?;
        } else {
            print_report(&report);
        }
        Ok(if report.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn verdict(store: &StoreReport) -> String {
    match (&store.broken, &store.false_receipt) {
        (Some(found), _) => format!("broken at {}: {}", found.seq, found.reason),
        (None, Some(found)) => format!("holds, but record {}: {}", found.seq, found.reason),
        (None, None) => "holds".into(),
    }
}

fn print_report(report: &VerifyReport) {
    if !report.stores.is_empty() {
        let mut table = Table::new();
        table.load_preset(presets::UTF8_FULL_CONDENSED);
        table.set_header(["device", "store", "records", "parked", "quarantined", "receipts", "chain"]);
        for store in &report.stores {
            table.add_row([
                store.name.clone().unwrap_or_else(|| store.device.to_string()),
                store.epoch.to_string(),
                store.records.to_string(),
                store.parked.to_string(),
                store.quarantined.to_string(),
                store.receipts.to_string(),
                verdict(store),
            ]);
        }
        println!("{table}");
    }
    for complaint in &report.integrity {
        println!("integrity_check: {complaint}");
    }
    for doubled in &report.doubled {
        let devices: Vec<String> = doubled.devices.iter().map(ToString::to_string).collect();
        println!(
            "store {} stands under {} devices ({}): it was enrolled under each of them and its records are held \
             as often; count one of them, and next time enrol anew with `device replace NAME`",
            doubled.epoch,
            doubled.devices.len(),
            devices.join(", ")
        );
    }
    match report.audit.first_break {
        Some(number) => println!(
            "the audit log is broken at entry {number}: that entry or one before it was changed or taken out"
        ),
        None if report.audit.entries == 0 => {}
        None => println!(
            "{} entries of the audit log hold; the last one is {}",
            report.audit.entries, report.audit.head
        ),
    }
    if report.audit.forgotten > 0 {
        println!(
            "the oldest {} of them were kept long enough: only their hashes are left",
            report.audit.forgotten
        );
    }
    let is_found = |store: &StoreReport| store.broken.is_some() || store.false_receipt.is_some();
    let is_broken = !report.integrity.is_empty()
        || report.audit.first_break.is_some()
        || report.stores.iter().any(is_found);
    let verdict = match (is_broken, report.doubled.is_empty()) {
        (false, true) => "every chain holds and every receipt is true",
        (false, false) => "not sound; every chain holds, but a store is held twice",
        (true, _) => "not sound; restore a backup beside this one and compare",
    };
    println!("{} records verified: {verdict}", report.records());
    let (erased, reduced) = (report.erased(), report.reduced());
    if erased + reduced > 0 {
        println!(
            "{erased} of them were erased and {reduced} reduced by retention: their places hold, and what is left of them cannot be compared with what was sent"
        );
    }
    if report.copies > 0 {
        println!(
            "{} of them are copies that a device carried into a later store; counted once, there are {}",
            report.copies,
            report.counted()
        );
    }
}
