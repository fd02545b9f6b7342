//! Opening the database: whose it is, how it is set, which schema it has.
//!
//! Invariant: a file that is not ours is only looked at, never changed. A new database comes to be in one
//! transaction; a crash before its commit leaves an empty file, which the next start takes as new.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use afterword_model::ports::{Clock, Entropy};
use afterword_model::record::ServerEpoch;
use rusqlite::{ErrorCode, OpenFlags, params};
use rusqlite_migration::{M, Migrations};

use super::sql::{Connection, HexColumn, SqlError, SqlResult, Sqlite, values};

/// Older ones can lose a commit when a write races a checkpoint.
const SQLITE_VERSION_MIN: i32 = 3_051_003;
/// `AWC1`, as the first migration writes it.
pub(super) const APPLICATION_ID: i32 = 0x4157_4331;
/// How long a statement waits for another process (the command line) that holds the database.
pub(super) const DATABASE_BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Pages after which SQLite moves its log into the database: 16 MiB of 4 KiB pages, so that a page which many
/// batches touch is not written back for each of them.
pub const CHECKPOINT_PAGES: u32 = 4_000;
/// Bytes the write-ahead log is cut back to after a checkpoint, so that one bad day doesn't keep its disk space.
const LOG_BYTES_KEPT: u32 = 64 * 1024 * 1024;
/// Prepared statements kept by each connection; more than this program has.
const STATEMENTS_KEPT: usize = 256;

/// With names of databases in memory; a path is one, when it begins with `file:`, and ours do not.
const FLAGS: OpenFlags = OpenFlags::SQLITE_OPEN_READ_WRITE
    .union(OpenFlags::SQLITE_OPEN_NO_MUTEX)
    .union(OpenFlags::SQLITE_OPEN_URI);

const STEPS: &[M<'static>] = &[
    M::up(include_str!("migrations/sqlite/0001_first.sql")),
    M::up(include_str!("migrations/sqlite/0002_enrolled_again.sql")),
    M::up(include_str!("migrations/sqlite/0003_heartbeats.sql")),
    M::up(include_str!("migrations/sqlite/0004_receipts.sql")),
    M::up(include_str!("migrations/sqlite/0005_carried.sql")),
    M::up(include_str!("migrations/sqlite/0006_erased.sql")),
    M::up(include_str!("migrations/sqlite/0007_retired.sql")),
    M::up(include_str!("migrations/sqlite/0008_turns.sql")),
    M::up(include_str!("migrations/sqlite/0009_changes.sql")),
    M::up(include_str!("migrations/sqlite/0010_follow_up_codes.sql")),
    M::up(include_str!("migrations/sqlite/0011_cases.sql")),
    M::up(include_str!("migrations/sqlite/0012_keys.sql")),
    M::up(include_str!("migrations/sqlite/0013_places.sql")),
    M::up(include_str!("migrations/sqlite/0014_people.sql")),
    M::up(include_str!("migrations/sqlite/0015_numbers.sql")),
    M::up(include_str!("migrations/sqlite/0016_settings.sql")),
    M::up(include_str!("migrations/sqlite/0017_tokens.sql")),
    M::up(include_str!("migrations/sqlite/0018_webhooks.sql")),
    M::up(include_str!("migrations/sqlite/0019_retention.sql")),
    M::up(include_str!("migrations/sqlite/0020_day_notes.sql")),
    M::up(include_str!("migrations/sqlite/0021_silent.sql")),
];
/// The same steps for PostgreSQL, each with its name.
pub(crate) const POSTGRES_STEPS: &[(&str, &str)] = &[
    ("0001_first", include_str!("migrations/postgres/0001_first.sql")),
    ("0002_enrolled_again", include_str!("migrations/postgres/0002_enrolled_again.sql")),
    ("0003_heartbeats", include_str!("migrations/postgres/0003_heartbeats.sql")),
    ("0004_receipts", include_str!("migrations/postgres/0004_receipts.sql")),
    ("0005_carried", include_str!("migrations/postgres/0005_carried.sql")),
    ("0006_erased", include_str!("migrations/postgres/0006_erased.sql")),
    ("0007_retired", include_str!("migrations/postgres/0007_retired.sql")),
    ("0008_turns", include_str!("migrations/postgres/0008_turns.sql")),
    ("0009_changes", include_str!("migrations/postgres/0009_changes.sql")),
    ("0010_follow_up_codes", include_str!("migrations/postgres/0010_follow_up_codes.sql")),
    ("0011_cases", include_str!("migrations/postgres/0011_cases.sql")),
    ("0012_keys", include_str!("migrations/postgres/0012_keys.sql")),
    ("0013_places", include_str!("migrations/postgres/0013_places.sql")),
    ("0014_people", include_str!("migrations/postgres/0014_people.sql")),
    ("0015_numbers", include_str!("migrations/postgres/0015_numbers.sql")),
    ("0016_settings", include_str!("migrations/postgres/0016_settings.sql")),
    ("0017_tokens", include_str!("migrations/postgres/0017_tokens.sql")),
    ("0018_webhooks", include_str!("migrations/postgres/0018_webhooks.sql")),
    ("0019_retention", include_str!("migrations/postgres/0019_retention.sql")),
    ("0020_day_notes", include_str!("migrations/postgres/0020_day_notes.sql")),
    ("0021_silent", include_str!("migrations/postgres/0021_silent.sql")),
];
/// Gives a new database its one row about itself.
pub(super) const INSERT_SERVER: &str =
    "insert into server (only_row, server_epoch, created_ms) values (1, ?1, ?2) on conflict do nothing";
/// Steps that the tables of this version have been through.
pub(crate) const MIGRATIONS_COUNT: usize = STEPS.len();
const MIGRATIONS: Migrations<'static> = Migrations::from_slice(STEPS);

/// The database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is none.
    #[error(
        "there is no collector in {0}: `afterword-collector serve --data` with this folder creates one, or name the folder of the one that runs"
    )]
    Missing(PathBuf),
    /// Another program's, or no database at all.
    #[error(
        "{path} is not a collector's database ({found}); name another folder with --data, or move that file away"
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        found: String,
    },
    /// Written by a newer version of this program.
    #[error(
        "{0} was written by a newer afterword-collector; start that version, or restore a backup from before the update"
    )]
    Newer(PathBuf),
    /// This program was linked with a SQLite that can lose commits.
    #[error(
        "SQLite {0} can lose commits, 3.51.3 or newer is needed; build afterword-collector with its bundled SQLite"
    )]
    OldSqlite(String),
    /// The PostgreSQL server is not there, or refused.
    #[error(
        "cannot use the database {database}: {reason}; check its URL in AFTERWORD_DATABASE_URL or --database-url, and that its server runs and lets this user in"
    )]
    Server {
        /// Which, without its password.
        database: String,
        /// What was said.
        reason: String,
    },
    /// Somebody else has its tables.
    #[error(
        "cannot use the database {database}: another program, a copy being made perhaps, has its tables ({reason}); nothing was changed, run this again when that one has ended"
    )]
    Busy {
        /// Which, without its password.
        database: String,
        /// What was said.
        reason: String,
    },
    /// No collector was ever started on it.
    #[error(
        "there is no collector in the database {0}: `afterword-collector serve` with this URL creates one, or name the database of the one that runs"
    )]
    NoCollector(String),
    /// Its tables were made by a program that is none of ours.
    #[error(
        "the tables of {database} were not made by this program as released (step {step} said something else); start the version that made them, or restore a copy from before"
    )]
    Altered {
        /// Which, without its password.
        database: String,
        /// The step that is another.
        step: String,
    },
    /// Anything else.
    #[error("cannot open {path}: {reason}; check that the folder can be written and its disk is not full")]
    Failed {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        reason: String,
    },
}

/// The one row about the collector itself.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    /// This life of the database.
    pub(crate) server_epoch: ServerEpoch,
    /// Where the last `serve` took enrolments; `None` before the first.
    pub(crate) enrol_url: Option<String>,
    /// Where people came in then.
    pub(crate) web_url: Option<String>,
    /// What people call the whole of it.
    pub(crate) organisation: Option<String>,
}

/// Where a collector is reached.
#[derive(Debug, Clone)]
pub(crate) struct Urls {
    /// `https://host:port` that devices deliver to.
    pub(crate) devices: String,
    /// `https://host:port` at which new devices enrol.
    pub(crate) enrolment: String,
    /// `http(s)://host:port` at which people come in.
    pub(crate) web: String,
}

/// Opens the database, creates it where there is none, and brings its schema up to date.
pub(crate) fn open_or_create(
    path: &Path,
    clock: &dyn Clock,
    entropy: &impl Entropy,
) -> Result<Connection, OpenError> {
    // SQLite's own files take their permissions from this one; shoppers' words are nobody else's business.
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
    file.map_err(|error| OpenError::Failed { path: path.to_owned(), reason: error.to_string() })?;
    open(path, Some((clock.wall_ms(), ServerEpoch::new(entropy.bytes()))))
}

/// Opens the database of a collector that has been started before.
pub(crate) fn open_existing(path: &Path) -> Result<Connection, OpenError> {
    if !path.exists() {
        return Err(OpenError::Missing(path.parent().unwrap_or(path).to_owned()));
    }
    open(path, None)
}

/// Opens a database in memory; see `Database`.
pub(super) fn open_memory(name: &str, create: Option<(i64, ServerEpoch)>) -> Result<Connection, OpenError> {
    open(Path::new(name), create)
}

/// A further connection to a database that this process has opened already; it never waits for the writer.
pub(crate) fn open_reader(path: &Path) -> SqlResult<Connection> {
    // Read-write all the same: readers of a write-ahead log take part in its index.
    let connection = rusqlite::Connection::open_with_flags(path, FLAGS)?;
    connection.busy_timeout(DATABASE_BUSY_TIMEOUT)?;
    // What it moves out of the log is on the disk before it is gone from there.
    connection.execute_batch(
        "pragma query_only = on; pragma synchronous = full; pragma mmap_size = 0; pragma trusted_schema = off",
    )?;
    Ok(Connection::new(Sqlite::new(connection)))
}

/// A file that is only looked at.
pub(crate) fn open_copy(path: &Path) -> SqlResult<Connection> {
    let connection = rusqlite::Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    Ok(Connection::new(Sqlite::new(connection)))
}

/// The row about the collector itself.
pub(crate) fn read_server(connection: &Connection) -> SqlResult<Server> {
    connection.query_one("select server_epoch, enrol_url, web_url, organisation from server", &[], |row| {
        Ok(Server {
            server_epoch: row.get::<HexColumn<16, _>>(0)?.0,
            enrol_url: row.get(1)?,
            web_url: row.get(2)?,
            organisation: row.get(3)?,
        })
    })
}

/// The key that receipts of this database are verified with: this one, where there is none yet.
pub(crate) fn receipt_key_or(connection: &Connection, key: &[u8; 32]) -> SqlResult<[u8; 32]> {
    let key = &key[..];
    connection.execute("update server set receipt_key = ?1 where receipt_key is null", values![key])?;
    connection.query_one("select receipt_key from server", &[], |row| {
        let kept: Vec<u8> = row.get(0)?;
        kept.try_into().map_err(|_| SqlError::other("the receipt key of the database has another length"))
    })
}

/// Notes where this start is reached, for `device add` to print.
pub(crate) fn write_urls(connection: &Connection, urls: &Urls) -> SqlResult<()> {
    let Urls { devices, enrolment, web } = urls;
    connection
        .execute(
            "update server set device_url = ?1, enrol_url = ?2, web_url = ?3",
            values![devices, enrolment, web],
        )
        .map(drop)
}

fn open(path: &Path, create: Option<(i64, ServerEpoch)>) -> Result<Connection, OpenError> {
    let failed =
        |error: rusqlite::Error| OpenError::Failed { path: path.to_owned(), reason: error.to_string() };
    if rusqlite::version_number() < SQLITE_VERSION_MIN {
        return Err(OpenError::OldSqlite(rusqlite::version().to_owned()));
    }
    let mut flags = FLAGS;
    flags.set(OpenFlags::SQLITE_OPEN_CREATE, create.is_some());
    let mut connection = rusqlite::Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(DATABASE_BUSY_TIMEOUT).map_err(failed)?;
    if is_new(&connection, path, create.is_some())? {
        // Only a database without tables takes this; asked of any other it would still want the write lock.
        connection.execute_batch("pragma auto_vacuum = incremental").map_err(failed)?;
    }
    configure(&connection).map_err(failed)?;
    MIGRATIONS.to_latest(&mut connection).map_err(|error| match error {
        rusqlite_migration::Error::MigrationDefinition(
            rusqlite_migration::MigrationDefinitionError::DatabaseTooFarAhead,
        ) => OpenError::Newer(path.to_owned()),
        other => OpenError::Failed { path: path.to_owned(), reason: other.to_string() },
    })?;
    if let Some((now_ms, server_epoch)) = create {
        // Where the disk refused to sync what a killed server left in the log, programs go on to see what never reaches the
        // disk, and whatever was appended to it would end with it.
        connection.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(())).map_err(failed)?;
        connection.execute(INSERT_SERVER, params![server_epoch.as_bytes(), now_ms]).map_err(failed)?;
    }
    Ok(Connection::new(Sqlite::new(connection)))
}

/// Whether the file is still empty; refuses one that is not ours.
fn is_new(connection: &rusqlite::Connection, path: &Path, may_be_new: bool) -> Result<bool, OpenError> {
    let foreign = |found: &str| OpenError::Foreign { path: path.to_owned(), found: found.to_owned() };
    let application_id: i32 = match connection.query_row("pragma application_id", [], |row| row.get(0)) {
        Ok(id) => id,
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            return Err(foreign("not an SQLite file"));
        }
        Err(error) => return Err(OpenError::Failed { path: path.to_owned(), reason: error.to_string() }),
    };
    let tables: i64 = connection
        .query_row("select count(*) from sqlite_schema", [], |row| row.get(0))
        .map_err(|error| OpenError::Failed { path: path.to_owned(), reason: error.to_string() })?;
    match application_id {
        APPLICATION_ID => Ok(false),
        0 if tables == 0 && may_be_new => Ok(true),
        // What a start leaves that was killed before its first commit.
        0 if tables == 0 => Err(OpenError::Missing(path.parent().unwrap_or(path).to_owned())),
        _ => Err(foreign("an SQLite database of another program")),
    }
}

/// What is deleted, or moved as a page is split, is written over with zeros, so that nothing of what is erased later stays.
fn configure(connection: &rusqlite::Connection) -> rusqlite::Result<()> {
    connection.execute_batch(&format!(
        "pragma journal_mode = wal;
         pragma synchronous = full;
         pragma foreign_keys = on;
         pragma secure_delete = on;
         pragma journal_size_limit = {LOG_BYTES_KEPT};
         pragma wal_autocheckpoint = {CHECKPOINT_PAGES};
         pragma mmap_size = 0;
         pragma trusted_schema = off;"
    ))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_migrations_are_sound() {
        MIGRATIONS.validate().unwrap();
    }

    #[test]
    fn both_databases_have_steps_of_the_same_names_and_none_is_forgotten() {
        let names = |folder: &str| {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/storage/migrations").join(folder);
            let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name());
            let mut names: Vec<_> = files.map(|name| name.into_string().unwrap()).collect();
            names.sort();
            names
        };
        assert_eq!(names("sqlite"), names("postgres"));
        let listed: Vec<String> = POSTGRES_STEPS.iter().map(|(name, _)| format!("{name}.sql")).collect();
        assert_eq!(names("postgres"), listed);
        assert_eq!(names("sqlite").len(), STEPS.len());
    }

    #[test]
    fn a_file_of_another_program_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("collector.db");
        rusqlite::Connection::open(&path).unwrap().execute_batch("create table mine (x)").unwrap();
        let before = std::fs::read(&path).unwrap();
        let create = Some((0, ServerEpoch::new([0; 16])));
        assert!(matches!(open(&path, create), Err(OpenError::Foreign { .. })));
        assert_eq!(std::fs::read(&path).unwrap(), before);

        std::fs::write(&path, "not a database, but longer than nothing at all").unwrap();
        assert!(matches!(open(&path, create), Err(OpenError::Foreign { .. })));
    }

    #[test]
    fn a_database_of_the_first_schema_is_brought_up_to_date_with_its_codes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("collector.db");
        let mut old = rusqlite::Connection::open(&path).unwrap();
        MIGRATIONS.to_version(&mut old, 1).unwrap();
        let insert = "insert into devices (device_id, name, created_ms, code_digest, code_expires_ms, enrolled_ms, revoked_ms)
                      values (?1, ?2, 0, ?3, 9, ?4, ?5)";
        for (number, name, enrolled_ms, revoked_ms) in [
            (1_u8, "waiting", None, None),
            (2, "enrolled", Some(5), None),
            (3, "revoked while waiting", None, Some(7)),
            (4, "revoked", Some(5), Some(7)),
        ] {
            old.execute(insert, params![[number; 16], name, [number; 32], enrolled_ms, revoked_ms]).unwrap();
        }
        drop(old);
        let new = open(&path, None).unwrap();
        let codes = "select code_closed_ms from devices order by device_id";
        let closed_ms: Vec<Option<i64>> = new.query_all(codes, &[], |row| row.get(0)).unwrap();
        assert_eq!(closed_ms, [None, Some(5), Some(7), Some(5)]);
    }

    #[test]
    fn a_database_of_the_future_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("collector.db");
        open(&path, Some((0, ServerEpoch::new([0; 16])))).unwrap().batch("pragma user_version = 99").unwrap();
        assert!(matches!(open_existing(&path), Err(OpenError::Newer(_))));
    }

    #[test]
    fn the_epoch_of_a_database_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("collector.db");
        for drawn in [1, 2] {
            let connection = open(&path, Some((0, ServerEpoch::new([drawn; 16])))).unwrap();
            assert_eq!(read_server(&connection).unwrap().server_epoch, ServerEpoch::new([1; 16]));
        }
    }
}
