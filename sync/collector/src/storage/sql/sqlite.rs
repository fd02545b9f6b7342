//! SQLite: one file, or one in memory for tests.

use std::ops::ControlFlow;
use std::time::Duration;

use afterword_model::record::DeviceId;
use rusqlite::params_from_iter;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};

use super::super::open::DATABASE_BUSY_TIMEOUT;
use super::postgres::Postgres;
use super::{
    Column, EachRow, LogPages, NewRecord, NewRecords, Row, Rows, Sql, SqlError, SqlResult, Value, values,
};

/// Until it is looked again whether somebody else has done with the log: as long as a move takes, about.
const MOVING_PAUSE: Duration = Duration::from_millis(10);

/// A connection to SQLite.
pub(crate) struct Sqlite(rusqlite::Connection);

impl Sqlite {
    /// Takes one that has been set up.
    pub(crate) fn new(connection: rusqlite::Connection) -> Self {
        Self(connection)
    }

    /// The log still holds the pages as they were; moved into the database and cut off, it does not. Waits for readers, and for
    /// whoever else moves it just then, as long as any statement waits.
    fn cut_log(&self) -> SqlResult<bool> {
        for _ in 0..DATABASE_BUSY_TIMEOUT.as_millis() / MOVING_PAUSE.as_millis() {
            let (is_busy, pages) = self.0.query_row("pragma wal_checkpoint(truncate)", [], |row| {
                Ok((row.get::<_, bool>(0)?, row.get::<_, i64>(1)?))
            })?;
            // SQLite waits for readers by itself; who comes while somebody moves the log is refused at once, and told no number of pages.
            if !is_busy || pages >= 0 {
                return Ok(!is_busy);
            }
            std::thread::park_timeout(MOVING_PAUSE);
        }
        Ok(false)
    }
}

impl Sql for Sqlite {
    fn execute(&self, sql: &'static str, values: &[Value<'_>]) -> SqlResult<u64> {
        Ok(self.0.prepare_cached(sql)?.execute(params_from_iter(values))? as u64)
    }

    fn query(&self, sql: &'static str, values: &[Value<'_>], _: Rows, each: EachRow<'_>) -> SqlResult<()> {
        let mut statement = self.0.prepare_cached(sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            if each(&Row::Sqlite(row)) == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }

    fn query_each(
        &self,
        sql: &'static str,
        values: &[Vec<Value<'_>>],
        each: &mut dyn FnMut(usize, &Row<'_>) -> SqlResult<()>,
    ) -> SqlResult<()> {
        let mut statement = self.0.prepare_cached(sql)?;
        for (place, values) in values.iter().enumerate() {
            let mut rows = statement.query(params_from_iter(values))?;
            while let Some(row) = rows.next()? {
                each(place, &Row::Sqlite(row))?;
            }
        }
        Ok(())
    }

    fn execute_each(&self, sql: &'static str, values: &[Vec<Value<'_>>]) -> SqlResult<()> {
        let mut statement = self.0.prepare_cached(sql)?;
        for values in values {
            statement.execute(params_from_iter(values))?;
        }
        Ok(())
    }

    fn insert_all(&self, into: &'static str, rows: &[Vec<Value<'_>>]) -> SqlResult<u64> {
        let Some(first) = rows.first() else { return Ok(0) };
        let places: Vec<String> = (1..=first.len()).map(|place| format!("?{place}")).collect();
        let sql = format!("{into} values ({}) on conflict do nothing", places.join(", "));
        let mut insert = self.0.prepare_cached(&sql)?;
        let mut inserted = 0;
        for row in rows {
            inserted += insert.execute(params_from_iter(row))?;
        }
        Ok(inserted as u64)
    }

    fn batch(&self, sql: &str) -> SqlResult<()> {
        Ok(self.0.execute_batch(sql)?)
    }

    fn begin(&self) -> SqlResult<()> {
        // Immediate: to wait for the lock at the beginning is safe, to be refused in the middle is not.
        self.batch("begin immediate")
    }

    fn begin_reading(&self) -> SqlResult<()> {
        self.batch("begin")
    }

    fn commit(&self) -> SqlResult<()> {
        self.batch("commit")
    }

    fn rollback(&self) -> SqlResult<()> {
        if self.0.is_autocommit() { Ok(()) } else { self.batch("rollback") }
    }

    fn has_lost_transaction(&self) -> bool {
        self.0.is_autocommit()
    }

    fn is_broken(&self) -> bool {
        false
    }

    /// The transaction has locked the whole file.
    fn lock(&self, _: &[DeviceId]) -> SqlResult<()> {
        Ok(())
    }

    fn lock_free(&self, _: &[DeviceId]) -> SqlResult<Vec<DeviceId>> {
        Ok(Vec::new())
    }

    fn lock_soon(&self, _: &[DeviceId]) -> SqlResult<()> {
        Ok(())
    }

    fn lock_commands(&self) -> SqlResult<()> {
        Ok(())
    }

    fn lock_counts(&self) -> SqlResult<()> {
        Ok(())
    }

    fn insert_records(&self, new: &NewRecords<'_>) -> SqlResult<u64> {
        let mut insert = self.0.prepare_cached(
            "insert into records (device_id, epoch, seq, received_ms, head, bytes, parked, erased_ms)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) on conflict do nothing",
        )?;
        let mut inserted = 0;
        for NewRecord { seq, head, bytes, parked } in &new.records {
            let erased_ms = bytes.is_none().then_some(new.received_ms);
            inserted += insert.execute(params_from_iter(values![
                new.device,
                new.epoch,
                *seq,
                new.received_ms,
                *head,
                bytes.unwrap_or_default(),
                *parked,
                erased_ms
            ]))?;
        }
        Ok(inserted as u64)
    }

    fn complaints(&self) -> SqlResult<Vec<String>> {
        let mut check = self.0.prepare("pragma integrity_check")?;
        let lines: Vec<String> = check.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        Ok(lines.into_iter().filter(|line| line != "ok").collect())
    }

    fn wipe(&self) -> SqlResult<bool> {
        if !self.cut_log()? {
            return Ok(false);
        }
        // A page that was split long ago may keep old rows between its own, where no statement sees them. Only a file
        // without such pages is sure to say nothing.
        self.batch("vacuum")?;
        self.cut_log()
    }

    fn settle_log(&self) -> SqlResult<()> {
        self.cut_log().map(drop)
    }

    fn log_pages(&self) -> SqlResult<LogPages> {
        let pages = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?));
        let (all, moved) = self.0.prepare_cached("pragma wal_checkpoint(noop)")?.query_row([], pages)?;
        let count = |pages: i64| u32::try_from(pages).unwrap_or(0);
        Ok(LogPages { all: count(all), wait: count(all - moved) })
    }

    fn move_log(&self) -> SqlResult<()> {
        Ok(self.0.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(()))?)
    }

    /// Keys are looked up by their index, however many there are.
    fn counts_grew(&self) -> SqlResult<()> {
        Ok(())
    }

    fn prepare_for(&self, _: i64) -> SqlResult<()> {
        Ok(())
    }

    fn has_table(&self, name: &str) -> SqlResult<bool> {
        Ok(self.0.table_exists(None, name)?)
    }

    fn close(self: Box<Self>) -> SqlResult<()> {
        self.0.close().map_err(|(_, error)| error.into())
    }

    #[cfg(test)]
    fn sqlite(&self) -> Option<&rusqlite::Connection> {
        Some(&self.0)
    }

    fn postgres(&self) -> Option<&Postgres> {
        None
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(value),
            Self::Bool(value) => ValueRef::Integer(value.into()),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// What a column of a row holds.
pub(super) fn column<'r>(row: &'r rusqlite::Row<'_>, index: usize) -> SqlResult<Column<'r>> {
    Ok(match row.get_ref(index)? {
        ValueRef::Null => Column::Null,
        ValueRef::Integer(value) => Column::Int(value),
        ValueRef::Text(text) => Column::Text(
            std::str::from_utf8(text)
                .map_err(|_| SqlError::other(format!("column {index} holds a text that is none")))?,
        ),
        ValueRef::Blob(bytes) => Column::Blob(bytes),
        ValueRef::Real(_) => return Err(SqlError::other(format!("column {index} holds a fraction"))),
    })
}
