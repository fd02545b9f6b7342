//! `afterword-sim prove`: a kiosk's database beside a collector's.

use std::path::PathBuf;
use std::sync::Arc;

use afterword_collector::Admin;
use afterword_kiosk_store::{Options, Store};
use afterword_protocol::system::{SystemClock, SystemEntropy};
use anyhow::Result;
use clap::Args;

use crate::proof::Proof;

/// Compare a kiosk's database with a collector's, and print the line that says whether anything is missing.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 both hold the same, 1 they do not or cannot be read, 2 wrong use.")]
pub(super) struct Prove {
    /// The folder of the kiosk's database; no kiosk may be running on it.
    #[arg(long, value_name = "DIR")]
    kiosk: PathBuf,
    /// The collector's data folder.
    #[arg(long, value_name = "DIR")]
    collector: PathBuf,
}

impl Prove {
    pub(super) fn run(self) -> Result<bool> {
        let clock = Arc::new(SystemClock::start());
        let options = Options { clock: clock.clone(), entropy: Arc::new(SystemEntropy), opens_cases: true };
        let (store, _) = Store::open(&self.kiosk, options)?;
        let report = Admin::open(&self.collector, clock, Arc::new(SystemEntropy))?.verify()?;
        let proof = Proof::of(&store, &report, &self.collector)?;
        store.close()?;
        for contradiction in &proof.contradictions {
            println!("contradiction: {contradiction}");
        }
        println!("{proof}");
        Ok(proof.holds())
    }
}
