//! What is kept of a visit, in one line.

use afterword_kiosk_store::Store;
use afterword_model::response::{AnswerValue, Response};
use afterword_protocol::queue::Take;
use anyhow::{Context, Result};

/// How many responses there are, and what the newest says.
pub(super) struct Kept {
    pub(super) count: u64,
    /// Its outcome and language, `flagged` and why, then what was answered in the order of the questions; of a contact only
    /// that there is one. `nothing` where there is none.
    pub(super) reads: String,
}

impl Kept {
    pub(super) fn newest(store: &Store) -> Result<Self> {
        let count = store.position()?.last_seq;
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
    let seq = store.position()?.last_seq;
    let Some(before) = seq.checked_sub(1) else { return Ok(None) };
    let run = store.queue().next_blocking(Take { after_seq: before, records_max: 1, wait_ms: 0 })?;
    let bytes =
        run.and_then(|run| run.records.into_iter().next()).context("the newest record is not there")?;
    Ok(Some(Response::from_bytes(seq, &bytes)?))
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
