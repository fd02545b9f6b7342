//! Which records have been kept long enough, and taking it from them and from their copies.
//!
//! Each store of a device is gone through along its numbers, which is the order in which its records came, so that a mark says how far it
//! is done. A copy that was carried to another epoch goes with the first of its kind that is due. What this program cannot read is passed over
//! and noted, and a later program begins again there: it may show what this one could not.

use std::collections::BTreeSet;

use afterword_model::carried::{Carried, Origin};
use afterword_model::content::Content;
use afterword_model::readable;
use afterword_model::record::{DeviceId, Seq, StoreEpoch};

use super::RetentionField;
use super::reduce::{frozen_digest, reduce};
use crate::storage::erase::{self, origin};
use crate::storage::sql::{Connection, HexColumn, Row, SqlResult, Value, values};
use crate::storage::{column_seq, seq_column};

/// Stores of devices that are named at once.
const STORES_MAX: i64 = 64;

/// Records of one store that are looked at in one transaction.
const RECORDS_MAX: usize = 500;

/// Which program this is, as a number that grows with its version.
fn reader() -> i64 {
    let parts = env!("CARGO_PKG_VERSION").split('.').take(3);
    parts.fold(0, |rank, part| rank * 10_000 + part.parse::<i64>().unwrap_or(0))
}

/// Stores of devices of which the next record came before this moment (ms since 1970-01-01T00:00:00Z); not all at once.
pub(crate) fn due(
    connection: &Connection,
    field: RetentionField,
    before_ms: i64,
) -> SqlResult<Vec<(DeviceId, StoreEpoch)>> {
    connection.query_all(
        "select stores.device_id, stores.epoch from stores
         left join retained on retained.device_id = stores.device_id and retained.epoch = stores.epoch
             and retained.field = ?1
         join records on records.device_id = stores.device_id and records.epoch = stores.epoch
             and records.seq = case when retained.unread_by < ?4 then retained.unread_seq
                                    else coalesce(retained.through_seq, 0) + 1 end
         where stores.first_received_ms < ?2 and records.received_ms < ?2
         order by stores.device_id, stores.epoch limit ?3",
        values![field.name(), before_ms, STORES_MAX, reader()],
        |row| Ok((row.get::<HexColumn<16, _>>(0)?.0, row.get::<HexColumn<16, _>>(1)?.0)),
    )
}

/// A record as it stands in its row.
struct Held {
    seq: Seq,
    bytes: Vec<u8>,
    is_parked: bool,
    is_erased: bool,
}

impl Held {
    fn can_be_read(&self) -> bool {
        match Carried::read(&self.bytes) {
            Ok(carried) => readable::check(carried.origin.seq, carried.record).is_ok(),
            Err(_) => readable::check(self.seq, &self.bytes).is_ok(),
        }
    }
}

/// How far a store has been gone through for a field.
#[derive(Default)]
struct Through {
    seq: i64,
    /// The first record that was passed over because it could not be read, and which program could not.
    unread: Option<(i64, i64)>,
}

impl Through {
    fn of(
        connection: &Connection,
        (device, epoch): (&DeviceId, &StoreEpoch),
        field: RetentionField,
    ) -> SqlResult<Self> {
        let found = connection.query_opt(
            "select through_seq, unread_seq, unread_by from retained
             where device_id = ?1 and epoch = ?2 and field = ?3",
            values![device.as_bytes(), epoch.as_bytes(), field.name()],
            |row| Ok(Self { seq: row.get(0)?, unread: row.get::<Option<i64>>(1)?.zip(row.get(2)?) }),
        )?;
        Ok(match found {
            // Only a later one begins again: of several that work at the same time none undoes what another did.
            Some(Self { unread: Some((unread, by)), .. }) if by < reader() => {
                Self { seq: unread - 1, unread: None }
            }
            found => found.unwrap_or_default(),
        })
    }

    fn put(
        &self,
        connection: &Connection,
        (device, epoch): (&DeviceId, &StoreEpoch),
        field: RetentionField,
    ) -> SqlResult<()> {
        let (unread_seq, unread_by) = self.unread.unzip();
        let place =
            values![device.as_bytes(), epoch.as_bytes(), field.name(), self.seq, unread_seq, unread_by];
        connection
            .execute(
                "insert into retained (device_id, epoch, field, through_seq, unread_seq, unread_by)
                 values (?1, ?2, ?3, ?4, ?5, ?6)
                 on conflict (device_id, epoch, field) do update set through_seq = excluded.through_seq,
                     unread_seq = excluded.unread_seq, unread_by = excluded.unread_by",
                place,
            )
            .map(drop)
    }
}

/// Takes a field from the next records of a store that came before this moment. The caller holds the device's lock. Gives the number of rows
/// of which something was taken.
pub(crate) fn take_part(
    connection: &Connection,
    store: (&DeviceId, &StoreEpoch),
    field: RetentionField,
    before_ms: i64,
    now_ms: i64,
) -> SqlResult<u64> {
    let (device, epoch) = store;
    let mut through = Through::of(connection, store, field)?;
    let held = next(connection, device, epoch, through.seq, before_ms)?;
    let Some(last) = held.last().map(|held| held.seq) else { return Ok(0) };
    let rows = match field {
        RetentionField::Response => take_whole(connection, device, epoch, &held, now_ms)?,
        _ => {
            let unread = held.iter().find(|held| !held.is_erased && !held.can_be_read());
            through.unread = through.unread.or(unread.map(|unread| (seq_column(unread.seq), reader())));
            take_field(connection, device, epoch, &held, field)?
        }
    };
    through.seq = seq_column(last);
    through.put(connection, store, field)?;
    Ok(rows)
}

/// The records after a number that came before this moment, up to the first that did not.
fn next(
    connection: &Connection,
    device: &DeviceId,
    epoch: &StoreEpoch,
    through: i64,
    before_ms: i64,
) -> SqlResult<Vec<Held>> {
    let last = through.saturating_add(i64::try_from(RECORDS_MAX).unwrap_or(i64::MAX));
    let rows = connection.query_all(
        "select seq, bytes, parked is not null, erased_ms is not null, received_ms from records
         where device_id = ?1 and epoch = ?2 and seq > ?3 and seq <= ?4 order by seq",
        values![device.as_bytes(), epoch.as_bytes(), through, last],
        |row| {
            let (seq, bytes) = (column_seq(row.get(0)?), row.get(1)?);
            let held = Held { seq, bytes, is_parked: row.get(2)?, is_erased: row.get(3)? };
            Ok((held, row.get::<i64>(4)?))
        },
    )?;
    Ok(rows
        .into_iter()
        .take_while(|(_, received_ms)| *received_ms < before_ms)
        .map(|(held, _)| held)
        .collect())
}

fn take_field(
    connection: &Connection,
    device: &DeviceId,
    epoch: &StoreEpoch,
    held: &[Held],
    field: RetentionField,
) -> SqlResult<u64> {
    let (fields, copies) = ([field].into(), Copies::of(connection, device)?);
    let mut rows = 0;
    for record in held.iter().filter(|record| !record.is_erased) {
        let Some(left) = reduce(record.seq, &record.bytes, &fields) else { continue };
        rows += put(connection, device, (epoch, record.seq), &left)?;
        for (epoch, seq, bytes) in copies.beside(connection, device, (epoch, record))? {
            if let Some(left) = reduce(seq, &bytes, &fields) {
                rows += put(connection, device, (&epoch, seq), &left)?;
            }
        }
    }
    Ok(rows)
}

/// Puts what is left in the place of a record.
pub(super) fn put(
    connection: &Connection,
    device: &DeviceId,
    (epoch, seq): (&StoreEpoch, Seq),
    left: &[u8],
) -> SqlResult<u64> {
    connection.execute(
        "update records set bytes = ?4 where device_id = ?1 and epoch = ?2 and seq = ?3",
        values![device.as_bytes(), epoch.as_bytes(), seq_column(seq), left],
    )
}

/// Erases responses, and what nobody can read; steps of follow-ups stay.
fn take_whole(
    connection: &Connection,
    device: &DeviceId,
    epoch: &StoreEpoch,
    held: &[Held],
    now_ms: i64,
) -> SqlResult<u64> {
    let copies = Copies::of(connection, device)?;
    let (mut rows, mut met) = (BTreeSet::new(), Vec::new());
    for record in held.iter().filter(|record| !record.is_erased) {
        let is_step = matches!(Content::from_bytes(record.seq, &record.bytes), Ok(Content::Case(_)));
        if is_step && !record.is_parked {
            continue;
        }
        let (first, content) = origin(*epoch, record.seq, &record.bytes);
        met.push((first, frozen_digest(content)));
        rows.insert((*epoch, record.seq));
        let beside = copies.beside(connection, device, (epoch, record))?;
        rows.extend(beside.into_iter().map(|(epoch, seq, _)| (epoch, seq)));
    }
    let rows: Vec<_> = rows.into_iter().collect();
    erase::erase_rows(connection, device, &rows, &met, now_ms)
}

/// Whether any record of a device was ever carried to another epoch.
pub(super) fn is_any_carried(connection: &Connection, device: &DeviceId) -> SqlResult<bool> {
    connection.exists("select 1 from carried where device_id = ?1 limit 1", values![device.as_bytes()])
}

/// Copies of a device's records that stand elsewhere; of nearly all devices nothing was ever carried.
struct Copies {
    any: bool,
}

impl Copies {
    fn of(connection: &Connection, device: &DeviceId) -> SqlResult<Self> {
        Ok(Self { any: is_any_carried(connection, device)? })
    }

    /// Those of this record, itself not among them.
    fn beside(
        &self,
        connection: &Connection,
        device: &DeviceId,
        (epoch, record): (&StoreEpoch, &Held),
    ) -> SqlResult<Vec<(StoreEpoch, Seq, Vec<u8>)>> {
        if !self.any {
            return Ok(Vec::new());
        }
        let (first, content) = origin(*epoch, record.seq, &record.bytes);
        let mut found = same(connection, device, &first, &frozen_digest(content))?;
        found.retain(|(other, seq, _)| (other, *seq) != (epoch, record.seq));
        Ok(found)
    }
}

/// Where a record stands that first stood at a [`place`], and where it was carried to, itself or not. Erased ones are not among them.
pub(super) const SAME: [&str; 2] = [
    "select epoch, seq, bytes from records
     where device_id = ?1 and epoch = ?2 and seq = ?3 and erased_ms is null",
    "select epoch, seq, bytes from carried join records using (device_id, epoch, seq)
     where device_id = ?1 and origin_epoch = ?2 and origin_seq = ?3 and erased_ms is null",
];

/// What [`SAME`] is asked with.
pub(super) fn place<'a>(device: &'a DeviceId, first: &'a Origin) -> [Value<'a>; 3] {
    [device.as_bytes().into(), first.epoch.as_bytes().into(), Value::from(seq_column(first.seq))]
}

/// A row of [`SAME`].
pub(super) fn same_row(row: &Row<'_>) -> SqlResult<(StoreEpoch, Seq, Vec<u8>)> {
    Ok((row.get::<HexColumn<16, _>>(0)?.0, column_seq(row.get(1)?), row.get::<Vec<u8>>(2)?))
}

/// Whether these bytes are the record that first stood there with this digest.
pub(super) fn is_same(
    first: &Origin,
    digest: &[u8; 32],
    (epoch, seq): (StoreEpoch, Seq),
    bytes: &[u8],
) -> bool {
    let (stood, content) = origin(epoch, seq, bytes);
    stood == *first && frozen_digest(content) == *digest
}

/// All rows of the record that first stood there with this digest: where it first stood, and wherever it was carried. Erased ones are not
/// among them.
fn same(
    connection: &Connection,
    device: &DeviceId,
    first: &Origin,
    digest: &[u8; 32],
) -> SqlResult<Vec<(StoreEpoch, Seq, Vec<u8>)>> {
    let mut found = Vec::new();
    for query in SAME {
        found.extend(connection.query_all(query, &place(device, first), same_row)?);
    }
    found.retain(|(epoch, seq, bytes)| is_same(first, digest, (*epoch, *seq), bytes));
    Ok(found)
}
