//! Looking, beside the ports, at the records that came, for what other programs are to be told of them (see `storage::told`).
//!
//! Taking records in comes first, as with counting: what is new is read on a connection that only reads, and while batches are under way there is
//! a pause between one part and the next.

use std::sync::Arc;
use std::time::Duration;

use crate::routes::App;
use crate::storage::{StorageError, told};

/// How often it is looked whether anything came.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long is waited before the next part while batches are under way.
const PAUSE: Duration = Duration::from_millis(200);

/// How long is waited after a failure, so that a database that is away does not fill the log.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(10);

/// Writes down what is to be told, until it is dropped.
pub(crate) async fn keep_telling(app: Arc<App>) {
    let mut due = tokio::time::interval(LOOK_EVERY);
    due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        due.tick().await;
        loop {
            match tell_part(&app).await {
                Ok(true) if app.is_busy() => tokio::time::sleep(PAUSE).await,
                Ok(true) => {}
                Ok(false) => break,
                // There will be room.
                Err(StorageError::QueueFull) => tokio::time::sleep(PAUSE).await,
                // Only the end of the server takes the writer away.
                Err(StorageError::NoWriter) => return,
                Err(error) => {
                    tracing::warn!(%error, "what came is not told to other programs yet; it is tried again in a moment, and nothing is lost meanwhile");
                    tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
                }
            }
        }
    }
}

/// Looks at a bounded part of what is new. Whether there was anything.
async fn tell_part(app: &Arc<App>) -> Result<bool, StorageError> {
    let pending = app.looked_up(told::pending).await?;
    if pending.is_empty() {
        return Ok(false);
    }
    let now_ms = app.context.clock.wall_ms();
    app.writer.run(None, move |writer| Ok(told::apply(writer, &pending, now_ms)?)).await?;
    Ok(true)
}
