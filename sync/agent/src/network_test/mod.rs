//! The network test: seven questions in order, each bounded in time, each answered with its numbers.
//!
//! | file | which steps |
//! |---|---|
//! | `machine` | link and address, as the kernel tells them in `/sys` and `/proc` |
//! | `nl80211` | the name and the channel of a wireless network, asked of the kernel |
//! | `reach` | DNS, TCP and TLS towards the collector |
//! | `acquaintance` | identity and clock, from one request over the device's own TLS |
//!
//! The first step that fails ends the test; the others are named as not reached. Nothing is changed by it, here or at the
//! collector, but that the collector has heard from the device. What comes from outside is shortened before it is passed on.

mod acquaintance;
mod machine;
mod nl80211;
mod reach;

use std::sync::Arc;
use std::time::Duration;

use afterword_model::ports::Clock;
use afterword_protocol::network_test::{Finding, NetworkTest, Outcome, Step, StepName};
use afterword_protocol::queue::Health;
use reqwest::Url;

use crate::https::endpoint;
use crate::identity::Identity;
use acquaintance::Acquaintance;
pub use machine::Machine;
use reach::Reach;

/// For each of DNS, TCP, TLS, TLS at another time, and the question to the collector: five of them are
/// [`afterword_protocol::errand::NETWORK_TEST_MAX_MS`].
const STEP_MAX_MS: u64 = 4_000;

/// A connection that takes longer than this works, and somebody should look at the line.
const SLOW_MS: u64 = 1_000;

/// Whom the device is to reach.
#[derive(Debug, Clone, Copy)]
pub enum Target<'a> {
    /// It is enrolled: its collector, as its identity names it.
    Device(&'a Identity),
    /// It is not, and shall be enrolled there.
    Enrolment {
        /// The enrolment port, as `https://HOST[:PORT]`.
        collector_url: &'a str,
        /// The collector's CA in PEM.
        ca_pem: &'a str,
    },
    /// Nobody has said.
    Nobody,
}

impl Target<'_> {
    fn url(&self) -> Option<Url> {
        match self {
            Self::Device(identity) => endpoint(&identity.enrolled().collector_url, "/"),
            Self::Enrolment { collector_url, .. } => endpoint(collector_url, "/"),
            Self::Nobody => None,
        }
    }
}

/// What a test works with.
pub struct Tester<'a> {
    /// Where link and address are looked up.
    pub machine: &'a Machine,
    /// Whom to reach.
    pub target: Target<'a>,
    /// This device's clock.
    pub clock: Arc<dyn Clock>,
    /// How the store is, for a real heartbeat, whose answer tells the collector's time to the millisecond. Without it the
    /// collector is asked for nothing, and its time known to the second.
    pub health: Option<Health>,
}

impl Tester<'_> {
    /// Tests, and tells each step when it is over.
    pub async fn test(&self, mut told: impl FnMut(&Step) + Send) -> NetworkTest {
        let (begun_ms, begun_mono_ms) = (self.clock.wall_ms(), self.clock.monotonic_ms());
        let mut steps = Steps { clock: &*self.clock, steps: Vec::new(), told: &mut told };
        self.take(&mut steps).await;
        let steps = steps.finished();
        let took_ms = self.clock.monotonic_ms().saturating_sub(begun_mono_ms);
        NetworkTest { begun_ms, took_ms, steps }
    }

    async fn take(&self, steps: &mut Steps<'_>) -> Option<()> {
        let url = self.target.url();
        let at_home = url.as_ref().is_some_and(reach::is_this_machine);
        steps.done(StepName::Link, 0, if at_home { not_needed() } else { self.machine.link() })?;
        steps.done(StepName::Address, 0, if at_home { not_needed() } else { self.machine.address() })?;
        let Some(url) = url else {
            for step in [StepName::Dns, StepName::Tcp, StepName::Tls] {
                steps.done(step, 0, (Outcome::Skipped, Finding::NoCollector))?;
            }
            return steps.done(StepName::Identity, 0, (Outcome::Failed, Finding::NoCollector));
        };
        let mut reach = Reach::new(url, self.target, Arc::clone(&self.clock));
        let begun_ms = steps.now_ms();
        let found = reach.resolve().await;
        steps.done(StepName::Dns, steps.since(begun_ms), found)?;
        let begun_ms = steps.now_ms();
        let found = reach.connect().await;
        let took_ms = steps.since(begun_ms);
        steps.done(StepName::Tcp, took_ms, slow(found, took_ms))?;
        let begun_ms = steps.now_ms();
        let found = reach.secure().await;
        let took_ms = steps.since(begun_ms);
        steps.done(StepName::Tls, took_ms, slow(found, took_ms))?;
        let Target::Device(identity) = self.target else {
            return steps.done(StepName::Identity, 0, (Outcome::Failed, Finding::NotEnrolled));
        };
        let begun_ms = steps.now_ms();
        let asked = Acquaintance::ask(identity, &self.clock, self.health.clone()).await;
        let took_ms = steps.since(begun_ms);
        steps.done(StepName::Identity, took_ms, slow(asked.identity(identity), took_ms))?;
        steps.done(StepName::Clock, 0, asked.clock())
    }
}

/// What a step comes to.
type Found = (Outcome, Finding);

fn not_needed() -> Found {
    (Outcome::Ok, Finding::NotNeeded)
}

/// What works and takes long is to be looked at.
fn slow((outcome, finding): Found, took_ms: u64) -> Found {
    let is_slow = outcome == Outcome::Ok && took_ms > SLOW_MS;
    (if is_slow { Outcome::Warning } else { outcome }, finding)
}

/// `None` when it took longer than a step may.
async fn within_step<T>(work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(Duration::from_millis(STEP_MAX_MS), work).await.ok()
}

fn timed_out() -> Found {
    (Outcome::Failed, Finding::TimedOut { limit_ms: STEP_MAX_MS })
}

struct Steps<'t> {
    clock: &'t dyn Clock,
    steps: Vec<Step>,
    told: &'t mut (dyn FnMut(&Step) + Send),
}

impl Steps<'_> {
    fn now_ms(&self) -> u64 {
        self.clock.monotonic_ms()
    }

    fn since(&self, begun_ms: u64) -> u64 {
        self.now_ms().saturating_sub(begun_ms)
    }

    /// Notes a step; `None` when the test is over with it.
    fn done(&mut self, step: StepName, took_ms: u64, (outcome, finding): Found) -> Option<()> {
        let done = Step { step, outcome, took_ms, finding };
        (self.told)(&done);
        self.steps.push(done);
        (outcome != Outcome::Failed).then_some(())
    }

    /// With those that were not reached.
    fn finished(mut self) -> Vec<Step> {
        for step in StepName::ALL.into_iter().skip(self.steps.len()) {
            // The end of the test is told whole; each of these alone says nothing.
            self.steps.push(Step {
                step,
                outcome: Outcome::Skipped,
                took_ms: 0,
                finding: Finding::NotReached,
            });
        }
        self.steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_is_a_warning_and_never_hides_a_failure() {
        assert_eq!(slow((Outcome::Ok, Finding::Secured), SLOW_MS), (Outcome::Ok, Finding::Secured));
        assert_eq!(slow((Outcome::Ok, Finding::Secured), SLOW_MS + 1).0, Outcome::Warning);
        assert_eq!(slow((Outcome::Failed, Finding::NotTls), SLOW_MS + 1).0, Outcome::Failed);
    }

    #[test]
    fn the_steps_together_fit_into_the_time_of_a_test() {
        const { assert!(5 * STEP_MAX_MS <= afterword_protocol::errand::NETWORK_TEST_MAX_MS) };
    }

    #[tokio::test]
    async fn a_device_that_nobody_told_its_collector_says_so() {
        let machine = Machine::at("/nonexistent".into());
        let clock = Arc::new(afterword_model::ports::ManualClock::at(5));
        let tester = Tester { machine: &machine, target: Target::Nobody, clock, health: None };
        let mut told = Vec::new();
        let test = tester.test(|step| told.push(step.step)).await;
        assert_eq!(test.steps.iter().map(|step| step.step).collect::<Vec<_>>(), StepName::ALL);
        assert_eq!(test.failed().map(|step| &step.finding), Some(&Finding::NoCollector));
        assert_eq!(test.steps[0].finding, Finding::CannotTell);
        assert_eq!(
            test.steps[6],
            Step {
                step: StepName::Clock,
                outcome: Outcome::Skipped,
                took_ms: 0,
                finding: Finding::NotReached
            }
        );
        assert_eq!(told.last(), Some(&StepName::Identity));
        assert!(test.is_sound());
    }
}
