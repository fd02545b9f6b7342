//! Connections that only read, taken from a small stock and given back.
//!
//! In WAL mode, and in PostgreSQL, a reader neither waits for the writer nor holds it up. A connection that failed is dropped.

use std::sync::Mutex;

use super::sql::{Connection, SqlResult};
use super::{Database, StorageError};
use crate::metrics::database::DatabaseMeters;

/// Idle read connections that are kept; more than processor cores can't read at once.
const READERS_KEPT_MAX: usize = 8;

/// The stock.
pub(crate) struct Readers {
    database: Database,
    idle: Mutex<Vec<Connection>>,
    meters: DatabaseMeters,
}

impl Readers {
    /// Readers of this database, opened as they are needed.
    pub(crate) fn new(database: Database, meters: DatabaseMeters) -> Self {
        Self { database, idle: Mutex::new(Vec::new()), meters }
    }

    /// Counts of what is read, and of what is written beside it.
    pub(crate) fn meters(&self) -> &DatabaseMeters {
        &self.meters
    }

    /// Whether they read a file of this machine: then a row that is found by its key takes microseconds.
    pub(crate) fn are_near(&self) -> bool {
        !self.database.is_shared()
    }

    /// Runs a query. Blocks on the disk or the network: call it on a thread that may, unless they are near and it is of one row by its key.
    pub(crate) fn read<T>(&self, query: impl FnOnce(&Connection) -> SqlResult<T>) -> Result<T, StorageError> {
        let _reads = self.meters.reads();
        let answered = self.sound().map_or_else(|| self.database.reader(), Ok).and_then(|connection| {
            let answer = query(&connection)?;
            Ok((connection, answer))
        });
        let (connection, answer) = answered.inspect_err(|error| self.meters.read_failed(error.fault()))?;
        let mut idle = self.lock();
        if idle.len() < READERS_KEPT_MAX {
            idle.push(connection);
        }
        self.meters.idle(idle.len());
        Ok(answer)
    }

    /// One from the stock. A server that was started anew has ended all that are in it.
    fn sound(&self) -> Option<Connection> {
        let mut idle = self.lock();
        idle.retain(|connection| !connection.own().is_broken());
        let sound = idle.pop();
        self.meters.idle(idle.len());
        sound
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
