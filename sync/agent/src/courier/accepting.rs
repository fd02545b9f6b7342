//! A receipt that a stick brings back.
//!
//! It is checked as one that comes over the network: signature, device, store, and by the kiosk the head. What stands for the nonce that the
//! agent would remember is said in [`courier_nonce`]: a receipt that was given before the collector was restored from a backup vouches
//! for records that the collector may lack now, and once the device knows of the restore, such a receipt lets nothing go.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use afterword_model::record::DeviceId;
use afterword_protocol::courier::{COURIER_RECEIPT_EXTENSION, courier_nonce};
use afterword_protocol::limits::{ANSWER_BODY_MAX, COURIER_RECEIPTS_MAX};
use afterword_protocol::queue::{Acceptance, Queue, QueueError};
use afterword_protocol::receipt::{Receipt, SignedReceipt};

use super::not_asked;
use crate::identity::Identity;

/// Why a receipt acknowledges nothing.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The file cannot be read.
    #[error("it cannot be read ({0}); check the name and the stick")]
    File(#[from] io::Error),
    /// Something else.
    #[error("it is no receipt; a file that `afterword-collector import` wrote is meant")]
    NotAReceipt,
    /// Signed by nobody this device believes.
    #[error(
        "it is not signed by the collector that this device is enrolled with, or was changed since; import the bundle again there"
    )]
    Unsigned,
    /// For somebody else.
    #[error("it is for another device ({0}); take it there")]
    OtherDevice(DeviceId),
    /// For records that stand under other numbers now.
    #[error(
        "it is for a store that this device has left; what was in it was carried on, so pack again and bring that bundle"
    )]
    FormerStore,
    /// Given by an earlier life of the collector's database.
    #[error(
        "it was given before the collector was restored from a backup, which may lack what it is for; pack again and bring that bundle"
    )]
    Outdated,
    /// The kiosk has other records.
    #[error(
        "it is for {0}; nothing was acknowledged and everything is kept, tell whoever runs the collector"
    )]
    Contradicts(&'static str),
    /// The kiosk cannot be asked.
    #[error("{}", not_asked(.0))]
    Kiosk(#[from] QueueError),
}

/// Hands a receipt to the kiosk, when it is one for this device.
///
/// Gives [`Acceptance::Stored`] when it is durable there and [`Acceptance::Stale`] when it says nothing new.
///
/// # Errors
/// [`AcceptError`]; nothing was acknowledged then.
pub async fn accept<Q: Queue>(
    queue: &mut Q,
    identity: &Identity,
    signed: &SignedReceipt,
) -> Result<Acceptance, AcceptError> {
    // The signature first: until it holds, the fields are a stranger's.
    if !signed.is_signed_by(&identity.enrolled().receipt_key) {
        return Err(AcceptError::Unsigned);
    }
    let Receipt { device, epoch, through_seq, head, server_epoch, nonce, .. } = signed.receipt;
    if device != identity.enrolled().device {
        return Err(AcceptError::OtherDevice(device));
    }
    let position = queue.position().await?;
    if epoch != position.epoch {
        return Err(AcceptError::FormerStore);
    }
    let known = position.server_epoch;
    let is_below = through_seq <= position.acknowledged_seq;
    if is_below && known == Some(server_epoch) {
        return Ok(Acceptance::Stale);
    }
    let is_of_now = known == Some(server_epoch)
        || nonce == courier_nonce(identity.key(), epoch, through_seq, head, known);
    if !is_of_now {
        // A stick that goes round for long brings many that say what a newer one has said since.
        return if is_below { Ok(Acceptance::Stale) } else { Err(AcceptError::Outdated) };
    }
    match queue.accept(signed).await? {
        Acceptance::WrongStore => Err(AcceptError::Contradicts("records that this device does not have")),
        Acceptance::WrongHead => Err(AcceptError::Contradicts("other records than this device has")),
        done => Ok(done),
    }
}

/// Reads a receipt's file.
///
/// # Errors
/// [`AcceptError::File`], [`AcceptError::NotAReceipt`].
pub fn read_receipt(path: &Path) -> Result<SignedReceipt, AcceptError> {
    let mut json = Vec::new();
    File::open(path)?.take(ANSWER_BODY_MAX as u64 + 1).read_to_end(&mut json)?;
    if json.len() > ANSWER_BODY_MAX {
        return Err(AcceptError::NotAReceipt);
    }
    serde_json::from_slice(&json).map_err(|_| AcceptError::NotAReceipt)
}

/// The files in a folder that are called receipts, in the order of their names.
///
/// # Errors
/// What reading the folder gives, also when there are more of them than a stick brings.
pub fn receipts_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        // Some systems leave a shadow of each file beside it, whose name begins with a dot; and what is no file would be waited for.
        let is_shadow = entry.file_name().as_encoded_bytes().starts_with(b".");
        let is_called_one = path.extension().is_some_and(|ending| ending == COURIER_RECEIPT_EXTENSION);
        if is_called_one && !is_shadow && entry.file_type()?.is_file() {
            found.push(path);
        }
        if found.len() > COURIER_RECEIPTS_MAX {
            let problem = format!("more than {COURIER_RECEIPTS_MAX} receipts; name the file that is meant");
            return Err(io::Error::other(problem));
        }
    }
    found.sort();
    Ok(found)
}
