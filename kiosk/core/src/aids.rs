//! What makes the screen easier for one shopper. Coming to rest switches everything off again.

use crate::limits::TimeLimits;

/// With [`Aids::more_time`] nothing runs out before this: five minutes without a touch, then one question.
const PATIENCE_MS: u64 = 300_000;

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aid {
    /// White and yellow on black.
    HighContrast,
    /// Words a quarter larger.
    BiggerWords,
    /// Everything to touch in the lower part of the glass.
    Reach,
    /// No hurry.
    MoreTime,
}

/// Which of them are on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four switches, each for itself")]
pub struct Aids {
    /// See [`Aid::HighContrast`].
    pub high_contrast: bool,
    /// See [`Aid::BiggerWords`].
    pub bigger_words: bool,
    /// See [`Aid::Reach`].
    pub reach: bool,
    /// See [`Aid::MoreTime`].
    pub more_time: bool,
}

impl Aids {
    /// Whether any is on.
    #[must_use]
    pub fn any(self) -> bool {
        self != Self::default()
    }

    pub(crate) fn toggle(&mut self, aid: Aid) {
        let switch = match aid {
            Aid::HighContrast => &mut self.high_contrast,
            Aid::BiggerWords => &mut self.bigger_words,
            Aid::Reach => &mut self.reach,
            Aid::MoreTime => &mut self.more_time,
        };
        *switch = !*switch;
    }

    /// How long the kiosk waits for this shopper.
    pub(crate) fn limits(self, limits: &TimeLimits) -> TimeLimits {
        let mut limits = limits.clone();
        if self.more_time {
            limits.idle_ms = limits.idle_ms.max(PATIENCE_MS);
            limits.thanks_ms = limits.thanks_ms.max(PATIENCE_MS);
            limits.thanks_with_code_ms = limits.thanks_with_code_ms.max(PATIENCE_MS);
        }
        limits
    }
}
