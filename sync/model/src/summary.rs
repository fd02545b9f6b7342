//! The numbers of a range of days, as managers read them.

use serde::{Deserialize, Serialize};

use crate::metrics::{FaceCounts, Share};

/// Responses of a range of local days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// First day, as days since 1970-01-01 in the store's local time.
    pub first_day: i64,
    /// Last day, included.
    pub last_day: i64,
    /// All responses that were begun and frozen in these days.
    pub responses: u64,
    /// Those that came to the survey's last step.
    pub completed: u64,
    /// One entry for each question with faces, by survey and question.
    pub faces: Vec<FaceSummary>,
}

/// The answers to one question with faces.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaceSummary {
    /// Id of the survey.
    pub survey: String,
    /// Id of the question.
    pub question: String,
    /// How often each face was chosen, worst first.
    pub counts: FaceCounts,
    /// Share of the two best faces; absent below [`crate::metrics::ANSWERS_MIN`] answers.
    pub csat: Option<Share>,
}

impl FaceSummary {
    /// The summary of these counts.
    #[must_use]
    pub fn of(survey: String, question: String, counts: FaceCounts) -> Self {
        Self { survey, question, counts, csat: counts.csat() }
    }
}
