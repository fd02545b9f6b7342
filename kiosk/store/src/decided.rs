//! What head office decided for this device, as the collector sent it last: kept durably, and at hand without a wait.
//!
//! Invariants: what is at hand is what was committed last, whole, and has passed [`Settings::check`]; what was refused never
//! replaces it. What cannot be read, because a newer program kept it or the file was damaged, is as good as none: the kiosk goes
//! by its own file, its health names none, and the collector sends it again. A salvage leaves it behind for the same reason.

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use afterword_model::settings::Settings;
use afterword_protocol::settings::{NO_SETTINGS, SettingsHeld, SettingsVersion, version};
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::StoreError;

/// Settings and their version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// Of what is below.
    pub version: SettingsVersion,
    /// What head office decided; what it did not is as the device's own file has it.
    pub settings: Settings,
}

impl Decided {
    /// Nothing was decided.
    #[must_use]
    pub fn nothing() -> Self {
        Self { version: NO_SETTINGS, settings: Settings::default() }
    }

    /// These.
    #[must_use]
    pub fn of(settings: Settings) -> Self {
        Self { version: version(&settings), settings }
    }
}

/// Where the newest settings wait for the kiosk.
pub(crate) struct Office {
    newest: Mutex<Arc<Decided>>,
    runs: Mutex<SettingsVersion>,
    told: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl Office {
    /// With what was kept before; nothing goes by it yet.
    pub(crate) fn new(kept: Decided) -> Self {
        Self { newest: Mutex::new(Arc::new(kept)), runs: Mutex::new(NO_SETTINGS), told: OnceLock::new() }
    }

    pub(crate) fn newest(&self) -> Arc<Decided> {
        Arc::clone(&self.newest.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn held(&self) -> SettingsHeld {
        let runs = *self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        SettingsHeld { kept: self.newest().version, runs }
    }

    /// The kiosk goes by these now.
    pub(crate) fn run(&self, version: SettingsVersion) {
        *self.runs.lock().unwrap_or_else(PoisonError::into_inner) = version;
    }

    /// Has `told` called, on the writer's thread, whenever other settings are kept. The first one asked for stays.
    pub(crate) fn tell(&self, told: impl Fn() + Send + Sync + 'static) {
        // A second screen of one store there is none.
        let _ = self.told.set(Box::new(told));
    }

    /// Other ones were committed.
    pub(crate) fn replace(&self, kept: Decided) {
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(kept);
        if let Some(told) = self.told.get() {
            told();
        }
    }
}

/// What is kept; nothing where there is none, or none that a kiosk can go by.
pub(crate) fn read(connection: &Connection) -> Decided {
    let kept = connection
        .query_row("SELECT json FROM settings", [], |row| row.get::<_, String>(0))
        .optional()
        .map_err(|error| error.to_string())
        .and_then(|json| {
            let Some(json) = json else { return Ok(Decided::nothing()) };
            let settings = Settings::from_json(&json).map_err(|error| error.to_string())?;
            settings.check().map_err(|error| error.to_string())?;
            Ok(Decided::of(settings))
        });
    kept.unwrap_or_else(|error| {
        tracing::error!(%error, "head office's settings cannot be read, and the kiosk goes by its own file; they are asked for again");
        Decided::nothing()
    })
}

/// Keeps settings in place of those before. They have passed [`Settings::check`].
pub(crate) fn keep(connection: &Connection, path: &Path, decided: &Decided) -> Result<(), StoreError> {
    connection
        .execute(
            "INSERT INTO settings (id, version, json) VALUES (1, ?1, ?2)
             ON CONFLICT (id) DO UPDATE SET version = excluded.version, json = excluded.json",
            params![decided.version.as_bytes(), decided.settings.to_json()],
        )
        .map(drop)
        .map_err(|error| StoreError::of(path, &error))
}
