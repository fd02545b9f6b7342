//! What the screen has the agent do, and what came of it: a network test, an enrolment, a parcel for head office.
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
    NETWORK_TEST_MAX_MS, PACK_MAX_MS, PackFailure, Parcel, TAKEN_WITHIN_MS, TestState,
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

/// Files of a parcel whose names are kept: a month of a busy shop is one.
const FILES_MAX: usize = 100;

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

/// How far the parcel is that was asked for last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ParcelState {
    /// Nobody has asked for one.
    #[default]
    Never,
    /// Asked for, or under way.
    UnderWay,
    /// What was unsent is on the stick.
    Packed(Parcel),
    /// It is not.
    NotPacked {
        /// Why, for a page.
        reason: PackFailure,
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
    parcel: Job,
    parcel_state: ParcelState,
    /// The folder of the parcel that waits, and the file system that it is on.
    stick: Option<(String, u64)>,
    agent: Option<(AgentStatus, u64)>,
}

/// The errands there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Test,
    Enrolment,
    Parcel,
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

    /// Has what is unsent packed onto the stick in this folder, which is on this file system, unless a parcel is under way.
    pub fn pack(&self, folder: String, file_system: u64) {
        let mut state = self.state();
        if state.parcel == Job::None {
            state.parcel = state.wait(self.now_ms());
            state.parcel_state = ParcelState::UnderWay;
            state.stick = Some((folder, file_system));
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

    /// How far the parcel is that was asked for last.
    #[must_use]
    pub fn parcel(&self) -> ParcelState {
        self.state().parcel_state.clone()
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
        let kinds = Kind::ALL.into_iter();
        kinds.filter_map(|kind| state.job(kind).deadline_ms(kind.work_max_ms())).min()
    }

    /// The agent asks: an errand when there is one within the wait, which this thread sits through. An enrolment and a
    /// parcel go first: somebody stands there with a code or a stick.
    pub(crate) fn take(&self, agent: AgentStatus, wait_ms: u64) -> Option<Errand> {
        let mut state = self.state();
        state.agent = Some((shortened(agent), self.now_ms()));
        let wait = Duration::from_millis(wait_ms.min(QUEUE_WAIT_MAX_MS));
        let nothing = |state: &mut State| !state.has_errand();
        let waited = self.0.laid_out.wait_timeout_while(state, wait, nothing);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let now_ms = self.now_ms();
        state.heard(now_ms);
        if let Job::Waiting { id, .. } = state.enrolment
            && let Some(code) = state.code.take()
        {
            state.enrolment = Job::Taken { id, since_ms: now_ms };
            return Some(Errand { id, kind: ErrandKind::Enrol { code } });
        }
        if let Job::Waiting { id, .. } = state.parcel
            && let Some((folder, file_system)) = state.stick.take()
        {
            state.parcel = Job::Taken { id, since_ms: now_ms };
            return Some(Errand { id, kind: ErrandKind::Pack { folder, file_system } });
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
            ErrandKind::Pack { folder, file_system } if state.parcel.is(errand.id) => {
                state.parcel = Job::Waiting { id: errand.id, since_ms: now_ms };
                state.stick = Some((folder, file_system));
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
        state.heard(self.now_ms());
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
        state.heard(self.now_ms());
        let Some(kind) = Kind::ALL.into_iter().find(|kind| state.job(*kind).is(id)) else {
            tracing::info!(id, "a result came for an errand that is over");
            return;
        };
        match (kind, result) {
            (Kind::Test, ErrandResult::NetworkTested { test }) if test.is_sound() => {
                state.test_state = TestState::Done { test };
            }
            (Kind::Test, ErrandResult::Unsupported) => {
                state.test_state = TestState::Failed { detail: UNSUPPORTED.into() };
            }
            (Kind::Enrolment, ErrandResult::Enrolled { device }) => {
                state.enrolment_state = EnrolmentState::Enrolled(device);
            }
            (Kind::Enrolment, ErrandResult::NotEnrolled { reason, detail }) => {
                let detail = sentence(&detail);
                state.enrolment_state = EnrolmentState::NotEnrolled { reason, detail };
            }
            (Kind::Enrolment, ErrandResult::Unsupported) => {
                let (reason, detail) = (EnrolmentFailure::Other, UNSUPPORTED.into());
                state.enrolment_state = EnrolmentState::NotEnrolled { reason, detail };
            }
            (Kind::Parcel, ErrandResult::Packed { parcel }) => {
                let files = parcel.files.iter().take(FILES_MAX).map(|file| sentence(file)).collect();
                state.parcel_state = ParcelState::Packed(Parcel { files, ..parcel });
            }
            (Kind::Parcel, ErrandResult::NotPacked { reason, detail }) => {
                state.parcel_state = ParcelState::NotPacked { reason, detail: sentence(&detail) };
            }
            (Kind::Parcel, ErrandResult::Unsupported) => {
                let (reason, detail) = (PackFailure::Other, UNSUPPORTED.into());
                state.parcel_state = ParcelState::NotPacked { reason, detail };
            }
            (kind, _) => {
                tracing::warn!(id, ?kind, "a result came that does not fit its errand");
                state.lost(kind);
            }
        }
        *state.job_mut(kind) = Job::None;
        drop(state);
        self.woken();
    }

    /// The state, with what nobody came for taken away.
    fn state(&self) -> MutexGuard<'_, State> {
        let now_ms = self.now_ms();
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        for kind in Kind::ALL {
            let deadline_ms = state.job(kind).deadline_ms(kind.work_max_ms());
            if deadline_ms.is_some_and(|deadline_ms| now_ms >= deadline_ms) {
                state.lost(kind);
                *state.job_mut(kind) = Job::None;
            }
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
    /// The agent is there: it has just spoken, or has just been waited with.
    fn heard(&mut self, now_ms: u64) {
        if let Some((_, heard_ms)) = &mut self.agent {
            *heard_ms = now_ms;
        }
    }

    fn wait(&mut self, now_ms: u64) -> Job {
        let id = self.next_id;
        self.next_id += 1;
        Job::Waiting { id, since_ms: now_ms }
    }

    fn has_errand(&self) -> bool {
        Kind::ALL.iter().any(|kind| matches!(self.job(*kind), Job::Waiting { .. }))
    }

    fn job(&self, kind: Kind) -> Job {
        match kind {
            Kind::Test => self.test,
            Kind::Enrolment => self.enrolment,
            Kind::Parcel => self.parcel,
        }
    }

    fn job_mut(&mut self, kind: Kind) -> &mut Job {
        match kind {
            Kind::Test => &mut self.test,
            Kind::Enrolment => &mut self.enrolment,
            Kind::Parcel => &mut self.parcel,
        }
    }

    /// Nothing will come of it any more.
    fn lost(&mut self, kind: Kind) {
        let detail = if matches!(self.job(kind), Job::Waiting { .. }) { AWAY } else { GONE }.to_owned();
        match kind {
            Kind::Test => self.test_state = TestState::Failed { detail },
            Kind::Enrolment => {
                self.enrolment_state = EnrolmentState::AgentAway { detail };
                self.code = None;
            }
            Kind::Parcel => {
                self.parcel_state = ParcelState::AgentAway { detail };
                self.stick = None;
            }
        }
    }
}

impl Kind {
    const ALL: [Self; 3] = [Self::Test, Self::Enrolment, Self::Parcel];

    fn work_max_ms(self) -> u64 {
        match self {
            Self::Test => NETWORK_TEST_MAX_MS,
            Self::Enrolment => ENROLMENT_MAX_MS,
            Self::Parcel => PACK_MAX_MS,
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
mod tests;
