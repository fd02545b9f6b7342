//! Which record is a copy of one that is counted: what counts is an origin with its bytes, once.

use std::collections::HashSet;

use afterword_model::carried::Origin;
use afterword_model::record::{Seq, StoreEpoch};

use super::super::erase::origin;
use super::super::retention::reduce::frozen_digest;
use super::super::sql::{Connection, HexColumn, SqlError, SqlResult, values};
use super::super::{column_seq, seq_column};
use super::state::State;

/// What tells a response from every other of its device.
pub(super) type Identity = (Origin, [u8; 32]);

/// Of a record's bytes.
pub(super) fn identity(epoch: StoreEpoch, seq: Seq, bytes: &[u8]) -> Identity {
    let (origin, content) = origin(epoch, seq, bytes);
    (origin, frozen_digest(content))
}

/// The records of a device that are being looked at, as far as one of them may be a copy.
#[derive(Default)]
pub(super) struct Copies(HashSet<Identity>);

impl Copies {
    /// Whether the response of these bytes is counted already, under whichever number.
    pub(super) fn is_counted(
        &mut self,
        connection: &Connection,
        state: &State,
        (epoch, seq): (StoreEpoch, Seq),
        bytes: &[u8],
    ) -> SqlResult<bool> {
        if !state.has_carried {
            return Ok(false);
        }
        let this = identity(epoch, seq, bytes);
        Ok(!self.0.insert(this) || is_counted(connection, state, &this)?)
    }
}

fn is_counted(connection: &Connection, state: &State, (origin, digest): &Identity) -> SqlResult<bool> {
    let device = state.device.as_bytes();
    if state.has_seen(&origin.epoch, origin.seq) {
        let held = connection.query_opt(
            "select bytes from records
             where device_id = ?1 and epoch = ?2 and seq = ?3 and erased_ms is null",
            values![device, origin.epoch.as_bytes(), seq_column(origin.seq)],
            |row| Ok(frozen_digest(row.blob(0)?)),
        )?;
        if held.as_ref() == Some(digest) {
            return Ok(true);
        }
    }
    let carried = connection.query_all(
        "select epoch, seq from carried
         where device_id = ?1 and origin_epoch = ?2 and origin_seq = ?3 and digest = ?4",
        values![device, origin.epoch.as_bytes(), seq_column(origin.seq), digest],
        |row| Ok::<_, SqlError>((row.get::<HexColumn<16, _>>(0)?.0, column_seq(row.get(1)?))),
    )?;
    Ok(carried.iter().any(|(epoch, seq)| state.has_seen(epoch, *seq)))
}
