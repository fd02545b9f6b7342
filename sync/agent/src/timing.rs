//! Every wait of the loop in one place, so that a test or a demonstration can shorten them together.

use afterword_protocol::limits::{
    BEGIN_ANEW_PAUSE_MS, HEARTBEAT_EVERY_MS, QUEUE_WAIT_MAX_MS, RENEWAL_RETRY_MS, RETRY_MAX_MS,
};

/// How long the loop waits for what; all in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Shortest wait after a failure of the network or the collector.
    pub retry_least_ms: u64,
    /// Longest wait after such a failure.
    pub retry_most_ms: u64,
    /// Shortest wait after the collector would not have this device. Longer than for the network: only a
    /// person changes that, and a device that knocks every second looks like an attack.
    pub paused_least_ms: u64,
    /// Wait after a conflict between the device's and the collector's records.
    pub conflict_retry_ms: u64,
    /// The first traffic after an outage is put off by up to this much, so that a street whose power comes
    /// back does not arrive in the same second.
    pub entry_spread_ms: u64,
    /// From this length on, a row of failures is an outage.
    pub outage_ms: u64,
    /// Shortest wait before the kiosk program is asked again.
    pub kiosk_retry_least_ms: u64,
    /// Longest wait before the kiosk program is asked again. Short: it restarts in seconds.
    pub kiosk_retry_most_ms: u64,
    /// How long one request for records may wait at the kiosk for a new one, at most
    /// [`QUEUE_WAIT_MAX_MS`].
    pub queue_wait_ms: u64,
    /// From one heartbeat to the next.
    pub heartbeat_ms: u64,
    /// From a renewal that did not work to the next try.
    pub renewal_retry_ms: u64,
    /// From one new store epoch to the next, at the least.
    pub begin_anew_pause_ms: u64,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            retry_least_ms: 1_000,
            retry_most_ms: RETRY_MAX_MS,
            paused_least_ms: 60_000,
            conflict_retry_ms: RETRY_MAX_MS,
            entry_spread_ms: 120_000,
            outage_ms: 5 * 60 * 1_000,
            kiosk_retry_least_ms: 1_000,
            kiosk_retry_most_ms: 30_000,
            queue_wait_ms: QUEUE_WAIT_MAX_MS,
            heartbeat_ms: HEARTBEAT_EVERY_MS,
            renewal_retry_ms: RENEWAL_RETRY_MS,
            begin_anew_pause_ms: BEGIN_ANEW_PAUSE_MS,
        }
    }
}

impl Timing {
    /// For a shop on a desk, where a person watches: no spread, and back within two seconds.
    #[must_use]
    pub fn brisk() -> Self {
        Self {
            retry_least_ms: 50,
            retry_most_ms: 2_000,
            paused_least_ms: 500,
            conflict_retry_ms: 2_000,
            entry_spread_ms: 0,
            kiosk_retry_least_ms: 50,
            kiosk_retry_most_ms: 1_000,
            queue_wait_ms: 1_000,
            heartbeat_ms: 1_000,
            renewal_retry_ms: 2_000,
            ..Self::default()
        }
    }
}
