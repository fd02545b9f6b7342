//! A device's card: the folder with its store and its identity, the disk under the store, and what is known to stand
//! on it.
//!
//! The card can be copied, put into another device, and put back. What is read from it is held against what is known:
//! every record has to be one that was given, and none may be gone that nothing took.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use afterword_agent::Identity;
use afterword_agent::identity::keep_in;
use afterword_kiosk_store::Store;
use afterword_model::record::{Seq, StoreEpoch, next_head};
use afterword_protocol::limits::BATCH_RECORDS_MAX;
use afterword_protocol::queue::Take;
use afterword_sim::disk::{LossyDisk, Policy};
use anyhow::{Context, Result, bail, ensure};

use super::files::copy_folder;
use super::truth::{Begun, Frozen, Number, Truth};

/// A card; see the module.
pub(super) struct Card {
    folder: PathBuf,
    disk: Option<LossyDisk>,
    pub(super) known: Known,
    /// Whether the disk has claimed something durable that may not be.
    pub(super) has_lied: bool,
    /// Whether a bit on it has rotted: what it cost may be gone, and has to be named.
    pub(super) is_rotten: bool,
    /// Whether a power cut on a disk that lied may have left pages of two moments. Where that cannot be read, it counts as
    /// rotten.
    pub(super) may_be_torn: bool,
    /// What was left beside the store when the power went from such a disk, until the store is looked at.
    after_cut: Option<Option<Note>>,
    /// Every response that was ever frozen on it.
    frozen: BTreeSet<Number>,
    /// Numbers that the disk took back and the note still told of: the device has to say that they are lost.
    pub(super) to_be_named: BTreeSet<(StoreEpoch, Seq)>,
}

/// What is known to stand on a card.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    pub(super) epoch: Option<StoreEpoch>,
    /// By its number in the present epoch.
    pub(super) records: BTreeMap<Seq, Frozen>,
    /// The newest number; it stays when the record is purged.
    pub(super) last_seq: Seq,
    /// Responses that were to be saved and are not frozen yet. More than one where the disk refused: what it then holds of
    /// which is known when it is frozen.
    pub(super) open: BTreeSet<Number>,
    /// The disk refused a purge, of which programs may see the result all the same.
    pub(super) may_be_purged: bool,
}

impl Card {
    /// An empty one; with `lossy`, on a disk that can be made to fail.
    pub(super) fn new(folder: PathBuf, lossy: bool) -> Result<Self> {
        let mut card = Self {
            folder,
            disk: None,
            known: Known::default(),
            has_lied: false,
            is_rotten: false,
            may_be_torn: false,
            after_cut: None,
            frozen: BTreeSet::new(),
            to_be_named: BTreeSet::new(),
        };
        fs::create_dir_all(card.store_folder())?;
        if lossy {
            card.disk = Some(LossyDisk::on(&card.store_folder())?);
        }
        Ok(card)
    }

    /// Where the kiosk program keeps its store.
    pub(super) fn store_folder(&self) -> PathBuf {
        self.folder.join("kiosk")
    }

    /// Where the agent keeps its identity.
    pub(super) fn identity_folder(&self) -> PathBuf {
        self.folder.join("sync")
    }

    /// The disk under the store, where it is one that can be made to fail.
    pub(super) fn disk(&self) -> Option<&LossyDisk> {
        self.disk.as_ref()
    }

    /// Whether the disk does something now that a good one would not.
    pub(super) fn is_in_trouble(&self) -> bool {
        self.disk.as_ref().is_some_and(|disk| disk.faults() != afterword_sim::disk::Faults::default())
    }

    /// Nothing is wrong with the disk from now on.
    pub(super) fn mend(&self) {
        if let Some(disk) = &self.disk {
            disk.fail(|faults| *faults = afterword_sim::disk::Faults::default());
        }
    }

    /// Lets the disk forget what was not synced, while no program runs on it.
    pub(super) fn lose_power(
        &mut self,
        policy: Policy,
        end_programs: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        let Some(disk) = &self.disk else { return end_programs() };
        disk.cut_power(policy);
        end_programs()?;
        disk.restore_power()?;
        if self.has_lied {
            self.may_be_torn = true;
            self.after_cut = Some(Note::of(&self.store_folder()));
        }
        Ok(())
    }

    /// Copies the card as it is at this moment.
    pub(super) fn copy_to(&self, to: &Path) -> Result<()> {
        copy_folder(&self.folder, to).context("copying a card")
    }

    /// Puts another card's content in, while no program runs on it.
    pub(super) fn put(&mut self, from: &Path, known: Known) -> Result<()> {
        let lossy = self.disk.take().is_some();
        copy_folder(from, &self.folder).context("putting a card in")?;
        if lossy {
            self.disk = Some(LossyDisk::on(&self.store_folder())?);
        }
        self.known = known;
        self.has_lied = false;
        self.is_rotten = false;
        self.may_be_torn = false;
        self.after_cut = None;
        self.to_be_named.clear();
        Ok(())
    }

    /// The identity on it.
    pub(super) fn identity(&self) -> Result<Identity> {
        Ok(Identity::load(&self.identity_folder())?)
    }

    /// Writes an identity with a new key.
    pub(super) fn put_identity(&self, identity: &Identity) -> Result<()> {
        let folder = self.identity_folder();
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(afterword_agent::identity::KEY_FILE), identity.key().to_pem().as_bytes())?;
        Ok(keep_in(folder)(identity)?)
    }
}

/// Reading.
impl Card {
    /// Reads what has been frozen since the last look, or everything when the store has begun anew.
    pub(super) fn look(&mut self, store: &Store, truth: &mut Truth) -> Result<()> {
        let position = store.position()?;
        if self.known.epoch != Some(position.epoch) {
            return self.look_anew(store, truth);
        }
        if position.last_seq != self.known.last_seq {
            match self.read_after(self.known.last_seq, store)? {
                Some(found) if self.known.epoch == Some(found.epoch) => self.take_in(found, truth)?,
                Some(_) => self.look_anew(store, truth)?,
                None => {}
            }
        }
        Ok(())
    }

    /// What stands after a record; `None` when a bit has rotted there and cannot be helped now. By the second try the store
    /// has begun anew because of it.
    fn read_after(&mut self, seq: Seq, store: &Store) -> Result<Option<Found>> {
        match read(store, seq) {
            Err(_) if self.is_rotten || self.may_be_torn => {
                self.is_rotten = true;
                Ok(read(store, seq).ok())
            }
            found => found.map(Some),
        }
    }

    /// Reads everything. What was known to be there must be, unless a power cut showed that the disk had lied.
    pub(super) fn look_anew(&mut self, store: &Store, truth: &mut Truth) -> Result<()> {
        let Some(found) = self.read_after(0, store)? else { return Ok(()) };
        self.let_go_of_purged(&found, truth)?;
        let there: BTreeSet<&Frozen> = found.records.iter().map(|(_, record)| record).collect();
        let mut gone = self.known.records.clone();
        gone.retain(|_, record| !there.contains(record));
        if self.after_cut.is_some() || self.is_rotten {
            self.copies_may_be_gone(truth);
        }
        match self.after_cut.take() {
            Some(note) => {
                if note.is_none() {
                    name_stand_ins(store, truth)?;
                }
                self.was_taken_back(&gone, note, truth);
            }
            None if self.is_rotten => self.was_lost(&gone, store, truth)?,
            None => {
                if let Some((seq, record)) = gone.first_key_value() {
                    bail!("record {seq} ({} of {}) is no longer there", record.seq, record.epoch);
                }
            }
        }
        self.known = Known {
            open: std::mem::take(&mut self.known.open),
            may_be_purged: self.known.may_be_purged,
            ..Known::default()
        };
        self.take_in(found, truth)
    }

    /// What a refused purge may have taken all the same: the oldest records, if all of them were received.
    fn let_go_of_purged(&mut self, found: &Found, truth: &mut Truth) -> Result<()> {
        if !self.known.may_be_purged || self.known.epoch != Some(found.epoch) {
            return Ok(());
        }
        let first = found.records.first().map_or(found.last_seq + 1, |(seq, _)| *seq);
        let left = self.known.records.split_off(&first);
        for (seq, record) in std::mem::replace(&mut self.known.records, left) {
            let number = truth.number(&record).filter(|number| truth.was_received(*number));
            let Some(number) = number else { bail!("record {seq} was purged, and never received") };
            truth.excuse(number, "purged before the collector went back to a backup");
        }
        Ok(())
    }

    /// A number under which the store held a copy, carried over from before, may be named as lost: of a file that is gone
    /// the device cannot know what it was a copy of, and may still have that.
    fn copies_may_be_gone(&self, truth: &mut Truth) {
        let Some(epoch) = self.known.epoch else { return };
        for (&seq, record) in &self.known.records {
            if (record.epoch, record.seq) != (epoch, seq) {
                truth.copy_taken_back((epoch, seq));
            }
        }
    }

    /// The disk took back what it had confirmed. What may be missing now, what may come a second time, and what the
    /// device has to name hangs on how much of the note it took back too.
    fn was_taken_back(&mut self, gone: &BTreeMap<Seq, Frozen>, note: Option<Note>, truth: &mut Truth) {
        // What was owed before may have been taken back as well.
        self.to_be_named.clear();
        let places = gone.iter().filter_map(|(&seq, record)| Some((record, (self.known.epoch?, seq))));
        for (record, place) in places {
            truth.taken_back(record, place);
            if note.is_some_and(|note| note.epoch == place.0 && note.last_seq >= place.1) {
                self.to_be_named.insert(place);
            }
        }
        for &number in &self.frozen {
            if note.is_none_or(|note| truth.begun(number) > Some(note.newest)) {
                // Nothing that is left tells that it was frozen; a draft of it is better sent twice than not at all.
                truth.doubled(number);
            }
        }
        for &open in &self.known.open {
            truth.set_back(open);
        }
        self.has_lied = self.disk.as_ref().is_some_and(|disk| disk.faults().lying);
    }

    /// Reads everything and compares it with what was read piece by piece.
    pub(super) fn compare(&mut self, store: &Store, truth: &mut Truth) -> Result<()> {
        self.look(store, truth)?;
        let Some(found) = self.read_after(0, store)? else { return Ok(()) };
        if self.known.epoch != Some(found.epoch) {
            return self.look_anew(store, truth);
        }
        self.let_go_of_purged(&found, truth)?;
        let known = self.known.records.iter().map(|(seq, record)| (*seq, record));
        let (is, was) = (found.records.len(), self.known.records.len());
        ensure!(
            known.eq(found.records.iter().map(|(seq, record)| (*seq, record))),
            "{is} records are on the card, not the {was} that were read from it"
        );
        Ok(())
    }

    /// That all of it can be read.
    pub(super) fn is_readable(&self, store: &Store) -> Result<()> {
        read(store, 0).map(|_| ())
    }

    fn take_in(&mut self, found: Found, truth: &mut Truth) -> Result<()> {
        for (seq, record) in found.records {
            let number = truth.found(&record).map_err(anyhow::Error::msg)?;
            self.known.open.remove(&number);
            self.frozen.insert(number);
            self.known.records.insert(seq, record);
        }
        truth.stands_at(found.epoch, found.last_seq);
        self.known.epoch = Some(found.epoch);
        self.known.last_seq = found.last_seq;
        Ok(())
    }
}

/// What a store notes beside its database, as far as it is looked at here; read by an eye of our own.
#[derive(Debug, Clone, Copy)]
struct Note {
    epoch: StoreEpoch,
    last_seq: Seq,
    /// When the newest frozen response was begun.
    newest: Begun,
}

impl Note {
    /// The one in a store's folder, when there is one and it can be read.
    fn of(folder: &Path) -> Option<Self> {
        let text = fs::read_to_string(folder.join("kiosk.lock")).ok()?;
        let words: Vec<&str> = text.lines().nth(1)?.split(' ').collect();
        let ["noted", epoch, last_seq, _, _, _, boot, mono_ms] = words[..] else { return None };
        let newest = (boot.parse().ok()?, mono_ms.parse().ok()?);
        Some(Self { epoch: StoreEpoch::parse(epoch).ok()?, last_seq: last_seq.parse().ok()?, newest })
    }
}

/// Where neither the database nor the note tells its epoch any more, salvage gives the records one of their own.
fn name_stand_ins(store: &Store, truth: &mut Truth) -> Result<()> {
    for former in store.queue().health_blocking(env!("CARGO_PKG_VERSION"))?.former {
        if truth.last_seq(former.epoch) == 0 {
            truth.stands_at(former.epoch, former.last_seq);
            let lost = former.lost.iter().flat_map(|run| run.first..=run.last);
            lost.for_each(|seq| truth.copy_taken_back((former.epoch, seq)));
        }
    }
    Ok(())
}

/// A part of a card, read.
struct Found {
    epoch: StoreEpoch,
    last_seq: Seq,
    records: Vec<(Seq, Frozen)>,
}

/// Everything in a store after a record, with its chain recomputed.
fn read(store: &Store, mut after_seq: Seq) -> Result<Found> {
    let position = store.position()?;
    let mut records = Vec::new();
    let mut head = None;
    while after_seq < position.last_seq {
        let take = Take { after_seq, records_max: BATCH_RECORDS_MAX, wait_ms: 0 };
        let Some(run) = store.queue().next_blocking(take)? else { break };
        ensure!(run.epoch == position.epoch, "a run of another epoch");
        ensure!(head.is_none_or(|head| head == run.previous_head), "the chain is torn");
        let placed = (run.first_seq..).zip(&run.records);
        records.extend(placed.map(|(seq, bytes)| (seq, Frozen::read(run.epoch, seq, bytes))));
        head = Some(run.records.iter().fold(run.previous_head, |head, bytes| next_head(&head, bytes)));
        after_seq = run.last_seq();
    }
    ensure!(head.is_none_or(|head| head == position.head), "the chain does not lead to its head");
    Ok(Found { epoch: position.epoch, last_seq: position.last_seq, records })
}
