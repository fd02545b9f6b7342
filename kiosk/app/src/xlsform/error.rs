//! Why a form became no survey. Each error is one sentence: what happened, where, and what to do.

use afterword_model::survey::Diagnostic;
use thiserror::Error;

use super::limits::{ROWS_MAX, TEXT_BYTES_MAX, UNPACKED_BYTES_MAX};
use super::notes::Note;

/// Why a form became no survey.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The bytes are no workbook, or a damaged one.
    #[error(
        "it is no .xlsx workbook that can be read ({why}); save the form as .xlsx in a spreadsheet program, or export it anew"
    )]
    NotAWorkbook {
        /// What stood against it.
        why: String,
    },
    /// It unpacks to more than any form.
    #[error("it unpacks to more than {} MiB, which is no form; delete pictures and other sheets, or export the form anew", UNPACKED_BYTES_MAX / (1024 * 1024))]
    Bomb,
    /// The sheet `survey` is missing.
    #[error(
        "it has no sheet called survey, where an XLSForm has its questions; name the sheet so, or choose another file"
    )]
    NoSheet,
    /// A sheet without a column that it cannot be read without.
    #[error(
        "the sheet {sheet} has no column {heading} in its first row; write the headings of an XLSForm there (https://xlsform.org)"
    )]
    NoColumn {
        /// Which sheet.
        sheet: &'static str,
        /// Which column.
        heading: &'static str,
    },
    /// Two columns of one name; nobody can say which counts.
    #[error("the sheet {sheet} has two columns {heading}; delete one of them")]
    TwoColumns {
        /// Which sheet.
        sheet: &'static str,
        /// Which column.
        heading: String,
    },
    /// A sheet is longer than any form.
    #[error("the sheet {sheet} has more than {ROWS_MAX} rows; leave only those in it that a kiosk is to ask")]
    TooManyRows {
        /// Which sheet.
        sheet: &'static str,
    },
    /// The cells hold more text than any form.
    #[error("its cells hold more than {} MiB of text; leave only those rows in it that a kiosk is to ask", TEXT_BYTES_MAX / (1024 * 1024))]
    TooMuchText,
    /// No question can be the first.
    #[error(
        "no question could be kept, because a survey begins with one that a single tap answers; put a scale first: select_one with numbered choices or appearance likert, or range from 1 to 5, 1 to 7 or 0 to 10"
    )]
    NothingFits {
        /// Everything that was left out on the way.
        notes: Vec<Note>,
    },
    /// What was written is no survey: a mistake of this importer.
    #[error(
        "the importer made a survey with mistakes, which is its own fault, so nothing is written; please report it with the form and the lines above"
    )]
    Own {
        /// What the check of a survey says about it.
        found: Vec<Diagnostic>,
    },
}
