//! `afterword-kiosk survey import`: a survey from an XLSForm, with everything named that did not fit.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use afterword_model::survey::Survey;
use anyhow::{Context, Result, bail};
use clap::Args;

use super::FOUND_MISTAKES;
use crate::xlsform::{self, ImportError, Imported, Note, limits};

/// Make a survey of an XLSForm (.xlsx), as ODK and KoboToolbox have them; prints what does not fit a kiosk.
#[derive(Debug, Args)]
#[command(
    after_help = "Each line on standard error names one thing that was left out or needs a look:\n  FORM.xlsx: survey row 12: \"photo\": image is not a kind the kiosk has; left out\n\nNobody is asked who would not have been: a question whose `relevant` a survey cannot say is left out.\n\nExample:\n  afterword-kiosk survey import form.xlsx --out my-survey.toml\n  afterword-kiosk survey preview my-survey.toml --out pictures\n\nExit codes: 0 written, even if things were left out; 1 nothing was written; 2 wrong use."
)]
pub(super) struct SurveyImport {
    /// The form.
    #[arg(value_name = "FORM.xlsx")]
    form: PathBuf,
    /// The survey file to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Replace the survey file if it is there.
    #[arg(long)]
    force: bool,
}

impl SurveyImport {
    pub(super) fn run(self) -> Result<ExitCode> {
        let Self { form, out, force } = &self;
        let bytes = read(form)?;
        if let (Ok(form), Ok(out)) = (form.canonicalize(), out.canonicalize())
            && form == out
        {
            bail!("{} is the form itself; name another file with --out", out.display());
        }
        if !force && out.symlink_metadata().is_ok() {
            bail!(
                "{} is there already; name another file with --out, or replace it with --force",
                out.display()
            );
        }
        let stem = form.file_stem().unwrap_or_default().to_string_lossy();
        let imported = match xlsform::import(&bytes, &stem) {
            Ok(imported) => imported,
            Err(error) => {
                match &error {
                    ImportError::NothingFits { notes } => tell(form, notes),
                    ImportError::Own { found } => {
                        found.iter().for_each(|one| eprintln!("{}:{one}", out.display()));
                    }
                    _ => {}
                }
                eprintln!("afterword-kiosk: {}: {error}", form.display());
                return Ok(ExitCode::from(FOUND_MISTAKES));
            }
        };
        write(out, &imported, *force).with_context(|| {
            format!("cannot write {}; check the folder and its permissions", out.display())
        })?;
        tell(form, &imported.notes);
        println!("{}", summary(out, &imported));
        Ok(ExitCode::SUCCESS)
    }
}

/// Reads a form of bearable size; a pipe or a device that never ends is no file.
fn read(form: &Path) -> Result<Vec<u8>> {
    let cannot = || format!("cannot read the form {}; check the path and its permissions", form.display());
    let mut bytes = Vec::new();
    let file = File::open(form).with_context(cannot)?;
    file.take(limits::FILE_BYTES_MAX + 1).read_to_end(&mut bytes).with_context(cannot)?;
    if bytes.len() as u64 > limits::FILE_BYTES_MAX {
        bail!(
            "the form {} is larger than {} MiB; delete pictures and other sheets, or export it anew",
            form.display(),
            limits::FILE_BYTES_MAX / (1024 * 1024)
        );
    }
    Ok(bytes)
}

/// Writes the file whole or not at all, as far as a file system lets one.
fn write(out: &Path, imported: &Imported, force: bool) -> std::io::Result<()> {
    if force {
        let mut beside = out.as_os_str().to_owned();
        beside.push(".part");
        let written = fs::write(&beside, &imported.toml).and_then(|()| fs::rename(&beside, out));
        return written.inspect_err(|_| drop(fs::remove_file(&beside)));
    }
    // Somebody may have written it since it was looked for.
    let mut file = OpenOptions::new().write(true).create_new(true).open(out)?;
    file.write_all(imported.toml.as_bytes()).inspect_err(|_| drop(fs::remove_file(out)))
}

fn tell(form: &Path, notes: &[Note]) {
    for note in notes {
        eprintln!("{}: {note}", form.display());
    }
}

fn summary(out: &Path, imported: &Imported) -> String {
    let Survey { id, version, questions, languages, .. } = &imported.survey;
    let questions: Vec<&str> = questions.iter().map(|question| question.id.as_str()).collect();
    let languages: Vec<&str> = languages.iter().map(|language| language.name.as_str()).collect();
    let told = match imported.notes.len() {
        0 => "everything fitted".to_owned(),
        1 => "1 line above says what did not fit or needs a look".to_owned(),
        lines => format!("{lines} lines above say what did not fit or needs a look"),
    };
    format!(
        "{}: written. {id} version {version}; questions: {}; languages: {}; {told}.",
        out.display(),
        questions.join(", "),
        languages.join(", ")
    )
}
