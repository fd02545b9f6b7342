//! Looking, beside the ports, for kiosks that have fallen silent or are heard again (see `storage::silences`).
//!
//! Who could not be heard is not silent: for a while after the start, and after the database could not be asked, nobody is looked at. Kiosks
//! speak every five minutes, and come back within a few when they were refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::beside::keep_up;
use crate::routes::App;
use crate::storage::{StorageError, silences};

/// How often it is looked, by the monotonic clock. A silence begins an hour after the last word.
const LOOK_EVERY_MS: u64 = 60_000;

/// Three heartbeats.
const LISTENED_FOR_MS: u64 = 15 * 60_000;

/// Tells of silent kiosks, until it is dropped.
pub(crate) async fn keep_silences(app: Arc<App>) {
    let first_ms = app.context.clock.monotonic_ms() + LISTENED_FOR_MS;
    let next_ms = Arc::new(AtomicU64::new(first_ms));
    let part = |app: Arc<App>| {
        let next_ms = Arc::clone(&next_ms);
        async move {
            let now_ms = app.context.clock.monotonic_ms();
            if now_ms < next_ms.load(Ordering::Relaxed) {
                return Ok(false);
            }
            let looked = look(&app).await;
            let wait_ms = match looked {
                Ok(true) => 0,
                Ok(false) => LOOK_EVERY_MS,
                Err(_) => LISTENED_FOR_MS,
            };
            next_ms.store(now_ms + wait_ms, Ordering::Relaxed);
            looked
        }
    };
    keep_up(app, "of silent kiosks nobody is told yet", part).await;
}

/// Tells of some of them. Whether there were any.
async fn look(app: &Arc<App>) -> Result<bool, StorageError> {
    let now_ms = app.context.clock.wall_ms();
    let turns = app.looked_up(move |reader| silences::pending(reader, now_ms)).await?;
    if turns.is_empty() {
        return Ok(false);
    }
    app.writer.run(None, move |writer| Ok(silences::apply(writer, &turns, now_ms)?)).await?;
    Ok(true)
}
