//! What comes in once more after something was taken of it: the same is taken of it before it is stored.
//!
//! Under its own number it is known by its head, and nothing is stored. Here it is about records that were carried to another epoch, which
//! say where they first stood, and about those that come only after they were carried. It costs next to nothing where nothing is carried.

use std::collections::BTreeMap;

use afterword_model::record::{DeviceId, Seq, StoreEpoch};

use super::due::{is_any_carried, same};
use super::reduce::{Fields, frozen_digest, mark_of, reduce, taken};
use crate::storage::carried::CarriedRecord;
use crate::storage::sql::{Connection, SqlResult, values};
use crate::storage::{column_seq, seq_column};

/// What is left of those carried records, by number, of which something was taken before.
pub(crate) fn left<'r>(
    connection: &Connection,
    device: &DeviceId,
    carried: impl Iterator<Item = (&'r CarriedRecord, &'r [u8])>,
) -> SqlResult<BTreeMap<Seq, Vec<u8>>> {
    let mut all = BTreeMap::new();
    for (record, bytes) in carried {
        let (first, digest) = record.first();
        let rows = same(connection, device, first, digest)?;
        let fields: Fields =
            rows.iter().filter_map(|(.., bytes)| mark_of(bytes)).flat_map(|mark| taken(&mark)).collect();
        if let Some(left) = reduce(record.seq, bytes, &fields) {
            all.insert(record.seq, left);
        }
    }
    Ok(all)
}

/// What is left of those records between two numbers of a store, by number, of which something was taken where they had been carried to before
/// they came here.
pub(crate) fn left_of_originals<'r>(
    connection: &Connection,
    (device, epoch): (&DeviceId, &StoreEpoch),
    (first, last): (Seq, Seq),
    records: impl Iterator<Item = (Seq, &'r [u8])>,
) -> SqlResult<BTreeMap<Seq, Vec<u8>>> {
    let mut all = BTreeMap::new();
    if !is_any_carried(connection, device)? {
        return Ok(all);
    }
    let mut gone: BTreeMap<(Seq, [u8; 32]), Fields> = BTreeMap::new();
    let copies = connection.query_all(
        "select origin_seq, digest, bytes from carried join records using (device_id, epoch, seq)
         where device_id = ?1 and origin_epoch = ?2 and origin_seq between ?3 and ?4 and erased_ms is null",
        values![device.as_bytes(), epoch.as_bytes(), seq_column(first), seq_column(last)],
        |row| Ok((column_seq(row.get(0)?), row.get::<[u8; 32]>(1)?, mark_of(row.blob(2)?))),
    )?;
    for (seq, digest, mark) in copies {
        if let Some(mark) = mark {
            gone.entry((seq, digest)).or_default().extend(taken(&mark));
        }
    }
    if gone.is_empty() {
        return Ok(all);
    }
    for (seq, bytes) in records {
        if let Some(left) =
            gone.get(&(seq, frozen_digest(bytes))).and_then(|fields| reduce(seq, bytes, fields))
        {
            all.insert(seq, left);
        }
    }
    Ok(all)
}
