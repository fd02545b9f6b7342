//! The devices as a fleet: one row for each, with what its newest heartbeat said. One query, however many there are.

use std::collections::BTreeMap;

use afterword_model::record::DeviceId;

use super::sql::{Connection, HexColumn, SqlResult, values};

/// Twelve heartbeats that did not come: no short outage of a shop's line any more.
pub(crate) const SILENT_AFTER_MS: i64 = 60 * 60 * 1_000;

/// A device that was not taken away for good. Times are milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kiosk {
    pub(crate) device: DeviceId,
    pub(crate) name: String,
    pub(crate) store: Option<String>,
    pub(crate) enrolled_ms: Option<i64>,
    pub(crate) revoked_ms: Option<i64>,
    pub(crate) code_expires_ms: i64,
    /// Whether that code has neither been used nor voided.
    pub(crate) code_is_open: bool,
    /// When it was last seen to go back to a store that it had left.
    pub(crate) clone_seen_ms: Option<i64>,
    /// Of the last store that it spoke for.
    pub(crate) heard: Option<Heard>,
}

/// What a heartbeat said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) at_ms: i64,
    /// Collected and not received yet, as of that heartbeat and what came since.
    pub(crate) waiting: u64,
    pub(crate) oldest_unsent_ms: Option<i64>,
    pub(crate) clock_ahead_ms: i64,
    pub(crate) certificate_expires_ms: i64,
    pub(crate) kiosk_version: String,
    pub(crate) disk_free_bytes: Option<u64>,
}

/// Records that are held, and of them those that are not in the numbers yet.
pub(crate) fn held_and_uncounted(connection: &Connection) -> SqlResult<(i64, i64)> {
    let query = "select cast(coalesce(sum(mark), 0) as bigint),
             cast(coalesce(sum(mark - coalesce(counted.through_seq, 0)), 0) as bigint)
         from stores
         left join counted on counted.device_id = stores.device_id and counted.epoch = stores.epoch";
    connection.query_one(query, values![], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// How many of each store are enrolled and were not taken away for good.
pub(crate) fn enrolled(connection: &Connection) -> SqlResult<Vec<(Option<String>, u64)>> {
    let query = "select store, count(*) from devices
         where enrolled_ms is not null and retired_ms is null group by store";
    connection.query_all(query, values![], |row| Ok((row.get(0)?, row.get(1).map(i64::unsigned_abs)?)))
}

/// The stores of these devices, those too that were taken away for good; those that have none are not among them.
pub(crate) fn stores_of(
    connection: &Connection,
    devices: impl IntoIterator<Item = DeviceId>,
) -> SqlResult<BTreeMap<DeviceId, String>> {
    let devices: Vec<DeviceId> = devices.into_iter().collect();
    let ids: Vec<_> = devices.iter().map(|device| values![device.as_bytes()].to_vec()).collect();
    let query = "select store from devices where device_id = ?1 and store is not null";
    let mut stores = BTreeMap::new();
    connection.own().query_each(query, &ids, &mut |place, row| {
        stores.insert(devices[place], row.get(0)?);
        Ok(())
    })?;
    Ok(stores)
}

/// All that were not taken away for good, by store and name.
pub(crate) fn kiosks(connection: &Connection) -> SqlResult<Vec<Kiosk>> {
    // What is divided by device comes first and by itself: a cluster asks each server for its part and then joins what stands on all.
    let query = "with heard as materialized (
             select device_id, last_heard_ms, last_seq_ever, mark, oldest_unsent_ms, clock_ahead_ms,
                 certificate_expires_ms, kiosk_version, disk_free_bytes
             from heartbeats left join stores using (device_id, epoch)
             where not exists (
                 select 1 from heartbeats later where later.device_id = heartbeats.device_id
                 and (later.last_heard_ms, later.epoch) > (heartbeats.last_heard_ms, heartbeats.epoch)))
         select device_id, name, store, enrolled_ms, revoked_ms, code_expires_ms,
             code_closed_ms is null, clone_seen_ms, last_heard_ms, last_seq_ever, mark, oldest_unsent_ms,
             clock_ahead_ms, certificate_expires_ms, kiosk_version, disk_free_bytes
         from devices left join heard using (device_id)
         where retired_ms is null order by store, name";
    connection.query_all(query, values![], |row| {
        let heard = match row.get::<Option<i64>>(8)? {
            None => None,
            Some(at_ms) => {
                let (collected, held): (i64, Option<i64>) = (row.get(9)?, row.get(10)?);
                Some(Heard {
                    at_ms,
                    waiting: u64::try_from(collected - held.unwrap_or(0)).unwrap_or(0),
                    oldest_unsent_ms: row.get(11)?,
                    clock_ahead_ms: row.get(12)?,
                    certificate_expires_ms: row.get(13)?,
                    kiosk_version: row.get(14)?,
                    disk_free_bytes: row.get::<Option<i64>>(15)?.map(i64::unsigned_abs),
                })
            }
        };
        Ok(Kiosk {
            device: row.get::<HexColumn<16, _>>(0)?.0,
            name: row.get(1)?,
            store: row.get(2)?,
            enrolled_ms: row.get(3)?,
            revoked_ms: row.get(4)?,
            code_expires_ms: row.get(5)?,
            code_is_open: row.get(6)?,
            clone_seen_ms: row.get(7)?,
            heard,
        })
    })
}
