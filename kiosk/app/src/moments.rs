//! How a moment comes from a till's connection at the socket to the screen's thread.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use afterword_model::moment::Moment;

use crate::kiosk::Wake;

/// The place where the newest moment waits for the kiosk. Clones are the same place.
#[derive(Clone, Default)]
pub struct Moments(Arc<Inner>);

#[derive(Default)]
struct Inner {
    newest: Mutex<Option<Moment>>,
    wake: OnceLock<Wake>,
}

impl Moments {
    /// Has the kiosk look whenever a moment comes. The first kiosk is the only one.
    pub(crate) fn wake_with(&self, wake: Wake) {
        // A second kiosk at one place would be a second screen of one device; there is none.
        let _ = self.0.wake.set(wake);
    }

    /// A moment has come, on any thread; one that was not taken yet is forgotten for it.
    pub(crate) fn tell(&self, moment: Moment) {
        *self.0.newest.lock().unwrap_or_else(PoisonError::into_inner) = Some(moment);
        if let Some(wake) = self.0.wake.get() {
            wake();
        }
    }

    /// The moment that has come, once.
    pub(crate) fn take(&self) -> Option<Moment> {
        self.0.newest.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
