//! A device: a card, a kiosk program, an agent, and a line to the collector.
//!
//! Each program has its own clock from its start on and its own source of chance; what it keeps in its memory dies
//! with it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use afterword_agent::identity::{keep_in, signing_request};
use afterword_agent::{Agent, Ended, Identity, State, Status, Timing};
use afterword_kiosk_store::{Options, Store};
use afterword_model::ports::{Clock, SeededEntropy};
use afterword_protocol::keys::SigningKey;
use afterword_sim::disk::Policy;
use anyhow::{Context, Result, anyhow, bail, ensure};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::card::{Card, Known};
use super::clock::{Error, ProgramClock, VirtualTime};
use super::files::{DatabaseImage, copy_folder};
use super::kiosk::{Kiosk, KioskQueue};
use super::network::{SharedLine, SimTransport, line, lock};
use super::office::SharedOffice;
use super::op::ClockSet;
use super::shopper::Shopper;
use super::trace::Trace;
use super::truth::Truth;

/// What every device works with.
#[derive(Clone)]
pub(super) struct Surroundings {
    pub(super) time: VirtualTime,
    pub(super) trace: Trace,
    pub(super) office: SharedOffice,
    /// Draws seeds, one for each thing that needs chance of its own.
    pub(super) seeds: Arc<SeededEntropy>,
}

/// A device; see the module.
pub(super) struct Device {
    pub(super) index: usize,
    /// What the operator calls it; a clone has the name of the device it was copied from.
    pub(super) name: String,
    pub(super) card: Card,
    around: Surroundings,
    clock_error: Error,
    pub(super) line: SharedLine,
    kiosk: Arc<Kiosk>,
    pub(super) session: Option<Session>,
    pub(super) shopper: Option<Shopper>,
    agent: Option<RunningAgent>,
}

/// One run of the kiosk program.
pub(super) struct Session {
    pub(super) clock: Arc<ProgramClock>,
    pub(super) boot: u32,
}

struct RunningAgent {
    task: JoinHandle<Ended>,
    status: watch::Receiver<Status>,
    /// Nobody sends on it; when it is dropped the agent ends.
    _stop: watch::Sender<bool>,
}

impl Device {
    /// A device with this card, everything off.
    pub(super) fn new(index: usize, name: String, card: Card, around: &Surroundings) -> Self {
        Self {
            index,
            name,
            kiosk: Kiosk::off(),
            card,
            around: around.clone(),
            clock_error: Error::default(),
            line: line(around.seeds.next_u64()),
            session: None,
            shopper: None,
            agent: None,
        }
    }

    /// Sets the wall clock.
    pub(super) fn set_clock(&self, set: ClockSet) {
        let error = match set {
            ClockSet::Right => 0,
            ClockSet::Unset => -self.around.time.true_ms(),
            ClockSet::By(ms) => self.clock_error.load(Ordering::SeqCst).saturating_add(ms),
        };
        self.clock_error.store(error, Ordering::SeqCst);
    }

    /// A line of the trace.
    pub(super) fn say(&self, what: impl std::fmt::Display) {
        self.around.trace.say(format_args!("d{} {what}", self.index));
    }

    /// An error in the trace, without the names of folders, which are others each time.
    pub(super) fn say_error(&self, what: &str, error: &impl std::fmt::Display) {
        let error = error.to_string();
        let words = error.split_whitespace().filter(|word| !word.contains('/'));
        self.say(format_args!("{what}: {}", words.collect::<Vec<_>>().join(" ")));
    }

    pub(super) fn chance(&self) -> Arc<SeededEntropy> {
        Arc::new(SeededEntropy::new(self.around.seeds.next_u64()))
    }
}

/// The kiosk program.
impl Device {
    /// The store, while the kiosk program runs.
    pub(super) fn store(&self) -> Option<Store> {
        self.kiosk.store()
    }

    /// Starts the kiosk program, when it is not running. What was open on the card has been frozen then. On a disk in
    /// trouble it may not start.
    pub(super) fn start_kiosk(&mut self, truth: &mut Truth) -> Result<()> {
        if self.kiosk.store().is_some() {
            return Ok(());
        }
        let clock = ProgramClock::start(&self.around.time, &self.clock_error);
        let options = Options { clock: clock.clone(), entropy: self.chance(), opens_cases: false };
        let in_trouble = self.card.is_in_trouble();
        let (store, opened) = match Store::open(&self.card.store_folder(), options) {
            Err(error) if in_trouble => {
                self.say_error("kiosk does not start", &error);
                return Ok(());
            }
            opened => opened.with_context(|| format!("the kiosk of d{} does not start", self.index))?,
        };
        store.settle()?;
        self.say(format_args!(
            "kiosk starts for the {}. time, interrupted: {:?}, carried: {:?}, set aside: {}",
            opened.boot,
            opened.interrupted,
            opened.carried.iter().map(|carried| carried.records).collect::<Vec<_>>(),
            opened.set_aside.is_some()
        ));
        if let Some(seq) = opened.interrupted {
            // The look itself may be what makes the store begin anew.
            truth.stands_at(opened.epoch, seq);
        }
        self.card.look_anew(&store, truth).with_context(|| self.label())?;
        self.session = Some(Session { clock, boot: opened.boot });
        self.kiosk.replace(Some(store));
        Ok(())
    }

    /// Kills the kiosk program, when it is running.
    pub(super) fn kill_kiosk(&mut self) -> Result<()> {
        self.leave_kiosk();
        let Some(store) = self.kiosk.replace(None) else { return Ok(()) };
        store.settle()?;
        let left = DatabaseImage::of(&self.card.store_folder().join("kiosk.db"))?;
        drop(store);
        Ok(left.put_back()?)
    }

    /// Ends the kiosk program in order, when it is running.
    pub(super) fn close_kiosk(&mut self) -> Result<()> {
        self.leave_kiosk();
        let in_trouble = self.card.is_in_trouble() || self.card.is_rotten;
        match self.kiosk.replace(None).map(Store::close) {
            Some(Err(error)) if in_trouble => self.say_error("kiosk ends badly", &error),
            Some(Err(error)) => return Err(error.into()),
            Some(Ok(())) | None => {}
        }
        Ok(())
    }

    /// The power goes and comes back: both programs are gone, and whatever the disk had not made durable.
    pub(super) async fn lose_power(&mut self, policy: Policy) -> Result<()> {
        self.kill_agent().await?;
        self.leave_kiosk();
        let store = self.kiosk.replace(None);
        if let Some(store) = &store {
            store.settle()?;
        }
        self.card.lose_power(policy, || {
            drop(store);
            Ok(())
        })
    }

    /// Holds what was frozen since the last look against what is known.
    pub(super) fn look_at_card(&mut self, truth: &mut Truth) -> Result<()> {
        let Some(store) = self.store() else { return Ok(()) };
        self.card.look(&store, truth).with_context(|| self.label())
    }

    /// The same with everything on the card.
    pub(super) fn compare_card(&mut self, truth: &mut Truth) -> Result<()> {
        let Some(store) = self.store() else { return Ok(()) };
        self.card.compare(&store, truth).with_context(|| self.label())
    }

    /// That everything on the card can be read.
    pub(super) fn read_all(&self) -> Result<()> {
        self.store().map_or(Ok(()), |store| self.card.is_readable(&store))
    }

    fn leave_kiosk(&mut self) {
        self.shopper = None;
        self.session = None;
    }

    fn label(&self) -> String {
        format!("d{}", self.index)
    }
}

/// The agent.
impl Device {
    /// Starts the agent, when it is not running.
    pub(super) fn start_agent(&mut self) -> Result<()> {
        if self.agent.is_some() {
            return Ok(());
        }
        let identity = Arc::new(self.card.identity()?);
        let clock: Arc<dyn Clock> = ProgramClock::start(&self.around.time, &self.clock_error);
        let way = (self.around.office.clone(), self.line.clone(), self.around.trace.clone());
        let transport = SimTransport::new(self.index, &identity, clock.clone(), way)?;
        let (report, status) = watch::channel(Status::starting(&identity));
        let (stop, stopped) = watch::channel(false);
        let agent = Agent {
            queue: KioskQueue(self.kiosk.clone()),
            transport,
            identity,
            keep: keep_in(self.card.identity_folder()),
            timing: Timing::default(),
            entropy: self.chance(),
            clock,
            status: report,
        };
        let task = tokio::spawn(afterword_agent::run(agent, stopped));
        self.agent = Some(RunningAgent { task, status, _stop: stop });
        Ok(())
    }

    /// Kills the agent, when it is running, and looks what became of it: an agent ends only when it is told to.
    pub(super) async fn kill_agent(&mut self) -> Result<()> {
        let Some(RunningAgent { task, .. }) = self.agent.take() else { return Ok(()) };
        task.abort();
        match task.await {
            Err(ended) if ended.is_cancelled() => Ok(()),
            ended => bail!("the agent of d{} had ended by itself: {ended:?}", self.index),
        }
    }

    /// What the agent says, while it is running; it has not ended by itself.
    pub(super) fn agent_state(&self) -> Result<Option<(State, Option<String>)>> {
        let Some(agent) = &self.agent else { return Ok(None) };
        ensure!(!agent.task.is_finished(), "the agent of d{} has ended by itself", self.index);
        let status = agent.status.borrow();
        Ok(Some((status.state, status.problem.clone())))
    }

    /// The way to the kiosk program that commands take.
    pub(super) fn queue(&self) -> KioskQueue {
        KioskQueue(self.kiosk.clone())
    }

    /// Wakes an agent that waits for records.
    pub(super) fn wake_agent(&self) {
        self.kiosk.changed();
    }

    /// Makes a new key and has it enrolled; the agent must not be running.
    pub(super) fn enrol(&self, again: bool) -> Result<()> {
        let key = SigningKey::generate(&self.chance());
        let enrolled = lock(&self.around.office).enrol(&self.name, again, signing_request(&key))?;
        let identity = Identity::new(enrolled, key).map_err(|what| anyhow!("a broken identity: {what}"))?;
        self.card.put_identity(&identity)
    }

    /// Takes over the identity of a twin; the agent must not be running.
    pub(super) fn take_identity(&self, of: &Self) -> Result<()> {
        copy_folder(&of.card.identity_folder(), &self.card.identity_folder()).context("copying an identity")
    }

    /// Puts another card's content in, with everything off.
    pub(super) fn put_card(&mut self, from: &Path, known: Known) -> Result<()> {
        self.card.put(from, known)
    }
}
