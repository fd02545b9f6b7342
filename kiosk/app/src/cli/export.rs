//! `afterword-kiosk export`: the responses as a table for people.
//!
//! As the numbers, they come from the running kiosk over its socket, or from the database where none runs. What head office holds
//! and the device has let go of is not among them.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use afterword_model::response::Stamp;
use anyhow::{Context, Result};
use clap::Args;

use super::{Places, source};
use crate::config::Config;
use crate::export::{BYTE_ORDER_MARK, responses, table};

/// Write the responses that are on this device as a table (CSV), a row for each.
#[derive(Debug, Args)]
#[command(
    after_help = "Times are given in UTC and in the store's local time; seconds are from the first tap to the end. A question's column has the value, the options, or the words of the answer; of a way to be reached only that there is one, because head office alone can open it. Words that were hidden on the kiosk's screen are here all the same, with `hidden` in the column of that name.\n\n  afterword-kiosk export --out /media/stick/responses.csv --bom\n\nText that a spreadsheet would take for a formula has an apostrophe before it.\n\nExit codes: 0 written, 1 failed, 2 wrong use."
)]
pub(super) struct ExportCommand {
    /// The file; it must not be there yet.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Begin with a byte order mark, by which some spreadsheets tell that this is UTF-8.
    #[arg(long)]
    bom: bool,
    #[command(flatten)]
    places: Places,
}

impl ExportCommand {
    pub(super) fn run(self) -> Result<()> {
        let config = Config::read(&self.places.config)?;
        let responses = source::read(
            &self.places,
            &config,
            |store| {
                responses(&store.hidden_words()?, None, Stamp::clone, |take| {
                    Ok(store.queue().next_blocking(take)?)
                })
            },
            |kiosk| responses(&kiosk.hidden_words()?, None, Stamp::clone, |take| kiosk.next(take)),
        )?;
        let table = table(&responses)?;
        let written = || -> std::io::Result<()> {
            let mut file = OpenOptions::new().write(true).create_new(true).open(&self.out)?;
            if self.bom {
                file.write_all(BYTE_ORDER_MARK.as_bytes())?;
            }
            file.write_all(&table)?;
            // A stick is pulled out as soon as this says that it is done.
            file.sync_all()
        };
        written().with_context(|| {
            format!(
                "cannot write {}; name a file that is not there yet, in a folder with room",
                self.out.display()
            )
        })?;
        println!("{} responses in {}", responses.len(), self.out.display());
        Ok(())
    }
}
