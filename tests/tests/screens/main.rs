//! What a shopper sees, held against what was accepted, against the glass, and against the languages.

#![expect(clippy::unwrap_used, reason = "a test says by a panic that it cannot go on")]

mod contrast;
mod findings;
mod glass;
mod golden;
mod shipped;
mod texts;
mod words;
