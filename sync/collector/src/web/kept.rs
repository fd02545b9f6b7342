//! What many pages show and is reckoned from all kiosks or all cases: reckoned now and then, and not for each page.

use std::sync::{Arc, Mutex, PoisonError};

use crate::routes::App;
use crate::storage::sql::{Connection, SqlResult};
use crate::web::mishap::Mishap;

/// What was reckoned last, and when, in milliseconds of the monotonic clock.
pub(super) struct Kept<T> {
    last: Mutex<Option<(u64, Arc<T>)>>,
    /// It is reckoned anew after so many milliseconds.
    for_ms: u64,
}

impl<T: Send + Sync + 'static> Kept<T> {
    /// Nothing yet; what will be reckoned is shown for so many milliseconds.
    pub(super) fn for_ms(for_ms: u64) -> Self {
        Self { last: Mutex::default(), for_ms }
    }

    /// What was reckoned a moment ago, or else what is reckoned now. Two who ask at once may both reckon.
    pub(super) async fn or_reckon(
        &self,
        app: &Arc<App>,
        reckon: impl FnOnce(&Connection) -> SqlResult<T> + Send + 'static,
    ) -> Result<Arc<T>, Mishap> {
        let now_ms = app.context.clock.monotonic_ms();
        if let Some((at_ms, value)) = &*self.last.lock().unwrap_or_else(PoisonError::into_inner)
            && now_ms.saturating_sub(*at_ms) < self.for_ms
        {
            return Ok(Arc::clone(value));
        }
        let value = Arc::new(app.read(reckon).await?);
        let now_ms = app.context.clock.monotonic_ms();
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((now_ms, Arc::clone(&value)));
        Ok(value)
    }
}
