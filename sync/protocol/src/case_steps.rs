//! Steps of head office on their way to the device whose case they are of.
//!
//! A heartbeat names the last of them that the kiosk keeps; where the collector has more, its answer carries those that come next, as
//! many as fit, and the mark that holds once they are kept. A mark of another life of the collector's database counts for none: then
//! all of them come again, and a step that is kept is known by its id.
//!
//! Invariants: [`CaseSteps::check`] is asked wherever steps arrive, by the agent, at the device's socket and in the store;
//! steps that do not pass are refused together, and the mark stays. What the shop did goes up as records and never comes down.

use afterword_model::case::{Held, NAME_CHARS_MAX, Role, Step, TEXT_CHARS_MAX};
use afterword_model::record::{SEQ_MAX, ServerEpoch};
use afterword_model::survey::is_refused;
use serde::{Deserialize, Serialize};

use crate::limits::{
    ANSWER_BODY_MAX, CASE_STEP_BYTES_MAX, CASE_STEPS_BYTES_MAX, CASE_STEPS_MAX, CHANGE_BYTES_MAX,
    CHANGES_SHOWN_MAX,
};

// What else an answer holds, two certificates among it, is under 4 KiB.
const _: () =
    assert!(CHANGES_SHOWN_MAX * CHANGE_BYTES_MAX + CASE_STEPS_BYTES_MAX + 4 * 1024 <= ANSWER_BODY_MAX);

/// How far a kiosk has head office's steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseMark {
    /// Of which life of the collector's database.
    pub server_epoch: ServerEpoch,
    /// Number of the last one there, 0 when there is none.
    pub number: u64,
}

/// Some of head office's steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseSteps {
    /// How far the kiosk has them once it keeps these.
    pub mark: CaseMark,
    /// In the order in which they were taken.
    pub steps: Vec<Held>,
}

/// Why steps are not kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaseStepsError {
    /// More than are sent at once.
    #[error("{0} steps of follow-ups came at once, and at most {CASE_STEPS_MAX} are taken; none is kept")]
    Many(usize),
    /// One of them is none that head office takes.
    #[error(
        "step {0} of {1} that head office sent cannot be kept, so none is: {2}; update the older program"
    )]
    One(usize, usize, &'static str),
}

impl CaseMark {
    /// Of a kiosk that has heard of none.
    pub const NONE: Self = Self { server_epoch: ServerEpoch::new([0; 16]), number: 0 };

    /// The number after which a collector of this life has to send them.
    #[must_use]
    pub fn in_life(&self, server_epoch: &ServerEpoch) -> u64 {
        if self.server_epoch == *server_epoch { self.number } else { 0 }
    }
}

impl CaseSteps {
    /// Whether they can be kept as they are.
    ///
    /// # Errors
    /// [`CaseStepsError`]; none of them is to be kept then.
    pub fn check(&self) -> Result<(), CaseStepsError> {
        let count = self.steps.len();
        if count > CASE_STEPS_MAX {
            return Err(CaseStepsError::Many(count));
        }
        if self.mark.number > SEQ_MAX {
            return Err(CaseStepsError::One(count, count, "its number is beyond what a database holds"));
        }
        let checked = (1..).zip(&self.steps);
        checked.into_iter().try_for_each(|(place, held)| {
            check(held).map_err(|reason| CaseStepsError::One(place, count, reason))
        })
    }
}

/// Whether a step is one that head office may take, and short enough to be kept.
///
/// # Errors
/// What is wrong with it.
pub fn check(held: &Held) -> Result<(), &'static str> {
    let event = &held.event;
    if [held.id.seq, event.of.seq].iter().any(|seq| !(1..=SEQ_MAX).contains(seq)) {
        return Err("its number is one that no record has");
    }
    if event.by.role != Role::HeadOffice || matches!(event.step, Step::Opened { .. }) {
        return Err("it is none that head office takes");
    }
    if bytes(held) > CASE_STEP_BYTES_MAX {
        return Err("it is too long");
    }
    // A cluster has no bound of its own; the bytes of the whole step bound it.
    let is_plain = |text: &str, most: usize| {
        !text.chars().any(is_refused) && text.chars().count() <= most.saturating_mul(CLUSTER_CHARS_MAX)
    };
    let is_fit = event.step.words().is_none_or(|words| is_plain(words, TEXT_CHARS_MAX))
        && event.by.name.as_deref().is_none_or(|name| is_plain(name, NAME_CHARS_MAX));
    if is_fit { Ok(()) } else { Err("its words are too long for the screen, or would play with it") }
}

/// A grapheme cluster of a language has at most so many characters (Unicode Standard Annex 29 counts five in Devanagari).
const CLUSTER_CHARS_MAX: usize = 8;

/// Bytes of a step as JSON.
#[must_use]
pub fn bytes(held: &Held) -> usize {
    serde_json::to_vec(held).map_or(usize::MAX, |json| json.len())
}

#[cfg(test)]
mod tests {
    use afterword_model::carried::Origin;
    use afterword_model::case::{Author, CaseEvent, Category, Tier};
    use afterword_model::record::StoreEpoch;
    use afterword_model::response::{ClockQuality, Stamp};

    use super::*;

    fn held(step: Step) -> Held {
        let at = Stamp { wall_ms: 0, offset_min: 0, boot: 0, mono_ms: 0, clock: ClockQuality::Synced };
        let of = Origin { epoch: StoreEpoch::new([1; 16]), seq: 7 };
        let by = Author::nameless(Role::HeadOffice);
        let event = CaseEvent { of, at, by, step, masked: Default::default() };
        Held { id: Origin { epoch: StoreEpoch::new([2; 16]), seq: 1 }, event }
    }

    fn checked(held: Held) -> Result<(), CaseStepsError> {
        let mark = CaseMark { server_epoch: ServerEpoch::new([2; 16]), number: 1 };
        CaseSteps { mark, steps: vec![held] }.check()
    }

    #[test]
    fn steps_of_head_office_are_kept_and_nothing_else_is() {
        let note = |words: &str| held(Step::Noted { words: words.into() });
        assert_eq!(checked(held(Step::Acknowledged)), Ok(()));
        assert_eq!(checked(note(&"क्षि".repeat(200))), Ok(()));
        for wrong in [
            note(&"x".repeat(5_000)),
            note("\u{202e}olleh"),
            held(Step::Opened {
                reasons: vec![],
                category: Category::Price,
                tier: Tier::Normal,
                words: None,
            }),
            Held { id: Origin { seq: 0, ..note("").id }, ..note("") },
            {
                let mut held = note("");
                held.event.by.role = Role::Manager;
                held
            },
        ] {
            assert!(checked(wrong.clone()).is_err(), "{wrong:?}");
        }
        let many = CaseSteps { mark: CaseMark::NONE, steps: vec![note("x"); CASE_STEPS_MAX + 1] };
        assert_eq!(many.check(), Err(CaseStepsError::Many(CASE_STEPS_MAX + 1)));
    }
}
