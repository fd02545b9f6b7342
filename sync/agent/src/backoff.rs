//! How long to wait after a failure: longer each time, and never the same on two devices.
//!
//! Exponential with full jitter (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015):
//! a uniform draw up to a ceiling that doubles. Pure: randomness is handed in, and the waiting is the caller's.
//! There is no last attempt; nothing here gives up.

use std::time::Duration;

use afterword_model::ports::Entropy;

/// The state of one back-off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    least_ms: u64,
    most_ms: u64,
    failures: u32,
}

impl Backoff {
    /// Delays between `least_ms` and `most_ms`, both included. A `most_ms` below `least_ms` is raised to it.
    #[must_use]
    pub const fn new(least_ms: u64, most_ms: u64) -> Self {
        let most_ms = if most_ms < least_ms { least_ms } else { most_ms };
        Self { least_ms, most_ms, failures: 0 }
    }

    /// The delay after one more failure: uniform from the least delay to `least * 2^failures`, at most the most.
    pub fn next_delay(&mut self, entropy: &dyn Entropy) -> Duration {
        self.failures = self.failures.saturating_add(1);
        let factor = 1_u64.checked_shl(self.failures).unwrap_or(u64::MAX);
        let ceiling_ms = self.least_ms.saturating_mul(factor).min(self.most_ms);
        Duration::from_millis(uniform_ms(entropy, self.least_ms, ceiling_ms))
    }

    /// It worked: the next failure is a first one again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// How many failures in a row there have been.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }
}

/// A uniform draw from `low_ms` to `high_ms`, both included; `low_ms` when they are the wrong way round.
#[must_use]
pub fn uniform_ms(entropy: &dyn Entropy, low_ms: u64, high_ms: u64) -> u64 {
    let mut bytes = [0; 8];
    entropy.fill(&mut bytes);
    let draw = u128::from(u64::from_le_bytes(bytes));
    let span = u128::from(high_ms.saturating_sub(low_ms)) + 1;
    // The bias of multiply-and-shift is below 2^-20 for any wait under a century; nobody can see it.
    low_ms + u64::try_from((draw * span) >> 64).expect("a 64-bit fraction of the span is at most the span")
}

#[cfg(test)]
mod tests {
    use afterword_model::ports::SeededEntropy;
    use proptest::prelude::*;

    use super::*;

    /// Entropy at its extremes.
    struct Constant(u8);

    impl Entropy for Constant {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(self.0);
        }
    }

    #[test]
    fn the_ceiling_doubles_up_to_the_most() {
        let mut backoff = Backoff::new(1_000, 900_000);
        let ceilings: Vec<u64> =
            (0..12).map(|_| backoff.next_delay(&Constant(0xff)).as_millis().try_into().unwrap()).collect();
        assert_eq!(ceilings[..4], [2_000, 4_000, 8_000, 16_000]);
        assert_eq!(ceilings[9..], [900_000; 3]);
    }

    #[test]
    fn success_starts_over() {
        let mut backoff = Backoff::new(1_000, 900_000);
        for _ in 0..20 {
            backoff.next_delay(&Constant(0));
        }
        backoff.reset();
        assert_eq!(backoff.next_delay(&Constant(0xff)), Duration::from_secs(2));
        assert_eq!(backoff.failures(), 1);
    }

    #[test]
    fn two_devices_do_not_wait_alike() {
        let delays = |seed| {
            let mut backoff = Backoff::new(1_000, 900_000);
            let entropy = SeededEntropy::new(seed);
            (0..8).map(|_| backoff.next_delay(&entropy)).collect::<Vec<_>>()
        };
        assert_ne!(delays(1), delays(2));
    }

    proptest! {
        #[test]
        fn every_delay_lies_between_least_and_most(
            seed: u64, least_ms in 0_u64..10_000, more_ms in 0_u64..2_000_000, failures in 1_usize..200
        ) {
            let most_ms = least_ms + more_ms;
            let mut backoff = Backoff::new(least_ms, most_ms);
            let entropy = SeededEntropy::new(seed);
            for _ in 0..failures {
                let delay_ms = u64::try_from(backoff.next_delay(&entropy).as_millis()).unwrap();
                prop_assert!((least_ms..=most_ms).contains(&delay_ms));
            }
        }

        #[test]
        fn a_draw_stays_inside_its_range(seed: u64, low_ms: u32, span_ms: u32) {
            let (low_ms, high_ms) = (u64::from(low_ms), u64::from(low_ms) + u64::from(span_ms));
            let draw = uniform_ms(&SeededEntropy::new(seed), low_ms, high_ms);
            prop_assert!((low_ms..=high_ms).contains(&draw));
        }
    }
}
