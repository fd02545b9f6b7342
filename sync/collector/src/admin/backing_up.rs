//! A copy of the database.
//!
//! Invariant: a backup is one consistent state, made while the server goes on. Keys are not part of it: they lie in the
//! folder `pki` and are backed up by themselves.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::{Admin, AdminError};
use crate::pki::sync_folder;
use crate::storage::sql::values;
use crate::storage::{held, open_copy};

/// Why there is no backup, or none was put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Something stands there.
    #[error("{0} is there already; name a file that is not, so that no backup is written over")]
    Exists(PathBuf),
    /// Somebody serves from the folder, or works on it.
    #[error("a server or another command works on {0}; end it first, restore, and start the server again")]
    Running(PathBuf),
    /// A program that is none of ours has the database open.
    #[error("another program has {0} open; end it (an SQLite shell, a backup program) and restore again")]
    InUse(PathBuf),
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
    /// The data is in no file.
    #[error(
        "this collector's data is in PostgreSQL: copy it with pg_dump or pg_basebackup and put it back with its own means, and the folder pki by itself; backup and restore are for the file that is used without AFTERWORD_DATABASE_URL"
    )]
    InPostgres,
    /// The database.
    #[error(transparent)]
    Admin(#[from] AdminError),
}

impl Admin {
    /// Writes a copy of the database to a new file, also while the server runs.
    ///
    /// # Errors
    /// [`BackupError`]; there is no half of a backup then.
    pub fn back_up(&self, to: &Path) -> Result<u64, BackupError> {
        let failed = |reason| BackupError::File { path: to.to_owned(), doing: "written", reason };
        if self.connection.own().sqlite().is_none() {
            return Err(BackupError::InPostgres);
        }
        if to.exists() {
            return Err(BackupError::Exists(to.to_owned()));
        }
        let name = to.to_str().ok_or_else(|| failed(io::ErrorKind::InvalidFilename.into()))?;
        let copied = self.connection.execute("vacuum into ?1", values![name]).map_err(AdminError::from);
        let durable = copied.map_err(BackupError::from).and_then(|_| {
            File::open(to).and_then(|file| file.sync_all()).map_err(failed)?;
            sync_folder(to.parent().unwrap_or(Path::new("."))).map_err(failed)
        });
        if durable.is_err() {
            let _ = fs::remove_file(to);
        }
        durable?;
        let copy = open_copy(to).map_err(AdminError::from)?;
        Ok(held::records(&copy).map_err(AdminError::from)?)
    }
}
