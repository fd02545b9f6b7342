//! A survey's parts, and which of its questions an answer leads to.
//!
//! New kinds of question are new variants of [`QuestionKind`]; everything about a kind hangs on its variant.

use super::condition::{Condition, Situation};
use super::scale::Scale;
use super::share::Share;
use super::text::{Language, Text};
use crate::contact::Channel;
use crate::response::Draft;

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
    /// First local day it may be asked on, in days since 1970-01-01; any, where there is none.
    pub valid_from: Option<i64>,
    /// Last local day it may be asked on, not before `valid_from`.
    pub valid_until: Option<i64>,
    /// At most four; their shares are a whole at most, and who falls into none of them is shown no variant.
    pub variants: Vec<Variant>,
    /// At least one; the first is a scale and unconditional, because it is the idle screen.
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
    /// What the survey's variants say instead; at most one for each of them.
    pub wordings: Vec<Wording>,
    /// When it is asked; always, where there is none.
    pub show_if: Option<Condition>,
    /// The share of responses it is asked of; all, where there is none.
    pub sample: Option<Share>,
    /// How it is answered.
    pub kind: QuestionKind,
}

/// How a question is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum QuestionKind {
    /// One tap on a scale.
    Scale(Scale),
    /// Options.
    Choices {
        /// One to eight, in the order shown.
        options: Vec<ChoiceOption>,
        /// How many of them may be chosen.
        pick: Pick,
    },
    /// A few words of the shopper's own.
    Comment {
        /// Longest comment, in grapheme clusters: 1 to 200.
        limit: usize,
    },
    /// A phone number or an e-mail address for a reply.
    Contact {
        /// One or two ways to be reached, in the order shown.
        channels: Vec<Channel>,
        /// What the shopper agrees to.
        consent: Text,
        /// From 1; raised with every change of that text, and stored with the answer.
        consent_version: u32,
    },
}

/// How many options may be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// Exactly one; choosing it goes on.
    Single,
    /// Any number.
    Multi,
}

/// A variant of the survey, for comparing one way to ask with another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// Unique in the survey; names the variant in every record.
    pub id: String,
    /// How many of all responses get it.
    pub share: Share,
}

/// What a variant of the survey says at a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording {
    /// Id of the variant.
    pub variant: String,
    /// What is asked instead; the question's own title, where there is none.
    pub title: Option<Text>,
    /// The line under it; the question's own, where there is none.
    pub hint: Option<Text>,
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
    /// To whom a code is given to ask later what came of it; to nobody, where there is none.
    pub follow_up_code: Option<FollowUp>,
}

/// A follow-up code on the thanks page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowUp {
    /// Who is given one; everybody, where there is none.
    pub show_if: Option<Condition>,
    /// What stands over it: what for, and where. The kiosk's own words, where there is none.
    pub text: Option<Text>,
}

/// A small line on the thanks page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// One of [`ICONS`].
    pub icon: String,
    /// What it says.
    pub text: Text,
}

impl Question {
    /// Its scale, where one tap answers it.
    #[must_use]
    pub fn scale(&self) -> Option<&Scale> {
        match &self.kind {
            QuestionKind::Scale(scale) => Some(scale),
            _ => None,
        }
    }

    /// What is asked of whom is shown that variant.
    #[must_use]
    pub fn title_for(&self, variant: Option<&str>) -> &Text {
        self.wording(variant).and_then(|wording| wording.title.as_ref()).unwrap_or(&self.title)
    }

    /// The line under it for whom is shown that variant.
    #[must_use]
    pub fn hint_for(&self, variant: Option<&str>) -> Option<&Text> {
        self.wording(variant).and_then(|wording| wording.hint.as_ref()).or(self.hint.as_ref())
    }

    fn wording(&self, variant: Option<&str>) -> Option<&Wording> {
        variant.and_then(|variant| self.wordings.iter().find(|wording| wording.variant == variant))
    }

    fn is_drawn(&self, draw: Option<u32>) -> bool {
        let Some(share) = self.sample else { return true };
        draw.is_some_and(|draw| share.takes(draw, &format!("question:{}", self.id)))
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
    /// The questions of the branch this draft leads to, in order, the first question included.
    ///
    /// An answer to a question outside the branch opens nothing, so a left-over answer cannot lead astray. A draft
    /// without a draw is asked no sampled question.
    #[must_use]
    pub fn steps(&self, draft: &Draft) -> Vec<&Question> {
        let mut asked: Vec<&str> = Vec::new();
        let mut steps = Vec::new();
        for question in &self.questions {
            let now = Situation { draft, asked: &asked };
            let holds = question.show_if.as_ref().is_none_or(|condition| condition.holds(now));
            if holds && question.is_drawn(draft.draw) {
                steps.push(question);
                asked.push(&question.id);
            }
        }
        steps
    }

    /// Whether whoever answered this is given a follow-up code.
    #[must_use]
    pub fn gives_follow_up_code(&self, draft: &Draft) -> bool {
        let Some(follow_up) = &self.thanks.follow_up_code else { return false };
        let asked: Vec<&str> = self.steps(draft).iter().map(|question| question.id.as_str()).collect();
        let now = Situation { draft, asked: &asked };
        follow_up.show_if.as_ref().is_none_or(|condition| condition.holds(now))
    }

    /// Whether anything is left to chance, so that a draft needs a draw.
    #[must_use]
    pub fn needs_draw(&self) -> bool {
        !self.variants.is_empty() || self.questions.iter().any(|question| question.sample.is_some())
    }

    /// The variant that a draw is shown.
    #[must_use]
    pub fn variant_for(&self, draw: u32) -> Option<&Variant> {
        let shares = self.variants.iter().map(|variant| variant.share);
        self.variants.get(Share::pick(shares, draw, "variants")?)
    }

    /// Whether it may be asked on that local day, counted from 1970-01-01 as [`crate::response::Stamp::local_day`]
    /// does.
    #[must_use]
    pub fn is_valid_on(&self, local_day: i64) -> bool {
        self.valid_from.is_none_or(|first| first <= local_day)
            && self.valid_until.is_none_or(|last| local_day <= last)
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
