//! What a disk does to a database: forgets, lies, refuses, fills up and rots.

use afterword_tests::power_cut::{Order, cut_everywhere};
use anyhow::Result;

/// Seeded cuts in each run of the tests; the long run is `--bin power-cuts`.
const CUTS: u64 = 300;

#[test]
fn f01_power_cut_at_every_write() -> Result<()> {
    let report = cut_everywhere(Order { seed: 1, cuts: CUTS, one_in: 40 }, |_| ())?;
    println!("{report}");
    assert!(report.cuts >= CUTS, "{report}");
    assert!(report.lost.is_empty() && report.doubled.is_empty(), "{report}");
    Ok(())
}
