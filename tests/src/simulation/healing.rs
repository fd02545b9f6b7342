//! The end of every simulation: everything is mended, and then the fleet has to come to rest by itself.

use std::collections::BTreeMap;
use std::time::Duration;

use afterword_agent::State;
use afterword_model::record::DeviceId;
use afterword_model::response::Outcome;
use afterword_protocol::limits::HEARTBEAT_EVERY_MS;
use anyhow::{Result, bail};
use tokio::time::sleep;

use super::network::lock;
use super::op::ClockSet;
use super::world::World;

/// How often it is looked whether the fleet is at rest, in virtual time.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// By then it is at rest: a device begins a new epoch at most once an hour, and between two tries there may be a
/// quarter of one.
const REST_WITHIN: Duration = Duration::from_secs(12 * 3_600);

/// Heartbeats after which everything that they tell is told: with the first a twin may learn that it is one, with the
/// next it says that it has begun anew, and then its twin has to be heard of once more.
const BEATS_AT_REST: u64 = 4;

impl World {
    /// Mends everything that people would mend.
    pub(super) async fn heal(&mut self) -> Result<()> {
        self.around.trace.say("everything is mended");
        lock(&self.around.office).start()?;
        for device in &mut self.devices {
            device.card.mend();
            lock(&device.line).heal();
            device.set_clock(ClockSet::Right);
            device.start_kiosk(&mut self.truth)?;
            device.end(Outcome::TimedOut, &mut self.truth)?;
            if !device.card.known.open.is_empty() {
                // What a failed save or freeze left open is frozen with the next answer, or at the next start.
                device.close_kiosk()?;
                device.start_kiosk(&mut self.truth)?;
            }
        }
        self.see_to_rotten().await?;
        self.let_in().await?;
        for device in &mut self.devices {
            device.start_agent()?;
        }
        Ok(())
    }

    /// Enrols again whoever is shut out. Twins share one identity.
    async fn let_in(&mut self) -> Result<()> {
        let mut inside: BTreeMap<DeviceId, usize> = BTreeMap::new();
        for index in 0..self.devices.len() {
            if self.is_let_in(index)? {
                inside.entry(self.id(index)?).or_insert(index);
            }
        }
        for index in 0..self.devices.len() {
            if self.is_let_in(index)? {
                continue;
            }
            let id = self.id(index)?;
            self.devices[index].kill_agent().await?;
            match inside.get(&id) {
                Some(&twin) => self.devices[index].take_identity(&self.devices[twin])?,
                None => {
                    self.devices[index].enrol(true)?;
                    inside.insert(id, index);
                }
            }
        }
        Ok(())
    }

    /// Whether device and collector know each other by what they have.
    fn is_let_in(&self, device: usize) -> Result<bool> {
        let identity = self.devices[device].card.identity()?;
        let office = lock(&self.around.office);
        Ok(office.is_let_in(&identity.enrolled().device, &identity.key().verifying_key())?
            && office.is_trusted_by(&identity.trusted())?)
    }

    pub(super) fn id(&self, device: usize) -> Result<DeviceId> {
        Ok(self.devices[device].card.identity()?.enrolled().device)
    }

    /// Waits until every device has everything under a receipt and says so.
    pub(super) async fn come_to_rest(&mut self) -> Result<()> {
        let begun_ms = self.around.time.now_ms();
        let until_ms = begun_ms + u64::try_from(REST_WITHIN.as_millis())?;
        loop {
            sleep(LOOK_EVERY).await;
            self.check()?;
            let Some(restless) = self.restless()? else { break };
            if self.around.time.now_ms() > until_ms {
                bail!("{restless}, twelve hours after everything was mended");
            }
        }
        self.around.trace.say("everybody is at rest");
        self.may_hold_less = false;
        // What a heartbeat tells is true then as well.
        sleep(Duration::from_millis(BEATS_AT_REST * HEARTBEAT_EVERY_MS)).await;
        match self.restless()? {
            Some(restless) => bail!("{restless}, after everybody had come to rest"),
            None => Ok(()),
        }
    }

    /// A device that is not at rest, and what it is at.
    fn restless(&self) -> Result<Option<String>> {
        for device in &self.devices {
            let Some(store) = device.store() else { bail!("the kiosk of d{} is away", device.index) };
            let position = store.position()?;
            let state = device.agent_state()?;
            let at_rest = matches!(state, Some((State::Idle, None)))
                && position.acknowledged_seq == position.last_seq
                && device.card.known.records.values().all(|record| self.is_held(record));
            if !at_rest {
                let (last_seq, acknowledged_seq) = (position.last_seq, position.acknowledged_seq);
                return Ok(Some(format!(
                    "d{} has {acknowledged_seq} of {last_seq} records under a receipt and is at {state:?}",
                    device.index
                )));
            }
        }
        Ok(None)
    }
}
