//! The one way to the database: SQL is written once, with `?1` for values, and runs on SQLite and on PostgreSQL.
//!
//! [`Sql`] is what a database has to be able to do; [`Connection`] holds one of them and is what the rest of `storage` works with.
//! Rows are looked at where the database has them: a column costs no allocation unless somebody asks for a value of his own.
//! Invariants: statements are texts of this program and are prepared once for each connection; a transaction that was not
//! committed is rolled back.

mod error;
pub(crate) mod postgres;
mod row;
mod sqlite;
mod transaction;
mod value;

use std::ops::ControlFlow;

use afterword_model::record::DeviceId;

pub use error::{SqlError, SqlFault};
pub(crate) use row::{Column, HexColumn, Row};
pub(crate) use sqlite::Sqlite;
pub(crate) use transaction::Transaction;
pub(crate) use value::{Value, values};

/// What becomes of a statement.
pub(crate) type SqlResult<T> = Result<T, SqlError>;

/// How many rows a query is expected to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    /// So few that all of them may lie in memory.
    Few,
    /// Perhaps all there are: a page of them lies in memory.
    Many,
}

/// Hears of one row after the other, until it has heard enough.
pub(crate) type EachRow<'f> = &'f mut dyn FnMut(&Row<'_>) -> ControlFlow<()>;

/// A store of a device, and when what is new of it came.
pub(crate) struct NewRecords<'r> {
    pub(crate) device: &'r [u8; 16],
    pub(crate) epoch: &'r [u8; 16],
    pub(crate) received_ms: i64,
    /// Without a gap, the lowest number first.
    pub(crate) records: Vec<NewRecord<'r>>,
}

/// A record as it becomes a row.
pub(crate) struct NewRecord<'r> {
    pub(crate) seq: i64,
    pub(crate) head: &'r [u8; 32],
    /// None, where it was erased before it came.
    pub(crate) bytes: Option<&'r [u8]>,
    /// Why it cannot be read.
    pub(crate) parked: Option<&'r str>,
}

/// A connection to a database.
pub(crate) trait Sql: Send {
    /// Runs a statement and gives the number of rows it changed.
    fn execute(&self, sql: &'static str, values: &[Value<'_>]) -> SqlResult<u64>;

    /// Runs a query.
    fn query(&self, sql: &'static str, values: &[Value<'_>], rows: Rows, each: EachRow<'_>) -> SqlResult<()>;

    /// Runs a query once for each list of values, in one round trip where there is a line to the database; each row is given with the
    /// list's place. For queries that give few rows each.
    fn query_each(
        &self,
        sql: &'static str,
        values: &[Vec<Value<'_>>],
        each: &mut dyn FnMut(usize, &Row<'_>) -> SqlResult<()>,
    ) -> SqlResult<()>;

    /// Runs a statement that changes something once for each list of values, in their order, in one round trip where there is a line to
    /// the database. Of a failure it is not known which lists were run before it: it belongs into a transaction.
    fn execute_each(&self, sql: &'static str, values: &[Vec<Value<'_>>]) -> SqlResult<()>;

    /// Inserts rows, each unless its key is taken, in one statement where there is a line to the database. `into` is the statement up to the
    /// columns' names; a column holds values of one kind. Gives how many were inserted.
    fn insert_all(&self, into: &'static str, rows: &[Vec<Value<'_>>]) -> SqlResult<u64>;

    /// Runs statements without values: savepoints.
    fn batch(&self, sql: &str) -> SqlResult<()>;

    /// Begins a transaction that writes.
    fn begin(&self) -> SqlResult<()>;

    /// Begins a transaction that sees one moment and changes nothing.
    fn begin_reading(&self) -> SqlResult<()>;

    /// Makes the transaction durable. An error may also mean that this is not known.
    fn commit(&self) -> SqlResult<()>;

    /// Takes the transaction back.
    fn rollback(&self) -> SqlResult<()>;

    /// Whether there is no transaction any more, though one was begun and not ended: all of it was taken back.
    fn has_lost_transaction(&self) -> bool;

    /// Whether the connection is of no use any more.
    fn is_broken(&self) -> bool;

    /// Keeps other writers from what is held of these devices until the transaction ends.
    fn lock(&self, devices: &[DeviceId]) -> SqlResult<()>;

    /// The same for those devices that nobody else has; gives the others.
    fn lock_free(&self, devices: &[DeviceId]) -> SqlResult<Vec<DeviceId>>;

    /// The same for all of them, where they are to be had within a moment; [`SqlFault::Busy`] otherwise.
    fn lock_soon(&self, devices: &[DeviceId]) -> SqlResult<()>;

    /// Keeps other commands from working at the same time as this one, until the transaction ends.
    fn lock_commands(&self) -> SqlResult<()>;

    /// Keeps others from changing what is counted, until the transaction ends. Whoever takes locks of devices takes those first.
    fn lock_counts(&self) -> SqlResult<()>;

    /// Inserts records, each unless its number is taken. Gives how many were.
    fn insert_records(&self, new: &NewRecords<'_>) -> SqlResult<u64>;

    /// What the database finds wrong with its own files; nothing, where it looks after them itself.
    fn complaints(&self) -> SqlResult<Vec<String>>;

    /// Takes what was erased from what lies between the rows. Whether it is sure to be gone: a reader may have prevented it.
    fn wipe(&self) -> SqlResult<bool>;

    /// Takes what was overwritten out of the log, as far as nobody reads it. Outside of transactions.
    fn settle_log(&self) -> SqlResult<()>;

    /// How long the log is; nothing, where the database looks after its log itself.
    fn log_pages(&self) -> SqlResult<LogPages>;

    /// Puts them there, as far as nobody reads what is there now, and waits for nobody. Outside of transactions.
    fn move_log(&self) -> SqlResult<()>;

    /// Tells the database that what is counted has grown much since it last looked: how it finds rows depends on how many it believes
    /// there are.
    fn counts_grew(&self) -> SqlResult<()>;

    /// Makes room for what comes in the days after this moment (ms since 1970-01-01T00:00:00Z).
    fn prepare_for(&self, now_ms: i64) -> SqlResult<()>;

    /// Whether there is a table of this name.
    fn has_table(&self, name: &str) -> SqlResult<bool>;

    /// Ends the connection, and says whether it ended well.
    fn close(self: Box<Self>) -> SqlResult<()>;

    /// SQLite's own connection, for what a test asks of its plans.
    #[cfg(test)]
    fn sqlite(&self) -> Option<&rusqlite::Connection>;

    /// PostgreSQL's own connection, for what only its servers can do.
    fn postgres(&self) -> Option<&postgres::Postgres>;
}

/// Pages of a log.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LogPages {
    /// Since it began anew.
    pub(crate) all: u32,
    /// Of those, the ones that are not at their places in the database yet.
    pub(crate) wait: u32,
}

/// A connection to whichever database there is.
pub(crate) struct Connection(Box<dyn Sql>);

impl Connection {
    /// Takes one.
    pub(crate) fn new(sql: impl Sql + 'static) -> Self {
        Self(Box::new(sql))
    }

    /// Runs a statement and gives the number of rows it changed.
    pub(crate) fn execute(&self, sql: &'static str, values: &[Value<'_>]) -> SqlResult<u64> {
        self.0.execute(sql, values)
    }

    /// The only row of a query that always has one.
    pub(crate) fn query_one<T>(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> SqlResult<T>,
    ) -> SqlResult<T> {
        self.query_opt(sql, values, read)?.ok_or_else(|| SqlError::other("a query gave no row"))
    }

    /// The first row of a query, if there is one.
    pub(crate) fn query_opt<T>(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> SqlResult<T>,
    ) -> SqlResult<Option<T>> {
        let (mut read, mut found) = (Some(read), None);
        self.0.query(sql, values, Rows::Few, &mut |row| {
            found = read.take().map(|read| read(row));
            ControlFlow::Break(())
        })?;
        found.transpose()
    }

    /// All rows of a query that gives few.
    pub(crate) fn query_all<T>(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> SqlResult<T>,
    ) -> SqlResult<Vec<T>> {
        let mut all = Vec::new();
        self.search(sql, values, Rows::Few, |row| {
            all.push(read(row)?);
            Ok::<_, SqlError>(None::<()>)
        })?;
        Ok(all)
    }

    /// Whether a query gives a row.
    pub(crate) fn exists(&self, sql: &'static str, values: &[Value<'_>]) -> SqlResult<bool> {
        Ok(self.query_opt(sql, values, |_| Ok(()))?.is_some())
    }

    /// Looks at each row of a query that may give many.
    pub(crate) fn each<E: From<SqlError>>(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
        mut look: impl FnMut(&Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.search(sql, values, Rows::Many, |row| look(row).map(|()| None::<()>)).map(drop)
    }

    /// Looks at rows until one of them is what is looked for.
    pub(crate) fn search<T, E: From<SqlError>>(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
        rows: Rows,
        mut look: impl FnMut(&Row<'_>) -> Result<Option<T>, E>,
    ) -> Result<Option<T>, E> {
        let mut found = Ok(None);
        self.0.query(sql, values, rows, &mut |row| {
            found = look(row);
            if matches!(found, Ok(None)) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        found
    }

    /// Runs statements without values.
    pub(crate) fn batch(&self, sql: &str) -> SqlResult<()> {
        self.0.batch(sql)
    }

    /// Begins a transaction that writes.
    pub(crate) fn transaction(&self) -> SqlResult<Transaction<'_>> {
        Transaction::writing(self)
    }

    /// Begins a transaction that sees one moment and changes nothing.
    pub(crate) fn snapshot(&self) -> SqlResult<Transaction<'_>> {
        Transaction::reading(self)
    }

    /// Ends the connection, and says whether it ended well; dropped, it only ends.
    pub(crate) fn close(self) -> SqlResult<()> {
        self.0.close()
    }

    /// What this database can do in its own way.
    pub(crate) fn own(&self) -> &dyn Sql {
        &*self.0
    }
}
