//! A fleet and its collector, and how each operation is carried out on them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use afterword_model::ports::SeededEntropy;
use afterword_model::record::{DeviceId, Seq, StoreEpoch};
use afterword_model::response::Outcome;
use afterword_sim::disk::{Failing, Faults, Policy};
use anyhow::{Result, bail};
use tokio::time::sleep;

use super::card::{Card, Known};
use super::clock::VirtualTime;
use super::device::{Device, Surroundings};
use super::network::lock;
use super::office::{Office, Sabotage};
use super::op::{Op, Program};
use super::run::Tally;
use super::scenario::Scenario;
use super::sticks::Stick;
use super::trace::Trace;
use super::truth::{Frozen, Number, Truth};
use crate::desk::folder_in_memory;

/// Devices at any time, clones included.
const FLEET_MAX: usize = 5;

/// Before each touch: two responses are never begun within the same millisecond, and a store tells them apart by that.
const TOUCH_PAUSE: Duration = Duration::from_millis(1);

const DAY_MS: u64 = 86_400_000;

/// Everything there is.
pub(super) struct World {
    pub(super) folder: tempfile::TempDir,
    pub(super) around: Surroundings,
    pub(super) devices: Vec<Device>,
    pub(super) truth: Truth,
    /// What has been seen to be held by the collector, and under which devices.
    pub(super) held: BTreeMap<Frozen, BTreeSet<DeviceId>>,
    /// Under which numbers of which epochs that is, carried records under both of theirs.
    pub(super) places: BTreeMap<StoreEpoch, BTreeSet<Seq>>,
    /// What an operator has erased of it.
    pub(super) erased: BTreeSet<Frozen>,
    /// What had been erased when the backup was made.
    erased_in_backup: BTreeSet<Frozen>,
    /// Which records stood where at the collector, whatever became of them; twins give one number to two.
    pub(super) stood: BTreeMap<(StoreEpoch, Seq), BTreeSet<Frozen>>,
    /// Devices of which a card was copied, or whose disk took something back: what is heard of them may look like two.
    pub(super) two_lives: BTreeSet<DeviceId>,
    /// The collector may be in a life in which it signed for more than it holds.
    pub(super) may_hold_less: bool,
    /// Bundles that were ever packed.
    pub(super) sticks: Vec<Stick>,
    /// Cards that were put by, with what stood on them.
    images: BTreeMap<usize, Known>,
    /// Which devices have a disk that can be made to fail.
    lossy: BTreeSet<usize>,
}

impl World {
    /// A collector and so many devices, enrolled and running.
    pub(super) fn begin(scenario: &Scenario, sabotage: Sabotage) -> Result<Self> {
        let folder = folder_in_memory()?;
        let time = VirtualTime::begin();
        let seeds = Arc::new(SeededEntropy::new(scenario.seed));
        let office = Office::open(folder.path().join("office"), &time, seeds.next_u64(), sabotage)?;
        let around =
            Surroundings { trace: Trace::begin(&time), time, office: Arc::new(Mutex::new(office)), seeds };
        let mut world = Self {
            folder,
            around,
            devices: Vec::new(),
            truth: Truth::default(),
            held: BTreeMap::new(),
            places: BTreeMap::new(),
            erased: BTreeSet::new(),
            erased_in_backup: BTreeSet::new(),
            stood: BTreeMap::new(),
            two_lives: BTreeSet::new(),
            may_hold_less: false,
            sticks: Vec::new(),
            images: BTreeMap::new(),
            lossy: scenario.lossy_disks(),
        };
        for index in 0..scenario.devices {
            let card = world.empty_card(index)?;
            let mut device = Device::new(index, format!("Kiosk {index}"), card, &world.around);
            device.enrol(false)?;
            device.start_kiosk(&mut world.truth)?;
            device.start_agent()?;
            world.devices.push(device);
        }
        Ok(world)
    }

    /// Carries one operation out.
    pub(super) async fn carry_out(&mut self, op: Op) -> Result<()> {
        self.around.trace.say(format_args!("> {op}"));
        match op {
            Op::Tap { device, face } => {
                sleep(TOUCH_PAUSE).await;
                self.with(device, |device, truth| device.tap(face, truth))
            }
            Op::Comment { device, letters } => {
                self.with(device, |device, truth| device.comment(letters, truth))
            }
            Op::Complete { device } => {
                self.with(device, |device, truth| device.end(Outcome::Completed, truth))
            }
            Op::WalkAway { device } => {
                self.with(device, |device, truth| device.end(Outcome::TimedOut, truth))
            }
            Op::Rush { device, shoppers } => self.rush(device, shoppers).await,
            Op::Wait { ms } => {
                sleep(Duration::from_millis(ms)).await;
                Ok(())
            }
            Op::Holiday { days } => self.holiday(days).await,
            Op::Clock { device, set } => self.with(device, |device, _| {
                device.set_clock(set);
                Ok(())
            }),
            Op::Link { device, up } => self.with(device, |device, _| {
                lock(&device.line).up = up;
                Ok(())
            }),
            Op::Accident { device, accident } => self.with(device, |device, _| {
                lock(&device.line).accidents.push_back(accident);
                Ok(())
            }),
            Op::Kill(program) => self.kill(program).await,
            Op::Start(program) => self.start(program),
            Op::Fill { device, room } => self.disk(device, |faults| faults.room_bytes = Some(room)),
            Op::Free { device } => self.disk(device, |faults| faults.room_bytes = None),
            Op::Lie { device } => self.lie(device),
            Op::Honest { device } => self.disk(device, |faults| faults.lying = false),
            Op::FailSyncs { device, times } => {
                self.disk(device, |faults| faults.syncs = Failing::next(times))
            }
            Op::CutPower { device, remains } => self.cut_power(device, remains.into()).await,
            Op::Rot { device, part, nth } => self.rot(device, part, nth),
            Op::Purge { device, keep_ms } => self.purge(device, keep_ms),
            Op::Clone { device } => self.clone_card(device),
            Op::CopyCard { device } => self.copy_card(device),
            Op::ReturnCard { device } => self.return_card(device).await,
            Op::Backup => self.back_up(),
            // What was erased since the backup is erased in it too.
            Op::Restore => self.go_back(Office::restore, self.erased.clone()),
            Op::PutBack => {
                // Whoever copies files by hand may bring back a life that had signed for more.
                self.may_hold_less = true;
                self.go_back(Office::put_back, self.erased_in_backup.clone())
            }
            Op::Pack { device } => self.pack(device).await,
            Op::Import { nth } => self.import(nth as usize),
            Op::Accept { device, nth } => self.accept(device, nth as usize).await,
            Op::Revoke { device } => self.revoke(device),
            Op::Enrol { device } => self.enrol(device).await,
            Op::Rotate(key) => lock(&self.around.office).rotate(key),
            Op::Erase { nth } => self.erase(nth as usize),
        }
    }

    /// Does something with a device, when there is one of this number.
    pub(super) fn with(
        &mut self,
        device: usize,
        work: impl FnOnce(&mut Device, &mut Truth) -> Result<()>,
    ) -> Result<()> {
        match self.devices.get_mut(device) {
            Some(device) => work(device, &mut self.truth),
            None => Ok(()),
        }
    }

    async fn rush(&mut self, device: usize, shoppers: u32) -> Result<()> {
        for shopper in 0..shoppers {
            let face = u8::try_from(shopper % 5 + 1)?;
            sleep(TOUCH_PAUSE).await;
            self.with(device, |device, truth| {
                device.tap(face, truth)?;
                device.end(Outcome::Completed, truth)
            })?;
        }
        Ok(())
    }

    async fn holiday(&mut self, days: u32) -> Result<()> {
        for device in &mut self.devices {
            device.kill_agent().await?;
            device.close_kiosk()?;
        }
        sleep(Duration::from_millis(u64::from(days) * DAY_MS)).await;
        for device in &mut self.devices {
            device.start_kiosk(&mut self.truth)?;
            device.start_agent()?;
        }
        Ok(())
    }

    async fn kill(&mut self, program: Program) -> Result<()> {
        match program {
            Program::Kiosk(device) => self.with(device, |device, _| device.kill_kiosk()),
            Program::Agent(device) => match self.devices.get_mut(device) {
                Some(device) => device.kill_agent().await,
                None => Ok(()),
            },
            Program::Collector => lock(&self.around.office).kill(),
        }
    }

    fn start(&mut self, program: Program) -> Result<()> {
        match program {
            Program::Kiosk(device) => self.with(device, Device::start_kiosk),
            Program::Agent(device) => self.with(device, |device, _| device.start_agent()),
            Program::Collector => lock(&self.around.office).start(),
        }
    }

    /// Purges, and looks at what is gone: each record of it must be where its receipt says.
    fn purge(&mut self, device: usize, keep_ms: u64) -> Result<()> {
        let Some(purger) = self.devices.get_mut(device) else { return Ok(()) };
        let Some(store) = purger.store() else { return Ok(()) };
        let in_trouble = purger.card.is_in_trouble() || purger.card.is_rotten;
        let purged = store.purge(keep_ms);
        store.settle()?;
        let purged = match purged {
            Ok(purged) => purged,
            Err(error) if in_trouble => {
                purger.say_error("cannot purge", &error);
                purger.card.known.may_be_purged = true;
                return Ok(());
            }
            Err(error) => bail!("d{device} cannot purge: {error}"),
        };
        purger.say(format_args!("purged {} records, through {}", purged.records, purged.through_seq));
        let known = &mut purger.card.known.records;
        let left = known.split_off(&(purged.through_seq + 1));
        let gone = std::mem::replace(known, left);
        self.see_received()?;
        for number in self.kept_nowhere(gone.values()) {
            if self.truth.was_received(number) {
                self.truth.excuse(number, "purged before the collector went back to a backup");
            } else {
                bail!("d{device} purged response {number}, which was never received");
            }
        }
        Ok(())
    }

    fn disk(&mut self, device: usize, change: impl FnOnce(&mut Faults)) -> Result<()> {
        if let Some(disk) = self.devices.get(device).and_then(|device| device.card.disk()) {
            disk.fail(change);
        }
        Ok(())
    }

    fn lie(&mut self, device: usize) -> Result<()> {
        if let Some(device) = self.devices.get_mut(device) {
            device.card.has_lied = device.card.disk().is_some();
        }
        self.disk(device, |faults| faults.lying = true)
    }

    async fn cut_power(&mut self, device: usize, policy: Policy) -> Result<()> {
        if self.devices.get(device).is_some_and(|device| device.card.has_lied) {
            self.has_two_lives(device)?;
        }
        let Some(device) = self.devices.get_mut(device) else { return Ok(()) };
        device.lose_power(policy).await?;
        device.start_kiosk(&mut self.truth)?;
        device.start_agent()
    }

    fn clone_card(&mut self, device: usize) -> Result<()> {
        let index = self.devices.len();
        if device >= index || index >= FLEET_MAX {
            return Ok(());
        }
        let card = self.empty_card(index)?;
        let original = &self.devices[device];
        let mut twin = Device::new(index, original.name.clone(), card, &self.around);
        let image = self.folder.path().join("cloned card");
        original.card.copy_to(&image)?;
        let known = original.card.known.clone();
        for &open in &known.open {
            self.truth.doubled(open);
        }
        self.has_two_lives(device)?;
        twin.put_card(&image, known)?;
        twin.start_kiosk(&mut self.truth)?;
        twin.start_agent()?;
        self.devices.push(twin);
        Ok(())
    }

    fn copy_card(&mut self, device: usize) -> Result<()> {
        let Some(device) = self.devices.get(device) else { return Ok(()) };
        device.card.copy_to(&self.image_folder(device.index))?;
        self.images.insert(device.index, device.card.known.clone());
        Ok(())
    }

    /// The device goes on from an old card. What stood on the present one and nowhere else is gone with it.
    async fn return_card(&mut self, device: usize) -> Result<()> {
        let Some(known) = self.images.get(&device).cloned() else { return Ok(()) };
        let image = self.image_folder(device);
        let Some(returning) = self.devices.get_mut(device) else { return Ok(()) };
        returning.kill_agent().await?;
        returning.kill_kiosk()?;
        for &open in &known.open {
            self.truth.doubled(open);
        }
        let before = returning.card.known.clone();
        returning.put_card(&image, known)?;
        self.has_two_lives(device)?;
        self.see_received()?;
        for number in self.kept_nowhere(before.records.values()) {
            self.truth.excuse(number, "gone with a card");
        }
        for &open in &before.open {
            self.truth.excuse(open, "gone with a card");
        }
        self.with(device, |device, truth| {
            device.start_kiosk(truth)?;
            device.start_agent()
        })
    }

    fn back_up(&mut self) -> Result<()> {
        lock(&self.around.office).back_up()?;
        self.erased_in_backup.clone_from(&self.erased);
        Ok(())
    }

    /// The collector goes on from its backup. What it held since and what is on no card any more is gone.
    fn go_back(
        &mut self,
        restore: impl FnOnce(&mut Office) -> Result<bool>,
        erased: BTreeSet<Frozen>,
    ) -> Result<()> {
        self.see_received()?;
        let office = Arc::clone(&self.around.office);
        let was_open = lock(&office).is_open();
        if !restore(&mut lock(&office))? {
            return Ok(());
        }
        // What is held from now on can be read while the collector runs.
        lock(&office).start()?;
        let before = std::mem::take(&mut self.held);
        self.places.clear();
        self.erased = erased;
        self.see_received()?;
        for number in self.kept_nowhere(before.keys()) {
            self.truth.excuse(number, "received, purged, and not in the backup");
        }
        if was_open { Ok(()) } else { lock(&office).kill() }
    }

    fn revoke(&mut self, device: usize) -> Result<()> {
        let Some(device) = self.devices.get(device) else { return Ok(()) };
        let id = device.card.identity()?.enrolled().device;
        lock(&self.around.office).revoke(id)
    }

    async fn enrol(&mut self, device: usize) -> Result<()> {
        if !lock(&self.around.office).is_open() {
            return Ok(());
        }
        let Some(device) = self.devices.get_mut(device) else { return Ok(()) };
        device.kill_agent().await?;
        device.enrol(true)?;
        device.start_agent()
    }

    /// The responses whose records are neither at the collector nor on a card.
    fn kept_nowhere<'a>(&self, records: impl Iterator<Item = &'a Frozen>) -> Vec<Number> {
        let gone = records.filter(|record| !self.is_kept(record));
        gone.filter_map(|record| self.truth.number(record)).collect()
    }

    /// Whether a record is at the collector or on a card.
    pub(super) fn is_kept(&self, record: &Frozen) -> bool {
        let is_on = |device: &Device| device.card.known.records.values().any(|other| other == record);
        self.held.contains_key(record) || self.devices.iter().any(is_on)
    }

    /// The counts at the end.
    pub(super) fn count(&self, tally: &mut Tally) {
        tally.twice = self.truth.given().filter(|(_, given)| given.is_doubled()).count() as u64;
        let thanked = self.truth.given().filter(|(_, given)| given.thanked.is_some());
        for (_, given) in thanked {
            tally.thanked += 1;
            let is_held = given.thanked.as_ref().is_some_and(|record| self.is_held(record));
            tally.received += u64::from(is_held);
            if let Some(why) = given.excuse.filter(|_| !is_held) {
                *tally.excused.entry(why).or_default() += 1;
            }
        }
        tally.virtual_ms = self.around.time.now_ms();
    }

    fn empty_card(&self, device: usize) -> Result<Card> {
        Card::new(self.folder.path().join(format!("card {device}")), self.lossy.contains(&device))
    }

    fn image_folder(&self, device: usize) -> PathBuf {
        self.folder.path().join(format!("image of card {device}"))
    }
}
