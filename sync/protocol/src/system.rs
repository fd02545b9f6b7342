//! The real clock and the operating system's randomness. Programs make one of each in `main` and hand it
//! down; nothing else in the project may touch the global ones.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use afterword_model::ports::{Clock, Entropy};

/// No program of this version ran before this moment (2026-11-01T00:00:00Z), in milliseconds since 1970; a clock that says so
/// is wrong. Raised with each release.
pub const CLOCK_FLOOR_MS: i64 = 1_793_491_200_000;

/// The machine's clocks.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// Monotonic time starts at zero here.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place where the real clock comes in")]
    pub fn start() -> Self {
        Self { started: Instant::now() }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the real clock comes in")]
    fn wall_ms(&self) -> i64 {
        // A clock before 1970 reads as 1970: it is wrong either way, and `ClockQuality` says so.
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn monotonic_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// The operating system's random numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "the one place where real randomness comes in")]
    fn fill(&self, buffer: &mut [u8]) {
        getrandom::fill(buffer).expect("the operating system gives random bytes once it has booted");
    }
}
