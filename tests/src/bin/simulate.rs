//! The long run of the simulator: many seeds, as fast as the machine goes.
//!
//! Ends with 1 and the shortest list of operations that still fails when an invariant is broken; put into
//! `tests/tests/simulation/reproductions/`, that list is tried by every test run from then on.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::available_parallelism;

use afterword_model::ports::Clock as _;
use afterword_protocol::system::SystemClock;
use afterword_tests::simulation::generate::OPS_USUAL;
use afterword_tests::simulation::{Outcome, Sabotage, Scenario, Tally, generate, run, shrink};
use anyhow::{Context, Result};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};

/// Tries to make a simulated fleet lose a response.
#[derive(Debug, Parser)]
#[command(name = "simulate", version)]
struct Arguments {
    /// How many seeds.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Operations of each seed's list.
    #[arg(long, default_value_t = OPS_USUAL)]
    ops: usize,
    /// Also with disks that claim what they have not done. What such a disk tears is not always found at once.
    #[arg(long)]
    liars: bool,
    /// Prints what happens, a line each.
    #[arg(long)]
    trace: bool,
    /// Carries out this list instead: a file as it lies in tests/tests/simulation/reproductions.
    #[arg(long, value_name = "FILE")]
    list: Option<std::path::PathBuf>,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    // A panic inside a run is a finding and is reported as one.
    std::panic::set_hook(Box::new(|_| {}));
    if let Some(path) = &arguments.list {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let scenario: Scenario = text.parse()?;
        let outcome = run(&scenario, Sabotage::None);
        return Ok(report(&arguments, &scenario, &outcome).unwrap_or(ExitCode::SUCCESS));
    }
    Ok(many(&arguments))
}

fn many(arguments: &Arguments) -> ExitCode {
    let style = "{bar:40} {pos}/{len} seeds, {per_sec}, {eta} left";
    let style = ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(arguments.seeds).with_style(style);
    let clock = SystemClock::start();
    let next = AtomicU64::new(arguments.first);
    let end = arguments.first.saturating_add(arguments.seeds);
    let failed = AtomicBool::new(false);
    let tally = Mutex::new(Tally::default());
    let threads = if arguments.trace { 1 } else { available_parallelism().map_or(1, usize::from) };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !failed.load(Ordering::SeqCst) {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= end {
                        return;
                    }
                    let scenario = generate(seed, arguments.ops, arguments.liars);
                    let outcome = run(&scenario, Sabotage::None);
                    tally.lock().expect("counting does not panic").add(&outcome.tally);
                    bar.inc(1);
                    let shown = bar.suspend(|| report(arguments, &scenario, &outcome));
                    if shown.is_some() {
                        failed.store(true, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    bar.finish_and_clear();
    let seconds = clock.monotonic_ms() as f64 / 1_000.0;
    let tally = tally.into_inner().expect("counting does not panic");
    print_tally(&tally, seconds);
    if failed.into_inner() {
        return ExitCode::FAILURE;
    }
    println!("zero lost, zero doubled");
    ExitCode::SUCCESS
}

/// Prints what has to be seen of a run; gives the exit code when it failed.
fn report(arguments: &Arguments, scenario: &Scenario, outcome: &Outcome) -> Option<ExitCode> {
    if arguments.trace {
        println!("# seed {}\n{}", scenario.seed, outcome.trace);
    }
    let violation = outcome.violation.as_ref()?;
    println!("seed {} fails after {} operations: {}", scenario.seed, violation.operations, violation.what);
    println!("looking for the shortest list that fails ...");
    let shortest = shrink(scenario, Sabotage::None);
    let what = run(&shortest, Sabotage::None).violation.map(|violation| violation.what).unwrap_or_default();
    println!("\n# found with seed {} of {} operations\n# {what}\n{shortest}", scenario.seed, arguments.ops);
    Some(ExitCode::FAILURE)
}

fn print_tally(tally: &Tally, seconds: f64) {
    for (kind, count) in &tally.operations {
        println!("{count:>10}  {kind}");
    }
    let operations: u64 = tally.operations.values().sum();
    let days = tally.virtual_ms / 86_400_000;
    println!(
        "{} seeds, {operations} operations, {days} days of virtual time in {seconds:.0} s ({:.1} seeds a second)",
        tally.scenarios,
        tally.scenarios as f64 / seconds.max(0.001)
    );
    println!(
        "{} responses thanked for, {} received; {} came unfinished as well, from a card with two lives",
        tally.thanked, tally.received, tally.twice
    );
    for (why, count) in &tally.excused {
        println!("{count:>10}  {why}");
    }
}
