//! Erasing at the collector: the content is gone from the database's files, the chain still stands, and nothing brings the
//! content back.

use std::collections::BTreeSet;

use afterword_collector::Erasure;
use anyhow::{Result, ensure};

use super::network::lock;
use super::truth::Frozen;
use super::world::World;

impl World {
    /// Erases a record, and with it every copy; counted as the operation says.
    pub(super) fn erase(&mut self, nth: usize) -> Result<()> {
        self.see_received()?;
        let (record, erasure) = {
            let mut office = lock(&self.around.office);
            let Some(ledger) = office.ledger() else { return Ok(()) };
            let held: Vec<_> = ledger.all()?.into_iter().filter(|held| held.bytes.is_some()).collect();
            let Some(held) = nth.checked_rem(held.len()).map(|nth| &held[nth]) else { return Ok(()) };
            let record = Frozen::read(held.epoch, held.seq, held.bytes.as_deref().unwrap_or_default());
            let erasure = office.admin()?.erase(&held.device.to_string(), (held.epoch, held.seq))?;
            (record, erasure)
        };
        ensure!(matches!(erasure, Erasure::Erased { .. }), "a record that is held: {erasure:?}");
        for file in lock(&self.around.office).files()? {
            ensure!(!holds(&file, &record.bytes), "{nth} was erased and can be read in the database's files");
        }
        // What a copy of the device froze in the same bytes is the same response.
        let same = self.held.keys().filter(|held| held.bytes == record.bytes);
        self.erased.extend(same.cloned().collect::<Vec<_>>());
        self.check_chains()
    }

    /// Every chain at the collector recomputes to its head, over what was erased as well.
    pub(super) fn check_chains(&self) -> Result<()> {
        let office = lock(&self.around.office);
        let report = office.admin()?.verify()?;
        ensure!(report.integrity.is_empty(), "the collector's database: {:?}", report.integrity);
        ensure!(report.doubled.is_empty(), "a store stands under two devices: {:?}", report.doubled);
        let broken = report.stores.iter().find_map(|store| store.broken.as_ref());
        ensure!(broken.is_none(), "a chain at the collector breaks: {broken:?}");
        if !office.is_open() {
            return Ok(());
        }
        // An erased copy of a record is counted as the copy that it is.
        let (counted, distinct) = (report.records() - report.copies, self.held.len() as u64);
        let indistinct = self.erased_under_one_number();
        ensure!(
            (distinct - indistinct..=distinct).contains(&counted),
            "the collector counts {counted} responses, and holds {distinct}"
        );
        Ok(())
    }

    /// Twins give one number to two responses. Of those, when both are erased, nothing is left by which the collector
    /// could tell that one is not the other's copy.
    fn erased_under_one_number(&self) -> u64 {
        let erased = || self.erased.iter().filter(|record| self.is_held(record));
        let places: BTreeSet<_> = erased().map(|record| (record.epoch, record.seq)).collect();
        (erased().count() - places.len()) as u64
    }
}

/// Whether the bytes stand somewhere in a file. They are looked for by their first byte, which is fast enough here.
fn holds(file: &[u8], bytes: &[u8]) -> bool {
    let Some((first, rest)) = bytes.split_first() else { return false };
    let mut at = file;
    while let Some(found) = at.iter().position(|byte| byte == first) {
        at = &at[found + 1..];
        if at.starts_with(rest) {
            return true;
        }
    }
    false
}
