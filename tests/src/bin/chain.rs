//! Makes a collector's folder with a made-up year of a chain of stores in it, counted, to look at pages and numbers with.

use std::path::PathBuf;

use afterword_tests::chain::Chain;
use anyhow::{Result, ensure};
use chrono::NaiveDate;
use clap::Parser;

/// Makes a collector's folder with a made-up year of a chain of stores in it, and counts it.
#[derive(Parser)]
struct CommandLine {
    /// The folder to be made.
    folder: PathBuf,
    /// How many stores.
    #[arg(long, default_value_t = 42, value_parser = clap::value_parser!(u32).range(1..))]
    stores: u32,
    /// Kiosks of each.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    kiosks: u32,
    /// The last local day, as YYYY-MM-DD.
    #[arg(long, default_value = "2026-11-28")]
    until: NaiveDate,
    /// How many days in all.
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u64).range(1..))]
    days: u64,
    /// Responses of all of it, about.
    #[arg(long, default_value_t = 200_000.0)]
    responses: f64,
    /// Decides all that is left to chance.
    #[arg(long, default_value_t = 7)]
    seed: u64,
}

fn main() -> Result<()> {
    let CommandLine { folder, stores, kiosks, until, days, responses, seed } = CommandLine::parse();
    ensure!(!folder.exists(), "{} is there already; name a folder that is not", folder.display());
    let filled = Chain { stores, kiosks, until, days, responses, seed }.fill(&folder, None)?;
    let records = filled.admin()?.count()?;
    println!("{} holds {records} responses of {stores} stores until {until}", folder.display());
    Ok(())
}
