//! Handshakes one step at a time, so that a crowd at the door does not hold up those who are inside.
//!
//! A handshake is some milliseconds of arithmetic in two or three steps. Nine hundred of them that are ready at the same
//! moment would stand in the runtime's queue before every request of an open connection, and would bring in more
//! requests than can be answered. Here a step waits for its turn outside that queue, is done on a thread that stands back
//! (see [`super::door`]), and lets those inside go first, though never for long: under the heaviest load new devices still come in.
//!
//! Invariant: a turn is held for one step of work and never while the network is waited for, so that a peer which
//! falls silent in the middle of its handshake keeps nobody from theirs. Turns are given in the order of asking.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use afterword_protocol::limits::{DOOR_WAIT_MAX, INSIDE_CALM_PER_CORE};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::load::Load;

/// Half of the processor's cores may be at handshakes at a time, at least one; the others are for those inside.
pub(super) fn turns() -> usize {
    cores().div_ceil(2)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Where steps wait for their turn.
pub(super) struct Turnstile {
    turns: Arc<Semaphore>,
    load: Load,
    /// With fewer than this inside, nobody waits for them.
    calm: usize,
}

impl Turnstile {
    /// With as many turns as the door has threads.
    pub(super) fn before(load: Load) -> Self {
        let turns = Arc::new(Semaphore::new(turns()));
        Self { turns, load, calm: INSIDE_CALM_PER_CORE * cores() }
    }

    /// Does this work, each of its steps in its turn.
    pub(super) async fn pass<F: Future + Unpin>(&self, mut work: F) -> F::Output {
        loop {
            let turn = self.turns.acquire().await.expect("the semaphore is never closed");
            // Busy for longer than that is no reason to keep everybody out.
            let _ = timeout(DOOR_WAIT_MAX, self.load.below(self.calm)).await;
            let step = poll_fn(|context| Poll::Ready(Pin::new(&mut work).poll(context))).await;
            drop(turn);
            if let Poll::Ready(done) = step {
                return done;
            }
            until_woken().await;
        }
    }
}

/// Waits for whatever the last step of the work is waiting for, which wakes this task.
async fn until_woken() {
    let mut was_asked = false;
    poll_fn(|_| if std::mem::replace(&mut was_asked, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::time::Instant;

    use super::*;

    fn with_one_turn() -> Arc<Turnstile> {
        Arc::new(Turnstile { turns: Arc::new(Semaphore::new(1)), load: Load::default(), calm: 3 })
    }

    fn pass(turnstile: &Arc<Turnstile>) -> tokio::task::JoinHandle<()> {
        let turnstile = Arc::clone(turnstile);
        tokio::spawn(async move { turnstile.pass(Box::pin(async {})).await })
    }

    #[tokio::test]
    async fn a_step_waits_for_its_turn_and_one_that_waits_for_the_network_holds_none() {
        let turnstile = with_one_turn();
        let steps = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&steps);
        // Ready for nothing, as a peer that says no more.
        let silent = Box::pin(poll_fn(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            Poll::<()>::Pending
        }));
        let at_the_door = Arc::clone(&turnstile);
        let silent = tokio::spawn(async move { at_the_door.pass(silent).await });
        while steps.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        pass(&turnstile).await.unwrap();
        assert_eq!(steps.load(Ordering::SeqCst), 1, "nobody woke it");

        let turn = Arc::clone(&turnstile.turns).acquire_owned().await.unwrap();
        let late = pass(&turnstile);
        tokio::task::yield_now().await;
        assert!(!late.is_finished(), "it went before its turn");
        drop(turn);
        late.await.unwrap();
        silent.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_is_inside_goes_first_but_not_for_ever() {
        let turnstile = with_one_turn();
        let mut inside: Vec<_> = (0..3).map(|_| turnstile.load.enter()).collect();
        let began = Instant::now();
        pass(&turnstile).await.unwrap();
        assert!(began.elapsed() >= DOOR_WAIT_MAX, "it did not wait");
        inside.pop();
        let began = Instant::now();
        pass(&turnstile).await.unwrap();
        assert_eq!(began.elapsed(), std::time::Duration::ZERO, "it waited for nothing");
    }
}
