//! The newest words that shoppers wrote.

use std::path::Path;

use afterword_model::response::{AnswerValue, Response};
use rusqlite::{Connection, OptionalExtension};

use crate::error::StoreError;
use crate::state::seq;

/// So many records are looked through; of a shop where nobody has written for longer, nothing is found.
const RECORDS_MAX: usize = 2_000;

/// Responses with words, the newest first, at most so many.
pub(crate) fn newest(
    connection: &Connection,
    path: &Path,
    count: usize,
) -> Result<Vec<Response>, StoreError> {
    let of = |error: rusqlite::Error| StoreError::of(path, &error);
    let read = || -> rusqlite::Result<Vec<Response>> {
        let mut found = Vec::new();
        let mut read = connection.prepare_cached("SELECT seq, bytes FROM record ORDER BY seq DESC")?;
        let mut rows = read.query([])?;
        for _ in 0..RECORDS_MAX {
            let Some(row) = rows.next()? else { break };
            let Ok(response) = Response::from_bytes(seq(row, "seq")?, row.get_ref("bytes")?.as_blob()?)
            else {
                continue;
            };
            let says =
                |value: &AnswerValue| matches!(value, AnswerValue::Comment(words) if !words.is_empty());
            if response.draft.answers.iter().any(|answer| says(&answer.value)) {
                found.push(response);
            }
            if found.len() >= count {
                break;
            }
        }
        Ok(found)
    };
    read().map_err(of)
}

/// When the collector confirmed last, by its clock, in milliseconds since 1970-01-01T00:00:00Z.
pub(crate) fn confirmed_ms(connection: &Connection, path: &Path) -> Result<Option<i64>, StoreError> {
    connection
        .query_row("SELECT received_ms FROM receipt ORDER BY stored DESC LIMIT 1", [], |row| row.get(0))
        .optional()
        .map_err(|error| StoreError::of(path, &error))
}
