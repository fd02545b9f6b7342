//! What comes in once more after something was taken of it: the same is taken of it before it is stored.
//!
//! Under its own number it is known by its head, and nothing is stored. Here it is about records that were carried to another epoch: they
//! say where they first stood, so that it costs nothing where nothing is carried.

use std::collections::BTreeMap;

use afterword_model::record::{DeviceId, Seq};

use super::due::same;
use super::reduce::{Fields, mark_of, reduce, taken};
use crate::storage::carried::CarriedRecord;
use crate::storage::sql::{Connection, SqlResult};

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
