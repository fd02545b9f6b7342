//! What the product costs, each time beside the least that physics and the disk allow for the same promise.
//!
//! `cargo bench -p afterword-tests` runs everything, `cargo bench -p afterword-tests -- P4` one figure. Each prints
//! what was measured, both sides with their spread, and last a line for scripts: `ratio P4 1.18 target 1.25 lower`.
//!
//! | file | figures |
//! |---|---|
//! | `screen` | P1: from the lifted finger to the picture |
//! | `area` | P2: how much of the glass a tap repaints |
//! | `program` | P3, P10, P14: start, memory and rest of the program |
//! | `store` | P4, P5: the first tap and the freeze on the disk |
//! | `numbers` | P6: thirty days of numbers |
//! | `wire` | P7: bytes of a rating on the wire |
//! | `ingest` | P8, P12: eight devices at once, on SQLite and on PostgreSQL |
//! | `drain` | P9: one device with a long backlog |
//! | `overview` | P13: head office's overview of 42 stores |
//! | `measure`, `processor` | time and the report, processor time |
//! | `bare`, `bare_copy`, `glass` | the floors: on the disk, on a server, a bare screen |
//!
//! The answers and the collector are the tests' own: `afterword_tests::{ratings, office}`.
//!
//! Invariants: ours and the floor run in turns, in the same run, on the same file system, with the same durability;
//! what is prepared is not timed. A benchmark that cannot do what it measures ends the run with an error, never with
//! a number. A missed target is a number like any other; the exit code says only whether everything was measured.

mod area;
mod bare;
mod bare_copy;
mod drain;
mod glass;
mod ingest;
mod measure;
mod numbers;
mod overview;
mod processor;
mod program;
mod screen;
mod store;
mod wire;

use std::path::Path;

use afterword_ui::fonts;
use anyhow::{Result, ensure};

/// The figures by group, in the order they are run, and what measures them.
const GROUPS: [(&[&str], Measure); 9] = [
    (&["P1"], screen::run),
    (&["P2"], area::run),
    (&["P3", "P10", "P14"], program::run),
    (&["P4", "P5"], store::run),
    (&["P6"], numbers::run),
    (&["P7"], wire::run),
    (&["P8", "P12"], ingest::run),
    (&["P9"], drain::run),
    (&["P13"], overview::run),
];

/// The load, as a share of the cores, above which the figures say more about the machine than about the product.
const BUSY_SHARE: f64 = 0.5;

/// Measures the figures that are wanted, in an empty folder of its own.
type Measure = fn(&Path, &Wanted) -> Result<()>;

/// Which figures were asked for.
struct Wanted(Option<String>);

impl Wanted {
    /// Whether this one was.
    fn has(&self, id: &str) -> bool {
        self.0.as_ref().is_none_or(|asked| asked.eq_ignore_ascii_case(id))
    }
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        // Whoever builds and runs every target of the workspace wants tests, not minutes of measuring.
        eprintln!("nothing is measured here: run `cargo bench -p afterword-tests`");
        return Ok(());
    }
    if let Some(played) = program::role(&arguments) {
        return played;
    }
    let wanted = Wanted(arguments.into_iter().find(|argument| !argument.starts_with('-')));
    let known = GROUPS.iter().flat_map(|(ids, _)| *ids);
    ensure!(
        known.clone().any(|id| wanted.has(id)),
        "there is no such figure; there are {}",
        known.copied().collect::<Vec<_>>().join(", ")
    );
    warn_if_busy();
    let folder = tempfile::tempdir()?;
    // First of all: laying out fonts sets variables of this process, which only a single thread may do.
    fonts::install(&folder.path().join("fonts"))?;
    for (ids, measure) in GROUPS {
        if ids.iter().any(|id| wanted.has(id)) {
            let own = tempfile::tempdir_in(folder.path())?;
            measure(own.path(), &wanted)?;
        }
    }
    Ok(())
}

/// Where other programs want the processor too, every wait for the disk ends in a wait for the scheduler, on both
/// sides, and ratios come out too near to 1. Where the load cannot be read, nothing is said.
fn warn_if_busy() {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: f64 = load.split(' ').next().and_then(|minute| minute.parse().ok()).unwrap_or(0.0);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if load > BUSY_SHARE * cores as f64 {
        println!(
            "The machine is busy (a load of {load} on {cores} cores): these figures are worth little, measure again."
        );
    }
}
