//! Putting a backup in the place of a collector's database.
//!
//! Invariants: a restore replaces nothing, it keeps what was there under another name; at every moment one whole
//! database stands under the name that the server opens, the old one or the new; a restored database has a new server
//! epoch before anybody serves from it, so that devices send again what it lacks; what was erased in the database that
//! was there is erased in the restored one before anybody can read it, and for how long what is kept is what was decided last.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use afterword_model::ports::Entropy;

use super::backing_up::BackupError;
use super::{AdminError, archive, swapping};
use crate::config::database_path;
use crate::opened::exclusive_lock;
use crate::storage::erase::{self, Erasures, erase_again};
use crate::storage::retention;
use crate::storage::sql::{Connection, SqlResult};
use crate::storage::{
    Rest, RetentionDays, RetentionField, StorageError, held, open_copy, open_existing, settle,
};

/// What a restore did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Records the restored database holds.
    pub records: u64,
    /// Where the database that was there is now.
    pub set_aside: Option<PathBuf>,
    /// Rows of the backup whose content had been erased since, and was erased again. `None`: there was no database that
    /// could be read, and what it would have said is not known.
    pub erased_again: Option<u64>,
}

/// A backup made ready to serve.
struct Prepared {
    records: u64,
    erased_again: Option<u64>,
}

/// Puts a backup in the place of the database in `data`, with a new server epoch. No server may run on it.
///
/// # Errors
/// [`BackupError`]; the database that was there is still in use then.
pub fn restore(data: &Path, from: &Path, entropy: &Arc<dyn Entropy>) -> Result<Restored, BackupError> {
    if !from.is_file() {
        return Err(failed(from, "read", io::ErrorKind::NotFound.into()));
    }
    if swapping::companions(from).iter().any(|log| log.exists()) {
        let found = "its log lies beside it: give a file that `afterword-collector backup` wrote".to_owned();
        return Err(BackupError::Unsound { path: from.to_owned(), found });
    }
    if fs::File::open(from).is_ok_and(|mut file| archive::is_one(&mut file)) {
        let found = "it is of a database on PostgreSQL: name an empty one with --database-url".to_owned();
        return Err(BackupError::Unsound { path: from.to_owned(), found });
    }
    fs::create_dir_all(data).map_err(|reason| failed(data, "created", reason))?;
    let lock = exclusive_lock(data).map_err(|reason| failed(data, "locked", reason))?;
    let _lock = lock.ok_or_else(|| BackupError::Running(data.to_owned()))?;
    let database = database_path(data);
    let draft = data.join("collector.db.restoring");
    let made = draw_up(&draft, from).and_then(|()| {
        let decided = come_to_rest(&database)?;
        prepare(&draft, from, entropy, decided.as_ref())
    });
    let put = made.and_then(|prepared| {
        let set_aside = swapping::put_in_place(&database, &draft);
        Ok((prepared, set_aside.map_err(|reason| failed(&database, "replaced", reason))?))
    });
    let (Prepared { records, erased_again }, set_aside) = put.inspect_err(|_| {
        let _ = fs::remove_file(&draft);
    })?;
    // What it held before says nothing about this one.
    held::note(data, records).map_err(|reason| failed(&held::note_path(data), "written", reason))?;
    Ok(Restored { records, set_aside, erased_again })
}

pub(super) fn failed(path: &Path, doing: &'static str, reason: io::Error) -> BackupError {
    BackupError::File { path: path.to_owned(), doing, reason }
}

/// Copies the backup to where it is worked on.
fn draw_up(draft: &Path, from: &Path) -> Result<(), BackupError> {
    // A log of an earlier restore that was killed would be played into this one.
    for leftover in swapping::companions(draft) {
        match fs::remove_file(&leftover) {
            Err(reason) if reason.kind() != io::ErrorKind::NotFound => {
                return Err(failed(&leftover, "removed", reason));
            }
            _ => {}
        }
    }
    fs::copy(from, draft).map(drop).map_err(|reason| failed(draft, "written", reason))
}

/// Makes the one file of the database that is there the whole of it, and says what was decided in it about what goes. One that can't be
/// read stays as it is: it is kept with its log.
fn come_to_rest(database: &Path) -> Result<Option<Decided>, BackupError> {
    match settle(database).map_err(AdminError::from)? {
        Rest::Busy => Err(BackupError::InUse(database.to_owned())),
        Rest::Nothing | Rest::Unreadable => Ok(None),
        Rest::Settled => Ok(open_copy(database).and_then(|connection| Decided::of(&connection)).ok()),
    }
}

/// What was decided about what goes in the database that was used so far.
pub(super) struct Decided {
    erasures: Erasures,
    retention: RetentionDays,
}

impl Decided {
    pub(super) fn of(former: &Connection) -> SqlResult<Self> {
        Ok(Self { erasures: erase::all(former)?, retention: retention::decided(former)? })
    }

    /// Decides the same in a restored database, before anybody can read it. Rows that were erased again.
    pub(super) fn decide_again(&self, restored: &Connection) -> Result<u64, StorageError> {
        let rows = erase_again(restored, &self.erasures)?;
        // What is over by now goes as soon as somebody serves from it.
        for field in RetentionField::ALL {
            retention::decide(restored, field, self.retention.get(&field).copied())?;
        }
        Ok(rows)
    }
}

/// Checks a copy of the backup, brings it up to date, gives it its epoch and erases in it what was erased since, all in
/// one closed file.
fn prepare(
    draft: &Path,
    from: &Path,
    entropy: &Arc<dyn Entropy>,
    decided: Option<&Decided>,
) -> Result<Prepared, BackupError> {
    let connection = sound(draft, from)?;
    held::draw_epoch(&connection, entropy).map_err(AdminError::from)?;
    let erased_again = decided.map(|decided| decided.decide_again(&connection)).transpose();
    let erased_again = erased_again.map_err(AdminError::from)?;
    let records = held::records(&connection).map_err(AdminError::from)?;
    connection.close().map_err(AdminError::from)?;
    File::open(draft).and_then(|file| file.sync_all()).map_err(|reason| failed(draft, "written", reason))?;
    Ok(Prepared { records, erased_again })
}

fn sound(draft: &Path, from: &Path) -> Result<Connection, BackupError> {
    let unsound = |found: String| BackupError::Unsound { path: from.to_owned(), found };
    let connection = open_existing(draft).map_err(|error| unsound(error.to_string()))?;
    let check = connection.query_one("pragma quick_check(1)", &[], |row| row.get::<String>(0));
    match check {
        Ok(found) if found == "ok" => Ok(connection),
        Ok(found) => Err(unsound(found)),
        Err(error) => Err(unsound(error.to_string())),
    }
}
