//! What is asked for, and what is answered.

use std::fmt;

use afterword_model::metrics::change::Change;
use afterword_model::metrics::score::Score;
use afterword_model::metrics::{ANSWERS_MIN, Share};
use afterword_model::record::Seq;
use afterword_model::summary::{Measured, Summary};
use serde::{Deserialize, Serialize};

use super::{DayChart, Places};

/// Of which days and stores.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// First local day, as days since 1970-01-01.
    pub first_day: i64,
    /// Last day, included.
    pub last_day: i64,
    /// Leaves out what carries a flag.
    #[serde(default)]
    pub without_flagged: bool,
    /// Of these stores alone, by name; of all where there is no list. The store of devices that have none is called "".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stores: Option<Vec<String>>,
}

/// The numbers of all stores, or of some.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// What was asked for.
    #[serde(flatten)]
    pub scope: Scope,
    /// The first and the last of the days it is held against.
    pub compared_with: (i64, i64),
    /// What there is to say first.
    pub finding: Finding,
    /// The share of happy visits, of those that began with a rating on faces, stars or thumbs: the two best of faces and stars, the
    /// better of thumbs. Judged together with `recommend` and `completed`.
    pub happy: Measured,
    /// The net promoter score, of all questions on 0 to 10 together.
    pub recommend: Measured,
    /// The share that came to the survey's last step.
    pub completed: Measured,
    /// Responses that were begun in these days.
    pub responses: u64,
    /// The same of the days compared with.
    pub responses_before: u64,
    /// How many of `responses` carry a flag; they are among them unless they were to be left out.
    pub flagged: u64,
    /// The share of follow-ups opened in these days that somebody had seen within their time; those whose time still runs are not among
    /// them. Of the kiosks that stand in these stores now, flagged responses or not; not compared with anything. None below
    /// [`ANSWERS_MIN`] of them.
    #[serde(default)]
    pub acknowledged: Option<Share>,
    /// The happy share of each day.
    pub chart: DayChart,
    /// Every store that had a response in these days, the happiest first, those with too few answers last. Their changes are judged
    /// together.
    pub stores: Vec<StoreNumbers>,
    /// Why visits were not happy, the most frequent first. Their changes are judged together.
    pub reasons: Vec<Reason>,
    /// What is held and is not in these numbers.
    pub holdings: Holdings,
}

/// The headline: a number and whether it moved, for whoever puts it into words.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Finding {
    /// Too few said whether they were happy.
    NotEnough {
        /// So many; [`afterword_model::metrics::ANSWERS_MIN`] are needed.
        answers: u64,
    },
    /// So many in a hundred visits were happy.
    Happy {
        /// 0 to 100, rounded.
        in_hundred: u64,
        /// The same of the days compared with, where they had enough answers.
        before: Option<u64>,
        /// What the difference is called.
        change: Option<Change>,
    },
}

/// As a headline.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotEnough { answers } => write!(f, "Not enough answers yet: {answers} of {ANSWERS_MIN}"),
            Self::Happy { in_hundred, before, change } => {
                write!(f, "{in_hundred} in 100 visits were happy")?;
                match (before, change) {
                    (Some(before), Some(Change::Up)) => write!(f, ", up from {before}"),
                    (Some(before), Some(Change::Down)) => write!(f, ", down from {before}"),
                    _ => Ok(()),
                }
            }
        }
    }
}

/// A store among others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoreNumbers {
    /// Its name, as its devices were added with; "" for those that have none.
    pub store: String,
    /// Responses that were begun there in these days.
    pub responses: u64,
    /// As [`Overview::happy`].
    pub happy: Measured,
    /// Which places it may hold by its happy share, among the stores that have one; none below enough answers.
    pub places: Option<Places>,
    /// As [`Overview::recommend`]; not compared with anything.
    pub recommend: Option<Score>,
    /// As [`Overview::completed`]; not compared with anything.
    pub completed: Option<Share>,
}

/// An option that was chosen as a reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// Id of the survey.
    pub survey: String,
    /// Id of the question.
    pub question: String,
    /// Id of the option.
    pub option: String,
    /// How often it was chosen.
    pub count: u64,
    /// The share of the visits that gave any reason to this question, which a survey asks those who were not happy. Of one visit several
    /// may be chosen, so that all together are more than 1.
    pub share: Measured,
}

/// What the collector holds of all stores together and whenever it was answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holdings {
    /// Records that were looked at: responses that are counted, copies and steps of cases that are not.
    pub looked_at: Seq,
    /// Records that came and wait to be counted; nearly always 0 after a second or two.
    pub waiting: Seq,
    /// Records that no version of this program can read: kept, and not counted.
    pub parked: u64,
    /// Records that contradict what is held: kept aside for a person to judge, and not counted.
    pub quarantined: u64,
    /// Responses of a device that did not know the time, and has not since that start: they stand under a day long ago.
    pub undated: u64,
}

/// The numbers of one store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoreFigures {
    /// Its name; "" for devices that have none.
    pub store: String,
    /// As [`Overview::happy`].
    pub happy: Measured,
    /// As [`Overview::recommend`].
    pub recommend: Measured,
    /// The happy share of each day.
    pub chart: DayChart,
    /// Why visits were not happy, the most frequent first; their changes are judged together.
    pub reasons: Vec<Reason>,
    /// Everything else, as a kiosk says it of itself: responses, completion, each question, by hour, weekday, touchpoint and language,
    /// step by step. Its numbers are judged together.
    pub summary: Summary,
}
