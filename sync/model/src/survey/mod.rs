//! A survey: what is asked, in which words, and what follows which answer.
//!
//! A survey is a TOML file that people write by hand. [`parse`] reads it and either returns a whole [`Survey`]
//! or every mistake it can find, each with line, column, field and a way out; a survey with a mistake is never
//! partly used. What [`parse`] returns holds these invariants, on which the kiosk and the collector build:
//! the first question is answered with one tap and unconditional, every condition names earlier questions and
//! things they can be answered with, every question can be asked, no branch has more than
//! [`limits::STEPS_AFTER_FIRST_MAX`] steps after the first, and no text is blank in any language.
//!
//! Nothing here panics on any input.

mod branches;
mod cases;
mod condition;
pub(crate) mod day;
mod diagnostic;
mod fields;
mod kinds;
pub mod limits;
mod parse;
mod question;
mod read;
mod read_condition;
mod scale;
mod search;
mod share;
mod text;
mod variants;

#[cfg(test)]
mod tests;

pub use condition::{Condition, Weekday};
pub use diagnostic::{Diagnostic, Severity};
pub use parse::{Parsed, parse, parse_bytes};
pub use question::{
    ChoiceOption, FollowUp, ICONS, Note, Pick, Question, QuestionKind, Survey, Thanks, Variant, Wording,
};
pub use scale::Scale;
pub use share::Share;
pub use text::{Language, Text, graphemes, is_blank, is_refused, on_one_line};
