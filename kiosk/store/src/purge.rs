//! Purging: giving back the room of records that the collector has held for long enough.
//!
//! Only a record under a receipt of the collector's present life may go, and only when a later receipt of the
//! same life shows that the grace period has passed *by the collector's clock*. The device's own clock has no
//! say, so one that jumps ten years forward purges nothing; a device that hears nothing from its collector
//! purges nothing either. What is unsent is out of reach here: no age and no lack of room deletes it.

use std::path::Path;

use afterword_model::record::Seq;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::cases;
use crate::error::StoreError;
use crate::state::{State, column, hex, seq};

/// Records purged in one transaction. A tap that comes meanwhile waits some milliseconds for it, not for all.
pub(crate) const PURGE_RECORDS_MAX: u64 = 1_000;

/// What a purge did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purged {
    /// How many records were deleted.
    pub records: u64,
    /// Records up to here are gone, 0 when none are.
    pub through_seq: Seq,
}

/// Deletes up to [`PURGE_RECORDS_MAX`] records and gives their pages back to the file system.
pub(crate) fn purge(
    connection: &mut Connection,
    path: &Path,
    state: &mut State,
    keep_ms: u64,
) -> Result<Purged, StoreError> {
    let of = |error: rusqlite::Error| StoreError::of(path, &error);
    let through_seq =
        purgeable(connection, state, keep_ms).map_err(of)?.min(state.purged_seq + PURGE_RECORDS_MAX);
    if through_seq <= state.purged_seq {
        return Ok(Purged { records: 0, through_seq: state.purged_seq });
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(of)?;
    let head = transaction
        .query_row("SELECT head FROM record WHERE seq = ?1", [column(through_seq)], |row| hex(row, "head"))
        .map_err(of)?;
    transaction
        .execute(
            "UPDATE store SET purged_seq = ?1, purged_head = ?2",
            params![column(through_seq), head.as_bytes()],
        )
        .map_err(of)?;
    let records =
        transaction.execute("DELETE FROM record WHERE seq <= ?1", [column(through_seq)]).map_err(of)?;
    cases::forget(&transaction).map_err(of)?;
    transaction.commit().map_err(of)?;
    state.purged_seq = through_seq;
    state.purged_head = head;
    // The records are gone for good; that their room stays in the file is no reason to say otherwise.
    if let Err(error) = give_back_pages(connection) {
        tracing::warn!(%error, "the database's file shrinks at the next purge");
    }
    Ok(Purged { records: records as u64, through_seq })
}

/// The last record that may go.
fn purgeable(connection: &Connection, state: &State, keep_ms: u64) -> rusqlite::Result<Seq> {
    let Some(acknowledged) = state.acknowledged else { return Ok(0) };
    let keep_ms = i64::try_from(keep_ms).unwrap_or(i64::MAX);
    let old_enough = connection
        .query_row(
            "SELECT through_seq FROM receipt WHERE server_epoch = ?1 AND received_ms <=
                 (SELECT max(received_ms) FROM receipt WHERE server_epoch = ?1) - ?2
             ORDER BY through_seq DESC LIMIT 1",
            params![acknowledged.server_epoch.as_bytes(), keep_ms],
            |row| seq(row, "through_seq"),
        )
        .optional()?;
    Ok(old_enough.unwrap_or(0).min(acknowledged.through_seq))
}

pub(crate) fn give_back_pages(connection: &Connection) -> rusqlite::Result<()> {
    // SQLite gives a row for each page and goes on only when that is taken.
    let mut vacuum = connection.prepare("PRAGMA incremental_vacuum")?;
    let mut pages = vacuum.query([])?;
    while pages.next()?.is_some() {}
    Ok(())
}
