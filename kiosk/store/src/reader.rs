//! What is read beside the writer: runs of records. The numbers are in [`crate::tally`].
//!
//! Each read is one short transaction on its own connection; the writer is not held up by it. A run is handed
//! out only as far as its bytes hash to the heads that were stored with them.

use std::path::Path;

use afterword_model::record::{Head, Seq, next_head};
use afterword_protocol::limits::{BATCH_BYTES_MAX, BATCH_RECORDS_MAX};
use afterword_protocol::queue::Run;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::error::StoreError;
use crate::state::{column, hex, seq};

/// The records after `after_seq`, or after those purged, within both limits. `None` when there are none.
pub(crate) fn run(
    connection: &Connection,
    path: &Path,
    after_seq: Seq,
    records_max: usize,
) -> Result<Option<Run>, StoreError> {
    let of = |error: rusqlite::Error| StoreError::of(path, &error);
    let transaction = connection.unchecked_transaction().map_err(of)?;
    let (epoch, purged_seq, purged_head) = transaction
        .prepare_cached("SELECT epoch, purged_seq, purged_head FROM store")
        .and_then(|mut read| {
            read.query_row([], |row| {
                Ok((hex(row, "epoch")?, seq(row, "purged_seq")?, hex(row, "purged_head")?))
            })
        })
        .map_err(of)?;
    let after_seq = after_seq.max(purged_seq);
    let previous_head = if after_seq == purged_seq {
        Some(purged_head)
    } else {
        head_after(&transaction, after_seq).map_err(of)?
    };
    // After a record that does not exist comes nothing.
    let Some(previous_head) = previous_head else { return Ok(None) };
    let first_seq = after_seq + 1;
    let (records, sound) = chained(&transaction, first_seq, previous_head, records_max).map_err(of)?;
    if records.is_empty() {
        return if sound { Ok(None) } else { Err(StoreError::DamagedRecord(first_seq)) };
    }
    Ok(Some(Run { epoch, first_seq, previous_head, records }))
}

fn head_after(transaction: &Transaction<'_>, seq: Seq) -> rusqlite::Result<Option<Head>> {
    let mut read = transaction.prepare_cached("SELECT head FROM record WHERE seq = ?1")?;
    read.query_row([column(seq)], |row| hex(row, "head")).optional()
}

/// Records from `first_seq` on, up to the limits or the first that does not fit the chain; and whether it was
/// the limits.
fn chained(
    transaction: &Transaction<'_>,
    first_seq: Seq,
    mut head: Head,
    records_max: usize,
) -> rusqlite::Result<(Vec<Vec<u8>>, bool)> {
    let records_max = records_max.clamp(1, BATCH_RECORDS_MAX);
    let mut read = transaction
        .prepare_cached("SELECT seq, bytes, head FROM record WHERE seq >= ?1 ORDER BY seq LIMIT ?2")?;
    let mut rows = read.query(params![column(first_seq), i64::try_from(records_max).unwrap_or(i64::MAX)])?;
    let mut records = Vec::new();
    let mut bytes_total = 0;
    while let Some(row) = rows.next()? {
        let bytes: Vec<u8> = row.get("bytes")?;
        bytes_total += bytes.len();
        if bytes_total > BATCH_BYTES_MAX && !records.is_empty() {
            break;
        }
        head = next_head(&head, &bytes);
        if seq(row, "seq")? != first_seq + records.len() as Seq || hex(row, "head").ok() != Some(head) {
            return Ok((records, false));
        }
        records.push(bytes);
    }
    Ok((records, true))
}
