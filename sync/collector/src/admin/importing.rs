//! Taking in a courier bundle: what a device without a network sends on a stick.
//!
//! The whole bundle is read and checked before anything of it is stored; then it is read a second time, and each batch goes the way
//! that it would have gone over the network, with the same checks, in a durable transaction of its own. So it may be imported any number
//! of times, beside a running server, before and after the same records came over a network. The receipt is that of the last batch: the
//! same bytes each time. Failure: of a bundle that is not whole nothing is stored; when a batch is refused later on, what stands before
//! it stays, as it would over the network, and there is no receipt.

use std::fs::File;
use std::io::{self, BufReader, Seek as _};
use std::path::{Path, PathBuf};

use afterword_model::record::{DeviceId, Head, Seq, StoreEpoch};
use afterword_protocol::batch::{Batch, BatchHeader, ChainedRecord};
use afterword_protocol::courier::{CourierError, CourierOpeningKey, CourierReader};
use afterword_protocol::keys::VerifyingKey;
use afterword_protocol::receipt::SignedReceipt;

use super::{Admin, AdminError};
use crate::config::pki_path;
use crate::pki::{read_courier_key, read_receipt_key};
use crate::requests::batches::{Signer, delivery};
use crate::storage::devices::{self, Standing, standing};
use crate::storage::heartbeats::read_mark;
use crate::storage::ingest::{Ingested, Way, ingest};
use crate::storage::{StorageError, held, read_server};

/// What became of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// Whose it is.
    pub device: DeviceId,
    /// What people call the device.
    pub name: String,
    /// Of which of its stores.
    pub epoch: StoreEpoch,
    /// Number of the first record.
    pub first_seq: Seq,
    /// Number of the last record.
    pub last_seq: Seq,
    /// Records that were not held before.
    pub new: u64,
    /// For the device: everything up to the last record is held.
    pub receipt: SignedReceipt,
}

/// Why a bundle is not taken in.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error("{path} cannot be read ({error}); check the name and the stick")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Nothing can be sealed to this collector yet.
    #[error(
        "this collector has no courier key yet, so no bundle can be for it; start `afterword-collector serve` once, and devices are given the key"
    )]
    NoKey,
    /// It is not whole, or not for this collector.
    #[error("nothing of {path} was stored: {error}")]
    Bundle {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        error: CourierError,
    },
    /// It is from a device that is not enrolled here.
    #[error(
        "nothing of {path} was stored: it is of device {device}, which is not enrolled here; import it where that device is enrolled"
    )]
    UnknownDevice {
        /// Which.
        path: PathBuf,
        /// Whose.
        device: DeviceId,
    },
    /// Its device may not deliver any more.
    #[error(
        "nothing more of {path} was stored: its device {device} was {what}; its records stay on it, `afterword-collector device list` says what is known"
    )]
    NotAllowed {
        /// Which.
        path: PathBuf,
        /// Whose.
        device: DeviceId,
        /// `revoked`, `retired` or `enrolled anew meanwhile`.
        what: &'static str,
    },
    /// Records before it are missing here.
    #[error(
        "nothing of {path} was stored: it begins at record {first_seq}, and the records after {mark} are not here yet; import the bundle before it first, or pack again with `afterword-sync courier pack --after {mark}`"
    )]
    Missing {
        /// Which.
        path: PathBuf,
        /// Where it begins.
        first_seq: Seq,
        /// What is held.
        mark: Seq,
    },
    /// It tells another story than what is held.
    #[error(
        "{path} was not taken in to its end: record {seq} or the chain before it is not what is held, up to {mark}, and both were kept; the device's card may be an old copy: connect it to a network, and it goes on in a new store"
    )]
    Conflict {
        /// Which.
        path: PathBuf,
        /// Where the stories part.
        seq: Seq,
        /// What is held.
        mark: Seq,
    },
    /// The database or a key.
    #[error(transparent)]
    Admin(#[from] AdminError),
}

impl Admin {
    /// Takes a bundle in.
    ///
    /// # Errors
    /// [`ImportError`], which says how much was stored.
    pub fn import(&mut self, path: &Path) -> Result<Imported, ImportError> {
        let keys = pki_path(&self.data);
        let courier_key = read_courier_key(&keys).map_err(AdminError::from)?.ok_or(ImportError::NoKey)?;
        let receipt_key = read_receipt_key(&keys).map_err(AdminError::from)?;
        let server = read_server(&self.connection).map_err(AdminError::from)?;
        let signer = Signer { server_epoch: server.server_epoch, key: &receipt_key };

        let mut bundle = Bundle::open(path, &courier_key)?;
        let device = bundle.reader()?.device();
        let key = self.key_of(device, path)?;
        // Nothing is stored before the end has been reached.
        let mut begins = None;
        let mut reader = bundle.reader()?;
        while let Some(batch) = reader.next_batch(&key).map_err(|error| bundle_error(path, error))? {
            begins.get_or_insert((batch.header.first_seq, batch.header.epoch));
        }
        let (first_seq, epoch) = begins.ok_or_else(|| bundle_error(path, CourierError::Unsigned))?;

        let (mut new, mut last) = (0, None);
        let mut reader = bundle.reader()?;
        while let Some(batch) = reader.next_batch(&key).map_err(|error| bundle_error(path, error))? {
            let header = batch.header.clone();
            let (added, received_ms) = self.take_in(batch, key, &signer, path)?;
            new += added;
            last = Some((header, received_ms));
        }
        let (header, received_ms) = last.ok_or_else(|| bundle_error(path, CourierError::Unsigned))?;
        // Without it the next start would only look less far back; see there.
        let _ = held::records(&self.connection).map(|records| held::note(&self.data, records));
        let found = devices::find(&self.connection, &device.to_string()).map_err(AdminError::from)?;
        Ok(Imported {
            device,
            name: found.into_iter().next().map_or_else(|| device.to_string(), |device| device.name),
            epoch,
            first_seq,
            last_seq: header.last_seq(),
            new,
            receipt: signer.receipt(&header, received_ms),
        })
    }

    fn key_of(&self, device: DeviceId, path: &Path) -> Result<VerifyingKey, ImportError> {
        let path = path.to_owned();
        match standing(&self.connection, &device).map_err(AdminError::from)? {
            Standing::Active(key) => Ok(key),
            Standing::Revoked => Err(ImportError::NotAllowed { path, device, what: "revoked" }),
            Standing::Retired => Err(ImportError::NotAllowed { path, device, what: "retired" }),
            Standing::Unknown => Err(ImportError::UnknownDevice { path, device }),
        }
    }

    /// Stores what is new of a batch. Gives the number of new records, and since when its last one is held.
    fn take_in(
        &mut self,
        batch: Batch,
        key: VerifyingKey,
        signer: &Signer<'_>,
        path: &Path,
    ) -> Result<(u64, i64), ImportError> {
        let (mut new, mut held_since_ms) = (0, 0);
        let mut waiting = vec![batch];
        while let Some(batch) = waiting.pop() {
            let (ingested, mark) = self.ingest(batch.clone(), key, signer)?;
            let header = &batch.header;
            let refused =
                |what| Err(ImportError::NotAllowed { path: path.to_owned(), device: header.device, what });
            match ingested {
                Ingested::Held { received_ms } => {
                    new += header.last_seq().saturating_sub(mark.max(header.first_seq - 1));
                    held_since_ms = received_ms;
                }
                // An agent would be told and would send it in parts; a stick can be told nothing.
                Ingested::Unreadable { seq, .. } => waiting.extend(parts_around(&batch, seq)),
                Ingested::NotContiguous { mark } => {
                    let (path, first_seq) = (path.to_owned(), header.first_seq);
                    return Err(ImportError::Missing { path, first_seq, mark });
                }
                Ingested::Conflict { mark, seq } => {
                    return Err(ImportError::Conflict { path: path.to_owned(), seq, mark });
                }
                Ingested::Revoked => return refused("revoked"),
                Ingested::Retired => return refused("retired"),
                Ingested::Replaced => return refused("enrolled anew meanwhile"),
            }
        }
        Ok((new, held_since_ms))
    }

    /// One batch in a durable transaction, and how far its store was held before.
    fn ingest(
        &mut self,
        batch: Batch,
        key: VerifyingKey,
        signer: &Signer<'_>,
    ) -> Result<(Ingested, Seq), AdminError> {
        let delivery = delivery(batch, key, Way::Courier, self.clock.wall_ms(), signer);
        let header = &delivery.batch.header;
        let transaction = self.connection.transaction()?;
        transaction.own().lock(&[header.device])?;
        let mark = read_mark(&transaction, &header.device, &header.epoch).map_err(StorageError::from)?;
        let ingested = ingest(&transaction, &delivery)?;
        transaction.commit()?;
        Ok((ingested, mark.seq))
    }
}

/// A bundle's file, to be read from its beginning as often as is needed.
struct Bundle<'a> {
    path: &'a Path,
    file: File,
    key: &'a CourierOpeningKey,
}

impl<'a> Bundle<'a> {
    fn open(path: &'a Path, key: &'a CourierOpeningKey) -> Result<Self, ImportError> {
        let failed = |error| ImportError::File { path: path.to_owned(), error };
        let file = File::open(path).map_err(failed)?;
        if !file.metadata().map_err(failed)?.is_file() {
            return Err(failed(io::Error::other("it is no file")));
        }
        Ok(Self { path, file, key })
    }

    fn reader(&mut self) -> Result<CourierReader<BufReader<&File>>, ImportError> {
        self.file.rewind().map_err(|error| ImportError::File { path: self.path.to_owned(), error })?;
        CourierReader::open(BufReader::new(&self.file), self.key)
            .map_err(|error| bundle_error(self.path, error))
    }
}

fn bundle_error(path: &Path, error: CourierError) -> ImportError {
    ImportError::Bundle { path: path.to_owned(), error }
}

/// The records before one, it alone, and those after it, the last part first. The signature in their headers is the whole batch's,
/// which has been checked.
fn parts_around(batch: &Batch, seq: Seq) -> Vec<Batch> {
    let at = usize::try_from(seq - batch.header.first_seq).expect("the record is one of the batch's");
    let ranges = [at + 1..batch.records.len(), at..at + 1, 0..at];
    let head_before = |index: usize| -> Head {
        index.checked_sub(1).map_or(batch.header.previous_head, |before| batch.records[before].head)
    };
    let part = |range: std::ops::Range<usize>| {
        let records: Vec<ChainedRecord> = batch.records[range.clone()].to_vec();
        let last_head = records.last()?.head;
        let header = BatchHeader {
            first_seq: batch.header.first_seq + range.start as Seq,
            count: records.len(),
            previous_head: head_before(range.start),
            last_head,
            ..batch.header.clone()
        };
        Some(Batch { header, records })
    };
    ranges.into_iter().filter_map(part).collect()
}
