//! A fleet and its collector, and how each operation is carried out on them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use afterword_model::ports::SeededEntropy;
use afterword_model::record::DeviceId;
use afterword_model::response::Outcome;
use anyhow::{Result, bail};
use tokio::time::sleep;

use super::clock::VirtualTime;
use super::device::{Card, Device, Surroundings};
use super::files::scratch;
use super::network::lock;
use super::office::{Office, Sabotage};
use super::op::{Op, Program};
use super::run::Tally;
use super::scenario::Scenario;
use super::trace::Trace;
use super::truth::{Frozen, Number, Truth};

/// Devices at any time, clones included.
const FLEET_MAX: usize = 5;

/// Between two shoppers who come one after the other.
const RUSH_PAUSE: Duration = Duration::from_millis(1);

const DAY_MS: u64 = 86_400_000;

/// Everything there is.
pub(super) struct World {
    folder: tempfile::TempDir,
    pub(super) around: Surroundings,
    pub(super) devices: Vec<Device>,
    pub(super) truth: Truth,
    /// What has been seen to be held by the collector, and under which devices.
    pub(super) held: BTreeMap<Frozen, BTreeSet<DeviceId>>,
    /// Cards that were put by, with what stood on them.
    cards: BTreeMap<usize, Card>,
}

impl World {
    /// A collector and so many devices, enrolled and running.
    pub(super) fn begin(scenario: &Scenario, sabotage: Sabotage) -> Result<Self> {
        let folder = scratch()?;
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
            cards: BTreeMap::new(),
        };
        for index in 0..scenario.devices {
            let mut device =
                Device::new(index, format!("Kiosk {index}"), world.card_folder(index), &world.around);
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
            Op::Tap { device, face } => self.with(device, |device, truth| device.tap(face, truth)),
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
            Op::Fill { .. } | Op::Free { .. } => Ok(()),
            Op::Purge { device, keep_ms } => self.purge(device, keep_ms),
            Op::Clone { device } => self.clone_card(device),
            Op::CopyCard { device } => self.copy_card(device),
            Op::ReturnCard { device } => self.return_card(device).await,
            Op::Backup => lock(&self.around.office).back_up(),
            Op::Restore => self.restore(),
            Op::Revoke { device } => self.revoke(device),
            Op::Enrol { device } => self.enrol(device).await,
            Op::Rotate(_) | Op::Erase { .. } => Ok(()),
        }
    }

    /// Does something with a device, when there is one of this number.
    fn with(
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
            self.with(device, |device, truth| {
                device.tap(face, truth)?;
                device.end(Outcome::Completed, truth)
            })?;
            sleep(RUSH_PAUSE).await;
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
        let Some(purged) = purger.purge(keep_ms) else { return Ok(()) };
        let purged = match purged {
            Ok(purged) => purged,
            Err(error) => bail!("d{device} cannot purge: {error}"),
        };
        purger.say(format_args!("purged {} records, through {}", purged.records, purged.through_seq));
        let left = purger.card.records.split_off(&(purged.through_seq + 1));
        let gone = std::mem::replace(&mut purger.card.records, left);
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

    fn clone_card(&mut self, device: usize) -> Result<()> {
        let index = self.devices.len();
        let Some(original) = self.devices.get(device).filter(|_| index < FLEET_MAX) else { return Ok(()) };
        let mut twin = Device::new(index, original.name.clone(), self.card_folder(index), &self.around);
        let image = self.folder.path().join("cloned card");
        original.copy_card(&image)?;
        let card = original.card.clone();
        if let Some(open) = card.open {
            self.truth.doubled(open);
        }
        twin.put_card(&image, card)?;
        twin.start_kiosk(&mut self.truth)?;
        twin.start_agent()?;
        self.devices.push(twin);
        Ok(())
    }

    fn copy_card(&mut self, device: usize) -> Result<()> {
        let Some(device) = self.devices.get(device) else { return Ok(()) };
        device.copy_card(&self.image_folder(device.index))?;
        self.cards.insert(device.index, device.card.clone());
        Ok(())
    }

    /// The device goes on from an old card. What stood on the present one and nowhere else is gone with it.
    async fn return_card(&mut self, device: usize) -> Result<()> {
        let Some(card) = self.cards.get(&device).cloned() else { return Ok(()) };
        let image = self.image_folder(device);
        let Some(returning) = self.devices.get_mut(device) else { return Ok(()) };
        returning.kill_agent().await?;
        returning.kill_kiosk()?;
        if let Some(open) = card.open {
            self.truth.doubled(open);
        }
        let before = returning.card.clone();
        returning.put_card(&image, card)?;
        self.see_received()?;
        for number in self.kept_nowhere(before.records.values()) {
            self.truth.excuse(number, "gone with a card");
        }
        if let Some(open) = before.open {
            self.truth.excuse(open, "gone with a card");
        }
        self.with(device, |device, truth| {
            device.start_kiosk(truth)?;
            device.start_agent()
        })
    }

    /// The collector goes on from its backup. What it held since and what is on no card any more is gone.
    fn restore(&mut self) -> Result<()> {
        self.see_received()?;
        if !lock(&self.around.office).restore()? {
            return Ok(());
        }
        let before = std::mem::take(&mut self.held);
        self.see_received()?;
        for number in self.kept_nowhere(before.keys()) {
            self.truth.excuse(number, "received, purged, and not in the backup");
        }
        Ok(())
    }

    fn revoke(&mut self, device: usize) -> Result<()> {
        let Some(device) = self.devices.get(device) else { return Ok(()) };
        lock(&self.around.office).revoke(device.id()?)
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
        let is_on = |device: &Device| device.card.records.values().any(|other| other == record);
        self.held.contains_key(record) || self.devices.iter().any(is_on)
    }

    /// The counts at the end.
    pub(super) fn count(&self, tally: &mut Tally) {
        let thanked = self.truth.given().filter(|(_, given)| given.thanked.is_some());
        for (_, given) in thanked {
            tally.thanked += 1;
            let is_held = given.thanked.as_ref().is_some_and(|record| self.is_held(record));
            tally.received += u64::from(is_held);
            tally.excused += u64::from(!is_held && given.excuse.is_some());
        }
        tally.virtual_ms = self.around.time.now_ms();
    }

    fn card_folder(&self, device: usize) -> PathBuf {
        self.folder.path().join(format!("card {device}"))
    }

    fn image_folder(&self, device: usize) -> PathBuf {
        self.folder.path().join(format!("image of card {device}"))
    }
}
