//! What head office decided for this device, as the collector sent it last: kept durably, and at hand without a wait.
//!
//! Invariants: what is at hand is what was committed last, whole, and has passed [`Settings::check`]; what was refused never
//! replaces it. What cannot be read, because a newer program kept it or the file was damaged, is as good as none: the kiosk goes
//! by its own file, its health names none, and the collector sends it again. A salvage leaves it behind for the same reason.

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use afterword_model::settings::Settings;
use afterword_protocol::settings::{NO_SETTINGS, SettingsHeld, SettingsVersion, version};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::error::StoreError;
use crate::trial::{self, Begun, TRIAL_MS, TRIAL_STARTS_MAX};

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
    on_trial: Mutex<Option<SettingsVersion>>,
    told: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl Office {
    /// With what was kept before; nothing goes by it yet. This start was counted for those on trial.
    pub(crate) fn new(kept: Decided, on_trial: Option<SettingsVersion>) -> Self {
        Self {
            newest: Mutex::new(Arc::new(kept)),
            runs: Mutex::new(NO_SETTINGS),
            on_trial: Mutex::new(on_trial),
            told: OnceLock::new(),
        }
    }

    /// The settings that this start was counted for, until that is settled.
    pub(crate) fn on_trial(&self) -> Option<SettingsVersion> {
        *self.on_trial.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn tries(&self, version: Option<SettingsVersion>) {
        *self.on_trial.lock().unwrap_or_else(PoisonError::into_inner) = version;
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

/// Counts this start for what is on trial, goes back to what passed last where too many starts fell over that, and reads what is kept then.
pub(crate) fn begin(connection: &mut Connection) -> Office {
    let begun = trial::begin(connection).unwrap_or_else(|error| {
        // As with everything else of head office's, a disk that refuses costs no start.
        tracing::error!(%error, "this start is not counted for head office's settings");
        Begun::default()
    });
    let kept = read(connection);
    if let Some(version) = begun.given_up {
        tracing::error!(
            %version,
            goes_by = %kept.version,
            "head office's settings are given up: with them the program ended {TRIAL_STARTS_MAX} times in a row within {} s of its start; it goes by those that passed last",
            TRIAL_MS / 1_000
        );
    }
    Office::new(kept, begun.on_trial)
}

/// What is kept; nothing where there is none, or none that a kiosk can go by.
fn read(connection: &Connection) -> Decided {
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
///
/// # Errors
/// [`StoreError::FellOver`] where the program has given them up, or that of the database; what was kept stays.
pub(crate) fn keep(connection: &mut Connection, path: &Path, decided: &Decided) -> Result<(), StoreError> {
    let of = |error: rusqlite::Error| StoreError::of(path, &error);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(of)?;
    if trial::is_given_up(&transaction, decided.version).map_err(of)? {
        return Err(StoreError::FellOver);
    }
    transaction
        .execute(
            "INSERT INTO settings (id, version, json) VALUES (1, ?1, ?2)
             ON CONFLICT (id) DO UPDATE SET version = excluded.version, json = excluded.json",
            params![decided.version.as_bytes(), decided.settings.to_json()],
        )
        .map_err(of)?;
    trial::kept(&transaction, decided.version).map_err(of)?;
    transaction.commit().map_err(of)
}
