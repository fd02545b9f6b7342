//! The receipts that were given for new records, each stored in the transaction with its records.
//!
//! Invariant: a receipt that leaves for new records is in this table by then, byte for byte. On failure neither it nor
//! its records are stored, and it does not leave.

use afterword_model::record::{DeviceId, StoreEpoch};
use afterword_protocol::keys::{Signature, VerifyingKey};
use afterword_protocol::receipt::{Receipt, SignedReceipt};

use super::sql::{Connection, HexColumn, Row, Rows, SqlError, SqlResult, values};
use super::verify::{Break, StoreReport};
use super::{column_seq, seq_column};

/// Stores a receipt beside the records it is for.
pub(crate) fn insert(connection: &Connection, signed: &SignedReceipt) -> SqlResult<()> {
    let receipt = &signed.receipt;
    connection
        .execute(
            "insert into receipts (device_id, epoch, through_seq, head, nonce, received_ms, server_epoch,
         signature) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            values![
                receipt.device.as_bytes(),
                receipt.epoch.as_bytes(),
                seq_column(receipt.through_seq),
                receipt.head.as_bytes(),
                receipt.nonce.as_bytes(),
                receipt.received_ms,
                receipt.server_epoch.as_bytes(),
                signed.signature.as_bytes()
            ],
        )
        .map(drop)
}

/// Compares every receipt of a store with the chain, whose heads up to `report.records` have been computed anew, and its
/// signature with the key. Counts the good ones, and gives the first that is not.
pub(super) fn check(
    connection: &Connection,
    key: &VerifyingKey,
    report: &mut StoreReport,
) -> SqlResult<Option<Break>> {
    let (device, epoch) = (report.device, report.epoch);
    let query = "select given.through_seq, given.head, given.nonce, given.received_ms, given.server_epoch, given.signature,
             held.head
         from receipts as given left join records as held
             on held.device_id = given.device_id and held.epoch = given.epoch and held.seq = given.through_seq
         where given.device_id = ?1 and given.epoch = ?2 order by given.through_seq";
    connection.search(query, values![device.as_bytes(), epoch.as_bytes()], Rows::Many, |row| {
        let signed = read(row, device, epoch)?;
        let held: Option<HexColumn<32, _>> = row.get(6)?;
        let seq = signed.receipt.through_seq;
        let reason = if seq > report.records {
            format!("a receipt was given up to {seq}, the chain is whole up to {}", report.records)
        } else if held.is_none_or(|HexColumn(head)| signed.receipt.head != head) {
            "its receipt vouches for another chain than the one held".to_owned()
        } else if !signed.is_signed_by(key) {
            "its receipt is not signed with this collector's receipt key".to_owned()
        } else {
            report.receipts += 1;
            return Ok::<_, SqlError>(None);
        };
        Ok(Some(Break { seq, reason }))
    })
}

fn read(row: &Row<'_>, device: DeviceId, epoch: StoreEpoch) -> SqlResult<SignedReceipt> {
    let receipt = Receipt {
        device,
        epoch,
        through_seq: column_seq(row.get(0)?),
        head: row.get::<HexColumn<32, _>>(1)?.0,
        nonce: row.get::<HexColumn<16, _>>(2)?.0,
        received_ms: row.get(3)?,
        server_epoch: row.get::<HexColumn<16, _>>(4)?.0,
    };
    Ok(SignedReceipt { receipt, signature: Signature::from_bytes(row.get(5)?) })
}
