//! Bringing the tables of a PostgreSQL database up to date.
//!
//! Which steps were made stands in the database, each with the digest of what it said. All that are missing are made in one
//! transaction under a lock, so that two collectors can start at once. On failure nothing has changed.

use sha2::{Digest, Sha256};
use tokio_postgres::types::Type;

use super::connect::WORK_TIMEOUT;
use super::{Postgres, TABLES_LOCK};
use crate::storage::sql::{Sql, SqlError, SqlResult};

/// The table that says which steps were made.
const STEPS_TABLE: &str = "afterword_migrations";

/// A step's name, and what it says.
pub(crate) type Step<'s> = (&'s str, &'s str);

/// Why the tables are not up to date.
#[derive(Debug)]
pub(crate) enum MigrateError {
    /// A step was made that this version of the program does not know.
    Newer,
    /// A step said something else when it was made.
    Altered(String),
    Sql(SqlError),
}

impl MigrateError {
    /// In the database's words.
    pub(crate) fn into_sql(self) -> SqlError {
        match self {
            Self::Newer => SqlError::other("a newer version of this program made the tables"),
            Self::Altered(step) => {
                SqlError::other(format!("the tables are others, step {step} said something else"))
            }
            Self::Sql(error) => error,
        }
    }
}

impl<E: Into<SqlError>> From<E> for MigrateError {
    fn from(error: E) -> Self {
        Self::Sql(error.into())
    }
}

/// Whether a collector has been at work in this database.
pub(crate) fn has_collector(database: &Postgres) -> SqlResult<bool> {
    database.finds_table(STEPS_TABLE)
}

/// Makes the steps that are missing, in their order. Waits for whoever else makes some; a table that somebody holds is waited for as long
/// as any lock, since all who come to it meanwhile wait as well.
pub(crate) fn migrate(database: &Postgres, steps: &[Step<'_>], now_ms: i64) -> Result<(), MigrateError> {
    // Nearly always there are none, and nobody has to be waited for.
    if missing(database, steps)?.is_empty() {
        return Ok(());
    }
    let patience = database.patience.replace(WORK_TIMEOUT);
    let made = database.begin().map_err(MigrateError::Sql).and_then(|()| {
        make_missing(database, steps, now_ms)?;
        Ok(database.commit()?)
    });
    if made.is_err() {
        let _ = database.rollback();
    }
    database.patience.set(patience);
    made
}

/// Makes them in the transaction that is open.
pub(super) fn make_missing(database: &Postgres, steps: &[Step<'_>], now_ms: i64) -> Result<(), MigrateError> {
    database.batch("set local statement_timeout = 0; set local lock_timeout = 0")?;
    database.lock_numbers([TABLES_LOCK])?;
    database.batch("set local lock_timeout = '5s'")?;
    if !has_collector(database)? {
        database.batch(
            "create table afterword_migrations (
                 name       text collate \"C\" primary key,
                 checksum   bytea not null,
                 applied_ms bigint not null
             )",
        )?;
    }
    for (name, text) in missing(database, steps)? {
        database.batch(text)?;
        let checksum = checksum(text);
        database.wait(database.client.execute_typed(
            "insert into afterword_migrations (name, checksum, applied_ms) values ($1, $2, $3)",
            &[(&name, Type::TEXT), (&&checksum[..], Type::BYTEA), (&now_ms, Type::INT8)],
        ))?;
    }
    Ok(())
}

/// The steps that were not made yet; all of them, where there are no tables of ours.
fn missing<'s>(database: &Postgres, steps: &[Step<'s>]) -> Result<Vec<Step<'s>>, MigrateError> {
    if !has_collector(database)? {
        return Ok(steps.to_vec());
    }
    let query = "select name, checksum from afterword_migrations order by name";
    let made = database.wait(database.client.query_typed(query, &[]))?;
    let made: Vec<(String, Vec<u8>)> = made.iter().map(|row| (row.get(0), row.get(1))).collect();
    if made.iter().any(|(name, _)| steps.iter().all(|(known, _)| known != name)) {
        return Err(MigrateError::Newer);
    }
    let mut missing = Vec::new();
    for (name, text) in steps {
        match made.iter().find(|(made, _)| made == name) {
            Some((_, as_made)) if as_made[..] == checksum(text)[..] => {}
            Some(_) => return Err(MigrateError::Altered((*name).to_owned())),
            None => missing.push((*name, *text)),
        }
    }
    Ok(missing)
}

fn checksum(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}
