//! Responses as they are given away, to programs and in exports: what is in an answer, and what never is.

use afterword_model::response::{Answer, AnswerValue};
use serde::Serialize;
use utoipa::ToSchema;

use crate::storage::retention::reduce::TAKEN_WORDS;

/// The answer to one question.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Answer)]
pub(crate) struct GivenAnswer {
    /// The question's id.
    question: String,
    /// What kind of answer it is: `faces`, `faces4`, `stars`, `nps`, `effort`, `thumbs`, `choices`, `comment` or `contact`. Of a contact
    /// it is only said that there is one.
    kind: String,
    /// The rating, on the scale of that name.
    rating: Option<u8>,
    /// Ids of the chosen options.
    choices: Option<Vec<String>>,
    /// The words, with what was masked in them; nothing once they were kept for as long as they are to be.
    comment: Option<String>,
    /// Milliseconds from the first tap to this answer's last change.
    at_ms: u64,
}

impl From<&Answer> for GivenAnswer {
    fn from(answer: &Answer) -> Self {
        let rated = answer.value.rating();
        let (kind, choices, comment) = match &answer.value {
            AnswerValue::Choices(choices) => ("choices".into(), Some(choices.clone()), None),
            AnswerValue::Comment(words) => ("comment".into(), None, kept(words).cloned()),
            // Never what is sealed in it: that is for who has the key, and is asked for elsewhere.
            AnswerValue::Contact(_) => ("contact".into(), None, None),
            _ => (rated.as_ref().map(|(scale, _)| word(scale)).unwrap_or_default(), None, None),
        };
        let (question, rating) = (answer.question.clone(), rated.map(|(_, value)| value));
        Self { question, kind, rating, choices, comment, at_ms: answer.at_ms }
    }
}

/// A comment's words, as long as they are kept.
pub(crate) fn kept(words: &String) -> Option<&String> {
    Some(words).filter(|words| *words != TAKEN_WORDS)
}

/// A moment as it is given: RFC 3339 in UTC, to the millisecond.
pub(crate) fn moment(at_ms: i64) -> String {
    chrono::DateTime::from_timestamp_millis(at_ms)
        .unwrap_or_default()
        .to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// One of our enumerations as it is given, by the name that it has in records.
pub(crate) fn word(of: &impl Serialize) -> String {
    match serde_json::to_value(of) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
