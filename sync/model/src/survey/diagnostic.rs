//! A mistake or a warning in a survey file, with its place and a way out.

use std::fmt;

/// How much a [`Diagnostic`] weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The survey cannot be used.
    Mistake,
    /// The survey can be used; somebody should look at this.
    Warning,
}

/// One mistake or warning. Displayed as `LINE:COLUMN: field: message (hint)`, without the file's name.
///
/// What is quoted from the file is shortened and has its control characters escaped, so that it can be
/// printed to a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether the survey can still be used.
    pub severity: Severity,
    /// Line in the file, from 1.
    pub line: usize,
    /// Character in that line, from 1.
    pub column: usize,
    /// The field as a path: `questions[1].options[0].label.de`; `file` for the file as a whole.
    pub field: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, field, message, hint, .. } = self;
        write!(formatter, "{line}:{column}: {field}: {message} ({hint})")
    }
}
