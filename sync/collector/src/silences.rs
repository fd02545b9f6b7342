//! Looking, beside the ports, for kiosks that have fallen silent or are heard again (see `storage::silences`).
//!
//! Who could not be heard is not silent: for a while after the start, and after the database could not be asked, nobody is looked at. Kiosks
//! speak every five minutes, and one that was refused may wait a quarter of an hour before it comes again.

use std::sync::{Arc, Mutex, PoisonError};

use crate::beside::keep_up;
use crate::routes::App;
use crate::storage::{StorageError, silences};

/// How often it is looked, by the monotonic clock. A silence begins an hour after the last word.
const LOOK_EVERY_MS: u64 = 60_000;

/// Three heartbeats, and as long as an agent that was refused waits before it comes again.
const LISTENED_FOR_MS: u64 = 20 * 60_000;

/// When it is looked next, and whether the last look failed.
#[derive(Clone, Copy)]
struct Next {
    at_ms: u64,
    has_failed: bool,
}

/// Tells of silent kiosks, until it is dropped.
pub(crate) async fn keep_silences(app: Arc<App>) {
    let at_ms = app.context.clock.monotonic_ms() + LISTENED_FOR_MS;
    let next = Arc::new(Mutex::new(Next { at_ms, has_failed: false }));
    let part = |app: Arc<App>| {
        let kept = Arc::clone(&next);
        async move {
            let now_ms = app.context.clock.monotonic_ms();
            let next = *kept.lock().unwrap_or_else(PoisonError::into_inner);
            if now_ms < next.at_ms {
                return Ok(false);
            }
            let looked = if next.has_failed { is_back(&app).await } else { look(&app).await };
            let next = match looked {
                Ok(true) => Next { at_ms: now_ms, has_failed: false },
                // Kiosks come back before anybody is called silent.
                Ok(false) if next.has_failed => Next { at_ms: now_ms + LISTENED_FOR_MS, has_failed: false },
                Err(StorageError::QueueFull) | Ok(false) => Next { at_ms: now_ms + LOOK_EVERY_MS, ..next },
                Err(_) => Next { at_ms: now_ms + LOOK_EVERY_MS, has_failed: true },
            };
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = next;
            looked
        }
    };
    keep_up(app, "of silent kiosks nobody is told yet", part).await;
}

/// Asks the database for something, and has nothing to tell of.
async fn is_back(app: &Arc<App>) -> Result<bool, StorageError> {
    let now_ms = app.context.clock.wall_ms();
    app.looked_up(move |reader| silences::pending(reader, now_ms)).await.map(|_| false)
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
