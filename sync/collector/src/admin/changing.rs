//! "You said → we did": adding what stores changed, listing it, and taking it off the screens.

use afterword_model::record::DeviceId;
use afterword_protocol::changes::{Change, ChangeError};
use afterword_protocol::limits::CHANGES_OPEN_MAX;
use serde_json::{Value, json};

use super::{Admin, AdminError};
use crate::storage::changes::{self, Audience, ChangeRow};
use crate::storage::sql::{Connection, SqlResult};
use crate::storage::{devices, outbox};
use crate::webhooks::event::{Event, EventType};

/// On whose screens a change is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShownOn<'n> {
    /// All there are, and all that come.
    Every,
    /// The devices of this store.
    Store(&'n str),
    /// The device of this name or id.
    Device(&'n str),
}

/// Why a change is not shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeRefusal {
    /// Its words or days are none that a screen can show.
    #[error("the change was not added: {0}")]
    Unfit(#[from] ChangeError),
    /// It would never be seen.
    #[error("the change was not added: its last day is over everywhere; name a later one with --until")]
    Over,
    /// There are too many.
    #[error(
        "the change was not added: {CHANGES_OPEN_MAX} stand already; withdraw what nobody needs to read any more (`afterword-collector change list`)"
    )]
    Many,
    /// No device stands there.
    #[error("no device stands in the store `{0}`; `afterword-collector device list` shows where each stands")]
    NoSuchStore(String),
    /// No change has this number.
    #[error("there is no change {0}; `afterword-collector change list` shows all")]
    NoSuchChange(i64),
}

impl Admin {
    /// Adds a change. Devices show it after their next heartbeat, the newest ones of what is for them.
    ///
    /// # Errors
    /// [`AdminError::Change`], [`AdminError::NoSuchDevice`], [`AdminError::IsRetired`], or the database.
    pub fn change_add(&mut self, change: &Change, shown_on: ShownOn<'_>) -> Result<i64, AdminError> {
        change.check().map_err(ChangeRefusal::Unfit)?;
        let now_ms = self.clock.wall_ms();
        if change.is_over(changes::last_today(now_ms)) {
            return Err(ChangeRefusal::Over.into());
        }
        let transaction = self.transaction()?;
        if changes::open(&transaction, now_ms)? >= CHANGES_OPEN_MAX {
            return Err(ChangeRefusal::Many.into());
        }
        let audience = match shown_on {
            ShownOn::Every => Audience::Everybody,
            ShownOn::Store(store) if changes::is_store(&transaction, store)? => {
                Audience::Store(store.to_owned())
            }
            ShownOn::Store(store) => return Err(ChangeRefusal::NoSuchStore(store.to_owned()).into()),
            ShownOn::Device(name) => {
                let found = devices::find(&transaction, name)?.into_iter().next();
                let found = found.ok_or_else(|| AdminError::NoSuchDevice(name.to_owned()))?;
                if found.retired_ms.is_some() {
                    return Err(AdminError::IsRetired { name: name.to_owned(), device: found.device });
                }
                Audience::Device(found.device)
            }
        };
        let id = changes::add(&transaction, change, &audience, now_ms)?;
        self.note(&transaction, "change.added", &id.to_string(), "")?;
        let (store, device) = match &audience {
            Audience::Everybody => (None, None),
            Audience::Store(store) => (Some(store.as_str()), None),
            Audience::Device(device) => (None, Some(device)),
        };
        let said = json!({ "id": id, "store": store, "device": device.map(ToString::to_string), "said": change.said, "did": change.did });
        tell(&transaction, EventType::ChangePublished, (store, device), said, now_ms)?;
        transaction.commit()?;
        Ok(id)
    }

    /// All changes that were not withdrawn, the newest first.
    ///
    /// # Errors
    /// The database.
    pub fn change_list(&self) -> Result<Vec<ChangeRow>, AdminError> {
        Ok(changes::list(&self.connection, self.clock.wall_ms())?)
    }

    /// Takes a change off the screens, at the next heartbeat of each. Says whether it had been withdrawn before.
    ///
    /// # Errors
    /// [`ChangeRefusal::NoSuchChange`], or the database.
    pub fn change_withdraw(&mut self, id: i64) -> Result<bool, AdminError> {
        let now_ms = self.clock.wall_ms();
        let transaction = self.transaction()?;
        let before = changes::list(&transaction, now_ms)?.into_iter().find(|row| row.id == id);
        let withdrawn = changes::withdraw(&transaction, id, now_ms)?;
        let was_withdrawn = withdrawn.ok_or(ChangeRefusal::NoSuchChange(id))?;
        self.note(&transaction, "change.withdrawn", &id.to_string(), "")?;
        if let Some(ChangeRow { store, device, .. }) = before.filter(|_| !was_withdrawn) {
            let said = json!({ "id": id, "store": store, "device": device.map(|device| device.to_string()) });
            let of = (store.as_deref(), device.as_ref());
            tell(&transaction, EventType::ChangeWithdrawn, of, said, now_ms)?;
        }
        transaction.commit()?;
        Ok(was_withdrawn)
    }
}

/// Tells other programs of a change, where it is shown.
fn tell(
    connection: &Connection,
    kind: EventType,
    (store, device): (Option<&str>, Option<&DeviceId>),
    said: Value,
    now_ms: i64,
) -> SqlResult<()> {
    let found = match device {
        Some(device) => devices::find(connection, &device.to_string())?.into_iter().next(),
        None => None,
    };
    let store = store.or(found.as_ref().and_then(|device| device.store.as_deref()));
    outbox::tell(connection, &Event::of(kind, store, said, now_ms))
}
