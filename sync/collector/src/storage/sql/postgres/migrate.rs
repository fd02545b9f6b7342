//! Bringing the tables of a PostgreSQL database up to date.
//!
//! Which steps were made stands in the database, each with the digest of what it said. All that are missing are made in one
//! transaction under a lock, so that two collectors can start at once. On failure nothing has changed.

use sha2::{Digest, Sha256};
use tokio_postgres::types::Type;

use super::{Postgres, TABLES_LOCK, wait};
use crate::storage::sql::{Sql, SqlError, SqlResult};

/// The table that says which steps were made.
const STEPS_TABLE: &str = "afterword_migrations";

/// Why the tables are not up to date.
#[derive(Debug)]
pub(crate) enum MigrateError {
    /// A step was made that this version of the program does not know.
    Newer,
    /// A step said something else when it was made.
    Altered(String),
    Sql(SqlError),
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

/// Makes the steps that are missing, in their order.
pub(crate) fn migrate(database: &Postgres, steps: &[(&str, &str)], now_ms: i64) -> Result<(), MigrateError> {
    database.begin()?;
    let made = make_missing(database, steps, now_ms).and_then(|()| Ok(database.commit()?));
    if made.is_err() {
        let _ = database.rollback();
    }
    made
}

fn make_missing(database: &Postgres, steps: &[(&str, &str)], now_ms: i64) -> Result<(), MigrateError> {
    database.lock_numbers([TABLES_LOCK])?;
    if !has_collector(database)? {
        database.batch(
            "create table afterword_migrations (
                 name       text collate \"C\" primary key,
                 checksum   bytea not null,
                 applied_ms bigint not null
             )",
        )?;
    }
    let client = &database.client;
    let made =
        wait(client.query_typed("select name, checksum from afterword_migrations order by name", &[]))?;
    let made: Vec<(String, Vec<u8>)> = made.iter().map(|row| (row.get(0), row.get(1))).collect();
    if made.iter().any(|(name, _)| steps.iter().all(|(known, _)| known != name)) {
        return Err(MigrateError::Newer);
    }
    for (name, text) in steps {
        let checksum = Sha256::digest(text.as_bytes());
        match made.iter().find(|(made, _)| made == name) {
            Some((_, as_made)) if as_made[..] == checksum[..] => {}
            Some(_) => return Err(MigrateError::Altered((*name).to_owned())),
            None => {
                database.batch(text)?;
                wait(client.execute_typed(
                    "insert into afterword_migrations (name, checksum, applied_ms) values ($1, $2, $3)",
                    &[(name, Type::TEXT), (&&checksum[..], Type::BYTEA), (&now_ms, Type::INT8)],
                ))?;
            }
        }
    }
    Ok(())
}
