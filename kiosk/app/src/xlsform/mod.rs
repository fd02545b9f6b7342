//! A survey from an XLSForm, the spreadsheet in which ODK and KoboToolbox keep their forms (<https://xlsform.org>).
//!
//! A form can say more than a kiosk asks. What fits is kept as it is; what does not is left out **and named**, each with
//! sheet, row, name and reason, so that nobody finds out from missing answers. Three decisions follow from that:
//!
//! - **Nobody is asked who would not have been.** A question whose `relevant` our `show_if` cannot say, or that names a
//!   question which is left out, is left out itself. Asking everybody instead would change who the answers are from.
//! - **The survey's own parser decides what fits.** Each question is added, the file is read as the kiosk would read it,
//!   and where that finds a mistake the question is taken out again and the mistake is its reason. No limit of a survey is
//!   known here a second time, and what is written is usable.
//! - **Order stays.** The kiosk rests on the first question, so what comes before the first one that a single tap answers
//!   is left out rather than moved: conditions may build on the order.
//!
//! Of how a question looks (`appearance`), only `likert` means something here; the looks are the kiosk's own.
//!
//! | module | what is in it |
//! |---|---|
//! | `limits` | every bound on a form, and why it is that number |
//! | `unpacked`, `workbook` | from a file's bytes to the cells of three sheets |
//! | `table` | columns by their headings |
//! | `languages`, `settings`, `choices` | what the rows build on |
//! | `rows`, `groups` | row by row: what is asked of whom |
//! | `kinds` | from a type to how a question is answered |
//! | `expression`, `show_if` | from `relevant` to `show_if` |
//! | `adopt` | a question is kept, or is not |
//! | `draft`, `survey_text` | the survey so far, and its file |
//!
//! Nothing here panics on any input, opens a file or writes one.

mod adopt;
mod choices;
mod draft;
mod error;
mod expression;
mod groups;
mod ids;
mod kinds;
mod languages;
pub mod limits;
mod notes;
mod rows;
mod settings;
mod show_if;
mod survey_text;
mod table;
mod unpacked;
mod wording;
mod workbook;

use afterword_model::survey::{self, Survey};

pub use error::ImportError;
pub use notes::Note;

use adopt::Adoption;
use choices::Lists;
use languages::Languages;
use notes::Notes;
use settings::Settings;
use table::Table;

/// What came of a form.
#[derive(Debug)]
pub struct Imported {
    /// The survey's file.
    pub toml: String,
    /// The same, as the kiosk reads it.
    pub survey: Survey,
    /// What was left out, and what somebody should look at, in the order of the form.
    pub notes: Vec<Note>,
}

/// Makes a survey of a form. `file_stem` is the file's name without its ending; it names the survey where the form does not.
///
/// # Errors
/// [`ImportError`], each with what to do.
pub fn import(bytes: &[u8], file_stem: &str) -> Result<Imported, ImportError> {
    let workbook = workbook::read(bytes)?;
    let mut notes = Notes::default();
    for name in &workbook.others {
        notes.sheet(name, "the kiosk reads the sheets survey, choices and settings; left out");
    }
    let questions = Table::read("survey", workbook.survey.ok_or(ImportError::NoSheet)?, &["type", "name"])?;
    let choices = workbook.choices.map(|sheet| Table::read("choices", sheet, &["list_name", "name"]));
    let choices = choices.transpose()?.unwrap_or_default();
    let settings = workbook.settings.map(|sheet| Table::read("settings", sheet, &[])).transpose()?;
    let settings = Settings::read(&settings.unwrap_or_default(), file_stem, &mut notes);
    let languages = Languages::find(&questions, &choices, settings.default_language.as_deref(), &mut notes);
    let lists = Lists::read(&choices, &languages, &mut notes);
    let mut adoption = Adoption::begin(draft::Draft::new(&settings, &languages, file_stem, &mut notes));
    rows::walk(&questions, &lists, &languages, &mut adoption, &mut notes);

    if adoption.draft.questions.is_empty() {
        return Err(ImportError::NothingFits { notes: notes.list });
    }
    let toml = survey_text::write(&adoption.draft);
    match survey::parse(&toml) {
        Ok(parsed) => Ok(Imported { toml, survey: parsed.survey, notes: notes.list }),
        Err(found) => Err(ImportError::Own { found }),
    }
}
