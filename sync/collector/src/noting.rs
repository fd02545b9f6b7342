//! What is done beside the ports while the server runs: keeping the note of how much is held (see `storage::held`), and making room in
//! the database for what comes.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::routes::App;
use crate::storage::{held, read_server};

/// What a backup of a minute ago lacks is noticed by the devices' heartbeats alone.
const NOTE_EVERY: Duration = Duration::from_secs(60);

const DAY: Duration = Duration::from_secs(24 * 3_600);

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

/// Makes room, each day, for what comes in the weeks after it; until it is dropped.
pub(crate) async fn keep_room(app: Arc<App>) {
    let mut due = tokio::time::interval(DAY);
    // The start has made it just now.
    due.tick().await;
    loop {
        due.tick().await;
        let now_ms = app.context.clock.wall_ms();
        let made = app.writer.run(None, move |writer| Ok(writer.own().prepare_for(now_ms)?));
        if let Err(error) = made.await {
            tracing::warn!(%error, "no room was made for the months to come; it is tried again tomorrow, and nothing is lost meanwhile");
        }
    }
}

/// Notes once, and looks whether the epoch that receipts are signed with still is the database's.
pub(crate) fn note(app: &App, data: &std::path::Path) {
    match app.readers.read(read_server) {
        Ok(server) if server.server_epoch != app.context.server_epoch => tracing::error!(
            "another collector found the database older than it was and gave it a new server epoch; restart this one as well"
        ),
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "the database cannot be asked for its server epoch"),
    }
    let held = app.readers.read(held::records).map_err(|error| error.to_string());
    if let Err(error) = held.and_then(|held| held::note(data, held).map_err(|error| error.to_string())) {
        tracing::warn!(error, "how much is held cannot be noted");
    }
}
