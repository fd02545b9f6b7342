//! Everything that can go wrong with the store, each in one sentence: what, where, and the way out.
//!
//! SQLite's codes are sorted here and nowhere else.

use std::path::{Path, PathBuf};

use afterword_model::record::{RECORD_BYTES_MAX, Seq};
use rusqlite::{ErrorCode, ffi};

use afterword_model::case::StepRefused;
use afterword_protocol::case_steps::CaseStepsError;
use afterword_protocol::changes::ChangesError;
use afterword_protocol::limits::STORE_COMMANDS_MAX;
use afterword_protocol::settings::EnvelopeError;

use crate::trial::{TRIAL_MS, TRIAL_STARTS_MAX};

/// The store could not be opened. Nothing that was saved is lost by that.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another kiosk program has it.
    #[error(
        "{}: another kiosk program already uses this data directory; stop that one first or choose another directory",
        .0.display()
    )]
    InUse(PathBuf),
    /// The file is not ours.
    #[error(
        "{}: this file belongs to another program, so it was left as it is; move it away or choose another data directory",
        .0.display()
    )]
    ForeignDatabase(PathBuf),
    /// A program of the future wrote it, in a way this one would spoil.
    #[error(
        "{}: written by a newer kiosk program (schema {found}, this program knows {known}); install that program again",
        .path.display()
    )]
    NewerSchema {
        /// The database.
        path: PathBuf,
        /// Its schema.
        found: usize,
        /// The newest schema known here.
        known: usize,
    },
    /// The SQLite this program was linked with can lose commits.
    #[error("SQLite {0} is linked in, which can lose saved data; build the kiosk with its bundled SQLite")]
    OldSqlite(&'static str),
    /// The operating system refused something with a file.
    #[error("{}: cannot be {doing} ({reason}); check the directory, its owner and the free space", .path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What was tried, as a participle.
        doing: &'static str,
        /// What the operating system says.
        reason: std::io::Error,
    },
    /// SQLite refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Something asked of an open store was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// No room.
    #[error("{}: the disk is full, so nothing was saved; make room on it", .0.display())]
    Full(PathBuf),
    /// No room beyond what was kept in reserve.
    #[error("{}: the disk is full and the space kept in reserve is used; every answer so far is saved, make room on it", .0.display())]
    ReserveUsed(PathBuf),
    /// No writing.
    #[error("{}: the file system is read-only, so nothing was saved; check the card and restart", .0.display())]
    ReadOnly(PathBuf),
    /// The disk answers with errors. What was asked counts as lost.
    #[error("{}: the disk gives errors ({detail}), so nothing was saved; replace the card or disk", .path.display())]
    Io {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        detail: String,
    },
    /// The file's content is damaged.
    #[error("{}: the database is damaged ({detail}); restart the kiosk, which sets it aside and goes on with what is whole in it", .path.display())]
    Corrupt {
        /// The database.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// Some other program holds a lock on the file.
    #[error("{}: another program keeps the database locked, so nothing was saved; close that program", .0.display())]
    Locked(PathBuf),
    /// A use of SQLite that should not have failed.
    #[error("{}: the database refused ({detail}), so nothing was saved; restart the kiosk and report this", .path.display())]
    Unexpected {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        detail: String,
    },
    /// The disk is slower than the touches.
    #[error(
        "{STORE_COMMANDS_MAX} saves are already waiting for the disk, so this one was not taken; try again in a moment"
    )]
    Busy,
    /// The writer thread is gone.
    #[error("the store is closed, so nothing can be saved or read; restart the kiosk")]
    Stopped,
    /// More than a record may hold.
    #[error(
        "the response would be a record of {0} bytes, at most {RECORD_BYTES_MAX} are possible, so it was not saved; \
         shorten the survey's ids"
    )]
    TooLong(usize),
    /// The counter is at its end.
    #[error("the store has given its last number, so nothing more can be saved; begin a new data directory")]
    Exhausted,
    /// What was sent to be shown is not fit for the screen.
    #[error("what was sent for the strip was not kept, and what it shows stays: {0}")]
    NotShown(ChangesError),
    /// What is wished is no step of that case.
    #[error("nothing was put down: {0}")]
    NoStep(StepRefused),
    /// Steps that came from head office are not fit to be kept.
    #[error("head office's steps were not kept, and are asked for again: {0}")]
    NotKept(CaseStepsError),
    /// Settings that came from head office are none that this kiosk can go by.
    #[error("head office's settings were not taken, and what holds stays: {0}")]
    NotDecided(EnvelopeError),
    /// The program has fallen over these settings before.
    #[error(
        "head office's settings were not taken, and what holds stays: with them the kiosk's program ended {TRIAL_STARTS_MAX} times in a row within {} s of its start, so it does not try them again; change something in them or update the program, and send that",
        TRIAL_MS / 1_000
    )]
    FellOver,
    /// One record does not hash to its own head.
    #[error("record {0} is damaged on the disk and is not handed out; run `afterword-kiosk doctor`")]
    DamagedRecord(Seq),
}

impl OpenError {
    /// Whether there would be nothing wrong if the disk had more room.
    pub(crate) fn is_lack_of_room(&self) -> bool {
        match self {
            Self::Store(error) => matches!(error, StoreError::Full(_)),
            Self::File { reason, .. } => reason.kind() == std::io::ErrorKind::StorageFull,
            _ => false,
        }
    }
}

impl StoreError {
    /// Sorts what SQLite says.
    pub(crate) fn of(path: &Path, error: &rusqlite::Error) -> Self {
        let path = path.to_owned();
        let detail = error.to_string();
        let extended = error.sqlite_error().map(|error| error.extended_code);
        // Every table is strict: a column of another kind than it was given is a page that was not written so.
        let is_of_another_kind = matches!(
            error,
            rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
        );
        match error.sqlite_error_code() {
            _ if is_of_another_kind => Self::Corrupt { path, detail },
            // The log's index is a file as well, and the one that asks for a block when the log begins.
            _ if extended == Some(ffi::SQLITE_IOERR_SHMSIZE) => Self::Full(path),
            Some(ErrorCode::DiskFull) => Self::Full(path),
            Some(ErrorCode::ReadOnly) => Self::ReadOnly(path),
            Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => Self::Io { path, detail },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt { path, detail },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked(path),
            _ => Self::Unexpected { path, detail },
        }
    }

    /// Whether the file itself has to be set aside.
    pub(crate) fn is_corruption(&self) -> bool {
        matches!(self, Self::Corrupt { .. })
    }

    /// Whether a start that fails with this goes on with a new file. A damaged schema can make SQLite complain of
    /// anything; a salvage brings over what a sound file has, so nothing is lost should it have been one.
    pub(crate) fn is_damage_at_start(&self) -> bool {
        matches!(self, Self::Corrupt { .. } | Self::Unexpected { .. })
    }

    /// Whether the connection is fit for use after this error. After most nobody knows what SQLite's caches
    /// hold against what the disk does, and one opened on a read-only disk stays so; only a new one will do.
    pub(crate) fn leaves_connection_sound(&self) -> bool {
        matches!(self, Self::Full(_) | Self::Locked(_))
    }
}
