//! Head office's settings: deciding, looking at what comes of it for a device, and sending it out in stages.

use std::collections::{BTreeMap, HashSet};

use afterword_model::record::DeviceId;
use afterword_model::settings::{Merged, Settings, SettingsError};
use afterword_protocol::settings::{Envelope, EnvelopeError, SettingsVersion, version};

use super::{Admin, AdminError};
use crate::storage::devices;
use crate::storage::places::{self, PlaceKind};
use crate::storage::rollouts::{self, EVERYONE, Rollout, RolloutState, StageHealth, Straggler, answers};
use crate::storage::settings::{self, AllLayers, Layer, LayerRow, Said};
use crate::storage::sql::Connection;

/// Devices that are named when a roll-out is looked at; whoever sees so many has to look at the cause and not at the list.
const STRAGGLERS_NAMED_MAX: i64 = 20;

/// Hours that the devices of a stage are to be well at most: a fortnight.
pub const HEALTHY_HOURS_MAX: u32 = 14 * 24;

const HOUR_MS: i64 = 60 * 60 * 1_000;

/// Which layer an operator means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecidedFor<'n> {
    /// All devices there are, and all that come.
    Organisation,
    /// The devices in this region, at any depth.
    Region(&'n str),
    /// The devices of this store.
    Store(&'n str),
    /// The device of this name or id.
    Device(&'n str),
}

/// Why settings are not kept, or do not go out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsRefusal {
    /// A field cannot be used.
    #[error("the settings were not kept, {0}")]
    Unfit(#[from] SettingsError),
    /// They do not fit an answer to a device.
    #[error("the settings were not kept: {0}")]
    Long(EnvelopeError),
    /// There is no such region.
    #[error("there is no region `{0}`; `afterword-collector place list` shows all")]
    NoSuchRegion(String),
    /// There is no such store.
    #[error("there is no store `{0}`; `afterword-collector place list` shows all")]
    NoSuchStore(String),
    /// Layer upon layer they do not go together for somebody.
    #[error(
        "nothing was sent: what comes of the layers for the device `{device}` cannot be used, {what}; correct one of its layers (`afterword-collector settings show --device {device}` says which)"
    )]
    Together {
        /// What people call the device.
        device: String,
        /// Why.
        what: String,
    },
    /// Nobody has decided anything since.
    #[error(
        "nothing was sent: no device would get anything else than it has; decide something first with `afterword-collector settings set`"
    )]
    Nothing,
    /// Another one is under way.
    #[error(
        "roll-out {0} of version {1} is {2}; see it through, or take it back with `afterword-collector settings rollout rollback`, before another one begins"
    )]
    UnderWay(i64, i64, &'static str),
    /// There is none.
    #[error("there was no roll-out yet; `afterword-collector settings rollout start` begins one")]
    NoRollout,
    /// It stands where that cannot be done.
    #[error("roll-out {0} is {1}, so it cannot be {2}")]
    NotNow(i64, &'static str, &'static str),
    /// A device that is to go first is not touched by it.
    #[error(
        "the version changes nothing for the device `{0}`, so it cannot go first; name another one with --canary"
    )]
    NotTouched(String),
}

/// What comes of the layers for a device.
#[derive(Debug, Clone)]
pub struct DeviceSettings {
    /// Which device.
    pub device: DeviceId,
    /// What people call it.
    pub name: String,
    /// The version of the layers that it is to go by now, 0 where nothing was sent out yet.
    pub version: i64,
    /// What it is to have now, and from which layer each field comes.
    pub now: Merged,
    /// Those layers.
    pub layers: Vec<Layer>,
    /// What it would have by what is decided by now, sent out or not.
    pub next: Merged,
    /// Likewise.
    pub next_layers: Vec<Layer>,
    /// What it said last, where it ever has.
    pub said: Option<Said>,
}

/// A roll-out, and how its devices are.
#[derive(Debug, Clone)]
pub struct RolloutStatus {
    /// The roll-out.
    pub rollout: Rollout,
    /// How the devices of its stages up to now are.
    pub health: StageHealth,
    /// Some of those that are not well.
    pub stragglers: Vec<Straggler>,
}

impl Admin {
    /// Decides for a layer, in place of what was decided there. Nothing is sent before a roll-out. Gives the number of the
    /// version.
    ///
    /// # Errors
    /// [`AdminError::Settings`], [`AdminError::NoSuchDevice`], [`AdminError::IsRetired`], or the database.
    pub fn settings_set(
        &mut self,
        decided_for: DecidedFor<'_>,
        decided: &Settings,
        by_whom: Option<&str>,
    ) -> Result<i64, AdminError> {
        decided.check().map_err(SettingsRefusal::Unfit)?;
        Envelope::pack(decided, DeviceId::new([0; 16]), 0).map_err(SettingsRefusal::Long)?;
        let now_ms = self.clock.wall_ms();
        let transaction = self.transaction()?;
        let layer = layer(&transaction, decided_for)?;
        let number = settings::add(&transaction, &layer, decided, by_whom, now_ms)?;
        self.note(&transaction, "settings.set", &number.to_string(), "")?;
        transaction.commit()?;
        Ok(number)
    }

    /// What comes of the layers for the device of this name or id.
    ///
    /// # Errors
    /// [`AdminError::NoSuchDevice`], or the database.
    pub fn settings_of(&self, id_or_name: &str) -> Result<DeviceSettings, AdminError> {
        let found = devices::find(&self.connection, id_or_name)?.into_iter().next();
        let found = found.ok_or_else(|| AdminError::NoSuchDevice(id_or_name.to_owned()))?;
        let device = found.device;
        let version = match rollouts::newest(&self.connection)? {
            Some(rollout) => rollouts::version_for(&self.connection, &rollout, &device)?,
            None => 0,
        };
        let newest = settings::newest(&self.connection)?;
        let (now, layers) = settings::for_device(&self.connection, &device, version)?;
        let (next, next_layers) = settings::for_device(&self.connection, &device, newest)?;
        let said = settings::said(&self.connection, &device)?;
        Ok(DeviceSettings { device, name: found.name, version, now, layers, next, next_layers, said })
    }

    /// All versions of all layers, the newest first.
    ///
    /// # Errors
    /// The database.
    pub fn settings_history(&self) -> Result<Vec<LayerRow>, AdminError> {
        Ok(settings::history(&self.connection)?)
    }

    /// The newest version of each layer, the newest first.
    ///
    /// # Errors
    /// The database.
    pub fn settings_newest(&self) -> Result<Vec<LayerRow>, AdminError> {
        Ok(settings::newest_of_each(&self.connection)?)
    }

    /// Names of devices by their ids, for who shows layers.
    ///
    /// # Errors
    /// The database.
    pub fn device_names(&self) -> Result<BTreeMap<DeviceId, String>, AdminError> {
        Ok(rollouts::fleet(&self.connection)?.into_iter().map(|one| (one.device, one.name)).collect())
    }

    /// Sends what is decided by now out, in stages, or to everyone at once. The devices named go first.
    ///
    /// # Errors
    /// [`AdminError::Settings`], [`AdminError::NoSuchDevice`], or the database.
    pub fn rollout_start(
        &mut self,
        canaries: &[String],
        healthy_hours: u32,
        at_once: bool,
        by_whom: Option<&str>,
    ) -> Result<RolloutStatus, AdminError> {
        let now_ms = self.clock.wall_ms();
        let transaction = self.transaction()?;
        let before = rollouts::newest(&transaction)?;
        if let Some(Rollout { id, target, state, .. }) = before
            && !matches!(state, RolloutState::Done | RolloutState::RolledBack)
        {
            return Err(SettingsRefusal::UnderWay(id, target, state.name()).into());
        }
        let base = before.as_ref().map_or(0, Rollout::settled);
        let target = settings::newest(&transaction)?;
        let touched = touched(&transaction, base, target)?;
        if touched.is_empty() {
            return Err(SettingsRefusal::Nothing.into());
        }
        let mut first = Vec::new();
        for name in canaries {
            let found = devices::find(&transaction, name)?.into_iter().next();
            let device = found.ok_or_else(|| AdminError::NoSuchDevice(name.clone()))?.device;
            if !touched.contains(&device) {
                return Err(SettingsRefusal::NotTouched(name.clone()).into());
            }
            first.push(device);
        }
        let staged = rollouts::stages(touched, &first);
        let first_stage = if at_once { EVERYONE } else { 0 };
        let healthy_for_ms = i64::from(healthy_hours.min(HEALTHY_HOURS_MAX)) * HOUR_MS;
        let id = rollouts::start(
            &transaction,
            (base, target),
            &staged,
            (first_stage, healthy_for_ms),
            by_whom,
            now_ms,
        )?;
        self.note(&transaction, "rollout.started", &id.to_string(), "")?;
        let status = status(&transaction, now_ms)?;
        transaction.commit()?;
        Ok(status)
    }

    /// The newest roll-out.
    ///
    /// # Errors
    /// [`SettingsRefusal::NoRollout`], or the database.
    pub fn rollout_status(&self) -> Result<RolloutStatus, AdminError> {
        status(&self.connection, self.clock.wall_ms())
    }

    /// All roll-outs, the newest first.
    ///
    /// # Errors
    /// The database.
    pub fn rollouts(&self) -> Result<Vec<Rollout>, AdminError> {
        Ok(rollouts::all(&self.connection)?)
    }

    /// Halts the newest roll-out: who has the version keeps it, and nobody else gets it.
    ///
    /// # Errors
    /// [`SettingsRefusal::NoRollout`], [`SettingsRefusal::NotNow`], or the database.
    pub fn rollout_pause(&mut self) -> Result<RolloutStatus, AdminError> {
        self.turn(&[RolloutState::Running], RolloutState::Paused, "paused")
    }

    /// Goes on with a roll-out that was paused, or has stopped.
    ///
    /// # Errors
    /// As [`Self::rollout_pause`].
    pub fn rollout_resume(&mut self) -> Result<RolloutStatus, AdminError> {
        self.turn(&[RolloutState::Paused, RolloutState::Stopped], RolloutState::Running, "resumed")
    }

    /// Ends a roll-out where it is, until it is resumed or taken back.
    ///
    /// # Errors
    /// As [`Self::rollout_pause`].
    pub fn rollout_stop(&mut self) -> Result<RolloutStatus, AdminError> {
        self.turn(&[RolloutState::Running, RolloutState::Paused], RolloutState::Stopped, "stopped")
    }

    /// Gives everybody the version before again.
    ///
    /// # Errors
    /// As [`Self::rollout_pause`].
    pub fn rollout_rollback(&mut self) -> Result<RolloutStatus, AdminError> {
        use RolloutState::{Done, Paused, RolledBack, Running, Stopped};
        self.turn(&[Running, Paused, Stopped, Done], RolledBack, "rolled back")
    }

    /// Stops the newest roll-out where answers have fallen at the kiosks that it reached. Whether it did.
    ///
    /// # Errors
    /// The database.
    pub fn rollout_look_at_answers(&mut self) -> Result<bool, AdminError> {
        let running = |rollout: &Rollout| rollout.state == RolloutState::Running;
        let Some(rollout) = rollouts::newest(&self.connection)?.filter(running) else { return Ok(false) };
        // Nobody waits for what has to be gone through here.
        let Some(reason) = answers::compare(&self.connection, &rollout)?.fall(&rollout) else {
            return Ok(false);
        };
        let now_ms = self.clock.wall_ms();
        let transaction = self.transaction()?;
        let is_so_still = rollouts::newest(&transaction)?.is_some_and(|now| {
            (now.id, now.stage_ms, now.state) == (rollout.id, rollout.stage_ms, rollout.state)
        });
        if !is_so_still {
            return Ok(false);
        }
        tracing::error!(rollout = rollout.id, "the roll-out stops: {reason}");
        rollouts::set_state(&transaction, rollout.id, RolloutState::Stopped, Some(&reason), now_ms)?;
        self.note(&transaction, "rollout.state", &rollout.id.to_string(), RolloutState::Stopped.name())?;
        transaction.commit()?;
        Ok(true)
    }

    /// Begins the next stage now, whoever of this one is not well yet.
    ///
    /// # Errors
    /// As [`Self::rollout_pause`].
    pub fn rollout_next(&mut self) -> Result<RolloutStatus, AdminError> {
        let now_ms = self.clock.wall_ms();
        let transaction = self.transaction()?;
        let rollout = rollouts::newest(&transaction)?.ok_or(SettingsRefusal::NoRollout)?;
        if rollout.state != RolloutState::Running {
            return Err(
                SettingsRefusal::NotNow(rollout.id, rollout.state.name(), "put to its next stage").into()
            );
        }
        rollouts::go_on(&transaction, &rollout, now_ms)?;
        self.note(&transaction, "rollout.next", &rollout.id.to_string(), "")?;
        let status = status(&transaction, now_ms)?;
        transaction.commit()?;
        Ok(status)
    }

    fn turn(
        &mut self,
        from: &[RolloutState],
        to: RolloutState,
        word: &'static str,
    ) -> Result<RolloutStatus, AdminError> {
        let now_ms = self.clock.wall_ms();
        let transaction = self.transaction()?;
        let rollout = rollouts::newest(&transaction)?.ok_or(SettingsRefusal::NoRollout)?;
        if !from.contains(&rollout.state) {
            return Err(SettingsRefusal::NotNow(rollout.id, rollout.state.name(), word).into());
        }
        rollouts::set_state(&transaction, rollout.id, to, None, now_ms)?;
        self.note(&transaction, "rollout.state", &rollout.id.to_string(), to.name())?;
        if to == RolloutState::Running {
            rollouts::forgive(&transaction, &rollout, now_ms)?;
        }
        let status = status(&transaction, now_ms)?;
        transaction.commit()?;
        Ok(status)
    }
}

fn status(connection: &Connection, now_ms: i64) -> Result<RolloutStatus, AdminError> {
    let rollout = rollouts::newest(connection)?.ok_or(SettingsRefusal::NoRollout)?;
    let health = rollouts::health(connection, &rollout, now_ms)?;
    let stragglers = rollouts::stragglers(connection, &rollout, STRAGGLERS_NAMED_MAX)?;
    Ok(RolloutStatus { rollout, health, stragglers })
}

fn layer(connection: &Connection, decided_for: DecidedFor<'_>) -> Result<Layer, AdminError> {
    let is = |name: &str, kind: PlaceKind| -> Result<bool, AdminError> {
        Ok(places::tree(connection)?.find(name).is_some_and(|place| place.kind == kind))
    };
    match decided_for {
        DecidedFor::Organisation => Ok(Layer::Organisation),
        DecidedFor::Region(name) if is(name, PlaceKind::Region)? => Ok(Layer::Region(name.to_owned())),
        DecidedFor::Region(name) => Err(SettingsRefusal::NoSuchRegion(name.to_owned()).into()),
        DecidedFor::Store(name) if is(name, PlaceKind::Store)? => Ok(Layer::Store(name.to_owned())),
        DecidedFor::Store(name) => Err(SettingsRefusal::NoSuchStore(name.to_owned()).into()),
        DecidedFor::Device(name) => {
            let found = devices::find(connection, name)?.into_iter().next();
            let found = found.ok_or_else(|| AdminError::NoSuchDevice(name.to_owned()))?;
            if found.retired_ms.is_some() {
                return Err(AdminError::IsRetired { name: name.to_owned(), device: found.device });
            }
            Ok(Layer::Device(found.device))
        }
    }
}

/// The devices for which one version says something else than another, once what they would get is known to be sound.
fn touched(connection: &Connection, base: i64, target: i64) -> Result<Vec<DeviceId>, AdminError> {
    let (before, after) = (AllLayers::at(connection, base)?, AllLayers::at(connection, target)?);
    let tree = places::tree(connection)?;
    let mut sound: HashSet<SettingsVersion> = HashSet::new();
    let mut touched = Vec::new();
    for one in rollouts::fleet(connection)? {
        let store = one.store.as_deref();
        let wanted = after.for_device(&one.device, store, &tree);
        if before.for_device(&one.device, store, &tree) == wanted {
            continue;
        }
        // A shop's devices have the same, and a survey is read in a millisecond: a fleet would take a minute.
        if sound.insert(version(&wanted)) {
            let unfit = |what: String| SettingsRefusal::Together { device: one.name.clone(), what };
            wanted.check().map_err(|error| unfit(error.to_string()))?;
            Envelope::pack(&wanted, one.device, 0).map_err(|error| unfit(error.to_string()))?;
        }
        touched.push(one.device);
    }
    Ok(touched)
}
