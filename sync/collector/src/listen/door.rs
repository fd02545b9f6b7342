//! Where handshakes are worked on: threads of their own, which stand back behind all others.
//!
//! Nine hundred handshakes that are ready at the same moment are seconds of arithmetic. On the threads that serve those who are
//! inside, each would be one more thing that every answer waits for. The system gives these threads what the others leave, and a
//! small share of the processor when they leave nothing, so that the door never closes.

use std::io;

use tokio::runtime::{Builder, Runtime};

use super::turnstile;

/// How far its threads stand back, as in nice(1): to each other that is busy on the same core as one to nine.
const STANDS_BACK: i32 = 10;

/// The threads, until it is dropped.
pub(crate) struct Door(Option<Runtime>);

impl Door {
    /// With a thread for each turn.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn open() -> io::Result<Self> {
        let threads = Builder::new_multi_thread()
            .worker_threads(turnstile::turns())
            .thread_name("collector-door")
            .on_thread_start(stand_back)
            .enable_time()
            .build()?;
        Ok(Self(Some(threads)))
    }

    /// Does this work here, while the caller waits elsewhere. None when it panicked.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        self.0.as_ref()?.spawn(work).await.ok()
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        // Not waited for: whoever drops it may be on a thread that must not wait, and what is left has a deadline.
        if let Some(threads) = self.0.take() {
            threads.shutdown_background();
        }
    }
}

fn stand_back() {
    // Of this thread alone, as Linux has it. Where it is refused, they stand beside the others, which is slower and not wrong.
    let _ = rustix::process::nice(STANDS_BACK);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn its_threads_stand_back_and_work_that_breaks_down_is_told() {
        let door = Door::open().unwrap();
        let how_far = || rustix::process::getpriority_process(None).unwrap();
        // As far as there is room: nobody stands further back than 19.
        let expected = (how_far() + STANDS_BACK).min(19);
        assert_eq!(door.work(async move { how_far() }).await, Some(expected));
        assert_eq!(door.work(async { panic!("no handshake") }).await, None::<()>);
        assert_eq!(door.work(async { 1 }).await, Some(1), "it goes on");
    }
}
