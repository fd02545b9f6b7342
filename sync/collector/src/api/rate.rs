//! How much one token may ask: so many requests at once, and then so many a second (the generic cell rate algorithm, ITU-T I.371); and how
//! many that are none of ours may come from one address.
//!
//! Only tokens that hold have a rate, so that memory is bounded by how many there are. A token that held here before is no guess: it is let
//! through to be looked up wherever it comes from, so that a program with an old token stops no other one behind the same address. One that
//! was never seen here has to wait there with the guesses; the database is not asked for either.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::throttle::Throttle;

/// Milliseconds from one request to the next in the long run: ten a second.
const EVERY_MS: u64 = 100;
/// Requests that may come at once.
const BURST: u64 = 120;
/// Tokens that are known to have held, some hundred bytes each; an organisation has dozens.
const KNOWN_MAX: usize = 1_000;

/// Tokens at the door. Clocks are monotonic, in milliseconds.
#[derive(Default)]
pub(super) struct Rates {
    /// Until when the requests of each token that held are spent.
    spent: Mutex<HashMap<[u8; 32], u64>>,
    /// Tokens that were none, by where they came from.
    made_up: Throttle,
}

impl Rates {
    /// Lets a token be looked up, or says after how many seconds one from this address is. What it is counts afterwards alone: a program
    /// that begins with many requests at once is no guesser.
    pub(super) fn knock(&self, digest: Option<&[u8; 32]>, from: IpAddr, now_ms: u64) -> Result<(), u64> {
        if digest.is_some_and(|digest| self.lock().contains_key(digest)) {
            return Ok(());
        }
        self.made_up.wait_of_own_s(from, now_ms).map_or(Ok(()), Err)
    }

    /// It was none, or is none any more; `None` where it could not even be read as one.
    pub(super) fn was_none(&self, digest: Option<&[u8; 32]>, from: IpAddr, now_ms: u64) {
        if let Some(digest) = digest {
            self.lock().remove(digest);
        }
        self.made_up.failed(from, now_ms);
    }

    /// Counts a request; where it is one too many, gives the seconds after which another may come.
    pub(super) fn take(&self, digest: &[u8; 32], now_ms: u64) -> Result<(), u64> {
        let mut spent = self.lock();
        // A token whose time has caught up has nothing spent; it is merely known.
        if spent.len() > KNOWN_MAX {
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

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], u64>> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
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

    #[test]
    fn who_makes_tokens_up_waits_and_a_token_that_held_there_does_not() {
        let rates = Rates::default();
        let [here, there] = [1, 2].map(|last| IpAddr::from([192, 0, 2, last]));
        let ours = [255; 32];
        for _ in 0..20 {
            assert_eq!(rates.knock(Some(&ours), here, 5_000), Ok(()), "many at once are no guesses");
        }
        assert_eq!(rates.take(&ours, 5_000), Ok(()));
        for guess in 0..10 {
            let guess = Some([guess; 32]).filter(|_| guess < 5);
            assert_eq!(rates.knock(guess.as_ref(), here, 5_000), Ok(()), "{guess:?}");
            rates.was_none(guess.as_ref(), here, 5_000);
        }
        assert_eq!(rates.knock(Some(&[10; 32]), here, 5_500), Err(60));
        assert_eq!(rates.knock(None, here, 5_500), Err(60));
        assert_eq!(rates.knock(Some(&[10; 32]), there, 5_500), Ok(()), "nobody waits because of others");
        assert_eq!(rates.knock(Some(&ours), here, 5_500), Ok(()), "it is known");
        rates.was_none(Some(&ours), here, 5_500);
        assert_eq!(rates.knock(Some(&ours), here, 5_500), Err(60), "it was revoked");
        assert_eq!(rates.knock(Some(&[10; 32]), here, 65_000), Ok(()), "a minute later");
    }
}
