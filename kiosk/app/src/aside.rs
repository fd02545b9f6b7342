//! What must not keep the screen's thread waiting: done on a thread of its own, or by the store, and told back through a channel.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use crate::kiosk::Wake;

/// Where such work is given away, and where what became of it is taken.
pub(crate) struct Aside<T> {
    /// The name of its threads.
    name: &'static str,
    wake: Wake,
    news: (Sender<T>, Receiver<T>),
    /// What has not been told yet.
    asked: Cell<usize>,
}

impl<T: Send + 'static> Aside<T> {
    pub(crate) fn new(name: &'static str, wake: Wake) -> Self {
        Self { name, wake, news: channel(), asked: Cell::default() }
    }

    /// Does it on a thread of its own; whether there was one.
    pub(crate) fn run(&self, work: impl FnOnce() -> T + Send + 'static) -> bool {
        let tell = self.teller();
        let thread = std::thread::Builder::new().name(self.name.into()).spawn(move || tell(work()));
        if let Err(error) = &thread {
            tracing::error!(%error, name = self.name, "there is no thread for what was asked");
            self.asked.set(self.asked.get().saturating_sub(1));
        }
        thread.is_ok()
    }

    /// What somebody else is to call with what became of it.
    pub(crate) fn teller(&self) -> impl FnOnce(T) + Send + 'static {
        self.asked.set(self.asked.get() + 1);
        let (news, wake) = (self.news.0.clone(), Arc::clone(&self.wake));
        move |told| {
            // Nobody listens any more only when the kiosk itself is gone.
            if news.send(told).is_ok() {
                wake();
            }
        }
    }

    /// What has come, one after the other.
    pub(crate) fn take(&self) -> Option<T> {
        let told = self.news.1.try_recv().ok()?;
        self.asked.set(self.asked.get().saturating_sub(1));
        Some(told)
    }

    /// Whether everything that was asked has been told.
    pub(crate) fn is_settled(&self) -> bool {
        self.asked.get() == 0
    }
}
