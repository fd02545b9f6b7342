//! What both ends hold, side by side, read from their databases and from nothing else.

use std::fmt;

use afterword_collector::{StoreReport, VerifyReport};
use afterword_kiosk_store::Store;
use afterword_model::record::StoreEpoch;
use anyhow::Result;

/// The finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Records frozen on the device.
    pub collected: u64,
    /// Records of the device's store at the collector.
    pub received: u64,
    /// Everything that contradicts; empty when all is well.
    pub contradictions: Vec<String>,
}

impl Proof {
    /// Compares a device's store with the collector's report. Both chains have been recomputed from their bytes.
    ///
    /// # Errors
    /// When the device's database cannot be read.
    pub fn of(store: &Store, report: &VerifyReport) -> Result<Self> {
        let device = store.verify()?;
        let position = store.position()?;
        let mut contradictions: Vec<String> =
            device.problems.iter().map(|problem| format!("on the device: {problem}")).collect();
        contradictions.extend(report.integrity.iter().map(|problem| format!("at the collector: {problem}")));
        let held = of_epoch(report, position.epoch);
        if let Some(broken) = held.and_then(|held| held.broken.as_ref()) {
            contradictions.push(format!("at the collector: record {}: {}", broken.seq, broken.reason));
        }
        let received = held.map_or(0, |held| held.records);
        if held.is_some_and(|held| received == position.last_seq && held.head != position.head) {
            contradictions.push("the two chains end in different heads".into());
        }
        Ok(Self { collected: position.last_seq, received, contradictions })
    }

    /// Whether everything that was collected was received, unchanged.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.contradictions.is_empty() && self.collected == self.received
    }
}

fn of_epoch(report: &VerifyReport, epoch: StoreEpoch) -> Option<&StoreReport> {
    report.stores.iter().find(|held| held.epoch == epoch)
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chain = if self.contradictions.is_empty() { "chain verified" } else { "chain BROKEN" };
        write!(f, "{} collected, {} received, {chain}", self.collected, self.received)
    }
}
