//! Receipts: what the collector has signed for, and how that is remembered.
//!
//! Signatures were verified by the agent, which knows the collector's key; here a receipt is held against the
//! chain. The newest one stored says what the collector holds now, also when a restored collector holds less
//! than before. Older ones are kept, one for each day of the collector's clock, because records may be
//! purged only some time after a receipt, and that time is measured by receipts alone
//! (see [`crate::purge`]).

use std::path::Path;

use afterword_model::record::{Head, Seq, genesis};
use afterword_protocol::queue::Acceptance;
use afterword_protocol::receipt::{Receipt, SignedReceipt};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::error::StoreError;
use crate::state::{Acknowledged, State, column, hex};

/// Receipts kept. One a day makes four months, longer than any grace period; past that purging only waits.
const RECEIPTS_MAX: i64 = 128;

const DAY_MS: i64 = 86_400_000;

/// Holds a receipt against the chain and stores it.
pub(crate) fn accept(
    connection: &mut Connection,
    path: &Path,
    state: &mut State,
    signed: &SignedReceipt,
) -> Result<Acceptance, StoreError> {
    let of = |error: rusqlite::Error| StoreError::of(path, &error);
    let receipt = &signed.receipt;
    if receipt.epoch != state.epoch || receipt.through_seq > state.last_seq {
        return Ok(Acceptance::WrongStore);
    }
    if head_after(connection, state, receipt.through_seq).map_err(of)? != Some(receipt.head) {
        return Ok(Acceptance::WrongHead);
    }
    let says_no_more = |acknowledged: Acknowledged| {
        acknowledged.server_epoch == receipt.server_epoch && receipt.through_seq <= acknowledged.through_seq
    };
    if state.acknowledged.is_some_and(says_no_more) {
        return Ok(Acceptance::Stale);
    }
    let json = serde_json::to_string(signed).expect("a receipt holds only strings and numbers");
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(of)?;
    store(&transaction, receipt, &json).map_err(of)?;
    transaction.commit().map_err(of)?;
    state.acknowledged =
        Some(Acknowledged { server_epoch: receipt.server_epoch, through_seq: receipt.through_seq });
    Ok(Acceptance::Stored)
}

/// The chain's head after a record. `None` for a purged one that no receipt of ours names: what cannot be
/// checked is not believed.
fn head_after(connection: &Connection, state: &State, seq: Seq) -> rusqlite::Result<Option<Head>> {
    if seq == state.last_seq {
        return Ok(Some(state.head));
    }
    if seq == state.purged_seq {
        return Ok(Some(state.purged_head));
    }
    if seq == 0 {
        return Ok(Some(genesis(&state.epoch)));
    }
    let sql = if seq > state.purged_seq {
        "SELECT head FROM record WHERE seq = ?1"
    } else {
        "SELECT head FROM receipt WHERE through_seq = ?1 LIMIT 1"
    };
    connection.prepare_cached(sql)?.query_row([column(seq)], |row| hex(row, "head")).optional()
}

fn store(transaction: &Transaction<'_>, receipt: &Receipt, json: &str) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT OR REPLACE INTO receipt (stored, server_epoch, received_day, received_ms, through_seq, head, json)
         VALUES ((SELECT coalesce(max(stored), 0) + 1 FROM receipt), ?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            receipt.server_epoch.as_bytes(),
            receipt.received_ms.div_euclid(DAY_MS),
            receipt.received_ms,
            column(receipt.through_seq),
            receipt.head.as_bytes(),
            json
        ],
    )?;
    // Of lives of the collector that are over, the newest word is enough.
    transaction.execute(
        "DELETE FROM receipt WHERE server_epoch <> ?1
         AND stored NOT IN (SELECT max(stored) FROM receipt GROUP BY server_epoch)",
        [receipt.server_epoch.as_bytes()],
    )?;
    transaction.execute(
        "DELETE FROM receipt WHERE stored <= (SELECT stored FROM receipt ORDER BY stored DESC LIMIT 1 OFFSET ?1)",
        [RECEIPTS_MAX],
    )?;
    Ok(())
}
