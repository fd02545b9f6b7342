//! The rule of the last minutes: an alert is open while too many of the ratings in a sliding window are unhappy.
//!
//! It opens at a share that is higher than the one it closes at, so that one more rating does not switch it off and on again. It
//! closes by itself: ratings grow old, and a window without unhappy ones holds no alert open.
//!
//! A rating is in the window from the moment it was given until [`Window::width_ms`] later, that moment excluded. The order in
//! which ratings come to know does not matter.

use std::collections::VecDeque;

use super::Count;

/// More ratings than this are not held, and the oldest go first: what comes faster than some eight a minute for eight hours is no door.
pub const RATINGS_MAX: usize = 4_096;

/// When an alert opens and closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threshold {
    /// Fewer ratings than this open nothing; 1 at least.
    pub answers_min: u64,
    /// It opens when so many of a hundred are unhappy, or more; 1 to 100.
    pub open_percent: u64,
    /// It closes when fewer than so many of a hundred are; `open_percent` at most.
    pub close_percent: u64,
}

impl Threshold {
    /// Half of at least four; closes under three of ten.
    pub const USUAL: Self = Self { answers_min: 4, open_percent: 50, close_percent: 30 };

    /// Whether an alert opens on this count.
    #[must_use]
    pub fn opens(&self, count: Count) -> bool {
        count.answers >= self.answers_min.max(1)
            && count.unhappy > 0
            && count.unhappy.saturating_mul(100) >= count.answers.saturating_mul(self.open_percent)
    }

    /// Whether an open one closes on it. Few answers are no reason: the last unhappy one holds it until it is old, unless enough
    /// happy ones came after.
    #[must_use]
    pub fn closes(&self, count: Count) -> bool {
        let close_percent = self.close_percent.min(self.open_percent);
        count.unhappy == 0 || count.unhappy.saturating_mul(100) < count.answers.saturating_mul(close_percent)
    }
}

/// A rating, on whatever timeline the window is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rating {
    /// When it was given, in milliseconds.
    pub at_ms: i64,
    /// Whether whoever gave it was unhappy.
    pub is_unhappy: bool,
}

/// The ratings of the last minutes.
#[derive(Debug, Clone)]
pub struct Window {
    width_ms: i64,
    /// The oldest first.
    ratings: VecDeque<Rating>,
}

impl Window {
    /// An empty window of so many milliseconds.
    #[must_use]
    pub fn new(width_ms: i64) -> Self {
        Self { width_ms, ratings: VecDeque::new() }
    }

    /// How wide it is, in milliseconds.
    #[must_use]
    pub fn width_ms(&self) -> i64 {
        self.width_ms
    }

    /// A rating has come.
    pub fn add(&mut self, rating: Rating) {
        let place = self.ratings.partition_point(|held| held.at_ms <= rating.at_ms);
        self.ratings.insert(place, rating);
        if self.ratings.len() > RATINGS_MAX {
            self.ratings.pop_front();
        }
    }

    /// What is in the window at that moment. What has grown old is forgotten: moments do not go back.
    pub fn count(&mut self, now_ms: i64) -> Count {
        while self.ratings.front().is_some_and(|oldest| self.ends_ms(oldest) <= now_ms) {
            self.ratings.pop_front();
        }
        self.ratings.iter().fold(Count::default(), |count, rating| count.and(rating.is_unhappy))
    }

    /// Whether anybody unhappy is in it. Without, it opens no alert and holds none open, whatever grows old.
    #[must_use]
    pub fn has_unhappy(&self) -> bool {
        self.ratings.iter().any(|rating| rating.is_unhappy)
    }

    /// When the oldest rating leaves the window, and the count is another without anybody's doing.
    #[must_use]
    pub fn next_edge_ms(&self) -> Option<i64> {
        self.ratings.front().map(|oldest| self.ends_ms(oldest))
    }

    fn ends_ms(&self, rating: &Rating) -> i64 {
        rating.at_ms.saturating_add(self.width_ms)
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const WIDTH_MS: i64 = 900;

    fn ratings() -> impl Strategy<Value = Vec<Rating>> {
        vec((0_i64..4_000, any::<bool>()), 0..60).prop_map(|ratings| {
            let mut ratings: Vec<Rating> =
                ratings.into_iter().map(|(at_ms, is_unhappy)| Rating { at_ms, is_unhappy }).collect();
            ratings.sort();
            ratings
        })
    }

    fn thresholds() -> impl Strategy<Value = Threshold> {
        (1_u64..9, 1_u64..=100).prop_flat_map(|(answers_min, open_percent)| {
            (1..=open_percent).prop_map(move |close_percent| Threshold {
                answers_min,
                open_percent,
                close_percent,
            })
        })
    }

    /// What the definition says, without a window.
    fn counted(ratings: &[Rating], now_ms: i64) -> Count {
        let is_in = |rating: &&Rating| rating.at_ms <= now_ms && now_ms < rating.at_ms + WIDTH_MS;
        let ratings = ratings.iter().filter(is_in);
        ratings.fold(Count::default(), |count, rating| count.and(rating.is_unhappy))
    }

    /// Plays these ratings, looking at each and at each edge; gives each moment that was looked at with its count, and whether the
    /// alert was open after it.
    fn play(ratings: &[Rating], threshold: Threshold) -> Vec<(i64, Count, bool)> {
        let mut window = Window::new(WIDTH_MS);
        let mut seen = Vec::new();
        let mut is_open = false;
        let mut coming = ratings.iter().peekable();
        loop {
            let next = coming.peek().map(|rating| rating.at_ms);
            let Some(now_ms) = [next, window.next_edge_ms()].into_iter().flatten().min() else { break };
            while let Some(rating) = coming.next_if(|rating| rating.at_ms <= now_ms) {
                window.add(*rating);
            }
            let count = window.count(now_ms);
            is_open = if is_open { !threshold.closes(count) } else { threshold.opens(count) };
            seen.push((now_ms, count, is_open));
            assert!(seen.len() <= 2 * ratings.len(), "time does not go on");
        }
        seen
    }

    proptest! {
        #[test]
        fn the_window_holds_what_the_definition_says_and_opens_exactly_then(
            ratings in ratings(),
            threshold in thresholds(),
        ) {
            let mut was_open = false;
            for (now_ms, count, is_open) in play(&ratings, threshold) {
                prop_assert_eq!(count, counted(&ratings, now_ms));
                #[expect(clippy::cast_precision_loss, reason = "counts of a test")]
                let share = count.unhappy as f64 * 100.0 - (count.answers * threshold.open_percent) as f64;
                let is_due = count.answers >= threshold.answers_min && count.unhappy > 0 && share >= 0.0;
                prop_assert!(was_open || is_open == is_due, "{count:?} at {now_ms}");
                prop_assert!(!is_open || count.unhappy > 0, "nobody unhappy holds it open");
                was_open = is_open;
            }
            prop_assert!(!was_open, "when everything is old it is closed");
        }

        #[test]
        fn what_opens_an_alert_does_not_close_it(
            answers in 0_u64..200,
            unhappy in 0_u64..200,
            threshold in thresholds(),
        ) {
            let count = Count { answers, unhappy: unhappy.min(answers) };
            prop_assert!(!(threshold.opens(count) && threshold.closes(count)));
            prop_assert!(!threshold.opens(count) || answers >= threshold.answers_min);
        }

        #[test]
        fn the_order_of_what_comes_at_once_does_not_matter(
            ratings in ratings(),
            seed in any::<u64>(),
            now_ms in 0_i64..5_000,
        ) {
            let entropy = crate::ports::SeededEntropy::new(seed);
            let mut other = ratings.clone();
            for place in (1..other.len()).rev() {
                other.swap(place, usize::try_from(entropy.next_u64() % (place as u64 + 1)).unwrap());
            }
            let [mut one, mut two] = [&ratings, &other].map(|ratings| {
                let mut window = Window::new(WIDTH_MS);
                ratings.iter().for_each(|rating| window.add(*rating));
                window
            });
            prop_assert_eq!(one.count(now_ms), two.count(now_ms));
            prop_assert_eq!(one.next_edge_ms(), two.next_edge_ms());
        }
    }

    #[test]
    fn half_of_four_opens_it_and_three_unhappy_ones_alone_do_not() {
        let usual = Threshold::USUAL;
        assert!(usual.opens(Count { answers: 4, unhappy: 2 }));
        assert!(!usual.opens(Count { answers: 3, unhappy: 3 }));
        assert!(!usual.opens(Count { answers: 5, unhappy: 2 }));
        assert!(!usual.closes(Count { answers: 10, unhappy: 3 }));
        assert!(usual.closes(Count { answers: 11, unhappy: 3 }));
    }

    #[test]
    fn a_window_is_bounded() {
        let mut window = Window::new(i64::MAX);
        for at_ms in 0..RATINGS_MAX as i64 + 10 {
            window.add(Rating { at_ms, is_unhappy: true });
        }
        assert_eq!(window.count(0).answers, RATINGS_MAX as u64);
    }
}
