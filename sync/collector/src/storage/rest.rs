//! A database brought to rest: its log is in it and gone, and the one file is the whole of it.
//!
//! Invariant: a file that is not ours or can't be read is left as it is, with its log. Whoever calls has made sure that
//! no program of ours works on the database.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::open::{APPLICATION_ID, DATABASE_BUSY_TIMEOUT};
use super::sql::{SqlError, SqlFault, SqlResult};

/// How a database came to rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    /// There is none.
    Nothing,
    /// The one file is the whole of it.
    Settled,
    /// Another program holds it.
    Busy,
    /// It is damaged, or not ours.
    Unreadable,
}

/// Brings the database to rest.
pub(crate) fn settle(path: &Path) -> SqlResult<Rest> {
    if !path.exists() {
        return Ok(Rest::Nothing);
    }
    match without_log(path) {
        Ok(is_settled) => Ok(if is_settled { Rest::Settled } else { Rest::Unreadable }),
        Err(error) => match error.fault() {
            SqlFault::Busy => Ok(Rest::Busy),
            SqlFault::Damaged => Ok(Rest::Unreadable),
            // Of what could not be looked at nothing is known, nor what was erased in it.
            _ => Err(error),
        },
    }
}

/// Whether the log is gone.
fn without_log(path: &Path) -> SqlResult<bool> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(DATABASE_BUSY_TIMEOUT)?;
    // Closing would throw the log of a database away that can't be read.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    if connection.query_row("pragma application_id", [], |row| row.get::<_, i32>(0))? != APPLICATION_ID {
        return Ok(false);
    }
    // Leaving the mode with a log wants the database for itself, moves the log into it, makes that durable, and takes
    // the log's files away. The next start enters it again.
    let mode: String = connection.query_row("pragma journal_mode = delete", [], |row| row.get(0))?;
    connection.close().map_err(|(_, error)| SqlError::from(error))?;
    Ok(mode == "delete")
}
