//! The numbers of a range of days, as managers read them, from what [`crate::tally`] has counted.
//!
//! What is compared: the same days of the week before. A day is held against the day a week before, a week against the week
//! before, thirty days against thirty that end five weeks before; so a Saturday never looks like a good Friday. All numbers of
//! one summary are judged together ([`crate::metrics::change`]).

mod sums;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::metrics::change::{Change, holm, judged};
use crate::metrics::score::{Mean, Recommending, Score};
use crate::metrics::share::p_of_two_shares;
use crate::metrics::usual::{Usual, usual};
use crate::metrics::{ANSWERS_MIN, Share, wilson_95};
use crate::scale::ScaleKind;
use crate::survey::Survey;
use crate::tally::{Cell, HourTally, Outcomes, QuestionTally, Ratings, Tally};

pub use sums::{Place, Sums};

/// A usual day is told from so many weeks before it.
pub const USUAL_WEEKS: i64 = 8;

/// What is to be summed up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// First local day, as days since 1970-01-01.
    pub first_day: i64,
    /// Last day, included.
    pub last_day: i64,
    /// Leaves out what carries a flag.
    #[serde(default)]
    pub without_flagged: bool,
    /// Of this touchpoint alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub touchpoint: Option<String>,
    /// Of this language alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// The numbers of these days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// What was asked for.
    #[serde(flatten)]
    pub ask: Ask,
    /// The days it is held against, first and last.
    pub compared_with: (i64, i64),
    /// Responses that were begun in these days.
    pub responses: u64,
    /// How many of them carry a flag; they are among `responses` unless they were to be left out.
    pub flagged: u64,
    /// What such a day usually brings, where it is one day and enough of its weekday are known.
    pub usual: Option<Usual>,
    /// How they ended. Each began with a first tap; how many saw the screen at rest and went by is not known.
    #[serde(default)]
    pub ended: Outcomes,
    /// The share that came to the survey's last step.
    pub completed: Measured,
    /// Every question that is answered on a scale, by survey and id; [`Self::in_order_of`] puts them into the survey's order.
    pub questions: Vec<QuestionSummary>,
    /// By hour of the day, of the first rating; hours without responses are left out.
    pub hours: Vec<Part>,
    /// By day of the week, `1` for Monday to `7`.
    pub weekdays: Vec<Part>,
    /// By touchpoint.
    pub touchpoints: Vec<Part>,
    /// By language.
    pub languages: Vec<Part>,
    /// Every question with options that somebody chose from.
    pub reasons: Vec<Reasons>,
    /// Where shoppers stop, and how long they take.
    pub steps: Vec<Step>,
}

/// A number, and how it stands against the days before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The number; none below [`ANSWERS_MIN`] answers.
    pub now: Option<Measure>,
    /// The same of the days compared with; none below [`ANSWERS_MIN`].
    pub before: Option<Measure>,
    /// What the difference is called; none where one of them is missing.
    pub change: Option<Change>,
    /// The probability that chance alone makes such a difference, raised by Holm's rule.
    pub p: Option<f64>,
}

/// What a scale is summed up as.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Measure {
    /// Of faces and stars the share of the two best, of thumbs that of those up, of visits that of the completed: 0 to 1.
    Share(Share),
    /// Of 0 to 10 the net promoter score: -100 to 100.
    Nps(Score),
    /// Of 1 to 7 the mean.
    Mean(Score),
}

/// The answers to one question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuestionSummary {
    /// Id of the survey.
    pub survey: String,
    /// Id of the question.
    pub question: String,
    /// How it is answered.
    pub scale: ScaleKind,
    /// How often each value was chosen, the lowest first.
    pub counts: Vec<u64>,
    /// What they come to.
    #[serde(flatten)]
    pub measured: Measured,
}

/// What belongs to one hour, weekday, touchpoint or language.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Which one.
    pub name: String,
    /// Responses in it.
    pub responses: u64,
    /// How often each value of the scale that most were asked on was chosen as the first answer, the lowest first.
    pub counts: Vec<u64>,
    /// What they come to; none below [`ANSWERS_MIN`].
    pub measure: Option<Measure>,
}

/// The options chosen at one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reasons {
    /// Id of the survey.
    pub survey: String,
    /// Id of the question.
    pub question: String,
    /// Visits that chose any.
    pub visits: u64,
    /// The options and how often each was chosen, the most frequent first.
    pub options: Vec<(String, u64)>,
}

/// What becomes of visits at one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Id of the survey.
    pub survey: String,
    /// Id of the question.
    pub question: String,
    /// Visits that it was shown to. None of the question that visits begin with, which a screen at rest shows to anybody, and
    /// where a program before has counted without telling.
    pub shown: Option<u64>,
    /// Visits that answered it.
    pub answered: u64,
    /// Visits that ended there, before their last step. Some of them may have answered it.
    pub left: u64,
    /// Median time from whatever was answered or passed over before to the answer, in milliseconds, as
    /// [`crate::tally::Times::median_ms`] has it. None where no time is known.
    pub median_ms: Option<u64>,
}

/// The first and the last of the days that these are held against: as many, as many weeks before as it takes.
#[must_use]
pub fn compared_with(first_day: i64, last_day: i64) -> (i64, i64) {
    let days = last_day.saturating_sub(first_day).saturating_add(1).max(1);
    let back = days.saturating_add(6).div_euclid(7).saturating_mul(7);
    (first_day.saturating_sub(back), last_day.saturating_sub(back))
}

/// The days that tell what is usual on this one, the newest first.
pub fn days_like(day: i64) -> impl Iterator<Item = i64> {
    (1..=USUAL_WEEKS).map(move |week| day.saturating_sub(7 * week))
}

/// Day of the week, 1 for Monday to 7.
#[must_use]
pub fn weekday(day: i64) -> u8 {
    // 1970-01-01 was a Thursday.
    u8::try_from(day.saturating_add(3).rem_euclid(7)).map_or(1, |day| day + 1)
}

impl Ask {
    /// Everything of these days, both included.
    #[must_use]
    pub fn days(first_day: i64, last_day: i64) -> Self {
        Self { first_day, last_day, ..Self::default() }
    }

    /// Whether what is counted there belongs to what is asked for, the days and flags aside.
    #[must_use]
    pub fn wants(&self, touchpoint: &str, language: &str) -> bool {
        self.touchpoint.as_ref().is_none_or(|wanted| wanted == touchpoint)
            && self.language.as_ref().is_none_or(|wanted| wanted == language)
    }
}

impl Summary {
    /// What these cells come to. `now` and `before` hold the cells of the days asked for and of those compared with, the flagged
    /// among them; `alike` how many responses each of [`days_like`] had that had any, where one day is asked for.
    #[must_use]
    pub fn of(ask: Ask, now: &[(Cell, Tally)], before: &[(Cell, Tally)], alike: &[u64]) -> Self {
        let (now, before) = (Sums::of(&ask, now), Sums::of(&ask, before));
        Self::of_sums(ask, now, before, alike)
    }

    /// The same of what was added up before; of the days compared with no hours are needed.
    #[must_use]
    pub fn of_sums(ask: Ask, now: Sums, before: Sums, alike: &[u64]) -> Self {
        let Sums { flagged, surveys, hours, weekdays, touchpoints, languages } = now;
        let surveys_before = before.surveys;
        let mut completed = Pair::default();
        let mut questions = Vec::new();
        let mut pairs = Vec::new();
        let mut ended = Outcomes::default();
        for (survey, tally) in &surveys {
            ended.merge(&tally.outcomes);
            completed.now.0 += tally.outcomes.completed;
            completed.now.1 += tally.outcomes.total();
            for (question, scale, counts) in scales(tally) {
                let before = surveys_before.get(survey).and_then(|tally| tally.questions.get(question));
                let before = before.and_then(|question| question.ratings.get(&scale));
                pairs.push(measured(scale, counts, before.map_or(&[], Vec::as_slice)));
                questions.push((survey.clone(), question.to_owned(), scale, counts.to_vec()));
            }
        }
        for tally in surveys_before.values() {
            completed.before.0 += tally.outcomes.completed;
            completed.before.1 += tally.outcomes.total();
        }
        pairs.push(completed.measured());
        judge(&mut pairs);
        let completed = pairs.pop().unwrap_or_default();
        let questions = questions.into_iter().zip(pairs);
        let compared_with = compared_with(ask.first_day, ask.last_day);
        let is_day = ask.first_day == ask.last_day;
        Self {
            compared_with,
            responses: surveys.values().map(|tally| tally.outcomes.total()).sum(),
            flagged,
            ended,
            usual: if is_day { usual(alike) } else { None },
            completed,
            questions: questions
                .map(|((survey, question, scale, counts), measured)| QuestionSummary {
                    survey,
                    question,
                    scale,
                    counts,
                    measured,
                })
                .collect(),
            hours: parts(hours),
            weekdays: parts(weekdays),
            touchpoints: parts(touchpoints),
            languages: parts(languages),
            reasons: reasons(&surveys),
            steps: steps(&surveys),
            ask,
        }
    }
}

impl Summary {
    /// Puts questions, reasons and steps into the order in which these surveys ask them; what none of them asks comes after.
    pub fn in_order_of<'s>(&mut self, surveys: impl IntoIterator<Item = &'s Survey>) {
        let mut places: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for survey in surveys {
            for question in &survey.questions {
                let next = places.len();
                places.entry((&survey.id, &question.id)).or_insert(next);
            }
        }
        let place =
            |survey: &str, question: &str| places.get(&(survey, question)).copied().unwrap_or(usize::MAX);
        self.questions.sort_by_key(|asked| place(&asked.survey, &asked.question));
        self.reasons.sort_by_key(|asked| place(&asked.survey, &asked.question));
        self.steps.sort_by_key(|asked| place(&asked.survey, &asked.question));
    }
}

/// The questions of a survey that are answered on a scale.
fn scales(tally: &Tally) -> impl Iterator<Item = (&str, ScaleKind, &[u64])> {
    tally.questions.iter().flat_map(|(id, question)| {
        question.ratings.iter().map(move |(scale, counts)| (id.as_str(), *scale, counts.as_slice()))
    })
}

/// Hits and all, of the days asked for and of those compared with.
#[derive(Default)]
struct Pair {
    now: (u64, u64),
    before: (u64, u64),
}

impl Pair {
    fn measured(&self) -> Measured {
        let share = |(hits, of)| (of >= ANSWERS_MIN).then(|| Measure::Share(wilson_95(hits, of)));
        let (now, before) = (share(self.now), share(self.before));
        let p = now.and(before).map(|_| p_of_two_shares(self.now, self.before));
        Measured { now, before, change: None, p }
    }
}

/// What a scale's counts come to; none below [`ANSWERS_MIN`] answers.
#[must_use]
pub fn measure(scale: ScaleKind, counts: &[u64]) -> Option<Measure> {
    let of: u64 = counts.iter().sum();
    (of >= ANSWERS_MIN).then(|| match scale {
        ScaleKind::Nps => Measure::Nps(Recommending::of(counts).score()),
        ScaleKind::Effort => {
            Measure::Mean(mean(scale, counts).score(*scale.range().start(), *scale.range().end()))
        }
        _ => Measure::Share(wilson_95(hits(scale, counts), of)),
    })
}

/// The two best of faces and stars, the best of thumbs.
fn hits(scale: ScaleKind, counts: &[u64]) -> u64 {
    let best = if scale == ScaleKind::Thumbs { 1 } else { 2 };
    counts.iter().rev().take(best).sum()
}

/// How many of these are happy, and how many said whether they are: the answers on faces, stars and thumbs.
#[must_use]
pub fn happy(ratings: &Ratings) -> (u64, u64) {
    let asked = ratings.iter().filter(|(scale, _)| !matches!(scale, ScaleKind::Nps | ScaleKind::Effort));
    asked.fold((0, 0), |(happy, of), (scale, counts)| {
        (happy + hits(*scale, counts), of + counts.iter().sum::<u64>())
    })
}

fn mean(scale: ScaleKind, counts: &[u64]) -> Mean {
    Mean::of(counts, *scale.range().start())
}

fn measured(scale: ScaleKind, now: &[u64], before: &[u64]) -> Measured {
    let p = || match scale {
        ScaleKind::Nps => Recommending::of(now).p_against(Recommending::of(before)),
        ScaleKind::Effort => mean(scale, now).p_against(mean(scale, before)),
        _ => {
            let share = |counts: &[u64]| (hits(scale, counts), counts.iter().sum());
            p_of_two_shares(share(now), share(before))
        }
    };
    let (now, before) = (measure(scale, now), measure(scale, before));
    Measured { now, before, change: None, p: now.and(before).map(|_| p()) }
}

/// Judges all numbers of a summary together.
fn judge(numbers: &mut [Measured]) {
    let p: Vec<f64> = numbers.iter().filter_map(|number| number.p).collect();
    let raised = holm(&p).into_iter();
    let compared = numbers.iter_mut().filter(|number| number.p.is_some());
    for (number, raised) in compared.zip(raised) {
        number.p = Some(raised);
        if let (Some(now), Some(before)) = (number.now, number.before) {
            number.change = Some(judged(now.estimate(), before.estimate(), raised));
        }
    }
}

impl Measure {
    /// The number itself, in its own unit.
    #[must_use]
    pub fn estimate(&self) -> f64 {
        match self {
            Self::Share(share) => share.estimate,
            Self::Nps(score) | Self::Mean(score) => score.estimate,
        }
    }

    /// The ends of its interval.
    #[must_use]
    pub fn interval(&self) -> (f64, f64) {
        match self {
            Self::Share(share) => (share.low, share.high),
            Self::Nps(score) | Self::Mean(score) => (score.low, score.high),
        }
    }
}

/// Of several scales the one with most answers.
fn main_scale(ratings: &Ratings) -> Option<(ScaleKind, &Vec<u64>)> {
    let most = ratings.iter().max_by_key(|(_, counts)| counts.iter().sum::<u64>());
    most.map(|(scale, counts)| (*scale, counts))
}

fn part(name: String, tally: &HourTally) -> Part {
    let main = main_scale(&tally.ratings);
    Part {
        name,
        responses: tally.responses,
        counts: main.map(|(_, counts)| counts.clone()).unwrap_or_default(),
        measure: main.and_then(|(scale, counts)| measure(scale, counts)),
    }
}

fn parts<N: ToString>(parts: BTreeMap<N, HourTally>) -> Vec<Part> {
    parts.into_iter().map(|(name, tally)| part(name.to_string(), &tally)).collect()
}

fn questions(surveys: &BTreeMap<String, Tally>) -> impl Iterator<Item = (&String, &String, &QuestionTally)> {
    surveys.iter().flat_map(|(survey, tally)| {
        tally.questions.iter().map(move |(question, counts)| (survey, question, counts))
    })
}

fn reasons(surveys: &BTreeMap<String, Tally>) -> Vec<Reasons> {
    let chosen = questions(surveys).filter(|(_, _, counts)| !counts.options.is_empty());
    chosen
        .map(|(survey, question, counts)| {
            let mut options: Vec<(String, u64)> =
                counts.options.iter().map(|(option, count)| (option.clone(), *count)).collect();
            options.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
            Reasons { survey: survey.clone(), question: question.clone(), visits: counts.answered, options }
        })
        .collect()
}

fn steps(surveys: &BTreeMap<String, Tally>) -> Vec<Step> {
    let all = |survey| surveys.get(survey).map_or(0, |tally: &Tally| tally.outcomes.total());
    questions(surveys)
        .map(|(survey, question, counts)| Step {
            survey: survey.clone(),
            question: question.clone(),
            shown: shown(counts, all(survey)),
            answered: counts.answered,
            left: counts.left,
            median_ms: counts.took.median_ms(),
        })
        .collect()
}

/// How many were shown a question, of a survey with so many responses. Of the one that visits begin with nothing is counted as
/// shown; a program before did not tell it from others, and there it is one that all have answered.
fn shown(counts: &QuestionTally, responses: u64) -> Option<u64> {
    let began = counts.took.is_empty() && counts.answered == responses;
    (!began && counts.shown >= counts.answered).then_some(counts.shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::{
        Answer, AnswerValue, ClockQuality, Draft, Outcome, RESPONSE_VERSION, Response, Stamp,
    };

    fn cell(day: i64, language: &str, flagged: bool, ratings: &[u8], outcome: Outcome) -> (Cell, Tally) {
        let mut tally = Tally::default();
        let started = Stamp { wall_ms: 0, offset_min: 0, boot: 1, mono_ms: 0, clock: ClockQuality::Synced };
        let mut draft = Draft::begun("exit", 1, language, started);
        for face in ratings {
            draft.answers =
                vec![Answer { question: "visit".into(), value: AnswerValue::Face(*face), at_ms: 0 }];
            let draft = draft.clone();
            tally.add(&Response { v: RESPONSE_VERSION, seq: 1, draft, outcome, took_ms: 0 }, 12);
        }
        let cell = Cell {
            day,
            survey: "exit".into(),
            touchpoint: String::new(),
            language: language.into(),
            flagged,
        };
        (cell, tally)
    }

    #[test]
    fn days_are_held_against_the_same_days_of_the_week() {
        assert_eq!(compared_with(100, 100), (93, 93));
        assert_eq!(compared_with(94, 100), (87, 93));
        assert_eq!(compared_with(71, 100), (36, 65));
        assert_eq!(weekday(0), 4);
        assert_eq!(weekday(-3), 1);
        assert_eq!(weekday(3), 7);
        assert_eq!(days_like(100).last(), Some(44));
    }

    #[test]
    fn a_change_is_called_one_only_where_it_is_certain() {
        let ask = || Ask { first_day: 100, last_day: 100, ..Ask::default() };
        let of = |now: &[u8], before: &[u8]| {
            let now = [cell(100, "en", false, now, Outcome::Completed)];
            let before = [cell(93, "en", false, before, Outcome::Completed)];
            Summary::of(ask(), &now, &before, &[]).questions[0].measured
        };
        let few = of(&[5; 4], &[1; 9]);
        assert_eq!((few.now, few.change), (None, None), "four answers are not enough");
        let like = of(&[5, 5, 5, 5, 1, 1, 1], &[5, 5, 5, 1, 1, 1, 1]);
        assert_eq!(like.change, Some(Change::None));
        assert_eq!(of(&[5; 20], &[1; 20]).change, Some(Change::Up));
        assert_eq!(of(&[1; 20], &[5; 20]).change, Some(Change::Down));
    }

    #[test]
    fn what_is_flagged_is_counted_unless_it_is_to_be_left_out() {
        let cells = [
            cell(100, "en", false, &[5; 6], Outcome::Completed),
            cell(100, "en", true, &[1; 4], Outcome::Finished),
        ];
        let ask = Ask { first_day: 100, last_day: 100, ..Ask::default() };
        let all = Summary::of(ask.clone(), &cells, &[], &[]);
        assert_eq!(
            (all.responses, all.flagged, all.questions[0].counts.as_slice()),
            (10, 4, &[4, 0, 0, 0, 6][..])
        );
        let without = Summary::of(Ask { without_flagged: true, ..ask }, &cells, &[], &[]);
        assert_eq!((without.responses, without.flagged), (6, 4));
        assert_eq!(without.questions[0].counts, [0, 0, 0, 0, 6]);
    }

    #[test]
    fn one_language_is_summed_up_alone_and_all_by_name() {
        let cells = [
            cell(100, "en", false, &[5; 6], Outcome::Completed),
            cell(101, "de", false, &[1; 5], Outcome::Finished),
        ];
        let ask = Ask { first_day: 100, last_day: 101, ..Ask::default() };
        let all = Summary::of(ask.clone(), &cells, &[], &[9; 8]);
        let names = |parts: &[Part]| parts.iter().map(|part| part.name.clone()).collect::<Vec<_>>();
        assert_eq!(
            (names(&all.languages), names(&all.weekdays)),
            (vec!["de".into(), "en".into()], vec!["6".into(), "7".into()])
        );
        assert_eq!((all.hours[0].responses, all.hours[0].counts.as_slice()), (11, &[5, 0, 0, 0, 6][..]));
        assert_eq!(all.usual, None, "two days are no day");
        let german = Summary::of(Ask { language: Some("de".into()), ..ask }, &cells, &[], &[]);
        assert_eq!((german.responses, german.questions[0].counts.as_slice()), (5, &[5, 0, 0, 0, 0][..]));
    }
}
