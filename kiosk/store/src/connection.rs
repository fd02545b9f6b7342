//! How every connection to the database is set up. The settings are what durability rests on, so they are
//! read back where SQLite may silently decline.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::error::{OpenError, StoreError};

/// Before this version a write that races a checkpoint could be lost
/// (`WAL-reset bug`, <https://sqlite.org/releaselog/3_51_3.html>).
const SQLITE_VERSION_MIN: i32 = 3_051_003;

/// Nobody else should have the file open; a technician's `sqlite3` may hold a lock for a moment.
const LOCK_WAIT: Duration = Duration::from_millis(250);

/// Bytes the write-ahead log is cut back to when it starts over. Some hundreds of freezes; a log that grew
/// while a reader held it open gives its space back.
const JOURNAL_SIZE_LIMIT: i64 = 4 * 1024 * 1024;

/// Pages in the log at which SQLite itself checkpoints within a commit. The writer does so earlier, in a quiet
/// moment; this is the bound for when there is none.
const AUTOCHECKPOINT_PAGES: i64 = 4_000;

/// Stands beside the database after the disk has refused something.
const DOUBT: &str = "kiosk.doubt";

/// Distinct statements of the store, all kept prepared.
const STATEMENTS_MAX: usize = 48;

pub(crate) fn check_sqlite_version() -> Result<(), OpenError> {
    if rusqlite::version_number() < SQLITE_VERSION_MIN {
        return Err(OpenError::OldSqlite(rusqlite::version()));
    }
    Ok(())
}

/// A connection that writes. The file must exist.
pub(crate) fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    let of = |error: rusqlite::Error| StoreError::of(path, &error);
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    if connection.is_readonly("main").map_err(of)? {
        return Err(StoreError::ReadOnly(path.to_owned()));
    }
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(of)?;
    if mode != "wal" {
        // SQLite answers with the mode it stays in when it cannot write the header.
        return Err(StoreError::ReadOnly(path.to_owned()));
    }
    connection.pragma_update(None, "synchronous", "FULL").map_err(of)?;
    connection.pragma_update(None, "journal_size_limit", JOURNAL_SIZE_LIMIT).map_err(of)?;
    connection.pragma_update(None, "wal_autocheckpoint", AUTOCHECKPOINT_PAGES).map_err(of)?;
    empty_log(&connection, path)?;
    Ok(connection)
}

/// The disk refused something: what programs see of the log may never reach it. Known by a file for as long as the machine
/// runs; with the power goes what only programs saw.
pub(crate) fn doubt(path: &Path) {
    if let Err(error) = std::fs::File::create(path.with_file_name(DOUBT)) {
        tracing::warn!(%error, "that the disk refused something cannot be noted");
    }
}

/// Once the disk has refused something, moves what stands in the log into the database and begins the log anew: whatever was
/// appended to frames that never reach the disk would end with them.
fn empty_log(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let mark = path.with_file_name(DOUBT);
    if !mark.exists() {
        return Ok(());
    }
    let emptied = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    match emptied.map_err(|error| StoreError::of(path, &error)) {
        // A full disk is no reason not to collect.
        Err(StoreError::Full(_)) => Ok(()),
        emptied => {
            emptied?;
            let _ = std::fs::remove_file(mark);
            Ok(())
        }
    }
}

/// A connection that reads, beside the writer and without holding it up.
pub(crate) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.pragma_update(None, "query_only", true).map_err(|error| StoreError::of(path, &error))?;
    Ok(connection)
}

fn open(path: &Path, access: OpenFlags) -> Result<Connection, StoreError> {
    let of = |error: rusqlite::Error| StoreError::of(path, &error);
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let connection = Connection::open_with_flags(path, flags).map_err(of)?;
    connection.busy_timeout(LOCK_WAIT).map_err(of)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection.pragma_update(None, "foreign_keys", true).map_err(of)?;
    // A read error in a mapped file is a signal that ends the program; as a plain read it is an error.
    connection.pragma_update(None, "mmap_size", 0).map_err(of)?;
    connection.pragma_update(None, "cell_size_check", true).map_err(of)?;
    connection.pragma_update(None, "trusted_schema", false).map_err(of)?;
    Ok(connection)
}
