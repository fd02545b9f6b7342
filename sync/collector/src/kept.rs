//! What many ask for and is reckoned from all kiosks or all cases: reckoned now and then, and not for each who asks.

use std::sync::{Arc, Mutex, PoisonError};

use crate::numbers::FollowUps;
use crate::routes::App;
use crate::storage::StorageError;
use crate::storage::sql::{Connection, SqlResult};

/// Cases change by the hour; a list of them reads all steps that were ever sent.
const FOLLOW_UPS_MS: u64 = 30_000;
/// Somebody who has just enrolled a kiosk soon finds it there.
const KIOSKS_MS: u64 = 5_000;
/// Heartbeats come every five minutes; each look reads every kiosk.
const TO_LOOK_AT_MS: u64 = 15_000;

/// Kiosks of each store, those of no store too.
pub(crate) type ByStore = Vec<(Option<String>, u64)>;

/// What is kept.
pub(crate) struct KeptFigures {
    pub(crate) follow_ups: Kept<FollowUps>,
    /// Kiosks that are enrolled.
    pub(crate) kiosks: Kept<ByStore>,
    /// Of these, those that need a look.
    pub(crate) to_look_at: Kept<ByStore>,
}

impl Default for KeptFigures {
    fn default() -> Self {
        Self {
            follow_ups: Kept::for_ms(FOLLOW_UPS_MS),
            kiosks: Kept::for_ms(KIOSKS_MS),
            to_look_at: Kept::for_ms(TO_LOOK_AT_MS),
        }
    }
}

/// What was reckoned last, and when, in milliseconds of the monotonic clock.
pub(crate) struct Kept<T> {
    last: Mutex<Option<(u64, Arc<T>)>>,
    /// It is reckoned anew after so many milliseconds.
    for_ms: u64,
}

impl<T: Send + Sync + 'static> Kept<T> {
    /// Nothing yet; what will be reckoned is shown for so many milliseconds.
    fn for_ms(for_ms: u64) -> Self {
        Self { last: Mutex::default(), for_ms }
    }

    /// What was reckoned a moment ago, or else what is reckoned now. Two who ask at once may both reckon.
    pub(crate) async fn or_reckon(
        &self,
        app: &Arc<App>,
        reckon: impl FnOnce(&Connection) -> SqlResult<T> + Send + 'static,
    ) -> Result<Arc<T>, StorageError> {
        let now_ms = app.context.clock.monotonic_ms();
        if let Some((at_ms, value)) = &*self.last.lock().unwrap_or_else(PoisonError::into_inner)
            && now_ms.saturating_sub(*at_ms) < self.for_ms
        {
            return Ok(Arc::clone(value));
        }
        let value = Arc::new(app.looked_up(reckon).await?);
        let now_ms = app.context.clock.monotonic_ms();
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((now_ms, Arc::clone(&value)));
        Ok(value)
    }

    /// Somebody has just changed what it is reckoned from, and looks for what came of it.
    pub(crate) fn forget(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
