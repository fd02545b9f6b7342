//! Waiting for PostgreSQL on a thread that has nothing else to do.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use tokio::runtime::Runtime;

/// Wakes the thread that waits.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits until it is done, or so long that it never will be: nothing then. Not with a runtime's own waiting, which refuses to be used
/// inside another runtime; a start and a command are.
pub(super) fn wait<F: Future>(future: F, patience: Duration) -> Option<F::Output> {
    let timed = {
        // Whoever moves the bytes looks at the clock as well.
        let _mover = mover().ok()?.enter();
        tokio::time::timeout(patience, future)
    };
    let mut timed = pin!(timed);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match timed.as_mut().poll(&mut context) {
            Poll::Ready(done) => return done.ok(),
            Poll::Pending => thread::park(),
        }
    }
}

/// All of these, begun in their order before any is waited for; the first error, if there is one.
pub(super) async fn all<F, T, E>(futures: impl IntoIterator<Item = F>) -> Result<Vec<T>, E>
where
    F: Future<Output = Result<T, E>>,
{
    let mut running: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    poll_fn(|context| {
        let mut is_done = true;
        for (future, result) in &mut running {
            if result.is_none() {
                match future.as_mut().poll(context) {
                    Poll::Ready(done) => *result = Some(done),
                    Poll::Pending => is_done = false,
                }
            }
        }
        if is_done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    running.into_iter().filter_map(|(_, result)| result).collect()
}

/// What moves the bytes of all connections of this process.
pub(super) fn mover() -> std::io::Result<&'static Runtime> {
    static MOVER: OnceLock<Runtime> = OnceLock::new();
    if let Some(mover) = MOVER.get() {
        return Ok(mover);
    }
    let made = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("collector-postgres")
        .enable_all()
        .build()?;
    Ok(MOVER.get_or_init(|| made))
}
