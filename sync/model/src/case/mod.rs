//! A case: what has to come of one unhappy shopper or one alert. On screens it is a follow-up.
//!
//! A case is nothing but its steps. Each step is a [`CaseEvent`], frozen once and never changed; the steps of one case are a
//! set that only grows ([`Case`]), and where a case stands is computed from the set alone ([`Case::status`]). So it does not
//! matter who hears of which step first, or how often: whoever holds the same steps sees the same case.
//!
//! **The rule for steps taken at the same time**, in the shop and at head office, neither knowing of the other:
//!
//! | both | what holds |
//! |---|---|
//! | acknowledge | acknowledged; both are kept |
//! | act | acted; both are kept and shown, each with its root cause and its action |
//! | act and verify | verified; the other act is kept and shown |
//! | verify and reopen | open again: reopening takes back the acts it had seen, and a verification stands on the acts it names |
//! | reopen and act | acted: what the one who reopened had not seen, stands |
//!
//! Reopening names what it takes back, as in an observed-remove set (Shapiro, Preguiça, Baquero, Zawirski, "Conflict-free
//! Replicated Data Types", 2011); no clock decides between two people.
//!
//! Invariants: no step is ever dropped from a case; a stage never goes without the one before; steps under one id that say
//! different things, which only twins of a device write, are both kept. What is wrong at a keyboard is refused before it is a
//! step ([`Case::step`]); what arrives as a step is taken as it is.

mod attained;
mod event;
mod opening;
mod overview;
mod sla;
mod status;
mod step;
mod steps;
#[cfg(test)]
mod tests;

pub use attained::{ACKNOWLEDGED_TARGET, Attained, acknowledged};
pub use event::{Author, CASE_EVENT_VERSION, CaseEvent, CaseId, CaseRecord, EventId, Role};
pub use opening::{LOW_RATINGS, Said, is_low, opening};
pub use overview::{CASES_LISTED_MAX, CaseView, CasesAsk, Overview, STEPS_LISTED_MAX, urgency};
pub use sla::{ACKNOWLEDGE_WITHIN_MS, ACT_WITHIN_MS, Due, Sla, Slas, VERIFY_AFTER_MS, due, passed_ms};
pub use status::{Stage, Status};
pub use step::{Action, Category, Reason, RootCause, Step, Tier};
pub use steps::{Case, Held, NAME_CHARS_MAX, StepRefused, TEXT_CHARS_MAX, Wish, short_name};
