//! From what was counted to the page of numbers.

use afterword_model::metrics::change::Change;
use afterword_model::response::{ClockQuality, Stamp};
use afterword_model::scale::ScaleKind;
use afterword_model::summary::{Ask, Measure, Measured, Part, Summary};
use afterword_model::survey::{QuestionKind, Survey};
use afterword_protocol::limits::RESERVE_ROOM_MIN;
use afterword_ui::intent::Place;
use afterword_ui::view::follow_ups::Since;
use afterword_ui::view::staff::{Bar, Before, Hour, Numbers, Range, ReasonCount, Room, Tile, TileKind};
use chrono::{DateTime, Utc};

use super::browsing::OTHER_DAYS;
use super::desk::Seen;
use super::device::page::bytes;
use super::words::words;
use crate::config::Config;
use crate::dates::{date_of, figures, short_date, weekday_name};

/// Hours that are always shown.
const USUAL_HOURS: (u8, u8) = (8, 20);

/// What is older is told by its day, in minutes.
const SINCE_MAX_MIN: i64 = 7 * 24 * 60;

const MINUTE_MS: i64 = 60_000;

/// Less room than so many times what a kiosk stops at is said to be little: at the two megabytes of a busy day, weeks before.
const LOW_ROOM_TIMES: u64 = 4;

/// Lines across the chart, at most.
const LINES: u32 = 3;

/// The page. Words are in the language of `tag`.
pub(crate) fn page(
    seen: &Seen<'_>,
    bar: Bar,
    config: &Config,
    survey: &Survey,
    tag: &str,
    now: &Stamp,
) -> Numbers {
    let clock_is_sure = now.clock == ClockQuality::Synced;
    let failed = seen.failed;
    let Some(sheet) = seen.sheet else { return Numbers { bar, failed, clock_is_sure, ..Numbers::default() } };
    let summary = &sheet.summary;
    let is_today = (summary.ask.first_day, summary.ask.last_day) == (now.local_day(), now.local_day());
    let hours = hours(&summary.hours, is_today.then(|| now.local_hour()));
    let most = hours.iter().map(|hour| hour.counts.iter().sum::<u32>()).max().unwrap_or(0);
    let reasons = summary.reasons.iter().max_by_key(|reasons| reasons.visits);
    // What was read for another page may be what is hidden from this one.
    let newest = if sheet.wish.place == Place::Numbers { &sheet.words.said[..] } else { &[] };
    let words = newest.iter().map(|said| words(said, survey, tag, now.local_day()));
    #[expect(clippy::cast_precision_loss, reason = "a chart's height")]
    let hours_top = (most as f32 * 1.15).max(4.0);
    Numbers {
        is_read: true,
        failed,
        bar,
        range: sheet.wish.range,
        days: if sheet.wish.range == OTHER_DAYS { days_on_key(&summary.ask, tag) } else { String::new() },
        flagged: summary.flagged,
        without_flagged: summary.ask.without_flagged,
        can_export: seen.export.is_some(),
        tiles: tiles(summary),
        hours,
        hours_top,
        axis: axis(most),
        face_words: face_words(survey, tag),
        wrong_visits: reasons.map_or(0, |reasons| reasons.visits),
        reasons: reasons.map_or_else(Vec::new, |reasons| {
            let counts = reasons.options.iter();
            counts.map(|(id, count)| reason(survey, &reasons.question, id, *count, tag)).collect()
        }),
        words: words.collect(),
        weekday: weekday(&summary.ask, tag),
        sent: sheet.confirmed_ms.and_then(|ms| sent(ms, config, tag, now.wall_ms)),
        waiting: sheet.waiting,
        clock_is_sure,
        network: seen.network,
        room: sheet
            .free_bytes
            .map(|free| Room { free: bytes(free), is_low: free < RESERVE_ROOM_MIN * LOW_ROOM_TIMES }),
    }
}

fn tiles(summary: &Summary) -> Vec<Tile> {
    let by_most = |kinds: &[ScaleKind]| {
        let questions = summary.questions.iter().filter(|question| kinds.contains(&question.scale));
        questions.max_by_key(|question| question.counts.iter().sum::<u64>())
    };
    let mut tiles = Vec::new();
    for kinds in [
        &[ScaleKind::Faces, ScaleKind::Faces4, ScaleKind::Stars, ScaleKind::Thumbs][..],
        &[ScaleKind::Nps, ScaleKind::Effort][..],
    ] {
        if let Some(question) = by_most(kinds) {
            let kind = match question.scale {
                ScaleKind::Nps => TileKind::Recommend,
                ScaleKind::Effort => TileKind::Easy,
                ScaleKind::Thumbs => TileKind::Thumbs,
                _ => TileKind::Satisfied,
            };
            tiles.push(tile(kind, &question.measured));
        }
    }
    tiles.push(responses(summary));
    tiles.push(tile(TileKind::Completed, &summary.completed));
    tiles
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a place to draw at")]
fn responses(summary: &Summary) -> Tile {
    let count = summary.responses as f64;
    let range = summary.usual.map(|usual| {
        let (low, high) = (usual.low.ceil(), usual.high.floor());
        let top = high.max(count) * 1.25 + 1.0;
        Range {
            at: (count / top) as f32,
            ends: ((low / top) as f32, (high / top) as f32),
            words: (format!("{low:.0}"), format!("{high:.0}")),
        }
    });
    let value = summary.responses.to_string();
    Tile { kind: TileKind::Responses, value, unit: String::new(), range, before: None }
}

fn tile(kind: TileKind, measured: &Measured) -> Tile {
    let Some(now) = measured.now else { return Tile { kind, value: "–".into(), ..Tile::default() } };
    let (low, high) = now.interval();
    let lowest = measured.before.map_or(low, |before| low.min(before.estimate()));
    let highest = measured.before.map_or(high, |before| high.max(before.estimate()));
    // The usual part of the scale, so that days can be compared at a glance; all of it where that is left.
    let (from, to) = match now {
        Measure::Share(_) if lowest >= 0.4 => (0.4, 1.0),
        Measure::Share(_) => (0.0, 1.0),
        Measure::Nps(_) if lowest >= -20.0 && highest <= 80.0 => (-20.0, 80.0),
        Measure::Nps(_) => (-100.0, 100.0),
        Measure::Mean(_) => (1.0, 7.0),
    };
    #[expect(clippy::cast_possible_truncation, reason = "a place to draw at")]
    let place = |value: f64| ((value - from) / (to - from)) as f32;
    let (value, unit) = match now {
        Measure::Share(share) => (format!("{:.0}", share.estimate * 100.0), "%"),
        _ => (in_words(now, now.estimate()), ""),
    };
    Tile {
        kind,
        value,
        unit: unit.into(),
        range: Some(Range {
            at: place(now.estimate()),
            ends: (place(low), place(high)),
            words: (in_words(now, low), in_words(now, high)),
        }),
        before: measured.before.map(|before| Before {
            at: place(before.estimate()),
            words: in_words(before, before.estimate()),
            has_risen: match measured.change {
                Some(Change::Up) => Some(true),
                Some(Change::Down) => Some(false),
                _ => None,
            },
        }),
    }
}

/// To be read, with its sign or its unit.
pub(crate) fn in_words(measure: Measure, value: f64) -> String {
    match measure {
        Measure::Share(_) => format!("{:.0} %", value * 100.0),
        Measure::Nps(_) => format!("{value:+.0}"),
        Measure::Mean(_) => format!("{value:.1}"),
    }
}

/// The usual hours and all others that anybody came in. `now` is the hour that is not over.
fn hours(parts: &[Part], now: Option<u8>) -> Vec<Hour> {
    let of = |part: &Part| part.name.parse::<u8>().unwrap_or(0);
    let first = parts.iter().map(of).min().unwrap_or(USUAL_HOURS.0).min(USUAL_HOURS.0);
    let last = parts.iter().map(of).max().unwrap_or(USUAL_HOURS.1).max(USUAL_HOURS.1);
    let hour = |hour: u8| Hour {
        label: hour.to_string(),
        is_now: now == Some(hour),
        counts: parts
            .iter()
            .find(|part| of(part) == hour)
            .map(|part| as_faces(&part.counts))
            .unwrap_or_default(),
    };
    (first..=last).map(hour).collect()
}

/// Five kinds of mood, the worst first, of whatever scale that was.
fn as_faces(counts: &[u64]) -> [u32; 5] {
    let sum = |from: usize, to: usize| {
        let sum: u64 = counts.iter().take(to).skip(from).sum();
        u32::try_from(sum).unwrap_or(u32::MAX)
    };
    match counts.len() {
        // Detractors, passives, promoters.
        11 => [sum(0, 7), 0, sum(7, 9), 0, sum(9, 11)],
        7 => [sum(0, 2), sum(2, 3), sum(3, 4), sum(4, 5), sum(5, 7)],
        4 => [sum(0, 1), sum(1, 2), 0, sum(2, 3), sum(3, 4)],
        2 => [sum(0, 1), 0, 0, 0, sum(1, 2)],
        _ => [sum(0, 1), sum(1, 2), sum(2, 3), sum(3, 4), sum(4, 5)],
    }
}

/// Round numbers of responses, up to the most that an hour has.
fn axis(most: u32) -> Vec<u32> {
    let steps = [1, 2, 5].into_iter().flat_map(|step| (0..7).map(move |tens| step * 10_u32.pow(tens)));
    let step = steps.filter(|step| most / step <= LINES).min().unwrap_or(1);
    (1..=most / step).map(|line| line * step).collect()
}

fn face_words(survey: &Survey, tag: &str) -> Vec<String> {
    let scale = survey.questions.first().and_then(|question| question.scale());
    let scale = scale.filter(|scale| scale.kind == ScaleKind::Faces);
    let labels =
        scale.into_iter().flat_map(|scale| scale.values().filter_map(|(_, label)| label).collect::<Vec<_>>());
    labels.map(|label| label.in_language(tag).to_owned()).collect()
}

/// A reason in the survey's words, and how often it was chosen.
pub(crate) fn reason(survey: &Survey, question: &str, id: &str, count: u64, tag: &str) -> ReasonCount {
    let question = survey.questions.iter().find(|asked| asked.id == question);
    let option = question.and_then(|question| match &question.kind {
        QuestionKind::Choices { options, .. } => options.iter().find(|option| option.id == id),
        _ => None,
    });
    // One of a survey before keeps its name.
    let (icon, label) = option.map_or_else(
        || ("other".to_owned(), id.to_owned()),
        |option| (option.icon.clone(), option.label.in_language(tag).to_owned()),
    );
    ReasonCount { icon, label, count }
}

/// How long ago that was; what is older than a week by its day.
fn sent(ms: i64, config: &Config, tag: &str, now_ms: i64) -> Option<Since> {
    let passed_min = now_ms.saturating_sub(ms).max(0) / MINUTE_MS;
    if passed_min <= SINCE_MAX_MIN {
        return u32::try_from(passed_min).ok().map(Since::Minutes);
    }
    let local = DateTime::<Utc>::from_timestamp_millis(ms)?.with_timezone(&config.time_zone);
    Some(Since::Day(short_date(local.date_naive(), tag)))
}

/// The day of the week of one day; nothing of several.
fn weekday(ask: &Ask, tag: &str) -> String {
    let day = date_of(ask.first_day).filter(|_| ask.first_day == ask.last_day);
    day.map_or_else(String::new, |date| weekday_name(date, tag))
}

/// A time of today, else the day alone.
pub(crate) fn dated(time: String, day: i64, tag: &str, today: i64) -> String {
    match date_of(day) {
        Some(date) if day != today => short_date(date, tag),
        _ => time,
    }
}

/// The days of a summary on a narrow key: the first above the last in figures, and one day in words.
fn days_on_key(ask: &Ask, tag: &str) -> String {
    if ask.first_day == ask.last_day {
        return days_in_words(ask, tag);
    }
    let day = |day| date_of(day).map_or_else(String::new, |date| figures(date, tag));
    format!("{} –\n{}", day(ask.first_day), day(ask.last_day))
}

/// The days of a summary, to be read.
pub(crate) fn days_in_words(ask: &Ask, tag: &str) -> String {
    let day = |day| date_of(day).map_or_else(String::new, |date| short_date(date, tag));
    if ask.first_day == ask.last_day {
        day(ask.last_day)
    } else {
        format!("{} – {}", day(ask.first_day), day(ask.last_day))
    }
}

#[cfg(test)]
mod tests {
    use afterword_model::survey;

    use super::*;

    #[test]
    fn lines_are_round_and_few() {
        assert_eq!(axis(0), Vec::<u32>::new());
        assert_eq!(axis(3), [1, 2, 3]);
        assert_eq!(axis(41), [20, 40]);
        assert_eq!(axis(250), [100, 200]);
    }

    #[test]
    fn one_day_is_one_date_and_several_have_two_ends() {
        // 2026-11-12 was a Thursday.
        let day = 20_769;
        assert_eq!(days_on_key(&Ask::days(day, day), "en"), "12 Nov");
        assert_eq!(weekday(&Ask::days(day, day), "en"), "Thursday");
        assert_eq!(days_on_key(&Ask::days(day, day + 6), "en"), "12/11 –\n18/11");
        assert_eq!(weekday(&Ask::days(day, day + 6), "en"), "");
    }

    #[test]
    fn what_was_sent_is_told_in_minutes_and_after_a_week_by_its_day() {
        let config = Config::parse(
            std::path::Path::new("kiosk.toml"),
            "format = 1\nstore_name = \"Harbour Street\"\ntime_zone = \"Europe/London\"\n",
        )
        .unwrap();
        let at_ms = 1_794_486_300_000;
        let after = |minutes: i64| sent(at_ms, &config, "en", at_ms + minutes * MINUTE_MS);
        assert_eq!(after(12), Some(Since::Minutes(12)));
        assert_eq!(after(-3), Some(Since::Minutes(0)), "by the collector's clock, which may be ahead");
        assert_eq!(after(SINCE_MAX_MIN), Some(Since::Minutes(7 * 24 * 60)));
        assert_eq!(after(SINCE_MAX_MIN + 1), Some(Since::Day("12 Nov".into())));
    }

    #[test]
    fn an_hour_that_nobody_came_in_is_shown_and_so_is_one_at_night() {
        let part = |name: &str, counts: [u64; 5]| Part {
            name: name.into(),
            responses: counts.iter().sum(),
            counts: counts.into(),
            measure: None,
        };
        let hours = hours(&[part("9", [1, 0, 0, 0, 2]), part("22", [0, 0, 1, 0, 0])], Some(22));
        let labels: Vec<_> = hours.iter().map(|hour| hour.label.as_str()).collect();
        assert_eq!((labels[0], labels[1], labels.len()), ("8", "9", 15));
        assert_eq!((hours[1].counts, hours[14].is_now), ([1, 0, 0, 0, 2], true));
    }

    #[test]
    fn a_reason_is_said_in_the_store_s_words_and_one_of_a_survey_before_keeps_its_name() {
        let survey = survey::parse(crate::config::SHIPPED_SURVEY).unwrap().survey;
        let said = |id: &str| reason(&survey, "reasons", id, 3, "de");
        assert_eq!((said("waiting").icon.as_str(), said("waiting").label.as_str()), ("waiting", "Wartezeit"));
        assert_eq!((said("gone").icon.as_str(), said("gone").label.as_str()), ("other", "gone"));
    }

    #[test]
    fn other_scales_are_five_moods_too() {
        assert_eq!(as_faces(&[1, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5]), [2, 0, 5, 0, 9]);
        assert_eq!(as_faces(&[3, 4]), [3, 0, 0, 0, 4]);
        assert_eq!(as_faces(&[1, 2, 3, 4]), [1, 2, 0, 3, 4]);
        assert_eq!(as_faces(&[]), [0; 5]);
    }
}
