//! Failed enrolments, wrong passwords and tokens that are none, counted by address and in all, so that nobody gets to guess.
//!
//! Memory is bounded; when the table of addresses is full, the count of all still holds, but for tokens: nobody guesses one. Only failures count:
//! fifty right codes in a minute pass.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;

use afterword_protocol::limits::{
    ENROL_ADDRESSES_MAX, ENROL_FAILURE_WINDOW_MS, ENROL_FAILURES_PER_ADDRESS, ENROL_FAILURES_TOTAL,
};

/// The count of recent failures.
#[derive(Default)]
pub(crate) struct Throttle {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    total: Count,
    by_network: HashMap<IpAddr, Count>,
}

/// Failures since the beginning of a window.
#[derive(Clone, Copy, Default)]
struct Count {
    since_ms: u64,
    failures: u32,
}

impl Count {
    fn is_current(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.since_ms) < ENROL_FAILURE_WINDOW_MS
    }

    fn add(&mut self, now_ms: u64) {
        if self.failures == 0 || !self.is_current(now_ms) {
            *self = Self { since_ms: now_ms, failures: 0 };
        }
        self.failures += 1;
    }

    /// Milliseconds until there is room again, when there is none.
    fn wait_ms(&self, now_ms: u64, failures_max: u32) -> Option<u64> {
        let full = self.is_current(now_ms) && self.failures >= failures_max;
        full.then(|| self.since_ms + ENROL_FAILURE_WINDOW_MS - now_ms)
    }
}

impl Throttle {
    /// Seconds until this address may try again, when it may not now. `now_ms` is monotonic.
    pub(crate) fn wait_s(&self, address: IpAddr, now_ms: u64) -> Option<u64> {
        let state = self.lock();
        let own = state.by_network.get(&network(address));
        let own_wait = own.and_then(|count| count.wait_ms(now_ms, ENROL_FAILURES_PER_ADDRESS));
        let wait_ms = own_wait.max(state.total.wait_ms(now_ms, ENROL_FAILURES_TOTAL))?;
        Some(wait_ms.div_ceil(1_000))
    }

    /// The same by what came from this address alone: nobody waits because of others.
    pub(crate) fn wait_of_own_s(&self, address: IpAddr, now_ms: u64) -> Option<u64> {
        let state = self.lock();
        let own = state.by_network.get(&network(address))?;
        Some(own.wait_ms(now_ms, ENROL_FAILURES_PER_ADDRESS)?.div_ceil(1_000))
    }

    /// Notes a failure.
    pub(crate) fn failed(&self, address: IpAddr, now_ms: u64) {
        let mut state = self.lock();
        state.total.add(now_ms);
        if state.by_network.len() >= ENROL_ADDRESSES_MAX {
            state.by_network.retain(|_, count| count.is_current(now_ms));
        }
        let known = state.by_network.contains_key(&network(address));
        if known || state.by_network.len() < ENROL_ADDRESSES_MAX {
            state.by_network.entry(network(address)).or_default().add(now_ms);
        }
    }

    /// Counts a try from this address, or says in how many seconds there is room for one. Only what came from there is looked at: nobody
    /// is kept out because of others. `now_ms` is monotonic.
    pub(crate) fn take(&self, address: IpAddr, now_ms: u64) -> Result<(), u64> {
        let mut state = self.lock();
        if state.by_network.len() >= ENROL_ADDRESSES_MAX {
            state.by_network.retain(|_, count| count.is_current(now_ms));
        }
        let is_full = state.by_network.len() >= ENROL_ADDRESSES_MAX;
        if is_full && !state.by_network.contains_key(&network(address)) {
            return Err(ENROL_FAILURE_WINDOW_MS / 1_000);
        }
        let count = state.by_network.entry(network(address)).or_default();
        if let Some(wait_ms) = count.wait_ms(now_ms, ENROL_FAILURES_PER_ADDRESS) {
            return Err(wait_ms.div_ceil(1_000));
        }
        count.add(now_ms);
        Ok(())
    }

    /// What was counted last for this address does not count.
    pub(crate) fn give_back(&self, address: IpAddr) {
        if let Some(count) = self.lock().by_network.get_mut(&network(address)) {
            count.failures = count.failures.saturating_sub(1);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// What one person can easily have many addresses of: an IPv6 line has 2^64 of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn other(n: u32) -> IpAddr {
        IpAddr::V4(std::net::Ipv4Addr::from(0x0a00_0000 + n))
    }

    #[test]
    fn one_address_is_stopped_and_another_is_not() {
        let throttle = Throttle::default();
        for _ in 0..ENROL_FAILURES_PER_ADDRESS {
            assert_eq!(throttle.wait_s(ONE, 5_000), None);
            throttle.failed(ONE, 5_000);
        }
        assert_eq!(throttle.wait_s(ONE, 5_500), Some(60));
        assert_eq!(throttle.wait_s(other(1), 5_500), None);
        assert_eq!(throttle.wait_s(ONE, 65_000), None);
    }

    #[test]
    fn many_addresses_together_are_stopped_in_bounded_memory() {
        let throttle = Throttle::default();
        for n in 0..10_000 {
            throttle.failed(other(n), 0);
        }
        assert_eq!(throttle.wait_s(ONE, 1), Some(60));
        assert!(throttle.lock().by_network.len() <= ENROL_ADDRESSES_MAX);
    }

    #[test]
    fn a_try_is_counted_before_it_is_known_and_a_right_one_given_back() {
        let throttle = Throttle::default();
        for _ in 0..ENROL_FAILURES_PER_ADDRESS {
            assert_eq!(throttle.take(ONE, 5_000), Ok(()));
        }
        assert_eq!(throttle.take(ONE, 5_500), Err(60));
        assert_eq!(throttle.take(other(1), 5_500), Ok(()), "nobody is kept out because of others");
        throttle.give_back(ONE);
        assert_eq!(throttle.take(ONE, 5_500), Ok(()));
        assert_eq!(throttle.take(ONE, 65_000), Ok(()), "a minute later");
    }

    #[test]
    fn an_ipv6_line_is_one_address() {
        let throttle = Throttle::default();
        for n in 0..ENROL_FAILURES_PER_ADDRESS {
            throttle.failed(format!("2001:db8::{n}").parse().unwrap(), 0);
        }
        assert!(throttle.wait_s("2001:db8::ffff".parse().unwrap(), 1).is_some());
    }
}
