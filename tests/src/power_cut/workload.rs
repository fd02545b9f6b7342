//! A kiosk's life: every kind of thing that a store is asked for, and what it then has promised.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use afterword_kiosk::config::SHIPPED_SURVEY;
use afterword_kiosk_store::{OpenError, Options, Store, StoreError, TRIAL_STARTS_MAX};
use afterword_model::carried::Origin;
use afterword_model::hex::Hex;
use afterword_model::ports::{ManualClock, SeededEntropy};
use afterword_model::record::{DeviceId, Head, ServerEpoch, StoreEpoch};
use afterword_model::response::{Answer, AnswerValue, Draft};
use afterword_model::settings::Settings;
use afterword_protocol::keys::SigningKey;
use afterword_protocol::queue::{Acceptance, BeginReason};
use afterword_protocol::receipt::{Receipt, SignedReceipt};
use afterword_protocol::settings::Envelope;
use anyhow::{Context, Result, ensure};
use rusqlite::Connection;

use super::check::Recovered;
use super::world::{Held, Promise, World};
use super::{Promised, lock};
use crate::ratings::{Shoppers, Visit};

/// A database as the first version of the kiosk left it, with an answer open.
pub const FIRST_SCHEMA: &str = include_str!("../../../kiosk/store/tests/fixtures/schema-0001.sql");

/// One comment in so many visits is longer than a page of the database.
const LONG_COMMENT_EVERY: usize = 9;
const LONG_COMMENT_BYTES: usize = 6_000;
/// More commits than the writer lets pass without moving its log into the database.
const VISITS_TO_CHECKPOINT: usize = 45;

const DAY_MS: i64 = 86_400_000;
/// A program is itself within milliseconds; a second is for a machine that does much else.
const LOCK_TRIES: usize = 1_000;

/// What the kiosk finds at its first start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    Nothing,
    FirstSchema,
}

/// One kiosk, and what it has promised so far.
pub(super) struct Workload {
    directory: PathBuf,
    entropy: Arc<SeededEntropy>,
    shoppers: Shoppers,
    visits: usize,
    receipts: i64,
    pub(super) world: World,
    promised: Promised,
}

impl Workload {
    /// Makes the directory as the first start finds it.
    pub(super) fn prepare(directory: &Path, start: Start, seed: u64) -> Result<(Self, Promised)> {
        std::fs::create_dir_all(directory)?;
        let world = match start {
            Start::Nothing => World::default(),
            Start::FirstSchema => first_schema(directory)?,
        };
        let promised = Promised::default();
        let workload = Self {
            directory: directory.to_owned(),
            entropy: Arc::new(SeededEntropy::new(seed)),
            shoppers: Shoppers::who_say_why(seed),
            visits: 0,
            receipts: 0,
            world,
            promised: Arc::clone(&promised),
        };
        workload.promise("the preparation", &workload.world);
        Ok((workload, promised))
    }

    /// The whole life.
    pub(super) fn run(mut self) -> Result<()> {
        let store = self.open()?;
        self.visits(&store, 6)?;
        self.receipt(&store, 2)?;
        self.decide(&store, "Mill Lane")?;
        self.visits(&store, 3)?;
        self.purge(&store)?;
        self.walk_away(&store)?;
        // A program that crashes; the next one freezes what was open.
        drop(store);
        let store = self.open()?;
        self.outlive_trial(&store)?;
        self.visits(&store, 4)?;
        self.begin_anew(&store)?;
        self.visits(&store, 3)?;
        self.receipt(&store, 1)?;
        self.close(store)?;

        let store = self.open()?;
        self.visits(&store, VISITS_TO_CHECKPOINT)?;
        self.receipt(&store, 4)?;
        self.purge(&store)?;
        self.visits(&store, 2)?;
        self.decide(&store, "Quayside")?;
        self.begin_anew(&store)?;
        self.walk_away(&store)?;
        self.close(store)?;
        let store = self.open()?;
        let store = self.fall(store)?;
        self.receipt(&store, 0)?;
        self.purge(&store)?;
        self.visits(&store, 1)?;
        self.close(store)
    }

    /// From now on a cut may leave the world as it is, or this one.
    fn promise(&self, doing: &str, after: &World) {
        let promise = Promise { before: self.world.clone(), after: after.clone(), doing: doing.to_owned() };
        *lock(&self.promised) = promise;
    }

    /// The command was acknowledged.
    fn keep(&mut self, world: World) {
        self.world = world;
        self.promise("the pause after it", &self.world);
    }

    /// Asks for what makes the world this one. It is promised on the store's own thread as soon as it is
    /// acknowledged, so that whatever the store does next is held against it.
    fn ask<T: Send + 'static>(
        &mut self,
        doing: &str,
        world: World,
        ask: impl FnOnce(Box<dyn FnOnce(Result<T, StoreError>) + Send>),
    ) -> Result<()> {
        self.promise(doing, &world);
        let (send, answer) = channel();
        let (promised, kept) = (Arc::clone(&self.promised), world.clone());
        ask(Box::new(move |result| {
            if result.is_ok() {
                let mut promise = lock(&promised);
                promise.before = kept.clone();
                promise.after = kept;
            }
            // Whoever asked waits for it.
            drop(send.send(result.map(|_| ())));
        }));
        answer.recv().context("the store answers everything")??;
        self.keep(world);
        Ok(())
    }

    /// Starts the program. After an outage it finds either of the worlds that were promised.
    pub(super) fn open(&mut self) -> Result<Store> {
        let Promise { before, after, .. } = {
            let mut promise = lock(&self.promised);
            promise.doing = "a start".into();
            let found = promise.clone();
            // A start that is cut off may have been counted.
            promise.after = promise.after.clone().counted();
            found
        };
        let options = || Options {
            clock: Arc::new(ManualClock::at(1_000)),
            entropy: Arc::clone(&self.entropy) as Arc<_>,
            opens_cases: false,
        };
        // A program that another test of this process is just starting has this store's lock too, until it is itself.
        let mut tries = 0;
        let (store, opened) = loop {
            match Store::open(&self.directory, options()) {
                Err(OpenError::InUse(_)) if tries < LOCK_TRIES => tries += 1,
                opened => break opened?,
            }
            std::thread::park_timeout(Duration::from_millis(1));
        };
        let (boot, epoch) = (opened.boot, opened.epoch);
        let found = Recovered::of(&store, opened)?;
        let promised = [before.started(), after.started()];
        let world = promised.iter().find(|world| world.is_kept_by(&found)).cloned();
        let mut world = world.with_context(|| found.beside(&promised))?;
        world.boot = boot;
        world.name_epoch(epoch);
        self.keep(world);
        Ok(store)
    }

    pub(super) fn close(&mut self, store: Store) -> Result<()> {
        // What is open stays open, and is frozen by the next start.
        let world = World { starts: self.world.starts.saturating_sub(1), ..self.world.clone() };
        self.promise("an orderly end", &world);
        store.close()?;
        self.keep(world);
        Ok(())
    }

    pub(super) fn visits(&mut self, store: &Store, count: usize) -> Result<()> {
        for _ in 0..count {
            let Visit { draft, outcome, took_ms } = self.next_visit();
            self.save(store, beginning(&draft))?;
            if self.visits.is_multiple_of(2) {
                self.save(store, draft.clone())?;
            }
            let mut world = self.world.clone();
            world.freeze(draft.clone(), outcome, took_ms);
            self.ask("a freeze", world, |done| store.freeze(draft, outcome, took_ms, done))?;
        }
        Ok(())
    }

    /// A shopper who gives an answer and goes.
    pub(super) fn walk_away(&mut self, store: &Store) -> Result<()> {
        let draft = self.next_visit().draft;
        self.save(store, draft)
    }

    fn next_visit(&mut self) -> Visit {
        let mut visit = self.shoppers.next_visit();
        self.visits += 1;
        if self.visits.is_multiple_of(LONG_COMMENT_EVERY) {
            let value = AnswerValue::Comment("x".repeat(LONG_COMMENT_BYTES));
            visit.draft.answers.push(Answer { question: "words".into(), value, at_ms: 700 });
        }
        visit
    }

    fn save(&mut self, store: &Store, draft: Draft) -> Result<()> {
        let world = World { draft: Some(draft.clone()), ..self.world.clone() };
        self.ask("a save", world, |done| store.save(draft, done))
    }

    /// A receipt for all but the newest so many.
    pub(super) fn receipt(&mut self, store: &Store, unsent: u64) -> Result<()> {
        let position = store.position()?;
        let through_seq = position.last_seq - unsent;
        let head = match unsent {
            0 => position.head,
            _ => head_at(store, through_seq)?,
        };
        self.receipts += 1;
        let world = World { acknowledged_seq: through_seq, ..self.world.clone() };
        self.promise("a receipt", &world);
        let signed = receipt(position.epoch, through_seq, head, self.receipts * DAY_MS);
        let accepted = store.queue().accept_blocking(&signed)?;
        ensure!(accepted == Acceptance::Stored, "{accepted:?}");
        self.keep(world);
        Ok(())
    }

    /// Head office decides how the store is called, and more than a page of what is asked.
    fn decide(&mut self, store: &Store, name: &str) -> Result<()> {
        let world = World { decided: Some(name.to_owned()), starts: 0, ..self.world.clone() };
        self.promise("settings from head office", &world);
        let settings = Settings {
            store_name: Some(name.to_owned()),
            survey: Some(SHIPPED_SURVEY.to_owned()),
            ..Settings::default()
        };
        let envelope = Envelope::pack(&settings, DeviceId::new([1; 16]), 0)?;
        store
            .queue()
            .keep_settings_blocking(&envelope.sign(&SigningKey::generate(&SeededEntropy::new(3))))?;
        self.keep(world);
        Ok(())
    }

    /// The kiosk lives for long enough with what it goes by.
    fn outlive_trial(&mut self, store: &Store) -> Result<()> {
        store.runs_settings(store.decided().version);
        let world = World { good: self.world.decided.clone(), starts: 0, ..self.world.clone() };
        self.ask("the end of a trial", world, |done| store.outlived_trial(done))
    }

    /// The program falls over what was decided at each start, until it is given up.
    fn fall(&mut self, store: Store) -> Result<Store> {
        drop(store);
        for _ in 0..TRIAL_STARTS_MAX {
            drop(self.open()?);
        }
        let store = self.open()?;
        ensure!(self.world.decided == self.world.good, "{:?} is not given up", self.world.decided);
        Ok(store)
    }

    pub(super) fn purge(&mut self, store: &Store) -> Result<()> {
        let world = self.world.clone().purged();
        self.promise("a purge", &world);
        store.purge(0)?;
        self.keep(world);
        Ok(())
    }

    pub(super) fn begin_anew(&mut self, store: &Store) -> Result<()> {
        let mut world = self.world.clone().anew();
        self.promise("a beginning anew", &world);
        store.queue().begin_anew_blocking(BeginReason::Forked)?;
        world.name_epoch(store.position()?.epoch);
        self.keep(world);
        Ok(())
    }
}

impl World {
    fn name_epoch(&mut self, epoch: StoreEpoch) {
        self.epoch = Some(epoch);
        let first = self.last_seq + 1 - self.records.len() as u64;
        for (seq, record) in (first..).zip(&mut self.records) {
            record.origin.get_or_insert(Origin { epoch, seq });
        }
    }
}

/// The answers without the last one, when there is more than one.
fn beginning(draft: &Draft) -> Draft {
    let count = draft.answers.len().saturating_sub(1).max(1);
    Draft { answers: draft.answers[..count].to_vec(), ..draft.clone() }
}

fn head_at(store: &Store, seq: u64) -> Result<Head> {
    let runs = crate::ratings::batches(store)?;
    let run = runs.iter().find(|run| (run.first_seq..=run.last_seq()).contains(&seq));
    let run = run.context("the record is not purged")?;
    Ok(run.prefix(usize::try_from(seq - run.first_seq + 1)?).last_head())
}

/// As a collector signs it; the store leaves the signature to the agent.
#[must_use]
pub fn receipt(epoch: StoreEpoch, through_seq: u64, head: Head, received_ms: i64) -> SignedReceipt {
    let receipt = Receipt {
        device: DeviceId::new([1; 16]),
        epoch,
        through_seq,
        head,
        server_epoch: ServerEpoch::new([1; 16]),
        nonce: Hex::new([5; 16]),
        received_ms,
    };
    receipt.sign(&SigningKey::generate(&SeededEntropy::new(1)))
}

/// Lays out the old database, and says what is in it.
fn first_schema(directory: &Path) -> Result<World> {
    let connection = Connection::open(directory.join("kiosk.db"))?;
    connection.execute_batch(FIRST_SCHEMA)?;
    let epoch: [u8; 16] = connection.query_row("SELECT epoch FROM store", [], |row| row.get(0))?;
    let epoch = StoreEpoch::new(epoch);
    let draft: Vec<u8> =
        connection.query_row("SELECT CAST(body AS BLOB) FROM draft", [], |row| row.get(0))?;
    let (boot, last_seq, acknowledged_seq): (u32, i64, i64) = connection.query_row(
        "SELECT boot, last_seq, (SELECT max(through_seq) FROM receipt) FROM store",
        [],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let mut read = connection.prepare("SELECT bytes FROM record ORDER BY seq")?;
    let records = read.query_map([], |row| row.get::<_, Vec<u8>>(0))?;
    let records = (1..)
        .zip(records)
        .map(|(seq, bytes)| Ok(Held { origin: Some(Origin { epoch, seq }), bytes: bytes? }));
    Ok(World {
        epoch: Some(epoch),
        boot,
        last_seq: last_seq.unsigned_abs(),
        acknowledged_seq: acknowledged_seq.unsigned_abs(),
        records: records.collect::<rusqlite::Result<_>>()?,
        draft: Some(serde_json::from_slice(&draft)?),
        counted: last_seq.unsigned_abs(),
        decided: None,
        good: None,
        starts: 0,
    })
}
