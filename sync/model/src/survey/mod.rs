//! A survey: what is asked, in which words, and what follows which answer.
//!
//! A survey is a TOML file that people write by hand. [`parse`] reads it and either returns a whole [`Survey`]
//! or every mistake it can find, each with line, column, field and a way out; a survey with a mistake is never
//! partly used. What [`parse`] returns holds these invariants, on which the kiosk and the collector build:
//! the first question is faces and unconditional, every condition names an earlier faces question, no branch
//! has more than [`limits::STEPS_AFTER_FIRST_MAX`] steps after the first, and no text is blank in any language.
//!
//! Nothing here panics on any input.

mod branches;
mod closest;
mod diagnostic;
mod fields;
pub mod limits;
mod parse;
mod question;
mod read;
mod text;

#[cfg(test)]
mod tests;

pub use diagnostic::{Diagnostic, Severity};
pub use parse::{Parsed, parse, parse_bytes};
pub use question::{ChoiceOption, Condition, ICONS, Note, Question, QuestionKind, Survey, Thanks};
pub use text::{Language, Text, is_blank, is_refused};
