//! What many ask for and is reckoned from all kiosks or all cases: reckoned now and then, and not for each who asks.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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

/// What was reckoned last.
pub(crate) struct Kept<T> {
    last: Mutex<Last<T>>,
    /// Whoever reckons has it.
    turn: tokio::sync::Mutex<()>,
    /// It is reckoned anew after so many milliseconds.
    for_ms: u64,
}

struct Last<T> {
    /// When it was begun, in milliseconds of the monotonic clock, and what came of it.
    value: Option<(u64, Arc<T>)>,
    /// How often it was forgotten.
    forgotten: u64,
}

impl<T: Send + Sync + 'static> Kept<T> {
    /// Nothing yet; what will be reckoned is shown for so many milliseconds.
    fn for_ms(for_ms: u64) -> Self {
        let last = Mutex::new(Last { value: None, forgotten: 0 });
        Self { last, turn: tokio::sync::Mutex::default(), for_ms }
    }

    /// What was reckoned a moment ago, or else what is reckoned now; while somebody is at that, others have what was before, if there is
    /// any.
    pub(crate) async fn or_reckon(
        &self,
        app: &Arc<App>,
        reckon: impl FnOnce(&Connection) -> SqlResult<T> + Send + 'static,
    ) -> Result<Arc<T>, StorageError> {
        if let Some(fresh) = self.fresh(app) {
            return Ok(fresh);
        }
        let before = self.last().value.as_ref().map(|(_, value)| Arc::clone(value));
        let _turn = match (self.turn.try_lock(), before) {
            (Ok(turn), _) => turn,
            (Err(_), Some(before)) => return Ok(before),
            (Err(_), None) => self.turn.lock().await,
        };
        if let Some(fresh) = self.fresh(app) {
            return Ok(fresh);
        }
        let (began_ms, forgotten) = (app.context.clock.monotonic_ms(), self.last().forgotten);
        let value = Arc::new(app.looked_up(reckon).await?);
        let mut last = self.last();
        // What was read before somebody changed it is for this one alone.
        if last.forgotten == forgotten {
            last.value = Some((began_ms, Arc::clone(&value)));
        }
        Ok(value)
    }

    /// Somebody has just changed what it is reckoned from, and looks for what came of it.
    pub(crate) fn forget(&self) {
        let mut last = self.last();
        (last.value, last.forgotten) = (None, last.forgotten + 1);
    }

    fn fresh(&self, app: &App) -> Option<Arc<T>> {
        let now_ms = app.context.clock.monotonic_ms();
        let last = self.last();
        let (began_ms, value) = last.value.as_ref()?;
        (now_ms.saturating_sub(*began_ms) < self.for_ms).then(|| Arc::clone(value))
    }

    fn last(&self) -> MutexGuard<'_, Last<T>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
