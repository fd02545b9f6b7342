//! What both ends hold, side by side, read from their databases and from nothing else.
//!
//! A record, response or step of a case, is named by where it was first frozen. However often a device has begun a new epoch since and carried it
//! along, it is counted once on either side, and it is the same on both or a contradiction.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use afterword_collector::VerifyReport;
use afterword_kiosk_store::Store;
use afterword_model::carried::{Carried, Origin};
use afterword_model::record::{Head, Seq, StoreEpoch, next_head};
use afterword_protocol::limits::BATCH_RECORDS_MAX;
use afterword_protocol::queue::{Position, Take};
use anyhow::{Context, Result};
use rusqlite::{Connection, OpenFlags};

/// The finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Records on the device, each counted where it was first frozen.
    pub collected: u64,
    /// Those of them that the collector holds.
    pub received: u64,
    /// Everything that contradicts; empty when all is well.
    pub contradictions: Vec<String>,
}

impl Proof {
    /// Compares a device's store with the collector's report and the records in its data folder. Both chains have been
    /// recomputed from their bytes.
    ///
    /// # Errors
    /// When one of the databases cannot be read.
    pub fn of(store: &Store, report: &VerifyReport, collector: &Path) -> Result<Self> {
        let device = store.verify()?;
        let position = store.position()?;
        let health = store.queue().health_blocking(env!("CARGO_PKG_VERSION"))?;
        let mut contradictions: Vec<String> =
            device.problems.iter().map(|problem| format!("on the device: {problem}")).collect();
        contradictions.extend(report.integrity.iter().map(|problem| format!("at the collector: {problem}")));
        let of_device = |epoch: StoreEpoch| {
            epoch == position.epoch || health.former.iter().any(|former| former.epoch == epoch)
        };
        for chain in report.stores.iter().filter(|chain| of_device(chain.epoch)) {
            if let Some(broken) = &chain.broken {
                let (epoch, seq) = (chain.epoch, broken.seq);
                contradictions
                    .push(format!("at the collector: epoch {epoch}, record {seq}: {}", broken.reason));
            }
            if chain.epoch == position.epoch
                && chain.records == position.last_seq
                && chain.head != position.head
            {
                contradictions.push("the two chains end in different heads".into());
            }
        }
        let received = Received::read(collector, &position)?;
        let mut proof = Self { collected: 0, received: 0, contradictions };
        // What is purged is on the device no longer, and was held by the collector before it went.
        proof.collected += health.purged_seq;
        proof.received += received.in_epoch(health.purged_seq);
        proof.compare(store, &received)?;
        Ok(proof)
    }

    /// Whether everything that was collected was received, unchanged.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.contradictions.is_empty() && self.collected == self.received
    }

    /// Holds each record that the device still has against what was received.
    fn compare(&mut self, store: &Store, received: &Received) -> Result<()> {
        // A verified store has no record that rotted, so no other epoch begins on the way.
        let queue = store.queue();
        let mut after_seq = 0;
        while let Some(run) =
            queue.next_blocking(Take { after_seq, records_max: BATCH_RECORDS_MAX, wait_ms: 0 })?
        {
            after_seq = run.last_seq();
            for (seq, bytes) in (run.first_seq..).zip(&run.records) {
                let (origin, record) = first_place(run.epoch, seq, bytes);
                self.collected += 1;
                match received.digests.get(&origin) {
                    None => {}
                    // One that was erased since has no bytes any more.
                    Some(held) if held.contains(&digest(record)) || held.contains(&digest(b"")) => {
                        self.received += 1;
                    }
                    Some(_) => self.contradictions.push(format!(
                        "epoch {}, record {}: the collector holds another",
                        origin.epoch, origin.seq
                    )),
                }
            }
        }
        Ok(())
    }
}

/// The collector's records, whosever they are: an epoch is drawn at random, so no two devices have the same.
struct Received {
    /// Digests of the records that are held of each origin: one, unless something contradicts.
    digests: HashMap<Origin, Vec<Head>>,
    /// Numbers held of the store's present epoch.
    present: Vec<Seq>,
}

impl Received {
    fn read(collector: &Path, position: &Position) -> Result<Self> {
        let path = collector.join("collector.db");
        let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .with_context(|| format!("cannot read the collector's database {}", path.display()))?;
        let mut received = Self { digests: HashMap::new(), present: Vec::new() };
        let mut read = connection.prepare("select epoch, seq, bytes from records")?;
        let mut rows = read.query([])?;
        while let Some(row) = rows.next()? {
            let epoch = StoreEpoch::from_slice(row.get_ref("epoch")?.as_blob()?)?;
            let seq = Seq::try_from(row.get::<_, i64>("seq")?)?;
            let (origin, record) = first_place(epoch, seq, row.get_ref("bytes")?.as_blob()?);
            received.digests.entry(origin).or_default().push(digest(record));
            if epoch == position.epoch {
                received.present.push(seq);
            }
        }
        Ok(received)
    }

    /// How many of the present epoch's first records are held.
    fn in_epoch(&self, through_seq: Seq) -> u64 {
        self.present.iter().filter(|&&seq| seq <= through_seq).count() as u64
    }
}

/// Where a record was first frozen, and its bytes there.
fn first_place(epoch: StoreEpoch, seq: Seq, bytes: &[u8]) -> (Origin, &[u8]) {
    match Carried::read(bytes) {
        Ok(carried) => (carried.origin, carried.record),
        Err(_) => (Origin { epoch, seq }, bytes),
    }
}

/// SHA-256 over the bytes and a fixed beginning, so that not all records need be held in memory.
fn digest(bytes: &[u8]) -> Head {
    next_head(&Head::new([0; 32]), bytes)
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chain = if self.contradictions.is_empty() { "chain verified" } else { "chain BROKEN" };
        write!(f, "{} collected, {} received, {chain}", self.collected, self.received)
    }
}
