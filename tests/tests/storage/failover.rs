//! The server that is written to is killed while batches come in, and the copy that follows it is promoted.

use std::sync::atomic::{AtomicU64, Ordering};

use afterword_collector::DatabaseUrl;
use afterword_protocol::receipt::SignedReceipt;
use afterword_tests::cluster::{Cluster, psql};
use afterword_tests::wait::until;
use anyhow::{Result, bail, ensure};

use super::place::{Place, Till, receipt};

const RECORDS: u64 = 120;

/// Sent again until it is signed for, as an agent does. The receipts, and how often nothing was stored.
fn deliver(place: &Place, till: &Till, signed: &AtomicU64) -> Result<(Vec<SignedReceipt>, u32)> {
    let (mut receipts, mut refused) = (Vec::new(), 0);
    for first in (1..=RECORDS).step_by(2) {
        loop {
            match receipt(&place.send(till, first, first + 1)?) {
                Ok(receipt) => break receipts.push(receipt),
                Err(error) => ensure!(refused < 200_000, error),
            }
            refused += 1;
        }
        signed.fetch_add(2, Ordering::Relaxed);
    }
    Ok((receipts, refused))
}

#[test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL's server (apt-get install postgresql)")]
fn a_copy_that_is_promoted_goes_on_with_everything_that_was_signed_for() -> Result<()> {
    let primary = Cluster::alone()?;
    let old = primary.database()?;
    let copy = primary.replica()?;
    let hosts = format!("host={},{}", primary.folder().display(), copy.folder().display());
    let (mine, theirs) = (format!("host={}", primary.folder().display()), copy.folder().display());
    let new = old.replace(&mine, &format!("host={theirs}"));
    let mut place = Place::on(Some(DatabaseUrl::parse(&old.replace(&mine, &hosts))?))?;
    let (till, other) = (place.device("Exit", RECORDS)?, place.device("Door", 2)?);
    let signed = AtomicU64::new(0);
    let (receipts, refused) = std::thread::scope(|scope| -> Result<_> {
        let sender = scope.spawn(|| deliver(&place, &till, &signed));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        runtime.block_on(until("batches that are taken", || {
            Ok((signed.load(Ordering::Relaxed) >= RECORDS / 4).then_some(()))
        }))?;
        primary.slay()?;
        copy.promote()?;
        sender.join().unwrap_or_else(|_| bail!("the sender broke down"))
    })?;
    assert!(refused > 0, "it was killed while nobody sent anything");
    // The collector was not started again; what it has signed for is there, once, and signed for with the same words.
    let report = place.verified()?;
    assert_eq!((report.records(), report.counted()), (RECORDS, RECORDS));
    for (first, receipt) in (1..).step_by(2).zip(&receipts) {
        assert_eq!(place.receipt(&till, first, first + 1)?, *receipt);
    }

    // The old one comes back as it was, takes what is written, and stands first in the address.
    primary.begin()?;
    let marks = |url: &str| psql(url, "select coalesce(sum(mark), 0) from stores");
    let before = marks(&old)?;
    place.restart()?;
    place.receipt(&other, 1, 2)?;
    assert_eq!(marks(&old)?, before, "nothing was written there");
    assert_eq!(marks(&new)?.trim(), (RECORDS + 2).to_string());
    Ok(())
}
