//! Against burn-in: the resting page lies a little beside its place, every five minutes elsewhere.
//!
//! Invariants: never more than 2 px to either side and 3 px down, and never while somebody is there: a key does not move away
//! under a finger. Each step is small, so that nobody who waits before the screen sees it jump.

/// How long the picture stays where it is, in milliseconds.
const STEP_MS: u64 = 300_000;

/// The places one after the other, in pixels to the right and down: a line to and fro on each of four rows, never further than
/// one pixel from the place before.
const PLACES: [(i8, i8); 30] = [
    (0, 0),
    (1, 0),
    (2, 0),
    (2, 1),
    (1, 1),
    (0, 1),
    (-1, 1),
    (-2, 1),
    (-2, 2),
    (-1, 2),
    (0, 2),
    (1, 2),
    (2, 2),
    (2, 3),
    (1, 3),
    (0, 3),
    (-1, 3),
    (-2, 3),
    (-2, 2),
    (-1, 2),
    (0, 2),
    (1, 2),
    (2, 2),
    (2, 1),
    (1, 1),
    (0, 1),
    (-1, 1),
    (-2, 1),
    (-2, 0),
    (-1, 0),
];

/// Where the picture lies.
#[derive(Debug, Default)]
pub(crate) struct Shift {
    /// The place, and since when.
    step: usize,
    since_ms: u64,
}

impl Shift {
    /// Looks whether it is time for another place; gives that place.
    pub(crate) fn look(&mut self, now_ms: u64, is_resting: bool) -> Option<(i8, i8)> {
        if !is_resting || now_ms < self.next_look_ms() {
            return None;
        }
        self.step = (self.step + 1) % PLACES.len();
        self.since_ms = now_ms;
        Some(PLACES[self.step])
    }

    /// When it is.
    pub(crate) fn next_look_ms(&self) -> u64 {
        self.since_ms.saturating_add(STEP_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_moves_a_pixel_at_a_time_within_its_bounds_and_over_all_of_them() {
        let mut shift = Shift::default();
        let mut at = (0, 0);
        let mut seen = std::collections::BTreeSet::from([at]);
        for step in 1..=60 {
            let next = shift.look(step * STEP_MS, true).expect("five minutes are over");
            assert!((next.0 - at.0).abs() + (next.1 - at.1).abs() == 1, "{at:?} to {next:?}");
            assert!(next.0.abs() <= 2 && (0..=3).contains(&next.1), "{next:?}");
            at = next;
            seen.insert(at);
        }
        assert_eq!(seen.len(), 20, "no place is left out");
        assert_eq!(at, (0, 0));
    }

    #[test]
    fn it_stays_while_somebody_is_there_and_moves_once_they_have_gone() {
        let mut shift = Shift::default();
        assert_eq!(shift.look(STEP_MS - 1, true), None);
        assert_eq!(shift.look(STEP_MS, false), None);
        assert_eq!(shift.look(STEP_MS + 1, true), Some((1, 0)));
        assert_eq!(shift.look(STEP_MS + 2, true), None, "the five minutes begin anew");
    }
}
