//! Words beside a day of the numbers: what somebody knows of it that no number says.
//!
//! Rows are never deleted: a note that is taken back says when.

use serde::Serialize;

use super::sql::{Connection, Row, SqlResult, values};

/// A note as it was written. Times are milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DayNote {
    /// Its number, by which it is taken back.
    pub id: i64,
    /// When it was written.
    pub added_ms: i64,
    /// The region or store it is of; of the whole organisation where there is none.
    pub place: Option<String>,
    /// The stores' local day, as days since 1970-01-01.
    pub day: i64,
    /// What it says.
    pub words: String,
    /// Whose it is: a login, or as the audit log names others.
    pub written_by: String,
}

/// Writes a note down and gives its number.
pub(crate) fn add(connection: &Connection, note: &DayNote) -> SqlResult<i64> {
    let DayNote { id: _, added_ms, place, day, words, written_by } = note;
    let place = place.as_deref().unwrap_or_default();
    connection.query_one(
        "insert into day_notes (added_ms, place, day, words, written_by) values (?1, ?2, ?3, ?4, ?5) returning note_id",
        values![*added_ms, place, *day, words, written_by],
        |row| row.get(0),
    )
}

/// How many of a place stand beside a day.
pub(crate) fn count(connection: &Connection, place: Option<&str>, day: i64) -> SqlResult<u64> {
    let query = "select count(*) from day_notes where day = ?1 and place = ?2 and withdrawn_ms is null";
    let count: i64 =
        connection.query_one(query, values![day, place.unwrap_or_default()], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

/// Of these days, both included, the oldest day first, and of each day what was written last first.
pub(crate) fn list(connection: &Connection, (first, last): (i64, i64)) -> SqlResult<Vec<DayNote>> {
    connection.query_all(
        "select note_id, added_ms, place, day, words, written_by from day_notes
         where day between ?1 and ?2 and withdrawn_ms is null order by day, note_id desc",
        values![first, last],
        read,
    )
}

/// The note of this number, unless it was taken back.
pub(crate) fn find(connection: &Connection, id: i64) -> SqlResult<Option<DayNote>> {
    connection.query_opt(
        "select note_id, added_ms, place, day, words, written_by from day_notes
         where note_id = ?1 and withdrawn_ms is null",
        values![id],
        read,
    )
}

/// Takes it back.
pub(crate) fn withdraw(connection: &Connection, id: i64, now_ms: i64) -> SqlResult<()> {
    let query = "update day_notes set withdrawn_ms = ?2 where note_id = ?1 and withdrawn_ms is null";
    connection.execute(query, values![id, now_ms]).map(drop)
}

/// Takes back all of a place that is one no more.
pub(crate) fn withdraw_all_of(connection: &Connection, place: &str, now_ms: i64) -> SqlResult<u64> {
    let query = "update day_notes set withdrawn_ms = ?2 where place = ?1 and withdrawn_ms is null";
    connection.execute(query, values![place, now_ms])
}

fn read(row: &Row<'_>) -> SqlResult<DayNote> {
    let place: String = row.get(2)?;
    Ok(DayNote {
        id: row.get(0)?,
        added_ms: row.get(1)?,
        place: Some(place).filter(|place| !place.is_empty()),
        day: row.get(3)?,
        words: row.get(4)?,
        written_by: row.get(5)?,
    })
}
