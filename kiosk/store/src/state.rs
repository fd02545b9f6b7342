//! What the writer keeps in memory: the counter, the head, the newest receipt.
//!
//! It is a copy of the file's one row and never ahead of a commit. After any error it is thrown away and read
//! again. Reading checks the head against the newest record, so a file that lost its end is noticed.

use std::path::Path;

use afterword_model::hex::Hex;
use afterword_model::record::{Head, SEQ_MAX, Seq, ServerEpoch, StoreEpoch, genesis};
use afterword_model::response::{Draft, Stamp};
use afterword_protocol::queue::Position;
use rusqlite::types::{FromSqlError, FromSqlResult, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::error::StoreError;
use crate::noted::{Begun, Noted};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) epoch: StoreEpoch,
    pub(crate) last_seq: Seq,
    pub(crate) head: Head,
    pub(crate) purged_seq: Seq,
    pub(crate) purged_head: Head,
    /// Responses that the hours count and whose records are in no chain any more.
    pub(crate) counted_before: u64,
    pub(crate) boot: u32,
    pub(crate) clean: bool,
    pub(crate) acknowledged: Option<Acknowledged>,
    pub(crate) draft: OpenDraft,
    /// A moment of this boot whose wall time was known, once there was one and its responses are counted by it.
    pub(crate) timed: Option<Stamp>,
    /// When the newest response that was frozen was begun, as far as this is noted beside the file.
    pub(crate) newest: Begun,
    /// [`crate::Options::opens_cases`]; the file says nothing of it.
    pub(crate) opens_cases: bool,
}

/// Whose answers the draft row holds. A response is told from the next by when it was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OpenDraft {
    Nobodys,
    BegunAt(Stamp),
    Unreadable,
}

/// The newest receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Acknowledged {
    pub(crate) server_epoch: ServerEpoch,
    pub(crate) through_seq: Seq,
}

impl State {
    /// Reads the state. A file without it is damaged.
    pub(crate) fn read(connection: &Connection, path: &Path) -> Result<Self, StoreError> {
        let corrupt = |detail: String| StoreError::Corrupt { path: path.to_owned(), detail };
        let of = |error: rusqlite::Error| match error {
            rusqlite::Error::QueryReturnedNoRows => corrupt("its own row is missing".into()),
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..) => corrupt(error.to_string()),
            other => StoreError::of(path, &other),
        };
        if !connection.table_exists(None, "store").map_err(of)? {
            return Err(corrupt("its tables are missing".into()));
        }
        let mut state = connection.query_row("SELECT * FROM store", [], Self::from_row).map_err(of)?;
        state.acknowledged = connection
            .query_row(
                "SELECT server_epoch, through_seq FROM receipt ORDER BY stored DESC LIMIT 1",
                [],
                |row| {
                    Ok(Acknowledged {
                        server_epoch: hex(row, "server_epoch")?,
                        through_seq: seq(row, "through_seq")?,
                    })
                },
            )
            .optional()
            .map_err(of)?;
        state.draft = match draft_body(connection).map_err(of)? {
            None => OpenDraft::Nobodys,
            Some(body) => serde_json::from_slice::<Draft>(&body)
                .map_or(OpenDraft::Unreadable, |draft| OpenDraft::BegunAt(draft.started)),
        };
        let newest = connection
            .query_row("SELECT seq, head FROM record ORDER BY seq DESC LIMIT 1", [], |row| {
                Ok((seq(row, "seq")?, hex(row, "head")?))
            })
            .optional()
            .map_err(of)?;
        let oldest = connection
            .query_row("SELECT seq FROM record ORDER BY seq LIMIT 1", [], |row| seq(row, "seq"))
            .optional()
            .map_err(of)?;
        if oldest.is_some_and(|oldest| oldest != state.purged_seq + 1) {
            return Err(corrupt("the oldest record does not follow what was purged".into()));
        }
        if newest.unwrap_or((state.purged_seq, state.purged_head)) != (state.last_seq, state.head) {
            return Err(corrupt("the counter does not stand at the newest record".into()));
        }
        if state.acknowledged.is_some_and(|acknowledged| acknowledged.through_seq > state.last_seq) {
            // Pages of two moments. Under the numbers that come next the receipt would vouch for records nobody has seen.
            return Err(corrupt("a receipt is ahead of the counter".into()));
        }
        if state.purged_seq == 0 && state.purged_head != genesis(&state.epoch) {
            return Err(corrupt("the chain does not begin with the store's epoch".into()));
        }
        Ok(state)
    }

    /// With what only the note beside the file knows.
    pub(crate) fn noted(self, noted: Option<Noted>) -> Self {
        let Some(Noted { boot, newest, .. }) = noted else { return self };
        // An opening that the disk took back was one: its responses are told from those of the next.
        Self { boot: self.boot.max(boot), newest: self.newest.max(newest), ..self }
    }

    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            epoch: hex(row, "epoch")?,
            last_seq: seq(row, "last_seq")?,
            head: hex(row, "head")?,
            purged_seq: seq(row, "purged_seq")?,
            purged_head: hex(row, "purged_head")?,
            counted_before: seq(row, "counted_before")?,
            boot: row.get("boot")?,
            clean: row.get("clean")?,
            acknowledged: None,
            draft: OpenDraft::Nobodys,
            timed: None,
            newest: Begun::default(),
            opens_cases: false,
        })
    }

    pub(crate) fn position(&self) -> Position {
        Position {
            epoch: self.epoch,
            last_seq: self.last_seq,
            head: self.head,
            acknowledged_seq: self.acknowledged.map_or(0, |acknowledged| acknowledged.through_seq),
            server_epoch: self.acknowledged.map(|acknowledged| acknowledged.server_epoch),
        }
    }
}

/// The open draft as it was saved.
pub(crate) fn draft_body(connection: &Connection) -> rusqlite::Result<Option<Vec<u8>>> {
    connection.query_row("SELECT CAST(body AS BLOB) FROM draft", [], |row| row.get(0)).optional()
}

/// A number of a record as SQLite holds it. Numbers beyond [`SEQ_MAX`] come only from a peer's question and
/// mean "after everything".
pub(crate) fn column(seq: Seq) -> i64 {
    i64::try_from(seq.min(SEQ_MAX)).expect("SEQ_MAX is i64::MAX")
}

pub(crate) fn seq(row: &Row<'_>, name: &str) -> rusqlite::Result<Seq> {
    let value: i64 = row.get(name)?;
    Seq::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(0, value))
}

pub(crate) fn hex<const N: usize, K>(row: &Row<'_>, name: &str) -> rusqlite::Result<Hex<N, K>> {
    let read = |value: ValueRef<'_>| -> FromSqlResult<Hex<N, K>> {
        Hex::from_slice(value.as_blob()?).map_err(FromSqlError::other)
    };
    let column = row.as_ref().column_index(name)?;
    read(row.get_ref(column)?).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Blob, Box::new(error))
    })
}
