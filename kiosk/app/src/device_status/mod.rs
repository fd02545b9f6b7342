//! How a device is, as data: one list of checks, which `doctor` prints, a page of the screen shows, and a report holds.
//!
//! | file | what it looks at |
//! |---|---|
//! | `setting` | configuration, surveys, brand, spoken prompts |
//! | `storage` | database, disk, former epochs |
//! | `sync` | what waits to be sent, agent, enrolment, certificate, network test |
//! | `hardware` | clock, panel, touch, PINs |
//! | [`report`] | all of it in a file for whoever helps, with nothing of shoppers or staff |
//!
//! A check has a name, a state, values and one English sentence. Values have their units in their names (`disk_free_bytes`,
//! `certificate_expires_ms`), so that a page says them in any language. What cannot be told is `unknown`, never `ok`.
//! Nothing here is for the screen's thread: files are read, and the speech service may take seconds to answer.

mod hardware;
pub mod report;
mod setting;
mod storage;
mod sync;

use std::path::PathBuf;
use std::sync::Arc;

use afterword_kiosk_store::{Store, StoreError};
use afterword_model::ports::Clock;
use afterword_protocol::device_facts::DeviceFacts;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::config::Config;
use crate::errands::Errands;
use crate::sticks::Sticks;
pub(crate) use hardware::{clock, display};
pub(crate) use setting::configuration;
pub(crate) use storage::{closed, damaged, in_use, missing, unreadable};

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// Its name; the same one may come more than once.
    pub name: &'static str,
    /// How it is.
    pub state: State,
    /// What was found, by names that carry units.
    pub values: Map<String, Value>,
    /// The same in one English sentence; where something is wrong with what to do.
    pub detail: String,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As it should be.
    Ok,
    /// It works, and somebody should look at it.
    Warning,
    /// It does not work.
    Failed,
    /// It cannot be told from here.
    Unknown,
}

/// Where the checks of a running kiosk look. Clones are for another thread.
#[derive(Clone)]
pub struct Sources {
    pub(crate) config: Config,
    pub(crate) config_path: PathBuf,
    pub(crate) data: PathBuf,
    pub(crate) store: Store,
    pub(crate) errands: Errands,
    pub(crate) sticks: Arc<dyn Sticks>,
    pub(crate) opened_ms: i64,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Sources {
    /// Looks at everything, as `afterword-kiosk doctor` does. Takes up to some seconds.
    #[must_use]
    pub fn look(&self) -> Vec<Check> {
        let decided = self.store.decided();
        let mut checks = setting::checks(&self.config, &self.config_path, &decided.settings);
        match facts(&self.store, Some(&self.errands), self.opened_ms) {
            Ok(facts) => {
                checks.push(storage::in_use(&facts));
                checks.extend(self::checks(&facts, &*self.clock));
            }
            Err(error) => checks.push(Check::failed("database", error.to_string())),
        }
        checks.extend(hardware::checks(Some(&self.config), &self.data));
        checks
    }
}

/// What only the process with the database can say.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn facts(store: &Store, errands: Option<&Errands>, checked_ms: i64) -> Result<DeviceFacts, StoreError> {
    let usage = store.usage()?;
    Ok(DeviceFacts {
        health: store.queue().health_blocking(env!("CARGO_PKG_VERSION"))?,
        unsent_bytes: usage.unsent_bytes,
        database_bytes: usage.database_bytes,
        confirmed_ms: store.confirmed_ms()?,
        checked_ms,
        agent: errands.and_then(Errands::agent),
        network_test: errands.map(Errands::network_test).unwrap_or_default(),
    })
}

/// The checks that follow from them.
pub(crate) fn checks(facts: &DeviceFacts, clock: &dyn Clock) -> Vec<Check> {
    let offset_ms = facts.agent.as_ref().and_then(|agent| agent.status.clock_offset_ms);
    let mut checks = storage::checks(facts);
    checks.extend(sync::checks(facts, clock.wall_ms()));
    checks.push(hardware::clock(clock.wall_ms(), offset_ms));
    checks
}

/// The same where no kiosk runs, which alone hears from the agent.
pub(crate) fn checks_without_kiosk(facts: &DeviceFacts, clock: &dyn Clock) -> Vec<Check> {
    let mut checks = storage::checks(facts);
    checks.extend(sync::checks_without_kiosk(facts, clock.wall_ms()));
    checks.push(hardware::clock(clock.wall_ms(), None));
    checks
}

/// Of the command line: which version this is, and who gets in at the device in this folder.
pub(crate) fn of_device(config: Option<&Config>, data: &std::path::Path) -> Vec<Check> {
    hardware::checks(config, data)
}

impl Check {
    fn new(name: &'static str, state: State, detail: impl Into<String>) -> Self {
        Self { name, state, values: Map::new(), detail: detail.into() }
    }

    pub(crate) fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Self::new(name, State::Ok, detail)
    }

    pub(crate) fn warning(name: &'static str, detail: impl Into<String>) -> Self {
        Self::new(name, State::Warning, detail)
    }

    pub(crate) fn failed(name: &'static str, detail: impl Into<String>) -> Self {
        Self::new(name, State::Failed, detail)
    }

    pub(crate) fn unknown(name: &'static str, detail: impl Into<String>) -> Self {
        Self::new(name, State::Unknown, detail)
    }

    fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.values.insert(name.into(), value.into());
        self
    }

    /// A number among the values.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<i64> {
        self.values.get(name)?.as_i64()
    }

    /// A text among the values.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name)?.as_str()
    }

    /// The line that `doctor` prints.
    #[must_use]
    pub fn line(&self) -> String {
        let mark = match self.state {
            State::Ok => "good ",
            State::Warning => "look ",
            State::Failed => "WRONG",
            State::Unknown => "  ?  ",
        };
        format!("{mark}  {:<14} {}", self.name, self.detail)
    }
}

/// What `doctor --json` prints: whether nothing failed, and the checks.
#[must_use]
pub fn json(checks: &[Check]) -> Value {
    serde_json::json!({ "healthy": is_healthy(checks), "checks": checks })
}

/// Whether nothing failed.
#[must_use]
pub fn is_healthy(checks: &[Check]) -> bool {
    checks.iter().all(|check| check.state != State::Failed)
}
