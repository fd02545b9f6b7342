//! How many requests are inside: read, and not yet answered.
//!
//! Who is inside comes before who is at the door: [`crate::listen`] lets handshakes wait a moment while the inside is
//! busy. Bodies that are still on their way do not count, so that nobody can slow the door down by dribbling.

use std::sync::Arc;

use tokio::sync::watch;

/// The count; clones are handles on the same one.
#[derive(Clone, Default)]
pub(crate) struct Load(Arc<watch::Sender<usize>>);

/// One request inside, until it is dropped.
pub(crate) struct Inside(Arc<watch::Sender<usize>>);

impl Load {
    /// One more.
    pub(crate) fn enter(&self) -> Inside {
        self.0.send_modify(|inside| *inside += 1);
        Inside(Arc::clone(&self.0))
    }

    /// Waits until fewer than so many are inside.
    pub(crate) async fn below(&self, count: usize) {
        // The sender lives as long as `self`, so that there is always somebody to hear it from.
        let _ = self.0.subscribe().wait_for(|&inside| inside < count).await;
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.send_modify(|inside| *inside -= 1);
    }
}
