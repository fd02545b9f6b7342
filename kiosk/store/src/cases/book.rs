//! How many records are steps and no responses.

use afterword_model::carried::Origin;
use afterword_model::case::{CaseRecord, Held};
use afterword_model::content::Content;
use rusqlite::{Connection, OptionalExtension, Transaction};

use super::steps;
use crate::carry::origin;
use crate::state::{hex, seq};

/// How many of all records that this database's chains were given are steps.
pub(crate) fn chained(connection: &Connection) -> rusqlite::Result<u64> {
    connection
        .query_row("SELECT chained FROM case_book", [], |row| row.get::<_, i64>(0))
        .map(i64::unsigned_abs)
}

/// So many more records are steps.
pub(super) fn count(transaction: &Transaction<'_>, more: u64) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("UPDATE case_book SET chained = chained + ?1")?
        .execute([i64::try_from(more).unwrap_or(i64::MAX)])
        .map(drop)
}

/// Puts down the steps whose records a program of the schema before has carried here without knowing what they are.
pub(crate) fn adopt(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let epoch = transaction.query_row("SELECT epoch FROM store", [], |row| hex(row, "epoch")).optional()?;
    // A file without its own row is damaged; whoever reads the state says so.
    let Some(epoch) = epoch else { return Ok(()) };
    let mut found = Vec::new();
    {
        let mut read = transaction.prepare(
            "SELECT seq, bytes FROM record WHERE instr(bytes, CAST('\"case\":{' AS BLOB)) > 0 ORDER BY seq",
        )?;
        let mut rows = read.query([])?;
        while let Some(row) = rows.next()? {
            let (seq, bytes) = (seq(row, "seq")?, row.get_ref("bytes")?.as_blob()?);
            let Ok(Content::Case(record)) = Content::from_bytes(seq, bytes) else { continue };
            let CaseRecord { case, .. } = *record;
            found.push(Held { id: origin(bytes).unwrap_or(Origin { epoch, seq }), event: case });
        }
    }
    for held in &found {
        steps::add(transaction, held, None)?;
        count(transaction, 1)?;
    }
    Ok(())
}
