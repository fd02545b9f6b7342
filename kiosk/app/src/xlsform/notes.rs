//! What is told to whoever imports a form: one line for each thing that was left out or needs a look.

use std::fmt;

use super::limits::QUOTED_CHARS_MAX;

/// One line, displayed as `survey row 12: "photo": image is not a kind the kiosk has; left out`.
///
/// What is quoted from the form is shortened and has its control characters escaped, so that it can be printed to a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The sheet.
    pub sheet: String,
    /// Its row as the spreadsheet program counts it, from 1; none where it is about the whole sheet.
    pub row: Option<u32>,
    /// What the form calls it; empty where it has no name.
    pub name: String,
    /// What was left out or decided, and why.
    pub text: String,
}

impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.sheet)?;
        if let Some(row) = self.row {
            write!(formatter, " row {row}")?;
        }
        if !self.name.is_empty() {
            write!(formatter, ": {}", quoted(&self.name))?;
        }
        write!(formatter, ": {}", self.text)
    }
}

/// All lines so far.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) list: Vec<Note>,
}

impl Notes {
    /// About a thing in a row.
    pub(super) fn row(&mut self, sheet: &str, row: u32, name: &str, text: impl Into<String>) {
        self.add(sheet.into(), Some(row), name, text.into());
    }

    /// About a whole sheet.
    pub(super) fn sheet(&mut self, sheet: &str, text: impl Into<String>) {
        self.add(shown(sheet), None, "", text.into());
    }

    fn add(&mut self, sheet: String, row: Option<u32>, name: &str, text: String) {
        self.list.push(Note { sheet, row, name: name.into(), text });
    }
}

/// A word of the form as it can be shown: shortened, on one line, without control characters.
pub(super) fn shown(word: &str) -> String {
    let mut shown = String::new();
    for character in word.chars().take(QUOTED_CHARS_MAX) {
        // Quotation marks are no danger, and a backslash before each makes an expression hard to read.
        if matches!(character, '\'' | '"') {
            shown.push(character);
        } else {
            shown.extend(character.escape_debug());
        }
    }
    if word.chars().nth(QUOTED_CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}

/// The same in quotation marks.
pub(super) fn quoted(word: &str) -> String {
    format!("\"{}\"", shown(word))
}
