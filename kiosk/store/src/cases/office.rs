//! Steps of head office, and how far they have come.

use std::path::Path;

use afterword_protocol::case_steps::{CaseMark, CaseSteps};
use rusqlite::{Connection, TransactionBehavior, params};

use super::steps::add;
use crate::error::StoreError;
use crate::state::{column, hex, seq};

/// How far head office's steps are kept; none where the book cannot be read: then all of them come again.
pub(crate) fn mark(connection: &Connection) -> rusqlite::Result<CaseMark> {
    connection
        .prepare_cached("SELECT server_epoch, number FROM case_book WHERE server_epoch IS NOT NULL")?
        .query_map([], |row| {
            Ok(CaseMark { server_epoch: hex(row, "server_epoch")?, number: seq(row, "number")? })
        })?
        .next()
        .unwrap_or(Ok(CaseMark::NONE))
}

/// Keeps steps beside those that are here, and the mark, in one transaction. They have passed [`CaseSteps::check`].
pub(crate) fn keep(connection: &mut Connection, path: &Path, come: &CaseSteps) -> Result<(), StoreError> {
    let of = |error: rusqlite::Error| StoreError::of(path, &error);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(of)?;
    for held in &come.steps {
        add(&transaction, held, None).map_err(of)?;
    }
    let CaseMark { server_epoch, number } = come.mark;
    transaction
        .execute(
            "UPDATE case_book SET server_epoch = ?1, number = ?2",
            params![server_epoch.as_bytes(), column(number)],
        )
        .map_err(of)?;
    transaction.commit().map_err(of)
}
