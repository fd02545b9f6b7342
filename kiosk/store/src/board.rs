//! Where the writer posts how far it has come, and where others wait for more.
//!
//! What is posted is committed. Waiting ends with a record, with another epoch, with the time given, or with the
//! writer's end, whichever comes first; a waiting thread or task costs the writer nothing but one notification.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use afterword_model::record::{Seq, StoreEpoch};
use afterword_protocol::queue::Position;
use tokio::sync::watch;

use crate::error::StoreError;

pub(crate) struct Board {
    posted: Mutex<Posted>,
    changed: Condvar,
    /// The same news for tasks, which must not block a thread.
    tasks: watch::Sender<()>,
}

struct Posted {
    position: Position,
    purged_seq: Seq,
    open: bool,
}

impl Posted {
    /// Whether there is a record to read after `after_seq`, or numbers mean something else by now. What is purged is
    /// not to be read.
    fn is_news(&self, epoch: StoreEpoch, after_seq: Seq) -> bool {
        self.position.epoch != epoch || self.position.last_seq > after_seq.max(self.purged_seq)
    }
}

impl Board {
    pub(crate) fn new(position: Position, purged_seq: Seq) -> Self {
        Self {
            posted: Mutex::new(Posted { position, purged_seq, open: true }),
            changed: Condvar::new(),
            tasks: watch::Sender::new(()),
        }
    }

    pub(crate) fn post(&self, position: Position, purged_seq: Seq) {
        let mut posted = self.lock();
        posted.position = position;
        posted.purged_seq = purged_seq;
        drop(posted);
        self.notify();
    }

    /// The writer has ended. What is on the disk stays, but nobody answers for it any more.
    pub(crate) fn close(&self) {
        self.lock().open = false;
        self.notify();
    }

    pub(crate) fn position(&self) -> Result<Position, StoreError> {
        let posted = self.lock();
        if posted.open { Ok(posted.position.clone()) } else { Err(StoreError::Stopped) }
    }

    /// Blocks this thread until there is a record after `after_seq` of this epoch, or the epoch is another, at most for
    /// `wait`.
    pub(crate) fn wait_beyond(
        &self,
        epoch: StoreEpoch,
        after_seq: Seq,
        wait: Duration,
    ) -> Result<(), StoreError> {
        let nothing_new = |posted: &mut Posted| posted.open && !posted.is_news(epoch, after_seq);
        let waited = self.changed.wait_timeout_while(self.lock(), wait, nothing_new);
        let posted = waited.unwrap_or_else(PoisonError::into_inner).0;
        if posted.open { Ok(()) } else { Err(StoreError::Stopped) }
    }

    /// The same for a task. With a wait it needs a tokio runtime that keeps time.
    pub(crate) async fn task_wait_beyond(
        &self,
        epoch: StoreEpoch,
        after_seq: Seq,
        wait: Duration,
    ) -> Result<(), StoreError> {
        let mut changes = self.tasks.subscribe();
        let news = async {
            loop {
                if self.is_news(epoch, after_seq)? {
                    return Ok(());
                }
                changes.changed().await.map_err(|_| StoreError::Stopped)?;
            }
        };
        if wait.is_zero() {
            return Ok(());
        }
        tokio::time::timeout(wait, news).await.unwrap_or(Ok(()))
    }

    fn is_news(&self, epoch: StoreEpoch, after_seq: Seq) -> Result<bool, StoreError> {
        let posted = self.lock();
        if posted.open { Ok(posted.is_news(epoch, after_seq)) } else { Err(StoreError::Stopped) }
    }

    fn notify(&self) {
        self.changed.notify_all();
        self.tasks.send_replace(());
    }

    /// A thread that panicked while it held the lock had changed a field or two: each is sound.
    fn lock(&self) -> MutexGuard<'_, Posted> {
        self.posted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
