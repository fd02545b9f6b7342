//! A store in a directory of its own, answers to put in, and images of a crash.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use afterword_kiosk_store::{Frozen, OpenError, Opened, Options, Store, StoreError, StoreQueue};
use afterword_model::carried::{Carried, Origin};
use afterword_model::ports::ManualClock;
use afterword_model::record::Seq;
use afterword_model::response::{Answer, AnswerValue, ClockQuality, Draft, Outcome, Stamp};
use afterword_protocol::limits::QUEUE_WAIT_MAX_MS;
use afterword_protocol::queue::{Run, Take};
use tempfile::TempDir;

pub(crate) fn directory() -> TempDir {
    tempfile::tempdir().unwrap()
}

pub(crate) fn open(directory: &Path) -> (Store, Opened) {
    try_open(directory).unwrap()
}

pub(crate) fn try_open(directory: &Path) -> Result<(Store, Opened), OpenError> {
    let entropy = Arc::new(afterword_protocol::system::SystemEntropy);
    Store::open(directory, Options { clock: Arc::new(ManualClock::at(1_000)), entropy, opens_cases: true })
}

/// One face on local day `day`.
pub(crate) fn draft(day: i64, face: u8) -> Draft {
    let started =
        Stamp { wall_ms: day * 86_400_000, offset_min: 0, boot: 1, mono_ms: 0, clock: ClockQuality::Synced };
    let answers = vec![Answer { question: "visit".into(), value: AnswerValue::Face(face), at_ms: 0 }];
    Draft { answers, ..Draft::begun("grocery-exit", 1, "en", started) }
}

/// As it is, but begun so many milliseconds after the start.
pub(crate) fn begun_at(mono_ms: u64, mut draft: Draft) -> Draft {
    draft.started.mono_ms = mono_ms;
    draft
}

/// One face and a comment of so many bytes.
pub(crate) fn with_comment(bytes: usize) -> Draft {
    let mut draft = draft(0, 3);
    let value = AnswerValue::Comment("x".repeat(bytes));
    draft.answers.push(Answer { question: "words".into(), value, at_ms: 700 });
    draft
}

pub(crate) fn save(store: &Store, draft: Draft) -> Result<(), StoreError> {
    let (done, answer) = channel();
    store.save(draft, move |result| done.send(result).unwrap());
    answer.recv().unwrap()
}

pub(crate) fn freeze(store: &Store, draft: Draft, outcome: Outcome) -> Result<Frozen, StoreError> {
    let (done, answer) = channel();
    store.freeze(draft, outcome, 1_500, move |result| done.send(result).unwrap());
    answer.recv().unwrap()
}

pub(crate) fn complete(store: &Store, draft: Draft) -> Frozen {
    freeze(store, draft, Outcome::Completed).unwrap()
}

/// The files as a program that was killed at this moment leaves them.
pub(crate) fn crash_image(directory: &Path) -> TempDir {
    let image = self::directory();
    for name in ["kiosk.db", "kiosk.db-wal", "kiosk.lock"] {
        std::fs::copy(directory.join(name), image.path().join(name)).unwrap();
    }
    image
}

/// Leaves beside the database what a program of the first version leaves.
pub(crate) fn forget_note(directory: &Path) {
    let path = directory.join("kiosk.lock");
    let text = std::fs::read_to_string(&path).unwrap();
    let first = text.lines().next().unwrap();
    std::fs::write(path, format!("{first}\n")).unwrap();
}

/// A record of a store, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) origin: Origin,
    /// As it was first frozen.
    pub(crate) bytes: Vec<u8>,
}

/// Every record the store hands out, in order.
pub(crate) fn held(store: &Store) -> Vec<Held> {
    let queue = store.queue();
    let mut held = Vec::new();
    let mut after_seq = 0;
    let mut epoch = store.position().unwrap().epoch;
    while let Some(run) = queue.next_blocking(Take { after_seq, records_max: 500, wait_ms: 0 }).unwrap() {
        if std::mem::replace(&mut epoch, run.epoch) != run.epoch {
            // A record had rotted; everything else comes again.
            held.clear();
        }
        for (seq, bytes) in (run.first_seq..).zip(&run.records) {
            held.push(match Carried::read(bytes) {
                Ok(carried) => Held { origin: carried.origin, bytes: carried.record.to_vec() },
                Err(_) => Held { origin: Origin { epoch: run.epoch, seq }, bytes: bytes.clone() },
            });
        }
        after_seq = run.last_seq();
    }
    held
}

pub(crate) fn assert_sound(store: &Store) {
    assert_eq!(store.verify().unwrap().problems, Vec::<String>::new());
}

/// A thread that waits for the record after this one; whoever wants to know waits less long than it does.
pub(crate) fn waiting_thread(queue: StoreQueue, after_seq: Seq) -> Receiver<Result<Option<Run>, StoreError>> {
    let (done, answer) = channel();
    std::thread::spawn(move || {
        let take = Take { after_seq, records_max: 500, wait_ms: QUEUE_WAIT_MAX_MS };
        // A test that has failed meanwhile does not listen.
        let _ = done.send(queue.next_blocking(take));
    });
    answer
}
