//! PostgreSQL: one connection, worked with as if it were a file.
//!
//! The rest of the storage blocks, and so does this: whoever calls waits on his own thread, while one thread of this process moves
//! the bytes of all connections. Statements are prepared once for each connection; `?1` becomes `$1` then.
//!
//! Invariants: within a transaction whoever changes what is held of a device has its lock; whoever waits for several locks takes the lowest
//! first, so that two do not wait for each other. A server that is silent for longer than it may be is left: what was asked of it is not known, and the
//! connection is broken. A transaction of which a statement failed is not committed: PostgreSQL would say yes to that and
//! take it back, so that a savepoint around everything is released first, which fails.

pub(crate) mod address;
mod connect;
mod copy;
pub(crate) mod distribute;
mod error;
mod migrate;
mod months;
mod tls;
mod values;
mod wait;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::ops::ControlFlow;
use std::time::Duration;

use afterword_model::record::DeviceId;
use tokio::task::AbortHandle;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Statement};

pub(crate) use self::connect::{Purpose, connect};
pub(crate) use self::copy::Table as CopiedTable;
pub(crate) use self::migrate::{MigrateError, has_collector, migrate};
use self::values::List;
pub(super) use self::values::column;
use super::{EachRow, LogPages, NewRecords, Row, Rows, Sql, SqlFault, SqlResult, Value};

/// Rows of a long answer that lie in memory at once.
const PAGE_ROWS: usize = 256;

/// How long those wait whose waiting keeps others from working.
const MOMENT: &str = "1s";

/// Commands take it, so that one works at a time; no device's is likely to be the same.
const COMMAND_LOCK: i64 = 0x4157_4331_0000_0001;

/// Whoever changes tables takes it.
const TABLES_LOCK: i64 = 0x4157_4331_0000_0002;

/// Whoever changes what is counted takes it.
const COUNTS_LOCK: i64 = 0x4157_4331_0000_0003;

/// A connection to PostgreSQL.
pub(crate) struct Postgres {
    client: Client,
    /// What moves its bytes.
    moving: AbortHandle,
    /// How long an answer may take.
    patience: Cell<Duration>,
    /// An answer took longer: none is waited for any more.
    is_silent: Cell<bool>,
    statements: RefCell<HashMap<&'static str, Statement>>,
    in_transaction: Cell<bool>,
    /// Cursors that were opened so far, which names the next one.
    cursors: Cell<u64>,
}

impl Postgres {
    fn new(client: Client, moving: AbortHandle, patience: Duration) -> Self {
        Self {
            client,
            moving,
            patience: Cell::new(patience),
            is_silent: Cell::new(false),
            statements: RefCell::default(),
            in_transaction: Cell::new(false),
            cursors: Cell::new(0),
        }
    }

    /// Waits for an answer of the server, for as long as it may take.
    fn wait<T>(&self, answer: impl Future<Output = Result<T, tokio_postgres::Error>>) -> SqlResult<T> {
        let patience = self.patience.get();
        if self.is_silent.get() {
            return Err(connect::silent(patience));
        }
        match wait::wait(answer, patience) {
            Some(answer) => Ok(answer?),
            None => {
                self.is_silent.set(true);
                // It would wait for the server to take what is still to be sent.
                self.moving.abort();
                Err(connect::silent(patience))
            }
        }
    }

    /// The statement, prepared; with the types of these values, where they have one.
    fn prepared(&self, sql: &'static str, values: &[Value<'_>]) -> SqlResult<Statement> {
        if let Some(statement) = self.statements.borrow().get(sql) {
            return Ok(statement.clone());
        }
        let types: Vec<Type> = values.iter().map(Value::postgres_type).collect();
        let statement = self.wait(self.client.prepare_typed(&numbered(sql), &types))?;
        self.statements.borrow_mut().insert(sql, statement.clone());
        Ok(statement)
    }

    /// All rows at once.
    fn query_few(&self, sql: &'static str, values: &[Value<'_>], each: EachRow<'_>) -> SqlResult<()> {
        let statement = self.prepared(sql, values)?;
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        for row in self.wait(self.client.query(&statement, &values))? {
            if each(&Row::Postgres(&row)) == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }

    /// A page of rows after the other, from a cursor; other statements may run in between.
    fn query_many(&self, sql: &str, values: &[Value<'_>], each: EachRow<'_>) -> SqlResult<()> {
        let number = self.cursors.get();
        self.cursors.set(number + 1);
        let declare = format!("declare afterword_{number} no scroll cursor for {}", numbered(sql));
        let typed: Vec<(&(dyn ToSql + Sync), Type)> =
            values.iter().map(|value| (value as _, value.postgres_type())).collect();
        self.wait(self.client.execute_typed(&declare, &typed))?;
        let fetch = format!("fetch {PAGE_ROWS} from afterword_{number}");
        loop {
            let page = self.wait(self.client.query_typed(&fetch, &[]))?;
            for row in &page {
                if each(&Row::Postgres(row)) == ControlFlow::Break(()) {
                    return self.batch(&format!("close afterword_{number}"));
                }
            }
            if page.len() < PAGE_ROWS {
                return self.batch(&format!("close afterword_{number}"));
            }
        }
    }

    fn lock_numbers(&self, numbers: impl IntoIterator<Item = i64>) -> SqlResult<()> {
        let locks: String =
            numbers.into_iter().map(|number| format!("select pg_advisory_xact_lock({number});")).collect();
        if locks.is_empty() { Ok(()) } else { self.batch(&locks) }
    }

    /// Whether a table is there, in whichever schema this connection works in.
    fn finds_table(&self, name: &str) -> SqlResult<bool> {
        // Looking into the catalogue hears of what others have committed; the name alone is remembered from before a lock was waited for.
        let found = "select exists (select from pg_catalog.pg_class where oid = to_regclass($1))";
        let row = self.wait(self.client.query_typed(found, &[(&name, Type::TEXT)]))?;
        Ok(row.first().is_some_and(|row| row.get(0)))
    }
}

impl Sql for Postgres {
    fn execute(&self, sql: &'static str, values: &[Value<'_>]) -> SqlResult<u64> {
        let statement = self.prepared(sql, values)?;
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        self.wait(self.client.execute(&statement, &values))
    }

    fn query(&self, sql: &'static str, values: &[Value<'_>], rows: Rows, each: EachRow<'_>) -> SqlResult<()> {
        match rows {
            Rows::Few => self.query_few(sql, values, each),
            Rows::Many if self.in_transaction.get() => self.query_many(sql, values, each),
            // Cursors live in transactions.
            Rows::Many => {
                self.begin_reading()?;
                let result = self.query_many(sql, values, each);
                let ended = self.rollback();
                result.and(ended)
            }
        }
    }

    fn query_each(
        &self,
        sql: &'static str,
        values: &[Vec<Value<'_>>],
        each: &mut dyn FnMut(usize, &Row<'_>) -> SqlResult<()>,
    ) -> SqlResult<()> {
        let Some(first) = values.first() else { return Ok(()) };
        let statement = self.prepared(sql, first)?;
        for (page, asked) in values.chunks(PAGE_ROWS).enumerate() {
            // All of them leave before an answer is waited for.
            let asked = asked.iter().map(|values| {
                let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
                let statement = &statement;
                async move { self.client.query(statement, &values).await }
            });
            for (place, rows) in self.wait(wait::all(asked))?.into_iter().enumerate() {
                for row in &rows {
                    each(page * PAGE_ROWS + place, &Row::Postgres(row))?;
                }
            }
        }
        Ok(())
    }

    fn execute_each(&self, sql: &'static str, values: &[Vec<Value<'_>>]) -> SqlResult<()> {
        let Some(first) = values.first() else { return Ok(()) };
        let statement = self.prepared(sql, first)?;
        for asked in values.chunks(PAGE_ROWS) {
            let asked = asked.iter().map(|values| {
                let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
                let statement = &statement;
                async move { self.client.execute(statement, &values).await }
            });
            self.wait(wait::all(asked))?;
        }
        Ok(())
    }

    fn insert_all(&self, into: &'static str, rows: &[Vec<Value<'_>>]) -> SqlResult<u64> {
        let Some(first) = rows.first() else { return Ok(0) };
        let lists: Vec<List<'_>> =
            (0..first.len()).map(|column| List::of(rows.iter().map(|row| row[column]))).collect();
        let known = self.statements.borrow().get(into).cloned();
        let statement = if let Some(statement) = known {
            statement
        } else {
            let places: Vec<String> = (1..=lists.len()).map(|place| format!("${place}")).collect();
            let sql = format!("{into} select * from unnest({}) on conflict do nothing", places.join(", "));
            let types: Vec<Type> = lists.iter().map(List::postgres_type).collect();
            let statement = self.wait(self.client.prepare_typed(&sql, &types))?;
            self.statements.borrow_mut().insert(into, statement.clone());
            statement
        };
        let lists: Vec<&(dyn ToSql + Sync)> = lists.iter().map(List::values).collect();
        self.wait(self.client.execute(&statement, &lists))
    }

    fn batch(&self, sql: &str) -> SqlResult<()> {
        self.wait(self.client.batch_execute(sql))
    }

    fn begin(&self) -> SqlResult<()> {
        self.batch("begin; savepoint whole")?;
        self.in_transaction.set(true);
        Ok(())
    }

    fn begin_reading(&self) -> SqlResult<()> {
        self.batch("begin isolation level repeatable read read only; savepoint whole")?;
        self.in_transaction.set(true);
        Ok(())
    }

    fn commit(&self) -> SqlResult<()> {
        // With a number of its own it waits for the copies, even when it only says that what was sent again is held: the commit it was held by
        // may have been cut off before they had it.
        self.batch("release whole; select txid_current(); commit")?;
        self.in_transaction.set(false);
        Ok(())
    }

    fn rollback(&self) -> SqlResult<()> {
        self.in_transaction.set(false);
        self.batch("rollback")
    }

    fn has_lost_transaction(&self) -> bool {
        self.is_silent.get() || self.client.is_closed()
    }

    fn is_broken(&self) -> bool {
        self.is_silent.get() || self.client.is_closed()
    }

    fn lock(&self, devices: &[DeviceId]) -> SqlResult<()> {
        let mut numbers: Vec<i64> = devices.iter().map(lock_number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        self.lock_numbers(numbers)
    }

    fn lock_free(&self, devices: &[DeviceId]) -> SqlResult<Vec<DeviceId>> {
        let mut numbers: Vec<i64> = devices.iter().map(lock_number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        let tried = "select number, pg_try_advisory_xact_lock(number) from unnest($1) as number";
        let tried = self.wait(self.client.query_typed(tried, &[(&numbers, Type::INT8_ARRAY)]))?;
        let held: Vec<i64> =
            tried.iter().filter(|row| !row.get::<_, bool>(1)).map(|row| row.get(0)).collect();
        Ok(devices.iter().filter(|device| held.contains(&lock_number(device))).copied().collect())
    }

    fn lock_soon(&self, devices: &[DeviceId]) -> SqlResult<()> {
        self.batch(&format!("set local lock_timeout = '{MOMENT}'"))?;
        self.lock(devices)?;
        self.batch("set local lock_timeout = '5s'")
    }

    fn lock_commands(&self) -> SqlResult<()> {
        self.lock_numbers([COMMAND_LOCK])
    }

    fn lock_counts(&self) -> SqlResult<()> {
        self.lock_numbers([COUNTS_LOCK])
    }

    /// One statement for all of them, with a list for each column. A record is never inserted beside one of its number: the device's
    /// lock is held, and the mark says where to go on; the key cannot say it, since it ends with the time by which the table is
    /// divided. Where any of the numbers is taken none is inserted.
    fn insert_records(&self, new: &NewRecords<'_>) -> SqlResult<u64> {
        let sql = "insert into records (device_id, epoch, seq, received_ms, head, bytes, parked, erased_ms)
             select ?1, ?2, new.seq, ?3, new.head, coalesce(new.bytes, ''), new.parked,
                 case when new.bytes is null then ?3 end
             from unnest(?4, ?5, ?6, ?7) as new (seq, head, bytes, parked)
             where not exists (
                 select 1 from records where device_id = ?1 and epoch = ?2 and seq between ?8 and ?9)";
        let [Some(first), Some(last)] = [new.records.first(), new.records.last()] else { return Ok(0) };
        let statement = if let Some(statement) = self.statements.borrow().get(sql) {
            statement.clone()
        } else {
            let (bytes, number) = (Type::BYTEA, Type::INT8);
            let lists = [Type::INT8_ARRAY, Type::BYTEA_ARRAY, Type::BYTEA_ARRAY, Type::TEXT_ARRAY];
            let types =
                [vec![bytes.clone(), bytes, number.clone()], lists.to_vec(), vec![number; 2]].concat();
            self.wait(self.client.prepare_typed(&numbered(sql), &types))?
        };
        self.statements.borrow_mut().insert(sql, statement.clone());
        let records = &new.records;
        let seqs: Vec<i64> = records.iter().map(|record| record.seq).collect();
        let heads: Vec<&[u8]> = records.iter().map(|record| &record.head[..]).collect();
        let bytes: Vec<Option<&[u8]>> = records.iter().map(|record| record.bytes).collect();
        let parked: Vec<Option<String>> = records
            .iter()
            .map(|record| record.parked.map(|reason| reason.replace('\0', "\u{fffd}")))
            .collect();
        let (device, epoch) = (&new.device[..], &new.epoch[..]);
        let values: [&(dyn ToSql + Sync); 9] =
            [&device, &epoch, &new.received_ms, &seqs, &heads, &bytes, &parked, &first.seq, &last.seq];
        self.wait(self.client.execute(&statement, &values))
    }

    fn complaints(&self) -> SqlResult<Vec<String>> {
        Ok(Vec::new())
    }

    /// The tables are written anew without what is gone. What the server's own log and its copies hold, it forgets as they are reused.
    fn wipe(&self) -> SqlResult<bool> {
        for table in [
            "vacuum (full) records",
            "vacuum (full) quarantine",
            "vacuum (full) case_steps",
            "vacuum (full) audit",
        ] {
            match self.batch(table) {
                Err(error) if error.fault() == SqlFault::Busy => return Ok(false),
                done => done?,
            }
        }
        Ok(true)
    }

    /// Its log and its old rows are the server's own to clear away.
    fn settle_log(&self) -> SqlResult<()> {
        Ok(())
    }

    fn log_pages(&self) -> SqlResult<LogPages> {
        Ok(LogPages::default())
    }

    fn move_log(&self) -> SqlResult<()> {
        Ok(())
    }

    /// Statements of this connection were planned when the tables were as good as empty, and read all of them; the server would notice
    /// within a minute or so.
    fn counts_grew(&self) -> SqlResult<()> {
        match self.batch("analyze counted, cells, store_tallies, store_days, all_days") {
            // Somebody else is at it.
            Err(error) if error.fault() == SqlFault::Busy => Ok(()),
            done => done,
        }
    }

    fn prepare_for(&self, now_ms: i64) -> SqlResult<()> {
        months::prepare(self, now_ms)
    }

    fn has_table(&self, name: &str) -> SqlResult<bool> {
        self.finds_table(name)
    }

    fn close(self: Box<Self>) -> SqlResult<()> {
        Ok(())
    }

    #[cfg(test)]
    fn sqlite(&self) -> Option<&rusqlite::Connection> {
        None
    }

    fn postgres(&self) -> Option<&Postgres> {
        Some(self)
    }
}

/// Ids are drawn at random, so that half of one tells devices apart; two that share it wait for each other without need.
fn lock_number(device: &DeviceId) -> i64 {
    let mut half = [0; 8];
    half.copy_from_slice(&device.as_bytes()[..8]);
    i64::from_be_bytes(half)
}

/// The same statement with `$1` for `?1`. No text in a statement of this program holds a question mark.
fn numbered(sql: &str) -> String {
    sql.replace('?', "$")
}
