//! What can happen to a session, and what it asks for.
//!
//! # What the store owes
//! The session relies on this, and on nothing else about the store:
//! - Effects are carried out in the order they were given, also those of different visits. A new visit may begin
//!   while the last one's freeze is still in the queue.
//! - There is one open draft. `Save` replaces it, `Freeze` makes it a record and leaves none open.
//! - Each `Freeze` carried out is reported by one [`Event::Frozen`], in order, after its commit. The first `Saved`
//!   or `Frozen` that would not be true is an [`Event::StorageFailed`] instead.
//! - After `StorageFailed`, effects are kept and tried again, or dropped. An open draft that is on disk and whose
//!   `Freeze` was dropped is frozen as `Interrupted` before the next draft is taken. [`Event::StorageRecovered`] is
//!   sent when nothing given before it is left to do, so no `Frozen` for anything earlier follows it.

use afterword_model::contact::Channel;
use afterword_model::moment::Moment;
use afterword_model::response::{Draft, Outcome};

use crate::aids::Aid;

/// Where a field's caret goes, in the order of reading and by what a reader takes for a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caret {
    /// To this byte of the text, or to the end of the character it lies in.
    At(usize),
    /// To the character before.
    Back,
    /// To the character behind.
    Forward,
    /// To the beginning.
    Start,
    /// To the end.
    End,
}

/// Something that happened: a touch, the clock, or word from the store.
///
/// A touch that has no meaning on the page shown is ignored and does not restart the page's clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A value on the scale of the question shown, whatever its kind; values the scale does not have mean nothing.
    Rate(u8),
    /// An option, counted from 0 in the survey's order, where one may be chosen: the visit goes on with it.
    Choose(usize),
    /// An option, counted from 0 in the survey's order, where any may be chosen: chosen if it was not, else no longer.
    ToggleOption(usize),
    /// Whether the shopper agrees to the consent text. Taken back, it withdraws what was sent under it.
    Consent(bool),
    /// The way to be reached, where the question leaves a choice. Another one empties the field.
    Channel(Channel),
    /// Seals what is in the contact field and goes on. Without consent, or where it cannot be a number or an
    /// address, it means nothing.
    Send,
    /// Letters for the comment or the contact field, at its caret. A line feed becomes a space; other control characters and what is over the
    /// limit are refused.
    Type(String),
    /// Takes the character (grapheme cluster) before the caret away.
    Backspace,
    /// Takes the character behind the caret away.
    Delete,
    /// Moves the field's caret.
    MoveCaret(Caret),
    /// On to the next step with what is there.
    Next,
    /// The same. What was chosen before Skip stays: a tap is never lost. A number or an address that was not sent
    /// goes.
    Skip,
    /// To the step before; from the first one as [`Event::Change`].
    Back,
    /// To the question, to give another rating.
    Change,
    /// Enough: freezes what is there.
    Finish,
    /// The keyboard's Done, which is Next on a comment page and Send on a contact page; on the page of aids back to the
    /// question, on the thanks page back to rest.
    Done,
    /// "I need more time" on the still-there page.
    MoreTime,
    /// "I'm finished" on the still-there page; as [`Event::Finish`].
    Leave,
    /// That language of the survey, counted from 0.
    Language(usize),
    /// The next language of the survey, after the last the first.
    NextLanguage,
    /// The key of the aids: shows them, or, where one is on, switches all of them off. Where a visit has begun, it switches
    /// high contrast and reach.
    EasierToUse,
    /// A touch on a screen that sleeps. Whoever gives it has seen no question, so it answers none.
    Wake,
    /// An aid on or off, on their page.
    Aid(Aid),
    /// A key of a keypad was struck, whatever else comes of it: the shopper goes by it, and is there.
    Keypad,
    /// A finger came down on the glass: whoever is there goes by it.
    Finger,
    /// A till or a sensor tells what brings the next shopper.
    Moment(Moment),
    /// The moment of [`crate::Session::deadline_ms`] has come. Ignored before it.
    Tick,
    /// A draft is on disk. Nothing depends on it: effects keep their order, so `Frozen` implies it.
    Saved,
    /// A record is on disk, the oldest of those asked for.
    Frozen,
    /// The store could not carry something out.
    ///
    /// The session asks for the open visit to be frozen as `Interrupted` with what was last saved (words being
    /// typed are dropped), forgets the shopper, thanks nobody and shows the out-of-service page until
    /// [`Event::StorageRecovered`]. If the store keeps its queue, that freeze makes the answers a record as soon as it
    /// can; if it drops it, what an earlier `Save` brought to disk is frozen by the store. Either way there is
    /// one record at most for a visit, and never a thanks for a visit without one.
    StorageFailed,
    /// The store works again and has nothing left to do; the kiosk comes back to rest.
    StorageRecovered,
}

/// Something to carry out. Effects go to the store's queue in the order given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Make this the open draft. Given with the first tap and after every change.
    Save(Draft),
    /// Make this the record of the visit; there is no open draft afterwards. Once per visit.
    Freeze {
        /// The answers, including any change since the last `Save`, and the follow-up code of whoever is thanked with one.
        draft: Draft,
        /// How the visit ended.
        outcome: Outcome,
        /// Milliseconds from the first tap to now.
        took_ms: u64,
    },
}
