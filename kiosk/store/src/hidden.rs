//! Words that are not to be shown on this device.
//!
//! Hiding is no deleting: the record stays, is counted, sent and exported as it is. What is kept is the place that it first had,
//! so that a new epoch, a purge and a restart change nothing of it; a salvage takes it along. A hidden one comes back by taking
//! its row away.

use std::collections::HashSet;
use std::path::Path;

use afterword_model::carried::Origin;
use rusqlite::{Connection, params};

use crate::error::StoreError;
use crate::state::{column, hex, seq};

/// Hides the words of a response, or shows them again. What is so already stays so.
pub(crate) fn set(
    connection: &Connection,
    path: &Path,
    origin: Origin,
    is_hidden: bool,
    now_ms: i64,
) -> Result<(), StoreError> {
    let changed = if is_hidden { insert(connection, origin, now_ms) } else { remove(connection, origin) };
    changed.map_err(|error| StoreError::of(path, &error))
}

pub(crate) fn insert(connection: &Connection, origin: Origin, hidden_ms: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO hidden_words (epoch, seq, hidden_ms) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        )?
        .execute(params![origin.epoch.as_bytes(), column(origin.seq), hidden_ms])
        .map(drop)
}

fn remove(connection: &Connection, origin: Origin) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM hidden_words WHERE epoch = ?1 AND seq = ?2")?
        .execute(params![origin.epoch.as_bytes(), column(origin.seq)])
        .map(drop)
}

/// Every response whose words are hidden.
pub(crate) fn all(connection: &Connection) -> rusqlite::Result<HashSet<Origin>> {
    let mut read = connection.prepare_cached("SELECT epoch, seq FROM hidden_words")?;
    let hidden = read.query_map([], |row| Ok(Origin { epoch: hex(row, "epoch")?, seq: seq(row, "seq")? }))?;
    hidden.collect()
}
