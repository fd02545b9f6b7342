//! Responses as a table for people (CSV), a row for each: what `afterword-kiosk export` writes, and a manager at the screen.
//!
//! Text that a spreadsheet would take for a formula has an apostrophe before it; of a way to be reached there is only that there is
//! one.

use std::collections::{BTreeSet, HashSet};

use afterword_model::carried::{Carried, Origin};
use afterword_model::cells::safe;
use afterword_model::content::Content;
use afterword_model::record::Seq;
use afterword_model::response::{AnswerValue, ClockQuality, Response, Stamp};
use afterword_protocol::limits::BATCH_RECORDS_MAX;
use afterword_protocol::queue::{Run, Take};
use anyhow::{Context, Result};
use chrono::{DateTime, FixedOffset, SecondsFormat};
use csv::Writer;

/// What some spreadsheets tell by that a table is UTF-8, at its beginning.
pub(crate) const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Columns before those of the questions.
const COLUMNS: [&str; 14] = [
    "number",
    "begun_utc",
    "begun_local",
    "clock",
    "survey",
    "version",
    "language",
    "touchpoint",
    "outcome",
    "left_at",
    "seconds",
    "flags",
    "moment",
    "hidden",
];

/// A row of the table.
pub(crate) struct Exported {
    response: Response,
    /// Whether its words are shown nowhere on the kiosk.
    is_hidden: bool,
}

/// Every response that was begun on these local days, the first and the last among them; of all days when none are named. When one
/// was begun is what `known` makes of its stamp: a boot may have had no clock until later.
///
/// # Errors
/// What `next` gives, and a record that cannot be read.
pub(crate) fn responses(
    hidden: &HashSet<Origin>,
    days: Option<(i64, i64)>,
    known: impl Fn(&Stamp) -> Stamp,
    mut next: impl FnMut(Take) -> Result<Option<Run>>,
) -> Result<Vec<Exported>> {
    let is_meant = |response: &Response| {
        let day = response.draft.started.local_day();
        days.is_none_or(|(first, last)| (first..=last).contains(&day))
    };
    let mut responses = Vec::new();
    let mut after_seq: Seq = 0;
    while let Some(run) = next(Take { after_seq, records_max: BATCH_RECORDS_MAX, wait_ms: 0 })? {
        after_seq = run.last_seq();
        for (seq, bytes) in (run.first_seq..).zip(&run.records) {
            let content = Content::from_bytes(seq, bytes).with_context(|| {
                format!("record {seq} cannot be read by this program; `afterword-kiosk doctor` says what is wrong with it")
            })?;
            // What was done about a response is none.
            let Some(mut response) = content.response() else { continue };
            response.draft.started = known(&response.draft.started);
            if !is_meant(&response) {
                continue;
            }
            let origin =
                Carried::read(bytes).map_or(Origin { epoch: run.epoch, seq }, |carried| carried.origin);
            responses.push(Exported { response, is_hidden: hidden.contains(&origin) });
        }
    }
    Ok(responses)
}

/// The table, as it stands in a file.
///
/// # Errors
/// None that anybody has met: it is written in memory.
pub(crate) fn table(responses: &[Exported]) -> Result<Vec<u8>> {
    let ids = responses
        .iter()
        .flat_map(|exported| &exported.response.draft.answers)
        .map(|answer| answer.question.as_str());
    let questions: BTreeSet<&str> = ids.collect();
    let mut table = Writer::from_writer(Vec::new());
    table.write_record(
        COLUMNS.iter().map(|name| (*name).to_owned()).chain(questions.iter().map(|id| safe(id))),
    )?;
    for exported in responses {
        let answers =
            questions.iter().map(|id| exported.response.draft.answer(id).map_or_else(String::new, read));
        table.write_record(columns(exported).into_iter().chain(answers))?;
    }
    table.into_inner().context("a table in memory is written")
}

fn columns(Exported { response, is_hidden }: &Exported) -> [String; 14] {
    let draft = &response.draft;
    let word = |value: serde_json::Result<serde_json::Value>| {
        value.ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
    };
    #[expect(clippy::cast_precision_loss, reason = "a visit lasts minutes")]
    let seconds = response.took_ms as f64 / 1_000.0;
    [
        response.seq.to_string(),
        time(&draft.started, 0),
        time(&draft.started, draft.started.offset_min),
        match draft.started.clock {
            ClockQuality::Synced => "synced",
            ClockQuality::Free => "free",
            ClockQuality::Unset => "unset",
        }
        .to_owned(),
        safe(&draft.survey),
        draft.survey_version.to_string(),
        safe(&draft.language),
        safe(draft.touchpoint.as_deref().unwrap_or_default()),
        word(serde_json::to_value(response.outcome)),
        safe(draft.left_at.as_deref().unwrap_or_default()),
        format!("{seconds:.1}"),
        draft.flags.iter().map(|flag| word(serde_json::to_value(flag))).collect::<Vec<_>>().join(" "),
        safe(&draft.moment.as_ref().map(|moment| moment.name().to_owned()).unwrap_or_default()),
        if *is_hidden { "hidden" } else { "" }.to_owned(),
    ]
}

/// RFC 3339, at that offset from UTC.
fn time(stamp: &Stamp, offset_min: i16) -> String {
    let zone = FixedOffset::east_opt(i32::from(offset_min) * 60);
    let moment = DateTime::from_timestamp_millis(stamp.wall_ms);
    match (moment, zone) {
        (Some(moment), Some(zone)) => {
            moment.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, offset_min == 0)
        }
        _ => String::new(),
    }
}

fn read(value: &AnswerValue) -> String {
    match value {
        AnswerValue::Choices(ids) => safe(&ids.join(" ")),
        AnswerValue::Comment(words) => safe(words),
        AnswerValue::Contact(_) => "sealed".into(),
        rating => rating.rating().map(|(_, value)| value.to_string()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use afterword_model::contact::{Channel, Contact};
    use afterword_model::record::{StoreEpoch, genesis};
    use afterword_model::response::{Answer, Draft, Flag, Outcome, RESPONSE_VERSION};

    use super::*;

    fn response(answers: Vec<(&str, AnswerValue)>) -> Response {
        let started = Stamp {
            wall_ms: 1_795_876_200_000,
            offset_min: 60,
            boot: 1,
            mono_ms: 0,
            clock: ClockQuality::Synced,
        };
        let answers =
            answers.into_iter().map(|(id, value)| Answer { question: id.into(), value, at_ms: 0 }).collect();
        let draft = Draft {
            answers,
            flags: vec![Flag::Repeat],
            left_at: Some("reasons".into()),
            ..Draft::begun("exit", 3, "en", started)
        };
        Response { v: RESPONSE_VERSION, seq: 7, draft, outcome: Outcome::Finished, took_ms: 4_210 }
    }

    #[test]
    fn what_was_begun_before_the_clock_came_is_of_the_day_that_the_numbers_have_it_on() {
        let mut unset = response(vec![("visit", AnswerValue::Face(5))]);
        unset.draft.started =
            Stamp { wall_ms: 5_000, mono_ms: 5_000, clock: ClockQuality::Unset, ..unset.draft.started };
        let run = Run {
            epoch: StoreEpoch::new([7; 16]),
            first_seq: unset.seq,
            previous_head: genesis(&StoreEpoch::new([7; 16])),
            records: vec![unset.to_bytes()],
        };
        let known = |stamp: &Stamp| Stamp { wall_ms: 1_795_876_200_000 + 5_000, ..*stamp };
        let on = |day: i64| {
            let mut runs = vec![run.clone()];
            responses(&HashSet::new(), Some((day, day)), known, |_| Ok(runs.pop())).unwrap()
        };
        let today = response(Vec::new()).draft.started.local_day();
        assert_eq!((on(0).len(), on(today).len()), (0, 1));
        let table = String::from_utf8(table(&on(today)).unwrap()).unwrap();
        assert!(table.contains("7,2026-11-28T14:30:05Z,2026-11-28T15:30:05+01:00,unset,"), "{table}");
    }

    #[test]
    fn a_row_says_when_what_and_nothing_that_a_spreadsheet_would_run() {
        let sealed = Contact { channel: Channel::Phone, consent: 1, sealed: "c2VhbGVk".into() };
        let hidden = |response, is_hidden| Exported { response, is_hidden };
        let table = table(&[
            hidden(
                response(vec![
                    ("visit", AnswerValue::Face(2)),
                    ("words", AnswerValue::Comment("=HYPERLINK(\"x\"), and\nmore".into())),
                    ("reply", AnswerValue::Contact(sealed)),
                ]),
                true,
            ),
            hidden(
                response(vec![("reasons", AnswerValue::Choices(vec!["price".into(), "staff".into()]))]),
                false,
            ),
        ])
        .unwrap();
        assert_eq!(
            String::from_utf8(table).unwrap(),
            "number,begun_utc,begun_local,clock,survey,version,language,touchpoint,outcome,left_at,seconds,flags,moment,hidden,reasons,reply,visit,words\n\
             7,2026-11-28T14:30:00Z,2026-11-28T15:30:00+01:00,synced,exit,3,en,,finished,reasons,4.2,repeat,,hidden,,sealed,2,\"'=HYPERLINK(\"\"x\"\"), and\nmore\"\n\
             7,2026-11-28T14:30:00Z,2026-11-28T15:30:00+01:00,synced,exit,3,en,,finished,reasons,4.2,repeat,,,price staff,,,\n"
        );
    }
}
