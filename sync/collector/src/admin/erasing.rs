//! Erasing a response on somebody's wish.

use afterword_model::record::{Seq, StoreEpoch};

use super::{Admin, AdminError};
use crate::storage::Erasure;
use crate::storage::devices;
use crate::storage::erase::erase;

impl Admin {
    /// Takes the content of one record of a device, and of every copy of it, out of the database for good. Its place in
    /// the chain stays, and a copy that is sent again stays erased.
    ///
    /// # Errors
    /// [`AdminError::NoSuchDevice`], or the database; nothing was erased then.
    pub fn erase(&mut self, id_or_name: &str, record: (StoreEpoch, Seq)) -> Result<Erasure, AdminError> {
        let now_ms = self.clock.wall_ms();
        // Erased pages are written over with zeros, not only freed. Takes effect outside of a transaction alone.
        self.connection.pragma_update(None, "secure_delete", true)?;
        let transaction = self.transaction()?;
        let found = devices::find(&transaction, id_or_name)?.into_iter().next();
        let found = found.ok_or_else(|| AdminError::NoSuchDevice(id_or_name.to_owned()))?;
        let erasure = erase(&transaction, &found.device, record, now_ms)?;
        transaction.commit()?;
        if erasure != Erasure::NoSuchRecord {
            // The log still holds the pages as they were; moved into the database and cut off, it does not. Waits for
            // readers as long as any statement waits.
            let was_blocked: bool =
                self.connection.query_row("pragma wal_checkpoint(truncate)", [], |row| row.get(0))?;
            if was_blocked {
                return Err(AdminError::StillInLog);
            }
        }
        Ok(erasure)
    }
}
