//! What was kept aside for contradicting: it is reduced as everything else, and stays where it is. Whole ones go.

use std::collections::BTreeSet;

use afterword_model::content::Content;
use afterword_model::record::{DeviceId, Seq, StoreEpoch};

use super::RetentionField;
use super::reduce::{frozen_digest, reduce};
use crate::storage::erase::{self, origin};
use crate::storage::sql::{Connection, HexColumn, SqlError, SqlResult, values};
use crate::storage::{column_seq, seq_column};

/// A row that something is to be taken of.
struct Aside {
    device: DeviceId,
    epoch: StoreEpoch,
    seq: Seq,
    head: Vec<u8>,
    /// Nothing where the whole row goes.
    left: Option<Vec<u8>>,
    bytes: Vec<u8>,
}

/// Takes a field from what came before this moment and was kept aside. There is little of it, and all is looked at.
pub(crate) fn take_aside(connection: &Connection, field: RetentionField, before_ms: i64) -> SqlResult<u64> {
    let found = find(connection, field, before_ms)?;
    let devices: BTreeSet<DeviceId> = found.iter().map(|aside| aside.device).collect();
    connection.own().lock(&devices.into_iter().collect::<Vec<_>>())?;
    let mut rows = 0;
    for Aside { device, epoch, seq, head, left, bytes } in &found {
        let place = values![device.as_bytes(), epoch.as_bytes(), seq_column(*seq), head].to_vec();
        rows += match left {
            Some(left) => {
                let values = [place, values![left].to_vec()].concat();
                connection.execute(
                    "update quarantine set bytes = ?5 where device_id = ?1 and epoch = ?2 and seq = ?3 and head = ?4",
                    &values,
                )?
            }
            None => {
                // So that it is not kept aside again when it comes again.
                let (first, content) = origin(*epoch, *seq, bytes);
                erase::remember(connection, device, &[(first, frozen_digest(content))])?;
                connection.execute(
                    "delete from quarantine where device_id = ?1 and epoch = ?2 and seq = ?3 and head = ?4",
                    &place,
                )?
            }
        };
    }
    Ok(rows)
}

fn find(connection: &Connection, field: RetentionField, before_ms: i64) -> SqlResult<Vec<Aside>> {
    let (mut found, fields) = (Vec::new(), [field].into());
    connection.each(
        "select device_id, epoch, seq, head, bytes from quarantine where received_ms < ?1
         order by device_id, epoch, seq, head",
        values![before_ms],
        |row| {
            let (seq, bytes) = (column_seq(row.get(2)?), row.blob(4)?);
            let left = match field {
                RetentionField::Response => match Content::from_bytes(seq, bytes) {
                    Ok(Content::Case(_)) => return Ok(()),
                    _ => None,
                },
                _ => match reduce(seq, bytes, &fields) {
                    None => return Ok(()),
                    left => left,
                },
            };
            let (device, epoch) = (row.get::<HexColumn<16, _>>(0)?.0, row.get::<HexColumn<16, _>>(1)?.0);
            found.push(Aside { device, epoch, seq, head: row.get(3)?, left, bytes: bytes.to_vec() });
            Ok::<_, SqlError>(())
        },
    )?;
    Ok(found)
}
