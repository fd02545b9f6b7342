//! A device: a card with a store and an identity on it, a kiosk program, an agent, and a line to the collector.
//!
//! The card is a folder, so that it can be copied, put into another device, and put back. What a program keeps in its
//! memory dies with it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use afterword_agent::identity::{KEY_FILE, keep_in, signing_request};
use afterword_agent::{Agent, Ended, Identity, State, Status, Timing};
use afterword_kiosk_store::{Options, Purged, Store, StoreError};
use afterword_model::ports::{Clock, SeededEntropy};
use afterword_model::record::{DeviceId, Seq, StoreEpoch, next_head};
use afterword_protocol::keys::SigningKey;
use afterword_protocol::limits::BATCH_RECORDS_MAX;
use afterword_protocol::queue::{Position, Take};
use anyhow::{Context, Result, anyhow, bail, ensure};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::clock::{Error, ProgramClock, VirtualTime};
use super::files::{DatabaseImage, copy_folder};
use super::kiosk::{Kiosk, KioskQueue};
use super::network::{SharedLine, SimTransport, line, lock};
use super::office::SharedOffice;
use super::op::ClockSet;
use super::shopper::Shopper;
use super::trace::Trace;
use super::truth::{Frozen, Number, Truth};

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
    folder: PathBuf,
    around: Surroundings,
    clock_error: Error,
    pub(super) line: SharedLine,
    kiosk: Arc<Kiosk>,
    pub(super) session: Option<Session>,
    pub(super) shopper: Option<Shopper>,
    agent: Option<RunningAgent>,
    /// What is known to be on the card.
    pub(super) card: Card,
}

/// What stands on a card.
#[derive(Debug, Clone, Default)]
pub(super) struct Card {
    pub(super) epoch: Option<StoreEpoch>,
    /// By its number in the present epoch.
    pub(super) records: BTreeMap<Seq, Frozen>,
    /// The newest number; it stays when the record is purged.
    pub(super) last_seq: Seq,
    /// The response that was saved and is not frozen yet.
    pub(super) open: Option<Number>,
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
    /// A device with an empty card, everything off.
    pub(super) fn new(index: usize, name: String, folder: PathBuf, around: &Surroundings) -> Self {
        Self {
            index,
            name,
            folder,
            clock_error: Error::default(),
            line: line(around.seeds.next_u64()),
            around: around.clone(),
            kiosk: Kiosk::off(),
            session: None,
            shopper: None,
            agent: None,
            card: Card::default(),
        }
    }

    /// The store, while the kiosk program runs.
    pub(super) fn store(&self) -> Option<Store> {
        self.kiosk.store()
    }

    /// Starts the kiosk program, when it is not running. What was open on the card has been frozen then.
    pub(super) fn start_kiosk(&mut self, truth: &mut Truth) -> Result<()> {
        if self.kiosk.store().is_some() {
            return Ok(());
        }
        let clock = ProgramClock::start(&self.around.time, &self.clock_error);
        let options = Options { clock: clock.clone(), entropy: self.chance() };
        let (store, opened) = Store::open(&self.store_folder(), options)?;
        self.say(format_args!(
            "kiosk starts for the {}. time, interrupted: {:?}, set aside: {}",
            opened.boot,
            opened.interrupted,
            opened.set_aside.is_some()
        ));
        self.kiosk.replace(Some(store));
        self.session = Some(Session { clock, boot: opened.boot });
        self.read_card(truth)
    }

    /// Kills the kiosk program, when it is running.
    pub(super) fn kill_kiosk(&mut self) -> Result<()> {
        self.shopper = None;
        self.session = None;
        if self.kiosk.store().is_some() {
            let left = DatabaseImage::of(&self.store_folder().join("kiosk.db"))?;
            drop(self.kiosk.replace(None));
            left.put_back()?;
        }
        Ok(())
    }

    /// Ends the kiosk program in order, when it is running.
    pub(super) fn close_kiosk(&mut self) -> Result<()> {
        self.shopper = None;
        self.session = None;
        match self.kiosk.replace(None) {
            Some(store) => Ok(store.close()?),
            None => Ok(()),
        }
    }

    /// Starts the agent, when it is not running.
    pub(super) fn start_agent(&mut self) -> Result<()> {
        if self.agent.is_some() {
            return Ok(());
        }
        let identity = Arc::new(self.identity()?);
        let clock: Arc<dyn Clock> = ProgramClock::start(&self.around.time, &self.clock_error);
        let way = (self.around.office.clone(), self.line.clone(), self.around.trace.clone());
        let transport = SimTransport::new(self.index, &identity, clock.clone(), way)?;
        let (report, status) = watch::channel(Status::starting(&identity));
        let (stop, stopped) = watch::channel(false);
        let agent = Agent {
            queue: KioskQueue(self.kiosk.clone()),
            transport,
            identity,
            keep: keep_in(self.identity_folder()),
            timing: Timing::default(),
            entropy: self.chance(),
            clock,
            status: report,
        };
        let task = tokio::spawn(afterword_agent::run(agent, stopped));
        self.agent = Some(RunningAgent { task, status, _stop: stop });
        Ok(())
    }

    /// Kills the agent, when it is running, and gives what became of it: an agent ends only when it is told to.
    pub(super) async fn kill_agent(&mut self) -> Result<()> {
        let Some(RunningAgent { task, .. }) = self.agent.take() else { return Ok(()) };
        task.abort();
        match task.await {
            Err(ended) if ended.is_cancelled() => Ok(()),
            ended => bail!("the agent of d{} had ended by itself: {ended:?}", self.index),
        }
    }

    /// That the agent has not ended by itself, and what it says.
    pub(super) fn agent_state(&self) -> Result<Option<(State, Option<String>)>> {
        let Some(agent) = &self.agent else { return Ok(None) };
        ensure!(!agent.task.is_finished(), "the agent of d{} has ended by itself", self.index);
        let status = agent.status.borrow();
        Ok(Some((status.state, status.problem.clone())))
    }

    /// Purges what may go. `None` while the kiosk program is away.
    pub(super) fn purge(&mut self, keep_ms: u64) -> Option<Result<Purged, StoreError>> {
        Some(self.store()?.purge(keep_ms))
    }

    /// Wakes an agent that waits for records.
    pub(super) fn wake_agent(&self) {
        self.kiosk.changed();
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
}

/// The card.
impl Device {
    /// Reads what has been frozen since the last look, and holds it against what is known.
    pub(super) fn read_card(&mut self, truth: &mut Truth) -> Result<()> {
        let Some(store) = self.store() else { return Ok(()) };
        let position = store.position()?;
        let same_epoch = self.card.epoch == Some(position.epoch);
        if same_epoch && position.last_seq == self.card.last_seq {
            return Ok(());
        }
        let mut card =
            if same_epoch { self.card.clone() } else { Card { open: self.card.open, ..Card::default() } };
        self.read_on(&store, &position, &mut card, truth)?;
        if let Some(before) = self.card.epoch.filter(|_| !same_epoch) {
            self.say(format_args!("store goes on in {} instead of {before}", position.epoch));
            let carried: Vec<&Frozen> = card.records.values().collect();
            let left = self.card.records.values().find(|record| !carried.contains(record));
            if let Some(record) = left {
                bail!("d{}: record {} of {} was not carried over", self.index, record.seq, record.epoch);
            }
        }
        self.card = card;
        Ok(())
    }

    /// Reads the whole card anew and compares it with what was read piece by piece.
    pub(super) fn reread_card(&mut self, truth: &mut Truth) -> Result<()> {
        self.read_card(truth)?;
        let Some(store) = self.store() else { return Ok(()) };
        let position = store.position()?;
        let mut card = Card::default();
        self.read_on(&store, &position, &mut card, truth)?;
        let known: Vec<_> = self.card.records.iter().collect();
        let found: Vec<_> = card.records.iter().collect();
        ensure!(
            known == found,
            "d{}: {} records are on the card, not {}",
            self.index,
            found.len(),
            known.len()
        );
        Ok(())
    }

    fn read_on(&self, store: &Store, position: &Position, card: &mut Card, truth: &mut Truth) -> Result<()> {
        let mut after_seq = card.last_seq;
        let mut head = None;
        while after_seq < position.last_seq {
            let take = Take { after_seq, records_max: BATCH_RECORDS_MAX, wait_ms: 0 };
            let Some(run) = store.queue().next_blocking(take)? else { break };
            ensure!(run.epoch == position.epoch, "d{}: a run of another epoch", self.index);
            ensure!(head.is_none_or(|head| head == run.previous_head), "d{}: the chain is torn", self.index);
            for (seq, bytes) in (run.first_seq..).zip(&run.records) {
                let record = Frozen::read(run.epoch, seq, bytes);
                let number = truth.found(&record).map_err(|what| anyhow!("d{}: {what}", self.index))?;
                card.open.take_if(|open| *open == number);
                card.records.insert(seq, record);
            }
            head = Some(run.records.iter().fold(run.previous_head, |head, bytes| next_head(&head, bytes)));
            after_seq = run.last_seq();
        }
        ensure!(
            head.is_none_or(|head| head == position.head),
            "d{}: the chain does not lead to its head",
            self.index
        );
        card.epoch = Some(position.epoch);
        card.last_seq = position.last_seq;
        Ok(())
    }

    /// Copies the card as it is at this moment.
    pub(super) fn copy_card(&self, to: &Path) -> Result<()> {
        copy_folder(&self.folder, to).context("copying a card")
    }

    /// Puts another card in, while everything is off.
    pub(super) fn put_card(&mut self, from: &Path, card: Card) -> Result<()> {
        copy_folder(from, &self.folder).context("putting a card in")?;
        self.card = card;
        Ok(())
    }

    fn store_folder(&self) -> PathBuf {
        self.folder.join("kiosk")
    }
}

/// The identity.
impl Device {
    /// Makes a new key and has it enrolled; the agent must not be running.
    pub(super) fn enrol(&self, again: bool) -> Result<()> {
        let key = SigningKey::generate(&self.chance());
        let enrolled = lock(&self.around.office).enrol(&self.name, again, signing_request(&key))?;
        let identity = Identity::new(enrolled, key).map_err(|what| anyhow!("a broken identity: {what}"))?;
        let folder = self.identity_folder();
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(KEY_FILE), identity.key().to_pem().as_bytes())?;
        Ok(keep_in(folder)(&identity)?)
    }

    /// Takes over the identity of a twin; the agent must not be running.
    pub(super) fn take_identity(&self, of: &Self) -> Result<()> {
        copy_folder(&of.identity_folder(), &self.identity_folder()).context("copying an identity")
    }

    /// The identity on the card.
    pub(super) fn identity(&self) -> Result<Identity> {
        Ok(Identity::load(&self.identity_folder())?)
    }

    /// The collector's name for it.
    pub(super) fn id(&self) -> Result<DeviceId> {
        Ok(self.identity()?.enrolled().device)
    }

    fn identity_folder(&self) -> PathBuf {
        self.folder.join("sync")
    }

    fn chance(&self) -> Arc<SeededEntropy> {
        Arc::new(SeededEntropy::new(self.around.seeds.next_u64()))
    }

    pub(super) fn say(&self, what: impl std::fmt::Display) {
        self.around.trace.say(format_args!("d{} {what}", self.index));
    }
}
