//! One virtual time for all: tokio's paused clock, which goes on only when nobody has anything to do.
//!
//! Every program has a clock of its own over it, with monotonic time from its own start. A device's wall clock may be
//! wrong by any amount; the collector's is the true time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use afterword_model::ports::Clock;
use tokio::runtime::Handle;
use tokio::time::Instant;

/// The true time when a simulation begins, milliseconds since 1970: in November 2026.
pub(super) const BEGINNING_MS: i64 = 1_795_300_000_000;

/// Virtual time since the beginning.
#[derive(Clone)]
pub(super) struct VirtualTime {
    runtime: Handle,
    began: Instant,
}

impl VirtualTime {
    /// Begins now, on this runtime.
    pub(super) fn begin() -> Self {
        Self { runtime: Handle::current(), began: Instant::now() }
    }

    /// Milliseconds since the beginning.
    pub(super) fn now_ms(&self) -> u64 {
        // A store's own thread asks too, and tokio's time is that of the runtime one is in.
        let _inside = self.runtime.enter();
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The true time, milliseconds since 1970.
    pub(super) fn true_ms(&self) -> i64 {
        BEGINNING_MS.saturating_add_unsigned(self.now_ms())
    }
}

/// How far a wall clock is off, in milliseconds; shared by the programs of a device.
pub(super) type Error = Arc<AtomicI64>;

/// The clock of one program, from its start on.
pub(super) struct ProgramClock {
    time: VirtualTime,
    error: Error,
    started_ms: u64,
}

impl ProgramClock {
    /// The clock of a program that starts now.
    pub(super) fn start(time: &VirtualTime, error: &Error) -> Arc<Self> {
        Arc::new(Self { time: time.clone(), error: Arc::clone(error), started_ms: time.now_ms() })
    }
}

impl Clock for ProgramClock {
    fn wall_ms(&self) -> i64 {
        // As the system's clock, which shows nothing before 1970.
        self.time.true_ms().saturating_add(self.error.load(Ordering::SeqCst)).max(0)
    }

    fn monotonic_ms(&self) -> u64 {
        self.time.now_ms().saturating_sub(self.started_ms)
    }
}
