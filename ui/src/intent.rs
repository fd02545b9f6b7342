//! What the shopper wants, as plain data.
//!
//! An intent says which key was released, not what it leads to: the session decides that. Intents that make no sense on
//! the page of the moment may still arrive (a finger faster than the next picture), so whoever receives them must be
//! ready to ignore them.

/// One wish of the person in front of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// A face was tapped: 1, the worst, to 5, the best.
    Face(u8),
    /// The language at this place of [`crate::view::Question::languages`].
    Language(usize),
    /// Switch between the standard look and the easier one.
    EasierToUse,
    /// Go back to the question and choose another face.
    Change,
    /// Go back one page.
    Back,
    /// Leave this page unanswered and go on.
    Skip,
    /// Go on with what is chosen.
    Next,
    /// End here and keep what there is.
    Finish,
    /// Choose or unchoose the answer at this place of [`crate::view::Reasons::options`].
    ToggleReason(usize),
    /// Put this text at the end of the comment: one letter as a rule.
    Type(String),
    /// Take away the comment's last letter.
    Backspace,
    /// The comment is complete, or the thanks has been read.
    Done,
    /// Stay on the page: the shopper is still there.
    MoreTime,
    /// The shopper is finished; close the answer now.
    Leave,
    /// The keyboard's language key: the next language in the row.
    NextLanguage,
}
