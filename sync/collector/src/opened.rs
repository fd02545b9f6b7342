//! A collector's folder, opened to serve from: the folder, the keys, the database, in this order.
//!
//! While they are made, a lock on the folder keeps a second start from making them too. On failure what was there is
//! as it was; a half-made folder of keys is never seen.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;

use afterword_model::ports::{Clock, Entropy};

use crate::config::{Config, database_path, pki_path};
use crate::pki::Keys;
use crate::requests::Context;
use crate::server::StartError;
use crate::storage::readers::Readers;
use crate::storage::writer::WritingConnection;
use crate::storage::{OpenError, open_or_create, read_server, write_urls};
use crate::throttle::Throttle;

/// What requests are worked on with.
pub(crate) struct Opened {
    pub(crate) context: Context,
    pub(crate) readers: Readers,
    pub(crate) writing: WritingConnection,
}

impl Opened {
    /// Opens the folder, creates what is missing in it, and notes where this start is reached.
    pub(crate) fn open(
        config: &Config,
        (device_url, enrol_url): (&str, &str),
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, StartError> {
        let database = database_path(&config.data);
        let locked = prepare_folder(&config.data)?;
        let keys = Keys::open(&pki_path(&config.data), &config.certificate_names(), &clock, &entropy)?;
        let connection = open_or_create(&database, &clock, &entropy)?;
        let failed =
            |error: rusqlite::Error| OpenError::Failed { path: database.clone(), reason: error.to_string() };
        let server = read_server(&connection).map_err(failed)?;
        write_urls(&connection, device_url, enrol_url).map_err(failed)?;
        drop(locked);
        let context = Context {
            clock,
            entropy,
            keys,
            throttle: Throttle::default(),
            server_epoch: server.server_epoch,
            device_url: device_url.to_owned(),
            certificate_life_ms: config.device_certificate_life_ms,
        };
        let writing = WritingConnection::new(connection, database.clone());
        Ok(Self { context, readers: Readers::new(database), writing })
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

/// The right to write keys in the folder, until dropped. Waits for whoever has it: that takes moments.
pub(crate) fn lock_folder(data: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let lock =
        options.write(true).create(true).truncate(false).mode(0o600).open(data.join("collector.lock"))?;
    lock.lock()?;
    Ok(lock)
}
