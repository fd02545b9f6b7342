//! What the store changed because of feedback, as the collector sent it last: kept durably, and at hand without a wait.
//!
//! Invariant: what is at hand is what was committed last. A list that cannot be read is as good as none: the health then
//! names none, and the collector sends it again. A salvage leaves it behind for the same reason.

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use afterword_protocol::changes::{Changes, ChangesVersion};
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::StoreError;

/// Where the newest list waits for the screen.
pub(crate) struct Shown {
    newest: Mutex<Arc<Changes>>,
    told: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl Shown {
    /// With what was kept before.
    pub(crate) fn new(kept: Changes) -> Self {
        Self { newest: Mutex::new(Arc::new(kept)), told: OnceLock::new() }
    }

    pub(crate) fn newest(&self) -> Arc<Changes> {
        Arc::clone(&self.newest.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn version(&self) -> ChangesVersion {
        self.newest().version
    }

    /// Has `told` called, on the writer's thread, whenever another list is kept. The first one asked for stays.
    pub(crate) fn tell(&self, told: impl Fn() + Send + Sync + 'static) {
        // A second screen of one store there is none.
        let _ = self.told.set(Box::new(told));
    }

    /// Another list was committed.
    pub(crate) fn replace(&self, kept: Changes) {
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(kept);
        if let Some(told) = self.told.get() {
            told();
        }
    }
}

/// What is kept; an empty list where there is none, or none that can be shown.
pub(crate) fn read(connection: &Connection) -> Changes {
    let kept = connection
        .query_row("SELECT json FROM changes", [], |row| row.get::<_, String>(0))
        .optional()
        .map_err(|error| error.to_string())
        .and_then(|json| {
            let Some(json) = json else { return Ok(Changes::none()) };
            let changes: Changes = serde_json::from_str(&json).map_err(|error| error.to_string())?;
            changes.check().map(|()| changes).map_err(|error| error.to_string())
        });
    kept.unwrap_or_else(|error| {
        tracing::warn!(%error, "the changes that were kept to be shown cannot be read; they are asked for again");
        Changes::none()
    })
}

/// Keeps a list in place of the one before. It has passed [`Changes::check`].
pub(crate) fn keep(connection: &Connection, path: &Path, changes: &Changes) -> Result<(), StoreError> {
    let json = serde_json::to_string(changes).expect("a list of changes holds only texts and numbers");
    connection
        .execute(
            "INSERT INTO changes (id, version, json) VALUES (1, ?1, ?2)
             ON CONFLICT (id) DO UPDATE SET version = excluded.version, json = excluded.json",
            params![changes.version.as_bytes(), json],
        )
        .map(drop)
        .map_err(|error| StoreError::of(path, &error))
}
