//! Connections that only read, taken from a small stock and given back.
//!
//! In WAL mode a reader neither waits for the writer nor holds it up. A connection that failed is dropped.

use std::path::PathBuf;
use std::sync::Mutex;

use rusqlite::Connection;

use super::{StorageError, open_reader};

/// Idle read connections that are kept; more than processor cores can't read at once.
const READERS_KEPT_MAX: usize = 8;

/// The stock.
pub(crate) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    /// Readers of this database, opened as they are needed.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, idle: Mutex::new(Vec::new()) }
    }

    /// Runs a query. Blocks on the disk: call it on a thread that may.
    pub(crate) fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StorageError> {
        let kept = self.lock().pop();
        let connection = match kept {
            Some(connection) => connection,
            None => open_reader(&self.path)?,
        };
        let answer = query(&connection)?;
        let mut idle = self.lock();
        if idle.len() < READERS_KEPT_MAX {
            idle.push(connection);
        }
        Ok(answer)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
