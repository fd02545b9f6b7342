//! Handshakes one step at a time, so that a crowd at the door does not hold up those who are inside.
//!
//! A handshake is some milliseconds of arithmetic in two or three steps. Nine hundred of them that are ready at the same
//! moment would stand in the runtime's queue before every request of an open connection, and would all be done at the
//! end of that time instead of one after the other. Here a step waits for its turn outside that queue.
//!
//! Invariant: a turn is held for one step of work and never while the network is waited for, so that a peer which
//! falls silent in the middle of its handshake keeps nobody from theirs. Turns are given in the order of asking.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// Where steps wait for their turn.
#[derive(Clone)]
pub(super) struct Turnstile(Arc<Semaphore>);

impl Turnstile {
    /// Half of the processor's cores may be at handshakes at a time, at least one; the others are for those inside.
    pub(super) fn for_this_machine() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self(Arc::new(Semaphore::new(cores.div_ceil(2))))
    }

    /// The same work, each of its steps in its turn.
    pub(super) fn pass<F: Future + Unpin>(&self, work: F) -> InTurn<F> {
        InTurn { work, turns: Arc::clone(&self.0), waiting: None }
    }
}

type Turn = Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send>>;

/// See [`Turnstile::pass`].
pub(super) struct InTurn<F> {
    work: F,
    turns: Arc<Semaphore>,
    waiting: Option<Turn>,
}

impl<F: Future + Unpin> Future for InTurn<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        let turns = &this.turns;
        let waiting = this.waiting.get_or_insert_with(|| Box::pin(Arc::clone(turns).acquire_owned()));
        let Poll::Ready(turn) = waiting.as_mut().poll(context) else { return Poll::Pending };
        this.waiting = None;
        let _turn = turn.expect("the semaphore is never closed");
        Pin::new(&mut this.work).poll(context)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_step_waits_for_its_turn_and_one_that_waits_for_the_network_holds_none() {
        let turnstile = Turnstile(Arc::new(Semaphore::new(1)));
        let steps = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&steps);
        // Ready for nothing, as a peer that says no more.
        let silent = poll_fn(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            Poll::<()>::Pending
        });
        let silent = tokio::spawn(turnstile.pass(Box::pin(silent)));
        while steps.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        turnstile.pass(Box::pin(async {})).await;

        let turn = Arc::clone(&turnstile.0).acquire_owned().await.unwrap();
        let mut late = tokio::spawn(turnstile.pass(Box::pin(async {})));
        tokio::task::yield_now().await;
        assert!(!late.is_finished(), "it went before its turn");
        drop(turn);
        (&mut late).await.unwrap();
        silent.abort();
    }
}
