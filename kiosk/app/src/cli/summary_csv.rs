//! A summary as a table for a spreadsheet: a row for each number.

use afterword_model::cells::safe;
use afterword_model::metrics::change::Change;
use afterword_model::summary::{Measure, Measured, Summary};
use anyhow::{Context, Result};
use csv::Writer;

/// The columns. `estimate`, `low`, `high` and `before` are 0 to 1 for a `share`, -100 to 100 for `nps`, 1 to 7 for a `mean`.
const COLUMNS: [&str; 12] = [
    "section", "survey", "question", "name", "count", "kind", "estimate", "low", "high", "before", "change",
    "p",
];

pub(super) fn csv(summary: &Summary) -> Result<String> {
    let mut rows = Rows(Writer::from_writer(Vec::new()));
    rows.0.write_record(COLUMNS)?;
    rows.add(["responses", "", "", ""], summary.responses, None)?;
    rows.add(["flagged", "", "", ""], summary.flagged, None)?;
    let ended = &summary.ended;
    for (name, count) in [
        ("completed", ended.completed),
        ("finished", ended.finished),
        ("timed_out", ended.timed_out),
        ("interrupted", ended.interrupted),
    ] {
        rows.add(["ended", "", "", name], count, None)?;
    }
    rows.add(["completed", "", "", ""], summary.responses, Some(&summary.completed))?;
    for question in &summary.questions {
        let (survey, id) = (&question.survey, &question.question);
        let answers: u64 = question.counts.iter().sum();
        rows.add(["question", survey, id, ""], answers, Some(&question.measured))?;
        for (value, count) in (*question.scale.range().start()..).zip(&question.counts) {
            rows.add(["value", survey, id, &value.to_string()], *count, None)?;
        }
    }
    for (section, parts) in [
        ("hour", &summary.hours),
        ("weekday", &summary.weekdays),
        ("touchpoint", &summary.touchpoints),
        ("language", &summary.languages),
    ] {
        for part in parts {
            let measured = Measured { now: part.measure, ..Measured::default() };
            rows.add([section, "", "", &part.name], part.responses, Some(&measured))?;
        }
    }
    for reasons in &summary.reasons {
        for (option, count) in &reasons.options {
            rows.add(["reason", &reasons.survey, &reasons.question, option], *count, None)?;
        }
    }
    for step in &summary.steps {
        for (name, count) in [
            ("shown", step.shown),
            ("answered", Some(step.answered)),
            ("left", Some(step.left)),
            ("median_ms", step.median_ms),
        ] {
            rows.add(["step", &step.survey, &step.question, name], count, None)?;
        }
    }
    let bytes = rows.0.into_inner().context("a table in memory is written")?;
    Ok(String::from_utf8(bytes)?)
}

struct Rows(Writer<Vec<u8>>);

impl Rows {
    /// A count that is not known leaves its place empty.
    fn add(
        &mut self,
        names: [&str; 4],
        count: impl Into<Option<u64>>,
        measured: Option<&Measured>,
    ) -> Result<()> {
        let now = measured.and_then(|measured| measured.now);
        let kind = now.map_or("", |measure| match measure {
            Measure::Share(_) => "share",
            Measure::Nps(_) => "nps",
            Measure::Mean(_) => "mean",
        });
        let change = measured.and_then(|measured| measured.change).map_or("", |change| match change {
            Change::Up => "up",
            Change::Down => "down",
            Change::None => "none",
        });
        let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
        let mut row: Vec<String> = names.into_iter().map(safe).collect();
        row.extend([
            count.into().map(|count| count.to_string()).unwrap_or_default(),
            kind.to_owned(),
            number(now.map(|measure| measure.estimate())),
            number(now.map(|measure| measure.interval().0)),
            number(now.map(|measure| measure.interval().1)),
            number(measured.and_then(|measured| measured.before).map(|measure| measure.estimate())),
            change.to_owned(),
            number(measured.and_then(|measured| measured.p)),
        ]);
        Ok(self.0.write_record(row)?)
    }
}
