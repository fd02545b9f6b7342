//! Erasing a response on somebody's wish: from every row, from the log, and from what lies between the rows.

use afterword_model::record::{Seq, StoreEpoch};

use super::{Admin, AdminError, locked};
use crate::storage::Erasure;
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
        let found = locked(&transaction, id_or_name)?.into_iter().next();
        let found = found.ok_or_else(|| AdminError::NoSuchDevice(id_or_name.to_owned()))?;
        let erasure = erase(&transaction, &found.device, record, now_ms)?;
        if erasure != Erasure::NoSuchRecord {
            let more = format!("{} {}", record.0, record.1);
            self.note(&transaction, "response.erased", &found.device.to_string(), &more)?;
            transaction.commit()?;
            let is_gone = self.connection.own().wipe()?;
            if !is_gone {
                return Err(AdminError::StillInLog);
            }
        }
        Ok(erasure)
    }
}
