//! What an operator does to a collector's data: devices, codes, revocation, verification.
//!
//! Works on the database itself, also while a server runs on it: SQLite's locks keep the two apart, and the
//! server asks the device table on every request, so what is changed here holds at once.

pub mod backing_up;
mod erasing;
mod leaving;
pub mod restoring;
mod swapping;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use afterword_model::ports::{Clock, Entropy};
use afterword_model::record::{DeviceId, ServerEpoch, StoreEpoch};
use afterword_protocol::enrolment::EnrolmentCode;
use afterword_protocol::heartbeat::Fingerprint;
use afterword_protocol::limits::{CODE_LIFE_MS, DEVICE_NAME_CHARS_MAX};
use afterword_protocol::queue::SeqRange;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use serde::Serialize;

pub use self::leaving::{Owed, OwedStore, Retirement};
use crate::config::{database_path, pki_path};
use crate::opened::serving_lock;
use crate::pki::{PkiError, ca_file_in_use, read_receipt_key};
use crate::storage::devices::{self, Device};
use crate::storage::heartbeats;
use crate::storage::progress::{self, Progress};
use crate::storage::{OpenError, VerifyReport, open_existing, read_server, verify};

/// Why an operator's wish is not carried out.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// There is no usable database.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A name nobody could read in a list.
    #[error("a device's name has 1 to {DEVICE_NAME_CHARS_MAX} characters, none of them a control character")]
    BadName,
    /// The name is in use.
    #[error(
        "`{name}` is the name of an enrolled device ({device}); to enrol that one anew, or other hardware in its place, use `afterword-collector device replace`, and for a second device choose another name"
    )]
    NameTaken {
        /// The name.
        name: String,
        /// Who has it.
        device: DeviceId,
    },
    /// Two devices of the name could be meant: one waits for its first enrolment, a revoked one has delivered.
    #[error(
        "`{name}` waits for its first enrolment as {waiting}, and a revoked device of that name ({revoked}) has been enrolled before; to replace the revoked one, revoke {waiting} first"
    )]
    NameWaits {
        /// The name.
        name: String,
        /// Who waits.
        waiting: DeviceId,
        /// Who was enrolled before.
        revoked: DeviceId,
    },
    /// The only devices of the name were taken away for good.
    #[error(
        "`{name}` ({device}) was retired for good; its name is free, `afterword-collector device add` adds a device of that name"
    )]
    IsRetired {
        /// The name.
        name: String,
        /// Who had it last.
        device: DeviceId,
    },
    /// No device has this id or name.
    #[error("no device has the id or name `{0}`; `afterword-collector device list` shows all")]
    NoSuchDevice(String),
    /// What was erased is still in the log, because somebody reads.
    #[error(
        "it is erased, but another program reads the database and the log still holds the content; run this again when a running verify or backup has ended"
    )]
    StillInLog,
    /// The database contradicts itself, or refused.
    #[error(transparent)]
    Storage(#[from] crate::storage::StorageError),
    /// A key cannot be read.
    #[error(transparent)]
    Pki(#[from] PkiError),
    /// SQLite refused.
    #[error("database: {0}; if it says locked, another program holds it: try again")]
    Database(#[from] rusqlite::Error),
}

/// A device that waits for its enrolment.
#[derive(Debug, Clone)]
pub struct NewDevice {
    /// Its id from now on.
    pub device: DeviceId,
    /// What people call it.
    pub name: String,
    /// The one-time code. It is nowhere stored: whoever loses it asks for another.
    pub code: EnrolmentCode,
    /// Until when the code is good, milliseconds since 1970-01-01T00:00:00Z.
    pub expires_ms: i64,
    /// `https://host:port` of the enrolment port, as the last start of the server had it.
    pub enrol_url: Option<String>,
    /// The certificate that the device has to be given for its first connection.
    pub ca_file: PathBuf,
}

/// A line of the device list. Times are milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceRow {
    /// Its id.
    pub device: DeviceId,
    /// What people call it.
    pub name: String,
    /// The store it stands in, where that was said.
    pub store: Option<String>,
    /// How it stands with the collector.
    pub state: DeviceState,
    /// When it was added.
    pub created_ms: i64,
    /// Until when its code is or was good.
    pub code_expires_ms: i64,
    /// Whether that code can still be used; with it, an enrolled or revoked device is enrolled again.
    pub code_waits: bool,
    /// When it enrolled.
    pub enrolled_ms: Option<i64>,
    /// The agent's version at enrolment.
    pub agent_version: Option<String>,
    /// When it was revoked, or retired.
    pub revoked_ms: Option<i64>,
    /// Why, where that was said.
    pub revoked_reason: Option<String>,
    /// When it was retired; `revoked_ms` is set then too.
    pub retired_ms: Option<i64>,
    /// When its last new records came; a batch that repeats what is held does not count.
    pub last_received_ms: Option<i64>,
    /// Whether a copy of it seems to be at work: an earlier store is heard of after a later one began, or what came
    /// contradicts what is held.
    pub clone_suspected: bool,
    /// What came from each of its stores, oldest first.
    pub stores: Vec<StoreRow>,
}

/// How much of one store of a device is here. Times are milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoreRow {
    /// Which.
    pub epoch: StoreEpoch,
    /// The highest number ever heard of it.
    pub collected: u64,
    /// Of them, those that are held, under this store's numbers or carried into a later one.
    pub received: u64,
    /// Not received yet, number for number.
    pub missing: Vec<SeqRange>,
    /// Damaged on the device before they were received.
    pub lost: Vec<SeqRange>,
    /// Whether the device has gone on in another store.
    pub is_former: bool,
    /// When the last new ones came.
    pub last_received_ms: Option<i64>,
    /// When its last heartbeat came.
    pub last_heard_ms: Option<i64>,
    /// When the oldest record without a receipt was frozen, by the device's clock, as of that heartbeat.
    pub oldest_unsent_ms: Option<i64>,
    /// How far the device's clock was ahead of the collector's then, in milliseconds.
    pub clock_ahead_ms: Option<i64>,
    /// End of the certificate that it used then.
    pub certificate_expires_ms: Option<i64>,
}

/// How a device stands with the collector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceState {
    /// Its code waits to be used.
    Waiting,
    /// Its code was not used in time.
    CodeExpired,
    /// Enrolled; may deliver.
    Active,
    /// May do nothing, until it is enrolled anew.
    Revoked,
    /// Taken away for good: may do nothing any more, and its name is free.
    Retired,
}

/// What became of a wish to revoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// From now on its requests are refused.
    Revoked(DeviceId),
    /// It had been revoked before; a code to enrol it again, had it one, is void now.
    AlreadyRevoked(DeviceId),
}

/// An operator's access to a collector's data.
pub struct Admin {
    connection: Connection,
    data: PathBuf,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// Keeps a restore from putting another database under this one's name meanwhile.
    _working: File,
}

impl Admin {
    /// Opens the data folder of a collector that has been started at least once.
    ///
    /// # Errors
    /// [`AdminError::Open`] when there is no collector's database in it.
    pub fn open(data: &Path, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Result<Self, AdminError> {
        let path = database_path(data);
        if !path.exists() {
            return Err(OpenError::Missing(data.to_owned()).into());
        }
        let working = serving_lock(data)
            .map_err(|error| OpenError::Failed { path: path.clone(), reason: error.to_string() })?;
        let connection = open_existing(&path)?;
        Ok(Self { connection, data: data.to_owned(), clock, entropy, _working: working })
    }

    /// Adds a device and gives its enrolment code, good for a day. A device of this name that has not enrolled
    /// yet gets a new code, and the old one is void.
    ///
    /// # Errors
    /// [`AdminError::BadName`], [`AdminError::NameTaken`], or the database.
    pub fn device_add(&mut self, name: &str, store: Option<&str>) -> Result<NewDevice, AdminError> {
        let fresh = DeviceId::new(self.entropy.bytes());
        self.give_code(name, store, |named| match holder(named) {
            Some(Device { device, enrolled_ms: Some(_), .. }) => {
                Err(AdminError::NameTaken { name: name.to_owned(), device: *device })
            }
            Some(waiting) => Ok(Recipient::Known(waiting.device)),
            None => Ok(Recipient::New(fresh)),
        })
    }

    /// A new code for whoever `choose` names among all devices that have or had this name.
    fn give_code(
        &mut self,
        name: &str,
        store: Option<&str>,
        choose: impl FnOnce(&[Device]) -> Result<Recipient, AdminError>,
    ) -> Result<NewDevice, AdminError> {
        let length = name.chars().count();
        if length == 0
            || length > DEVICE_NAME_CHARS_MAX
            || name.trim() != name
            || name.contains(char::is_control)
        {
            return Err(AdminError::BadName);
        }
        let now_ms = self.clock.wall_ms();
        let expires_ms = now_ms.saturating_add(CODE_LIFE_MS);
        let code = EnrolmentCode::generate(&self.entropy);
        let transaction = self.transaction()?;
        let mut named = devices::find(&transaction, name)?;
        named.retain(|device| device.name == name);
        let device = match choose(&named)? {
            Recipient::Known(device) => {
                devices::renew_code(&transaction, &device, store, &code.digest(), expires_ms)?;
                device
            }
            Recipient::New(device) => {
                devices::add(&transaction, &device, name, store, &code.digest(), (now_ms, expires_ms))?;
                device
            }
        };
        let enrol_url = read_server(&transaction)?.enrol_url;
        transaction.commit()?;
        Ok(NewDevice { device, name: name.to_owned(), code, expires_ms, enrol_url, ca_file: self.ca_file() })
    }

    /// All devices, the ones in use first, by name.
    ///
    /// # Errors
    /// The database.
    pub fn device_list(&self) -> Result<Vec<DeviceRow>, AdminError> {
        let now_ms = self.clock.wall_ms();
        let devices = devices::list(&self.connection)?;
        devices.into_iter().map(|device| self.row(device, now_ms)).collect()
    }

    /// Takes a device's right to deliver, at once and until it is enrolled again. Its records stay.
    ///
    /// # Errors
    /// [`AdminError::NoSuchDevice`], or the database.
    pub fn device_revoke(
        &mut self,
        id_or_name: &str,
        reason: Option<&str>,
    ) -> Result<Revocation, AdminError> {
        let now_ms = self.clock.wall_ms();
        let transaction = self.transaction()?;
        let found = devices::find(&transaction, id_or_name)?.into_iter().next();
        let found = found.ok_or_else(|| AdminError::NoSuchDevice(id_or_name.to_owned()))?;
        devices::revoke(&transaction, &found.device, reason, now_ms)?;
        transaction.commit()?;
        Ok(match found.revoked_ms {
            Some(_) => Revocation::AlreadyRevoked(found.device),
            None => Revocation::Revoked(found.device),
        })
    }

    /// Devices that may deliver and have not said that they trust this authority: once only it is used, they can't
    /// connect any more.
    ///
    /// # Errors
    /// The database.
    pub fn active_devices_without(&self, authority: &Fingerprint) -> Result<Vec<String>, AdminError> {
        Ok(heartbeats::active_devices_without(&self.connection, authority)?)
    }

    /// Hashes every chain again from its beginning, and compares with it every receipt that was given and its signature.
    ///
    /// # Errors
    /// The database or the receipt key, when they cannot even be read.
    pub fn verify(&self) -> Result<VerifyReport, AdminError> {
        let receipt_key = read_receipt_key(&pki_path(&self.data))?;
        Ok(verify(&self.connection, &receipt_key)?)
    }

    /// This life of the database, as it stands in receipts.
    ///
    /// # Errors
    /// The database.
    pub fn server_epoch(&self) -> Result<ServerEpoch, AdminError> {
        Ok(read_server(&self.connection)?.server_epoch)
    }

    /// The certificate that devices have to be given for their first connection.
    #[must_use]
    pub fn ca_file(&self) -> PathBuf {
        ca_file_in_use(&pki_path(&self.data))
    }

    fn transaction(&mut self) -> rusqlite::Result<Transaction<'_>> {
        // Immediate: to wait for the lock at the beginning is safe, to be refused in the middle is not.
        Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)
    }

    fn row(&self, device: Device, now_ms: i64) -> Result<DeviceRow, AdminError> {
        let stores = progress::of_device(&self.connection, &device.device)?;
        let clone_suspected = progress::is_clone_suspected(&self.connection, &device.device)?;
        let state = match (device.retired_ms, device.revoked_ms, device.enrolled_ms) {
            (Some(_), _, _) => DeviceState::Retired,
            (None, Some(_), _) => DeviceState::Revoked,
            (None, None, Some(_)) => DeviceState::Active,
            (None, None, None) if now_ms >= device.code_expires_ms => DeviceState::CodeExpired,
            (None, None, None) => DeviceState::Waiting,
        };
        Ok(DeviceRow {
            device: device.device,
            name: device.name,
            store: device.store,
            state,
            created_ms: device.created_ms,
            code_expires_ms: device.code_expires_ms,
            code_waits: device.code_is_open && now_ms < device.code_expires_ms,
            enrolled_ms: device.enrolled_ms,
            agent_version: device.agent_version,
            revoked_ms: device.revoked_ms,
            revoked_reason: device.revoked_reason,
            retired_ms: device.retired_ms,
            last_received_ms: stores.iter().filter_map(|store| store.last_received_ms).max(),
            clone_suspected,
            stores: stores.into_iter().map(StoreRow::from).collect(),
        })
    }
}

impl From<Progress> for StoreRow {
    fn from(store: Progress) -> Self {
        let heard = store.heard;
        Self {
            epoch: store.epoch,
            collected: store.collected,
            received: store.collected - count(&store.missing) - count(&store.lost),
            missing: store.missing,
            lost: store.lost,
            is_former: store.is_former,
            last_received_ms: store.last_received_ms,
            last_heard_ms: heard.as_ref().map(|heard| heard.at_ms),
            oldest_unsent_ms: heard.as_ref().and_then(|heard| heard.oldest_unsent_ms),
            clock_ahead_ms: heard.as_ref().map(|heard| heard.clock_ahead_ms),
            certificate_expires_ms: heard.map(|heard| heard.certificate_expires_ms),
        }
    }
}

/// Who gets a code.
enum Recipient {
    New(DeviceId),
    Known(DeviceId),
}

/// Who has the name now: a device that was not revoked, or one that an open code would bring back.
fn holder(named: &[Device]) -> Option<&Device> {
    named.iter().find(|device| device.revoked_ms.is_none() || device.code_is_open)
}

/// How many numbers there are in ranges that don't overlap.
fn count(ranges: &[SeqRange]) -> u64 {
    ranges.iter().map(|range| range.last - range.first + 1).sum()
}
