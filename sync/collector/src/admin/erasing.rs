//! Erasing a response on somebody's wish: from every row, from the log, and from what lies between the rows.

use afterword_model::record::{Seq, StoreEpoch};

use super::{Admin, AdminError};
use crate::storage::Erasure;
use crate::storage::devices;
use crate::storage::erase::erase;

impl Admin {
    /// Takes the content of one record of a device, and of every copy of it, out of the database for good. Its place in
    /// the chain stays, and a copy that is sent again stays erased. The whole file is written anew, so a large one takes
    /// its time; devices that deliver meanwhile are told to come again.
    ///
    /// # Errors
    /// [`AdminError::NoSuchDevice`], and nothing was erased; or the database, and asking again finishes what was begun.
    pub fn erase(&mut self, id_or_name: &str, record: (StoreEpoch, Seq)) -> Result<Erasure, AdminError> {
        let now_ms = self.clock.wall_ms();
        let transaction = self.transaction()?;
        let found = devices::find(&transaction, id_or_name)?.into_iter().next();
        let found = found.ok_or_else(|| AdminError::NoSuchDevice(id_or_name.to_owned()))?;
        let erasure = erase(&transaction, &found.device, record, now_ms)?;
        transaction.commit()?;
        if erasure != Erasure::NoSuchRecord {
            self.cut_log()?;
            // A page that was split long ago may keep old rows between its own, where no statement sees them. Only a file
            // without such pages is sure to say nothing.
            self.connection.execute_batch("vacuum")?;
            self.cut_log()?;
        }
        Ok(erasure)
    }

    /// The log still holds the pages as they were; moved into the database and cut off, it does not. Waits for readers as
    /// long as any statement waits.
    fn cut_log(&self) -> Result<(), AdminError> {
        let was_blocked: bool =
            self.connection.query_row("pragma wal_checkpoint(truncate)", [], |row| row.get(0))?;
        if was_blocked { Err(AdminError::StillInLog) } else { Ok(()) }
    }
}
