//! Counting beside the ports while the server runs: what came is in the numbers a second or two later (see `storage::numbers`).
//!
//! Taking records in comes first: what is new is read and added up on a connection that only reads, what comes out of it is a job of a few
//! rows at the end of the writer's queue, and while batches are under way there is a pause between one part and the next. On failure
//! nothing is counted twice or passed over; it is tried again.

use std::sync::Arc;
use std::time::Duration;

use crate::routes::App;
use crate::storage::{StorageError, numbers};

/// How often it is looked whether anything came.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long is waited before the next part while batches are under way: some 5,000 records are counted in a second then, which is more
/// than 30,000 kiosks send.
pub(crate) const PAUSE: Duration = Duration::from_millis(200);

/// How long is waited after a failure, so that a database that is away does not fill the log.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(10);

/// Counts what came, until it is dropped.
pub(crate) async fn keep_counting(app: Arc<App>) {
    let mut due = tokio::time::interval(LOOK_EVERY);
    due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        due.tick().await;
        loop {
            match count_part(&app).await {
                Ok(true) if app.is_busy() => tokio::time::sleep(PAUSE).await,
                Ok(true) => {}
                Ok(false) => break,
                // There will be room.
                Err(StorageError::QueueFull) => tokio::time::sleep(PAUSE).await,
                // Only the end of the server takes the writer away.
                Err(StorageError::NoWriter) => return,
                Err(error) => {
                    tracing::warn!(%error, "what came is not in the numbers yet; it is counted again in a moment, and nothing is lost meanwhile");
                    tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
                }
            }
        }
    }
}

/// Counts a bounded part of what is new. Whether there was anything.
async fn count_part(app: &Arc<App>) -> Result<bool, StorageError> {
    let pending = app.looked_up(numbers::pending).await?;
    if pending.is_empty() {
        return Ok(false);
    }
    app.writer.run(None, move |writer| Ok(numbers::apply(writer, &pending)?)).await?;
    Ok(true)
}
