//! Devices that go: another takes their place, or they are taken away for good.
//!
//! Both name what the device has that was not received, by its own word, so that nobody throws a box away that still
//! holds records. Invariant: a retired device is a revoked one that no code brings back. On failure nothing has changed.

use afterword_model::record::{DeviceId, StoreEpoch};
use afterword_protocol::queue::SeqRange;
use serde::Serialize;

use super::listing::count;
use super::{Admin, AdminError, NewDevice, Recipient, holder, locked};
use crate::storage::sql::{Connection, SqlResult};
use crate::storage::{devices, outbox, progress};
use crate::webhooks::event::{Event, EventType};

/// What a device has that was not received, by its own word. Numbers that it has lost itself are not among it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Owed {
    /// How many records.
    pub records: u64,
    /// Which, by store; none where nothing is missing.
    pub stores: Vec<OwedStore>,
    /// When its last heartbeat came, milliseconds since 1970-01-01T00:00:00Z. `None`: it never said how much it has
    /// collected, and nothing can be known to be missing.
    pub last_heard_ms: Option<i64>,
}

/// What is missing of one store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OwedStore {
    /// Which.
    pub epoch: StoreEpoch,
    /// Not received, number for number.
    pub missing: Vec<SeqRange>,
}

/// What became of a wish to retire a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Retirement {
    /// From now on its requests are refused, and its name is free. With what stays on it.
    Retired(DeviceId, Owed),
    /// It had been retired before. With what stayed on it.
    AlreadyRetired(DeviceId, Owed),
    /// It has records that were not received; nothing has changed.
    RecordsMissing(DeviceId, Owed),
}

impl Admin {
    /// Gives the device of this name a code to enrol again under the id it has, on other hardware or with a new key, so
    /// that what it sends again is known; good for a day. The key it has now stays good until the code is used, and
    /// is refused from then on; a revocation ends then too. Of several revoked devices the one enrolled last is meant.
    ///
    /// # Errors
    /// [`AdminError::BadName`], [`AdminError::NoSuchDevice`], [`AdminError::NameWaits`], [`AdminError::IsRetired`], or
    /// the database.
    pub fn device_replace(&mut self, name: &str, store: Option<&str>) -> Result<NewDevice, AdminError> {
        self.give_code(name, store, |named| {
            let unretired = named.iter().filter(|device| device.retired_ms.is_none());
            let last_enrolled = unretired.max_by_key(|device| device.enrolled_ms);
            match (holder(named), last_enrolled) {
                (Some(waiting), Some(revoked))
                    if waiting.enrolled_ms.is_none() && revoked.enrolled_ms.is_some() =>
                {
                    Err(AdminError::NameWaits {
                        name: name.to_owned(),
                        waiting: waiting.device,
                        revoked: revoked.device,
                    })
                }
                (Some(holder), _) => Ok(Recipient::Known(holder.device)),
                (None, Some(last)) => Ok(Recipient::Known(last.device)),
                (None, None) => Err(match named.iter().max_by_key(|device| device.retired_ms) {
                    Some(retired) => AdminError::IsRetired { name: name.to_owned(), device: retired.device },
                    None => AdminError::NoSuchDevice(name.to_owned()),
                }),
            }
        })
    }

    /// The same for this very device, and where it stands stays as it is.
    ///
    /// # Errors
    /// [`AdminError::NameTaken`] when another device has its name now; else as [`Admin::device_replace`].
    pub fn device_code(&mut self, device: &DeviceId) -> Result<NewDevice, AdminError> {
        let no_such = || AdminError::NoSuchDevice(device.to_string());
        let found = devices::find(&self.connection, &device.to_string())?;
        let name = found.into_iter().find(|found| found.device == *device).ok_or_else(no_such)?.name;
        self.give_code(&name, None, |named| {
            match (holder(named), named.iter().find(|one| one.device == *device)) {
                (Some(other), _) if other.device != *device => {
                    Err(AdminError::NameTaken { name: name.clone(), device: other.device })
                }
                (_, Some(one)) if one.retired_ms.is_some() => {
                    Err(AdminError::IsRetired { name: name.clone(), device: *device })
                }
                (_, Some(_)) => Ok(Recipient::Known(*device)),
                (_, None) => Err(no_such()),
            }
        })
    }

    /// Takes a device's right to deliver for good, and frees its name. Its records stay. Not while it is known to have
    /// records that were not received, unless `anyway`.
    ///
    /// # Errors
    /// [`AdminError::NoSuchDevice`], or the database.
    pub fn device_retire(
        &mut self,
        id_or_name: &str,
        anyway: bool,
        reason: Option<&str>,
    ) -> Result<Retirement, AdminError> {
        let now_ms = self.clock.wall_ms();
        let transaction = self.transaction()?;
        let found = locked(&transaction, id_or_name)?.into_iter().next();
        let found = found.ok_or_else(|| AdminError::NoSuchDevice(id_or_name.to_owned()))?;
        let owed = owed(&transaction, &found.device)?;
        if found.retired_ms.is_some() {
            return Ok(Retirement::AlreadyRetired(found.device, owed));
        }
        if owed.records > 0 && !anyway {
            return Ok(Retirement::RecordsMissing(found.device, owed));
        }
        devices::retire(&transaction, &found.device, reason, now_ms)?;
        self.note(&transaction, "device.retired", &found.device.to_string(), &found.name)?;
        outbox::tell(&transaction, &Event::of_kiosk(EventType::DeviceRetired, &found.kiosk(), now_ms))?;
        transaction.commit()?;
        Ok(Retirement::Retired(found.device, owed))
    }

    /// What a device has that was not received.
    ///
    /// # Errors
    /// The database.
    pub fn owed(&self, device: &DeviceId) -> Result<Owed, AdminError> {
        Ok(owed(&self.connection, device)?)
    }
}

fn owed(connection: &Connection, device: &DeviceId) -> SqlResult<Owed> {
    let stores = progress::of_device(connection, device)?;
    let last_heard_ms = stores.iter().filter_map(|store| store.heard.as_ref()).map(|heard| heard.at_ms).max();
    let stores: Vec<OwedStore> = stores
        .into_iter()
        .filter(|store| !store.missing.is_empty())
        .map(|store| OwedStore { epoch: store.epoch, missing: store.missing })
        .collect();
    Ok(Owed {
        records: stores.iter().map(|store| count(&store.missing)).fold(0, u64::saturating_add),
        stores,
        last_heard_ms,
    })
}
