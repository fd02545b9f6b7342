//! The power cut at every operation of a kiosk's life, until there were so many cuts (F01).
//!
//! `cargo run --release -p afterword-tests --bin power-cuts -- --cuts 15000`. The last line counts; the program ends with
//! 1 when anything was lost or doubled, and says at which seed, operation and policy.

use afterword_tests::power_cut::{Order, cut_everywhere};
use anyhow::{Result, bail};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};

/// Cuts the power at every operation of a kiosk's disk, and looks whether what was thanked for is there.
#[derive(Parser)]
struct Arguments {
    /// How many cuts at least; a kiosk's life that was begun is cut to its end.
    #[arg(long, default_value_t = 15_000)]
    cuts: u64,
    /// Decides the answers and what each cut leaves.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> Result<()> {
    let Arguments { cuts, seed } = Arguments::parse();
    let bar = ProgressBar::new(cuts);
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len} cuts, {per_sec}, {eta}")?);
    let report = cut_everywhere(Order { seed, cuts, one_in: 1 }, |made| {
        bar.set_length(made.max(cuts));
        bar.set_position(made);
    })?;
    bar.finish_and_clear();
    println!("{report}");
    if !report.lost.is_empty() || !report.doubled.is_empty() {
        bail!("seed {seed}: a power cut broke a promise");
    }
    Ok(())
}
