//! The shift key: one capital after a tap, capitals until further notice after two.

use std::time::Duration;

/// The longest time between two taps that mean capitals until further notice. Phones use about 300 ms; people at a kiosk
/// stand, reach out and are of every age.
pub(crate) const DOUBLE_TAP_MAX: Duration = Duration::from_millis(500);

/// What the next letter will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ShiftLevel {
    /// Small.
    #[default]
    Off,
    /// A capital, and then small ones.
    Once,
    /// Capitals until the key is tapped again.
    Caps,
}

/// The state of the shift key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Shift {
    level: ShiftLevel,
    last_tap: Option<Duration>,
}

impl Shift {
    /// What the next letter will be.
    pub(crate) fn level(self) -> ShiftLevel {
        self.level
    }

    /// Whether keys show and type capitals.
    pub(crate) fn is_capital(self) -> bool {
        self.level != ShiftLevel::Off
    }

    /// The key was tapped, `at` a time since any fixed moment. A clock that goes back makes no double tap.
    pub(crate) fn tap(&mut self, at: Duration) {
        let since = self.last_tap.and_then(|last| at.checked_sub(last));
        let is_second = since.is_some_and(|since| since <= DOUBLE_TAP_MAX);
        self.level = match self.level {
            ShiftLevel::Caps => ShiftLevel::Off,
            // Also from Off: the first of two taps on an automatic capital has just taken it back.
            _ if is_second => ShiftLevel::Caps,
            ShiftLevel::Once => ShiftLevel::Off,
            ShiftLevel::Off => ShiftLevel::Once,
        };
        // A third quick tap ends capitals and must not begin a new pair.
        self.last_tap = (!is_second && self.level != ShiftLevel::Caps).then_some(at);
    }

    /// Something was written. A letter uses a single capital up; figures, marks and spaces do not.
    pub(crate) fn wrote(&mut self, text: &str) {
        self.last_tap = None;
        if self.level == ShiftLevel::Once && text.chars().any(char::is_alphabetic) {
            self.level = ShiftLevel::Off;
        }
    }

    /// The text before the caret has changed; `capital_is_due` says whether a sentence begins there. Capitals that were
    /// asked for with two taps stay.
    pub(crate) fn follow(&mut self, capital_is_due: bool) {
        if self.level != ShiftLevel::Caps {
            self.level = if capital_is_due { ShiftLevel::Once } else { ShiftLevel::Off };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Shift, ShiftLevel};
    use std::time::Duration;

    fn after_taps(milliseconds: &[u64]) -> Shift {
        let mut shift = Shift::default();
        for &at in milliseconds {
            shift.tap(Duration::from_millis(at));
        }
        shift
    }

    #[test]
    fn one_tap_is_one_capital() {
        let mut shift = after_taps(&[1_000]);
        assert_eq!(shift.level(), ShiftLevel::Once);
        shift.wrote("4");
        assert!(shift.is_capital(), "a figure has no capital to use up");
        shift.wrote("A");
        assert_eq!(shift.level(), ShiftLevel::Off);
    }

    #[test]
    fn two_quick_taps_are_capitals_until_the_next_tap() {
        let mut shift = after_taps(&[1_000, 1_400]);
        shift.wrote("AB");
        shift.follow(false);
        assert_eq!(shift.level(), ShiftLevel::Caps);
        shift.tap(Duration::from_secs(9));
        assert_eq!(shift.level(), ShiftLevel::Off);
    }

    #[test]
    fn slow_taps_switch_on_and_off() {
        assert_eq!(after_taps(&[1_000, 1_501]).level(), ShiftLevel::Off);
        assert_eq!(after_taps(&[1_000, 1_501, 3_000]).level(), ShiftLevel::Once);
    }

    #[test]
    fn a_third_quick_tap_ends_capitals_and_a_fourth_is_a_new_beginning() {
        assert_eq!(after_taps(&[0, 200, 400]).level(), ShiftLevel::Off);
        assert_eq!(after_taps(&[0, 200, 400, 2_000]).level(), ShiftLevel::Once);
    }

    #[test]
    fn two_taps_on_an_automatic_capital_are_capitals_too() {
        let mut shift = Shift::default();
        shift.follow(true);
        assert_eq!(shift.level(), ShiftLevel::Once);
        shift.tap(Duration::from_millis(100));
        assert_eq!(shift.level(), ShiftLevel::Off, "one tap takes it back");
        shift.tap(Duration::from_millis(300));
        assert_eq!(shift.level(), ShiftLevel::Caps);
    }

    #[test]
    fn a_letter_between_two_taps_parts_them() {
        let mut shift = after_taps(&[0]);
        shift.wrote("A");
        shift.tap(Duration::from_millis(200));
        assert_eq!(shift.level(), ShiftLevel::Once);
    }

    #[test]
    fn a_clock_that_goes_back_makes_no_double_tap() {
        assert_eq!(after_taps(&[1_000, 900]).level(), ShiftLevel::Off);
    }
}
