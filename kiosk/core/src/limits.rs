//! How long the kiosk waits, and what it is told about its place.

use afterword_model::hours::OpeningHours;
use afterword_model::survey::QuestionKind;

use crate::misuse::MisuseLimits;

/// Waiting times in milliseconds of monotonic time. The defaults are what a shop's kiosk uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeLimits {
    /// How long a tapped key stays down before the next page: long enough to be seen as an answer.
    pub hold_ms: u64,
    /// How long a new page ignores touches. The second tap of a double tap, meant for the page before, would
    /// otherwise hit whatever lies under the finger now: after Next that is the keyboard's Done.
    /// The resting question has it after Done; else its first tap counts, but for [`Self::rest_settle_ms`].
    pub settle_ms: u64,
    /// How long the resting question ignores touches when it came back by itself, as the thanks page or the
    /// warning ran out. "I need more time" lies over a face: a finger already on its way to it as the warning ends
    /// would leave a rating that nobody meant. Half a second is about what an eye and a hand need to see that the
    /// page has changed and to stop, and less than a newcomer needs to choose a face.
    pub rest_settle_ms: u64,
    /// How long a page may go untouched before the kiosk asks whether somebody is still there.
    pub idle_ms: u64,
    /// How long that question stands before the visit is closed.
    pub warning_ms: u64,
    /// How long the thanks page stands.
    pub thanks_ms: u64,
    /// How long it stands when it carries a voucher or a follow-up code, which people photograph or write down.
    pub thanks_with_code_ms: u64,
    /// Whether the thanks page carries a voucher.
    pub has_voucher: bool,
    /// How often the hours are looked at, and with that how long a screen that was woken stays awake with nobody at it.
    pub hours_check_ms: u64,
    /// How long a moment waits for its shopper: the way from the till to the kiosk.
    pub moment_ms: u64,
}

impl Default for TimeLimits {
    fn default() -> Self {
        Self {
            hold_ms: 350,
            settle_ms: 250,
            rest_settle_ms: 500,
            idle_ms: 30_000,
            warning_ms: 20_000,
            thanks_ms: 8_000,
            thanks_with_code_ms: 20_000,
            has_voucher: false,
            hours_check_ms: 60_000,
            moment_ms: 60_000,
        }
    }
}

impl TimeLimits {
    /// How long the thanks page stands on this kiosk, for whoever was given a follow-up code, or was not. Whoever goes by a
    /// keypad may be listening to it, which takes longer than reading: they have it for as long as any page.
    #[must_use]
    pub fn thanks_page_ms(&self, has_follow_up_code: bool, by_keypad: bool) -> u64 {
        let read_ms =
            if self.has_voucher || has_follow_up_code { self.thanks_with_code_ms } else { self.thanks_ms };
        if by_keypad { read_ms.max(self.idle_ms) } else { read_ms }
    }
}

/// What a survey may ask on this kiosk. What it may not is passed over as if the survey had no such question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asks {
    /// Words of a shopper's own.
    pub comments: bool,
    /// A number or an address for a reply.
    pub contacts: bool,
}

impl Default for Asks {
    fn default() -> Self {
        Self { comments: true, contacts: true }
    }
}

impl Asks {
    /// Whether a question of this kind is asked.
    #[must_use]
    pub fn allows(self, kind: &QuestionKind) -> bool {
        match kind {
            QuestionKind::Comment { .. } => self.comments,
            QuestionKind::Contact { .. } => self.contacts,
            _ => true,
        }
    }
}

/// What a session is told about its kiosk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Where the kiosk stands (`exit`, `checkout`), where that is configured.
    pub touchpoint: Option<String>,
    /// Waiting times.
    pub limits: TimeLimits,
    /// What a survey may ask.
    pub asks: Asks,
    /// When the shop is open; the screen sleeps outside. It never does where nothing is said.
    pub hours: Option<OpeningHours>,
    /// What is told from a shopper's way of answering.
    pub misuse: MisuseLimits,
    /// Decides what the survey leaves to chance. Drawn anew for each session, else the same shoppers would be asked
    /// the same after every start.
    pub seed: u64,
}
