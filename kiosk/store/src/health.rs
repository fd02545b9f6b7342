//! How the store is, for the heartbeat: read beside the writer, from one state of the database.

use std::path::Path;

use afterword_model::record::Seq;
use afterword_protocol::changes::ChangesVersion;
use afterword_protocol::queue::{Health, Position};
use afterword_protocol::settings::SettingsHeld;
use rusqlite::{Connection, OptionalExtension, Transaction};

use crate::cases;
use crate::error::StoreError;
use crate::former;
use crate::reserve::free_bytes;
use crate::state::{State, column};

pub(crate) fn health(
    connection: &Connection,
    path: &Path,
    kiosk_version: &str,
    changes: ChangesVersion,
    settings: SettingsHeld,
) -> Result<Health, StoreError> {
    let of = |error: rusqlite::Error| StoreError::of(path, &error);
    let transaction = connection.unchecked_transaction().map_err(of)?;
    let state = State::read(&transaction, path)?;
    let position: Position = state.position();
    let oldest_unsent_ms =
        oldest_after(&transaction, position.acknowledged_seq.max(state.purged_seq)).map_err(of)?;
    Ok(Health {
        position,
        purged_seq: state.purged_seq,
        boot: state.boot,
        oldest_unsent_ms,
        disk_free_bytes: path.parent().and_then(free_bytes),
        former: former::newest(&transaction).map_err(of)?,
        kiosk_version: kiosk_version.to_owned(),
        changes: Some(changes),
        case_mark: Some(cases::mark(&transaction).map_err(of)?),
        settings: Some(settings),
    })
}

/// When the first record after this one was frozen.
fn oldest_after(transaction: &Transaction<'_>, seq: Seq) -> rusqlite::Result<Option<i64>> {
    transaction
        .prepare_cached("SELECT frozen_ms FROM record WHERE seq > ?1 ORDER BY seq LIMIT 1")?
        .query_row([column(seq)], |row| row.get(0))
        .optional()
}
