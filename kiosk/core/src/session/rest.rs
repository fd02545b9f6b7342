//! Coming to rest: after a visit, by itself, under what staff saw, and for the night.

use afterword_model::response::Stamp;

use super::{Session, Stage};
use crate::aids::Aids;

impl Session {
    /// What lay over the question has gone, and a finger that was meant for it is about to come down.
    pub fn uncovered(&mut self, now_ms: u64) {
        self.settle(now_ms, self.settings.limits.rest_settle_ms);
    }

    /// The question waits, in this shopper's language and with this shopper's aids as long as somebody seems to be there.
    pub(super) fn back_to_the_question(&mut self, now_ms: u64) {
        let changed =
            self.by_keypad || self.aids.any() || self.language != self.survey.default_language_index();
        self.stage = Stage::Resting { touched_ms: changed.then_some(now_ms) };
    }

    /// Comes to rest: default language, normal contrast, nobody's answers.
    pub(super) fn rest(&mut self) {
        self.language = self.survey.default_language_index();
        self.aids = Aids::default();
        self.by_keypad = false;
        self.stage = Stage::Resting { touched_ms: None };
    }

    /// Comes to rest with no touch that asked for it, and lets a finger meant for the page before pass.
    pub(super) fn rest_by_itself(&mut self, now_ms: u64) {
        self.rest();
        self.settle(now_ms, self.settings.limits.rest_settle_ms);
    }

    /// Where a key of the page before lay, a face may lie now: the second tap of two is no answer.
    pub(super) fn settle(&mut self, now_ms: u64, for_ms: u64) {
        if let Stage::Resting { touched_ms } = self.stage {
            let until_ms = now_ms.saturating_add(for_ms);
            self.stage = Stage::Settling { until_ms, touched_ms };
        }
    }

    /// Sleeps when the shop has closed, and wakes when it opens.
    pub(super) fn look_at_hours(&mut self, now: &Stamp) {
        if self.hours_due_ms().is_none_or(|due_ms| now.mono_ms < due_ms) {
            return;
        }
        self.hours_seen_ms = now.mono_ms;
        match (self.settings.hours.as_ref().is_none_or(|hours| hours.are_open(now)), &self.stage) {
            (true, Stage::Asleep) => self.rest_by_itself(now.mono_ms),
            (false, Stage::Resting { .. }) => self.stage = Stage::Asleep,
            _ => {}
        }
    }

    /// When the hours are to be looked at: while nobody is there.
    pub(super) fn hours_due_ms(&self) -> Option<u64> {
        let due_ms = self.hours_seen_ms.saturating_add(self.settings.limits.hours_check_ms);
        (self.is_undisturbed() && self.settings.hours.is_some()).then_some(due_ms)
    }
}
