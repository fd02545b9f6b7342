//! From a list of operations that fails to a short one that still does.
//!
//! Delta debugging (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", 2002): parts are left
//! out, large ones first, as long as what remains fails. Every part of a list is a list, so each try is a full run
//! of the real programs. The seed stays the same; what is left to chance may fall differently in a shorter list.

use super::office::Sabotage;
use super::run::run;
use super::scenario::Scenario;

/// Tries after which the shortest list found so far is good enough.
const TRIES_MAX: usize = 400;

/// The shortest scenario found that fails as this one does, in whatever way.
#[must_use]
pub fn shrink(scenario: &Scenario, sabotage: Sabotage) -> Scenario {
    let mut shortest = scenario.clone();
    let mut tries = 0;
    let mut fails = |candidate: &Scenario| {
        tries += 1;
        (tries <= TRIES_MAX).then(|| run(candidate, sabotage).violation.is_some())
    };
    // What comes after the violation has no part in it.
    if let Some(violation) = run(scenario, sabotage).violation {
        let cut = without(&shortest, violation.operations, shortest.ops.len());
        if fails(&cut) == Some(true) {
            shortest = cut;
        }
    }
    let mut part = shortest.ops.len().div_ceil(2);
    while part > 0 {
        let mut begin = 0;
        while begin < shortest.ops.len() {
            let end = (begin + part).min(shortest.ops.len());
            let candidate = without(&shortest, begin, end);
            match fails(&candidate) {
                None => return shortest,
                Some(true) => shortest = candidate,
                Some(false) => begin = end,
            }
        }
        part = if part == 1 { 0 } else { part.div_ceil(2) };
    }
    for devices in 1..shortest.devices {
        let candidate = Scenario { devices, ..shortest.clone() };
        if fails(&candidate) == Some(true) {
            return candidate;
        }
    }
    shortest
}

fn without(scenario: &Scenario, begin: usize, end: usize) -> Scenario {
    let kept = scenario.ops[..begin].iter().chain(&scenario.ops[end..]);
    Scenario { ops: kept.copied().collect(), ..scenario.clone() }
}
