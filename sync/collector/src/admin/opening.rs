//! Opening what shoppers left for a reply, with the organisation's private key, which is nowhere in a collector.
//!
//! Invariant: nothing is given out in the clear before its opening stands durably in the audit log, with who opened it and of which
//! record; what was opened stands nowhere.

use afterword_protocol::seal::{OpeningKey, SealError};

use super::{Admin, AdminError};
use crate::storage::contacts::{self, SealedContact};
use crate::storage::sql::Connection;

/// One shopper's wish for a reply, and what came of opening it.
#[derive(Debug)]
pub struct OpenedContact {
    /// Where it stands, and sealed.
    pub sealed: SealedContact,
    /// The number or the address, or why this key does not open it.
    pub details: Result<String, SealError>,
}

impl Admin {
    /// Opens all that shoppers left for a reply, as far as it was sealed to this key. Each opening is in the audit log before this
    /// returns.
    ///
    /// # Errors
    /// The database; then nothing was opened.
    pub fn contacts_opened(&mut self, key: &OpeningKey) -> Result<Vec<OpenedContact>, AdminError> {
        let transaction = self.transaction()?;
        let all = contacts::all(&transaction)?;
        let opened: Vec<OpenedContact> = all.into_iter().map(|sealed| open(sealed, key)).collect();
        for contact in &opened {
            self.note_opening(&transaction, contact)?;
        }
        transaction.commit()?;
        Ok(opened)
    }

    /// Puts down in the transaction that a contact is opened; of what the key does not open there is nothing to put down.
    pub(super) fn note_opening(
        &self,
        transaction: &Connection,
        contact: &OpenedContact,
    ) -> Result<(), AdminError> {
        if contact.details.is_ok() {
            let SealedContact { device, epoch, seq, .. } = &contact.sealed;
            self.note(transaction, "contact.opened", &device.to_string(), &format!("{epoch} {seq}"))?;
        }
        Ok(())
    }
}

/// Opens one; whoever calls puts it down before anybody sees it.
pub(super) fn open(sealed: SealedContact, key: &OpeningKey) -> OpenedContact {
    let details = sealed.open(key);
    OpenedContact { sealed, details }
}
