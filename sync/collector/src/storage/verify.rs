//! Proof that what is stored is what was sent: every chain hashed again from its beginning, and every receipt held
//! against it.
//!
//! Reads one consistent state while the server goes on writing, one record at a time, so that memory stays flat
//! however much there is. Nothing is repaired; a break is reported with its place.

use std::collections::BTreeMap;

use afterword_model::record::{DeviceId, Head, Seq, StoreEpoch, genesis, next_head};
use afterword_protocol::keys::VerifyingKey;
use serde::Serialize;

use super::retention::reduce::{mark_of, reduce, taken};
use super::sql::{Connection, HexColumn, Rows, SqlError, SqlResult, values};
use super::{AuditReport, audit, carried, column_seq, receipts};

/// What a verification found.
#[derive(Debug, Clone, Serialize)]
pub struct VerifyReport {
    /// What SQLite's own `integrity_check` complains about; empty when the file is sound, and with PostgreSQL, whose server
    /// looks after its files itself.
    pub integrity: Vec<String>,
    /// One entry for each store of each device.
    pub stores: Vec<StoreReport>,
    /// Stores that stand under more than one device: the same store was enrolled under two names, and what it
    /// sent is held, and counted, twice.
    pub doubled: Vec<DoubledStore>,
    /// Records that were carried into a later epoch, and stand with the same bytes at their origin or were carried before.
    pub copies: u64,
    /// What the log of what was done by whom says of itself.
    pub audit: AuditReport,
}

/// One store under several devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DoubledStore {
    /// Which.
    pub epoch: StoreEpoch,
    /// Under whom; two or more.
    pub devices: Vec<DeviceId>,
}

/// One chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoreReport {
    /// Whose.
    pub device: DeviceId,
    /// What people call the device.
    pub name: Option<String>,
    /// Which store.
    pub epoch: StoreEpoch,
    /// Records held and found in their place in the chain.
    pub records: u64,
    /// The head after them.
    pub head: Head,
    /// Records among them that this program could not read when they came.
    pub parked: u64,
    /// Records among them whose content was erased; their place in the chain is kept.
    pub erased: u64,
    /// Records among them of which something was taken when its time was over; their place in the chain is kept.
    pub reduced: u64,
    /// Records kept aside because they contradict; not part of the chain.
    pub quarantined: u64,
    /// Where the chain breaks, when it does.
    pub broken: Option<Break>,
    /// Receipts given for new records whose head is the chain's and whose signature is good.
    pub receipts: u64,
    /// The first receipt that is not.
    pub false_receipt: Option<Break>,
}

/// Where a chain breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Break {
    /// The first record that is missing, changed or out of place.
    pub seq: Seq,
    /// What is wrong, in words.
    pub reason: String,
}

impl VerifyReport {
    /// Whether the file is sound, no chain breaks, every receipt is true and no store stands under two devices. Parked and quarantined records are no break.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.integrity.is_empty()
            && self.doubled.is_empty()
            && self.audit.first_break.is_none()
            && self.stores.iter().all(|store| store.broken.is_none() && store.false_receipt.is_none())
    }

    /// Records held in all chains together.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.stores.iter().map(|store| store.records).sum()
    }

    /// Records of all chains together whose content was erased.
    #[must_use]
    pub fn erased(&self) -> u64 {
        self.stores.iter().map(|store| store.erased).sum()
    }

    /// Records of all chains together of which something was taken when its time was over.
    #[must_use]
    pub fn reduced(&self) -> u64 {
        self.stores.iter().map(|store| store.reduced).sum()
    }

    /// Receipts of all chains together that are true.
    #[must_use]
    pub fn receipts(&self) -> u64 {
        self.stores.iter().map(|store| store.receipts).sum()
    }

    /// What was collected, each once: records without their copies.
    #[must_use]
    pub fn counted(&self) -> u64 {
        self.records().saturating_sub(self.copies)
    }
}

/// Checks the whole database.
pub(crate) fn verify(connection: &Connection, receipt_key: &VerifyingKey) -> SqlResult<VerifyReport> {
    // One read transaction: marks and records of the same moment.
    let snapshot = connection.snapshot()?;
    let integrity = snapshot.own().complaints()?;
    let chains: Vec<(DeviceId, StoreEpoch)> = snapshot.query_all(
        "select device_id, epoch from stores union select device_id, epoch from records
             union select device_id, epoch from receipts union select device_id, epoch from quarantine
             union select device_id, epoch from carried",
        &[],
        |row| Ok((row.get::<HexColumn<16, _>>(0)?.0, row.get::<HexColumn<16, _>>(1)?.0)),
    )?;
    let stores = chains
        .iter()
        .map(|(device, epoch)| verify_chain(&snapshot, receipt_key, device, epoch))
        .collect::<SqlResult<_>>()?;
    let copies = carried::copies(&snapshot)?;
    Ok(VerifyReport { integrity, stores, doubled: doubled(&chains), copies, audit: audit::check(&snapshot)? })
}

/// An epoch is drawn at random when a store comes to be, so one under two devices is one store.
fn doubled(chains: &[(DeviceId, StoreEpoch)]) -> Vec<DoubledStore> {
    let mut devices_by_epoch = BTreeMap::<[u8; 16], Vec<DeviceId>>::new();
    for (device, epoch) in chains {
        devices_by_epoch.entry(*epoch.as_bytes()).or_default().push(*device);
    }
    devices_by_epoch
        .into_iter()
        .filter(|(_, devices)| devices.len() > 1)
        .map(|(epoch, devices)| DoubledStore { epoch: StoreEpoch::new(epoch), devices })
        .collect()
}

fn verify_chain(
    connection: &Connection,
    receipt_key: &VerifyingKey,
    device: &DeviceId,
    epoch: &StoreEpoch,
) -> SqlResult<StoreReport> {
    let store = values![device.as_bytes(), epoch.as_bytes()];
    let name = connection.query_opt(
        "select name from devices where device_id = ?1",
        values![device.as_bytes()],
        |row| row.get(0),
    )?;
    let quarantined: i64 = connection.query_one(
        "select count(*) from quarantine where device_id = ?1 and epoch = ?2",
        store,
        |row| row.get(0),
    )?;
    let mut report = StoreReport {
        device: *device,
        name,
        epoch: *epoch,
        records: 0,
        head: genesis(epoch),
        parked: 0,
        erased: 0,
        reduced: 0,
        quarantined: column_seq(quarantined),
        broken: None,
        receipts: 0,
        false_receipt: None,
    };
    report.broken = match walk(connection, device, epoch, &mut report)? {
        Some(found) => Some(found),
        None => compare_mark(connection, device, epoch, &report)?,
    };
    if report.broken.is_none() {
        report.broken = carried::find_stray(connection, device, epoch)?
            .map(|seq| Break { seq, reason: "it is listed as carried, and there is no such record".into() });
    }
    report.false_receipt = receipts::check(connection, receipt_key, &mut report)?;
    Ok(report)
}

fn walk(
    connection: &Connection,
    device: &DeviceId,
    epoch: &StoreEpoch,
    report: &mut StoreReport,
) -> SqlResult<Option<Break>> {
    let query =
        "select seq, bytes, head, parked is not null, erased_ms is not null, origin_epoch, origin_seq, digest
         from records left join carried using (device_id, epoch, seq)
         where device_id = ?1 and epoch = ?2 order by seq";
    connection.search(query, values![device.as_bytes(), epoch.as_bytes()], Rows::Many, |row| {
        let expected = report.records + 1;
        let found = column_seq(row.get(0)?);
        let broken = |reason: String| Ok::<_, SqlError>(Some(Break { seq: expected, reason }));
        if found != expected {
            return broken(format!("record {expected} is missing, the next one held is {found}"));
        }
        let stored: Head = row.get::<HexColumn<32, _>>(2)?.0;
        // Of an erased record only the head is left, and the chain goes on from there; a receipt for a later record
        // vouches for it. So it does for one that was reduced.
        let is_erased: bool = row.get(4)?;
        let is_whole = !is_erased && next_head(&report.head, row.blob(1)?) == stored;
        let mark = if is_erased || is_whole { None } else { mark_of(row.blob(1)?) };
        if let Some(mark) = &mark
            && reduce(found, row.blob(1)?, &taken(mark)).is_some()
        {
            return broken("it says that something was taken of it, and still holds that".into());
        }
        if !is_erased && !is_whole && mark.is_none() {
            return broken(
                "its bytes or an earlier one's were changed: the chain computed here has another head".into(),
            );
        }
        // The list of carried records says what is counted, and is no part of the chain: it has to say what the bytes say.
        let listed = carried::Listed::of_columns(row, 5)?;
        let is_listed_right = match listed {
            Some(listed) if is_erased => listed.was_erased(connection, device)?,
            None if is_erased => true,
            listed => listed == carried::Listed::of_bytes(found, row.blob(1)?),
        };
        if !is_listed_right {
            return broken(
                "whether and from where it was carried is listed otherwise than its bytes say, and it is counted by the list".into(),
            );
        }
        report.records = expected;
        report.head = stored;
        report.parked += u64::from(row.get::<bool>(3)?);
        report.erased += u64::from(is_erased);
        report.reduced += u64::from(mark.is_some());
        Ok(None)
    })
}

fn compare_mark(
    connection: &Connection,
    device: &DeviceId,
    epoch: &StoreEpoch,
    report: &StoreReport,
) -> SqlResult<Option<Break>> {
    let (mark, head) = connection
        .query_opt(
            "select mark, head from stores where device_id = ?1 and epoch = ?2",
            values![device.as_bytes(), epoch.as_bytes()],
            |row| Ok((column_seq(row.get(0)?), row.get::<HexColumn<32, _>>(1)?.0)),
        )?
        .unwrap_or((0, genesis(epoch)));
    let reason = if mark > report.records {
        format!("receipts were given up to {mark}, records are held up to {}", report.records)
    } else if mark < report.records {
        format!("records are held up to {}, beyond the mark {mark}", report.records)
    } else if head != report.head {
        "the mark's head is another than the chain's".into()
    } else {
        return Ok(None);
    };
    Ok(Some(Break { seq: mark.min(report.records) + 1, reason }))
}
