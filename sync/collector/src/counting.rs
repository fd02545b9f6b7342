//! Counting beside the ports while the server runs: what came is in the numbers a second or two later (see `storage::numbers`).
//!
//! What comes out of a part is a job of a few rows. On failure nothing is counted twice or passed over.

use std::sync::Arc;

use crate::beside::keep_up;
use crate::routes::App;
use crate::storage::{StorageError, numbers};

/// Counts what came, until it is dropped.
pub(crate) async fn keep_counting(app: Arc<App>) {
    keep_up(app, "what came is not in the numbers yet", count_part).await;
}

/// Counts a bounded part of what is new. Whether there was anything.
async fn count_part(app: Arc<App>) -> Result<bool, StorageError> {
    let pending = app.looked_up(numbers::pending).await?;
    if pending.is_empty() {
        return Ok(false);
    }
    app.writer.run(None, move |writer| Ok(numbers::apply(writer, &pending)?)).await?;
    Ok(true)
}
