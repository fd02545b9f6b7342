//! A copy of the database.
//!
//! Invariant: a backup is one consistent state, made while the server goes on. Keys are not part of it: they lie in the
//! folder `pki` and are backed up by themselves.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::archive::{Head, Writer};
use super::{Admin, AdminError};
use crate::pki::sync_folder;
use crate::storage::sql::postgres::Postgres;
use crate::storage::sql::{SqlError, values};
use crate::storage::{POSTGRES_STEPS, held, open_copy};

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
    /// The database holds a collector's data.
    #[error(
        "there is a collector in the database {0} already, and nothing was changed; create an empty database (createdb), restore into that, and let AFTERWORD_DATABASE_URL name it"
    )]
    NotEmpty(String),
    /// The database.
    #[error(transparent)]
    Admin(#[from] AdminError),
}

impl From<SqlError> for BackupError {
    fn from(error: SqlError) -> Self {
        AdminError::from(error).into()
    }
}

impl Admin {
    /// Writes a copy of the database to a new file, also while the server runs. Gives the number of records in it.
    ///
    /// # Errors
    /// [`BackupError`]; there is no half of a backup then.
    pub fn back_up(&self, to: &Path) -> Result<u64, BackupError> {
        let name = to.to_str().ok_or_else(|| failed(to)(io::ErrorKind::InvalidFilename.into()))?;
        // Whoever made the file removes it: one that another program made meanwhile is not ours.
        let file = create(to)?;
        let made = match self.connection.own().postgres() {
            Some(database) => self.archive(database, file, to),
            None => {
                // A file that is closed lets go of what others of this process hold of it.
                drop(file);
                self.copy(name, to)
            }
        };
        made.inspect_err(|_| {
            let _ = fs::remove_file(to);
        })
    }

    /// One state of PostgreSQL's tables, as of one moment.
    fn archive(&self, database: &Postgres, file: File, to: &Path) -> Result<u64, BackupError> {
        let failed = failed(to);
        let sql = |error| BackupError::from(AdminError::from(error));
        let moment = self.connection.snapshot().map_err(sql)?;
        let records = held::records(&moment).map_err(sql)?;
        let span = "select min(received_ms), max(received_ms) from records";
        let received_ms =
            moment.query_one(span, &[], |row| Ok(row.get::<Option<i64>>(0)?.zip(row.get::<Option<i64>>(1)?)));
        let step = POSTGRES_STEPS.last().map_or("", |(name, _)| *name).to_owned();
        let head = Head { step, records, received_ms: received_ms.map_err(sql)? };
        let mut writer = Writer::begin(file, &head).map_err(failed)?;
        for table in database.tables(POSTGRES_STEPS).map_err(sql)? {
            writer.table(&table).map_err(failed)?;
            database.copy_out(&table, |rows| writer.rows(rows).map_err(failed))?;
        }
        writer.end().map_err(failed)?;
        sync_folder(to.parent().unwrap_or(Path::new("."))).map_err(failed)?;
        Ok(records)
    }

    /// SQLite writes into a file that is there if it is empty, and leaves its mode as it is.
    fn copy(&self, name: &str, to: &Path) -> Result<u64, BackupError> {
        let failed = failed(to);
        let copied = self.connection.execute("vacuum into ?1", values![name]).map_err(AdminError::from);
        copied?;
        File::open(to).and_then(|file| file.sync_all()).map_err(failed)?;
        sync_folder(to.parent().unwrap_or(Path::new("."))).map_err(failed)?;
        let copy = open_copy(to).map_err(AdminError::from)?;
        Ok(held::records(&copy).map_err(AdminError::from)?)
    }
}

/// A new, empty file for its owner's eyes alone: a backup holds everything that shoppers wrote.
fn create(to: &Path) -> Result<File, BackupError> {
    let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to);
    created.map_err(|reason| match reason.kind() {
        io::ErrorKind::AlreadyExists => BackupError::Exists(to.to_owned()),
        _ => failed(to)(reason),
    })
}

fn failed(to: &Path) -> impl Fn(io::Error) -> BackupError + Copy {
    move |reason| BackupError::File { path: to.to_owned(), doing: "written", reason }
}
