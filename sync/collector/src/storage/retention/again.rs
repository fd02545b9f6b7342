//! What comes in once more after something was taken of it: the same is taken of it before it is stored.
//!
//! Under its own number it is known by its head, and nothing is stored. Here it is about records that were carried to another epoch, which
//! say where they first stood, and about those that come only after they were carried. It costs next to nothing where nothing is carried.

use std::collections::BTreeMap;

use afterword_model::record::{DeviceId, Seq, StoreEpoch};

use super::due::{SAME, is_any_carried, is_same, place, same_row};
use super::reduce::{Fields, frozen_digest, mark_of, reduce, taken};
use crate::storage::carried::CarriedRecord;
use crate::storage::sql::{Connection, SqlResult, Value, values};
use crate::storage::{column_seq, seq_column};

/// What is left of those carried records, by number, of which something was taken before. They are looked up together.
pub(crate) fn left<'r>(
    connection: &Connection,
    device: &DeviceId,
    carried: impl Iterator<Item = (&'r CarriedRecord, &'r [u8])>,
) -> SqlResult<BTreeMap<Seq, Vec<u8>>> {
    let carried: Vec<_> = carried.collect();
    let places: Vec<Vec<Value<'_>>> =
        carried.iter().map(|(record, _)| place(device, record.first().0).to_vec()).collect();
    let mut gone = vec![Fields::new(); carried.len()];
    if places.is_empty() {
        return Ok(BTreeMap::new());
    }
    for query in SAME {
        connection.own().query_each(query, &places, &mut |index, row| {
            let (epoch, seq, bytes) = same_row(row)?;
            let (first, digest) = carried[index].0.first();
            if let Some(mark) = mark_of(&bytes).filter(|_| is_same(first, digest, (epoch, seq), &bytes)) {
                gone[index].extend(taken(&mark));
            }
            Ok(())
        })?;
    }
    let left = carried.iter().zip(&gone).filter(|(_, fields)| !fields.is_empty());
    Ok(left
        .filter_map(|((record, bytes), fields)| Some((record.seq, reduce(record.seq, bytes, fields)?)))
        .collect())
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
