//! Lives in which the power really goes, again and again, and the kiosk starts on what the disk then held.
//!
//! A cut is observed at every operation of these too. So there are cuts while a start recovers from one, and cuts
//! of what is written over the torn end that one left.

use afterword_kiosk_store::Store;
use afterword_model::ports::SeededEntropy;
use afterword_sim::disk::LossyDisk;
use anyhow::{Error, Result, ensure};

use super::policies;
use super::workload::Workload;

/// Between two outages there are at most so many operations of the disk: some fall into a start, which takes a few dozen,
/// and some into the third or fourth day after it.
const OPERATIONS_MAX: u64 = 250;

impl Workload {
    /// A life with so many outages, each at an operation and with a loss that the dice decide.
    pub(super) fn run_through(mut self, outages: u32, disk: &LossyDisk, dice: &SeededEntropy) -> Result<()> {
        for _ in 0..outages {
            let number = disk.counts().total() + 1 + dice.next_u64() % OPERATIONS_MAX;
            let policies = policies(dice);
            let policy = policies[usize::try_from(dice.next_u64() % policies.len() as u64)?];
            disk.cut_power_at(number, policy);
            let ended = self.until_dark(dice);
            ensure!(!disk.is_on(), "the work ended with the power on, before operation {number}: {ended:#}");
            disk.restore_power()?;
        }
        let store = self.open()?;
        self.visits(&store, 2)?;
        self.close(store)
    }

    /// One day after the other, until something fails.
    fn until_dark(&mut self, dice: &SeededEntropy) -> Error {
        loop {
            let day = self.open().and_then(|store| self.day(store, dice));
            if let Err(error) = day {
                return error;
            }
        }
    }

    fn day(&mut self, store: Store, dice: &SeededEntropy) -> Result<()> {
        self.visits(&store, 1 + usize::try_from(dice.next_u64() % 3)?)?;
        if self.world.last_seq > self.world.acknowledged_seq + 1 {
            self.receipt(&store, 1)?;
        }
        match dice.next_u64() % 4 {
            0 => self.purge(&store)?,
            1 => self.begin_anew(&store)?,
            2 => {
                self.walk_away(&store)?;
                // A program that crashes.
                drop(store);
                return Ok(());
            }
            _ => {}
        }
        self.close(store)
    }
}
