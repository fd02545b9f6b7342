//! When a response opens a case, and what of it a case has to show.

use serde::{Deserialize, Serialize};

use super::step::{Category, Reason, Step, Tier};
use crate::response::{AnswerValue, Response, Stamp};
use crate::scale::ScaleKind;

/// The highest value of each scale that is a low rating: the two worst of five, a detractor, and what is below the middle.
pub const LOW_RATINGS: [(ScaleKind, u8); 6] = [
    (ScaleKind::Faces, 2),
    (ScaleKind::Faces4, 2),
    (ScaleKind::Stars, 2),
    (ScaleKind::Nps, 6),
    (ScaleKind::Effort, 3),
    (ScaleKind::Thumbs, 0),
];

/// What a shopper said, as far as whoever sees to it has to know. It is kept beside the case, because the response itself may
/// be purged while the case is still open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// When the first tap came.
    pub started: Stamp,
    /// Id of the survey.
    pub survey: String,
    /// Its version.
    pub survey_version: u32,
    /// Where the kiosk stood, where that is configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub touchpoint: Option<String>,
    /// The language on the screen.
    pub language: String,
    /// The first rating, and its scale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<(ScaleKind, u8)>,
    /// Ids of the options that were chosen, in the survey's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// The first words, masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// Whether the shopper wants a reply. How, only head office can read.
    pub contact_wanted: bool,
    /// Whether it may be no shopper's honest word.
    pub flagged: bool,
}

impl Said {
    /// What that response says.
    #[must_use]
    pub fn of(response: &Response) -> Self {
        let draft = &response.draft;
        let values = || draft.answers.iter().map(|answer| &answer.value);
        let options = values().filter_map(|value| match value {
            AnswerValue::Choices(chosen) => Some(chosen),
            _ => None,
        });
        let words = values().find_map(|value| match value {
            AnswerValue::Comment(text) if !text.trim().is_empty() => Some(text.clone()),
            _ => None,
        });
        Self {
            started: draft.started,
            survey: draft.survey.clone(),
            survey_version: draft.survey_version,
            touchpoint: draft.touchpoint.clone(),
            language: draft.language.clone(),
            score: draft.ratings().next().map(|(_, scale, value)| (scale, value)),
            reasons: options.flatten().cloned().collect(),
            words,
            contact_wanted: values().any(|value| matches!(value, AnswerValue::Contact(_))),
            flagged: !draft.flags.is_empty(),
        }
    }

    /// What it is about: the first reason chosen that is about something.
    #[must_use]
    pub fn category(&self) -> Category {
        let categories = self.reasons.iter().map(|id| Category::of_option(id));
        categories.into_iter().find(|category| *category != Category::Other).unwrap_or(Category::Other)
    }
}

/// Whether a rating is a low one.
#[must_use]
pub fn is_low(scale: ScaleKind, value: u8) -> bool {
    LOW_RATINGS.iter().any(|&(low, highest)| low == scale && value <= highest)
}

/// The step that opens a case for this response, where the rule asks for one: for a low first rating with words, and for
/// whoever wants a reply. One that is flagged opens a case as well; words are words.
#[must_use]
pub fn opening(said: &Said) -> Option<Step> {
    let is_unhappy = said.score.is_some_and(|(scale, value)| is_low(scale, value));
    let reasons: Vec<Reason> = [
        (is_unhappy && said.words.is_some()).then_some(Reason::LowScoreWithComment),
        said.contact_wanted.then_some(Reason::ContactWanted),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!reasons.is_empty()).then(|| Step::Opened {
        reasons,
        category: said.category(),
        tier: Tier::Normal,
        words: None,
    })
}
