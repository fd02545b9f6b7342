//! One batch into the store: at most once, in order, byte for byte.
//!
//! Runs inside the writer's transaction. What is expected to happen (a repeat, a gap, a contradiction, a record
//! that cannot be read) is a variant of [`Ingested`]; an error means the database failed, and nothing is stored.
//!
//! Invariants: a record that is held is compared, never replaced; the mark moves by exactly the records
//! inserted; the head after the mark is the one this collector computed itself.

use std::collections::BTreeMap;

use afterword_model::record::{Head, Seq, genesis};
use afterword_protocol::batch::{Batch, BatchHeader, ChainedRecord};
use afterword_protocol::keys::VerifyingKey;
use afterword_protocol::limits::QUARANTINE_RECORDS_MAX;
use afterword_protocol::receipt::SignedReceipt;

use super::carried::{self, CarriedRecord};
use super::devices::{Standing, standing};
use super::erase::{Erased, origin};
use super::heartbeats::{Mark, read_mark};
use super::retention::again;
use super::retention::reduce::{frozen_digest, mark_of};
use super::sql::{Connection, HexColumn, NewRecord, NewRecords, Rows, SqlError, SqlResult, values};
use super::{StorageError, column_seq, receipts, seq_column, turns};

/// A batch whose sender, signature and chain have been checked.
pub(crate) struct Delivery {
    /// What came.
    pub(crate) batch: Batch,
    /// The key it was signed with; the device's own when the batch was looked at.
    pub(crate) public_key: VerifyingKey,
    /// Records that are no response this program can read, with the reason, in ascending order.
    pub(crate) unreadable: Vec<(Seq, String)>,
    /// Which of its records were carried from an earlier epoch.
    pub(crate) carried: Vec<CarriedRecord>,
    /// How it came.
    pub(crate) way: Way,
    /// When it came, by the collector's clock.
    pub(crate) received_ms: i64,
    /// What is given for it when it brings new records: signed beforehand, away from the writer.
    pub(crate) receipt: SignedReceipt,
}

/// How a batch comes to the collector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// The device says it now.
    Network,
    /// A stick brings it. It was said at any time before, and again with each import: whether a copy of the device is at work
    /// cannot be told from when it comes.
    Courier,
}

/// What became of a batch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ingested {
    /// Every record of it is held, now or since long; the last one since `received_ms`.
    Held { received_ms: i64 },
    /// Records between the mark and the batch are missing; nothing was stored.
    NotContiguous { mark: Seq },
    /// Other bytes are held under `seq`, or the chain before it is another; kept aside, nothing was replaced.
    Conflict { mark: Seq, seq: Seq },
    /// One of several new records cannot be read; nothing was stored.
    Unreadable { seq: Seq, reason: String },
    /// The device was revoked while the batch was on its way.
    Revoked,
    /// The device was retired while the batch was on its way.
    Retired,
    /// The device was enrolled again with another key while the batch was on its way.
    Replaced,
}

/// Stores what is new of a batch.
pub(crate) fn ingest(connection: &Connection, delivery: &Delivery) -> Result<Ingested, StorageError> {
    let header = &delivery.batch.header;
    match standing(connection, &header.device)? {
        Standing::Active(key) if key == delivery.public_key => {}
        Standing::Revoked => return Ok(Ingested::Revoked),
        Standing::Retired => return Ok(Ingested::Retired),
        Standing::Active(_) | Standing::Unknown => return Ok(Ingested::Replaced),
    }
    let mark = read_mark(connection, &header.device, &header.epoch)?;
    if header.first_seq > mark.seq + 1 {
        return Ok(Ingested::NotContiguous { mark: mark.seq });
    }
    let fork = find_fork(connection, &delivery.batch, &mark)?;
    if delivery.way == Way::Network {
        turns::heard(connection, &header.device, &header.epoch, fork.is_none(), delivery.received_ms)?;
    }
    if let Some(seq) = fork {
        quarantine(connection, delivery, mark.seq)?;
        return Ok(Ingested::Conflict { mark: mark.seq, seq });
    }
    if header.last_seq() <= mark.seq {
        return Ok(Ingested::Held { received_ms: read_received_ms(connection, header, header.last_seq())? });
    }
    let first_new = delivery.unreadable.iter().find(|(seq, _)| *seq > mark.seq);
    if let Some((seq, reason)) = first_new
        && header.count > 1
    {
        return Ok(Ingested::Unreadable { seq: *seq, reason: reason.clone() });
    }
    insert_records(connection, delivery, mark.seq)?;
    let carried = delivery.carried.iter().filter(|carried| carried.seq > mark.seq);
    carried::insert(connection, &header.device, &header.epoch, carried)?;
    advance_mark(connection, delivery)?;
    receipts::insert(connection, &delivery.receipt)?;
    Ok(Ingested::Held { received_ms: delivery.received_ms })
}

/// The first number at which the batch tells another story than what is held.
fn find_fork(connection: &Connection, batch: &Batch, mark: &Mark) -> Result<Option<Seq>, StorageError> {
    let header = &batch.header;
    let held_before = match header.first_seq - 1 {
        0 => genesis(&header.epoch),
        before if before == mark.seq => mark.head,
        before => read_head(connection, header, before)?,
    };
    if header.previous_head != held_before {
        return Ok(Some(header.first_seq));
    }
    let overlap_end = header.last_seq().min(mark.seq);
    let mut sent = numbered(batch);
    let fork = connection.search(
        "select seq, bytes, head, erased_ms is not null from records
         where device_id = ?1 and epoch = ?2 and seq between ?3 and ?4 order by seq",
        values![
            header.device.as_bytes(),
            header.epoch.as_bytes(),
            seq_column(header.first_seq),
            seq_column(overlap_end)
        ],
        // A batch has bounds.
        Rows::Few,
        |row| {
            let held_seq = column_seq(row.get(0)?);
            let held_bytes = row.blob(1)?;
            let is_erased: bool = row.get(3)?;
            // Of a record that was erased or reduced its head is left, which says as much.
            let held_head: Head = row.get::<HexColumn<32, _>>(2)?.0;
            let is_same = |record: &ChainedRecord| {
                let is_known_by_head = is_erased || mark_of(held_bytes).is_some();
                record.bytes == held_bytes || (is_known_by_head && record.head == held_head)
            };
            match sent.next() {
                Some((seq, record)) if seq == held_seq && is_same(record) => Ok(None),
                Some((seq, _)) if seq == held_seq => Ok(Some(seq)),
                _ => Err(missing_below(header, mark.seq)),
            }
        },
    )?;
    if fork.is_some() {
        return Ok(fork);
    }
    match sent.next() {
        Some((seq, _)) if seq <= overlap_end => Err(missing_below(header, mark.seq)),
        _ => Ok(None),
    }
}

fn missing_below(header: &BatchHeader, mark: Seq) -> StorageError {
    StorageError::Inconsistent(format!("a record below mark {mark} of device {} is missing", header.device))
}

fn numbered(batch: &Batch) -> impl Iterator<Item = (Seq, &ChainedRecord)> {
    (batch.header.first_seq..).zip(&batch.records)
}

fn read_head(connection: &Connection, header: &BatchHeader, seq: Seq) -> Result<Head, StorageError> {
    connection
        .query_opt(
            "select head from records where device_id = ?1 and epoch = ?2 and seq = ?3",
            values![header.device.as_bytes(), header.epoch.as_bytes(), seq_column(seq)],
            |row| Ok(row.get::<HexColumn<32, _>>(0)?.0),
        )?
        .ok_or_else(|| missing_below(header, seq + 1))
}

fn read_received_ms(connection: &Connection, header: &BatchHeader, seq: Seq) -> SqlResult<i64> {
    connection.query_one(
        "select received_ms from records where device_id = ?1 and epoch = ?2 and seq = ?3",
        values![header.device.as_bytes(), header.epoch.as_bytes(), seq_column(seq)],
        |row| row.get(0),
    )
}

fn insert_records(connection: &Connection, delivery: &Delivery, mark: Seq) -> Result<(), StorageError> {
    let header = &delivery.batch.header;
    let (device, epoch) = (header.device.as_bytes(), header.epoch.as_bytes());
    let parked = delivery.unreadable.first();
    let mut erased = erased_among(connection, &delivery.batch)?;
    let left = left(connection, delivery)?;
    let mut new = NewRecords { device, epoch, received_ms: delivery.received_ms, records: Vec::new() };
    for (seq, record) in numbered(&delivery.batch).filter(|(seq, _)| *seq > mark) {
        let reason = parked.filter(|(unreadable, _)| *unreadable == seq).map(|(_, reason)| reason.as_str());
        let is_erased = erased.has(origin(header.epoch, seq, &record.bytes));
        let bytes = (!is_erased).then(|| left.get(&seq).unwrap_or(&record.bytes).as_slice());
        let head = record.head.as_bytes();
        new.records.push(NewRecord { seq: seq_column(seq), head, bytes, parked: reason });
    }
    erased.remember(connection, &header.device)?;
    if connection.own().insert_records(&new)? == new.records.len() as u64 {
        return Ok(());
    }
    for (seq, record) in numbered(&delivery.batch).filter(|(seq, _)| *seq > mark) {
        if read_head(connection, header, seq)? != record.head {
            // The mark moves with the rows; a row beyond it was not written by this code.
            return Err(StorageError::Inconsistent(format!("record {seq} is held beyond mark {mark}")));
        }
    }
    Ok(())
}

/// What of a batch was erased before.
fn erased_among(connection: &Connection, batch: &Batch) -> SqlResult<Erased> {
    let epoch = batch.header.epoch;
    let contents = numbered(batch).map(|(seq, record)| origin(epoch, seq, &record.bytes).1);
    Erased::among(connection, &batch.header.device, contents)
}

/// What is left of those records of a batch of which something was taken before.
fn left(connection: &Connection, delivery: &Delivery) -> SqlResult<BTreeMap<Seq, Vec<u8>>> {
    let header = &delivery.batch.header;
    let bytes = |seq: Seq| {
        let index = usize::try_from(seq - header.first_seq).ok()?;
        delivery.batch.records.get(index).map(|record| &record.bytes[..])
    };
    let carried = delivery.carried.iter().filter_map(|record| Some((record, bytes(record.seq)?)));
    let mut all = again::left(connection, &header.device, carried)?;
    let records = numbered(&delivery.batch).map(|(seq, record)| (seq, &record.bytes[..]));
    let bounds = (header.first_seq, header.last_seq());
    all.extend(again::left_of_originals(connection, (&header.device, &header.epoch), bounds, records)?);
    Ok(all)
}

/// Whether what is held under a number is what was sent, though something may have been taken of it since.
fn is_same(header: &BatchHeader, seq: Seq, held: &[u8], sent: &[u8]) -> bool {
    let frozen = |bytes| {
        let (first, content) = origin(header.epoch, seq, bytes);
        (first, frozen_digest(content))
    };
    held == sent || (mark_of(held).is_some() && frozen(held) == frozen(sent))
}

fn advance_mark(connection: &Connection, delivery: &Delivery) -> SqlResult<()> {
    let header = &delivery.batch.header;
    connection
        .execute(
            "insert into stores (device_id, epoch, mark, head, first_received_ms, last_received_ms)
             values (?1, ?2, ?3, ?4, ?5, ?5)
             on conflict (device_id, epoch) do update set mark = excluded.mark, head = excluded.head,
                                       last_received_ms = excluded.last_received_ms",
            values![
                header.device.as_bytes(),
                header.epoch.as_bytes(),
                seq_column(header.last_seq()),
                header.last_head.as_bytes(),
                delivery.received_ms
            ],
        )
        .map(drop)
}

/// Keeps what contradicts: records that differ from the held ones, and those beyond the mark that follow on
/// another chain. Sent again they are kept once; past [`QUARANTINE_RECORDS_MAX`] of a store no more are kept.
fn quarantine(connection: &Connection, delivery: &Delivery, mark: Seq) -> Result<(), StorageError> {
    let header = &delivery.batch.header;
    let (device, epoch) = (header.device.as_bytes(), header.epoch.as_bytes());
    let kept: i64 = connection.query_one(
        "select count(*) from quarantine where device_id = ?1 and epoch = ?2",
        values![device, epoch],
        |row| row.get(0),
    )?;
    let room = usize::try_from(QUARANTINE_RECORDS_MAX - kept).unwrap_or(0);
    let mut held = BTreeMap::new();
    connection.search(
        "select seq, bytes from records where device_id = ?1 and epoch = ?2 and seq between ?3 and ?4",
        values![device, epoch, seq_column(header.first_seq), seq_column(header.last_seq().min(mark))],
        // A batch has bounds.
        Rows::Few,
        |row| {
            held.insert(column_seq(row.get(0)?), row.get::<Vec<u8>>(1)?);
            Ok::<_, SqlError>(None::<()>)
        },
    )?;
    let mut erased = erased_among(connection, &delivery.batch)?;
    let left = left(connection, delivery)?;
    let mut rows = Vec::new();
    for (seq, record) in numbered(&delivery.batch).take(room) {
        let is_erased = erased.has(origin(header.epoch, seq, &record.bytes));
        if is_erased || held.get(&seq).is_some_and(|bytes| is_same(header, seq, bytes, &record.bytes)) {
            continue;
        }
        let head = record.head.as_bytes();
        let row = values![
            device,
            epoch,
            seq_column(seq),
            head,
            delivery.received_ms,
            left.get(&seq).unwrap_or(&record.bytes)
        ];
        rows.push(row.to_vec());
    }
    erased.remember(connection, &header.device)?;
    let into = "insert into quarantine (device_id, epoch, seq, head, received_ms, bytes)";
    connection.own().insert_all(into, &rows)?;
    Ok(())
}
