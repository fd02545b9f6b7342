//! Taking away beside the ports, each hour, what was kept for as long as it was to be (see `storage::retention`).
//!
//! In parts, at the desk where people's wishes are carried out; while batches are under way there is a pause between one and the next. On
//! failure it is tried again in the next hour, from where it was.

use std::sync::Arc;
use std::time::Duration;

use crate::admin::AdminError;
use crate::counting::PAUSE;
use crate::people::audit::Actor;
use crate::routes::App;

/// How often it is looked whether anything was kept long enough. Periods are days long.
const LOOK_EVERY: Duration = Duration::from_secs(3_600);

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
    let mut work = app.desk.run(Actor::Collector, |admin| admin.retention_work()).await?;
    loop {
        let part = app.desk.run(Actor::Collector, move |admin| {
            let has_more = admin.retain_part(&mut work)?;
            Ok((work, has_more))
        });
        let (left, has_more) = part.await?;
        work = left;
        if !has_more {
            break;
        }
        if app.is_busy() {
            tokio::time::sleep(PAUSE).await;
        }
    }
    app.desk.run(Actor::Collector, move |admin| admin.retain_end(&work)).await
}
