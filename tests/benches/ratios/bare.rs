//! The floor on the disk: bare SQLite, one table, one prepared statement, as durable as the product.

use std::path::Path;

use afterword_model::record::{DeviceId, Head, Seq, StoreEpoch, next_head};
use afterword_protocol::queue::Run;
use anyhow::{Result, ensure};
use rusqlite::{Connection, TransactionBehavior, params};

/// A bare database.
pub(crate) struct Bare(Connection);

/// Records of one transaction: the number of the first, and each record's bytes with its head.
pub(crate) struct Bundle {
    /// Number of the first record.
    pub(crate) first_seq: Seq,
    /// The records.
    pub(crate) records: Vec<(Vec<u8>, Head)>,
}

impl Bare {
    /// A new database at `path`, with the log and the syncing that the product has. The log is moved into the
    /// database at so many pages and written over from then on, which costs less to sync than one that grows; where
    /// the product does so early, so must the floor.
    pub(crate) fn create(path: &Path, checkpoint_pages: u32) -> Result<Self> {
        let connection = Connection::open(path)?;
        let mode: String = connection.query_row("pragma journal_mode = wal", [], |row| row.get(0))?;
        ensure!(mode == "wal", "the floor would not be comparable: its log is {mode}");
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "wal_autocheckpoint", checkpoint_pages)?;
        connection.execute_batch(
            "create table saved (id integer primary key, bytes blob not null) strict;
             create table records (
                 device blob not null,
                 epoch  blob not null,
                 seq    integer not null,
                 head   blob not null,
                 bytes  blob not null,
                 primary key (device, epoch, seq)
             ) strict, without rowid;",
        )?;
        Ok(Self(connection))
    }

    /// One row in one transaction; durable when this returns.
    pub(crate) fn save(&self, bytes: &[u8]) -> Result<()> {
        self.0.prepare_cached("insert into saved (bytes) values (?1)")?.execute([bytes])?;
        Ok(())
    }

    /// A bundle in one transaction; durable when this returns.
    pub(crate) fn insert(&mut self, device: &DeviceId, epoch: &StoreEpoch, bundle: &Bundle) -> Result<()> {
        let transaction = self.0.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut insert = transaction.prepare_cached(
                "insert into records (device, epoch, seq, head, bytes) values (?1, ?2, ?3, ?4, ?5)",
            )?;
            for (seq, (bytes, head)) in (bundle.first_seq..).zip(&bundle.records) {
                let seq = i64::try_from(seq)?;
                insert.execute(params![device.as_bytes(), epoch.as_bytes(), seq, head.as_bytes(), bytes])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }
}

/// A run as the floor stores it, with the head after each record.
pub(crate) fn bundle(run: &Run) -> Bundle {
    let mut head = run.previous_head;
    let records = run.records.iter().map(|bytes| {
        head = next_head(&head, bytes);
        (bytes.clone(), head)
    });
    Bundle { first_seq: run.first_seq, records: records.collect() }
}
