//! What happened, a line each, with the virtual time before it. The same seed gives the same text.

use std::fmt::{Display, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use super::clock::VirtualTime;

/// A text that everybody writes to.
#[derive(Clone)]
pub(super) struct Trace {
    time: VirtualTime,
    lines: Arc<Mutex<String>>,
}

impl Trace {
    /// An empty one.
    pub(super) fn begin(time: &VirtualTime) -> Self {
        Self { time: time.clone(), lines: Arc::default() }
    }

    /// Adds a line.
    pub(super) fn say(&self, what: impl Display) {
        let now_ms = self.time.now_ms();
        let (seconds, ms) = (now_ms / 1_000, now_ms % 1_000);
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        // Writing to a text does not fail.
        let _ = writeln!(lines, "{seconds:>8}.{ms:03}  {what}");
    }

    /// Everything so far.
    pub(super) fn text(&self) -> String {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
