//! Noticing that the database was put back to an earlier state: beside it stands how many records it held lately.
//!
//! The note is rewritten every minute and at an orderly end, so it never says more than was held. A database that holds
//! less, or that has lost its note, gets a new server epoch; so do all that are restored by command. A new epoch costs
//! nothing: devices see in it that they should ask what is held. A database that several collectors share keeps its epoch when one
//! of them has no note: it is new there, and the others go on signing. On failure to write the note the server goes on.

use std::path::{Path, PathBuf};

use afterword_model::ports::Entropy;
use afterword_model::record::ServerEpoch;

use super::column_seq;
use super::sql::{Connection, SqlResult, values};
use crate::pki::replace;

/// Name of the note.
const NOTE_FILE: &str = "collector.held";

/// Where a database's note stands.
pub(crate) fn note_path(data: &Path) -> PathBuf {
    data.join(NOTE_FILE)
}

/// Records held of all stores together.
pub(crate) fn records(connection: &Connection) -> SqlResult<u64> {
    connection.query_one("select cast(coalesce(sum(mark), 0) as bigint) from stores", &[], |row| {
        Ok(column_seq(row.get(0)?))
    })
}

/// Notes how many records are held.
pub(crate) fn note(data: &Path, records: u64) -> std::io::Result<()> {
    replace(&note_path(data), format!("{records}\n").as_bytes())
}

/// Draws a new server epoch when the database holds less than its note says. Whether it did.
pub(crate) fn draw_epoch_if_older(
    connection: &Connection,
    data: &Path,
    entropy: &impl Entropy,
    is_shared: bool,
) -> SqlResult<bool> {
    let held = records(connection)?;
    let noted =
        std::fs::read_to_string(note_path(data)).ok().and_then(|text| text.trim().parse::<u64>().ok());
    let is_older = match noted {
        Some(noted) => held < noted,
        None => held > 0 && !is_shared,
    };
    if is_older {
        draw_epoch(connection, entropy)?;
    }
    if let Err(error) = note(data, held) {
        tracing::warn!(%error, "how much is held cannot be noted");
    }
    Ok(is_older)
}

/// Gives the database a new server epoch.
pub(crate) fn draw_epoch(connection: &Connection, entropy: &impl Entropy) -> SqlResult<()> {
    let epoch = ServerEpoch::new(entropy.bytes());
    connection.execute("update server set server_epoch = ?1", values![epoch.as_bytes()]).map(drop)
}
