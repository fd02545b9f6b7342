//! `afterword-kiosk survey check`: every mistake of a survey file, with its place and a way out.

use std::path::PathBuf;
use std::process::ExitCode;

use afterword_model::survey::{self, Diagnostic, Severity};
use anyhow::{Context, Result};
use clap::Args;

use super::FOUND_MISTAKES;
use crate::config::read_bounded;
use crate::pages::left_out_without_key;

/// Check a survey file; prints every mistake with line, field and a hint.
#[derive(Debug, Args)]
#[command(
    after_help = "Each line reads FILE:LINE:COLUMN: field: what is wrong (what to do).\nExit codes: 0 the survey can be used (there may be warnings), 1 it cannot or cannot be read."
)]
pub(super) struct SurveyCheck {
    /// The survey file.
    file: PathBuf,
    /// Print one JSON object instead of lines for people.
    #[arg(long)]
    json: bool,
}

impl SurveyCheck {
    pub(super) fn run(self) -> Result<ExitCode> {
        let bytes = read_bounded(&self.file).with_context(|| {
            format!("cannot read the survey {}; check the path and its permissions", self.file.display())
        })?;
        let (found, survey) = match survey::parse_bytes(&bytes) {
            Ok(parsed) => (parsed.warnings, Some(parsed.survey)),
            Err(found) => (found, None),
        };
        let left_out = survey.as_ref().and_then(left_out_without_key);
        if self.json {
            let list: Vec<_> = found.iter().map(as_json).collect();
            println!(
                "{}",
                serde_json::json!({ "usable": survey.is_some(), "found": list, "left_out": left_out })
            );
        } else {
            for one in &found {
                let weight = if one.severity == Severity::Mistake { "" } else { " [warning]" };
                println!("{}:{one}{weight}", self.file.display());
            }
            if let Some(left_out) = &left_out {
                println!("{}: {left_out} [warning]", self.file.display());
            }
            match &survey {
                Some(survey) => println!(
                    "{}: usable. {} version {}, {} questions, {}.",
                    self.file.display(),
                    survey.id,
                    survey.version,
                    survey.questions.len(),
                    survey
                        .languages
                        .iter()
                        .map(|language| language.name.as_str())
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
                None => {
                    let mistakes = found.iter().filter(|one| one.severity == Severity::Mistake).count();
                    println!("{}: not usable; mistakes: {mistakes}.", self.file.display());
                }
            }
        }
        Ok(if survey.is_some() { ExitCode::SUCCESS } else { ExitCode::from(FOUND_MISTAKES) })
    }
}

fn as_json(one: &Diagnostic) -> serde_json::Value {
    serde_json::json!({
        "severity": if one.severity == Severity::Mistake { "mistake" } else { "warning" },
        "line": one.line,
        "column": one.column,
        "field": one.field,
        "message": one.message,
        "hint": one.hint,
    })
}
