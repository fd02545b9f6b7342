//! Counting beside the ports while the server runs: what came is in the numbers a second or two later (see `storage::numbers`).
//!
//! What comes out of a part is a job of a few rows. On failure nothing is counted twice or passed over.

use std::sync::{Arc, Mutex, PoisonError};

use crate::beside::keep_up;
use crate::routes::App;
use crate::storage::StorageError;
use crate::storage::numbers::{self, Waiting};
use crate::storage::sql::Connection;

/// Stores of devices that are counted in one part.
const STORES: usize = 64;

/// The same while batches are under way: whoever sends one just then waits for as long as that takes to be written.
const STORES_BESIDE: usize = 32;

/// Counts what came, until it is dropped.
pub(crate) async fn keep_counting(app: Arc<App>) {
    let waiting = Arc::new(Mutex::new(Waiting::default()));
    keep_up(app, "what came is not in the numbers yet", |app| count_part(app, Arc::clone(&waiting))).await;
}

/// Counts a bounded part of what is new. Whether there was anything.
async fn count_part(app: Arc<App>, waiting: Arc<Mutex<Waiting>>) -> Result<bool, StorageError> {
    let stores = if app.is_busy() { STORES_BESIDE } else { STORES };
    let next = move |reader: &Connection| {
        waiting.lock().unwrap_or_else(PoisonError::into_inner).next_part(reader, stores)
    };
    let pending = app.looked_up(next).await?;
    if pending.is_empty() {
        return Ok(false);
    }
    app.writer.run(None, move |writer| Ok(numbers::apply(writer, &pending)?)).await?;
    Ok(true)
}
