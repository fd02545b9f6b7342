//! Rows of whole tables out of a database and into another, by `COPY`: what PostgreSQL's own programs do, without them.
//!
//! Texts and not its binary form, which differs from version to version. Which tables there are stands in the steps that made them, in an
//! order in which each only refers to those before. On failure nothing is said of what was copied; the transaction decides.

use std::pin::pin;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use serde::{Deserialize, Serialize};
use tokio_postgres::types::Type;

use super::migrate::{MigrateError, Step, make_missing};
use super::{Postgres, months};
use crate::storage::sql::{Sql as _, SqlError, SqlResult};

/// Bytes that lie in memory at once.
const PART_BYTES: usize = 1 << 20;

/// Kept by a trigger from what stands in `devices`.
const KEPT_BY_TRIGGER: [&str; 2] = ["device_codes", "device_names"];

/// A table as it is copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Table {
    pub(crate) name: String,
    columns: Vec<String>,
    /// The column that is numbered by the database, and the last number that was given.
    numbered: Option<(String, i64)>,
}

impl Table {
    /// Whether it is one that these steps make, with columns that are names and nothing else: it comes from a file.
    pub(crate) fn is_of(&self, steps: &[Step<'_>]) -> bool {
        let is_name = |name: &String| {
            !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit())
        };
        let numbered = self.numbered.as_ref().map(|(column, _)| column);
        names(steps).any(|name| name == self.name) && self.columns.iter().chain(numbered).all(is_name)
    }

    fn columns(&self) -> String {
        self.columns.join(", ")
    }
}

/// The tables that these steps make, apart from parts of tables and from what the steps themselves note.
fn names<'s>(steps: &'s [Step<'_>]) -> impl Iterator<Item = &'s str> {
    let made = steps.iter().flat_map(|(_, text)| text.lines());
    let made = made.filter_map(|line| line.strip_prefix("create table ")?.strip_suffix(" ("));
    made.filter(|name| !KEPT_BY_TRIGGER.contains(name))
}

impl Postgres {
    /// The tables that these steps have made here.
    pub(crate) fn tables(&self, steps: &[Step<'_>]) -> SqlResult<Vec<Table>> {
        let mut tables = Vec::new();
        for name in names(steps) {
            let columns = "select attname::text, attidentity <> '' from pg_attribute
                 where attrelid = to_regclass($1) and attnum > 0 and not attisdropped and attgenerated = '' order by attnum";
            let rows = self.wait(self.client.query_typed(columns, &[(&name, Type::TEXT)]))?;
            let columns: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
            let numbered = rows.iter().find(|row| row.get(1)).map(|row| row.get::<_, String>(0));
            let numbered = numbered.map(|column| {
                let last =
                    "select coalesce(pg_sequence_last_value(pg_get_serial_sequence($1, $2)::regclass), 0)";
                let row =
                    self.wait(self.client.query_typed(last, &[(&name, Type::TEXT), (&column, Type::TEXT)]))?;
                let last = row.first().map(|row| row.get(0));
                Ok::<_, SqlError>((column, last.unwrap_or_default()))
            });
            // What a later step took away again.
            if !columns.is_empty() {
                tables.push(Table { name: name.to_owned(), columns, numbered: numbered.transpose()? });
            }
        }
        Ok(tables)
    }

    /// Gives all rows of a table, some at a time, until `each` has enough.
    pub(crate) fn copy_out<E: From<SqlError>>(
        &self,
        table: &Table,
        mut each: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let statement = format!("copy (select {} from {}) to stdout", table.columns(), table.name);
        let stream = self.wait(self.client.copy_out(&statement))?;
        // What comes behind its end is not asked for again.
        let mut stream = pin!(stream.fuse());
        loop {
            let part = self.wait(async {
                let mut part = Vec::new();
                while part.len() < PART_BYTES
                    && let Some(rows) = stream.next().await
                {
                    part.extend_from_slice(&rows?);
                }
                Ok(part)
            })?;
            if part.is_empty() {
                return Ok(());
            }
            each(&part)?;
        }
    }

    /// Takes rows into a table, as they were given, until there are none. How many.
    pub(crate) fn copy_in<E: From<SqlError>>(
        &self,
        table: &Table,
        mut next: impl FnMut() -> Result<Option<Vec<u8>>, E>,
    ) -> Result<u64, E> {
        let statement = format!("copy {} ({}) from stdin", table.name, table.columns());
        let sink = self.wait(self.client.copy_in::<_, Bytes>(&statement))?;
        let mut sink = pin!(sink);
        while let Some(part) = next()? {
            self.wait(sink.send(part.into()))?;
        }
        let rows = self.wait(sink.finish())?;
        if let Some((column, last @ 1..)) = &table.numbered {
            let goes_on = "select setval(pg_get_serial_sequence($1, $2)::regclass, $3)";
            let values: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 3] =
                [(&table.name, Type::TEXT), (column, Type::TEXT), (last, Type::INT8)];
            self.wait(self.client.query_typed(goes_on, &values))?;
        }
        Ok(rows)
    }

    /// Makes tables by these steps in the transaction that is open, with a part for each month between these moments, in milliseconds
    /// since 1970-01-01T00:00:00Z.
    pub(crate) fn make_tables(
        &self,
        steps: &[Step<'_>],
        now_ms: i64,
        months: Option<(i64, i64)>,
    ) -> Result<(), MigrateError> {
        make_missing(self, steps, now_ms)?;
        if let Some((first_ms, last_ms)) = months {
            months::prepare_between(self, first_ms, last_ms)?;
        }
        months::prepare(self, now_ms)?;
        // The rows take as long as they take.
        Ok(self.batch("set local statement_timeout = 0")?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::POSTGRES_STEPS;

    #[test]
    fn tables_are_known_by_the_steps_that_make_them() {
        let names: Vec<&str> = names(POSTGRES_STEPS).collect();
        assert!(names.starts_with(&["server", "devices", "stores", "records", "quarantine"]), "{names:?}");
        assert!(names.contains(&"api_tokens") && !names.contains(&"records_rest"), "{names:?}");
        let table = |name: &str, column: &str| Table {
            name: name.into(),
            columns: vec![column.into()],
            numbered: None,
        };
        assert!(table("records", "seq").is_of(POSTGRES_STEPS));
        assert!(!table("pg_authid", "rolname").is_of(POSTGRES_STEPS));
        assert!(!table("records", "seq) from stdin; drop table x").is_of(POSTGRES_STEPS));
    }
}
