//! Looking beside the ports, every few minutes, whether answers fall where a roll-out went (see `storage::rollouts::answers`).
//!
//! Apart from what is looked at with heartbeats, because it goes through what is counted of every kiosk's days. On failure nothing stops,
//! and it is looked at again.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::admin::Admin;
use crate::people::audit::Actor;
use crate::routes::App;

/// How often. A stage stands for hours, and a verdict needs a hundred visits.
const LOOK_EVERY: Duration = Duration::from_secs(600);

/// Looks until it is dropped.
pub(crate) async fn keep_watching(app: Arc<App>) {
    // Nothing has changed while nobody counted; the first look is not the start's to wait for.
    let mut due = tokio::time::interval_at(Instant::now() + LOOK_EVERY, LOOK_EVERY);
    due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        due.tick().await;
        let looked = app.desk.run(Actor::Collector, Admin::rollout_look_at_answers).await;
        if let Err(error) = looked {
            tracing::warn!(%error, "whether answers fall where the roll-out went is looked at again in a while");
        }
    }
}
