//! The device list: who there is, and how much of what each has collected is here.

use afterword_model::record::{DeviceId, StoreEpoch};
use afterword_protocol::queue::SeqRange;
use serde::Serialize;

use super::{Admin, AdminError};
use crate::storage::devices::{self, Device};
use crate::storage::progress::{self, Progress};
use crate::storage::turns;

/// A line of the device list. Times are milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceRow {
    /// Its id.
    pub device: DeviceId,
    /// What people call it.
    pub name: String,
    /// The store it stands in, where that was said.
    pub store: Option<String>,
    /// How it stands with the collector.
    pub state: DeviceState,
    /// When it was added.
    pub created_ms: i64,
    /// Until when its code is or was good.
    pub code_expires_ms: i64,
    /// Whether that code can still be used; with it, an enrolled or revoked device is enrolled again.
    pub code_waits: bool,
    /// When it enrolled.
    pub enrolled_ms: Option<i64>,
    /// The agent's version at enrolment.
    pub agent_version: Option<String>,
    /// When it was revoked, or retired.
    pub revoked_ms: Option<i64>,
    /// Why, where that was said.
    pub revoked_reason: Option<String>,
    /// When it was retired; `revoked_ms` is set then too.
    pub retired_ms: Option<i64>,
    /// When its last new records came; a batch that repeats what is held does not count.
    pub last_received_ms: Option<i64>,
    /// Whether a copy of it seems to be at work: within a day it went back twice to a store that it had left. Ends a week
    /// after that was last seen, or when it is enrolled anew.
    pub clone_suspected: bool,
    /// What came from each of its stores, oldest first.
    pub stores: Vec<StoreRow>,
}

/// How much of one store of a device is here. Times are milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoreRow {
    /// Which.
    pub epoch: StoreEpoch,
    /// The highest number ever heard of it.
    pub collected: u64,
    /// Of them, those that are held, under this store's numbers or carried into a later one.
    pub received: u64,
    /// Not received yet, number for number.
    pub missing: Vec<SeqRange>,
    /// Damaged on the device before they were received.
    pub lost: Vec<SeqRange>,
    /// Whether the device has gone on in another store.
    pub is_former: bool,
    /// When the last new ones came.
    pub last_received_ms: Option<i64>,
    /// When its last heartbeat came.
    pub last_heard_ms: Option<i64>,
    /// When the oldest record without a receipt was frozen, by the device's clock, as of that heartbeat.
    pub oldest_unsent_ms: Option<i64>,
    /// How far the device's clock was ahead of the collector's then, in milliseconds.
    pub clock_ahead_ms: Option<i64>,
    /// End of the certificate that it used then.
    pub certificate_expires_ms: Option<i64>,
}

/// How a device stands with the collector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceState {
    /// Its code waits to be used.
    Waiting,
    /// Its code was not used in time.
    CodeExpired,
    /// Enrolled; may deliver.
    Active,
    /// May do nothing, until it is enrolled anew.
    Revoked,
    /// Taken away for good: may do nothing any more, and its name is free.
    Retired,
}

impl Admin {
    /// All devices, the ones in use first, by name.
    ///
    /// # Errors
    /// The database.
    pub fn device_list(&self) -> Result<Vec<DeviceRow>, AdminError> {
        let now_ms = self.clock.wall_ms();
        let devices = devices::list(&self.connection)?;
        devices.into_iter().map(|device| self.row(device, now_ms)).collect()
    }

    /// One device; `None` when there is none of this id.
    ///
    /// # Errors
    /// The database.
    pub fn device_row(&self, device: &DeviceId) -> Result<Option<DeviceRow>, AdminError> {
        let found = devices::find(&self.connection, &device.to_string())?;
        let found = found.into_iter().find(|found| found.device == *device);
        found.map(|device| self.row(device, self.clock.wall_ms())).transpose()
    }

    /// So many devices after one, by id, of those whose store is asked for.
    ///
    /// # Errors
    /// The database.
    pub fn device_page(
        &self,
        after: Option<DeviceId>,
        count: usize,
        is_asked_for: impl Fn(Option<&str>) -> bool,
    ) -> Result<Vec<DeviceRow>, AdminError> {
        let now_ms = self.clock.wall_ms();
        let mut devices = devices::list(&self.connection)?;
        devices.retain(|device| {
            after.is_none_or(|after| device.device > after) && is_asked_for(device.store.as_deref())
        });
        devices.sort_unstable_by_key(|device| device.device);
        devices.into_iter().take(count).map(|device| self.row(device, now_ms)).collect()
    }

    fn row(&self, device: Device, now_ms: i64) -> Result<DeviceRow, AdminError> {
        let stores = progress::of_device(&self.connection, &device.device)?;
        let clone_suspected = turns::is_clone_suspected(&self.connection, &device.device, now_ms)?;
        let state = match (device.retired_ms, device.revoked_ms, device.enrolled_ms) {
            (Some(_), _, _) => DeviceState::Retired,
            (None, Some(_), _) => DeviceState::Revoked,
            (None, None, Some(_)) => DeviceState::Active,
            (None, None, None) if now_ms >= device.code_expires_ms => DeviceState::CodeExpired,
            (None, None, None) => DeviceState::Waiting,
        };
        Ok(DeviceRow {
            device: device.device,
            name: device.name,
            store: device.store,
            state,
            created_ms: device.created_ms,
            code_expires_ms: device.code_expires_ms,
            code_waits: device.code_is_open && now_ms < device.code_expires_ms,
            enrolled_ms: device.enrolled_ms,
            agent_version: device.agent_version,
            revoked_ms: device.revoked_ms,
            revoked_reason: device.revoked_reason,
            retired_ms: device.retired_ms,
            last_received_ms: stores.iter().filter_map(|store| store.last_received_ms).max(),
            clone_suspected,
            stores: stores.into_iter().map(StoreRow::from).collect(),
        })
    }
}

impl From<Progress> for StoreRow {
    fn from(store: Progress) -> Self {
        let heard = store.heard;
        Self {
            epoch: store.epoch,
            collected: store.collected,
            received: store.collected - count(&store.missing) - count(&store.lost),
            missing: store.missing,
            lost: store.lost,
            is_former: store.is_former,
            last_received_ms: store.last_received_ms,
            last_heard_ms: heard.as_ref().map(|heard| heard.at_ms),
            oldest_unsent_ms: heard.as_ref().and_then(|heard| heard.oldest_unsent_ms),
            clock_ahead_ms: heard.as_ref().map(|heard| heard.clock_ahead_ms),
            certificate_expires_ms: heard.map(|heard| heard.certificate_expires_ms),
        }
    }
}

/// How many numbers there are in ranges that don't overlap.
pub(crate) fn count(ranges: &[SeqRange]) -> u64 {
    ranges.iter().map(|range| range.last - range.first + 1).sum()
}
