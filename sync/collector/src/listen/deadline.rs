//! By when a connection must have gone on: one deadline for each stage of its life.
//!
//! A connection is waiting for a request, in the middle of a header, at work on a request, or sending an answer. The stage
//! changes only while the connection itself is polled, so whoever polls it sees the new deadline at once.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use afterword_protocol::limits::CROWDED_IDLE_TIMEOUT;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::limits::Limits;

/// What a request's own deadline leaves for writing the answer that says so.
const GRACE: Duration = Duration::from_secs(2);

/// For the next part of an answer: as long as a search through ten million records that finds nothing takes, some times over.
const MAKING_TIMEOUT: Duration = Duration::from_secs(900);

/// Where a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing of the next request has come.
    Waiting,
    /// The same, while others wait for a place.
    WaitingInACrowd,
    /// The first byte of a header has come, not all of it.
    Header,
    /// A request is being read or answered.
    Request,
    /// The next part of a long answer is being made.
    Making,
    /// A part of an answer is being sent.
    Sending,
}

/// The stage of one connection, and since when; what it has brought.
pub(super) struct Progress {
    state: Mutex<(Stage, Instant)>,
    limits: Limits,
    bytes: AtomicU64,
}

impl Progress {
    /// A connection whose handshake has just ended.
    pub(super) fn new(limits: Limits) -> Arc<Self> {
        let state = Mutex::new((Stage::Waiting, Instant::now()));
        Arc::new(Self { state, limits, bytes: AtomicU64::new(0) })
    }

    /// Goes on to a stage.
    pub(super) fn enter(&self, stage: Stage) {
        *self.lock() = (stage, Instant::now());
    }

    /// Where it stands.
    pub(super) fn stage(&self) -> Stage {
        self.lock().0
    }

    /// By when it must have gone on.
    pub(super) fn deadline(&self) -> Instant {
        let (stage, since) = *self.lock();
        since
            + match stage {
                Stage::Waiting => self.limits.idle,
                Stage::WaitingInACrowd => self.limits.idle.min(CROWDED_IDLE_TIMEOUT),
                Stage::Header => self.limits.header,
                Stage::Request => self.limits.request + GRACE,
                Stage::Making => MAKING_TIMEOUT,
                // Whoever takes nothing for so long does not read any more.
                Stage::Sending => self.limits.idle,
            }
    }

    /// How many bytes have come since the handshake.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    fn bytes_came(&self, count: usize) {
        self.bytes.fetch_add(count as u64, Ordering::Relaxed);
        let mut state = self.lock();
        if matches!(state.0, Stage::Waiting | Stage::WaitingInACrowd) {
            *state = (Stage::Header, Instant::now());
        }
    }

    fn bytes_went(&self) {
        let mut state = self.lock();
        if state.0 == Stage::Sending {
            state.1 = Instant::now();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (Stage, Instant)> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// A stream that tells when the first byte of a request comes.
pub(super) struct Watched<S> {
    pub(super) stream: S,
    pub(super) progress: Arc<Progress>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(context, buffer);
        let count = buffer.filled().len() - before;
        if count > 0 {
            self.progress.bytes_came(count);
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        if matches!(result, Poll::Ready(Ok(count)) if count > 0) {
            self.progress.bytes_went();
        }
        result
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_stage_has_its_own_deadline() {
        let limits = Limits::default();
        let progress = Progress::new(limits.clone());
        assert_eq!(progress.deadline(), Instant::now() + limits.idle);
        progress.bytes_came(1);
        assert_eq!(progress.deadline(), Instant::now() + limits.header);
        tokio::time::advance(Duration::from_secs(3)).await;
        progress.bytes_came(1);
        assert_eq!(progress.deadline(), Instant::now() + limits.header - Duration::from_secs(3));
        progress.enter(Stage::Request);
        assert_eq!(progress.deadline(), Instant::now() + limits.request + GRACE);
        progress.enter(Stage::Making);
        assert_eq!(progress.deadline(), Instant::now() + MAKING_TIMEOUT);
        progress.enter(Stage::Sending);
        tokio::time::advance(Duration::from_secs(3)).await;
        progress.bytes_went();
        assert_eq!(progress.deadline(), Instant::now() + limits.idle);
        progress.enter(Stage::WaitingInACrowd);
        assert_eq!(progress.deadline(), Instant::now() + CROWDED_IDLE_TIMEOUT);
        progress.bytes_came(1);
        assert_eq!((progress.deadline(), progress.bytes()), (Instant::now() + limits.header, 3));
    }
}
