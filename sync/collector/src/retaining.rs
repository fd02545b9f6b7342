//! Taking away beside the ports, each hour, what was kept for as long as it was to be (see `storage::retention`).
//!
//! In parts, at the desk where people's wishes are carried out; while batches are under way there is a pause between one and the next. A part
//! that fails is tried again after a pause; a field that goes on failing is left to the next hour, and the others are gone through meanwhile.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::admin::AdminError;
use crate::admin::retaining::RetentionWork;
use crate::people::audit::Actor;
use crate::routes::App;

/// How often it is looked whether anything was kept long enough. Periods are days long.
const LOOK_EVERY: Duration = Duration::from_secs(3_600);

/// How long is waited before the next part while batches are under way.
const PAUSE: Duration = Duration::from_millis(200);

/// How long is waited after a failure.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Takes away what is over, until it is dropped.
pub(crate) async fn keep_retention(app: Arc<App>) {
    let mut due = tokio::time::interval(LOOK_EVERY);
    due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        due.tick().await;
        if let Err(error) = retain(&app).await {
            tracing::warn!(%error, "what was kept long enough is not all gone yet; it is tried again within the hour");
        }
    }
}

async fn retain(app: &App) -> Result<(), AdminError> {
    let work = app.desk.run(Actor::Collector, |admin| admin.retention_work()).await?;
    // It outlives a part that never came to the desk.
    let work = Arc::new(Mutex::new(work));
    loop {
        let part = Arc::clone(&work);
        match app.desk.run(Actor::Collector, move |admin| admin.retain_part(&mut held(&part))).await {
            Ok(true) if app.is_busy() => tokio::time::sleep(PAUSE).await,
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                held(&work).failed(error);
                tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
            }
        }
    }
    app.desk.run(Actor::Collector, move |admin| admin.retain_end(&mut held(&work))).await
}

/// What is left of a part that broke down is as good as that of one that failed.
fn held(work: &Mutex<RetentionWork>) -> MutexGuard<'_, RetentionWork> {
    work.lock().unwrap_or_else(PoisonError::into_inner)
}
