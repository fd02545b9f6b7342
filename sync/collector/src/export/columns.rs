//! What stands in a row: one response, in columns that are the same in every format. They are only ever added to.

use afterword_model::response::{AnswerValue, Stamp};
use chrono::{DateTime, Datelike as _, NaiveDate};

use crate::given::{GivenAnswer, kept, word};
use crate::storage::responses::Found;

/// One column.
#[derive(Clone, Copy)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What stands in it, and when nothing does.
    pub meaning: &'static str,
    /// Of what kind that is.
    pub kind: Kind,
    /// Whether it may be empty.
    pub may_be_empty: bool,
    of: fn(&Found) -> Option<Cell>,
}

/// What kind of thing stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A list as JSON: text in CSV and Parquet, the list itself in NDJSON.
    List,
    /// A whole number.
    Number,
    /// A moment in UTC, to the millisecond.
    Moment,
    /// A day of the calendar.
    Day,
    /// A time of the day, to the millisecond.
    Time,
    /// True or false.
    Flag,
}

/// What stands in one column of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Text(String),
    /// JSON.
    List(String),
    Number(i64),
    /// Milliseconds since 1970-01-01T00:00:00Z, within the years 1 to 9999.
    Moment(i64),
    /// Days since 1970-01-01, within the same years.
    Day(i32),
    /// Milliseconds since midnight.
    Time(i32),
    Flag(bool),
}

const fn always(
    name: &'static str,
    kind: Kind,
    of: fn(&Found) -> Option<Cell>,
    meaning: &'static str,
) -> Column {
    Column { name, meaning, kind, may_be_empty: false, of }
}

const fn maybe(
    name: &'static str,
    kind: Kind,
    of: fn(&Found) -> Option<Cell>,
    meaning: &'static str,
) -> Column {
    Column { name, meaning, kind, may_be_empty: true, of }
}

/// All columns, in their order.
pub const COLUMNS: [Column; 26] = [
    always(
        "id",
        Kind::Text,
        |of| text(&of.id()),
        "the response's name, which no other ever has: kiosk, epoch, number",
    ),
    always("device", Kind::Text, |of| text(&of.device), "the kiosk's id"),
    always("device_name", Kind::Text, |of| text(&of.device_name), "what people call that kiosk now"),
    maybe(
        "store",
        Kind::Text,
        |of| of.store.as_ref().and_then(text),
        "the store that the kiosk stands in now",
    ),
    always(
        "received_at",
        Kind::Moment,
        |of| moment(of.received_ms).or(Some(Cell::Moment(0))),
        "when it was received, by the collector's clock",
    ),
    maybe(
        "started_at",
        Kind::Moment,
        |of| moment(started(of).wall_ms),
        "when the visit began, by the kiosk's clock; empty where that is beyond the calendar",
    ),
    maybe("local_day", Kind::Day, |of| day(started(of).local_day()), "the same as the shopper's own day"),
    maybe("local_time", Kind::Time, local_time, "and the time on the shopper's own clock"),
    always(
        "utc_offset_min",
        Kind::Number,
        |of| number(started(of).offset_min),
        "how far the store's own time is ahead of UTC, in minutes",
    ),
    always(
        "clock",
        Kind::Text,
        |of| text(&word(&started(of).clock)),
        "how far the kiosk's clock can be trusted: synced, free, unset",
    ),
    always("survey", Kind::Text, |of| text(&of.response.draft.survey), "the survey's id"),
    always("survey_version", Kind::Number, |of| number(of.response.draft.survey_version), "its version"),
    maybe(
        "variant",
        Kind::Text,
        |of| of.response.draft.variant.as_ref().and_then(text),
        "the survey's variant, where it has any",
    ),
    always("language", Kind::Text, |of| text(&of.response.draft.language), "the language at the last answer"),
    maybe(
        "touchpoint",
        Kind::Text,
        |of| of.response.draft.touchpoint.as_ref().and_then(text),
        "where the kiosk stands, as in exit",
    ),
    maybe(
        "moment",
        Kind::Text,
        |of| of.response.draft.moment.as_ref().and_then(|moment| text(moment.name())),
        "what brought the shopper to the kiosk, as in checkout",
    ),
    always(
        "outcome",
        Kind::Text,
        |of| text(&word(&of.response.outcome)),
        "how the visit ended: completed, finished, timed_out, interrupted",
    ),
    always(
        "took_ms",
        Kind::Number,
        |of| number(of.response.took_ms),
        "milliseconds from the first tap to the end",
    ),
    maybe(
        "flags",
        Kind::Text,
        flags,
        "why it may be no shopper's honest word: repeat, burst, or both with a space between",
    ),
    maybe(
        "left_at",
        Kind::Text,
        |of| of.response.draft.left_at.as_ref().and_then(text),
        "the question at which the visit ended, where that was not the last step",
    ),
    maybe(
        "rating_question",
        Kind::Text,
        |of| first_rating(of).and_then(|(question, _, _)| text(question)),
        "the first question with a rating",
    ),
    maybe(
        "rating_scale",
        Kind::Text,
        |of| first_rating(of).and_then(|(_, scale, _)| text(&word(&scale))),
        "its scale: faces, faces4, stars, nps, effort, thumbs",
    ),
    maybe(
        "rating",
        Kind::Number,
        |of| first_rating(of).and_then(|(_, _, value)| number(value)),
        "the rating itself, on that scale",
    ),
    maybe(
        "comment",
        Kind::Text,
        comment,
        "the first words, with what was masked in them, as long as they are kept",
    ),
    always(
        "left_contact",
        Kind::Flag,
        |of| Some(Cell::Flag(has_contact(of))),
        "whether the shopper left a way to be reached; never which",
    ),
    always("answers", Kind::List, answers, "all answers as JSON, each as in /api/v1/responses"),
];

impl Column {
    /// What stands in it of this response.
    pub(super) fn cell(&self, of: &Found) -> Option<Cell> {
        (self.of)(of)
    }
}

fn text(of: &(impl ToString + ?Sized)) -> Option<Cell> {
    Some(Cell::Text(of.to_string()))
}

fn number(of: impl TryInto<i64>) -> Option<Cell> {
    Some(Cell::Number(of.try_into().unwrap_or(i64::MAX)))
}

/// Only within years of four digits: others break those who read them, and no honest clock says them.
fn moment(at_ms: i64) -> Option<Cell> {
    let at = DateTime::from_timestamp_millis(at_ms)?;
    (1..=9_999).contains(&at.year()).then_some(Cell::Moment(at_ms))
}

fn day(days: i64) -> Option<Cell> {
    let days = i32::try_from(days).ok()?;
    let day = NaiveDate::from_epoch_days(days)?;
    (1..=9_999).contains(&day.year()).then_some(Cell::Day(days))
}

fn started(of: &Found) -> &Stamp {
    &of.response.draft.started
}

fn local_time(of: &Found) -> Option<Cell> {
    let started = started(of);
    let since_midnight =
        started.wall_ms.saturating_add(i64::from(started.offset_min) * 60_000).rem_euclid(86_400_000);
    // As long as there is a day that it is a time of.
    day(started.local_day()).and(i32::try_from(since_midnight).ok().map(Cell::Time))
}

fn flags(of: &Found) -> Option<Cell> {
    let flags: Vec<String> = of.response.draft.flags.iter().map(word).collect();
    (!flags.is_empty()).then(|| Cell::Text(flags.join(" ")))
}

fn first_rating(of: &Found) -> Option<(&str, afterword_model::scale::ScaleKind, u8)> {
    of.response.draft.ratings().next()
}

fn comment(of: &Found) -> Option<Cell> {
    of.response.draft.answers.iter().find_map(|answer| match &answer.value {
        AnswerValue::Comment(words) => kept(words).and_then(text),
        _ => None,
    })
}

fn has_contact(of: &Found) -> bool {
    of.response.draft.answers.iter().any(|answer| matches!(answer.value, AnswerValue::Contact(_)))
}

fn answers(of: &Found) -> Option<Cell> {
    let answers: Vec<GivenAnswer> = of.response.draft.answers.iter().map(GivenAnswer::from).collect();
    Some(Cell::List(serde_json::to_string(&answers).expect("an answer holds only texts, numbers and lists")))
}
