//! The numbers that decide what the survey leaves to chance: one for each visit, all from the seed that was handed in.
//!
//! The number of the next visit is there before it begins, because the resting question may show a variant.

/// A sequence of draws. SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
#[derive(Debug, Clone)]
pub(crate) struct Draws {
    state: u64,
}

/// How many visits there were says nothing of who came.
impl PartialEq for Draws {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Draws {}

impl Draws {
    pub(crate) fn from_seed(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The draw of the next visit.
    pub(crate) fn next(&self) -> u32 {
        let mut mixed = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        u32::try_from((mixed ^ (mixed >> 31)) >> 32).unwrap_or(0)
    }

    /// The visit has begun: its draw, and the next one takes its place.
    pub(crate) fn take(&mut self) -> u32 {
        let draw = self.next();
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        draw
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_draw_is_known_before_it_is_taken_and_taken_once() {
        let mut draws = Draws::from_seed(7);
        let taken: Vec<(u32, u32)> = (0..100).map(|_| (draws.next(), draws.take())).collect();
        assert!(taken.iter().all(|(next, taken)| next == taken));
        let mut different: Vec<u32> = taken.iter().map(|(_, taken)| *taken).collect();
        different.sort_unstable();
        different.dedup();
        assert_eq!(different.len(), 100);
        assert_ne!(Draws::from_seed(8).next(), Draws::from_seed(7).next());
    }
}
