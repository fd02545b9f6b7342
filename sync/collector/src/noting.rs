//! Keeps the note of how much is held up to date while the server runs (see `storage::held`).

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::routes::App;
use crate::storage::held;

/// What a backup of a minute ago lacks is noticed by the devices' heartbeats alone.
const NOTE_EVERY: Duration = Duration::from_secs(60);

/// Notes every minute, until it is dropped.
pub(crate) async fn keep_note(app: Arc<App>, data: PathBuf) {
    let mut due = tokio::time::interval(NOTE_EVERY);
    loop {
        due.tick().await;
        let (app, data) = (Arc::clone(&app), data.clone());
        // A panic shows in the log of the next try.
        let _ = tokio::task::spawn_blocking(move || note(&app, &data)).await;
    }
}

/// Notes once.
pub(crate) fn note(app: &App, data: &std::path::Path) {
    let held = app.readers.read(held::records).map_err(|error| error.to_string());
    if let Err(error) = held.and_then(|held| held::note(data, held).map_err(|error| error.to_string())) {
        tracing::warn!(error, "how much is held cannot be noted");
    }
}
