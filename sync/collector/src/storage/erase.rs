//! Erasing a response: its content goes from every row that holds it, and does not come back.
//!
//! Invariants: the head of an erased record stays, and with it the chain and every receipt; its bytes are empty and
//! `erased_ms` says since when. What was erased is known by its origin and the digest of its bytes, so that the same
//! record, sent again or carried into another epoch, is taken, acknowledged, and stored without content.
//! On failure the whole transaction is rolled back and nothing was erased.

use afterword_model::carried::{Carried, Origin};
use afterword_model::record::{DeviceId, Seq, StoreEpoch};
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::{HexColumn, StorageError, column_seq, seq_column};

/// What became of a wish to erase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erasure {
    /// The content is gone, from so many rows: the record, its carried copies, and what contradicted it.
    Erased {
        /// How many.
        rows: u64,
    },
    /// It had been erased before.
    AlreadyErased,
    /// There is no such record.
    NoSuchRecord,
}

/// Where a record's bytes first stood, and those bytes.
pub(crate) fn origin(epoch: StoreEpoch, seq: Seq, bytes: &[u8]) -> (Origin, &[u8]) {
    match Carried::read(bytes) {
        Ok(carried) => (carried.origin, carried.record),
        Err(_) => (Origin { epoch, seq }, bytes),
    }
}

/// Erases a record and every copy of it.
pub(crate) fn erase(
    connection: &Connection,
    device: &DeviceId,
    (epoch, seq): (StoreEpoch, Seq),
    now_ms: i64,
) -> Result<Erasure, StorageError> {
    let row = connection
        .prepare_cached(
            "select bytes, erased_ms is not null from records where device_id = ?1 and epoch = ?2 and seq = ?3",
        )?
        .query_row(params![device.as_bytes(), epoch.as_bytes(), seq_column(seq)], |row| {
            Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, bool>(1)?))
        })
        .optional()?;
    let bytes = match row {
        None => return Ok(Erasure::NoSuchRecord),
        Some((_, true)) => return Ok(Erasure::AlreadyErased),
        Some((bytes, false)) => bytes,
    };
    let (origin, content) = origin(epoch, seq, &bytes);
    remember(connection, device, &origin, content)?;
    let mut rows = 0;
    for (epoch, seq) in holders(connection, device, &origin, content)? {
        rows += connection.execute(
            "update records set bytes = x'', erased_ms = ?4 where device_id = ?1 and epoch = ?2 and seq = ?3",
            params![device.as_bytes(), epoch.as_bytes(), seq_column(seq), now_ms],
        )?;
    }
    rows += connection.execute(
        "delete from quarantine where device_id = ?1 and epoch = ?2 and seq = ?3",
        params![device.as_bytes(), origin.epoch.as_bytes(), seq_column(origin.seq)],
    )?;
    Ok(Erasure::Erased { rows: rows as u64 })
}

/// Whether content of this digest was erased under this origin.
pub(crate) fn is_erased(
    connection: &Connection,
    device: &DeviceId,
    origin: &Origin,
    digest: &[u8; 32],
) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "select 1 from erased where device_id = ?1 and epoch = ?2 and seq = ?3 and digest = ?4",
        )?
        .exists(key(device, origin, digest))
}

/// Whether anything of this device was ever erased; of nearly all devices nothing was.
pub(crate) fn any_erased(connection: &Connection, device: &DeviceId) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("select 1 from erased where device_id = ?1 limit 1")?
        .exists([device.as_bytes()])
}

fn remember(
    connection: &Connection,
    device: &DeviceId,
    origin: &Origin,
    content: &[u8],
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "insert into erased (device_id, epoch, seq, digest) values (?1, ?2, ?3, ?4) on conflict do nothing",
        )?
        .execute(key(device, origin, &digest(content)))
        .map(drop)
}

/// Every row that holds this content of this origin: the record itself, and copies carried into later epochs. Erasing is
/// rare, so it may look through the device's records.
fn holders(
    connection: &Connection,
    device: &DeviceId,
    wanted: &Origin,
    content: &[u8],
) -> rusqlite::Result<Vec<(StoreEpoch, Seq)>> {
    let mut statement = connection
        .prepare_cached("select epoch, seq, bytes from records where device_id = ?1 and erased_ms is null")?;
    let mut rows = statement.query([device.as_bytes()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (epoch, seq) = (row.get::<_, HexColumn<16, _>>(0)?.0, column_seq(row.get(1)?));
        let bytes = row.get_ref(2)?.as_blob()?;
        if origin(epoch, seq, bytes) == (*wanted, content) {
            found.push((epoch, seq));
        }
    }
    Ok(found)
}

/// What is remembered of content that was erased.
pub(crate) fn digest(content: &[u8]) -> [u8; 32] {
    Sha256::digest(content).into()
}

fn key<'a>(
    device: &'a DeviceId,
    origin: &'a Origin,
    digest: &'a [u8; 32],
) -> (&'a [u8; 16], &'a [u8; 16], i64, &'a [u8; 32]) {
    (device.as_bytes(), origin.epoch.as_bytes(), seq_column(origin.seq), digest)
}
