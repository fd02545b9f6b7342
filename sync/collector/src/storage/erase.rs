//! Erasing a response: its content goes from every row that holds it, and does not come back.
//!
//! Invariants: the head of an erased record stays, and with it the chain and every receipt; its bytes are empty and
//! `erased_ms` says since when. What was erased is known by the digest of its bytes, so that the same record, sent again,
//! carried into another epoch or frozen a second time by a copy of the device, is taken, acknowledged, and stored without
//! content; every origin under which it was found is remembered with it.
//! On failure the whole transaction is rolled back and nothing was erased.

use std::collections::{HashMap, HashSet};

use super::retention::reduce::frozen_digest;
use super::sql::{Connection, HexColumn, SqlError, SqlResult, Value, values};
use super::{StorageError, column_seq, in_savepoint, numbers, seq_column, told};
use afterword_model::carried::{Carried, Origin};
use afterword_model::record::{DeviceId, Seq, StoreEpoch};

/// What became of a wish to erase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erasure {
    /// The content is gone, from so many rows: the record, its carried copies, and those of them that were kept aside.
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

/// What has to go: under each origin, the digests of contents.
pub(crate) type Contents = HashMap<Origin, Vec<[u8; 32]>>;

/// Erases a record and every copy of it.
pub(crate) fn erase(
    connection: &Connection,
    device: &DeviceId,
    (epoch, seq): (StoreEpoch, Seq),
    now_ms: i64,
) -> Result<Erasure, StorageError> {
    let row = connection.query_opt(
        "select bytes, erased_ms is not null from records where device_id = ?1 and epoch = ?2 and seq = ?3",
        values![device.as_bytes(), epoch.as_bytes(), seq_column(seq)],
        |row| Ok((row.get::<Vec<u8>>(0)?, row.get::<bool>(1)?)),
    )?;
    let bytes = match row {
        None => return Ok(Erasure::NoSuchRecord),
        // Its content is not known any more; what an earlier version of this program left of it is found by its digest.
        Some((_, true)) => {
            return Ok(
                match take_away(connection, device, &remembered(connection, device)?, Some(now_ms))? {
                    0 => Erasure::AlreadyErased,
                    rows => Erasure::Erased { rows },
                },
            );
        }
        Some((bytes, false)) => bytes,
    };
    let (origin, content) = origin(epoch, seq, &bytes);
    let digest = frozen_digest(content);
    let rows = take_away(connection, device, &HashMap::from([(origin, vec![digest])]), Some(now_ms))?;
    Ok(Erasure::Erased { rows })
}

/// Takes these contents of a device from every row that holds one: the records themselves, copies carried into later
/// epochs, what was kept aside, and what a copy of the device froze as well: the number and the moment are in the bytes, so
/// that equal ones are one response. Other content under the same number is somebody else's and stays. Gives the number of
/// rows. Erasing is rare, so it may look through all that the device sent.
fn take_away(
    connection: &Connection,
    device: &DeviceId,
    contents: &Contents,
    erased_ms: Option<i64>,
) -> SqlResult<u64> {
    let mut rows = 0;
    let digests: HashSet<[u8; 32]> = contents.values().flatten().copied().collect();
    // Before anything is changed: whoever counts meanwhile has either counted them or finds them erased.
    connection.own().lock_counts()?;
    let held: Vec<(StoreEpoch, Seq)> = holders(
        connection,
        "select epoch, seq, bytes, head from records where device_id = ?1 and erased_ms is null",
        device,
        &digests,
    )?
    .into_iter()
    .map(|(epoch, seq, _)| (epoch, seq))
    .collect();
    rows += empty(connection, device, &held, erased_ms)?;
    for (epoch, seq, head) in holders(
        connection,
        "select epoch, seq, bytes, head from quarantine where device_id = ?1",
        device,
        &digests,
    )? {
        rows += connection.execute(
            "delete from quarantine where device_id = ?1 and epoch = ?2 and seq = ?3 and head = ?4",
            values![device.as_bytes(), epoch.as_bytes(), seq_column(seq), &head],
        )?;
    }
    Ok(rows)
}

/// Erases the records of a device that stand here, which hold these contents, and remembers those. The caller has looked up where copies of them
/// stand.
pub(crate) fn erase_rows(
    connection: &Connection,
    device: &DeviceId,
    held: &[(StoreEpoch, Seq)],
    contents: &[(Origin, [u8; 32])],
    now_ms: i64,
) -> SqlResult<u64> {
    connection.own().lock_counts()?;
    remember(connection, device, contents)?;
    empty(connection, device, held, Some(now_ms))
}

/// Takes the content of rows, and what is counted of it. The caller holds the lock of counts.
fn empty(
    connection: &Connection,
    device: &DeviceId,
    held: &[(StoreEpoch, Seq)],
    erased_ms: Option<i64>,
) -> SqlResult<u64> {
    numbers::take_back(connection, device, held)?;
    // What another life of this database erased it has told itself.
    if let Some(now_ms) = erased_ms {
        told::erasing(connection, device, held, now_ms)?;
    }
    let mut rows = 0;
    for (epoch, seq) in held {
        rows += connection.execute(
            "update records set bytes = ?5, erased_ms = coalesce(?4, received_ms)
             where device_id = ?1 and epoch = ?2 and seq = ?3",
            values![device.as_bytes(), epoch.as_bytes(), seq_column(*seq), erased_ms, &EMPTY],
        )?;
    }
    Ok(rows)
}

/// Where one of these contents stands, among the rows of this query. Its origin is remembered.
fn holders(
    connection: &Connection,
    query: &'static str,
    device: &DeviceId,
    digests: &HashSet<[u8; 32]>,
) -> SqlResult<Vec<(StoreEpoch, Seq, Vec<u8>)>> {
    let (mut found, mut met) = (Vec::new(), Vec::new());
    connection.each(query, values![device.as_bytes()], |row| {
        let (epoch, seq) = (row.get::<HexColumn<16, _>>(0)?.0, column_seq(row.get(1)?));
        let (origin, content) = origin(epoch, seq, row.blob(2)?);
        let digest = frozen_digest(content);
        if digests.contains(&digest) {
            met.push((origin, digest));
            found.push((epoch, seq, row.get(3)?));
        }
        Ok::<_, SqlError>(())
    })?;
    remember(connection, device, &met)?;
    Ok(found)
}

/// What was erased of a device and is among what comes in; of nearly all devices nothing was erased, and nothing is looked up.
pub(crate) struct Erased {
    digests: HashSet<[u8; 32]>,
    /// Under which origins it came.
    met: Vec<(Origin, [u8; 32])>,
}

impl Erased {
    /// Looks these contents up.
    pub(crate) fn among<'c>(
        connection: &Connection,
        device: &DeviceId,
        contents: impl Iterator<Item = &'c [u8]>,
    ) -> SqlResult<Self> {
        let (mut digests, met) = (HashSet::new(), Vec::new());
        let any = "select 1 from erased where device_id = ?1 limit 1";
        if !connection.exists(any, values![device.as_bytes()])? {
            return Ok(Self { digests, met });
        }
        let asked: Vec<[u8; 32]> = contents.map(frozen_digest).collect();
        let values: Vec<Vec<Value<'_>>> =
            asked.iter().map(|digest| values![device.as_bytes(), digest].to_vec()).collect();
        let query = "select digest from erased where device_id = ?1 and digest = ?2 limit 1";
        connection.own().query_each(query, &values, &mut |_, row| {
            digests.insert(row.get(0)?);
            Ok(())
        })?;
        Ok(Self { digests, met })
    }

    /// Whether this content was erased, wherever it stood.
    pub(crate) fn has(&mut self, (origin, content): (Origin, &[u8])) -> bool {
        if self.digests.is_empty() {
            return false;
        }
        let digest = frozen_digest(content);
        let is_erased = self.digests.contains(&digest);
        if is_erased {
            self.met.push((origin, digest));
        }
        is_erased
    }

    /// Remembers where it stood besides.
    pub(crate) fn remember(self, connection: &Connection, device: &DeviceId) -> SqlResult<()> {
        remember(connection, device, &self.met)
    }
}

/// Whether content of this digest is known to have been erased under this origin.
pub(crate) fn was_erased(
    connection: &Connection,
    device: &DeviceId,
    origin: &Origin,
    digest: &[u8; 32],
) -> SqlResult<bool> {
    connection.exists(
        "select 1 from erased where device_id = ?1 and epoch = ?2 and seq = ?3 and digest = ?4",
        &key(device, origin, digest),
    )
}

/// All that was ever erased in a database, by device; nothing of it is content.
pub(crate) type Erasures = Vec<(DeviceId, Contents)>;

/// Reads them. A database from before there was erasing has none.
pub(crate) fn all(connection: &Connection) -> SqlResult<Erasures> {
    if !connection.own().has_table("erased")? {
        return Ok(Erasures::new());
    }
    let devices: Vec<DeviceId> =
        connection.query_all("select distinct device_id from erased", &[], |row| {
            Ok(row.get::<HexColumn<16, _>>(0)?.0)
        })?;
    devices.into_iter().map(|device| Ok((device, remembered(connection, &device)?))).collect()
}

/// Erases in this database what was erased in another one. Gives the number of rows that had content.
pub(crate) fn erase_again(connection: &Connection, erasures: &Erasures) -> Result<u64, StorageError> {
    in_savepoint(connection, |connection| {
        let mut rows = 0;
        for (device, contents) in erasures {
            let all =
                contents.iter().flat_map(|(origin, digests)| digests.iter().map(|digest| (*origin, *digest)));
            remember(connection, device, &all.collect::<Vec<_>>())?;
            // When is not known any more, and asked by nobody; a row that comes in erased has the same moment.
            rows += take_away(connection, device, contents, None)?;
        }
        Ok(rows)
    })
}

/// All that was ever erased of this device.
fn remembered(connection: &Connection, device: &DeviceId) -> SqlResult<Contents> {
    let query = "select epoch, seq, digest from erased where device_id = ?1";
    let mut contents = Contents::new();
    connection.each(query, values![device.as_bytes()], |row| {
        let origin = Origin { epoch: row.get::<HexColumn<16, _>>(0)?.0, seq: column_seq(row.get(1)?) };
        contents.entry(origin).or_default().push(row.get(2)?);
        Ok::<_, SqlError>(())
    })?;
    Ok(contents)
}

/// Remembers contents, so that they are taken without being stored when they come again.
pub(crate) fn remember(
    connection: &Connection,
    device: &DeviceId,
    contents: &[(Origin, [u8; 32])],
) -> SqlResult<()> {
    let rows: Vec<Vec<Value<'_>>> =
        contents.iter().map(|(origin, digest)| key(device, origin, digest).to_vec()).collect();
    let into = "insert into erased (device_id, epoch, seq, digest)";
    connection.own().insert_all(into, &rows).map(drop)
}

/// What is left of content that was erased.
const EMPTY: [u8; 0] = [];

fn key<'a>(device: &'a DeviceId, origin: &'a Origin, digest: &'a [u8; 32]) -> [Value<'a>; 4] {
    [device.as_bytes().into(), origin.epoch.as_bytes().into(), seq_column(origin.seq).into(), digest.into()]
}
