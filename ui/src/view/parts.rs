//! What staff see of the numbers by weekday, touchpoint, language and step.

use super::staff::{Range, TileKind};

/// Rows of the page: the days of a week.
pub const PARTS_ROWS: usize = 7;

/// Rows of the page where it is steps that are shown; what became of all visits stands above them.
pub const STEPS_ROWS: usize = 6;

/// A page of parts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PartsPage {
    /// Whether there are any yet; else the page says that they are on their way.
    pub is_read: bool,
    /// Whether they could not be read.
    pub failed: bool,
    /// The days they are of, to be read.
    pub days: String,
    /// Which parts.
    pub kind: PartKind,
    /// What their number is of.
    pub measure: TileKind,
    /// At most [`PARTS_ROWS`]; none for steps.
    pub parts: Vec<Part>,
    /// At most [`STEPS_ROWS`], where it is steps that are shown.
    pub steps: Vec<Step>,
    /// What became of all visits, where it is steps that are shown.
    pub visits: Visits,
    /// The page's number, from 1.
    pub page: usize,
    /// How many there are, at least 1.
    pub pages: usize,
}

/// What the numbers are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PartKind {
    /// The day of the week.
    #[default]
    Weekday,
    /// Where the kiosk stands.
    Touchpoint,
    /// The language of the visit.
    Language,
    /// The questions: where visits end.
    Step,
}

impl PartKind {
    /// All of them, in the order of their keys.
    pub const ALL: [Self; 4] = [Self::Weekday, Self::Touchpoint, Self::Language, Self::Step];
}

/// A part, and what it comes to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Part {
    /// Its name; empty where it was given none.
    pub name: String,
    /// Responses, to be read.
    pub responses: String,
    /// The number, to be read; empty where there are not enough answers.
    pub value: String,
    /// Where it stands and where it likely lies; none where there are not enough answers.
    pub range: Option<Range>,
}

/// A question, and what becomes of visits there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Step {
    /// What is asked.
    pub name: String,
    /// Visits that it was shown to; empty where that is not known, as of the question on the screen at rest.
    pub shown: String,
    /// Visits that answered it.
    pub answered: String,
    /// Visits that ended there.
    pub left: String,
    /// The median time to the answer in seconds; empty where no time is known.
    pub seconds: String,
}

/// What became of all visits, to be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Visits {
    /// Those with a first tap, which are all that are known.
    pub began: String,
    /// Those that came to the last step.
    pub completed: String,
    /// Those that were finished before it on purpose.
    pub finished: String,
}
