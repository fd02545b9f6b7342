//! Carried records: where each first stood, and which of them are copies of what is held besides.
//!
//! The join is made when somebody counts, not when a record arrives, so that the order in which a carried record and its
//! origin arrive does not matter. Invariants: what is counted is an origin with its bytes, once; a record that says
//! other bytes of an origin is no copy. Nothing is left out of a chain for being a copy.

use super::erase::was_erased;
use super::retention::reduce::frozen_digest;
use super::sql::{Connection, HexColumn, Row, SqlError, SqlFault, SqlResult, Value, values};
use super::{column_seq, seq_column};
use afterword_model::carried::{Carried, Origin};
use afterword_model::readable;
use afterword_model::record::{DeviceId, SEQ_MAX, Seq, StoreEpoch};

/// A carried record of a batch.
pub(crate) struct CarriedRecord {
    /// Its number in the epoch it was carried into.
    pub(crate) seq: Seq,
    origin: Origin,
    digest: [u8; 32],
}

impl CarriedRecord {
    /// Reads bytes that are no plain response. Gives with it why the carried one can't be read, if it can't.
    pub(crate) fn read(seq: Seq, bytes: &[u8]) -> Option<(Self, Option<String>)> {
        let carried = Carried::read(bytes).ok()?;
        if carried.seq != seq || carried.origin.seq > SEQ_MAX {
            return None;
        }
        let unreadable = readable::check(carried.origin.seq, carried.record).err();
        let digest = frozen_digest(carried.record);
        Some((Self { seq, origin: carried.origin, digest }, unreadable.map(|reason| reason.to_string())))
    }

    /// Where it first stood, and its digest there.
    pub(crate) fn first(&self) -> (&Origin, &[u8; 32]) {
        (&self.origin, &self.digest)
    }
}

/// Notes where carried records first stood.
pub(crate) fn insert<'c>(
    connection: &Connection,
    device: &DeviceId,
    epoch: &StoreEpoch,
    carried: impl Iterator<Item = &'c CarriedRecord>,
) -> SqlResult<()> {
    let rows: Vec<Vec<Value<'_>>> = carried
        .map(|carried| {
            values![
                device.as_bytes(),
                epoch.as_bytes(),
                seq_column(carried.seq),
                carried.origin.epoch.as_bytes(),
                seq_column(carried.origin.seq),
                &carried.digest
            ]
            .to_vec()
        })
        .collect();
    let into = "insert into carried (device_id, epoch, seq, origin_epoch, origin_seq, digest)";
    if connection.own().insert_all(into, &rows)? == rows.len() as u64 {
        return Ok(());
    }
    Err(SqlError::new(SqlFault::Constraint, "a record that comes in is listed as carried already"))
}

/// What the table says of one carried record, or would have to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    origin: Origin,
    digest: [u8; 32],
}

impl Listed {
    /// From the columns `origin_epoch`, `origin_seq`, `digest`, of which this is the first.
    pub(super) fn of_columns(row: &Row<'_>, first: usize) -> SqlResult<Option<Self>> {
        let Some(epoch) = row.get::<Option<HexColumn<16, _>>>(first)? else { return Ok(None) };
        let origin = Origin { epoch: epoch.0, seq: column_seq(row.get(first + 1)?) };
        Ok(Some(Self { origin, digest: row.get(first + 2)? }))
    }

    /// From the record's own bytes, as when it came.
    pub(super) fn of_bytes(seq: Seq, bytes: &[u8]) -> Option<Self> {
        if readable::is_certain(seq, bytes) {
            return None;
        }
        CarriedRecord::read(seq, bytes).map(|(read, _)| Self { origin: read.origin, digest: read.digest })
    }

    /// Of an erased record no bytes are left to ask; that its content was erased is on record by itself.
    pub(super) fn was_erased(&self, connection: &Connection, device: &DeviceId) -> SqlResult<bool> {
        was_erased(connection, device, &self.origin, &self.digest)
    }
}

/// The first number that the table lists in a store, and no record has.
pub(super) fn find_stray(
    connection: &Connection,
    device: &DeviceId,
    epoch: &StoreEpoch,
) -> SqlResult<Option<Seq>> {
    connection.query_one(
        "select min(seq) from carried left join records using (device_id, epoch, seq)
             where device_id = ?1 and epoch = ?2 and records.bytes is null",
        values![device.as_bytes(), epoch.as_bytes()],
        |row| Ok(row.get::<Option<i64>>(0)?.map(column_seq)),
    )
}

/// Carried records whose origin, with the same bytes, is held or was carried before. That an origin was erased is held against what is
/// known of erased content.
pub(super) fn copies(connection: &Connection) -> SqlResult<u64> {
    let query = "select listed.digest, listed.times, records.bytes, records.erased_ms is not null, erased.digest is not null
         from (select device_id, origin_epoch, origin_seq, digest, count(*) as times from carried
               group by device_id, origin_epoch, origin_seq, digest) as listed
         left join records on records.device_id = listed.device_id and records.epoch = listed.origin_epoch
             and records.seq = listed.origin_seq
         left join erased on erased.device_id = listed.device_id and erased.epoch = listed.origin_epoch
             and erased.seq = listed.origin_seq and erased.digest = listed.digest";
    let mut copies = 0;
    connection.each(query, &[], |row| {
        let (digest, times): ([u8; 32], _) = (row.get(0)?, column_seq(row.get(1)?));
        let is_held = match (row.get::<Option<Vec<u8>>>(2)?, row.get::<bool>(3)?) {
            (None, _) => false,
            (Some(_), true) => row.get(4)?,
            (Some(bytes), false) => frozen_digest(&bytes) == digest,
        };
        copies += if is_held { times } else { times - 1 };
        Ok::<_, SqlError>(())
    })?;
    Ok(copies)
}

/// Whether the carried record that stands here is a copy of one that is held where it first stood, or in a lower place.
pub(super) fn is_copy(
    connection: &Connection,
    device: &DeviceId,
    (epoch, seq): (&StoreEpoch, Seq),
    origin: &Origin,
    digest: &[u8; 32],
) -> SqlResult<bool> {
    if is_held(connection, device, &origin.epoch, origin.seq, digest)? {
        return Ok(true);
    }
    connection.exists(
        "select 1 from carried where device_id = ?1 and origin_epoch = ?2 and origin_seq = ?3 and digest = ?4
             and (epoch < ?5 or (epoch = ?5 and seq < ?6)) limit 1",
        values![
            device.as_bytes(),
            origin.epoch.as_bytes(),
            seq_column(origin.seq),
            digest,
            epoch.as_bytes(),
            seq_column(seq)
        ],
    )
}

/// Whether just these bytes are held under this number, or were until they were erased.
fn is_held(
    connection: &Connection,
    device: &DeviceId,
    epoch: &StoreEpoch,
    seq: Seq,
    digest: &[u8; 32],
) -> SqlResult<bool> {
    let held = connection.query_opt(
        "select bytes, erased_ms is not null from records where device_id = ?1 and epoch = ?2 and seq = ?3",
        values![device.as_bytes(), epoch.as_bytes(), seq_column(seq)],
        |row| Ok((frozen_digest(row.blob(0)?), row.get::<bool>(1)?)),
    )?;
    match held {
        Some((_, true)) => was_erased(connection, device, &Origin { epoch: *epoch, seq }, digest),
        Some((held, false)) => Ok(held == *digest),
        None => Ok(false),
    }
}
