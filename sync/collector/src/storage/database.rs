//! Which database a collector keeps its data in, and the ways into it.
//!
//! A file in its folder where nothing else is asked for; a PostgreSQL database, which several collectors may share; or, for tests, one
//! that lives in this process alone.

use std::fmt::{Debug, Display, Formatter};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use afterword_model::ports::{Clock, Entropy};
use afterword_model::record::ServerEpoch;

use super::open::{self, OpenError};
use super::sql::postgres::address::PostgresAddress;
use super::sql::postgres::{MigrateError, Purpose, connect, has_collector, migrate};
use super::sql::{Connection, SqlError, SqlFault, SqlResult, values};
use crate::config::database_path;

/// Connections that write to PostgreSQL at once; jobs of one device go through the same. Each has a group of its own to make durable.
const WRITERS: usize = 4;

/// Another database than the file in the collector's folder. Shown without its password.
#[derive(Clone)]
pub struct DatabaseUrl(Elsewhere);

#[derive(Clone)]
enum Elsewhere {
    Memory(Arc<Memory>),
    Postgres(Box<PostgresAddress>),
}

/// A database in memory; it ends with the last one who knows it.
pub(crate) struct Memory {
    name: String,
    /// SQLite keeps what somebody has open.
    _open: Mutex<rusqlite::Connection>,
}

/// Not a URL of a database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the database's URL cannot be used: {0}; write it as in postgres://user:password@host:5432/afterword, in AFTERWORD_DATABASE_URL or with --database-url"
)]
pub struct BadDatabaseUrl(String);

impl DatabaseUrl {
    /// Reads `postgres://user:password@host:port/name`, with the parameters of PostgreSQL's own programs; `sslmode` may be `disable`,
    /// `prefer`, `require` or `verify-full`.
    ///
    /// # Errors
    /// [`BadDatabaseUrl`], which does not quote what was given: it may hold a password.
    pub fn parse(url: &str) -> Result<Self, BadDatabaseUrl> {
        if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
            return Err(BadDatabaseUrl("it does not begin with postgres://".to_owned()));
        }
        let address = PostgresAddress::parse(url).map_err(BadDatabaseUrl)?;
        Ok(Self(Elsewhere::Postgres(Box::new(address))))
    }

    /// A new database in this process's memory, for tests: SQLite's, with all that a file has but a log. It ends with the last
    /// copy of this value and of what was opened with it.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn in_memory() -> Result<Self, SqlError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("file:/afterword-{}?vfs=memdb", COUNT.fetch_add(1, Ordering::Relaxed));
        let open = rusqlite::Connection::open(&name)?;
        // Opened in earnest only when it is asked something.
        open.query_row("select count(*) from sqlite_schema", [], |_| Ok(()))?;
        Ok(Self(Elsewhere::Memory(Arc::new(Memory { name, _open: Mutex::new(open) }))))
    }
}

impl Display for DatabaseUrl {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Elsewhere::Memory(memory) => formatter.write_str(&memory.name),
            Elsewhere::Postgres(address) => Display::fmt(address, formatter),
        }
    }
}

impl Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "DatabaseUrl({self})")
    }
}

/// The database a collector works on.
#[derive(Clone)]
pub(crate) enum Database {
    File(PathBuf),
    Memory(Arc<Memory>),
    Postgres(Box<PostgresAddress>),
}

impl Database {
    /// The one that was asked for, or else the file in this folder.
    pub(crate) fn of(data: &Path, url: Option<&DatabaseUrl>) -> Self {
        match url.map(|url| &url.0) {
            None => Self::File(database_path(data)),
            Some(Elsewhere::Memory(memory)) => Self::Memory(Arc::clone(memory)),
            Some(Elsewhere::Postgres(address)) => Self::Postgres(address.clone()),
        }
    }

    /// Opens it, creates it where there is none, brings its tables up to date, and makes room for what comes.
    pub(crate) fn create(&self, clock: &dyn Clock, entropy: &impl Entropy) -> Result<Connection, OpenError> {
        match self {
            Self::File(path) => open::open_or_create(path, clock, entropy),
            Self::Memory(memory) => {
                open::open_memory(&memory.name, Some((clock.wall_ms(), ServerEpoch::new(entropy.bytes()))))
            }
            Self::Postgres(address) => {
                let new = (clock.wall_ms(), ServerEpoch::new(entropy.bytes()));
                open_postgres(address, Purpose::Serving, Some(new))
            }
        }
    }

    /// Opens the one of a collector that has been started before, for what an operator asks for.
    pub(crate) fn open(&self) -> Result<Connection, OpenError> {
        self.open_for(Purpose::Command)
    }

    /// Opens anew the one that this process serves from.
    pub(crate) fn reopen(&self) -> Result<Connection, OpenError> {
        self.open_for(Purpose::Serving)
    }

    fn open_for(&self, purpose: Purpose) -> Result<Connection, OpenError> {
        match self {
            Self::File(path) => open::open_existing(path),
            Self::Memory(memory) => open::open_memory(&memory.name, None),
            Self::Postgres(address) => open_postgres(address, purpose, None),
        }
    }

    /// Opens a PostgreSQL database in which there is no collector; nothing where there is one.
    pub(crate) fn open_empty(&self) -> Result<Option<Connection>, OpenError> {
        let Self::Postgres(address) = self else { return Ok(None) };
        let failed = |error: SqlError| unreachable_server(address, &error);
        let database = connect(address, Purpose::Command).map_err(failed)?;
        let is_empty = !has_collector(&database).map_err(failed)?;
        Ok(is_empty.then(|| Connection::new(database)))
    }

    /// A further connection, which only reads, to one that this process has opened already.
    pub(crate) fn reader(&self) -> SqlResult<Connection> {
        match self {
            Self::File(path) => open::open_reader(path),
            Self::Memory(memory) => open::open_reader(Path::new(&memory.name)),
            Self::Postgres(address) => Ok(Connection::new(connect(address, Purpose::Reading)?)),
        }
    }

    /// How many may write at once.
    pub(crate) fn writers(&self) -> usize {
        if self.has_device_locks() { WRITERS } else { 1 }
    }

    /// Whether its log has to be moved into it from time to time.
    pub(crate) fn has_log(&self) -> bool {
        matches!(self, Self::File(_))
    }

    /// Whether other collectors may serve from it at the same time.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Whether a writer has to take the lock of each device of which it changes something.
    pub(crate) fn has_device_locks(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// What it says when something on it failed.
    pub(crate) fn failed(&self, error: &SqlError) -> OpenError {
        match self {
            Self::File(path) => OpenError::Failed { path: path.clone(), reason: error.to_string() },
            Self::Memory(memory) => {
                OpenError::Failed { path: PathBuf::from(&memory.name), reason: error.to_string() }
            }
            Self::Postgres(address) => unreachable_server(address, error),
        }
    }
}

impl Display for Database {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(formatter, "{}", path.display()),
            Self::Memory(memory) => formatter.write_str(&memory.name),
            Self::Postgres(address) => Display::fmt(address, formatter),
        }
    }
}

fn unreachable_server(address: &PostgresAddress, error: &SqlError) -> OpenError {
    if error.fault() == SqlFault::Busy {
        return OpenError::Busy { database: address.to_string(), reason: error.to_string() };
    }
    OpenError::Server { database: address.to_string(), reason: error.to_string() }
}

fn open_postgres(
    address: &PostgresAddress,
    purpose: Purpose,
    create: Option<(i64, ServerEpoch)>,
) -> Result<Connection, OpenError> {
    let failed = |error: SqlError| unreachable_server(address, &error);
    let database = connect(address, purpose).map_err(failed)?;
    if create.is_none() && !has_collector(&database).map_err(failed)? {
        return Err(OpenError::NoCollector(address.to_string()));
    }
    let now_ms = create.map_or(0, |(now_ms, _)| now_ms);
    migrate(&database, open::POSTGRES_STEPS, now_ms).map_err(|error| match error {
        MigrateError::Newer => OpenError::Newer(PathBuf::from(address.to_string())),
        MigrateError::Altered(step) => OpenError::Altered { database: address.to_string(), step },
        MigrateError::Sql(error) => failed(error),
    })?;
    let connection = Connection::new(database);
    if let Some((now_ms, server_epoch)) = create {
        let values = values![server_epoch.as_bytes(), now_ms];
        connection.execute(open::INSERT_SERVER, values).map_err(failed)?;
        connection.own().prepare_for(now_ms).map_err(failed)?;
    }
    Ok(connection)
}
