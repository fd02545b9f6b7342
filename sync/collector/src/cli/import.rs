//! `afterword-collector import`.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use afterword_collector::Imported;
use afterword_protocol::courier::COURIER_RECEIPT_EXTENSION;
use afterword_protocol::receipt::SignedReceipt;
use anyhow::Context as _;
use clap::Args;
use serde_json::json;

use super::{Data, print_json, shown};

const EXAMPLES: &str = "\
Example:
  afterword-collector import /media/stick/afterword-3f2a…c0-1-4812.courier --data /var/lib/afterword

A device that has no network writes a bundle with `afterword-sync courier pack`. It is checked whole before anything
is stored, and may be imported any number of times, also when its records have come over a network meanwhile. The
receipt is written beside it: carry it back, and `afterword-sync courier accept` lets the device delete what it is for.

Exit codes: 0 taken in, also when all of it was held before, 1 it failed (the reason is on standard error), 2 wrong use";

/// Take in what a device without a network sends on a stick; also while the server runs.
#[derive(Args)]
#[command(after_help = EXAMPLES, after_long_help = EXAMPLES)]
pub(super) struct Import {
    /// The bundle.
    bundle: PathBuf,
    /// Where to write the receipt, instead of beside the bundle.
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
    #[command(flatten)]
    data: Data,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

impl Import {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let Imported { device, name, epoch, first_seq, last_seq, new, receipt } =
            self.data.open()?.import(&self.bundle)?;
        let file = self.receipt.unwrap_or_else(|| self.bundle.with_extension(COURIER_RECEIPT_EXTENSION));
        write(&file, &receipt).with_context(|| {
            format!(
                "everything of {} is held, but its receipt cannot be written to {}; import it again with --receipt and another place",
                self.bundle.display(),
                file.display()
            )
        })?;
        let records = last_seq - first_seq + 1;
        let held = records - new;
        if self.json {
            print_json(&json!({
                "device": device,
                "name": name,
                "epoch": epoch,
                "first_seq": first_seq,
                "last_seq": last_seq,
                "records": records,
                "new": new,
                "held_before": held,
                "receipt": file,
            }))?;
        } else {
            println!(
                "{}: {records} records taken in, {first_seq} to {last_seq}; {new} are new, {held} were held before.",
                shown(&name)
            );
            println!(
                "The receipt is {}; on the device, `afterword-sync courier accept` takes it.",
                file.display()
            );
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The receipt is there whole or not at all, and durable when this returns.
fn write(path: &Path, receipt: &SignedReceipt) -> io::Result<()> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".unfinished");
    let unfinished = PathBuf::from(unfinished);
    let written = (|| {
        let mut file = File::create(&unfinished)?;
        file.write_all(&serde_json::to_vec(receipt)?)?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(&unfinished, path)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match File::open(folder)?.sync_all() {
        // Some file systems of sticks know nothing of folders that are made durable.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            Ok(())
        }
        done => done,
    }
}
