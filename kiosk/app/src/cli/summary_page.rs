//! A summary as a page for people.

use std::fmt::Write;

use afterword_model::metrics::ANSWERS_MIN;
use afterword_model::metrics::change::Change;
use afterword_model::scale::ScaleKind;
use afterword_model::summary::{Measure, Measured, Part, QuestionSummary, Reasons, Summary};
use afterword_model::tally::Outcomes;
use chrono::NaiveDate;
use comfy_table::{CellAlignment, Table, presets};

/// Width of the longest bar, in characters.
const BAR_CHARS: u64 = 30;

/// In place of a number that nobody knows.
const UNKNOWN: &str = "–";

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

pub(super) fn page(store_name: &str, from: NaiveDate, to: NaiveDate, summary: &Summary) -> String {
    let days = if from == to { from.to_string() } else { format!("{from} to {to}") };
    let mut page = format!("{store_name}, {days}\n\nResponses  {}", summary.responses);
    if let Some(usual) = summary.usual {
        // Half a response is none that came.
        let _ = write!(
            page,
            ", a usual {} brings {:.0} to {:.0}",
            weekday(from),
            usual.low.ceil(),
            usual.high.floor()
        );
    }
    let _ = writeln!(page, "\nCompleted  {}", measured(&summary.completed, summary.responses));
    if summary.flagged > 0 {
        let (whose, how) = if summary.ask.without_flagged {
            ("more", "they are left out here")
        } else {
            ("of them", "--without-flagged leaves them out")
        };
        let count = summary.flagged;
        let _ = writeln!(page, "Flagged    {count} {whose}, as repeated or too many at once; {how}");
    }
    summary.questions.iter().for_each(|question| page += &question_part(question));
    page += &parts("By hour", &summary.hours, |name| format!("{name}:00"));
    if summary.weekdays.len() > 1 {
        page += &parts("By weekday", &summary.weekdays, |name| {
            name.parse()
                .ok()
                .and_then(|day: usize| WEEKDAYS.get(day.wrapping_sub(1)))
                .map_or(name, |day| day)
                .to_owned()
        });
    }
    let or_none = |name: &str| if name.is_empty() { "(none)".to_owned() } else { name.to_owned() };
    for (title, list) in [("By touchpoint", &summary.touchpoints), ("By language", &summary.languages)] {
        if list.len() > 1 {
            page += &parts(title, list, or_none);
        }
    }
    summary.reasons.iter().for_each(|reasons| page += &reasons_part(reasons));
    page + &steps_part(summary)
}

fn weekday(day: NaiveDate) -> String {
    day.format("%A").to_string()
}

fn question_part(question: &QuestionSummary) -> String {
    let total: u64 = question.counts.iter().sum();
    let mut table = plain_table();
    let longest = question.counts.iter().copied().max().unwrap_or(0).max(1);
    let values: Vec<(u8, &u64)> = question.scale.range().zip(&question.counts).collect();
    for (value, &count) in values.into_iter().rev() {
        let bar = "█".repeat(usize::try_from(count * BAR_CHARS / longest).unwrap_or(0));
        table.add_row([value_name(question.scale, value), count.to_string(), bar]);
    }
    align_right(&mut table, 1);
    format!(
        "\n{} / {}\n{:9}  {}\n{table}\n",
        question.survey,
        question.question,
        measure_name(question.scale),
        measured(&question.measured, total)
    )
}

/// What a scale is summed up as.
fn measure_name(scale: ScaleKind) -> &'static str {
    match scale {
        ScaleKind::Nps => "NPS",
        ScaleKind::Effort => "Effort",
        ScaleKind::Thumbs => "Thumbs up",
        _ => "CSAT",
    }
}

fn value_name(scale: ScaleKind, value: u8) -> String {
    let word = match (scale, value == *scale.range().start(), value == *scale.range().end()) {
        (ScaleKind::Thumbs, true, _) => return "thumb down".into(),
        (ScaleKind::Thumbs, ..) => return "thumb up".into(),
        (ScaleKind::Faces | ScaleKind::Faces4, true, _) => "face {} (worst)",
        (ScaleKind::Faces | ScaleKind::Faces4, _, true) => "face {} (best)",
        (ScaleKind::Faces | ScaleKind::Faces4, ..) => "face {}",
        (ScaleKind::Stars, true, _) => "{} star",
        (ScaleKind::Stars, ..) => "{} stars",
        (ScaleKind::Effort, true, _) => "{} (hard)",
        (ScaleKind::Effort, _, true) => "{} (easy)",
        _ => "{}",
    };
    word.replace("{}", &value.to_string())
}

/// A number, its interval, and how it stands against the days before.
fn measured(measured: &Measured, answers: u64) -> String {
    let Some(now) = &measured.now else {
        return format!("not enough answers yet ({answers} of {ANSWERS_MIN})");
    };
    let against = match (&measured.before, measured.change) {
        (Some(before), Some(Change::Up)) => format!("; up from {}", estimate(before)),
        (Some(before), Some(Change::Down)) => format!("; down from {}", estimate(before)),
        (Some(before), _) => format!("; no change from {} that is certain", estimate(before)),
        _ => String::new(),
    };
    let (low, high) = now.interval();
    let of = match now {
        Measure::Share(share) => format!("{} of {}", share.hits, share.of),
        Measure::Nps(score) | Measure::Mean(score) => format!("{} answers", score.of),
    };
    format!(
        "{} ({of}), 95 % interval {} to {}{against}",
        estimate(now),
        bare(now, low),
        bare(now, high) + unit(now)
    )
}

fn estimate(measure: &Measure) -> String {
    bare(measure, measure.estimate()) + unit(measure)
}

fn unit(measure: &Measure) -> &'static str {
    if matches!(measure, Measure::Share(_)) { " %" } else { "" }
}

fn bare(measure: &Measure, value: f64) -> String {
    match measure {
        Measure::Share(_) => format!("{:.1}", value * 100.0),
        Measure::Nps(_) => format!("{value:+.0}"),
        Measure::Mean(_) => format!("{value:.2}"),
    }
}

fn parts(title: &str, parts: &[Part], name: impl Fn(&str) -> String) -> String {
    if parts.is_empty() {
        return String::new();
    }
    let mut table = plain_table();
    for part in parts {
        let measure = part.measure.as_ref().map_or_else(String::new, |measure| {
            let (low, high) = measure.interval();
            format!("{} ({} to {})", estimate(measure), bare(measure, low), bare(measure, high))
        });
        table.add_row([name(&part.name), part.responses.to_string(), measure]);
    }
    align_right(&mut table, 1);
    format!("\n{title}\n{table}\n")
}

fn reasons_part(Reasons { survey, question, visits, options }: &Reasons) -> String {
    let mut table = plain_table();
    let longest = options.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
    for (option, count) in options {
        let bar = "█".repeat(usize::try_from(count * BAR_CHARS / longest).unwrap_or(0));
        table.add_row([option.clone(), count.to_string(), bar]);
    }
    align_right(&mut table, 1);
    format!("\n{survey} / {question}: chosen in {visits} visits\n{table}\n")
}

fn steps_part(summary: &Summary) -> String {
    if summary.steps.is_empty() {
        return String::new();
    }
    let mut table = plain_table();
    table.add_row(["", "shown", "answered", "left there", "median time"].map(String::from));
    for step in &summary.steps {
        table.add_row([
            format!("{} / {}", step.survey, step.question),
            step.shown.map_or_else(|| UNKNOWN.to_owned(), |shown| shown.to_string()),
            step.answered.to_string(),
            step.left.to_string(),
            step.median_ms.map_or_else(|| UNKNOWN.to_owned(), seconds),
        ]);
    }
    (1..5).for_each(|column| align_right(&mut table, column));
    let Outcomes { completed, finished, timed_out, interrupted } = summary.ended;
    let all = summary.responses;
    format!(
        "\nStep by step\nShown      not known: the screen at rest shows its question to anybody\nStarted    {all}\nFinished   {completed} at the last step, {finished} early; {timed_out} walked away, {interrupted} were cut off\n\n{table}\n"
    )
}

fn seconds(ms: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "times are short")]
    let seconds = ms as f64 / 1_000.0;
    format!("{seconds:.1} s")
}

fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table
}

fn align_right(table: &mut Table, column: usize) {
    if let Some(column) = table.column_mut(column) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

#[cfg(test)]
mod tests {
    use afterword_model::response::{
        Answer, AnswerValue, ClockQuality, Draft, Outcome, RESPONSE_VERSION, Response, Stamp,
    };
    use afterword_model::summary::Ask;
    use afterword_model::tally::{Cell, Tally};

    use super::*;

    fn cell(day: i64, values: &[AnswerValue]) -> (Cell, Tally) {
        let mut tally = Tally::default();
        let started = Stamp { wall_ms: 0, offset_min: 0, boot: 1, mono_ms: 0, clock: ClockQuality::Synced };
        for value in values {
            let answers = vec![Answer { question: "visit".into(), value: value.clone(), at_ms: 0 }];
            let draft = Draft { answers, ..Draft::begun("grocery-exit", 1, "en", started) };
            tally.add(
                &Response { v: RESPONSE_VERSION, seq: 1, draft, outcome: Outcome::Completed, took_ms: 0 },
                9,
            );
        }
        let (survey, touchpoint, language) = ("grocery-exit".into(), String::new(), "en".into());
        (Cell { day, survey, touchpoint, language, flagged: false }, tally)
    }

    fn printed(now: &[AnswerValue], before: &[AnswerValue], alike: &[u64]) -> String {
        let summary =
            Summary::of(Ask::days(20_778, 20_778), &[cell(20_778, now)], &[cell(20_771, before)], alike);
        let day = NaiveDate::from_ymd_opt(2026, 11, 21).unwrap();
        page("Harbour Street", day, day, &summary)
    }

    fn faces(counts: [usize; 5]) -> Vec<AnswerValue> {
        let each = counts.into_iter().zip(1..);
        each.flat_map(|(count, face)| vec![AnswerValue::Face(face); count]).collect()
    }

    #[test]
    fn a_share_never_comes_without_its_interval() {
        let page = printed(&faces([1, 1, 0, 3, 5]), &[], &[]);
        assert!(page.contains("CSAT       80.0 % (8 of 10), 95 % interval 49.0 to 94.3 %\n"), "{page}");
        assert!(page.contains("Responses  10\nCompleted  100.0 % (10 of 10)"), "{page}");
    }

    #[test]
    fn few_answers_are_called_too_few() {
        assert!(printed(&faces([0, 0, 0, 0, 2]), &[], &[]).contains("not enough answers yet (2 of 5)"));
    }

    #[test]
    fn a_difference_is_a_change_only_where_it_is_certain() {
        let up = printed(&faces([0, 0, 0, 0, 40]), &faces([40, 0, 0, 0, 0]), &[]);
        assert!(up.contains("; up from 0.0 %"), "{up}");
        let like = printed(&faces([4, 0, 0, 0, 5]), &faces([5, 0, 0, 0, 4]), &[]);
        assert!(like.contains("; no change from 44.4 % that is certain"), "{like}");
    }

    #[test]
    fn a_day_is_held_against_what_its_weekday_brings() {
        let page = printed(&faces([0, 0, 0, 0, 9]), &[], &[8, 9, 10, 11]);
        assert!(page.contains("Responses  9, a usual Saturday brings 5 to 14\n"), "{page}");
    }

    #[test]
    fn what_is_not_known_of_a_step_is_a_dash() {
        let page = printed(&faces([0, 0, 0, 0, 3]), &[], &[]);
        let row: Vec<&str> = page.lines().last().unwrap().split_whitespace().collect();
        assert_eq!(row, ["grocery-exit", "/", "visit", "–", "3", "0", "–"], "{page}");
        assert!(
            page.contains("Started    3\nFinished   3 at the last step, 0 early; 0 walked away"),
            "{page}"
        );
    }

    #[test]
    fn a_recommendation_is_a_score_with_its_sign() {
        let nps: Vec<AnswerValue> = [10, 10, 9, 7, 3].map(AnswerValue::Nps).into();
        let page = printed(&nps, &[], &[]);
        assert!(page.contains("NPS        +40 (5 answers), 95 % interval "), "{page}");
    }
}
