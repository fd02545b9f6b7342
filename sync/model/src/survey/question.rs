//! A survey's parts, and which of its questions an answer leads to.
//!
//! New kinds of question are new variants of [`QuestionKind`]; everything about a kind hangs on its variant.

use std::collections::BTreeMap;

use super::text::{Language, Text};
use crate::response::{AnswerValue, Draft};

/// Names of the icons an option or a note can carry; the pages draw them.
pub const ICONS: [&str; 18] = [
    "staff",
    "waiting",
    "checkout",
    "availability",
    "price",
    "clean",
    "finding",
    "other",
    "access",
    "globe",
    "lock",
    "info",
    "alert",
    "hand",
    "phone",
    "mail",
    "screen",
    "store",
];

/// A survey that has passed every check of [`super::parse`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Survey {
    /// Names the survey in every record; stays the same from version to version.
    pub id: String,
    /// From 1; raised with every change of words, options or order.
    pub version: u32,
    /// Tag of the language the kiosk rests in.
    pub default_language: String,
    /// At least one, in the order of the language switch; holds the default language.
    pub languages: Vec<Language>,
    /// At least one; the first is faces and unconditional, because it is the idle screen.
    pub questions: Vec<Question>,
    /// What is said at the end.
    pub thanks: Thanks,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Unique in the survey; names the question in every record.
    pub id: String,
    /// What is asked.
    pub title: Text,
    /// A smaller line under it.
    pub hint: Option<Text>,
    /// When it is asked; always, where there is none.
    pub show_if: Option<Condition>,
    /// How it is answered.
    pub kind: QuestionKind,
}

/// How a question is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum QuestionKind {
    /// One of five faces.
    Faces {
        /// The words under the faces, from worst to best.
        words: Box<[Text; 5]>,
    },
    /// Any number of options.
    Choices {
        /// One to eight, in the order shown.
        options: Vec<ChoiceOption>,
    },
    /// A few words of the shopper's own.
    Comment {
        /// Longest comment, in grapheme clusters: 1 to 200.
        limit: usize,
    },
}

/// An option of a choices question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChoiceOption {
    /// Unique in its question; names the option in every record.
    pub id: String,
    /// One of [`ICONS`].
    pub icon: String,
    /// The words on its key.
    pub label: Text,
}

/// A condition on the answer to an earlier faces question. Without an answer it does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Id of that question.
    pub question: String,
    /// Lowest face it holds for, 1 to 5.
    pub at_least: u8,
    /// Highest face it holds for, 1 to 5, not below `at_least`.
    pub at_most: u8,
}

/// What is said at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thanks {
    /// The large words.
    pub title: Text,
    /// Under them, when something was said beyond the rating.
    pub message: Text,
    /// Under them, when a rating was all; the message, where there is none of its own.
    pub message_rating_only: Option<Text>,
    /// Small lines under the message, each with an icon.
    pub notes: Vec<Note>,
}

/// A small line on the thanks page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// One of [`ICONS`].
    pub icon: String,
    /// What it says.
    pub text: Text,
}

impl Condition {
    /// Whether it holds for that face.
    #[must_use]
    pub fn holds_for(&self, face: u8) -> bool {
        (self.at_least..=self.at_most).contains(&face)
    }
}

impl Thanks {
    /// The message to show.
    #[must_use]
    pub fn message_for(&self, rating_only: bool) -> &Text {
        match &self.message_rating_only {
            Some(message) if rating_only => message,
            _ => &self.message,
        }
    }
}

impl Survey {
    /// The questions of the branch these answers lead to, in order, the first question included.
    ///
    /// An answer to a question outside the branch opens nothing, so a left-over answer cannot lead astray.
    #[must_use]
    pub fn steps(&self, draft: &Draft) -> Vec<&Question> {
        let mut faces: BTreeMap<&str, u8> = BTreeMap::new();
        let mut steps = Vec::new();
        for question in &self.questions {
            let shown = question.show_if.as_ref().is_none_or(|condition| {
                faces.get(condition.question.as_str()).is_some_and(|&face| condition.holds_for(face))
            });
            if shown {
                steps.push(question);
                if let Some(AnswerValue::Face(face)) = draft.answer(&question.id) {
                    faces.insert(&question.id, *face);
                }
            }
        }
        steps
    }

    /// The question with that id.
    #[must_use]
    pub fn question(&self, id: &str) -> Option<&Question> {
        self.questions.iter().find(|question| question.id == id)
    }

    /// Place of the default language in `languages`.
    #[must_use]
    pub fn default_language_index(&self) -> usize {
        self.languages.iter().position(|language| language.tag == self.default_language).unwrap_or(0)
    }
}
