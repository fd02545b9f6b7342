//! When a question is asked: conditions on what was answered before, and on what the visit began with.
//!
//! A condition is a function of the draft alone. Language, moment and local time are those of the first tap, so a
//! response stays on its branch whatever the clock and the shopper do later, and a collector that has the record
//! can tell what was asked.

use crate::moment::Moment;
use crate::response::{AnswerValue, ClockQuality, Draft};

/// Minutes of a day.
pub(super) const DAY_MIN: u16 = 24 * 60;

/// A condition. It holds or it does not; what is not known (an answer not given, the time of a kiosk whose clock is
/// certainly wrong) makes the condition on it not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Condition {
    /// The rating given to an earlier question is within these values, both included.
    Rating {
        /// Id of that question.
        question: String,
        /// Lowest value it holds for.
        at_least: u8,
        /// Highest value it holds for.
        at_most: u8,
    },
    /// One of these options, or several, were chosen at an earlier question.
    Chosen {
        /// Id of that question.
        question: String,
        /// Ids of the options.
        options: Vec<String>,
    },
    /// Something, or nothing, was answered to an earlier question.
    Answered {
        /// Id of that question.
        question: String,
        /// Whether there has to be an answer.
        answered: bool,
    },
    /// The language at the first tap is one of these.
    Language(Vec<String>),
    /// The kiosk stands at one of these touchpoints.
    Touchpoint(Vec<String>),
    /// One of these moments brought the shopper.
    Moment(Vec<String>),
    /// The moment that brought the shopper says one of these of that key.
    MomentContext {
        /// What it says something of (`lane`).
        key: String,
        /// What it may say (`3`).
        values: Vec<String>,
    },
    /// The first tap came at this local time of day: from the first minute up to, and without, the second. Over
    /// midnight where the first is later.
    Time {
        /// Minute of the day, 0 to 1439.
        from_min: u16,
        /// Minute of the day, 0 to 1440.
        until_min: u16,
    },
    /// The first tap came on one of these local days.
    Weekday(Vec<Weekday>),
    /// One of these variants of the survey is shown.
    Variant(Vec<String>),
    /// All of these hold.
    All(Vec<Self>),
    /// One of these holds, or several.
    Any(Vec<Self>),
    /// This does not hold.
    Not(Box<Self>),
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the days need no explanation")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Weekday {
    /// All seven with their names in a file.
    pub(super) const ALL: [(&'static str, Self); 7] = [
        ("mon", Self::Monday),
        ("tue", Self::Tuesday),
        ("wed", Self::Wednesday),
        ("thu", Self::Thursday),
        ("fri", Self::Friday),
        ("sat", Self::Saturday),
        ("sun", Self::Sunday),
    ];

    /// The weekday of a day counted from 1970-01-01, which was a Thursday.
    #[must_use]
    pub fn of_day(day: i64) -> Self {
        let since_monday = usize::try_from((day.rem_euclid(7) + 3) % 7).unwrap_or(0);
        Self::ALL[since_monday].1
    }
}

/// A draft, and which of its survey's questions are asked as far as that is known: an answer to a question outside
/// the branch opens nothing.
#[derive(Clone, Copy)]
pub(super) struct Situation<'a> {
    pub(super) draft: &'a Draft,
    pub(super) asked: &'a [&'a str],
}

impl<'a> Situation<'a> {
    fn answer(&self, question: &str) -> Option<&'a AnswerValue> {
        let answer = self.draft.answer(question).filter(|answer| !answer.is_empty())?;
        self.asked.contains(&question).then_some(answer)
    }

    fn has_time(&self) -> bool {
        self.draft.started.clock != ClockQuality::Unset
    }
}

impl Condition {
    /// Whether it holds.
    pub(super) fn holds(&self, now: Situation<'_>) -> bool {
        let draft = now.draft;
        let is_among = |value: Option<&str>, list: &[String]| {
            value.is_some_and(|value| list.iter().any(|listed| listed == value))
        };
        match self {
            Self::Rating { question, at_least, at_most } => now
                .answer(question)
                .and_then(AnswerValue::rating)
                .is_some_and(|(_, value)| (*at_least..=*at_most).contains(&value)),
            Self::Chosen { question, options } => match now.answer(question) {
                Some(AnswerValue::Choices(chosen)) => chosen.iter().any(|id| options.contains(id)),
                _ => false,
            },
            Self::Answered { question, answered } => now.answer(question).is_some() == *answered,
            Self::Language(tags) => is_among(Some(draft.first_language()), tags),
            Self::Touchpoint(names) => is_among(draft.touchpoint.as_deref(), names),
            Self::Moment(names) => is_among(draft.moment.as_ref().map(Moment::name), names),
            Self::MomentContext { key, values } => {
                let said = draft.moment.as_ref().and_then(|moment| moment.context().get(key));
                is_among(said.map(String::as_str), values)
            }
            Self::Time { from_min, until_min } => {
                let minute = draft.started.local_minute();
                let (begun, not_over) = (minute >= *from_min, minute < *until_min);
                now.has_time() && if from_min < until_min { begun && not_over } else { begun || not_over }
            }
            Self::Weekday(days) => {
                now.has_time() && days.contains(&Weekday::of_day(draft.started.local_day()))
            }
            Self::Variant(ids) => is_among(draft.variant.as_deref(), ids),
            Self::All(parts) => parts.iter().all(|part| part.holds(now)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(now)),
            Self::Not(part) => !part.holds(now),
        }
    }

    /// Every condition in it that has no parts of its own.
    pub(super) fn leaves<'c>(&'c self, leaves: &mut Vec<&'c Self>) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.leaves(leaves)),
            Self::Not(part) => part.leaves(leaves),
            leaf => leaves.push(leaf),
        }
    }
}
