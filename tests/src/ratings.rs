//! Answers to test and measure with: what shoppers leave who write no comment, minutes apart, decided by a seed.
//!
//! The shares of the faces are the scripted crowd's of `afterword_sim::shopper`. Times are those of real visits: the
//! gaps between shoppers are exponential, as arrivals at a door are, and no time is a round number, because that is
//! what compression would feed on.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;

use afterword_kiosk_store::{Options, Store};
use afterword_model::content::Content;
use afterword_model::ports::{ManualClock, SeededEntropy};
use afterword_model::record::{Head, StoreEpoch, genesis};
use afterword_model::response::{
    Answer, AnswerValue, ClockQuality, Draft, Outcome, RESPONSE_VERSION, Response, Stamp,
};
use afterword_protocol::limits::BATCH_RECORDS_MAX;
use afterword_protocol::queue::{Run, Take};
use anyhow::Result;

/// 2026-11-21T08:00:00Z, when the doors open.
const FIRST_MS: i64 = 1_795_248_000_000;

/// Between one shopper and the next, in milliseconds.
const MEAN_GAP_MS: f64 = 180_000.0;

/// How long the tapped face is held down before the kiosk goes on, in milliseconds.
const HOLD_MS: u64 = 350;

/// How long an untouched page stays before the answer is closed, warning included, in milliseconds.
const TIMEOUT_MS: u64 = 50_000;

/// The shipped survey's reasons.
const REASONS: [&str; 8] =
    ["staff", "waiting", "checkout", "availability", "price", "clean", "finding", "other"];

/// An endless queue of shoppers.
pub struct Shoppers {
    dice: SeededEntropy,
    passed_ms: u64,
    says_why: bool,
}

/// One answer, ready to be frozen.
pub struct Visit {
    /// What was answered.
    pub draft: Draft,
    /// How it ended.
    pub outcome: Outcome,
    /// From the first tap to the end, in milliseconds.
    pub took_ms: u64,
}

impl Shoppers {
    /// The shoppers this seed decides; they give a face and nothing else.
    pub fn of_seed(seed: u64) -> Self {
        Self { dice: SeededEntropy::new(seed), passed_ms: 0, says_why: false }
    }

    /// The same, and half of the dissatisfied choose reasons too.
    pub fn who_say_why(seed: u64) -> Self {
        Self { says_why: true, ..Self::of_seed(seed) }
    }

    /// The next one.
    pub fn next_visit(&mut self) -> Visit {
        // Never 0, of which there is no logarithm.
        let chance = (self.below(1 << 20) + 1) as f64 / f64::from(1 << 20);
        self.passed_ms += 1 + (-chance.ln() * MEAN_GAP_MS) as u64;
        let face = match self.below(100) {
            0..8 => 1,
            8..18 => 2,
            18..33 => 3,
            33..63 => 4,
            _ => 5,
        };
        let mut answers = vec![Answer { question: "visit".into(), value: AnswerValue::Face(face), at_ms: 0 }];
        let (outcome, took_ms) = if face > 3 {
            (Outcome::Completed, HOLD_MS + self.below(3))
        } else if self.says_why && self.below(2) == 0 {
            answers.push(Answer {
                question: "reasons".into(),
                value: AnswerValue::Choices(self.reasons()),
                at_ms: 1_200 + self.below(6_000),
            });
            (Outcome::Completed, 7_500 + self.below(9_000))
        } else if self.below(2) == 0 {
            (Outcome::Finished, 900 + self.below(8_000))
        } else {
            (Outcome::TimedOut, TIMEOUT_MS + HOLD_MS + self.below(3))
        };
        let language = if self.below(6) == 0 { "de" } else { "en" };
        let started = Stamp {
            wall_ms: FIRST_MS + i64::try_from(self.passed_ms).expect("no run lasts so long"),
            offset_min: 0,
            boot: 1,
            mono_ms: 41_337 + self.passed_ms,
            clock: ClockQuality::Synced,
        };
        let begun = Draft::begun("grocery-exit", 1, language, started);
        let draft = Draft { touchpoint: Some("exit".into()), answers, ..begun };
        Visit { draft, outcome, took_ms }
    }

    fn reasons(&self) -> Vec<String> {
        REASONS.iter().filter(|_| self.below(4) == 0).map(|&reason| reason.to_owned()).collect()
    }

    /// A number below `bound`; the bias of a remainder of 64 bits does not matter here.
    fn below(&self, bound: u64) -> u64 {
        self.dice.next_u64() % bound
    }
}

/// Opens the store in `folder`. The seed decides the epoch of a new one.
///
/// # Errors
/// When it cannot be opened.
pub fn open_store(folder: &Path, seed: u64) -> Result<Store> {
    let entropy = Arc::new(SeededEntropy::new(seed));
    let (store, _) = Store::open(
        folder,
        Options { clock: Arc::new(ManualClock::at(FIRST_MS)), entropy, opens_cases: true },
    )?;
    Ok(store)
}

/// Freezes so many answers, one after the other as from a kiosk: the store tidies its log in the pauses, and without
/// them becomes slower, not faster.
///
/// # Errors
/// When the store does not take one.
pub fn fill(store: &Store, shoppers: &mut Shoppers, count: usize) -> Result<()> {
    let (done, answers) = channel();
    for _ in 0..count {
        let (Visit { draft, outcome, took_ms }, done) = (shoppers.next_visit(), done.clone());
        store.freeze(draft, outcome, took_ms, move |result| {
            // Somebody always listens: the one who asked waits below.
            let _ = done.send(result);
        });
        answers.recv()??;
    }
    Ok(())
}

/// Every response that a store hands out, with the number it has there. Steps of cases are none.
///
/// # Errors
/// When the database cannot be read, or a record is neither.
pub fn responses(store: &Store) -> Result<Vec<(u64, Response)>> {
    let records = batches(store)?.into_iter().flat_map(|run| (run.first_seq..).zip(run.records));
    let read = records.map(|(seq, bytes)| Ok((seq, Content::from_bytes(seq, &bytes)?)));
    read.filter_map(|read: Result<_>| match read {
        Ok((seq, content)) => content.response().map(|response| Ok((seq, response))),
        Err(error) => Some(Err(error)),
    })
    .collect()
}

/// Everything a store holds, as the batches in which it will leave.
///
/// # Errors
/// When it cannot be read.
pub fn batches(store: &Store) -> Result<Vec<Run>> {
    let queue = store.queue();
    let mut runs: Vec<Run> = Vec::new();
    loop {
        let after_seq = runs.last().map_or(0, Run::last_seq);
        let take = Take { after_seq, records_max: BATCH_RECORDS_MAX, wait_ms: 0 };
        match queue.next_blocking(take)? {
            Some(run) => runs.push(run),
            None => return Ok(runs),
        }
    }
}

/// Batches of a store that exists in memory alone: so many full ones, of answers in place from 1.
pub fn batches_in_memory(shoppers: &mut Shoppers, epoch: StoreEpoch, count: usize) -> Vec<Run> {
    let mut previous_head: Head = genesis(&epoch);
    let mut first_seq = 1;
    let mut runs = Vec::with_capacity(count);
    for _ in 0..count {
        let records = (first_seq..).take(BATCH_RECORDS_MAX).map(|seq| shoppers.next_visit().into_record(seq));
        let run = Run { epoch, first_seq, previous_head, records: records.collect() };
        previous_head = run.last_head();
        first_seq += BATCH_RECORDS_MAX as u64;
        runs.push(run);
    }
    runs
}

impl Visit {
    /// The record's bytes, as the store would freeze them under this number.
    pub fn into_record(self, seq: u64) -> Vec<u8> {
        let Self { draft, outcome, took_ms } = self;
        Response { v: RESPONSE_VERSION, seq, draft, outcome, took_ms }.to_bytes()
    }
}

/// Copies a closed store, so that a round starts where the one before started. What is copied is on the disk when
/// this returns: a sync that is timed later must not have to write it.
///
/// # Errors
/// When it cannot be copied.
pub fn copy_store(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let copy = to.join(entry.file_name());
        std::fs::copy(entry.path(), &copy)?;
        File::open(&copy)?.sync_all()?;
    }
    File::open(to)?.sync_all()?;
    Ok(())
}
