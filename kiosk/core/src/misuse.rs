//! When taps come as no shoppers' do: one hand again and again, or more people than a door lets through.
//!
//! A flag says so and nothing else: the response is kept, counted and sent like any other, and whoever reads numbers may
//! leave the flagged ones out. Nothing here knows what was answered.

use std::collections::VecDeque;

use afterword_model::response::Flag;

/// What is told from a shopper's way of answering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MisuseLimits {
    /// Milliseconds after the last touch of one visit within which another one's first tap is a repeat. Nobody steps
    /// aside and lets somebody else read the question in less.
    pub repeat_ms: u64,
    /// First taps within [`Self::burst_ms`] that are still a busy minute; each one more is a burst.
    pub burst_responses: usize,
    /// The length of that time, in milliseconds.
    pub burst_ms: u64,
}

impl Default for MisuseLimits {
    fn default() -> Self {
        Self { repeat_ms: 5_000, burst_responses: 6, burst_ms: 60_000 }
    }
}

/// When the kiosk was last used, by its monotonic clock; forgotten with the program.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watch {
    touched_ms: Option<u64>,
    /// First taps that are not longer ago than a burst takes, oldest first; no more than it takes to tell one.
    begun_ms: VecDeque<u64>,
}

/// When somebody touched the glass says nothing of who it was.
impl PartialEq for Watch {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Watch {}

impl Watch {
    /// A visit was touched.
    pub(crate) fn touched(&mut self, now_ms: u64) {
        self.touched_ms = Some(now_ms);
    }

    /// A visit begins; why it may be no shopper's.
    pub(crate) fn begun(&mut self, limits: &MisuseLimits, now_ms: u64) -> Vec<Flag> {
        let mut flags = Vec::new();
        if self.touched_ms.is_some_and(|touched_ms| now_ms.saturating_sub(touched_ms) < limits.repeat_ms) {
            flags.push(Flag::Repeat);
        }
        while self
            .begun_ms
            .front()
            .is_some_and(|&begun_ms| now_ms.saturating_sub(begun_ms) >= limits.burst_ms)
        {
            self.begun_ms.pop_front();
        }
        if self.begun_ms.len() >= limits.burst_responses {
            flags.push(Flag::Burst);
            self.begun_ms.pop_front();
        }
        self.begun_ms.push_back(now_ms);
        self.touched(now_ms);
        flags
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(begun_ms: &[u64]) -> Vec<Vec<Flag>> {
        let mut watch = Watch::default();
        begun_ms.iter().map(|&now_ms| watch.begun(&MisuseLimits::default(), now_ms)).collect()
    }

    #[test]
    fn a_hand_that_comes_back_at_once_is_a_repeat() {
        assert_eq!(flags(&[0, 5_000, 9_999]), [vec![], vec![], vec![Flag::Repeat]]);
        let mut watch = Watch::default();
        watch.begun(&MisuseLimits::default(), 0);
        watch.touched(9_000);
        assert_eq!(watch.begun(&MisuseLimits::default(), 13_999), [Flag::Repeat], "from its last touch on");
    }

    #[test]
    fn the_seventh_first_tap_within_a_minute_is_a_burst() {
        let seven: Vec<u64> = (0..7).map(|count| count * 9_000).collect();
        assert_eq!(flags(&seven)[5..], [vec![], vec![Flag::Burst]]);
        let slower: Vec<u64> = (0..30).map(|count| count * 10_000).collect();
        assert!(flags(&slower).iter().all(Vec::is_empty), "six a minute for as long as they like");
        let faster: Vec<u64> = (0..30).map(|count| count * 8_000).collect();
        assert!(flags(&faster)[8..].iter().all(|flags| flags == &[Flag::Burst]), "for as long as it lasts");
    }
}
