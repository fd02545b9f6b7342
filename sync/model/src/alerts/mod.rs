//! Alerts on the spot: when so many are unhappy that somebody should go and look, now.
//!
//! | module | what is in it |
//! |---|---|
//! | [`window`] | the rule of the last minutes: so many ratings, so many of them unhappy |
//! | [`chart`] | the rule of the hour: whether the share of unhappy ones has left what is usual |
//! | [`timeline`] | when a rating was given, as this opening of the database counts time |
//!
//! Only the first rating of a response is judged, which is the answer to the question at rest; a response that carries a flag has no
//! say. Each rule has at most one open alert at a touchpoint. An alert opens and closes by the data alone, so that after a restart
//! the same data come to the same alerts.
//!
//! How often each rule errs is measured on a shop where nothing ever happens (`tests/tests/alerts.rs`): see there, and
//! ARCHITECTURE.md.

use serde::{Deserialize, Serialize};

use crate::metrics::control::Signal;
use crate::response::{Draft, Stamp};

pub mod chart;
pub mod timeline;
pub mod window;

/// How many ratings were looked at, and how many of them were unhappy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// All of them.
    pub answers: u64,
    /// The unhappy ones.
    pub unhappy: u64,
}

/// Which rule it was, with what it went by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum Cause {
    /// [`window`]: too many of the last minutes' ratings were unhappy.
    UnhappyShare {
        /// How many minutes.
        window_min: u32,
    },
    /// [`chart`]: too many of an hour's ratings, against what is usual.
    HourlyChart {
        /// What the chart said.
        signal: Signal,
        /// The share of unhappy ones in the four weeks before, in thousandths.
        usual_permille: u32,
    },
}

/// The rules by name, as they are written and stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// [`Cause::UnhappyShare`].
    UnhappyShare,
    /// [`Cause::HourlyChart`].
    HourlyChart,
}

/// An alert, open or closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Its number in its store, from 1, in the order they opened.
    pub id: u64,
    /// Where the kiosk stood; empty where nothing was configured.
    pub touchpoint: String,
    /// Why it opened.
    #[serde(flatten)]
    pub cause: Cause,
    /// What was counted when it opened.
    #[serde(flatten)]
    pub count: Count,
    /// When it opened.
    pub opened: Stamp,
    /// When it closed; none while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Stamp>,
}

/// What is to become of an alert. It has happened when the store says so, with a [`Transition`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// One is to open.
    Open {
        /// Where the kiosk stands; empty where nothing is configured.
        touchpoint: String,
        /// Why.
        cause: Cause,
        /// What was counted.
        count: Count,
        /// When.
        at: Stamp,
    },
    /// The open one of this rule is to close.
    Close {
        /// Where the kiosk stands.
        touchpoint: String,
        /// Which rule.
        rule: Rule,
        /// When.
        at: Stamp,
    },
}

/// What became of an alert, once it is on the disk: whoever is to be told, or is to act on it, is told by this value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transition {
    /// It has opened.
    Opened(Alert),
    /// It has closed.
    Closed(Alert),
}

impl Cause {
    /// Which rule.
    #[must_use]
    pub fn rule(&self) -> Rule {
        match self {
            Self::UnhappyShare { .. } => Rule::UnhappyShare,
            Self::HourlyChart { .. } => Rule::HourlyChart,
        }
    }
}

impl Rule {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UnhappyShare => "unhappy_share",
            Self::HourlyChart => "hourly_chart",
        }
    }
}

impl Count {
    /// With one more.
    #[must_use]
    pub fn and(self, is_unhappy: bool) -> Self {
        Self { answers: self.answers + 1, unhappy: self.unhappy + u64::from(is_unhappy) }
    }
}

/// Whether the shopper was unhappy by the first rating; none where there is no rating, or the response carries a flag.
#[must_use]
pub fn judged(draft: &Draft) -> Option<bool> {
    let (_, scale, value) = draft.ratings().next().filter(|_| draft.flags.is_empty())?;
    Some(scale.is_unhappy(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::{Answer, AnswerValue, ClockQuality, Flag};

    const STAMP: Stamp =
        Stamp { wall_ms: 0, offset_min: 0, boot: 1, mono_ms: 0, clock: ClockQuality::Synced };

    #[test]
    fn the_first_rating_judges_and_a_flag_takes_it_its_say() {
        let answer = |value| Answer { question: "visit".into(), value, at_ms: 0 };
        let mut draft = Draft::begun("exit", 1, "en", STAMP);
        assert_eq!(judged(&draft), None);
        draft.answers.push(answer(AnswerValue::Comment("awful".into())));
        assert_eq!(judged(&draft), None);
        draft.answers.push(answer(AnswerValue::Face(2)));
        draft.answers.push(answer(AnswerValue::Nps(10)));
        assert_eq!(judged(&draft), Some(true));
        draft.flags.push(Flag::Burst);
        assert_eq!(judged(&draft), None);
    }

    #[test]
    fn an_alert_is_written_flat_and_read_again() {
        let cause = Cause::HourlyChart { signal: Signal::TwoOfThree, usual_permille: 110 };
        let count = Count { answers: 40, unhappy: 17 };
        let alert =
            Alert { id: 3, touchpoint: "exit".into(), cause, count, opened: STAMP, closed: Some(STAMP) };
        let written = serde_json::to_value(&alert).unwrap();
        assert_eq!(
            (&written["rule"], &written["signal"], &written["unhappy"]),
            (&"hourly_chart".into(), &"two_of_three".into(), &17.into())
        );
        assert_eq!(serde_json::from_value::<Alert>(written).unwrap(), alert);
        assert_eq!(alert.cause.rule().name(), "hourly_chart");
    }
}
