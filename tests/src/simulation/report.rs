//! The operator's device list held against the truth: it may not call anything received that is not held, nor missing
//! or lost what is, and it may suspect a clone only where there was one.

use std::collections::{BTreeMap, BTreeSet};

use afterword_collector::{DeviceRow, StoreRow};
use afterword_model::record::{DeviceId, Seq, StoreEpoch};
use afterword_protocol::queue::SeqRange;
use anyhow::{Result, ensure};

use super::network::lock;
use super::world::World;

impl World {
    /// What holds at any moment, while the collector is there.
    pub(super) fn check_report(&self) -> Result<()> {
        let Some(list) = lock(&self.around.office).device_list()? else { return Ok(()) };
        for device in &list {
            for store in &device.stores {
                self.check_store(store)?;
            }
            let may_be_suspected = self.two_lives.contains(&device.device);
            ensure!(
                may_be_suspected || !device.clone_suspected,
                "{} is suspected to have a clone, and never had one",
                device.name
            );
        }
        Ok(())
    }

    /// What holds as well when everybody has come to rest and has said so.
    pub(super) fn check_last_report(&self) -> Result<()> {
        let list = lock(&self.around.office).device_list()?.unwrap_or_default();
        let stores: BTreeMap<StoreEpoch, &StoreRow> =
            list.iter().flat_map(|device| &device.stores).map(|store| (store.epoch, store)).collect();
        let collected = |epoch| stores.get(&epoch).map_or(0, |store| store.collected);
        for device in &self.devices {
            let known = &device.card.known;
            let Some(epoch) = known.epoch.filter(|_| known.last_seq > 0) else { continue };
            ensure!(
                collected(epoch) >= known.last_seq,
                "d{} has collected {}, of which the device list knows {}",
                device.index,
                known.last_seq,
                collected(epoch)
            );
            for &(epoch, seq) in &device.card.to_be_named {
                // Up to what was collected, whatever is not received is named; see `check_store`.
                ensure!(
                    collected(epoch) >= seq,
                    "d{} lost {seq} of {epoch}, and the device list does not say so",
                    device.index
                );
            }
        }
        for row in &list {
            ensure!(
                row.clone_suspected || !self.lives_twice(row)?,
                "{} lives twice, and nobody suspects it",
                row.name
            );
        }
        Ok(())
    }

    fn check_store(&self, store: &StoreRow) -> Result<()> {
        let StoreRow { epoch, collected, received, .. } = *store;
        let given = self.truth.last_seq(epoch);
        ensure!(collected <= given, "{collected} of {epoch} are said to be collected, and only {given} were");
        let none = BTreeSet::new();
        let held = self.places.get(&epoch).unwrap_or(&none);
        let unreceived: BTreeSet<Seq> = numbers(&store.missing).chain(numbers(&store.lost)).collect();
        ensure!(
            received == collected - unreceived.len() as u64,
            "{received} of {collected} of {epoch} are said to be received, and {} not",
            unreceived.len()
        );
        for seq in 1..=collected {
            let (is_held, is_said_to_be) = (held.contains(&seq), !unreceived.contains(&seq));
            ensure!(
                is_held == is_said_to_be,
                "{seq} of {epoch} is said to be received: {is_said_to_be}, and is held: {is_held}"
            );
        }
        if let Some(seq) = numbers(&store.lost).find(|&seq| !self.truth.was_taken_back((epoch, seq))) {
            anyhow::bail!("{seq} of {epoch} is said to be lost, and no disk took it");
        }
        Ok(())
    }

    /// Whether two cards of a device are at work that have gone different ways.
    fn lives_twice(&self, row: &DeviceRow) -> Result<bool> {
        let mut epochs = BTreeSet::new();
        for device in &self.devices {
            if self.id(device.index)? == row.device {
                epochs.extend(device.card.known.epoch);
            }
        }
        Ok(epochs.len() > 1)
    }

    /// From now on nobody may wonder when the device looks like two.
    pub(super) fn has_two_lives(&mut self, device: usize) -> Result<()> {
        let id: DeviceId = self.id(device)?;
        self.two_lives.insert(id);
        Ok(())
    }
}

fn numbers(ranges: &[SeqRange]) -> impl Iterator<Item = Seq> {
    ranges.iter().flat_map(|range| range.first..=range.last)
}
