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
    /// What of all this carries a flag. A program of the version before tells nothing of it.
    #[serde(default)]
    pub flagged: Flagged,
}

/// What of a [`Summary`] may be no shopper's honest word ([`crate::response::Flag`]).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flagged {
    /// Responses with any flag.
    pub responses: u64,
    /// Those of them that came to the survey's last step.
    pub completed: u64,
    /// Their faces, by survey and question.
    pub faces: Vec<FlaggedFaces>,
}

/// The faces of flagged responses to one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlaggedFaces {
    /// Id of the survey.
    pub survey: String,
    /// Id of the question.
    pub question: String,
    /// How often each face was chosen, worst first.
    pub counts: FaceCounts,
}

impl Summary {
    /// The same days without the flagged responses.
    #[must_use]
    pub fn without_flagged(&self) -> Self {
        let faces = self.faces.iter().map(|all| {
            let of_this =
                |flagged: &&FlaggedFaces| flagged.survey == all.survey && flagged.question == all.question;
            let mut counts = all.counts;
            if let Some(flagged) = self.flagged.faces.iter().find(of_this) {
                for (all, flagged) in counts.0.iter_mut().zip(flagged.counts.0) {
                    *all = all.saturating_sub(flagged);
                }
            }
            FaceSummary::of(all.survey.clone(), all.question.clone(), counts)
        });
        Self {
            responses: self.responses.saturating_sub(self.flagged.responses),
            completed: self.completed.saturating_sub(self.flagged.completed),
            faces: faces.filter(|faces| faces.counts.total() > 0).collect(),
            flagged: Flagged::default(),
            ..*self
        }
    }
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
