//! A collector's folder, opened to serve from: the folder, the keys, the database, in this order.
//!
//! While they are made, a lock on the folder keeps a second start from making them too. On failure what was there is
//! as it was; a half-made folder of keys is never seen.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;

use afterword_model::ports::{Clock, Entropy};

use crate::config::{Config, pki_path};
use crate::metrics::database::DatabaseMeters;
use crate::pki::Keys;
use crate::requests::Context;
use crate::server::StartError;
use crate::storage::held;
use crate::storage::readers::Readers;
use crate::storage::writer::WritingConnection;
use crate::storage::{Database, SqlError, Urls, read_server, receipt_key_or, write_urls};
use crate::throttle::Throttle;

/// Name of the file that is locked while somebody serves.
const SERVING_FILE: &str = "serving.lock";

/// What requests are worked on with.
pub(crate) struct Opened {
    pub(crate) context: Context,
    pub(crate) readers: Readers,
    pub(crate) writing: WritingConnection,
    /// Says that somebody serves from the folder, until dropped.
    pub(crate) serving: File,
}

impl Opened {
    /// Opens the folder, creates what is missing in it, and notes where this start is reached.
    pub(crate) fn open(
        config: &Config,
        urls: &Urls,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, StartError> {
        let database = Database::of(&config.data, config.database.as_ref());
        let locked = prepare_folder(&config.data)?;
        let serving = serving_lock(&config.data)
            .map_err(|reason| StartError::Folder { path: config.data.clone(), reason })?;
        let keys = Keys::open(&pki_path(&config.data), &config.certificate_names(), &clock, &entropy)?;
        let connection = database.create(&clock, &entropy)?;
        let failed = |error: SqlError| database.failed(&error);
        let found = held::draw_epoch_if_older(&connection, &config.data, &entropy, database.is_shared())
            .map_err(failed)?;
        if found {
            tracing::warn!(
                %database,
                "the database holds less than it did: a backup was put in its place. It has a new server epoch, and devices send again what is missing"
            );
        }
        let receipt_key = *keys.now().receipt_key.verifying_key().as_bytes();
        // A file lies beside its keys: whoever lost those makes others, and enrols the devices anew.
        if database.is_shared() && receipt_key_or(&connection, &receipt_key).map_err(failed)? != receipt_key {
            let (database, folder) = (database.to_string(), pki_path(&config.data));
            return Err(StartError::OtherKeys { database, folder });
        }
        let server = read_server(&connection).map_err(failed)?;
        write_urls(&connection, urls).map_err(failed)?;
        drop(locked);
        let context = Context {
            clock,
            entropy,
            keys,
            throttle: Throttle::default(),
            server_epoch: server.server_epoch,
            device_url: urls.devices.clone(),
            certificate_life_ms: config.device_certificate_life_ms,
        };
        let meters = DatabaseMeters::default();
        let writing = WritingConnection::new(connection, database.clone(), meters.clone());
        Ok(Self { context, readers: Readers::new(database, meters), writing, serving })
    }
}

/// Creates the folder where it is missing, proves that it can be written, and locks it until dropped.
fn prepare_folder(data: &Path) -> Result<File, StartError> {
    let failed = |reason| StartError::Folder { path: data.to_owned(), reason };
    if !data.exists() {
        DirBuilder::new().recursive(true).mode(0o700).create(data).map_err(failed)?;
    } else if !fs::metadata(data).map_err(failed)?.is_dir() {
        return Err(failed(io::Error::from(io::ErrorKind::NotADirectory)));
    }
    lock_folder(data).map_err(failed)
}

/// Says that somebody serves from the folder or works on it, for as long as it is held. Several may: what it keeps away
/// is a restore, and it waits for one.
pub(crate) fn serving_lock(data: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let lock = options.write(true).create(true).truncate(false).mode(0o600).open(data.join(SERVING_FILE))?;
    lock.lock_shared()?;
    Ok(lock)
}

/// The right to change the database as a whole, until dropped; `None` while somebody serves from the folder or works on it.
pub(crate) fn exclusive_lock(data: &Path) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    let lock = options.write(true).create(true).truncate(false).mode(0o600).open(data.join(SERVING_FILE))?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(reason)) => Err(reason),
    }
}

/// The right to write keys in the folder, until dropped. Waits for whoever has it: that takes moments.
pub(crate) fn lock_folder(data: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let lock =
        options.write(true).create(true).truncate(false).mode(0o600).open(data.join("collector.lock"))?;
    lock.lock()?;
    Ok(lock)
}
