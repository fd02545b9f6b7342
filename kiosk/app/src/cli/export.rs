//! `afterword-kiosk export`: the responses as a table for people.
//!
//! As the numbers, they come from the running kiosk over its socket, or from the database where none runs. What head office holds
//! and the device has let go of is not among them.

use std::collections::{BTreeSet, HashSet};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use afterword_model::carried::{Carried, Origin};
use afterword_model::content::Content;
use afterword_model::record::Seq;
use afterword_model::response::{AnswerValue, ClockQuality, Response, Stamp};
use afterword_protocol::limits::BATCH_RECORDS_MAX;
use afterword_protocol::queue::{Run, Take};
use anyhow::{Context, Result};
use chrono::{DateTime, FixedOffset, SecondsFormat};
use clap::Args;
use csv::Writer;

use super::{Places, source};
use crate::cells::safe;
use crate::config::Config;

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

/// Write the responses that are on this device as a table (CSV), a row for each.
#[derive(Debug, Args)]
#[command(
    after_help = "Times are given in UTC and in the store's local time; seconds are from the first tap to the end. A question's column has the value, the options, or the words of the answer; of a way to be reached only that there is one, because head office alone can open it. Words that were hidden on the kiosk's screen are here all the same, with `hidden` in the column of that name.\n\n  afterword-kiosk export --out /media/stick/responses.csv --bom\n\nText that a spreadsheet would take for a formula has an apostrophe before it.\n\nExit codes: 0 written, 1 failed, 2 wrong use."
)]
pub(super) struct ExportCommand {
    /// The file; it must not be there yet.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Begin with a byte order mark, by which some spreadsheets tell that this is UTF-8.
    #[arg(long)]
    bom: bool,
    #[command(flatten)]
    places: Places,
}

impl ExportCommand {
    pub(super) fn run(self) -> Result<()> {
        let config = Config::read(&self.places.config)?;
        let responses = source::read(
            &self.places,
            &config,
            |store| all(&store.hidden_words()?, |take| Ok(store.queue().next_blocking(take)?)),
            |kiosk| all(&kiosk.hidden_words()?, |take| kiosk.next(take)),
        )?;
        let table = table(&responses)?;
        let written = || -> std::io::Result<()> {
            let mut file = OpenOptions::new().write(true).create_new(true).open(&self.out)?;
            if self.bom {
                file.write_all("\u{feff}".as_bytes())?;
            }
            file.write_all(&table)?;
            // A stick is pulled out as soon as this says that it is done.
            file.sync_all()
        };
        written().with_context(|| {
            format!(
                "cannot write {}; name a file that is not there yet, in a folder with room",
                self.out.display()
            )
        })?;
        println!("{} responses in {}", responses.len(), self.out.display());
        Ok(())
    }
}

/// A row of the table.
struct Exported {
    response: Response,
    /// Whether its words are shown nowhere on the kiosk.
    is_hidden: bool,
}

/// Every response, run by run.
fn all(hidden: &HashSet<Origin>, mut next: impl FnMut(Take) -> Result<Option<Run>>) -> Result<Vec<Exported>> {
    let mut responses = Vec::new();
    let mut after_seq: Seq = 0;
    while let Some(run) = next(Take { after_seq, records_max: BATCH_RECORDS_MAX, wait_ms: 0 })? {
        after_seq = run.last_seq();
        for (seq, bytes) in (run.first_seq..).zip(&run.records) {
            let content = Content::from_bytes(seq, bytes).with_context(|| {
                format!("record {seq} cannot be read by this program; `afterword-kiosk doctor` says what is wrong with it")
            })?;
            // What was done about a response is none.
            let Some(response) = content.response() else { continue };
            let origin =
                Carried::read(bytes).map_or(Origin { epoch: run.epoch, seq }, |carried| carried.origin);
            responses.push(Exported { response, is_hidden: hidden.contains(&origin) });
        }
    }
    Ok(responses)
}

fn table(responses: &[Exported]) -> Result<Vec<u8>> {
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
