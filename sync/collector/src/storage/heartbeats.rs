//! What devices say of themselves: the last word of each store, and the highest number ever heard of it.
//!
//! Runs inside the writer's transaction; one row is written for a heartbeat that names no former epoch for the first
//! time. Invariants: `last_seq_ever` never falls; what was once said to be lost of a former epoch stays said, by whichever
//! card; of a device that names more epochs than [`room`] keeps, the oldest go. On failure nothing of the heartbeat is
//! stored, and the next one says the same.

use afterword_model::record::{DeviceId, Head, Seq, StoreEpoch, genesis};
use afterword_protocol::heartbeat::{Fingerprint, Heartbeat};
use afterword_protocol::limits::LOST_RANGES_MAX;
use afterword_protocol::queue::FormerEpoch;

use super::sql::{Connection, HexColumn, SqlError, SqlResult, values};
use super::{column_seq, room, seq_column, turns};

/// Ranges kept of what a device says that it lost of one epoch: twice what one heartbeat names, since there may be two cards.
const LOST_RANGES_KEPT: i64 = 2 * LOST_RANGES_MAX as i64;

/// How far a store has come at the collector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Everything from 1 to here is held; 0 for nothing.
    pub(crate) seq: Seq,
    /// The chain's head after it.
    pub(crate) head: Head,
}

/// How far this store has come.
pub(crate) fn read_mark(connection: &Connection, device: &DeviceId, epoch: &StoreEpoch) -> SqlResult<Mark> {
    let held = connection.query_opt(
        "select mark, head from stores where device_id = ?1 and epoch = ?2",
        values![device.as_bytes(), epoch.as_bytes()],
        |row| Ok(Mark { seq: column_seq(row.get(0)?), head: row.get::<HexColumn<32, _>>(1)?.0 }),
    )?;
    Ok(held.unwrap_or_else(|| Mark { seq: 0, head: genesis(epoch) }))
}

/// Keeps what a heartbeat says. Its numbers have been checked against the protocol's bounds.
pub(crate) fn note(connection: &Connection, said: &Heartbeat, now_ms: i64) -> SqlResult<()> {
    let (health, position) = (&said.health, &said.health.position);
    let mark = read_mark(connection, &said.device, &position.epoch)?;
    let follows = mark.seq < position.last_seq || (mark.seq, mark.head) == (position.last_seq, position.head);
    turns::heard(connection, &said.device, &position.epoch, follows, now_ms)?;
    room::for_heartbeat(connection, &said.device, &position.epoch)?;
    let trusted: Vec<u8> = said.trusted.iter().flat_map(|fingerprint| *fingerprint.as_bytes()).collect();
    connection.execute(
        "insert into heartbeats (device_id, epoch, first_heard_ms, last_heard_ms, last_seq_ever, last_seq,
         head, acknowledged_seq, purged_seq, boot, oldest_unsent_ms, disk_free_bytes, kiosk_version,
         agent_version, clock_ahead_ms, certificate_expires_ms, trusted) values (?1, ?2, ?3, ?3, ?4, ?4, ?5,
         ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) on conflict (device_id, epoch) do update set
         last_heard_ms = excluded.last_heard_ms, last_seq_ever = case when excluded.last_seq >
         heartbeats.last_seq_ever then excluded.last_seq else heartbeats.last_seq_ever end, last_seq =
         excluded.last_seq, head = excluded.head, acknowledged_seq = excluded.acknowledged_seq, purged_seq =
         excluded.purged_seq, boot = excluded.boot, oldest_unsent_ms = excluded.oldest_unsent_ms,
         disk_free_bytes = excluded.disk_free_bytes, kiosk_version = excluded.kiosk_version, agent_version =
         excluded.agent_version, clock_ahead_ms = excluded.clock_ahead_ms, certificate_expires_ms =
         excluded.certificate_expires_ms, trusted = excluded.trusted",
        values![
            said.device.as_bytes(),
            position.epoch.as_bytes(),
            now_ms,
            seq_column(position.last_seq),
            position.head.as_bytes(),
            seq_column(position.acknowledged_seq),
            seq_column(health.purged_seq),
            i64::from(health.boot),
            health.oldest_unsent_ms,
            health.disk_free_bytes.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX)),
            &health.kiosk_version,
            &said.agent_version,
            said.wall_ms.saturating_sub(now_ms),
            said.certificate_expires_ms,
            &trusted
        ],
    )?;
    health.former.iter().try_for_each(|former| note_former(connection, &said.device, former, now_ms))
}

fn note_former(
    connection: &Connection,
    device: &DeviceId,
    former: &FormerEpoch,
    now_ms: i64,
) -> SqlResult<()> {
    room::for_former(connection, device, &former.epoch)?;
    let reason = serde_json::to_value(former.reason).ok();
    let reason = reason.as_ref().and_then(serde_json::Value::as_str).unwrap_or("unknown");
    connection.execute(
        "insert into former_epochs (device_id, epoch, last_seq, head, reason, heard_ms)
             values (?1, ?2, ?3, ?4, ?5, ?6)
             on conflict (device_id, epoch) do update set last_seq = excluded.last_seq, head = excluded.head
             where excluded.last_seq > former_epochs.last_seq",
        values![
            device.as_bytes(),
            former.epoch.as_bytes(),
            seq_column(former.last_seq),
            former.head.as_bytes(),
            reason,
            now_ms
        ],
    )?;
    // Two cards with one identity may each have lost something of an epoch that both were in. Whoever claims without end
    // fills no disk.
    let insert = "insert into lost_ranges (device_id, epoch, first_seq, last_seq)
         select ?1, ?2, ?3, ?4
         where exists (select 1 from lost_ranges where device_id = ?1 and epoch = ?2 and first_seq = ?3)
             or (select count(*) from lost_ranges where device_id = ?1 and epoch = ?2) < ?5
         on conflict (device_id, epoch, first_seq) do update set last_seq = excluded.last_seq
         where excluded.last_seq > lost_ranges.last_seq";
    for range in &former.lost {
        connection.execute(
            insert,
            values![
                device.as_bytes(),
                former.epoch.as_bytes(),
                seq_column(range.first),
                seq_column(range.last),
                LOST_RANGES_KEPT
            ],
        )?;
    }
    Ok(())
}

/// Names of devices that may deliver and did not name this CA certificate in their newest heartbeat, or sent none.
pub(crate) fn active_devices_without(
    connection: &Connection,
    authority: &Fingerprint,
) -> SqlResult<Vec<String>> {
    // Heartbeats by themselves first, as `fleet::kiosks` has it.
    let query = "with said as materialized (
             select device_id, trusted from heartbeats where not exists (
                 select 1 from heartbeats later where later.device_id = heartbeats.device_id
                 and (later.last_heard_ms, later.epoch) > (heartbeats.last_heard_ms, heartbeats.epoch)))
         select name, trusted from devices left join said using (device_id)
         where enrolled_ms is not null and revoked_ms is null order by name";
    let mut names = Vec::new();
    connection.each(query, &[], |row| {
        let trusted: Option<Vec<u8>> = row.get(1)?;
        if !trusted.unwrap_or_default().chunks(32).any(|one| one == authority.as_bytes()) {
            names.push(row.get(0)?);
        }
        Ok::<_, SqlError>(())
    })?;
    Ok(names)
}
