//! What the screen has the agent do, and what came of it: a network test, an enrolment.
//!
//! The screen's thread gives an errand and reads how far it is, and never waits for either; the agent's connection at the
//! socket waits here for one. Of each kind there is one at a time: while it is under way the same is not asked for twice.
//! Invariants: an errand is handed out once, or again when it could not be handed over; a result for another one than is
//! under way is nobody's; whoever asked hears in time that nobody came, or that nobody came back.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use afterword_model::ports::Clock;
use afterword_protocol::device_facts::AgentHeard;
use afterword_protocol::enrolment::EnrolmentCode;
use afterword_protocol::errand::{
    AgentStatus, ENROLMENT_MAX_MS, EnrolledAs, EnrolmentFailure, Errand, ErrandId, ErrandKind, ErrandResult,
    NETWORK_TEST_MAX_MS, TAKEN_WITHIN_MS, TestState,
};
use afterword_protocol::limits::QUEUE_WAIT_MAX_MS;
use afterword_protocol::network_test::{FINDING_TEXT_MAX, Step, are_sound};

use crate::kiosk::Wake;

/// Added to the longest time of an errand before it counts as lost: the way to and from the agent, on a busy machine.
const SLACK_MS: u64 = 5_000;

/// An agent that was not heard for so long is away: it asks for errands every half minute.
pub const AGENT_AWAY_MS: u64 = QUEUE_WAIT_MAX_MS + TAKEN_WITHIN_MS;

/// Letters of a sentence from the agent that are kept; its own have some 300.
const SENTENCE_MAX: usize = 3 * FINDING_TEXT_MAX;

/// How far the enrolment is that was asked for last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum EnrolmentState {
    /// Nobody has asked for one.
    #[default]
    Never,
    /// Asked for, or under way.
    UnderWay,
    /// The device is enrolled.
    Enrolled(EnrolledAs),
    /// It is not.
    NotEnrolled {
        /// Why, for a page.
        reason: EnrolmentFailure,
        /// The same in one English sentence, with what to do.
        detail: String,
    },
    /// The agent did not come, or not back.
    AgentAway {
        /// The same in one English sentence, with what to do.
        detail: String,
    },
}

/// The desk between screen and agent. Clones are the same one.
#[derive(Clone)]
pub struct Errands(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// Told whenever an errand is laid out.
    laid_out: Condvar,
    wake: OnceLock<Wake>,
}

#[derive(Default)]
struct State {
    next_id: ErrandId,
    test: Job,
    test_state: TestState,
    enrolment: Job,
    enrolment_state: EnrolmentState,
    /// The code of the enrolment that waits.
    code: Option<EnrolmentCode>,
    agent: Option<(AgentStatus, u64)>,
}

/// Where an errand is. Times are monotonic milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Job {
    #[default]
    None,
    /// Laid out for the agent.
    Waiting { id: ErrandId, since_ms: u64 },
    /// The agent has it.
    Taken { id: ErrandId, since_ms: u64 },
}

impl Errands {
    /// A desk with nothing on it.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner {
            clock,
            state: Mutex::new(State { next_id: 1, ..State::default() }),
            laid_out: Condvar::new(),
            wake: OnceLock::new(),
        }))
    }

    /// Has the screen look whenever something has come of an errand. The first screen is the only one.
    pub fn wake_with(&self, wake: Wake) {
        // A second screen at one desk would be a second one of the device; there is none.
        let _ = self.0.wake.set(wake);
    }

    /// Has the network tested, unless a test is under way.
    pub fn test_network(&self) {
        let mut state = self.state();
        if state.test == Job::None {
            state.test = state.wait(self.now_ms());
            state.test_state = TestState::Waiting;
            drop(state);
            self.0.laid_out.notify_all();
        }
    }

    /// Has this device enrolled with a code, unless an enrolment is under way.
    pub fn enrol(&self, code: EnrolmentCode) {
        let mut state = self.state();
        if state.enrolment == Job::None {
            state.enrolment = state.wait(self.now_ms());
            state.enrolment_state = EnrolmentState::UnderWay;
            state.code = Some(code);
            drop(state);
            self.0.laid_out.notify_all();
        }
    }

    /// How far the network test is that was asked for last.
    #[must_use]
    pub fn network_test(&self) -> TestState {
        self.state().test_state.clone()
    }

    /// How far the enrolment is that was asked for last.
    #[must_use]
    pub fn enrolment(&self) -> EnrolmentState {
        self.state().enrolment_state.clone()
    }

    /// What the agent said last, and how long ago. Older than [`AGENT_AWAY_MS`], and it does not work.
    #[must_use]
    pub fn agent(&self) -> Option<AgentHeard> {
        let state = self.state();
        let (status, heard_ms) = state.agent.clone()?;
        Some(AgentHeard { status, age_ms: self.now_ms().saturating_sub(heard_ms) })
    }

    /// When nobody came within its time, an errand is over; the screen hears of it through its wake. Reading does this
    /// by itself.
    pub fn tick(&self) {
        drop(self.state());
    }

    /// When [`Self::tick`] is due, in monotonic milliseconds.
    #[must_use]
    pub fn deadline_ms(&self) -> Option<u64> {
        let state = self.state();
        [state.test.deadline_ms(NETWORK_TEST_MAX_MS), state.enrolment.deadline_ms(ENROLMENT_MAX_MS)]
            .into_iter()
            .flatten()
            .min()
    }

    /// The agent asks: an errand when there is one within the wait, which this thread sits through. An enrolment goes first:
    /// somebody has just typed its code.
    pub(crate) fn take(&self, agent: AgentStatus, wait_ms: u64) -> Option<Errand> {
        let mut state = self.state();
        state.agent = Some((shortened(agent), self.now_ms()));
        let wait = Duration::from_millis(wait_ms.min(QUEUE_WAIT_MAX_MS));
        let nothing = |state: &mut State| !state.has_errand();
        let waited = self.0.laid_out.wait_timeout_while(state, wait, nothing);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let now_ms = self.now_ms();
        if let Job::Waiting { id, .. } = state.enrolment
            && let Some(code) = state.code.take()
        {
            state.enrolment = Job::Taken { id, since_ms: now_ms };
            return Some(Errand { id, kind: ErrandKind::Enrol { code } });
        }
        let Job::Waiting { id, .. } = state.test else { return None };
        state.test = Job::Taken { id, since_ms: now_ms };
        state.test_state = TestState::UnderWay { steps: Vec::new() };
        Some(Errand { id, kind: ErrandKind::TestNetwork })
    }

    /// The errand could not be handed over: it lies here for whoever comes next.
    pub(crate) fn give_back(&self, errand: Errand) {
        let now_ms = self.now_ms();
        let mut state = self.state();
        match errand.kind {
            ErrandKind::Enrol { code } if state.enrolment.is(errand.id) => {
                state.enrolment = Job::Waiting { id: errand.id, since_ms: now_ms };
                state.code = Some(code);
            }
            ErrandKind::TestNetwork if state.test.is(errand.id) => {
                state.test = Job::Waiting { id: errand.id, since_ms: now_ms };
                state.test_state = TestState::Waiting;
            }
            _ => return,
        }
        drop(state);
        self.0.laid_out.notify_all();
    }

    /// A step of a test is over.
    pub(crate) fn step(&self, id: ErrandId, step: Step) {
        let mut state = self.state();
        if !state.test.is(id) {
            return;
        }
        if let TestState::UnderWay { steps } = &mut state.test_state {
            steps.push(step);
            if !are_sound(steps) {
                steps.pop();
            }
        }
        drop(state);
        self.woken();
    }

    /// An errand is over.
    pub(crate) fn done(&self, id: ErrandId, result: ErrandResult) {
        let mut state = self.state();
        let is_test = state.test.is(id);
        if !is_test && !state.enrolment.is(id) {
            tracing::info!(id, "a result came for an errand that is over");
            return;
        }
        match (is_test, result) {
            (true, ErrandResult::NetworkTested { test }) if test.is_sound() => {
                state.test_state = TestState::Done { test };
            }
            (true, ErrandResult::Unsupported) => {
                state.test_state = TestState::Failed { detail: UNSUPPORTED.into() };
            }
            (false, ErrandResult::Enrolled { device }) => {
                state.enrolment_state = EnrolmentState::Enrolled(device);
            }
            (false, ErrandResult::NotEnrolled { reason, detail }) => {
                let detail = sentence(&detail);
                state.enrolment_state = EnrolmentState::NotEnrolled { reason, detail };
            }
            (false, ErrandResult::Unsupported) => {
                let (reason, detail) = (EnrolmentFailure::Other, UNSUPPORTED.into());
                state.enrolment_state = EnrolmentState::NotEnrolled { reason, detail };
            }
            (is_test, _) => {
                tracing::warn!(id, is_test, "a result came that does not fit its errand");
                state.lost(is_test);
            }
        }
        *(if is_test { &mut state.test } else { &mut state.enrolment }) = Job::None;
        drop(state);
        self.woken();
    }

    /// The state, with what nobody came for taken away.
    fn state(&self) -> MutexGuard<'_, State> {
        let now_ms = self.now_ms();
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |deadline_ms: Option<u64>| deadline_ms.is_some_and(|deadline_ms| now_ms >= deadline_ms);
        if is_over(state.test.deadline_ms(NETWORK_TEST_MAX_MS)) {
            state.lost(true);
            state.test = Job::None;
        }
        if is_over(state.enrolment.deadline_ms(ENROLMENT_MAX_MS)) {
            state.lost(false);
            state.enrolment = Job::None;
            state.code = None;
        }
        state
    }

    fn now_ms(&self) -> u64 {
        self.0.clock.monotonic_ms()
    }

    fn woken(&self) {
        if let Some(wake) = self.0.wake.get() {
            wake();
        }
    }
}

const AWAY: &str = "the sync program does not answer: start it with `afterword-sync run`, and try again";
const GONE: &str = "the sync program took this on and did not come back: see its log, and try again";
const UNSUPPORTED: &str = "the sync program is too old for this: update it, and try again";

impl State {
    fn wait(&mut self, now_ms: u64) -> Job {
        let id = self.next_id;
        self.next_id += 1;
        Job::Waiting { id, since_ms: now_ms }
    }

    fn has_errand(&self) -> bool {
        [self.test, self.enrolment].iter().any(|job| matches!(job, Job::Waiting { .. }))
    }

    /// Nothing will come of it any more.
    fn lost(&mut self, is_test: bool) {
        let job = if is_test { self.test } else { self.enrolment };
        let detail = if matches!(job, Job::Waiting { .. }) { AWAY } else { GONE }.to_owned();
        if is_test {
            self.test_state = TestState::Failed { detail };
        } else {
            self.enrolment_state = EnrolmentState::AgentAway { detail };
        }
    }
}

impl Job {
    /// Whether the agent has this errand.
    fn is(self, wanted: ErrandId) -> bool {
        matches!(self, Self::Taken { id, .. } if id == wanted)
    }

    fn deadline_ms(self, work_max_ms: u64) -> Option<u64> {
        match self {
            Self::None => None,
            Self::Waiting { since_ms, .. } => Some(since_ms.saturating_add(TAKEN_WITHIN_MS)),
            Self::Taken { since_ms, .. } => Some(since_ms.saturating_add(work_max_ms + SLACK_MS)),
        }
    }
}

fn sentence(text: &str) -> String {
    text.chars().take(SENTENCE_MAX).map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

fn shortened(agent: AgentStatus) -> AgentStatus {
    AgentStatus {
        program_version: sentence(&agent.program_version),
        problem: agent.problem.as_deref().map(sentence),
        enrolled: agent.enrolled.map(|enrolled| EnrolledAs {
            name: sentence(&enrolled.name),
            collector_url: sentence(&enrolled.collector_url),
            ..enrolled
        }),
        ..agent
    }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use afterword_model::ports::ManualClock;
    use afterword_protocol::network_test::{Finding, NetworkTest, Outcome, StepName};

    use super::*;

    fn desk() -> (Errands, Arc<ManualClock>, Arc<AtomicUsize>) {
        let (clock, woken) = (Arc::new(ManualClock::at(0)), Arc::new(AtomicUsize::new(0)));
        let errands = Errands::new(clock.clone());
        let count = Arc::clone(&woken);
        errands.wake_with(Arc::new(move || {
            count.fetch_add(1, Ordering::SeqCst);
        }));
        (errands, clock, woken)
    }

    fn code() -> EnrolmentCode {
        EnrolmentCode::parse("K7QM-2XJP-9WTD").unwrap()
    }

    fn taken(errands: &Errands) -> Option<Errand> {
        errands.take(AgentStatus::default(), 0)
    }

    fn step(step: StepName) -> Step {
        Step { step, outcome: Outcome::Ok, took_ms: 1, finding: Finding::NotNeeded }
    }

    fn test(steps: Vec<Step>) -> NetworkTest {
        NetworkTest { begun_ms: 0, took_ms: 1, steps }
    }

    #[test]
    fn a_test_is_followed_step_by_step_and_its_result_kept() {
        let (errands, _, woken) = desk();
        assert_eq!(errands.network_test(), TestState::Never);
        assert_eq!(taken(&errands), None);
        errands.test_network();
        errands.test_network();
        assert_eq!(errands.network_test(), TestState::Waiting);
        let Errand { id, kind } = taken(&errands).unwrap();
        assert_eq!(kind, ErrandKind::TestNetwork);
        assert_eq!(taken(&errands), None, "it is handed out once, however often it was asked for");
        errands.step(id, step(StepName::Link));
        errands.step(id, step(StepName::Link));
        let steps = vec![step(StepName::Link)];
        assert_eq!(errands.network_test(), TestState::UnderWay { steps: steps.clone() });
        errands.done(id, ErrandResult::NetworkTested { test: test(steps.clone()) });
        assert_eq!(errands.network_test(), TestState::Done { test: test(steps) });
        assert_eq!(woken.load(Ordering::SeqCst), 3);
        assert_eq!(errands.deadline_ms(), None);
    }

    #[test]
    fn nobody_waits_for_an_agent_that_does_not_come_or_not_back() {
        let (errands, clock, _) = desk();
        errands.test_network();
        assert_eq!(errands.deadline_ms(), Some(TAKEN_WITHIN_MS));
        clock.advance_ms(TAKEN_WITHIN_MS);
        let TestState::Failed { detail } = errands.network_test() else { panic!("it is over") };
        assert!(detail.starts_with("the sync program does not answer: "), "{detail}");
        assert_eq!(taken(&errands), None, "it is no longer wanted");

        errands.enrol(code());
        let Errand { id, .. } = taken(&errands).unwrap();
        clock.advance_ms(ENROLMENT_MAX_MS + SLACK_MS);
        let EnrolmentState::AgentAway { detail } = errands.enrolment() else { panic!("it is over") };
        assert!(detail.contains("did not come back"), "{detail}");
        errands.enrol(code());
        let (reason, detail) = (EnrolmentFailure::CodeRefused, "no".to_owned());
        errands.done(id, ErrandResult::NotEnrolled { reason, detail });
        assert_eq!(errands.enrolment(), EnrolmentState::UnderWay, "that was the result of the one before");
    }

    #[test]
    fn an_errand_that_could_not_be_handed_over_goes_to_the_next_who_asks() {
        let (errands, _, _) = desk();
        errands.test_network();
        errands.enrol(code());
        let enrolment = taken(&errands).unwrap();
        assert!(matches!(enrolment.kind, ErrandKind::Enrol { .. }), "the typed code goes first");
        errands.give_back(enrolment.clone());
        assert_eq!(taken(&errands), Some(enrolment));
        let tested = taken(&errands).unwrap();
        errands.give_back(tested.clone());
        assert_eq!(errands.network_test(), TestState::Waiting);
        assert_eq!(taken(&errands), Some(tested));
    }

    #[test]
    fn a_result_that_cannot_be_one_is_none() {
        let (errands, _, _) = desk();
        errands.test_network();
        let Errand { id, .. } = taken(&errands).unwrap();
        let twice = vec![step(StepName::Dns), step(StepName::Dns)];
        errands.done(id, ErrandResult::NetworkTested { test: test(twice) });
        assert!(matches!(errands.network_test(), TestState::Failed { .. }));
        errands.enrol(code());
        let Errand { id, .. } = taken(&errands).unwrap();
        errands.done(id, ErrandResult::NetworkTested { test: test(Vec::new()) });
        assert!(matches!(errands.enrolment(), EnrolmentState::AgentAway { .. }));
    }

    #[test]
    fn how_the_agent_is_and_when_it_said_so() {
        let (errands, clock, _) = desk();
        assert_eq!(errands.agent(), None);
        errands.take(AgentStatus { problem: Some("\u{1b}[2J".repeat(999)), ..AgentStatus::default() }, 0);
        clock.advance_ms(7);
        let heard = errands.agent().unwrap();
        assert_eq!(heard.age_ms, 7);
        let problem = heard.status.problem.unwrap();
        assert!(problem.chars().count() == SENTENCE_MAX && !problem.contains('\u{1b}'));
    }

    #[test]
    fn whoever_waits_is_woken_by_the_errand() {
        let (errands, _, _) = desk();
        let (waiting, (tell, told)) = (errands.clone(), std::sync::mpsc::channel());
        std::thread::spawn(move || tell.send(waiting.take(AgentStatus::default(), QUEUE_WAIT_MAX_MS)));
        // Once it was heard it waits: it keeps the desk to itself in between.
        while errands.agent().is_none() {
            std::thread::yield_now();
        }
        errands.test_network();
        let taken = told.recv_timeout(Duration::from_millis(QUEUE_WAIT_MAX_MS / 2)).unwrap();
        assert!(matches!(taken, Some(Errand { kind: ErrandKind::TestNetwork, .. })), "{taken:?}");
    }
}
