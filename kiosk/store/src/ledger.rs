//! The transactions a shopper's answers go through: saved as the one draft, then frozen as a record.
//!
//! Each function is one transaction. It changes the state in memory only after the commit; when it fails,
//! nothing of it is in the file, or nobody knows, and the caller reads the state again.

use std::path::Path;

use afterword_model::carried::CARRYING_BYTES_MAX;
use afterword_model::record::{Head, RECORD_BYTES_MAX, SEQ_MAX, Seq, next_head};
use afterword_model::response::{ClockQuality, Draft, Outcome, RESPONSE_VERSION, Response};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use crate::cases;
use crate::error::StoreError;
use crate::noted::Begun;
use crate::state::{OpenDraft, State, column, draft_body};
use crate::tally;

/// What freezing may add to a draft's bytes: version, seq, outcome, time, a follow-up code, where it was left, and each step that
/// was passed over since the last save, with room. A draft that is longer is refused when it is saved, while it can still be
/// shortened, and not when it is frozen.
const FREEZING_BYTES_MAX: usize = 2_048;

/// No record is frozen longer than this, so that each can be carried into another epoch and still is no longer than
/// [`RECORD_BYTES_MAX`].
const FROZEN_BYTES_MAX: usize = RECORD_BYTES_MAX - CARRYING_BYTES_MAX;

/// What a probe writes; [`RECORD_BYTES_MAX`].
const ROOM_BYTES: u32 = 64 * 1024;
const _: () = assert!(ROOM_BYTES as usize == RECORD_BYTES_MAX);

/// Why a draft is kept aside that is none of a shopper's loss: its response has its number.
pub(crate) const FROZEN_BEFORE: &str = "its response was frozen before";

/// Where a response now stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frozen {
    /// Its number.
    pub seq: Seq,
    /// The chain's head after it.
    pub head: Head,
}

/// Saves the open draft, in place of what was saved of it before. One statement, so one transaction.
pub(crate) fn save(
    connection: &mut Connection,
    path: &Path,
    state: &mut State,
    draft: &Draft,
    now_ms: i64,
) -> Result<(), StoreError> {
    let body = serde_json::to_string(draft).expect("a draft holds only strings, numbers and lists");
    if body.len() > FROZEN_BYTES_MAX - FREEZING_BYTES_MAX {
        return Err(StoreError::TooLong(body.len() + FREEZING_BYTES_MAX + CARRYING_BYTES_MAX));
    }
    settle(connection, path, state, draft, now_ms)?;
    let mut upsert = connection
        .prepare_cached(
            "INSERT INTO draft (id, body) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
        )
        .map_err(|error| StoreError::of(path, &error))?;
    upsert.execute([body]).map_err(|error| StoreError::of(path, &error))?;
    state.draft = OpenDraft::BegunAt(draft.started);
    Ok(())
}

/// Freezes the open response as the next record, counts it, and takes the draft away. The response gets its number here.
pub(crate) fn freeze(
    connection: &mut Connection,
    path: &Path,
    state: &mut State,
    response: &mut Response,
    now_ms: i64,
) -> Result<Frozen, StoreError> {
    settle(connection, path, state, &response.draft, now_ms)?;
    append(connection, path, state, response, now_ms)
}

/// A response that has no number yet.
pub(crate) fn unnumbered(draft: Draft, outcome: Outcome, took_ms: u64) -> Response {
    Response { v: RESPONSE_VERSION, seq: 0, draft, outcome, took_ms }
}

/// The draft of another response still in the file: its freezing failed, and its shopper has gone. What was
/// saved of it is frozen before the next one takes its place.
fn settle(
    connection: &mut Connection,
    path: &Path,
    state: &mut State,
    draft: &Draft,
    now_ms: i64,
) -> Result<(), StoreError> {
    if state.draft != OpenDraft::Nobodys && state.draft != OpenDraft::BegunAt(draft.started) {
        let seq = freeze_interrupted(connection, path, state, Begun::default(), now_ms)?;
        tracing::warn!(?seq, "a response whose freezing had failed was frozen as interrupted");
    }
    Ok(())
}

fn append(
    connection: &mut Connection,
    path: &Path,
    state: &mut State,
    response: &mut Response,
    now_ms: i64,
) -> Result<Frozen, StoreError> {
    let seq = state.last_seq.checked_add(1).filter(|&seq| seq <= SEQ_MAX).ok_or(StoreError::Exhausted)?;
    response.seq = seq;
    let bytes = response.to_bytes();
    if bytes.len() > FROZEN_BYTES_MAX {
        return Err(StoreError::TooLong(bytes.len() + CARRYING_BYTES_MAX));
    }
    let frozen = Frozen { seq, head: next_head(&state.head, &bytes) };
    // Whoever has to see to it is told in the same moment, or neither is written.
    let opened = cases::opened_by(state, response).filter(|_| state.opens_cases);
    let mut records = vec![(seq, bytes)];
    records.extend(opened.as_ref().map(|(record, _)| (record.seq, record.to_bytes())));
    let of = |error: rusqlite::Error| StoreError::of(path, &error);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(of)?;
    let started = response.draft.started;
    let has_clock = started.clock != ClockQuality::Unset;
    let timed =
        if has_clock { Some(started) } else { state.timed.filter(|timed| timed.boot == started.boot) };
    // The first moment that is known tells of those before it; and one that is not, of a clock that was lost again.
    if let Some(known) = timed.filter(|_| !has_clock || state.timed.is_none()) {
        tally::retime(&transaction, &known, !has_clock).map_err(of)?;
    }
    let end = extend(&transaction, path, state, &records, now_ms)?;
    tally::count(&transaction, response).map_err(of)?;
    if let Some((record, said)) = &opened {
        cases::open(&transaction, state, record, Some(said)).map_err(of)?;
    }
    transaction.prepare_cached("DELETE FROM draft").and_then(|mut delete| delete.execute([])).map_err(of)?;
    transaction.commit().map_err(of)?;
    (state.last_seq, state.head) = end;
    state.timed = timed;
    state.draft = OpenDraft::Nobodys;
    state.newest = state.newest.max(Begun::from(&response.draft.started));
    Ok(frozen)
}

/// Adds records to the end of the chain, in their order, and moves the counter; gives the new end. What memory says moves only
/// with the commit.
pub(crate) fn extend(
    transaction: &Transaction<'_>,
    path: &Path,
    state: &State,
    records: &[(Seq, Vec<u8>)],
    now_ms: i64,
) -> Result<(Seq, Head), StoreError> {
    let of = |error: rusqlite::Error| StoreError::of(path, &error);
    let mut end = (state.last_seq, state.head);
    for (seq, bytes) in records {
        end = (*seq, next_head(&end.1, bytes));
        insert(transaction, *seq, bytes, &end.1, now_ms).map_err(of)?;
    }
    // The counter moves from what memory says or not at all.
    let moved = transaction
        .prepare_cached("UPDATE store SET last_seq = ?1, head = ?2 WHERE last_seq = ?3 AND head = ?4")
        .and_then(|mut update| {
            update.execute(params![
                column(end.0),
                end.1.as_bytes(),
                column(state.last_seq),
                state.head.as_bytes()
            ])
        })
        .map_err(of)?;
    moved_by_one_hand(path, moved)?;
    Ok(end)
}

/// The counter's row was the one that memory says; so many rows were changed.
pub(crate) fn moved_by_one_hand(path: &Path, moved: usize) -> Result<(), StoreError> {
    if moved == 1 {
        return Ok(());
    }
    let detail = "another hand moved the counter".to_owned();
    Err(StoreError::Unexpected { path: path.to_owned(), detail })
}

pub(crate) fn insert(
    transaction: &Transaction<'_>,
    seq: Seq,
    bytes: &[u8],
    head: &Head,
    now_ms: i64,
) -> rusqlite::Result<usize> {
    transaction
        .prepare_cached("INSERT INTO record (seq, bytes, head, frozen_ms) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![column(seq), bytes, head.as_bytes(), now_ms])
}

/// Freezes the draft that an interrupted response left, if there is one. One that cannot be frozen is kept aside
/// in the file, so that it neither is lost nor stops the start. So is one that the disk brought back after its response
/// was frozen: that one has its number, and is named as lost where the disk no longer has it. `newest` is when the newest
/// response was begun that is known to have been frozen in the file that the draft comes from.
pub(crate) fn freeze_interrupted(
    connection: &mut Connection,
    path: &Path,
    state: &mut State,
    newest: Begun,
    now_ms: i64,
) -> Result<Option<Seq>, StoreError> {
    let of = |error: rusqlite::Error| StoreError::of(path, &error);
    let Some(body) = draft_body(connection).map_err(of)? else { return Ok(None) };
    let reason = match serde_json::from_slice::<Draft>(&body) {
        Ok(draft) if Begun::from(&draft.started) <= newest => FROZEN_BEFORE.to_owned(),
        Ok(draft) => {
            let took_ms = draft.answers.iter().map(|answer| answer.at_ms).max().unwrap_or(0);
            let mut response = unnumbered(draft, Outcome::Interrupted, took_ms);
            match append(connection, path, state, &mut response, now_ms) {
                Ok(frozen) => return Ok(Some(frozen.seq)),
                Err(error @ (StoreError::TooLong(_) | StoreError::Exhausted)) => error.to_string(),
                Err(error) => return Err(error),
            }
        }
        Err(error) => error.to_string(),
    };
    tracing::error!(reason, "an interrupted response could not be frozen and is kept aside");
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(of)?;
    transaction
        .execute("INSERT INTO unfrozen_draft (body, reason) SELECT body, ?1 FROM draft", [reason])
        .and_then(|_| transaction.execute("DELETE FROM draft", []))
        .map_err(of)?;
    transaction.commit().map_err(of)?;
    state.draft = OpenDraft::Nobodys;
    Ok(None)
}

/// Whether there is room and leave to write a record of any size: writes one that says nothing, and takes it
/// back.
pub(crate) fn probe(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    connection
        .execute("INSERT OR REPLACE INTO probe (id, room) VALUES (1, zeroblob(?1))", [ROOM_BYTES])
        .and_then(|_| connection.execute("DELETE FROM probe", []))
        .map_err(|error| StoreError::of(path, &error))?;
    Ok(())
}
