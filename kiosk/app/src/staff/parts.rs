//! The numbers by weekday, touchpoint and language, and where visits end.

use afterword_model::summary::{Measure, Part as Counted, Step as Counts, Summary};
use afterword_model::survey::Survey;
use afterword_ui::view::parts::{PARTS_ROWS, Part, PartKind, PartsPage, STEPS_ROWS, Step, Visits};
use afterword_ui::view::staff::{Range, TileKind};
use chrono::NaiveDate;

use super::desk::Seen;
use super::numbers::{days_in_words, in_words};
use crate::dates::weekday_name;

/// The page of parts.
pub(crate) fn page(seen: &Seen<'_>, survey: &Survey, tag: &str) -> PartsPage {
    let (failed, kind) = (seen.failed, seen.browsing.kind);
    let Some(sheet) = seen.sheet_of_place() else {
        return PartsPage { failed, kind, page: 1, pages: 1, ..PartsPage::default() };
    };
    let summary = &sheet.summary;
    let skip = seen.browsing.turn * rows(kind);
    let counted = counted(summary, kind);
    let parts = counted.iter().skip(skip).take(PARTS_ROWS);
    let steps = if kind == PartKind::Step { in_order(&summary.steps, survey) } else { Vec::new() };
    let steps = steps.into_iter().skip(skip).take(STEPS_ROWS);
    PartsPage {
        is_read: true,
        failed,
        days: days_in_words(&summary.ask, tag),
        kind,
        measure: measured(counted),
        parts: parts.map(|part| self::part(part, kind, survey, tag)).collect(),
        steps: steps.map(|step| self::step(step, survey, tag)).collect(),
        visits: Visits {
            began: summary.responses.to_string(),
            completed: summary.ended.completed.to_string(),
            finished: summary.ended.finished.to_string(),
        },
        page: seen.browsing.turn + 1,
        pages: pages(summary, kind),
    }
}

/// How many pages these parts have.
pub(crate) fn pages(summary: &Summary, kind: PartKind) -> usize {
    let all = if kind == PartKind::Step { summary.steps.len() } else { counted(summary, kind).len() };
    all.div_ceil(rows(kind)).max(1)
}

fn rows(kind: PartKind) -> usize {
    if kind == PartKind::Step { STEPS_ROWS } else { PARTS_ROWS }
}

fn counted(summary: &Summary, kind: PartKind) -> &[Counted] {
    match kind {
        PartKind::Weekday => &summary.weekdays,
        PartKind::Touchpoint => &summary.touchpoints,
        PartKind::Language => &summary.languages,
        PartKind::Step => &[],
    }
}

/// What their number is of.
fn measured(parts: &[Counted]) -> TileKind {
    let most = parts.iter().max_by_key(|part| part.responses);
    match most.map_or(0, |part| part.counts.len()) {
        11 => TileKind::Recommend,
        7 => TileKind::Easy,
        2 => TileKind::Thumbs,
        _ => TileKind::Satisfied,
    }
}

fn part(part: &Counted, kind: PartKind, survey: &Survey, tag: &str) -> Part {
    let value = part.measure.map(|measure| in_words(measure, measure.estimate()));
    Part {
        name: match kind {
            PartKind::Weekday => weekday(&part.name, tag),
            PartKind::Language => language(survey, &part.name),
            PartKind::Touchpoint | PartKind::Step => part.name.clone(),
        },
        responses: part.responses.to_string(),
        value: value.unwrap_or_default(),
        range: part.measure.map(range),
    }
}

fn range(measure: Measure) -> Range {
    let (low, high) = measure.interval();
    // All parts on the same scale, the whole of it.
    let (from, to) = match measure {
        Measure::Share(_) => (0.0, 1.0),
        Measure::Nps(_) => (-100.0, 100.0),
        Measure::Mean(_) => (1.0, 7.0),
    };
    #[expect(clippy::cast_possible_truncation, reason = "a place to draw at")]
    let place = |value: f64| ((value - from) / (to - from)) as f32;
    Range {
        at: place(measure.estimate()),
        ends: (place(low), place(high)),
        words: (in_words(measure, low), in_words(measure, high)),
    }
}

/// `1` is Monday.
fn weekday(number: &str, tag: &str) -> String {
    // 1970-01-05 was a Monday.
    let day = number.parse::<u32>().ok().filter(|number| (1..=7).contains(number));
    let date = day.and_then(|day| NaiveDate::from_ymd_opt(1970, 1, 4 + day));
    date.map_or_else(|| number.to_owned(), |date| weekday_name(date, tag))
}

/// A language's name in itself, where the survey has it.
fn language(survey: &Survey, tag: &str) -> String {
    let known = survey.languages.iter().find(|language| language.tag == tag);
    known.map_or_else(|| tag.to_owned(), |language| language.name.clone())
}

/// As the survey asks them; what it does not ask comes after.
fn in_order<'s>(steps: &'s [Counts], survey: &Survey) -> Vec<&'s Counts> {
    let place = |step: &&Counts| {
        let asked = survey.questions.iter().position(|asked| asked.id == step.question);
        asked.filter(|_| step.survey == survey.id).unwrap_or(usize::MAX)
    };
    let mut steps: Vec<&Counts> = steps.iter().collect();
    steps.sort_by_key(place);
    steps
}

fn step(step: &Counts, survey: &Survey, tag: &str) -> Step {
    let asked = survey.questions.iter().find(|asked| asked.id == step.question);
    Step {
        // One of a survey before keeps its name.
        name: asked.map_or_else(|| step.question.clone(), |asked| asked.title.in_language(tag).to_owned()),
        shown: step.shown.map(|shown| shown.to_string()).unwrap_or_default(),
        answered: step.answered.to_string(),
        left: step.left.to_string(),
        seconds: step.median_ms.map(seconds).unwrap_or_default(),
    }
}

/// A short time with a tenth of a second; a long one is not known that well.
fn seconds(ms: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a visit lasts minutes")]
    let seconds = ms as f64 / 1_000.0;
    if ms < 9_950 { format!("{seconds:.1}") } else { format!("{seconds:.0}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_as_exact_as_it_is_known() {
        assert_eq!([seconds(0), seconds(1_094), seconds(9_949)], ["0.0", "1.1", "9.9"]);
        assert_eq!([seconds(9_950), seconds(41_499)], ["10", "41"]);
    }

    #[test]
    fn a_week_begins_with_monday_in_every_language() {
        assert_eq!(
            [weekday("1", "en"), weekday("7", "en"), weekday("1", "de-AT")],
            ["Monday", "Sunday", "Montag"]
        );
        assert_eq!((weekday("8", "en"), weekday("", "en")), ("8".into(), String::new()));
    }
}
