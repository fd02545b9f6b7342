//! How much the store takes, and how much of it nobody else has yet.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use crate::error::StoreError;
use crate::state::{State, column};

/// Sizes, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Of the records without a receipt.
    pub unsent_bytes: u64,
    /// Of the database and its log.
    pub database_bytes: u64,
}

pub(crate) fn usage(connection: &Connection, path: &Path) -> Result<Usage, StoreError> {
    let of = |error: rusqlite::Error| StoreError::of(path, &error);
    let transaction = connection.unchecked_transaction().map_err(of)?;
    let acknowledged_seq = State::read(&transaction, path)?.position().acknowledged_seq;
    let unsent: i64 = transaction
        .prepare_cached("SELECT coalesce(sum(length(bytes)), 0) FROM record WHERE seq > ?1")
        .and_then(|mut read| read.query_row([column(acknowledged_seq)], |row| row.get(0)))
        .map_err(of)?;
    let log = path.with_extension("db-wal");
    let size = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
    Ok(Usage { unsent_bytes: u64::try_from(unsent).unwrap_or(0), database_bytes: size(path) + size(&log) })
}
