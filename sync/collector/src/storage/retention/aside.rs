//! What was kept aside for contradicting: it is reduced as everything else, and stays where it is. Whole ones go.
//!
//! It stands in no case, so that the words of a step go by when it came. It is looked at row by row under the lock of its device: somebody
//! else may have taken something of it since it was listed.

use afterword_model::content::Content;
use afterword_model::record::{DeviceId, Seq, StoreEpoch};

use super::RetentionField;
use super::reduce::{frozen_digest, reduce};
use crate::storage::erase::{self, origin};
use crate::storage::sql::{Connection, HexColumn, SqlResult, values};
use crate::storage::{column_seq, seq_column};

/// Rows that are looked at in one transaction.
const ASIDE_MAX: i64 = 200;

/// Where a row stands among what was kept aside.
#[derive(Debug, Clone)]
pub(crate) struct AsidePlace {
    pub(crate) device: DeviceId,
    epoch: StoreEpoch,
    seq: Seq,
    head: Vec<u8>,
}

/// The next rows of one device after a place that came before this moment (ms since 1970-01-01T00:00:00Z); none at the end.
pub(crate) fn next_aside(
    connection: &Connection,
    before_ms: i64,
    after: Option<&AsidePlace>,
) -> SqlResult<Vec<AsidePlace>> {
    let (device, epoch, seq, head) = match after {
        Some(after) => (*after.device.as_bytes(), *after.epoch.as_bytes(), after.seq, &after.head[..]),
        None => ([0; 16], [0; 16], 0, &[][..]),
    };
    let mut found = connection.query_all(
        "select device_id, epoch, seq, head from quarantine
         where received_ms < ?1 and (device_id, epoch, seq, head) > (?2, ?3, ?4, ?5)
         order by device_id, epoch, seq, head limit ?6",
        values![before_ms, &device, &epoch, seq_column(seq), head, ASIDE_MAX],
        |row| {
            let (device, epoch) = (row.get::<HexColumn<16, _>>(0)?.0, row.get::<HexColumn<16, _>>(1)?.0);
            Ok(AsidePlace { device, epoch, seq: column_seq(row.get(2)?), head: row.get(3)? })
        },
    )?;
    if let Some(device) = found.first().map(|first| first.device) {
        found.retain(|place| place.device == device);
    }
    Ok(found)
}

/// Takes a field from these rows. The caller holds the lock of their device. Gives the number of rows.
pub(crate) fn take_aside(
    connection: &Connection,
    field: RetentionField,
    places: &[AsidePlace],
) -> SqlResult<u64> {
    let (mut rows, fields) = (0, [field].into());
    for AsidePlace { device, epoch, seq, head } in places {
        let place = values![device.as_bytes(), epoch.as_bytes(), seq_column(*seq), head];
        let found = connection.query_opt(
            "select bytes from quarantine where device_id = ?1 and epoch = ?2 and seq = ?3 and head = ?4",
            place,
            |row| row.get::<Vec<u8>>(0),
        )?;
        let Some(bytes) = found else { continue };
        if field == RetentionField::Response {
            if matches!(Content::from_bytes(*seq, &bytes), Ok(Content::Case(_))) {
                continue;
            }
            // So that it is not kept aside again when it comes again.
            let (first, content) = origin(*epoch, *seq, &bytes);
            erase::remember(connection, device, &[(first, frozen_digest(content))])?;
            rows += connection.execute(
                "delete from quarantine where device_id = ?1 and epoch = ?2 and seq = ?3 and head = ?4",
                place,
            )?;
        } else if let Some(left) = reduce(*seq, &bytes, &fields) {
            rows += connection.execute(
                "update quarantine set bytes = ?5 where device_id = ?1 and epoch = ?2 and seq = ?3 and head = ?4",
                values![device.as_bytes(), epoch.as_bytes(), seq_column(*seq), head, &left],
            )?;
        }
    }
    Ok(rows)
}
