//! Counting responses: what a manager's numbers are made of, so that no number needs a look at the responses again.
//!
//! Responses are counted by [`Cell`]: a local day, a survey, a place, a language, and whether they are flagged. Everything of
//! one cell is one [`Tally`], whose size goes by the survey and not by how many responses there were. Tallies add up, and what
//! was counted can be taken back, when a clock that was wrong is known better.

pub mod packed;
mod times;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::response::{Answer, AnswerValue, Draft, Outcome, Response};
use crate::scale::ScaleKind;

pub use times::{BUCKETS, Times};

/// Responses that are counted together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cell {
    /// Days since 1970-01-01 in the store's local time.
    pub day: i64,
    /// Id of the survey.
    pub survey: String,
    /// Where the kiosk stood; empty where nothing was configured.
    pub touchpoint: String,
    /// Language at the last answer; empty where it is not known any more.
    pub language: String,
    /// Whether they carry a flag.
    pub flagged: bool,
}

/// What the responses of a cell say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// How they ended.
    pub outcomes: Outcomes,
    /// By id of the question.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub questions: BTreeMap<String, QuestionTally>,
    /// By hour of the first tap, 0 to 23.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hours: BTreeMap<u8, HourTally>,
}

/// How many ended in each way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Outcomes {
    /// [`Outcome::Completed`].
    pub completed: u64,
    /// [`Outcome::Finished`].
    pub finished: u64,
    /// [`Outcome::TimedOut`].
    pub timed_out: u64,
    /// [`Outcome::Interrupted`].
    pub interrupted: u64,
}

/// How often each value of a scale was chosen, the lowest first.
pub type Ratings = BTreeMap<ScaleKind, Vec<u64>>;

/// The answers to one question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct QuestionTally {
    /// Responses that answer it.
    #[serde(skip_serializing_if = "is_0")]
    pub answered: u64,
    /// Those that were on it when they ended, before the last step. Who pressed Finish there may have answered it as well.
    #[serde(skip_serializing_if = "is_0")]
    pub left: u64,
    /// Those that it was shown to after their first tap, each once: they answered it, passed it over or left there. The question
    /// that they began with is not among these: a screen at rest shows it to anybody, and who saw it nobody knows. Who was
    /// interrupted by a power cut is counted for what was saved, not for the page that was on the screen then: what is saved
    /// is an answer, and the page that comes after it is not worth a shopper's wait for the disk.
    #[serde(skip_serializing_if = "is_0")]
    pub shown: u64,
    /// How long those who answered took for it, from the last answer or page passed over before; not where they began with it,
    /// because when they first saw it nobody knows.
    #[serde(skip_serializing_if = "Times::is_empty")]
    pub took: Times,
    /// By scale: a survey of another version may have asked on another.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub ratings: Ratings,
    /// By id of the option.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, u64>,
}

/// The responses of one hour.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HourTally {
    /// All of them.
    pub responses: u64,
    /// Their first rating, which is the answer to the question at rest.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub ratings: Ratings,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes what it skips so")]
fn is_0(count: &u64) -> bool {
    *count == 0
}

impl Cell {
    /// Where that response is counted, on that local day.
    #[must_use]
    pub fn of(response: &Response, day: i64) -> Self {
        let draft = &response.draft;
        Self {
            day,
            survey: draft.survey.clone(),
            touchpoint: draft.touchpoint.clone().unwrap_or_default(),
            language: draft.language.clone(),
            flagged: !draft.flags.is_empty(),
        }
    }
}

impl Outcomes {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.completed + self.finished + self.timed_out + self.interrupted
    }

    /// Counts what another one has, too.
    pub fn merge(&mut self, other: &Self) {
        self.combine(other, u64::saturating_add);
    }

    fn combine(&mut self, other: &Self, by: Combining) {
        for (count, other) in [
            (&mut self.completed, other.completed),
            (&mut self.finished, other.finished),
            (&mut self.timed_out, other.timed_out),
            (&mut self.interrupted, other.interrupted),
        ] {
            *count = by(*count, other);
        }
    }

    /// How many ended in that way.
    pub fn of(&mut self, outcome: Outcome) -> &mut u64 {
        match outcome {
            Outcome::Completed => &mut self.completed,
            Outcome::Finished => &mut self.finished,
            Outcome::TimedOut => &mut self.timed_out,
            Outcome::Interrupted => &mut self.interrupted,
        }
    }
}

impl HourTally {
    /// Counts what another one has, too.
    pub fn merge(&mut self, other: &Self) {
        self.combine(other, u64::saturating_add);
    }

    pub(crate) fn combine(&mut self, other: &Self, by: Combining) {
        self.responses = by(self.responses, other.responses);
        combine_ratings(&mut self.ratings, &other.ratings, by);
    }
}

impl Tally {
    /// Counts a response that was begun in that local hour, 0 to 23.
    pub fn add(&mut self, response: &Response, hour: u8) {
        self.change(response, hour, |count, by| *count = count.saturating_add(by));
    }

    /// Takes back what [`Self::add`] has counted of it. Nothing goes below 0.
    pub fn take_back(&mut self, response: &Response, hour: u8) {
        self.change(response, hour, |count, by| *count = count.saturating_sub(by));
        self.forget_zeros();
    }

    /// Takes back what [`Self::merge`] has counted of another one. Nothing goes below 0.
    pub fn take_away(&mut self, other: &Self) {
        self.combine(other, u64::saturating_sub);
        for (hour, other) in &other.hours {
            self.hours.entry(*hour).or_default().combine(other, u64::saturating_sub);
        }
        self.forget_zeros();
    }

    /// Takes counts of a program that knew nothing of what was shown for what they tell of it: who answered or left there was
    /// shown it. Who did both is counted twice, and who passed it over is not counted.
    pub fn presume_shown(&mut self) {
        for question in self.questions.values_mut() {
            question.shown = question.answered.saturating_add(question.left);
        }
    }

    /// Counts again, as this program does, what is here of responses that a program before has counted among others. Of those
    /// others stays what that one knew.
    pub fn recount(&mut self, again: &Self) {
        self.take_away(again);
        self.presume_shown();
        self.merge(again);
    }

    fn forget_zeros(&mut self) {
        self.questions.retain(|_, question| {
            question.took.forget_zeros();
            question.options.retain(|_, count| *count > 0);
            question.ratings.retain(|_, counts| counts.iter().any(|count| *count > 0));
            *question != QuestionTally::default()
        });
        self.hours.retain(|_, hour| {
            hour.ratings.retain(|_, counts| counts.iter().any(|count| *count > 0));
            hour.responses > 0
        });
    }

    /// Counts what another one has, too.
    pub fn merge(&mut self, other: &Self) {
        self.combine(other, u64::saturating_add);
        for (hour, other) in &other.hours {
            self.hours.entry(*hour).or_default().merge(other);
        }
    }

    /// Every count but those of the hours, as it comes out of both.
    pub(crate) fn combine(&mut self, other: &Self, by: Combining) {
        self.outcomes.combine(&other.outcomes, by);
        for (id, other) in &other.questions {
            let question = named(&mut self.questions, id);
            question.answered = by(question.answered, other.answered);
            question.left = by(question.left, other.left);
            question.shown = by(question.shown, other.shown);
            question.took.combine(&other.took, by);
            combine_ratings(&mut question.ratings, &other.ratings, by);
            for (option, other) in &other.options {
                let count = named(&mut question.options, option);
                *count = by(*count, *other);
            }
        }
    }

    /// Every count by a name of its own, for whoever compares two tallies.
    #[must_use]
    pub fn counts(&self) -> Vec<(String, u64)> {
        let Outcomes { completed, finished, timed_out, interrupted } = self.outcomes;
        let mut counts: Vec<(String, u64)> = vec![
            ("completed".into(), completed),
            ("finished".into(), finished),
            ("timed out".into(), timed_out),
            ("interrupted".into(), interrupted),
        ];
        let ratings = |of: &str, ratings: &Ratings| -> Vec<(String, u64)> {
            let each = ratings.iter().flat_map(|(scale, counts)| {
                let lowest = usize::from(*scale.range().start());
                counts.iter().enumerate().map(move |(place, count)| (scale, lowest + place, *count))
            });
            each.map(|(scale, value, count)| (format!("{of}, {scale:?} {value}"), count)).collect()
        };
        for (id, question) in &self.questions {
            counts.push((format!("{id:?} answered"), question.answered));
            counts.push((format!("{id:?} left"), question.left));
            counts.push((format!("{id:?} shown"), question.shown));
            counts.extend(question.took.counted().map(|(bucket, count)| {
                let (from_ms, to_ms) = times::ends_ms(bucket);
                (format!("{id:?}, {from_ms} to {to_ms} ms"), count)
            }));
            counts.extend(ratings(&format!("{id:?}"), &question.ratings));
            let options = question.options.iter();
            counts.extend(options.map(|(option, count)| (format!("{id:?}, option {option:?}"), *count)));
        }
        for (hour, tally) in &self.hours {
            counts.push((format!("hour {hour}"), tally.responses));
            counts.extend(ratings(&format!("hour {hour}"), &tally.ratings));
        }
        counts.retain(|(_, count)| *count > 0);
        counts
    }

    fn change(&mut self, response: &Response, hour: u8, change: impl Fn(&mut u64, u64)) {
        let draft = &response.draft;
        change(self.outcomes.of(response.outcome), 1);
        let hour = self.hours.entry(hour).or_default();
        change(&mut hour.responses, 1);
        if let Some((scale, value)) = draft.answers.first().and_then(|answer| answer.value.rating()) {
            rate(&mut hour.ratings, scale, value, &change);
        }
        for answer in &draft.answers {
            if !is_answer(&answer.value) {
                continue;
            }
            let question = self.questions.entry(answer.question.clone()).or_default();
            change(&mut question.answered, 1);
            if let Some(took_ms) = took_ms(draft, answer) {
                change(question.took.of_ms(took_ms), 1);
            }
            if let Some((scale, value)) = answer.value.rating() {
                rate(&mut question.ratings, scale, value, &change);
            }
            if let AnswerValue::Choices(options) = &answer.value {
                for option in options {
                    change(question.options.entry(option.clone()).or_default(), 1);
                }
            }
        }
        if let Some(left_at) = &draft.left_at {
            change(&mut self.questions.entry(left_at.clone()).or_default().left, 1);
        }
        for question in shown(draft) {
            change(&mut named(&mut self.questions, question).shown, 1);
        }
    }
}

/// Shown and left empty is no answer, and neither is what its scale does not have.
fn is_answer(value: &AnswerValue) -> bool {
    match value {
        AnswerValue::Choices(_) | AnswerValue::Comment(_) | AnswerValue::Contact(_) => !value.is_empty(),
        _ => value.rating().is_some(),
    }
}

/// The question a visit began with, on the screen at rest.
fn at_rest(draft: &Draft) -> Option<&str> {
    draft.answers.first().map(|answer| answer.question.as_str())
}

/// What the visit was shown after its first tap, each once.
fn shown(draft: &Draft) -> Vec<&str> {
    let answers = draft.answers.iter().map(|answer| &answer.question);
    let all = answers.chain(draft.passed.iter().map(|passed| &passed.question)).chain(&draft.left_at);
    let mut shown = Vec::new();
    for question in all.map(String::as_str).filter(|question| Some(*question) != at_rest(draft)) {
        if !shown.contains(&question) {
            shown.push(question);
        }
    }
    shown
}

/// Milliseconds from whatever was answered or passed over last before it.
fn took_ms(draft: &Draft, answer: &Answer) -> Option<u64> {
    if Some(answer.question.as_str()) == at_rest(draft) {
        return None;
    }
    let moments = draft.answers.iter().map(|answer| answer.at_ms);
    let moments = moments.chain(draft.passed.iter().map(|passed| passed.at_ms));
    // Who goes back changes an earlier question later; the order of time is what counts.
    let before_ms = moments.filter(|at_ms| *at_ms < answer.at_ms).max().unwrap_or(0);
    Some(answer.at_ms - before_ms)
}

fn rate(ratings: &mut Ratings, scale: ScaleKind, value: u8, change: impl Fn(&mut u64, u64)) {
    let range = scale.range();
    let counts = ratings.entry(scale).or_insert_with(|| vec![0; range.clone().count()]);
    if let Some(count) = counts.get_mut(usize::from(value.saturating_sub(*range.start()))) {
        change(count, 1);
    }
}

/// The entry under this name, which is written down only where it is not there yet.
pub(crate) fn named<'m, T: Default>(map: &'m mut BTreeMap<String, T>, name: &str) -> &'m mut T {
    if !map.contains_key(name) {
        map.insert(name.to_owned(), T::default());
    }
    map.get_mut(name).expect("it was put there")
}

/// What becomes of a count and another one's.
pub(crate) type Combining = fn(u64, u64) -> u64;

fn combine_ratings(ratings: &mut Ratings, other: &Ratings, by: Combining) {
    for (scale, other) in other {
        let counts = ratings.entry(*scale).or_default();
        counts.resize(counts.len().max(other.len()), 0);
        for (count, other) in counts.iter_mut().zip(other) {
            *count = by(*count, *other);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::response::{ClockQuality, Passed, RESPONSE_VERSION, Stamp};

    fn responses() -> impl Strategy<Value = Response> {
        let value = prop_oneof![
            (0_u8..=7).prop_map(AnswerValue::Face),
            (0_u8..=10).prop_map(AnswerValue::Nps),
            vec("[a-c]", 0..3).prop_map(AnswerValue::Choices),
            "[a-z]{0,4}".prop_map(AnswerValue::Comment),
        ];
        let answer = ("[q-s]", value, 0_u64..90_000);
        let outcome = prop_oneof![Just(Outcome::Completed), Just(Outcome::TimedOut)];
        let passed = ("[q-t]", 0_u64..90_000).prop_map(|(question, at_ms)| Passed { question, at_ms });
        let left_at = proptest::option::of("[q-s]");
        let all = (vec(answer, 0..5), outcome, left_at, vec(passed, 0..3));
        all.prop_map(|(answers, outcome, left_at, passed)| {
            let answers = answers
                .into_iter()
                .map(|(question, value, at_ms)| Answer { question, value, at_ms })
                .collect();
            let started =
                Stamp { wall_ms: 0, offset_min: 0, boot: 1, mono_ms: 0, clock: ClockQuality::Synced };
            let draft = Draft { answers, left_at, passed, ..Draft::begun("exit", 1, "en", started) };
            Response { v: RESPONSE_VERSION, seq: 1, draft, outcome, took_ms: 0 }
        })
    }

    proptest! {
        #[test]
        fn what_is_taken_back_was_never_counted(
            stay in vec((responses(), 0_u8..24), 0..12),
            go in vec((responses(), 0_u8..24), 0..12),
        ) {
            let (mut all, mut staying, mut going) = (Tally::default(), Tally::default(), Tally::default());
            for (response, hour) in &stay {
                all.add(response, *hour);
                staying.add(response, *hour);
            }
            for (response, hour) in &go {
                all.add(response, *hour);
                going.add(response, *hour);
            }
            let mut merged = staying.clone();
            merged.merge(&going);
            prop_assert_eq!(&merged, &all);
            merged.take_away(&going);
            prop_assert_eq!(merged.counts(), staying.counts());
            merged.merge(&going);
            for (response, hour) in &go {
                all.take_back(response, *hour);
            }
            prop_assert_eq!(all.counts(), staying.counts());
            prop_assert_eq!(all.outcomes.total(), stay.len() as u64);
            // Rows of JSON are what a program of a schema before has left.
            let written = serde_json::to_string(&merged).unwrap();
            prop_assert_eq!(serde_json::from_str::<Tally>(&written).unwrap(), merged);
        }
    }
}
