//! What is done beside the ports, part by part, as long as the server runs.
//!
//! Taking records in comes first: what is new is read on a connection that only reads, what comes out of it is a short job at the end of the
//! writer's queue, and while batches are under way there is a pause between one part and the next.

use std::sync::Arc;
use std::time::Duration;

use crate::routes::App;
use crate::storage::StorageError;

/// How often it is looked whether anything came.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long is waited before the next part while batches are under way: parts are small then, and a few hundred kiosks are gone through
/// in a second.
const PAUSE: Duration = Duration::from_millis(50);

/// How long is waited after a failure, so that a database that is away does not fill the log.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(10);

/// Keeps up with what comes, until it is dropped. `part` does a bounded part of what is new, and says whether there was anything; `late` is
/// what a failure means, for the log. On failure it is tried again.
pub(crate) async fn keep_up<F>(app: Arc<App>, late: &'static str, part: impl Fn(Arc<App>) -> F)
where
    F: Future<Output = Result<bool, StorageError>>,
{
    let mut due = tokio::time::interval(LOOK_EVERY);
    due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        due.tick().await;
        loop {
            match part(Arc::clone(&app)).await {
                Ok(true) if app.is_busy() => tokio::time::sleep(PAUSE).await,
                Ok(true) => {}
                Ok(false) => break,
                // There will be room.
                Err(StorageError::QueueFull) => tokio::time::sleep(PAUSE).await,
                // Only the end of the server takes the writer away.
                Err(StorageError::NoWriter) => return,
                Err(error) => {
                    tracing::warn!(%error, "{late}; it is tried again in a moment, and nothing is lost meanwhile");
                    tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
                }
            }
        }
    }
}
