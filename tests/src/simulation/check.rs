//! The invariants. What is cheap is held after every operation, the rest now and then and at the end.
//!
//! | invariant | where |
//! |---|---|
//! | nothing that was not given appears, bytes are unchanged, nobody is in two places | `Truth::found`, at each look at a card or at the collector |
//! | what is under a receipt is held | [`World::check`] |
//! | nothing unsent is purged | `World::purge` |
//! | chains, heads and roll-ups are whole on both ends | [`World::check_thoroughly`] |
//! | what was erased is gone and stays so | [`World::erase`], [`World::see_received`] |
//! | the device list says what is true | [`World::check_report`], [`World::check_last_report`] |
//! | what was thanked for is held once, or waits on a card | [`World::check_thoroughly`], [`World::check_delivered`] |

use std::collections::BTreeMap;

use afterword_model::record::{Seq, StoreEpoch};
use anyhow::{Result, anyhow, bail, ensure};

use super::network::lock;
use super::truth::Frozen;
use super::world::World;

impl World {
    /// Reads what the collector has taken in since the last look.
    pub(super) fn see_received(&mut self) -> Result<()> {
        let mut office = lock(&self.around.office);
        let Some(ledger) = office.ledger() else { return Ok(()) };
        for held in ledger.news()? {
            self.places.entry(held.epoch).or_default().insert(held.seq);
            let place = (held.epoch, held.seq);
            if let Some((epoch, seq)) = held.origin {
                self.places.entry(epoch).or_default().insert(seq);
            }
            let Some(bytes) = &held.bytes else {
                // Erased before it came, or in the backup that it comes from. Of twins' records under one number it is the one
                // of these bytes.
                let is_it =
                    |record: &Frozen| held.digest.as_ref().is_none_or(|digest| *digest == record.digest());
                let mut stood = [Some(place), held.origin].into_iter().flatten();
                let stood = stood.find_map(|place| {
                    self.stood
                        .get(&place)?
                        .iter()
                        .find(|record| is_it(record) && self.erased.contains(*record))
                });
                if let Some(record) = stood {
                    self.held.entry(record.clone()).or_default();
                } else if let Some(copy) = self.erased_elsewhere(held.origin.unwrap_or(place), is_it) {
                    self.held.entry(copy.clone()).or_default();
                    self.erased.insert(copy);
                }
                continue;
            };
            let record = Frozen::read(held.epoch, held.seq, bytes);
            for place in [place, (record.epoch, record.seq)] {
                self.stood.entry(place).or_default().insert(record.clone());
            }
            let Some(number) = self.truth.number(&record) else {
                bail!("the collector holds a record that was on no card: {} of {}", held.seq, held.epoch);
            };
            ensure!(!self.erased.contains(&record), "response {number} was erased and has come back");
            self.truth.received(number);
            let owners = self.held.entry(record).or_default();
            owners.insert(held.device);
            ensure!(owners.len() == 1, "response {number} is held under two devices");
        }
        Ok(())
    }

    /// A record that was frozen there in the same bytes as one that was erased.
    fn erased_elsewhere(
        &self,
        (epoch, seq): (StoreEpoch, Seq),
        is_it: impl Fn(&Frozen) -> bool,
    ) -> Option<Frozen> {
        let bytes = self.erased.iter().map(|erased| &erased.bytes);
        let mut copies = bytes.map(|bytes| Frozen { epoch, seq, bytes: bytes.clone() });
        copies.find(|copy| is_it(copy) && self.truth.number(copy).is_some())
    }

    /// What is held after every operation.
    pub(super) fn check(&mut self) -> Result<()> {
        for device in &mut self.devices {
            device.agent_state()?;
            device.look_at_card(&mut self.truth)?;
        }
        self.see_received()?;
        self.check_report()?;
        let Some(server_epoch) = lock(&self.around.office).server_epoch() else { return Ok(()) };
        for device in &self.devices {
            let Some(store) = device.store() else { continue };
            let position = store.position()?;
            ensure!(position.acknowledged_seq <= position.last_seq, "d{} is ahead of itself", device.index);
            // Of a life of the collector that is over, a device may still believe what was true then.
            // And of a card that could not be read just now, it is not known what stands where.
            if position.server_epoch != Some(server_epoch)
                || self.may_hold_less
                || device.card.known.epoch != Some(position.epoch)
            {
                continue;
            }
            let acknowledged = device.card.known.records.range(..=position.acknowledged_seq);
            if let Some((seq, record)) = acknowledged.into_iter().find(|(_, record)| !self.is_held(record)) {
                bail!(
                    "d{} has a receipt for record {seq} ({} of {}), which the collector does not hold",
                    device.index,
                    record.seq,
                    record.epoch
                );
            }
        }
        Ok(())
    }

    /// What takes longer.
    pub(super) fn check_thoroughly(&mut self) -> Result<()> {
        self.check()?;
        for device in &mut self.devices {
            device.compare_card(&mut self.truth)?;
            let Some(store) = device.store() else { continue };
            if device.card.is_rotten {
                continue;
            }
            let problem = match store.verify() {
                Ok(verified) => verified.problems.into_iter().next(),
                Err(error) => Some(error.to_string()),
            };
            match problem {
                None => {}
                // What no program has read yet no program has found.
                Some(_) if device.card.may_be_torn => device.card.is_rotten = true,
                Some(problem) => bail!("the store of d{}: {problem}", device.index),
            }
        }
        for (number, given) in self.truth.given() {
            let Some(record) = &given.thanked else { continue };
            if given.excuse.is_none() && !self.is_kept(record) {
                bail!("response {number} was thanked for and is nowhere any more");
            }
        }
        self.check_collector()
    }

    fn check_collector(&mut self) -> Result<()> {
        self.check_chains()?;
        let mut office = lock(&self.around.office);
        let Some(ledger) = office.ledger() else { return Ok(()) };
        let mut all = BTreeMap::new();
        for held in ledger.all()? {
            let Some(bytes) = &held.bytes else { continue };
            *all.entry(Frozen::read(held.epoch, held.seq, bytes)).or_insert(0) += 1;
        }
        let known = self.held.keys().filter(|record| !self.erased.contains(record));
        ensure!(all.keys().eq(known), "the collector holds {} records, not {}", all.len(), self.held.len());
        for held in ledger.contradictions()? {
            let record = Frozen::read(held.epoch, held.seq, held.bytes.as_deref().unwrap_or_default());
            ensure!(self.truth.number(&record).is_some(), "a contradiction that was on no card");
            ensure!(!self.erased.contains(&record), "an erased record is kept as a contradiction");
        }
        Ok(())
    }

    /// After everything has been mended: what was thanked for is at the collector.
    pub(super) fn check_delivered(&mut self) -> Result<()> {
        self.check_thoroughly()?;
        for device in &self.devices {
            let waiting = device.card.known.records.values().find(|record| !self.is_held(record));
            if let Some(record) = waiting {
                bail!("d{}: record {} of {} never arrived", device.index, record.seq, record.epoch);
            }
        }
        for (number, given) in self.truth.given() {
            if given.excuse.is_some() {
                continue;
            }
            if let Some(record) = &given.thanked {
                ensure!(
                    self.is_held(record),
                    "response {number} was thanked for and is not at the collector"
                );
            }
            ensure!(given.is_frozen() || !given.is_saved(), "response {number} was saved and never frozen");
        }
        self.check_last_report()
    }

    /// That the collector holds a record, or did before it was erased.
    pub(super) fn is_held(&self, record: &Frozen) -> bool {
        self.held.contains_key(record)
    }
}

/// An error with everything behind it in one line.
pub(super) fn in_one_line(error: &anyhow::Error) -> String {
    anyhow!("{error:#}").to_string().replace('\n', " ")
}
