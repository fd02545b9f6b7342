//! Alerts on the disk: opened and closed in one transaction each, listed, and at most [`KEPT`] of them.
//!
//! A rule has one open alert at a place. Whoever asks for another gets nothing, so that a program that was killed after the commit
//! and before it heard of it asks again without harm. A salvage leaves alerts behind: they say again what the records say.

use std::path::Path;

use afterword_model::alerts::{Alert, Cause, Count, Rule, Transition, Wish};
use afterword_model::response::Stamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};

use crate::error::StoreError;

/// Closed alerts are kept as long as they are of the newest so many: several a day for a year, and a few hundred kilobytes.
const KEPT: i64 = 2_000;

/// Does what is wished, where it is not done already. Gives what has become of it.
pub(crate) fn change(
    connection: &mut Connection,
    path: &Path,
    wish: &Wish,
) -> Result<Option<Transition>, StoreError> {
    let of = |error: rusqlite::Error| StoreError::of(path, &error);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(of)?;
    let happened = match wish {
        Wish::Open { touchpoint, cause, count, at } => {
            open(&transaction, touchpoint, cause, *count, at).map(|opened| opened.map(Transition::Opened))
        }
        Wish::Close { touchpoint, rule, at } => {
            close(&transaction, touchpoint, *rule, at).map(|closed| closed.map(Transition::Closed))
        }
    }
    .map_err(of)?;
    // Whatever else is to be on the disk with an alert goes here, before the commit.
    transaction.commit().map_err(of)?;
    Ok(happened)
}

fn open(
    transaction: &Transaction<'_>,
    touchpoint: &str,
    cause: &Cause,
    count: Count,
    at: &Stamp,
) -> rusqlite::Result<Option<Alert>> {
    let opened = transaction
        .prepare_cached(
            "INSERT INTO alert (rule, touchpoint, cause, answers, unhappy, opened_ms, opened)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING RETURNING *",
        )?
        .query_row(
            params![
                cause.rule().name(),
                touchpoint,
                json(cause),
                column(count.answers),
                column(count.unhappy),
                at.wall_ms,
                json(at)
            ],
            alert,
        )
        .optional()?;
    transaction
        .prepare_cached(
            "DELETE FROM alert WHERE closed IS NOT NULL AND id <= (SELECT max(id) FROM alert) - ?1",
        )?
        .execute([KEPT])?;
    Ok(opened)
}

fn close(
    transaction: &Transaction<'_>,
    touchpoint: &str,
    rule: Rule,
    at: &Stamp,
) -> rusqlite::Result<Option<Alert>> {
    transaction
        .prepare_cached(
            "UPDATE alert SET closed_ms = ?3, closed = ?4
             WHERE rule = ?1 AND touchpoint = ?2 AND closed IS NULL RETURNING *",
        )?
        .query_row(params![rule.name(), touchpoint, at.wall_ms, json(at)], alert)
        .optional()
}

/// The newest so many, the newest first; of those that are open alone, where so asked.
pub(crate) fn list(
    connection: &Connection,
    path: &Path,
    newest: u32,
    open_only: bool,
) -> Result<Vec<Alert>, StoreError> {
    let read = || -> rusqlite::Result<Vec<Alert>> {
        let mut read = connection
            .prepare_cached("SELECT * FROM alert WHERE NOT ?1 OR closed IS NULL ORDER BY id DESC LIMIT ?2")?;
        let mut rows = read.query(params![open_only, newest])?;
        let mut alerts = Vec::new();
        while let Some(row) = rows.next()? {
            match alert(row) {
                Ok(alert) => alerts.push(alert),
                // Of a rule that a newer program has, before it was rolled back.
                Err(rusqlite::Error::FromSqlConversionFailure(..)) => {
                    tracing::warn!("an alert is of a rule that this program does not know, and is left out");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(alerts)
    };
    read().map_err(|error| StoreError::of(path, &error))
}

fn alert(row: &Row<'_>) -> rusqlite::Result<Alert> {
    Ok(Alert {
        id: row.get::<_, i64>("id")?.unsigned_abs(),
        touchpoint: row.get("touchpoint")?,
        cause: from_json(&row.get::<_, String>("cause")?)?,
        count: Count {
            answers: row.get::<_, i64>("answers")?.unsigned_abs(),
            unhappy: row.get::<_, i64>("unhappy")?.unsigned_abs(),
        },
        opened: from_json(&row.get::<_, String>("opened")?)?,
        closed: row.get::<_, Option<String>>("closed")?.as_deref().map(from_json).transpose()?,
    })
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("causes and stamps hold only names and numbers")
}

fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> rusqlite::Result<T> {
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error)))
}

fn column(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
