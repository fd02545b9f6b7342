//! What shoppers wrote, as it is to be read.

use afterword_kiosk_store::Said;
use afterword_model::response::{AnswerValue, Stamp};
use afterword_model::survey::Survey;
use afterword_ui::view::staff::Words;
use afterword_ui::view::words::{WORDS_ROWS, WordsPage};

use super::desk::Seen;
use super::numbers::{dated, days_in_words, reason};

/// The page of words.
pub(crate) fn page(seen: &Seen<'_>, survey: &Survey, tag: &str, today: i64) -> WordsPage {
    let failed = seen.failed;
    let Some(sheet) = seen.sheet_of_place() else { return WordsPage { failed, ..WordsPage::default() } };
    let found = &sheet.words;
    WordsPage {
        is_read: true,
        failed,
        days: days_in_words(&sheet.wish.ask, tag),
        filter: sheet.wish.filter,
        flagged: sheet.summary.flagged,
        without_flagged: sheet.wish.ask.without_flagged,
        rows: found.said.iter().map(|said| words(said, survey, tag, today)).collect(),
        can_hide: seen.can_hide,
        page: sheet.wish.turn + 1,
        pages: pages(found.total),
        is_partial: found.is_partial,
    }
}

/// How many pages so many words have.
pub(crate) fn pages(total: usize) -> usize {
    total.div_ceil(WORDS_ROWS).max(1)
}

/// What one shopper wrote.
pub(crate) fn words(said: &Said, survey: &Survey, tag: &str, today: i64) -> Words {
    let draft = &said.response.draft;
    let mut words =
        Words { time: time_of(&draft.started, tag, today), is_hidden: said.is_hidden, ..Words::default() };
    let mut reasons = Vec::new();
    for answer in &draft.answers {
        match &answer.value {
            AnswerValue::Face(face) if words.face.is_none() => words.face = Some(*face),
            // In one line.
            AnswerValue::Comment(text) => words.text = text.split_whitespace().collect::<Vec<_>>().join(" "),
            AnswerValue::Choices(ids) => {
                reasons.extend(ids.iter().map(|id| reason(survey, &answer.question, id, 0, tag).label));
            }
            AnswerValue::Contact(_) => words.wants_reply = true,
            _ => {}
        }
    }
    words.reasons = reasons.join(", ");
    words
}

fn time_of(stamp: &Stamp, tag: &str, today: i64) -> String {
    let minute = stamp.local_minute();
    let time = format!("{:02}:{:02}", minute / 60, minute % 60);
    dated(time, stamp.local_day(), tag, today)
}
