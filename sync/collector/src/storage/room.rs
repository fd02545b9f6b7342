//! How many epochs of one device are remembered by its word alone: as many as [`EPOCHS_HEARD_MAX`], in either table.
//!
//! An epoch costs its inventor one heartbeat, so that an enrolled device that lies could fill the disk with them.
//! Invariant: the one that goes is of the same device, never delivered anything where there is such a one, and has been
//! silent the longest; what is held of a store is in `stores` and `records`, and does not go.

use afterword_model::record::{DeviceId, StoreEpoch};
use afterword_protocol::limits::EPOCHS_HEARD_MAX;

use super::sql::{Connection, HexColumn, SqlResult, values};

/// Makes room for a heartbeat of this epoch.
pub(super) fn for_heartbeat(connection: &Connection, device: &DeviceId, epoch: &StoreEpoch) -> SqlResult<()> {
    let leaves = leaves(
        connection,
        device,
        epoch,
        "select exists (select 1 from heartbeats where device_id = ?1 and epoch = ?2),
                (select count(*) from heartbeats where device_id = ?1)",
        "select epoch from heartbeats left join stores using (device_id, epoch) where device_id = ?1
         order by mark is not null, mark < last_seq_ever, last_heard_ms limit 1",
    )?;
    let Some(leaves) = leaves else { return Ok(()) };
    let gone = values![device.as_bytes(), leaves.as_bytes()];
    connection.execute("delete from heartbeats where device_id = ?1 and epoch = ?2", gone).map(drop)
}

/// Makes room for a former epoch.
pub(super) fn for_former(connection: &Connection, device: &DeviceId, epoch: &StoreEpoch) -> SqlResult<()> {
    let leaves = leaves(
        connection,
        device,
        epoch,
        "select exists (select 1 from former_epochs where device_id = ?1 and epoch = ?2),
                (select count(*) from former_epochs where device_id = ?1)",
        "select epoch from former_epochs left join stores using (device_id, epoch) where device_id = ?1
         order by mark is not null, heard_ms limit 1",
    )?;
    let Some(leaves) = leaves else { return Ok(()) };
    let gone = values![device.as_bytes(), leaves.as_bytes()];
    connection.execute("delete from lost_ranges where device_id = ?1 and epoch = ?2", gone)?;
    connection.execute("delete from former_epochs where device_id = ?1 and epoch = ?2", gone).map(drop)
}

/// Which one has to go for this one, when it is new and there is no room.
fn leaves(
    connection: &Connection,
    device: &DeviceId,
    epoch: &StoreEpoch,
    known: &'static str,
    first_to_go: &'static str,
) -> SqlResult<Option<StoreEpoch>> {
    let (is_known, count): (bool, i64) =
        connection.query_one(known, values![device.as_bytes(), epoch.as_bytes()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    if is_known || count < EPOCHS_HEARD_MAX {
        return Ok(None);
    }
    tracing::warn!(%device, %epoch, "the device names more stores than any device has; the one it has been silent of the longest is forgotten");
    connection.query_opt(first_to_go, values![device.as_bytes()], |row| Ok(row.get::<HexColumn<16, _>>(0)?.0))
}
