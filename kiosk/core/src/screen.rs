//! What is to be shown, described without drawing it.

use afterword_model::contact::Channel;
use afterword_model::follow_up::FollowUpCode;

use crate::aids::Aids;

/// A page and what stands on it. Questions are places in `session.survey().questions`.
#[derive(Debug, Clone, PartialEq)]
pub enum Screen {
    /// A question with a scale, of whatever kind. The first one, with nothing chosen, is the kiosk at rest.
    Question {
        /// Place of the question.
        question: usize,
        /// The value that is down.
        chosen: Option<u8>,
        /// Whether the shopper came back to change the rating.
        changing: bool,
        /// The header of a step after the first question; the first question has none.
        flow: Option<Flow>,
    },
    /// A question with options.
    Reasons {
        /// Place of the question.
        question: usize,
        /// Ids of the chosen options, in the survey's order.
        chosen: Vec<String>,
        /// Whether one option may be chosen, with [`crate::Event::Choose`]; else any, with
        /// [`crate::Event::ToggleOption`].
        single: bool,
        /// The header.
        flow: Flow,
    },
    /// A question for the shopper's own words.
    Comment {
        /// Place of the question.
        question: usize,
        /// What is in the field.
        text: String,
        /// The caret's place in bytes of it, between two characters.
        caret: usize,
        /// Its length in grapheme clusters.
        count: usize,
        /// The most it can be.
        limit: usize,
        /// The header.
        flow: Flow,
    },
    /// A question for a number or an address.
    Contact {
        /// Place of the question.
        question: usize,
        /// How the shopper is to be reached.
        channel: Channel,
        /// What is in the field.
        text: String,
        /// The caret's place in bytes of it, between two characters.
        caret: usize,
        /// Its length in grapheme clusters.
        count: usize,
        /// Whether the consent is given.
        consented: bool,
        /// Whether Send does anything.
        can_send: bool,
        /// The way to be reached that was sent before, as the shopper comes back; it cannot be shown again.
        sent: Option<Channel>,
        /// Whether sealing has failed, so that nothing was kept.
        failed: bool,
        /// The header.
        flow: Flow,
    },
    /// The shop is closed. A touch wakes the screen.
    Asleep,
    /// The aids, and which of them are on.
    Easier(Aids),
    /// The record is on disk.
    Thanks {
        /// Whether nothing was said beyond ratings; chooses the message.
        rating_only: bool,
        /// What the shopper takes along to ask later what came of it, where the survey gives it; it is in the record.
        follow_up_code: Option<FollowUpCode>,
        /// Share of the page's time that is left, 0 to 1.
        time_left: f32,
    },
    /// Nobody has touched the page for a while.
    StillThere {
        /// Whole seconds left, counted up: 20 to 1, and 0 when over.
        seconds_left: u64,
        /// Share of the page's time that is left, 0 to 1.
        time_left: f32,
        /// Whether there are typed words that would be deleted.
        unsent_words: bool,
    },
    /// The storage has failed; nothing can be kept, so nothing is asked.
    OutOfService,
}

/// The header of the pages after the first question.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Flow {
    /// The rating that "Change" would change, on the first question's scale.
    pub rating: u8,
    /// The page's place in the branch, from 2; the first question is 1.
    pub step: usize,
    /// Pages of the branch, the first question included.
    pub steps: usize,
    /// Whether Back does anything.
    pub can_go_back: bool,
    /// Share of the time without a touch that is left, 0 to 1.
    pub time_left: f32,
}

/// The share of `whole_ms` that is left when `since_ms` was its beginning; 0 to 1, in steps a ring can show.
#[expect(
    clippy::cast_precision_loss,
    reason = "a share to draw a ring with; a millisecond more or less is not seen"
)]
pub(crate) fn share_left(since_ms: u64, whole_ms: u64, now_ms: u64) -> f32 {
    if whole_ms == 0 {
        return 0.0;
    }
    whole_ms.saturating_sub(now_ms.saturating_sub(since_ms)) as f32 / whole_ms as f32
}
