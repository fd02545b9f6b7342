//! Putting a backup into a PostgreSQL database.
//!
//! Invariants: only into one in which there is no collector, so that nothing is replaced and the one before stays as it is; all of the file
//! is read before anything is changed; tables, rows, a new server epoch, and what was decided since about what goes come to be in
//! one transaction.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use afterword_model::ports::{Clock, Entropy};

use super::AdminError;
use super::archive::{self, Head, Part, Reader};
use super::backing_up::BackupError;
use super::restoring::{Decided, Restored, failed, restore};
use crate::opened::exclusive_lock;
use crate::storage::sql::Connection;
use crate::storage::{Database, DatabaseUrl, POSTGRES_STEPS, held};

/// Puts a backup into a database in which there is no collector, with a new server epoch. `former` is the database that was used so far, where
/// it can still be read: what was erased there is erased in the restored one before anybody can read it, and for how long what is kept is what
/// was decided there. No server may run from `data`.
///
/// # Errors
/// [`BackupError`]; the database is as it was then.
pub fn restore_into(
    data: &Path,
    database: &DatabaseUrl,
    from: &Path,
    former: Option<&DatabaseUrl>,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> Result<Restored, BackupError> {
    let into = Database::of(data, Some(database));
    if !into.is_shared() {
        return restore(data, from, entropy);
    }
    let head = check(from)?;
    std::fs::create_dir_all(data).map_err(|reason| failed(data, "created", reason))?;
    let lock = exclusive_lock(data).map_err(|reason| failed(data, "locked", reason))?;
    let _lock = lock.ok_or_else(|| BackupError::Running(data.to_owned()))?;
    let decided = former.map(|former| decided_in(&Database::of(data, Some(former)))).transpose()?;
    let connection = into.open_empty().map_err(AdminError::from)?;
    let connection = connection.ok_or_else(|| BackupError::NotEmpty(into.to_string()))?;
    let (records, erased_again) = fill(&connection, from, &head, decided.as_ref(), clock.wall_ms(), entropy)?;
    // What this folder's database held before says nothing about this one.
    held::note(data, records).map_err(|reason| failed(&held::note_path(data), "written", reason))?;
    Ok(Restored { records, set_aside: None, erased_again })
}

fn decided_in(former: &Database) -> Result<Decided, BackupError> {
    let connection = former.open().map_err(AdminError::from)?;
    Ok(Decided::of(&connection).map_err(AdminError::from)?)
}

fn unsound(from: &Path, found: String) -> BackupError {
    BackupError::Unsound { path: from.to_owned(), found }
}

fn reader(from: &Path) -> Result<Reader, BackupError> {
    let mut file = File::open(from).map_err(|reason| failed(from, "read", reason))?;
    if !archive::is_one(&mut file) {
        let found = "it is none of a database on PostgreSQL".to_owned();
        return Err(unsound(from, found));
    }
    Reader::behind(file).map_err(|reason| failed(from, "read", reason))
}

/// Reads all of the file, and says what it is.
fn check(from: &Path) -> Result<Head, BackupError> {
    let mut reader = reader(from)?;
    let wrong = |found| unsound(from, found);
    let Part::Head(head) = reader.next().map_err(wrong)? else {
        return Err(wrong("it does not say what it is".to_owned()));
    };
    if POSTGRES_STEPS.iter().all(|(name, _)| *name != head.step) {
        return Err(wrong("it was written by a newer afterword-collector".to_owned()));
    }
    loop {
        match reader.next().map_err(wrong)? {
            Part::End => return Ok(head),
            Part::Table(table) if !table.is_of(POSTGRES_STEPS) => {
                return Err(wrong(format!("it has a table `{}`", table.name.escape_debug())));
            }
            _ => {}
        }
    }
}

/// Makes the tables as they were, fills them, and brings them up to date. Records, and rows that were erased again.
fn fill(
    connection: &Connection,
    from: &Path,
    head: &Head,
    decided: Option<&Decided>,
    now_ms: i64,
    entropy: &Arc<dyn Entropy>,
) -> Result<(u64, Option<u64>), BackupError> {
    let sql = |error| BackupError::from(AdminError::from(error));
    let wrong = |found| unsound(from, found);
    let count = POSTGRES_STEPS.iter().position(|(name, _)| *name == head.step).map_or(0, |last| last + 1);
    let whole = connection.transaction().map_err(sql)?;
    let database = whole.own().postgres().ok_or_else(|| wrong("this is no PostgreSQL".to_owned()))?;
    let steps = &POSTGRES_STEPS[..count];
    database.make_tables(steps, now_ms, head.received_ms).map_err(|error| sql(error.into_sql()))?;
    let mut reader = reader(from)?;
    let mut part = reader.next().map_err(wrong)?;
    loop {
        part = match part {
            Part::Head(_) => reader.next().map_err(wrong)?,
            Part::Table(table) => {
                let mut behind = None;
                database.copy_in(&table, || match reader.next().map_err(wrong)? {
                    Part::Rows(rows) => Ok::<_, BackupError>(Some(rows)),
                    other => {
                        behind = Some(other);
                        Ok(None)
                    }
                })?;
                behind.ok_or_else(|| wrong("a table has no end".to_owned()))?
            }
            Part::Rows(_) => return Err(wrong("rows stand outside of a table".to_owned())),
            Part::End => break,
        }
    }
    database.make_tables(POSTGRES_STEPS, now_ms, None).map_err(|error| sql(error.into_sql()))?;
    let erased_again = decided.map(|decided| decided.decide_again(&whole)).transpose();
    let erased_again = erased_again.map_err(AdminError::from)?;
    held::draw_epoch(&whole, entropy).map_err(sql)?;
    let records = held::records(&whole).map_err(sql)?;
    whole.commit().map_err(sql)?;
    Ok((records, erased_again))
}
