//! Whether two devices speak under one identity: a card that was copied, and both copies at work.
//!
//! A device speaks for one store at a time, and when it leaves a store, for a new one, it does not come back to it. A
//! copy of its card goes on in the store that the other has left, so that the collector hears the two in turns. One
//! return is no proof: a person may have put yesterday's card back. Two within [`CLONE_TURNS_MS`] are. The suspicion ends when there was no such return
//! for [`CLONE_SHOWN_MS`], or when the device is enrolled anew: then one of the two has the key.
//!
//! Invariant: what counts is the order in which words arrive, not the time they carry, so that a clock that is set does
//! not raise it. One row is read for a word; it is written only when somebody else speaks than before.

use afterword_model::record::{DeviceId, StoreEpoch};
use afterword_protocol::limits::{CLONE_SHOWN_MS, CLONE_TURNS_MS};

use super::sql::{Connection, HexColumn, SqlResult, values};

/// A batch or a heartbeat speaks for this store; `follows` says whether what it says follows on what is held of it. Two
/// copies of a card may speak for the same store, and then one of them does not. Before anything of it is stored.
pub(super) fn heard(
    connection: &Connection,
    device: &DeviceId,
    epoch: &StoreEpoch,
    follows: bool,
    now_ms: i64,
) -> SqlResult<()> {
    let (speaking, returned_ms) = connection
        .query_opt(
            "select speaking_epoch, speaking_follows, returned_ms from devices where device_id = ?1",
            values![device.as_bytes()],
            |row| {
                let speaking: Option<HexColumn<16, _>> = row.get(0)?;
                Ok((
                    speaking.map(|epoch| epoch.0).zip(row.get::<Option<bool>>(1)?),
                    row.get::<Option<i64>>(2)?,
                ))
            },
        )?
        .unwrap_or((None, None));
    if speaking == Some((*epoch, follows)) {
        return Ok(());
    }
    let is_return = speaking.is_some() && follows && is_known(connection, device, epoch)?;
    let is_second = is_return && returned_ms.is_some_and(|ms| now_ms.abs_diff(ms) < CLONE_TURNS_MS);
    connection
        .execute(
            "update devices set speaking_epoch = ?2, speaking_follows = ?3,
                 returned_ms = coalesce(?4, returned_ms), clone_seen_ms = coalesce(?5, clone_seen_ms)
             where device_id = ?1",
            values![
                device.as_bytes(),
                epoch.as_bytes(),
                follows,
                is_return.then_some(now_ms),
                is_second.then_some(now_ms)
            ],
        )
        .map(drop)
}

/// Whether a copy of the device seems to be at work.
pub(crate) fn is_clone_suspected(connection: &Connection, device: &DeviceId, now_ms: i64) -> SqlResult<bool> {
    let seen_ms: Option<i64> = connection.query_one(
        "select clone_seen_ms from devices where device_id = ?1",
        values![device.as_bytes()],
        |row| row.get(0),
    )?;
    Ok(seen_ms.is_some_and(|seen_ms| now_ms.abs_diff(seen_ms) < CLONE_SHOWN_MS))
}

/// Whether the store was heard of before.
fn is_known(connection: &Connection, device: &DeviceId, epoch: &StoreEpoch) -> SqlResult<bool> {
    connection.exists(
        "select 1 from stores where device_id = ?1 and epoch = ?2
             union all select 1 from heartbeats where device_id = ?1 and epoch = ?2
             union all select 1 from former_epochs where device_id = ?1 and epoch = ?2",
        values![device.as_bytes(), epoch.as_bytes()],
    )
}
