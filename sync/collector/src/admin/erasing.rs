//! Erasing a response on somebody's wish: from every row, from the log, and from what lies between the rows.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use afterword_model::record::{Seq, StoreEpoch};

use super::{Admin, AdminError};
use crate::config::database_path;
use crate::storage::devices;
use crate::storage::erase::{content, erase};
use crate::storage::{Erasure, OpenError};

/// Read at a time while the database's file is searched.
const CHUNK_BYTES: usize = 1 << 20;

/// So much of a content is looked for: longer ones are spread over pages, and no two responses begin with the same.
const SOUGHT_BYTES: usize = 1_024;

impl Admin {
    /// Takes the content of one record of a device, and of every copy of it, out of the database for good. Its place in
    /// the chain stays, and a copy that is sent again stays erased.
    ///
    /// # Errors
    /// [`AdminError::NoSuchDevice`], or the database; nothing was erased then.
    pub fn erase(&mut self, id_or_name: &str, record: (StoreEpoch, Seq)) -> Result<Erasure, AdminError> {
        let now_ms = self.clock.wall_ms();
        let transaction = self.transaction()?;
        let found = devices::find(&transaction, id_or_name)?.into_iter().next();
        let found = found.ok_or_else(|| AdminError::NoSuchDevice(id_or_name.to_owned()))?;
        let content = content(&transaction, &found.device, record)?;
        let erasure = erase(&transaction, &found.device, record, now_ms)?;
        transaction.commit()?;
        if erasure != Erasure::NoSuchRecord {
            self.cut_log()?;
        }
        // A page that was split before deleting wrote zeros keeps old rows between its own.
        let sought = content.as_deref().map(|content| &content[..content.len().min(SOUGHT_BYTES)]);
        if let Some(sought) = sought
            && self.database_holds(sought)?
        {
            tracing::info!(
                "the database is written anew, because the erased content still stood between its rows"
            );
            self.connection.execute_batch("vacuum")?;
            self.cut_log()?;
        }
        Ok(erasure)
    }

    fn database_holds(&self, bytes: &[u8]) -> Result<bool, AdminError> {
        let path = database_path(&self.data);
        holds(&path, bytes).map_err(|error| OpenError::Failed { path, reason: error.to_string() }.into())
    }

    /// The log still holds the pages as they were; moved into the database and cut off, it does not. Waits for readers as
    /// long as any statement waits.
    fn cut_log(&self) -> Result<(), AdminError> {
        let was_blocked: bool =
            self.connection.query_row("pragma wal_checkpoint(truncate)", [], |row| row.get(0))?;
        if was_blocked { Err(AdminError::StillInLog) } else { Ok(()) }
    }
}

/// Whether these bytes stand somewhere in a file.
fn holds(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    let Some(&first) = bytes.first() else { return Ok(false) };
    let mut file = File::open(path)?;
    let mut read = Vec::with_capacity(CHUNK_BYTES + bytes.len());
    loop {
        if (&mut file).take(CHUNK_BYTES as u64).read_to_end(&mut read)? == 0 {
            return Ok(false);
        }
        let mut rest = &read[..];
        while let Some(at) = rest.iter().position(|&byte| byte == first) {
            if rest[at..].starts_with(bytes) {
                return Ok(true);
            }
            rest = &rest[at + 1..];
        }
        // What stands across two chunks begins in the end of the first.
        let kept = read.len().saturating_sub(bytes.len() - 1);
        read.drain(..kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_across_two_chunks_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for at in [0, 1, CHUNK_BYTES - 3, CHUNK_BYTES, 2 * CHUNK_BYTES - 1, 3 * CHUNK_BYTES] {
            let mut bytes = vec![b'a'; at];
            bytes.extend_from_slice(b"needle");
            std::fs::write(&path, &bytes).unwrap();
            assert!(holds(&path, b"needle").unwrap(), "{at}");
            assert!(!holds(&path, b"needles").unwrap() && !holds(&path, b"").unwrap(), "{at}");
        }
    }
}
