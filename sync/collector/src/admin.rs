//! What an operator does to a collector's data: devices, codes, revocation, verification.
//!
//! Works on the database itself, also while a server runs on it: SQLite's locks keep the two apart, and the
//! server asks the device table on every request, so what is changed here holds at once.

mod archive;
pub mod backing_up;
pub mod casing;
pub mod changing;
mod counting;
pub mod day_noting;
pub mod distributing;
mod erasing;
pub mod exporting;
pub mod hooking;
mod identifying;
pub mod importing;
mod leaving;
pub mod listing;
pub mod opening;
pub mod peopling;
pub mod placing;
pub mod restoring;
pub mod restoring_postgres;
pub mod retaining;
pub mod setting;
mod signing_in;
pub mod subjects;
mod swapping;
pub mod tokening;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use afterword_model::follow_up::FollowUpCode;
use afterword_model::ports::{Clock, Entropy};
use afterword_model::record::{DeviceId, ServerEpoch};
use afterword_protocol::enrolment::EnrolmentCode;
use afterword_protocol::heartbeat::Fingerprint;
use afterword_protocol::limits::{CODE_LIFE_MS, DEVICE_NAME_CHARS_MAX};

pub use self::leaving::{Owed, OwedStore, Retirement};
pub(crate) use self::peopling::{InvitationLink, PersonRefusal};
use crate::config::pki_path;
use crate::opened::serving_lock;
use crate::people::Stores;
use crate::people::audit::{Actor, AuditEntry};
use crate::pki::{PkiError, ca_file_in_use, read_receipt_key};
use crate::storage::audit::{self, AuditReport, Deed};
use crate::storage::contacts::{self, SealedContact};
use crate::storage::devices::{self, Device};
use crate::storage::follow_ups::{self, FollowUp};
use crate::storage::heartbeats;
use crate::storage::numbers;
use crate::storage::outbox;
use crate::storage::sql::{Connection, SqlError, SqlResult, Transaction};
use crate::storage::{Database, DatabaseUrl, OpenError, VerifyReport, read_server, verify};
use crate::webhooks::event::{Event, EventType};

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
    /// What is to be shown on idle screens is not.
    #[error(transparent)]
    Change(#[from] changing::ChangeRefusal),
    /// There is no such case, or nothing to be done about it so.
    #[error(transparent)]
    Case(#[from] casing::CaseRefusal),
    /// Nothing is done about a person.
    #[error(transparent)]
    Person(#[from] peopling::PersonRefusal),
    /// No token is made or revoked.
    #[error(transparent)]
    Token(#[from] tokening::TokenRefusal),
    /// Nothing is done about a webhook.
    #[error(transparent)]
    Webhook(#[from] hooking::WebhookRefusal),
    /// A region or store is not where it was to be.
    #[error(transparent)]
    Place(#[from] placing::PlaceRefusal),
    /// No note stands beside a day, or none is taken back.
    #[error(transparent)]
    DayNote(#[from] day_noting::DayNoteRefusal),
    /// The database is not one that can be divided.
    #[error(transparent)]
    Distribute(#[from] distributing::DistributeRefusal),
    /// Settings are not kept, or do not go out.
    #[error(transparent)]
    Settings(#[from] setting::SettingsRefusal),
    /// For how long something is kept is not decided.
    #[error(transparent)]
    Retention(#[from] retaining::RetentionRefusal),
    /// What was erased is still in the log, because somebody reads.
    #[error(
        "it is erased, but another program reads the database and the log still holds the content; run this again when a running verify or backup has ended"
    )]
    StillInLog,
    /// A table could not be written.
    #[error("the table could not be written: {0}; see whether there is room, and export again")]
    Export(std::io::Error),
    /// The database contradicts itself, or refused.
    #[error(transparent)]
    Storage(#[from] crate::storage::StorageError),
    /// A key cannot be read.
    #[error(transparent)]
    Pki(#[from] PkiError),
    /// The database refused.
    #[error("database: {0}; if it says locked, another program holds it: try again")]
    Database(#[from] SqlError),
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
    /// Who stands in the audit log for what is done.
    actor: Actor,
    /// Keeps a restore from putting another database under this one's name meanwhile.
    _working: File,
}

impl Admin {
    /// Opens the data folder of a collector that has been started at least once.
    ///
    /// # Errors
    /// [`AdminError::Open`] when there is no collector's database in it.
    pub fn open(data: &Path, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Result<Self, AdminError> {
        Self::open_with(data, None, clock, entropy)
    }

    /// The same where the database is not the file in the folder.
    ///
    /// # Errors
    /// [`AdminError::Open`] when there is no collector's folder, or no collector's database.
    pub fn open_with(
        data: &Path,
        database: Option<&DatabaseUrl>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, AdminError> {
        Self::open_as(data, database, clock, entropy, Database::open)
    }

    /// The same within the program that serves from the folder: it waits for the database no longer than a server does.
    ///
    /// # Errors
    /// As [`Admin::open_with`].
    pub(crate) fn open_beside(
        data: &Path,
        database: Option<&DatabaseUrl>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, AdminError> {
        Self::open_as(data, database, clock, entropy, Database::reopen)
    }

    fn open_as(
        data: &Path,
        database: Option<&DatabaseUrl>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        open: impl FnOnce(&Database) -> Result<Connection, OpenError>,
    ) -> Result<Self, AdminError> {
        let database = Database::of(data, database);
        let proof = match &database {
            Database::File(path) => path.clone(),
            // What stays in the folder are the keys.
            Database::Memory(_) | Database::Postgres(_) => pki_path(data),
        };
        if !proof.exists() {
            return Err(OpenError::Missing(data.to_owned()).into());
        }
        let working = serving_lock(data)
            .map_err(|error| OpenError::Failed { path: data.to_owned(), reason: error.to_string() })?;
        let connection = open(&database)?;
        let actor = Actor::CommandLine(account());
        Ok(Self { connection, data: data.to_owned(), clock, entropy, actor, _working: working })
    }

    /// What is done from now on is done by this one.
    #[must_use]
    pub fn acting_as(self, actor: Actor) -> Self {
        Self { actor, ..self }
    }

    /// Adds a device and gives its enrolment code, good for a day. A device of this name that has not enrolled
    /// yet gets a new code, and the old one is void.
    ///
    /// # Errors
    /// [`AdminError::BadName`], [`AdminError::NameTaken`], or the database.
    pub fn device_add(&mut self, name: &str, store: Option<&str>) -> Result<NewDevice, AdminError> {
        self.device_add_among(name, store, &Stores::All)
    }

    /// The same for whoever may only add devices to these stores: a device of this name that waits elsewhere is left alone.
    ///
    /// # Errors
    /// As [`Self::device_add`].
    pub fn device_add_among(
        &mut self,
        name: &str,
        store: Option<&str>,
        among: &Stores,
    ) -> Result<NewDevice, AdminError> {
        let fresh = DeviceId::new(self.entropy.bytes());
        self.give_code(name, store, |named| match holder(named) {
            Some(Device { device, enrolled_ms: Some(_), .. }) => {
                Err(AdminError::NameTaken { name: name.to_owned(), device: *device })
            }
            Some(waiting) if !among.hold(waiting.store.as_deref()) => {
                Err(AdminError::NameTaken { name: name.to_owned(), device: waiting.device })
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
        if let Some(store) = store {
            placing::expect_store(&transaction, store)?;
        }
        let mut named = locked(&transaction, name)?;
        named.retain(|device| device.name == name);
        let device = match choose(&named)? {
            Recipient::Known(device) => {
                if let Some(store) = store {
                    numbers::moved(&transaction, &device, store, now_ms)?;
                }
                devices::renew_code(&transaction, &device, store, &code.digest(), expires_ms)?;
                device
            }
            Recipient::New(device) => {
                devices::add(&transaction, &device, name, store, &code.digest(), (now_ms, expires_ms))?;
                device
            }
        };
        let enrol_url = read_server(&transaction)?.enrol_url;
        self.note(&transaction, "device.code", &device.to_string(), name)?;
        transaction.commit()?;
        Ok(NewDevice { device, name: name.to_owned(), code, expires_ms, enrol_url, ca_file: self.ca_file() })
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
        let found = locked(&transaction, id_or_name)?.into_iter().next();
        let found = found.ok_or_else(|| AdminError::NoSuchDevice(id_or_name.to_owned()))?;
        devices::revoke(&transaction, &found.device, reason, now_ms)?;
        self.note(&transaction, "device.revoked", &found.device.to_string(), &found.name)?;
        if found.revoked_ms.is_none() {
            outbox::tell(&transaction, &Event::of_kiosk(EventType::DeviceRevoked, &found.kiosk(), now_ms))?;
        }
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
        Ok(verify(&self.connection, &receipt_key.verifying_key())?)
    }

    /// What shoppers left for a reply, sealed.
    ///
    /// # Errors
    /// The database.
    pub fn contacts(&self) -> Result<Vec<SealedContact>, AdminError> {
        Ok(contacts::all(&self.connection)?)
    }

    /// The records that a follow-up code belongs to, in the order in which they came; nearly always one.
    ///
    /// # Errors
    /// The database.
    pub fn follow_ups(&self, code: &FollowUpCode) -> Result<Vec<FollowUp>, AdminError> {
        Ok(follow_ups::with_code(&self.connection, code)?)
    }

    /// This life of the database, as it stands in receipts.
    ///
    /// # Errors
    /// The database.
    pub fn server_epoch(&self) -> Result<ServerEpoch, AdminError> {
        Ok(read_server(&self.connection)?.server_epoch)
    }

    /// Where people come in, as the last start of the server had it.
    ///
    /// # Errors
    /// The database.
    pub fn web_url(&self) -> Result<Option<String>, AdminError> {
        Ok(read_server(&self.connection)?.web_url)
    }

    /// The certificate that devices have to be given for their first connection.
    #[must_use]
    pub fn ca_file(&self) -> PathBuf {
        ca_file_in_use(&pki_path(&self.data))
    }

    /// The newest entries of the audit log with their numbers, the newest first: so many at most, of those before a number.
    ///
    /// # Errors
    /// The database.
    pub fn audit(&self, before: Option<i64>, count: i64) -> Result<Vec<(i64, AuditEntry)>, AdminError> {
        Ok(audit::newest(&self.connection, before, count)?)
    }

    /// Hashes the audit log from its beginning.
    ///
    /// # Errors
    /// The database.
    pub fn audit_check(&self) -> Result<AuditReport, AdminError> {
        Ok(audit::check(&self.connection)?)
    }

    /// Puts down in the audit log what is done, in the transaction in which it is done.
    fn note(&self, connection: &Connection, what: &str, on: &str, more: &str) -> SqlResult<()> {
        self.note_by(connection, self.actor.name(), what, on, more)
    }

    fn note_by(
        &self,
        connection: &Connection,
        who: String,
        what: &str,
        on: &str,
        more: &str,
    ) -> SqlResult<()> {
        audit::append(connection, who, &Deed { what, on, more }, self.clock.wall_ms())
    }

    fn transaction(&self) -> SqlResult<Transaction<'_>> {
        let transaction = self.connection.transaction()?;
        transaction.own().lock_commands()?;
        Ok(transaction)
    }
}

/// Who gets a code.
enum Recipient {
    New(DeviceId),
    Known(DeviceId),
}

/// Devices with this id or this name; nobody else changes what is held of them until the transaction ends.
fn locked(transaction: &Transaction<'_>, id_or_name: &str) -> SqlResult<Vec<Device>> {
    let found: Vec<DeviceId> =
        devices::find(transaction, id_or_name)?.into_iter().map(|device| device.device).collect();
    transaction.own().lock(&found)?;
    devices::find(transaction, id_or_name)
}

/// The account that the command line is used from.
fn account() -> String {
    let named = ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    named.unwrap_or_else(|| "no name".into())
}

/// Who has the name now: a device that was not revoked, or one that an open code would bring back.
fn holder(named: &[Device]) -> Option<&Device> {
    named.iter().find(|device| device.revoked_ms.is_none() || device.code_is_open)
}
