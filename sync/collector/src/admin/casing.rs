//! Cases, as head office sees them and sees to them.
//!
//! A step that is taken here goes down to the kiosk with its next heartbeat. Two who take steps at the same time do not get in each
//! other's way; `afterword_model::case` says what holds then.

use std::collections::HashMap;

use afterword_model::case::{
    Action, Author, CaseEvent, CaseId, CaseView, Role, RootCause, Slas, StepRefused, Wish, due, short_name,
    urgency,
};
use afterword_model::record::DeviceId;
use afterword_model::response::{ClockQuality, Stamp};
use afterword_protocol::limits::CASE_STEP_BYTES_MAX;
use serde::{Deserialize, Serialize};

use super::{Admin, AdminError};
use crate::storage::cases::{self, Known};
use crate::storage::devices::Device;
use crate::storage::{case_steps, devices, outbox, read_server};
use crate::webhooks::event::Event;

/// So many digits of a case's epoch are enough for a person to name it by.
pub const CASE_DIGITS_MIN: usize = 6;

/// A case, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaseRow {
    /// Whose.
    pub device: DeviceId,
    /// What people call that device.
    pub device_name: String,
    /// Where it stands.
    pub store: Option<String>,
    /// The case.
    #[serde(flatten)]
    pub view: CaseView,
}

/// A step as forms and programs name it; what is empty was not given.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct StepWish {
    /// `acknowledged`, `acted`, `verified`, `reopened` or `noted`.
    pub(crate) step: String,
    /// What it came from, of an act: the id of one.
    pub(crate) root_cause: String,
    /// What was done, of an act: the id of it.
    pub(crate) action: String,
    /// More about it.
    pub(crate) words: String,
}

impl StepWish {
    /// What it comes to.
    pub(crate) fn wish(&self) -> Result<Wish, CaseRefusal> {
        let words = self.words.clone();
        Ok(match self.step.as_str() {
            "acknowledged" => Wish::Acknowledge,
            "acted" => {
                let root_cause = RootCause::ALL.into_iter().find(|cause| cause.id() == self.root_cause);
                let action = Action::ALL.into_iter().find(|action| action.id() == self.action);
                let root_cause = root_cause.ok_or(CaseRefusal::NoStep("root_cause"))?;
                Wish::Act { root_cause, action: action.ok_or(CaseRefusal::NoStep("action"))?, words }
            }
            "verified" => Wish::Verify { words },
            "reopened" => Wish::Reopen { words },
            "noted" => Wish::Note { words },
            _ => return Err(CaseRefusal::NoStep("step")),
        })
    }
}

/// Why there is no such case, or no such step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaseRefusal {
    /// Nothing that names a case.
    #[error(
        "`{0}` names no follow-up; write it as `afterword-collector case list` does, as in 5f0c2a91/7 (at least {CASE_DIGITS_MIN} digits before the slash)"
    )]
    NoName(String),
    /// None of that name.
    #[error(
        "there is no follow-up {0} here; its kiosk may not have delivered it yet: `afterword-collector case list` shows all that are open"
    )]
    NoSuchCase(String),
    /// Several.
    #[error("{1} follow-ups are called {0}; write more of the digits before the slash")]
    Several(String, usize),
    /// A word that names no step, cause or deed.
    #[error("nothing was put down: {0} is none of those there are; choose one of them")]
    NoStep(&'static str),
    /// Not as the case stands.
    #[error("nothing was put down: {0}")]
    Step(#[from] StepRefused),
    /// Longer than a kiosk keeps.
    #[error(
        "nothing was put down: the step takes {0} bytes, and {CASE_STEP_BYTES_MAX} are kept; shorten the words"
    )]
    Long(usize),
}

impl Admin {
    /// Cases, what hurries most first: those that are open, or all.
    ///
    /// # Errors
    /// The database.
    pub fn case_list(&self, closed_too: bool) -> Result<Vec<CaseRow>, AdminError> {
        self.case_list_at(closed_too, |_, _| true)
    }

    /// The same of the kiosks and stores that `at` holds for: of others nothing is read that was said.
    pub(crate) fn case_list_at(
        &self,
        closed_too: bool,
        at: impl Fn(&DeviceId, Option<&str>) -> bool,
    ) -> Result<Vec<CaseRow>, AdminError> {
        let devices = devices::list(&self.connection)?;
        let stores: HashMap<DeviceId, Option<&str>> =
            devices.iter().map(|device| (device.device, device.store.as_deref())).collect();
        let mut shown = cases::all(&self.connection)?;
        shown.retain(|known| {
            let status = known.case.status();
            (closed_too || (status.category.is_some() && !status.is_closed()))
                && at(&known.device, stores.get(&known.device).copied().flatten())
        });
        let mut rows = self.case_rows(&shown, devices)?;
        rows.sort_by_cached_key(|row| {
            let closed = row.view.status.is_closed();
            (closed, urgency(row.view.due.as_ref(), row.view.status.stage), row.view.id)
        });
        Ok(rows)
    }

    /// One case, by its name: digits of its epoch, a slash, its number.
    ///
    /// # Errors
    /// [`CaseRefusal`], or the database.
    pub fn case(&self, name: &str) -> Result<CaseRow, AdminError> {
        let known = self.known(name)?;
        let device = devices::find(&self.connection, &known.device.to_string())?;
        self.case_rows(&[known], device)?.pop().ok_or_else(|| CaseRefusal::NoSuchCase(name.to_owned()).into())
    }

    /// Takes a step of head office, and gives the case as it stands then.
    ///
    /// # Errors
    /// [`CaseRefusal`], or the database.
    pub fn case_step(&mut self, name: &str, wish: &Wish, by: Option<&str>) -> Result<CaseRow, AdminError> {
        let known = self.known(name)?;
        let (step, masked) = known.case.step(wish).map_err(CaseRefusal::Step)?;
        let by = Author { role: Role::HeadOffice, name: by.and_then(short_name) };
        let event = CaseEvent { of: known.id, at: self.now(), by, step, masked };
        let length = serde_json::to_vec(&event).map_or(usize::MAX, |json| json.len());
        // Its id stands beside it on the way down.
        if length.saturating_add(ID_BYTES_MAX) > CASE_STEP_BYTES_MAX {
            return Err(CaseRefusal::Long(length).into());
        }
        let transaction = self.transaction()?;
        // Whoever takes the words of closed cases sees a reopening, or was there before it.
        transaction.own().lock(&[known.device])?;
        let server_epoch = read_server(&transaction)?.server_epoch;
        let told = devices::find(&transaction, &known.device.to_string())?.into_iter().next();
        if let Some(device) = told {
            outbox::tell(&transaction, &Event::of_case(&event, &device.kiosk(), self.clock.wall_ms()))?;
        }
        case_steps::add(&transaction, &known.device, &server_epoch, event)?;
        self.note(&transaction, "case.step", &short(known.id), "")?;
        transaction.commit()?;
        self.case(name)
    }

    fn known(&self, name: &str) -> Result<Known, AdminError> {
        let no_name = || CaseRefusal::NoName(name.chars().take(QUOTED_CHARS_MAX).collect());
        let (digits, seq) = name.split_once('/').ok_or_else(no_name)?;
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        let seq = seq.parse().ok().filter(|seq| (1..=i64::MAX as u64).contains(seq)).ok_or_else(no_name)?;
        if !is_hex || !(CASE_DIGITS_MIN..=32).contains(&digits.len()) {
            return Err(no_name().into());
        }
        let mut found = cases::named(&self.connection, digits, seq)?;
        match (found.len(), found.pop()) {
            (1, Some(known)) => Ok(known),
            (0, _) => Err(CaseRefusal::NoSuchCase(name.to_owned()).into()),
            (several, _) => Err(CaseRefusal::Several(name.to_owned(), several).into()),
        }
    }

    /// Cases with what is told of them; these devices are among those known.
    fn case_rows(&self, cases: &[Known], devices: Vec<Device>) -> Result<Vec<CaseRow>, AdminError> {
        let now = self.now();
        let names: HashMap<DeviceId, (String, Option<String>)> =
            devices.into_iter().map(|device| (device.device, (device.name, device.store))).collect();
        let row = |(known, said): (&Known, _)| {
            let status = known.case.status();
            let due = due(&status, &Slas::default(), &now);
            let steps = known.case.in_order().into_iter().cloned().collect();
            let (device_name, store) = names.get(&known.device).cloned().unwrap_or_default();
            let view = CaseView { id: known.id, said, status, due, steps };
            CaseRow { device: known.device, device_name, store, view }
        };
        Ok(cases.iter().zip(cases::said(&self.connection, cases)?).map(row).collect())
    }

    /// Now, as head office stamps it: there is no boot here.
    fn now(&self) -> Stamp {
        let wall_ms = self.clock.wall_ms();
        Stamp { wall_ms, offset_min: 0, boot: 0, mono_ms: 0, clock: ClockQuality::Synced }
    }
}

/// Bytes of a step's id as it stands beside it.
const ID_BYTES_MAX: usize = 128;

/// Of a name that is none, so many characters are shown.
const QUOTED_CHARS_MAX: usize = 60;

/// The name of a case as a person types it: eight digits of its epoch, a slash, its number.
#[must_use]
pub fn short(id: CaseId) -> String {
    format!("{}/{}", &id.epoch.to_string()[..8], id.seq)
}
