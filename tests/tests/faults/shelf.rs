//! One store in a folder of its own, for what needs no process around it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use afterword_kiosk_store::{Frozen, Opened, Options, Store, StoreError};
use afterword_model::ports::ManualClock;
use afterword_model::response::{Answer, AnswerValue, Draft, Outcome};
use afterword_protocol::queue::Acceptance;
use afterword_protocol::system::SystemEntropy;
use afterword_tests::desk::folder_in_memory;
use afterword_tests::power_cut::{Held, held, receipt};
use afterword_tests::ratings::Shoppers;
use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

pub(crate) struct Shelf {
    pub(crate) folder: TempDir,
    shoppers: Shoppers,
}

impl Shelf {
    pub(crate) fn new(seed: u64) -> Result<Self> {
        Ok(Self { folder: folder_in_memory()?, shoppers: Shoppers::of_seed(seed) })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path().join("kiosk.db")
    }

    pub(crate) fn open(&self) -> Result<(Store, Opened)> {
        open(self.path())
    }

    /// The next shopper's answer, with a comment of so many bytes.
    pub(crate) fn draft(&mut self, comment_bytes: usize) -> Draft {
        let mut draft = self.shoppers.next_visit().draft;
        let value = AnswerValue::Comment("x".repeat(comment_bytes));
        draft.answers.push(Answer { question: "words".into(), value, at_ms: 700 });
        draft
    }

    pub(crate) fn freeze(&mut self, store: &Store, comment_bytes: usize) -> Result<Frozen, StoreError> {
        freeze(store, self.draft(comment_bytes))
    }

    pub(crate) fn freeze_all(&mut self, store: &Store, count: usize, comment_bytes: usize) -> Result<()> {
        (0..count).try_for_each(|_| self.freeze(store, comment_bytes).map(|_| ()).map_err(Into::into))
    }
}

pub(crate) fn open(folder: &Path) -> Result<(Store, Opened)> {
    let options = Options {
        clock: Arc::new(ManualClock::at(1_000)),
        entropy: Arc::new(SystemEntropy),
        opens_cases: false,
    };
    Ok(Store::open(folder, options)?)
}

pub(crate) fn save(store: &Store, draft: Draft) -> Result<(), StoreError> {
    answered(|done| store.save(draft, move |result| drop(done.send(result))))
}

pub(crate) fn freeze(store: &Store, draft: Draft) -> Result<Frozen, StoreError> {
    answered(|done| store.freeze(draft, Outcome::Completed, 1_500, move |result| drop(done.send(result))))
}

pub(crate) fn probe(store: &Store) -> Result<(), StoreError> {
    answered(|done| store.probe(move |result| drop(done.send(result))))
}

fn answered<T>(ask: impl FnOnce(Sender<Result<T, StoreError>>)) -> Result<T, StoreError> {
    let (done, answer) = channel();
    ask(done);
    answer.recv().unwrap_or(Err(StoreError::Stopped))
}

/// The collector has everything, on this day of its clock.
pub(crate) fn acknowledge_all(store: &Store, day: i64) -> Result<()> {
    let position = store.position()?;
    let signed = receipt(position.epoch, position.last_seq, position.head, day * 86_400_000);
    ensure!(store.queue().accept_blocking(&signed)? == Acceptance::Stored, "it is not accepted");
    Ok(())
}

/// Everything that the store hands out, after it has been found sound.
pub(crate) fn sound(store: &Store) -> Result<Vec<Held>> {
    // What has rotted is noticed by whoever wants to send it.
    let records = held(store)?;
    let verified = store.verify()?;
    ensure!(verified.problems.is_empty(), "{}", verified.problems.join("; "));
    ensure!(verified.records == records.len() as u64, "{} records in the file", verified.records);
    Ok(records)
}

/// How far the note beside a database says that it had come.
pub(crate) fn noted_seq(lock: &[u8]) -> Result<u64> {
    let text = std::str::from_utf8(lock)?;
    let line = text.lines().find_map(|line| line.strip_prefix("noted ")).context("no note")?;
    Ok(line.split(' ').nth(1).context("no number")?.parse()?)
}
