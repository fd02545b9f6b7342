//! How much one token may ask: so many requests at once, and then so many a second (the generic cell rate algorithm, ITU-T I.371).
//!
//! Only tokens that hold are counted, so that memory is bounded by how many there are.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Milliseconds from one request to the next in the long run: ten a second.
const EVERY_MS: u64 = 100;
/// Requests that may come at once.
const BURST: u64 = 120;

/// Until when the requests of each token are spent, by a monotonic clock in milliseconds.
#[derive(Default)]
pub(super) struct Rates(Mutex<HashMap<[u8; 32], u64>>);

impl Rates {
    /// Counts a request; where it is one too many, gives the seconds after which another may come.
    pub(super) fn take(&self, digest: &[u8; 32], now_ms: u64) -> Result<(), u64> {
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A token whose time has caught up is as good as one that never asked.
        if spent.len() > 1_000 {
            spent.retain(|_, until_ms| *until_ms > now_ms);
        }
        let until_ms = spent.get(digest).copied().unwrap_or(0).max(now_ms) + EVERY_MS;
        let over_ms = until_ms.saturating_sub(now_ms + BURST * EVERY_MS);
        if over_ms > 0 {
            return Err(over_ms.div_ceil(1_000));
        }
        spent.insert(*digest, until_ms);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_ten_a_second_and_another_token_is_not_held_up() {
        let rates = Rates::default();
        for _ in 0..BURST {
            assert_eq!(rates.take(&[1; 32], 5_000), Ok(()));
        }
        assert_eq!(rates.take(&[1; 32], 5_000), Err(1));
        assert_eq!(rates.take(&[2; 32], 5_000), Ok(()));
        assert_eq!(rates.take(&[1; 32], 5_100), Ok(()));
        assert_eq!(rates.take(&[1; 32], 5_100), Err(1));
    }
}
