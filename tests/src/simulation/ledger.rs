//! What the collector holds, read from its database by an eye of our own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use afterword_model::record::{DeviceId, Seq, ServerEpoch, StoreEpoch};
use rusqlite::types::{FromSqlError, ValueRef};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};

/// One record that is held.
#[derive(Debug, Clone)]
pub(super) struct Held {
    /// Whose.
    pub(super) device: DeviceId,
    /// Of which store.
    pub(super) epoch: StoreEpoch,
    /// Under which number.
    pub(super) seq: Seq,
    /// Its bytes; `None` when they were erased.
    pub(super) bytes: Option<Vec<u8>>,
    /// Where it first stood, of a carried one.
    pub(super) origin: Option<(StoreEpoch, Seq)>,
    /// What its bytes there were, of a carried one: SHA-256.
    pub(super) digest: Option<Vec<u8>>,
}

/// The view, and how far it has been read.
pub(super) struct Ledger {
    path: PathBuf,
    connection: Connection,
    read: BTreeMap<(DeviceId, StoreEpoch), Seq>,
}

impl Ledger {
    /// Looks at a collector's database.
    pub(super) fn open(path: &Path) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(Self { path: path.to_owned(), connection, read: BTreeMap::new() })
    }

    /// This life of the database.
    pub(super) fn server_epoch(&self) -> rusqlite::Result<ServerEpoch> {
        self.connection.query_row("select server_epoch from server", [], |row| id(row, 0))
    }

    /// The key of a device that may deliver.
    pub(super) fn key(&self, device: &DeviceId) -> rusqlite::Result<Option<Vec<u8>>> {
        let sql = "select public_key from devices where device_id = ?1 and revoked_ms is null";
        let key = self.connection.query_row(sql, [device.as_bytes()], |row| row.get::<_, Option<Vec<u8>>>(0));
        key.optional().map(Option::flatten)
    }

    /// Up to where records of each store are held.
    pub(super) fn marks(&self) -> rusqlite::Result<BTreeMap<(DeviceId, StoreEpoch), Seq>> {
        let mut marks = self.connection.prepare_cached("select device_id, epoch, mark from stores")?;
        let rows = marks.query_map([], |row| Ok(((id(row, 0)?, id(row, 1)?), seq(row, 2)?)))?;
        rows.collect()
    }

    /// What has come since the last look.
    pub(super) fn news(&mut self) -> rusqlite::Result<Vec<Held>> {
        let mut news = Vec::new();
        for ((device, epoch), mark) in self.marks()? {
            let read = self.read.entry((device, epoch)).or_default();
            if *read < mark {
                news.extend(records(&self.connection, device, epoch, *read)?);
                *read = mark;
            }
        }
        Ok(news)
    }

    /// Everything that is held.
    pub(super) fn all(&self) -> rusqlite::Result<Vec<Held>> {
        let mut all = Vec::new();
        for (device, epoch) in self.marks()?.into_keys() {
            all.extend(records(&self.connection, device, epoch, 0)?);
        }
        Ok(all)
    }

    /// Everything that contradicts what is held.
    pub(super) fn contradictions(&self) -> rusqlite::Result<Vec<Held>> {
        let mut read =
            self.connection.prepare_cached("select device_id, epoch, seq, bytes from quarantine")?;
        let rows = read.query_map([], |row| {
            let (device, epoch, seq) = (id(row, 0)?, id(row, 1)?, seq(row, 2)?);
            Ok(Held { device, epoch, seq, bytes: row.get(3)?, origin: None, digest: None })
        })?;
        rows.collect()
    }

    /// Sabotage: the newest record of every store is gone, as if it had never come.
    pub(super) fn forget_newest(&self) {
        let forget = || -> rusqlite::Result<()> {
            let connection = Connection::open(&self.path)?;
            for ((device, epoch), mark) in self.marks()?.into_iter().filter(|(_, mark)| *mark > 1) {
                let (device, epoch) = (device.as_bytes(), epoch.as_bytes());
                let mark = i64::try_from(mark).unwrap_or(i64::MAX);
                connection.execute(
                    "update stores set mark = ?3, head = (select head from records
                         where device_id = ?1 and epoch = ?2 and seq = ?3) where device_id = ?1 and epoch = ?2",
                    params![device, epoch, mark - 1],
                )?;
                connection.execute(
                    "delete from records where device_id = ?1 and epoch = ?2 and seq >= ?3",
                    params![device, epoch, mark],
                )?;
            }
            Ok(())
        };
        forget().expect("the sabotage works on a database that was just written");
    }
}

fn records(
    connection: &Connection,
    device: DeviceId,
    epoch: StoreEpoch,
    after: Seq,
) -> rusqlite::Result<Vec<Held>> {
    let sql = "select seq, nullif(bytes, x''), origin_epoch, origin_seq, digest
         from records left join carried using (device_id, epoch, seq)
         where device_id = ?1 and epoch = ?2 and seq > ?3 order by seq";
    let mut read = connection.prepare_cached(sql)?;
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let rows = read.query_map(params![device.as_bytes(), epoch.as_bytes(), after], |row| {
        let is_carried = row.get_ref(2)? != ValueRef::Null;
        let origin = is_carried.then(|| Ok::<_, rusqlite::Error>((id(row, 2)?, seq(row, 3)?))).transpose()?;
        Ok(Held { device, epoch, seq: seq(row, 0)?, bytes: row.get(1)?, origin, digest: row.get(4)? })
    })?;
    rows.collect()
}

fn id<K>(row: &Row<'_>, column: usize) -> rusqlite::Result<afterword_model::hex::Hex<16, K>> {
    let read = |value: rusqlite::types::ValueRef<'_>| {
        afterword_model::hex::Hex::from_slice(value.as_blob()?).map_err(FromSqlError::other)
    };
    let failed = |error: FromSqlError| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Blob, Box::new(error))
    };
    read(row.get_ref(column)?).map_err(failed)
}

fn seq(row: &Row<'_>, column: usize) -> rusqlite::Result<Seq> {
    Ok(row.get::<_, i64>(column)?.unsigned_abs())
}
