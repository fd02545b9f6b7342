//! The steps of a case: a set that only grows, and what may be added to it at a keyboard.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

use super::event::{CaseEvent, EventId};
use super::status::{Stage, Status};
use super::step::{Action, RootCause, Step};
use crate::mask::{Spans, mask};
use crate::survey::{graphemes, is_blank, on_one_line};

/// Words of a step are at most so many grapheme clusters, as a shopper's comment is: they are read on the same screen.
pub const TEXT_CHARS_MAX: usize = 200;

/// A name beside a step is at most so many grapheme clusters: a line of the list holds it.
pub const NAME_CHARS_MAX: usize = 40;

/// A step names at most so many acts and verifications, the newest of them, so that it stays short enough to be sent down. A case
/// with more of them is no case of a shop; reopened, it would go back to being acted and no further.
const NAMED_MAX: usize = 24;

/// A step with its id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Held {
    /// Its id.
    pub id: EventId,
    /// The step.
    pub event: CaseEvent,
}

/// The steps of one case that are known here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Case {
    steps: BTreeSet<Held>,
}

/// What somebody wants to do about a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// To have seen it.
    Acknowledge,
    /// To have done something.
    Act {
        /// What it came from.
        root_cause: RootCause,
        /// What was done.
        action: Action,
        /// More about either.
        words: String,
    },
    /// To have seen that it holds.
    Verify {
        /// How; may be empty.
        words: String,
    },
    /// That it does not hold.
    Reopen {
        /// Why; may be empty.
        words: String,
    },
    /// To leave a word.
    Note {
        /// Which.
        words: String,
    },
}

/// Why a wish is no step. Each says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepRefused {
    /// There is nothing to be done about it.
    #[error("nothing opened this follow-up; choose one of the list")]
    NotOpened,
    /// Somebody was quicker.
    #[error("this follow-up was acknowledged already; look at it again")]
    Acknowledged,
    /// Closed.
    #[error("this follow-up is verified and closed; reopen it first")]
    Verified,
    /// Open.
    #[error("this follow-up is not closed, so there is nothing to reopen")]
    Open,
    /// Nothing was done.
    #[error("nothing was done about this follow-up yet; first say what it came from and what was done")]
    NotActed,
    /// "Other" alone says nothing.
    #[error("`other` needs a word more; write what it came from or what was done")]
    Silent,
    /// A note without words.
    #[error("there are no words in the note; write some")]
    Empty,
    /// Longer than the screen shows.
    #[error("the words are {0} characters long, and {TEXT_CHARS_MAX} are kept; shorten them")]
    Long(usize),
}

impl Case {
    /// Adds a step; whether it is new. One that is known already changes nothing.
    pub fn add(&mut self, held: Held) -> bool {
        self.steps.insert(held)
    }

    /// Adds all steps that another one knows.
    pub fn merge(&mut self, other: &Self) {
        self.steps.extend(other.steps.iter().cloned());
    }

    /// Every step, in the order of ids, which is none of time.
    pub fn steps(&self) -> impl Iterator<Item = &Held> {
        self.steps.iter()
    }

    /// Every step in the order in which they are shown: by the clocks of those who took them, as far as these tell.
    #[must_use]
    pub fn in_order(&self) -> Vec<&Held> {
        let mut steps: Vec<_> = self.steps.iter().collect();
        steps.sort_by_key(|held| (held.event.at.wall_ms, held.id));
        steps
    }

    /// Where the case stands: a function of the set alone.
    #[must_use]
    pub fn status(&self) -> Status {
        Status::of(&self.steps)
    }

    /// The step that a wish becomes, with its texts masked and the ids that it names, and how much was masked.
    ///
    /// # Errors
    /// [`StepRefused`] where it is not to be done as the case stands here. What somebody does elsewhere meanwhile is nobody's
    /// mistake.
    pub fn step(&self, wish: &Wish) -> Result<(Step, Spans), StepRefused> {
        let status = self.status();
        if status.category.is_none() {
            return Err(StepRefused::NotOpened);
        }
        let is_closed = status.stage == Stage::Verified;
        match wish {
            Wish::Note { .. } | Wish::Reopen { .. } => {}
            _ if is_closed => return Err(StepRefused::Verified),
            _ => {}
        }
        let (words, spans) = match wish {
            Wish::Acknowledge => (None, Spans::default()),
            Wish::Act { words, .. }
            | Wish::Verify { words }
            | Wish::Reopen { words }
            | Wish::Note { words } => cleaned(words)?,
        };
        let step = match *wish {
            Wish::Acknowledge if status.stage > Stage::Opened => return Err(StepRefused::Acknowledged),
            Wish::Acknowledge => Step::Acknowledged,
            Wish::Act { root_cause, action, .. } => {
                let is_other = root_cause == RootCause::Other || action == Action::Other;
                if is_other && words.is_none() {
                    return Err(StepRefused::Silent);
                }
                Step::Acted { root_cause, action, words }
            }
            Wish::Verify { .. } if status.stage < Stage::Acted => return Err(StepRefused::NotActed),
            Wish::Verify { .. } => Step::Verified { of: named(&status.acts), words },
            Wish::Reopen { .. } if !is_closed => return Err(StepRefused::Open),
            Wish::Reopen { .. } => {
                Step::Reopened { cancels: named(&[status.acts, status.verifications].concat()), words }
            }
            Wish::Note { .. } => Step::Noted { words: words.ok_or(StepRefused::Empty)? },
        };
        Ok((step, spans))
    }
}

impl FromIterator<Held> for Case {
    fn from_iter<I: IntoIterator<Item = Held>>(steps: I) -> Self {
        Self { steps: steps.into_iter().collect() }
    }
}

/// The newest of them, as far as a step may name them.
fn named(ids: &[EventId]) -> Vec<EventId> {
    ids.iter().rev().take(NAMED_MAX).rev().copied().collect()
}

/// Words on one line, masked; none where nothing can be seen.
fn cleaned(words: &str) -> Result<(Option<String>, Spans), StepRefused> {
    let line = on_one_line(words);
    let length = graphemes(&line);
    if length > TEXT_CHARS_MAX {
        return Err(StepRefused::Long(length));
    }
    let masked = mask(&line);
    Ok(((!is_blank(&masked.text)).then_some(masked.text), masked.spans))
}

/// A name as it stands beside a step: on one line, cut after [`NAME_CHARS_MAX`]; none where nothing can be seen.
#[must_use]
pub fn short_name(typed: &str) -> Option<String> {
    let name: String = mask(&on_one_line(typed)).text.graphemes(true).take(NAME_CHARS_MAX).collect();
    (!is_blank(&name)).then_some(name)
}
