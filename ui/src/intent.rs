//! What the shopper wants, as plain data.
//!
//! An intent says which key was released, not what it leads to: the session decides that. Intents that make no sense on
//! the page of the moment may still arrive (a finger faster than the next picture), so whoever receives them must be
//! ready to ignore them.

use crate::view::Channel;
use crate::view::parts::PartKind;
use crate::view::staff::Tab;
use crate::view::words::WordsFilter;

/// What makes the screen easier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aid {
    /// White and yellow on black.
    HighContrast,
    /// Words a quarter larger.
    BiggerWords,
    /// Everything to touch in the lower part of the glass.
    Reach,
    /// No time limit.
    MoreTime,
}

/// Where a field's caret goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caret {
    /// To this byte of the text shown.
    At(usize),
    /// To the letter before, in the order of reading.
    Back,
    /// To the letter behind.
    Forward,
    /// To the beginning.
    Start,
    /// To the end.
    End,
}

/// What staff do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StaffIntent {
    /// The corner was held.
    Knock,
    /// A figure of the PIN, 0 to 9.
    Figure(u8),
    /// Take away the last figure.
    Erase,
    /// The PIN is complete.
    Enter,
    /// Back to the shoppers.
    Leave,
    /// Show these days: 0 for today, 1 for seven, 2 for thirty.
    Range(usize),
    /// Go to another page.
    Go(Tab),
    /// About follow-ups.
    FollowUps(FollowUpsIntent),
    /// About the device.
    Device(DeviceIntent),
    /// Look around in the store's numbers.
    Browse(Browse),
    /// Put something on a stick.
    Export(ExportIntent),
}

/// What staff do about follow-ups. Places are those in [`crate::view::follow_ups::FollowUps::items`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FollowUpsIntent {
    /// The one at this place was seen.
    Acknowledge(usize),
    /// Something was done about it: ask what.
    Act(usize),
    /// What was done holds.
    Verify(usize),
    /// Show this part of the list, from 0.
    Leaf(usize),
    /// The place of a cause, see [`crate::view::follow_ups::CAUSES`].
    Cause(usize),
    /// The place of an action, see [`crate::view::follow_ups::ACTIONS`].
    Action(usize),
    /// Keep what was done.
    Save,
    /// Keep nothing, and go back to the list.
    Cancel,
}

/// What whoever puts up a device does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceIntent {
    /// Show the letters of a code, or the squares again.
    TypeCode,
    /// A letter of a code, by its place among those a code is made of.
    Letter(usize),
    /// Take away the last letter.
    Erase,
    /// A finger was on the square at this place.
    Touch(usize),
    /// Test the network.
    TestNetwork,
    /// Write a report.
    Report,
}

/// What is put on a stick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportIntent {
    /// The responses of the range of days, as a table.
    Table,
    /// What head office does not have yet, sealed to it; what the stick brings back is taken.
    Parcel,
}

/// What staff do on the pages behind the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Browse {
    /// Go to this page.
    Open(Place),
    /// Count what is flagged, or leave it out, on every page.
    CountFlagged(bool),
    /// Show these words.
    Words(WordsFilter),
    /// Hide the words in this row of the page, or show them again.
    Hide {
        /// Its place on the page, from 0.
        row: usize,
        /// Whether they are to be hidden.
        hidden: bool,
    },
    /// Show the numbers of these parts.
    Parts(PartKind),
    /// Go on to the next page of what is listed, or back to the one before.
    Turn {
        /// Whether it is the next one.
        forward: bool,
    },
    /// Begin or end the range of days so many days later.
    Move {
        /// Which end of it.
        end: RangeEnd,
        /// Days; earlier below 0.
        days: i64,
    },
    /// Show the numbers of the range that was set.
    ShowRange,
}

/// The pages behind a store's numbers, and the page of numbers itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Place {
    /// The numbers.
    #[default]
    Numbers,
    /// What shoppers wrote.
    Words,
    /// The numbers by weekday, touchpoint, language and step.
    Parts,
    /// The range of days.
    Days,
    /// What goes onto a stick.
    Export,
}

/// An end of a range of days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeEnd {
    /// Its first day.
    First,
    /// Its last day.
    Last,
}

/// One wish of the person in front of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// A key of a scale was tapped: its value, see [`crate::view::ScaleKind`].
    Rate(u8),
    /// The language at this place of [`crate::view::Question::languages`].
    Language(usize),
    /// Show the aids; or, where one is on, go back to the standard view.
    EasierToUse,
    /// Switch an aid on or off.
    Aid(Aid),
    /// Wake the screen outside opening hours.
    Wake,
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
    /// Write this at the field's caret: one letter as a rule.
    Type(String),
    /// Take away the letter before the caret.
    Backspace,
    /// Take away the letter behind the caret.
    Delete,
    /// Move the caret.
    MoveCaret(Caret),
    /// Be reached in this way.
    Channel(Channel),
    /// Agree to the consent text, or no longer.
    Consent(bool),
    /// The comment is complete, the number or address is to be sent, or the thanks has been read.
    Done,
    /// Stay on the page: the shopper is still there.
    MoreTime,
    /// The shopper is finished; close the answer now.
    Leave,
    /// The keyboard's language key: the next language in the row.
    NextLanguage,
    /// Something that is not a shopper's.
    Staff(StaffIntent),
}
