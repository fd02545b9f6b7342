//! One scenario from its beginning to its end.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Context, Result, anyhow};

use super::check::in_one_line;
use super::office::Sabotage;
use super::op::Op;
use super::scenario::Scenario;
use super::trace::Trace;
use super::world::World;

/// After so many operations everything is looked at thoroughly.
const THOROUGH_EVERY: usize = 16;

/// What came of a scenario.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Every event, a line each; the same for the same scenario.
    pub trace: String,
    /// What was counted.
    pub tally: Tally,
    /// The invariant that was broken, where one was.
    pub violation: Option<Violation>,
}

/// A broken invariant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// How many operations had been carried out; all of them when it showed at the end.
    pub operations: usize,
    /// What is wrong, in a sentence.
    pub what: String,
}

/// Counts of one scenario, or of many.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Scenarios.
    pub scenarios: u64,
    /// Operations of each kind.
    pub operations: BTreeMap<String, u64>,
    /// Responses that were thanked for.
    pub thanked: u64,
    /// Responses that the collector held in the end.
    pub received: u64,
    /// Responses that were thanked for and can't be anywhere, by what took the only card or backup they were on.
    pub excused: BTreeMap<&'static str, u64>,
    /// Responses of which an unfinished state came as well, because a card on which they were open had two lives.
    pub twice: u64,
    /// Milliseconds of virtual time.
    pub virtual_ms: u64,
}

impl Tally {
    /// Takes another one's counts in.
    pub fn add(&mut self, other: &Self) {
        self.scenarios += other.scenarios;
        for (kind, count) in &other.operations {
            *self.operations.entry(kind.clone()).or_default() += count;
        }
        self.thanked += other.thanked;
        self.received += other.received;
        for (why, count) in &other.excused {
            *self.excused.entry(why).or_default() += count;
        }
        self.twice += other.twice;
        self.virtual_ms += other.virtual_ms;
    }
}

/// Carries a scenario out, mends everything at its end, and looks whether anything was lost.
///
/// # Panics
/// When the system gives no runtime or no folder: that is no finding.
#[must_use]
pub fn run(scenario: &Scenario, sabotage: Sabotage) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime without threads needs nothing");
    let mut course = Course::default();
    let ran = catch_unwind(AssertUnwindSafe(|| runtime.block_on(course.run(scenario, sabotage))));
    let ran = ran.unwrap_or_else(|panic| Err(anyhow!("a panic: {}", words(panic.as_ref()))));
    let violation = ran.err().map(|error| Violation { operations: course.done, what: in_one_line(&error) });
    let trace = course.trace.as_ref().map(Trace::text).unwrap_or_default();
    Outcome { trace, tally: course.tally, violation }
}

/// How far a run has come; it outlives a panic.
#[derive(Default)]
struct Course {
    trace: Option<Trace>,
    done: usize,
    tally: Tally,
}

impl Course {
    async fn run(&mut self, scenario: &Scenario, sabotage: Sabotage) -> Result<()> {
        let mut world = World::begin(scenario, sabotage).context("the beginning")?;
        self.trace = Some(world.around.trace.clone());
        self.tally.scenarios = 1;
        for &op in &scenario.ops {
            self.step(&mut world, op).await?;
        }
        // Wherever a list is cut off, its end is looked at.
        world.check_thoroughly()?;
        world.heal().await?;
        world.come_to_rest().await?;
        world.check_delivered()?;
        world.count(&mut self.tally);
        Ok(())
    }

    async fn step(&mut self, world: &mut World, op: Op) -> Result<()> {
        *self.tally.operations.entry(op.kind()).or_default() += 1;
        self.done += 1;
        world.carry_out(op).await?;
        if self.done.is_multiple_of(THOROUGH_EVERY) { world.check_thoroughly() } else { world.check() }
    }
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without words").to_owned()
}
