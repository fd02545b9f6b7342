//! Steps: taken here, found in a record, or come from head office.

use std::path::Path;

use afterword_model::carried::Origin;
use afterword_model::case::{
    Author, CASE_EVENT_VERSION, Case, CaseEvent, CaseId, CaseRecord, EventId, Held, Reason, Said, Stage,
    Status, Step, Wish, opening,
};
use afterword_model::mask::Spans;
use afterword_model::record::{SEQ_MAX, StoreEpoch};
use afterword_model::response::{Response, Stamp};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::book;
use crate::error::StoreError;
use crate::ledger;
use crate::state::{State, column, hex, seq};

/// So long after the newest receipt a case that is closed is still here, in milliseconds: whoever compares with last year finds
/// it. By the collector's clock, as everything that is let go of.
const CLOSED_KEEP_MS: i64 = 400 * 24 * 60 * 60 * 1_000;

/// The record that opens a case for a response, where the rule asks for one; it stands behind it.
pub(crate) fn opened_by(state: &State, response: &Response) -> Option<(CaseRecord, Said)> {
    let said = Said::of(response);
    let step = opening(&said)?;
    let of = CaseId { epoch: state.epoch, seq: response.seq };
    let Stamp { wall_ms, mono_ms, .. } = response.draft.started;
    let at = Stamp {
        wall_ms: wall_ms.saturating_add(i64::try_from(response.took_ms).unwrap_or(i64::MAX)),
        mono_ms: mono_ms.saturating_add(response.took_ms),
        ..response.draft.started
    };
    let case = CaseEvent { of, at, by: Author::RULE, step, masked: Spans::default() };
    let seq = response.seq.checked_add(1).filter(|&seq| seq <= SEQ_MAX)?;
    Some((CaseRecord { v: CASE_EVENT_VERSION, seq, case }, said))
}

/// Puts down the step of a record that is being chained.
pub(crate) fn open(
    transaction: &Transaction<'_>,
    state: &State,
    record: &CaseRecord,
    said: Option<&Said>,
) -> rusqlite::Result<()> {
    let id = EventId { epoch: state.epoch, seq: record.seq };
    add(transaction, &Held { id, event: record.case.clone() }, said)?;
    book::count(transaction, 1)
}

/// What a step is to be about.
pub(crate) enum About {
    /// A case, and what is wished to be done.
    Case(CaseId, Wish),
    /// A case of its own, which no shopper opened.
    Own(Step),
}

/// Takes a step here: a record, and what it changes.
pub(crate) fn step(
    connection: &mut Connection,
    path: &Path,
    state: &mut State,
    about: &About,
    (by, at): (&Author, Stamp),
    now_ms: i64,
) -> Result<(CaseId, Status), StoreError> {
    let of = |error: rusqlite::Error| StoreError::of(path, &error);
    let seq = state.last_seq.checked_add(1).filter(|&seq| seq <= SEQ_MAX).ok_or(StoreError::Exhausted)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(of)?;
    let (case_id, step, masked) = match about {
        About::Case(case_id, wish) => {
            let known = steps(&transaction, *case_id).map_err(of)?;
            let (step, spans) = known.step(wish).map_err(StoreError::NoStep)?;
            (*case_id, step, spans)
        }
        About::Own(step) => {
            // An alert that opens again while nobody has acted on the last one is the same matter.
            if let Some(open) = open_alert(&transaction).map_err(of)? {
                return Ok(open);
            }
            (CaseId { epoch: state.epoch, seq }, step.clone(), Spans::default())
        }
    };
    let case = CaseEvent { of: case_id, at, by: by.clone(), step, masked };
    let record = CaseRecord { v: CASE_EVENT_VERSION, seq, case };
    let end = ledger::extend(&transaction, path, state, &[(seq, record.to_bytes())], now_ms)?;
    open(&transaction, state, &record, None).map_err(of)?;
    let status = steps(&transaction, case_id).map_err(of)?.status();
    transaction.commit().map_err(of)?;
    (state.last_seq, state.head) = end;
    Ok((case_id, status))
}

/// The case of an alert that nobody has acted on yet.
fn open_alert(transaction: &Transaction<'_>) -> rusqlite::Result<Option<(CaseId, Status)>> {
    let mut read = transaction
        .prepare_cached("SELECT epoch, seq FROM case_status WHERE is_open = 1 AND said IS NULL")?;
    let mut rows = read.query([])?;
    while let Some(row) = rows.next()? {
        let id = CaseId { epoch: StoreEpoch::new(row.get(0)?), seq: seq(row, "seq")? };
        let status = steps(transaction, id)?.status();
        if status.reasons.contains(&Reason::Alert) && status.stage < Stage::Acted {
            return Ok(Some((id, status)));
        }
    }
    Ok(None)
}

/// What a salvage has just carried: a response may have opened the case that comes next.
pub(crate) struct Carried {
    origin: Origin,
    said: Said,
}

impl Carried {
    pub(crate) fn of(origin: Origin, response: &Response) -> Self {
        Self { origin, said: Said::of(response) }
    }
}

/// Puts down the step of a record that a salvage carries.
pub(crate) fn carried(
    transaction: &Transaction<'_>,
    id: EventId,
    record: &CaseRecord,
    before: Option<&Carried>,
) -> rusqlite::Result<()> {
    let said = before.filter(|before| before.origin == record.case.of).map(|before| &before.said);
    add(transaction, &Held { id, event: record.case.clone() }, said)?;
    book::count(transaction, 1)
}

/// Adds a step, unless it is here, and computes where its case stands.
pub(super) fn add(transaction: &Transaction<'_>, held: &Held, said: Option<&Said>) -> rusqlite::Result<()> {
    let CaseId { epoch, seq } = held.event.of;
    let event = serde_json::to_string(&held.event).expect("a step holds only strings, numbers and lists");
    transaction
        .prepare_cached(
            "INSERT OR IGNORE INTO case_step (case_epoch, case_seq, epoch, seq, event)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            epoch.as_bytes(),
            column(seq),
            held.id.epoch.as_bytes(),
            column(held.id.seq),
            event
        ])?;
    let status = steps(transaction, held.event.of)?.status();
    // Without the step that opened it nobody knows what it is about; that comes with the record it stands in.
    let is_open = status.category.is_some() && !status.is_closed();
    let verified_ms = status.verified_at.filter(|_| status.is_closed()).map(|at| at.wall_ms);
    let said = said.map(|said| serde_json::to_string(said).expect("it holds only strings and numbers"));
    transaction
        .prepare_cached(
            "INSERT INTO case_status (epoch, seq, is_open, verified_ms, status, said)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (epoch, seq) DO UPDATE SET is_open = excluded.is_open,
                 verified_ms = excluded.verified_ms, status = excluded.status,
                 said = coalesce(said, excluded.said)",
        )?
        .execute(params![
            epoch.as_bytes(),
            column(seq),
            is_open,
            verified_ms,
            serde_json::to_string(&status).expect("a status holds only numbers, names and lists"),
            said
        ])?;
    Ok(())
}

/// The steps of a case that are known here.
pub(super) fn steps(connection: &Connection, case_id: CaseId) -> rusqlite::Result<Case> {
    connection
        .prepare_cached("SELECT epoch, seq, event FROM case_step WHERE case_epoch = ?1 AND case_seq = ?2")?
        .query_map(params![case_id.epoch.as_bytes(), column(case_id.seq)], |row| {
            let id = EventId { epoch: hex(row, "epoch")?, seq: seq(row, "seq")? };
            Ok(Held { id, event: json(row, 2)? })
        })?
        .collect()
}

/// Whether the step of that record is here.
pub(crate) fn is_kept(connection: &Connection, id: EventId, event: &CaseEvent) -> rusqlite::Result<bool> {
    let CaseId { epoch, seq } = event.of;
    connection
        .prepare_cached(
            "SELECT 1 FROM case_step WHERE case_epoch = ?1 AND case_seq = ?2 AND epoch = ?3 AND seq = ?4",
        )?
        .query_row(params![epoch.as_bytes(), column(seq), id.epoch.as_bytes(), column(id.seq)], |_| Ok(()))
        .optional()
        .map(|found| found.is_some())
}

/// Lets go of cases that were closed long before the newest receipt. Their records stay as long as any.
pub(crate) fn forget(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    const OLD: &str = "verified_ms < (SELECT max(received_ms) FROM receipt) - ?1";
    transaction.execute(
        &format!(
            "DELETE FROM case_step WHERE (case_epoch, case_seq) IN (SELECT epoch, seq FROM case_status WHERE {OLD})"
        ),
        [CLOSED_KEEP_MS],
    )?;
    transaction.execute(&format!("DELETE FROM case_status WHERE {OLD}"), [CLOSED_KEEP_MS]).map(drop)
}

pub(super) fn json<T: serde::de::DeserializeOwned>(
    row: &rusqlite::Row<'_>,
    column: usize,
) -> rusqlite::Result<T> {
    serde_json::from_str(row.get_ref(column)?.as_str()?).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}
