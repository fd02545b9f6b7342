//! Schema and its versions: numbered SQL files, applied in order, never backwards.
//!
//! An older program on a newer schema opens it as long as `store.compatible_with` allows; so a roll-back of
//! the program keeps collecting. Before an existing database is migrated a copy is made beside it; the
//! migration itself is one transaction and either happens or does not.

use std::fs::File;
use std::path::{Path, PathBuf};

use afterword_model::record::{StoreEpoch, genesis};
use rusqlite::{Connection, Transaction, params};
use rusqlite_migration::{M, Migrations};

use crate::error::{OpenError, StoreError};
use crate::salvage::PAGE_BYTES;

/// `AWkd`: marks the file as the database of an Afterword kiosk, in SQLite's header.
pub(crate) const APPLICATION_ID: u32 = 0x4157_6B64;

/// Every migration so far. Append only; a file that was shipped never changes.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_carried.sql"),
    include_str!("migrations/0003_flagged.sql"),
    include_str!("migrations/0004_changes.sql"),
    include_str!("migrations/0005_tally.sql"),
    include_str!("migrations/0006_alert.sql"),
    include_str!("migrations/0007_cases.sql"),
    include_str!("migrations/0008_hidden.sql"),
    include_str!("migrations/0009_cells.sql"),
    include_str!("migrations/0010_settings.sql"),
    include_str!("migrations/0011_settings_trial.sql"),
];

/// The oldest schema whose programs may use a database that this program creates. A program of schema 1 knows nothing of
/// carried records, but to collect and to send it need not: it chains, hands out and purges bytes. It counts where it knows to, and
/// what it has counted is taken over when this program comes back. Only its `doctor` finds fault, and its summary begins with
/// the roll-back. That is a smaller harm than a shop whose kiosk won't start.
const COMPATIBLE_WITH: i64 = 1;

fn of<'m>(migrations: &[&'m str]) -> Migrations<'m> {
    Migrations::new(migrations.iter().map(|sql| M::up(sql)).collect())
}

/// The same, with something to be done after the last one. All of it is one transaction.
fn followed_by<'m>(
    migrations: &[&'m str],
    then: impl Fn(&Transaction<'_>) -> rusqlite::Result<()> + Clone + Send + Sync + 'static,
) -> Migrations<'m> {
    let mut all: Vec<M<'m>> = migrations.iter().map(|sql| M::up(sql)).collect();
    if let (Some(last), Some(sql)) = (all.last_mut(), migrations.last()) {
        *last = M::up_with_hook(sql, move |transaction: &Transaction<'_>| Ok(then(transaction)?));
    }
    Migrations::new(all)
}

/// Lays out a new database in an empty file.
pub(crate) fn create(
    connection: &mut Connection,
    epoch: &StoreEpoch,
) -> Result<(), rusqlite_migration::Error> {
    // Both take effect only before the first table. A salvage reads pages of this size and no other.
    connection.pragma_update(None, "page_size", PAGE_BYTES as i64)?;
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    of(MIGRATIONS).to_latest(connection)?;
    let head = genesis(epoch);
    connection.execute(
        "INSERT INTO store (id, epoch, last_seq, head, purged_seq, purged_head, boot, clean, compatible_with)
         VALUES (1, ?1, 0, ?2, 0, ?2, 0, 1, ?3)",
        params![epoch.as_bytes(), head.as_bytes(), COMPATIBLE_WITH],
    )?;
    Ok(())
}

/// Brings an existing database to the newest of `migrations`, after a copy, and says where that is; `None` when there was
/// nothing to do. `adopt` is told the schema that was found and works in the same transaction: whoever finds the new schema finds
/// that done, too.
pub(crate) fn migrate(
    connection: &mut Connection,
    path: &Path,
    migrations: &[&str],
    adopt: impl Fn(&Transaction<'_>, usize) -> rusqlite::Result<()> + Clone + Send + Sync + 'static,
) -> Result<Option<PathBuf>, OpenError> {
    let failed = |error: rusqlite::Error| StoreError::of(path, &error);
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed)?;
    let found = usize::try_from(found).unwrap_or(usize::MAX);
    let known = migrations.len();
    if found == known {
        return Ok(None);
    }
    if found > known {
        let compatible_with: i64 = connection
            .query_row("SELECT compatible_with FROM store", [], |row| row.get(0))
            .map_err(failed)?;
        if usize::try_from(compatible_with).is_ok_and(|oldest| oldest <= known) {
            tracing::warn!(found, known, "the database was written by a newer program and is used as it is");
            return Ok(None);
        }
        return Err(OpenError::NewerSchema { path: path.to_owned(), found, known });
    }
    let copy = back_up(connection, path, known)?;
    tracing::info!(found, known, copy = %copy.display(), "migrating the database");
    let steps = followed_by(migrations, move |transaction| adopt(transaction, found));
    steps.to_latest(connection).map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => failed(err),
        other => StoreError::Unexpected { path: path.to_owned(), detail: other.to_string() },
    })?;
    Ok(Some(copy))
}

/// Checks that the schema says what these `migrations` make of an empty file. A database of a newer program is not
/// checked. SQLite believes its own description of the tables, so a letter that rotted in it gives errors that look like
/// anything but damage.
pub(crate) fn check(connection: &Connection, path: &Path, migrations: &[&str]) -> Result<(), StoreError> {
    let failed = |error: rusqlite::Error| StoreError::of(path, &error);
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed)?;
    if usize::try_from(found) != Ok(migrations.len()) {
        return Ok(());
    }
    let mut expected = Connection::open_in_memory().map_err(failed)?;
    of(migrations)
        .to_latest(&mut expected)
        .map_err(|error| StoreError::Unexpected { path: path.to_owned(), detail: error.to_string() })?;
    if statements(connection).map_err(failed)? == statements(&expected).map_err(failed)? {
        return Ok(());
    }
    let detail = "the description of its tables is another than it was made with".to_owned();
    Err(StoreError::Corrupt { path: path.to_owned(), detail })
}

/// Every object with the statement that made it, without comments and line ends.
fn statements(connection: &Connection) -> rusqlite::Result<Vec<(String, String, String)>> {
    let plain = |sql: &str| {
        let lines = sql.lines().map(str::trim).filter(|line| !line.starts_with("--"));
        lines.collect::<Vec<_>>().join(" ")
    };
    let mut read =
        connection.prepare("SELECT name, tbl_name, coalesce(sql, '') FROM sqlite_schema ORDER BY name")?;
    let objects =
        read.query_map([], |row| Ok((row.get(0)?, row.get(1)?, plain(&row.get::<_, String>(2)?))))?;
    objects.collect()
}

/// Copies the whole database, log included, to `kiosk.db.before-schema-<known>`.
///
/// SQLite makes the copy: a file of the database that this process opened and closed by itself would take
/// SQLite's locks with it (<https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_>).
fn back_up(connection: &Connection, path: &Path, known: usize) -> Result<PathBuf, OpenError> {
    let mut copy = path.as_os_str().to_owned();
    copy.push(format!(".before-schema-{known}"));
    let copy = PathBuf::from(copy);
    let failed = |reason| OpenError::File { path: copy.clone(), doing: "written", reason };
    match std::fs::remove_file(&copy) {
        // From a migration that did not come to its end; the database is as it was then.
        Err(reason) if reason.kind() != std::io::ErrorKind::NotFound => return Err(failed(reason)),
        _ => {}
    }
    let name = copy.to_str().ok_or_else(|| failed(std::io::ErrorKind::InvalidFilename.into()))?;
    connection.execute("VACUUM INTO ?1", [name]).map_err(|error| StoreError::of(&copy, &error))?;
    File::open(&copy).and_then(|file| file.sync_all()).map_err(failed)?;
    Ok(copy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::open_writer;

    const NEXT: &str = "ALTER TABLE record ADD COLUMN later TEXT; UPDATE store SET boot = 70;";
    const BROKEN: &str = "UPDATE store SET boot = 70; SELECT * FROM nowhere;";

    /// Every migration, and this one.
    fn and(sql: &'static str) -> Vec<&'static str> {
        MIGRATIONS.iter().copied().chain([sql]).collect()
    }

    fn migrate(
        connection: &mut Connection,
        path: &Path,
        migrations: &[&str],
    ) -> Result<Option<PathBuf>, OpenError> {
        super::migrate(connection, path, migrations, |_, _| Ok(()))
    }

    fn present_schema(directory: &Path) -> (PathBuf, Connection) {
        let path = directory.join("kiosk.db");
        create(&mut Connection::open(&path).unwrap(), &StoreEpoch::new([1; 16])).unwrap();
        let connection = open_writer(&path).unwrap();
        // This one is in the log only, and must be in the copy.
        connection.execute("UPDATE store SET boot = 7", []).unwrap();
        (path, connection)
    }

    fn boot(connection: &Connection) -> i64 {
        connection.query_row("SELECT boot FROM store", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn the_migrations_are_in_order() {
        assert_eq!(of(MIGRATIONS).validate(), Ok(()));
    }

    #[test]
    fn a_migration_leaves_a_copy_of_what_was() {
        let directory = tempfile::tempdir().unwrap();
        let (path, mut connection) = present_schema(directory.path());
        let copy = migrate(&mut connection, &path, &and(NEXT)).unwrap().expect("a copy was made");
        assert_eq!(boot(&connection), 70);
        assert_eq!(boot(&Connection::open(copy).unwrap()), 7);
        assert_eq!(migrate(&mut connection, &path, &and(NEXT)).unwrap(), None);
        assert_eq!(
            migrate(&mut connection, &path, MIGRATIONS).unwrap(),
            None,
            "the program before can go on"
        );
    }

    #[test]
    fn a_migration_that_fails_has_not_happened() {
        let directory = tempfile::tempdir().unwrap();
        let (path, mut connection) = present_schema(directory.path());
        assert!(migrate(&mut connection, &path, &and(BROKEN)).is_err());
        assert_eq!(boot(&connection), 7);
        assert_eq!(migrate(&mut connection, &path, MIGRATIONS).unwrap(), None);
    }

    #[test]
    fn what_is_adopted_with_a_migration_happens_with_it_or_not_at_all() {
        let directory = tempfile::tempdir().unwrap();
        let (path, mut connection) = present_schema(directory.path());
        let found = MIGRATIONS.len();
        let adopting = |outcome: fn(&Transaction<'_>, usize) -> rusqlite::Result<()>| outcome;
        let failing = adopting(|transaction, _| {
            transaction.execute("UPDATE store SET boot = 71", [])?;
            Err(rusqlite::Error::QueryReturnedNoRows)
        });
        assert!(super::migrate(&mut connection, &path, &and(NEXT), failing).is_err());
        assert_eq!(boot(&connection), 7);
        let adding = adopting(|transaction, from| {
            transaction.execute("UPDATE store SET boot = boot + ?1", [from as i64]).map(drop)
        });
        assert!(super::migrate(&mut connection, &path, &and(NEXT), adding).unwrap().is_some());
        assert_eq!(boot(&connection), 70 + found as i64, "after the new schema's own statements");
    }
}
