//! What is kept of a visit, in one line.

use afterword_kiosk_store::Store;
use afterword_model::content::Content;
use afterword_model::response::{AnswerValue, Response};
use afterword_model::summary::Ask;
use afterword_protocol::queue::Take;
use anyhow::{Context, Result};

/// Days from 1970 on until 9999, as a store counts them.
const DAY_MIN: i64 = -1;
const DAY_MAX: i64 = 2_932_896;

/// How many responses there are, and what the newest says.
pub(super) struct Kept {
    pub(super) count: u64,
    /// Its outcome and language, `flagged` and why, then what was answered in the order of the questions; of a contact only
    /// that there is one. `nothing` where there is none.
    pub(super) reads: String,
}

impl Kept {
    pub(super) fn newest(store: &Store) -> Result<Self> {
        let count = responses(store)?;
        let Some(response) = newest(store)? else { return Ok(Self { count, reads: "nothing".into() }) };
        let mut words = vec![as_json(&response.outcome)?, response.draft.language.clone()];
        for flag in &response.draft.flags {
            words.push(format!("flagged={}", as_json(flag)?));
        }
        words.extend(response.draft.answers.iter().map(|answer| read(&answer.value)));
        Ok(Self { count, reads: words.join(" ") })
    }
}

/// The newest response, if there is one.
///
/// # Errors
/// The store cannot be read.
pub fn newest(store: &Store) -> Result<Option<Response>> {
    let mut seq = store.position()?.last_seq;
    while let Some(before) = seq.checked_sub(1) {
        let run = store.queue().next_blocking(Take { after_seq: before, records_max: 1, wait_ms: 0 })?;
        let bytes =
            run.and_then(|run| run.records.into_iter().next()).context("the newest record is not there")?;
        // What is behind it may be the step that followed it up.
        if let Some(response) = Content::from_bytes(seq, &bytes)?.response() {
            return Ok(Some(response));
        }
        seq = before;
    }
    Ok(None)
}

/// How many responses a store has counted.
fn responses(store: &Store) -> Result<u64> {
    Ok(store.summary(Ask::days(DAY_MIN, DAY_MAX))?.responses)
}

fn as_json(value: &impl serde::Serialize) -> Result<String> {
    Ok(serde_json::to_value(value)?.as_str().unwrap_or_default().to_owned())
}

fn read(value: &AnswerValue) -> String {
    match value {
        AnswerValue::Face(value) | AnswerValue::Face4(value) => format!("face={value}"),
        AnswerValue::Stars(value) => format!("stars={value}"),
        AnswerValue::Nps(value) => format!("nps={value}"),
        AnswerValue::Effort(value) => format!("effort={value}"),
        AnswerValue::Thumbs(value) => format!("thumbs={value}"),
        AnswerValue::Choices(ids) => format!("choices={}", ids.join(",")),
        AnswerValue::Comment(words) => format!("comment={words:?}"),
        AnswerValue::Contact(_) => "contact".into(),
    }
}
