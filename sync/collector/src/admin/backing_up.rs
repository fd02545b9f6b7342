//! A copy of the database, and putting one back.
//!
//! Invariants: a backup is one consistent state, made while the server goes on; a restore replaces nothing, it moves what
//! was there aside; a restored database has a new server epoch before anybody serves from it, so that devices send again
//! what it lacks. Keys are not part of either: they lie in the folder `pki` and are backed up by themselves.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use afterword_model::ports::Entropy;
use rusqlite::Connection;

use super::{Admin, AdminError};
use crate::config::database_path;
use crate::opened::exclusive_lock;
use crate::pki::sync_folder;
use crate::storage::{held, open_existing};

/// Why there is no backup, or none was put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Something stands there.
    #[error("{0} is there already; name a file that is not, so that no backup is written over")]
    Exists(PathBuf),
    /// Somebody serves from the folder.
    #[error("a server runs on {0}; end it first, restore, and start it again")]
    Running(PathBuf),
    /// The file cannot be used.
    #[error("{path} cannot be {doing}: {reason}; check the path, its owner and the free space")]
    File {
        /// Which.
        path: PathBuf,
        /// What was tried, as a participle.
        doing: &'static str,
        /// What the system said.
        reason: io::Error,
    },
    /// The backup is no sound database of a collector.
    #[error("{path} is no sound backup of a collector ({found}); choose another one")]
    Unsound {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        found: String,
    },
    /// The database.
    #[error(transparent)]
    Admin(#[from] AdminError),
}

/// What a restore did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Records the restored database holds.
    pub records: u64,
    /// Where the database that was there is now.
    pub set_aside: Option<PathBuf>,
}

impl Admin {
    /// Writes a copy of the database to a new file, also while the server runs.
    ///
    /// # Errors
    /// [`BackupError`]; there is no half of a backup then.
    pub fn back_up(&self, to: &Path) -> Result<u64, BackupError> {
        let failed = |reason| BackupError::File { path: to.to_owned(), doing: "written", reason };
        if to.exists() {
            return Err(BackupError::Exists(to.to_owned()));
        }
        let name = to.to_str().ok_or_else(|| failed(io::ErrorKind::InvalidFilename.into()))?;
        let copied = self.connection.execute("vacuum into ?1", [name]).map_err(AdminError::from);
        let durable = copied.map_err(BackupError::from).and_then(|_| {
            File::open(to).and_then(|file| file.sync_all()).map_err(failed)?;
            sync_folder(to.parent().unwrap_or(Path::new("."))).map_err(failed)
        });
        if durable.is_err() {
            let _ = fs::remove_file(to);
        }
        durable?;
        let copy = Connection::open(to).map_err(AdminError::from)?;
        Ok(held::records(&copy).map_err(AdminError::from)?)
    }
}

/// Puts a backup in the place of the database in `data`, with a new server epoch. No server may run on it.
///
/// # Errors
/// [`BackupError`]; the database that was there is still in use then.
pub fn restore(data: &Path, from: &Path, entropy: &Arc<dyn Entropy>) -> Result<Restored, BackupError> {
    let failed = |path: &Path, doing, reason| BackupError::File { path: path.to_owned(), doing, reason };
    if !from.is_file() {
        return Err(failed(from, "read", io::ErrorKind::NotFound.into()));
    }
    if companions(from).iter().any(|log| log.exists()) {
        let found = "its log lies beside it: give a file that `afterword-collector backup` wrote".to_owned();
        return Err(BackupError::Unsound { path: from.to_owned(), found });
    }
    fs::create_dir_all(data).map_err(|reason| failed(data, "created", reason))?;
    let lock = exclusive_lock(data).map_err(|reason| failed(data, "locked", reason))?;
    let _lock = lock.ok_or_else(|| BackupError::Running(data.to_owned()))?;
    let draft = data.join("collector.db.restoring");
    // A log of an earlier restore that was killed would be played into this one.
    for leftover in companions(&draft) {
        match fs::remove_file(&leftover) {
            Err(reason) if reason.kind() != io::ErrorKind::NotFound => {
                return Err(failed(&leftover, "removed", reason));
            }
            _ => {}
        }
    }
    let made = fs::copy(from, &draft).map_err(|reason| failed(&draft, "written", reason));
    let records = match made.and_then(|_| prepare(&draft, from, entropy)) {
        Ok(records) => records,
        Err(error) => {
            let _ = fs::remove_file(&draft);
            return Err(error);
        }
    };
    let database = database_path(data);
    let set_aside = set_aside(&database).map_err(|reason| failed(&database, "set aside", reason))?;
    let put = fs::rename(&draft, &database).and_then(|()| sync_folder(data));
    put.map_err(|reason| failed(&database, "written", reason))?;
    // What it held before says nothing about this one.
    held::note(data, records).map_err(|reason| failed(&held::note_path(data), "written", reason))?;
    Ok(Restored { records, set_aside })
}

/// Checks a copy of the backup, brings it up to date and gives it its epoch, all in one closed file.
fn prepare(draft: &Path, from: &Path, entropy: &Arc<dyn Entropy>) -> Result<u64, BackupError> {
    let unsound = |found: String| BackupError::Unsound { path: from.to_owned(), found };
    let connection = open_existing(draft).map_err(|error| unsound(error.to_string()))?;
    let check: rusqlite::Result<String> = connection.query_row("pragma quick_check(1)", [], |row| row.get(0));
    match check.as_deref() {
        Ok("ok") => {}
        Ok(found) => return Err(unsound(found.to_owned())),
        Err(error) => return Err(unsound(error.to_string())),
    }
    held::draw_epoch(&connection, entropy).map_err(AdminError::from)?;
    let records = held::records(&connection).map_err(AdminError::from)?;
    connection.close().map_err(|(_, error)| AdminError::from(error))?;
    File::open(draft).and_then(|file| file.sync_all()).map_err(|reason| BackupError::File {
        path: draft.to_owned(),
        doing: "written",
        reason,
    })?;
    Ok(records)
}

/// A database's log and the log's index.
fn companions(database: &Path) -> [PathBuf; 2] {
    ["-wal", "-shm"].map(|suffix| {
        let mut name = database.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    })
}

/// Renames the database with its log, so that nothing of it is played into another.
fn set_aside(database: &Path) -> io::Result<Option<PathBuf>> {
    let named = |suffix: &str| {
        let mut name = database.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    if !database.exists() {
        return Ok(None);
    }
    let free = (1_u32..).map(|number| format!(".before-restore-{number}"));
    let aside =
        free.into_iter().find(|suffix| !named(suffix).exists()).expect("numbers do not end before disks");
    for companion in ["", "-wal", "-shm"] {
        match fs::rename(named(companion), named(&format!("{aside}{companion}"))) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(Some(named(&aside)))
}
