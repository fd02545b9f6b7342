//! The simulator within the time a test run has: two hundred seeds, everything that once failed, and the proof that it
//! can fail at all. The long run is `cargo run --release -p afterword-tests --bin simulate -- --seeds 10000`.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::available_parallelism;

use afterword_tests::simulation::{Sabotage, Scenario, generate, run, shrink};
use anyhow::{Context, Result};

/// Seeds of a test run.
const SEEDS: u64 = 200;
/// Operations of each; the long run's lists are longer.
const OPS: usize = 40;

/// That a scenario loses and doubles nothing, or the shortest list with which it does.
fn holds(scenario: &Scenario) {
    if let Some(violation) = run(scenario, Sabotage::None).violation {
        let shortest = shrink(scenario, Sabotage::None);
        panic!(
            "{}; put this into tests/tests/simulation/reproductions and mend it:\n{shortest}",
            violation.what
        );
    }
}

#[test]
fn two_hundred_seeds_lose_and_double_nothing() {
    let next = AtomicU64::new(0);
    let threads = available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= SEEDS {
                        return;
                    }
                    holds(&generate(seed, OPS, false));
                }
            });
        }
    });
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    // Disks lie in one, fill in another, the power goes, and sticks come.
    for operation in ["\nlie ", "\nfill ", "\ncut-power ", "\nimport "] {
        let lists = (0..100).map(|seed| generate(seed, OPS, true));
        let scenario = lists.into_iter().find(|scenario| scenario.to_string().contains(operation));
        let scenario = scenario.unwrap_or_else(|| panic!("{operation} is in none of the lists"));
        let (first, second) = (run(&scenario, Sabotage::None), run(&scenario, Sabotage::None));
        assert!(first.trace.contains(&format!("> {}", operation.trim())), "{}", first.trace);
        assert_eq!(first.trace, second.trace);
    }
}

#[test]
fn a_collector_that_forgets_is_found_and_the_list_made_short() {
    let found = (0..20)
        .map(|seed| generate(seed, OPS, false))
        .find(|scenario| run(scenario, Sabotage::ForgetsBatch).violation.is_some());
    let found = found.expect("twenty lists, and none of them delivers anything");
    let shortest = shrink(&found, Sabotage::ForgetsBatch);
    assert!(run(&shortest, Sabotage::ForgetsBatch).violation.is_some());
    assert!(run(&shortest, Sabotage::None).violation.is_none(), "without the sabotage the list is harmless");
    assert!(shortest.ops.len() <= 5, "{shortest}");
}

#[test]
fn every_list_that_once_failed_holds() -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/simulation/reproductions");
    let mut lists = 0;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let scenario = fs::read_to_string(&path)?.parse().with_context(|| path.display().to_string())?;
        holds(&scenario);
        lists += 1;
    }
    assert!(lists > 0, "there is nothing to try");
    Ok(())
}
