//! What is new: looked at and added up with nothing locked, and written where it still holds.

use std::collections::BTreeMap;

use afterword_model::record::{DeviceId, Seq, StoreEpoch};
use afterword_model::response::{ClockQuality, Response};

use super::super::sql::{Connection, HexColumn, SqlResult, Value, values};
use super::super::{column_seq, seq_column};
use super::copies::{Copies, identity};
use super::state::{Boot, State, Zero};
use super::{Deltas, clocks, tables};

/// Stores of devices that are looked at in one go.
const STORES_MAX: i64 = 64;

/// Records of one store that are.
const RECORDS_MAX: u64 = 1_024;

/// Records of one store and what counting them changes.
pub(crate) struct Pending {
    epoch: StoreEpoch,
    /// Of the device, as it was reckoned with.
    state: State,
    last: Seq,
    parked: i64,
    boots: BTreeMap<Boot, Option<Zero>>,
    deltas: Deltas,
}

/// What became of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    /// Records that were looked at and are done with.
    pub(crate) records: u64,
    /// Stores of devices to be looked at again, because somebody else changed something meanwhile.
    pub(crate) again: u64,
}

/// A bounded part of what is new, one store of each device at most. Nothing where everything is counted.
pub(crate) fn pending(connection: &Connection) -> SqlResult<Vec<Pending>> {
    let snapshot = connection.snapshot()?;
    let behind = snapshot.query_all(
        "select stores.device_id, stores.epoch, stores.mark, coalesce(counted.through_seq, 0) from stores
         left join counted on counted.device_id = stores.device_id and counted.epoch = stores.epoch
         where stores.mark > coalesce(counted.through_seq, 0)
         order by stores.first_received_ms, stores.epoch limit ?1",
        values![STORES_MAX],
        |row| {
            let (device, epoch) = (row.get::<HexColumn<16, _>>(0)?.0, row.get::<HexColumn<16, _>>(1)?.0);
            Ok((device, epoch, column_seq(row.get(2)?), column_seq(row.get(3)?)))
        },
    )?;
    let (mut devices, mut parts, mut records) = (Vec::<DeviceId>::new(), Vec::new(), 0);
    for (device, epoch, mark, through) in behind {
        // What one store changes decides how another of the same device is counted.
        if records >= RECORDS_MAX || devices.contains(&device) {
            continue;
        }
        let last = mark.min(through + RECORDS_MAX);
        records += last - through;
        devices.push(device);
        parts.push((epoch, through, last));
    }
    let states = State::read_all(&snapshot, &devices)?;
    let held = held(&snapshot, &devices, &parts)?;
    let mut all = Vec::new();
    for ((state, (epoch, _, last)), records) in states.into_iter().zip(parts).zip(held) {
        all.push(look(&snapshot, state, (epoch, last), &records)?);
    }
    Ok(all)
}

/// A record as it is held.
struct Held {
    seq: Seq,
    bytes: Vec<u8>,
    received_ms: i64,
    is_parked: bool,
    is_erased: bool,
}

/// What is held in these parts, after one number up to another: of each device one.
fn held(
    connection: &Connection,
    devices: &[DeviceId],
    parts: &[(StoreEpoch, Seq, Seq)],
) -> SqlResult<Vec<Vec<Held>>> {
    let asked: Vec<Vec<Value<'_>>> = devices
        .iter()
        .zip(parts)
        .map(|(device, (epoch, through, last))| {
            values![device.as_bytes(), epoch.as_bytes(), seq_column(*through), seq_column(*last)].to_vec()
        })
        .collect();
    let mut held: Vec<Vec<Held>> = parts.iter().map(|_| Vec::new()).collect();
    connection.own().query_each(
        "select seq, bytes, received_ms, parked is not null, erased_ms is not null from records
         where device_id = ?1 and epoch = ?2 and seq > ?3 and seq <= ?4 order by seq",
        &asked,
        &mut |place, row| {
            let (seq, bytes, received_ms) = (column_seq(row.get(0)?), row.get(1)?, row.get(2)?);
            held[place].push(Held {
                seq,
                bytes,
                received_ms,
                is_parked: row.get(3)?,
                is_erased: row.get(4)?,
            });
            Ok(())
        },
    )?;
    Ok(held)
}

/// What counting these records of a device changes.
fn look(
    connection: &Connection,
    state: State,
    (epoch, last): (StoreEpoch, Seq),
    records: &[Held],
) -> SqlResult<Pending> {
    let mut copies = Copies::default();
    let mut now = state.clone();
    let (mut parked, mut deltas) = (0, Deltas::new());
    for Held { seq, bytes, received_ms, is_parked, is_erased } in records {
        parked += i64::from(*is_parked);
        if *is_parked || *is_erased {
            continue;
        }
        // What is neither parked nor a response is a step of a case.
        let Ok(response) = Response::from_bytes(*seq, bytes) else { continue };
        if copies.is_counted(connection, &state, (epoch, *seq), bytes)? {
            continue;
        }
        let first_epoch = if state.has_carried { identity(epoch, *seq, bytes).0.epoch } else { epoch };
        let boot = (first_epoch, response.draft.started.boot);
        if let Some(zero) = clocks::told(&now, boot, &response) {
            let before = now.clone();
            now.boots.insert(boot, Some(zero));
            clocks::retime(connection, &before, &now, boot, (epoch, *seq), &mut deltas)?;
        }
        if response.draft.started.clock == ClockQuality::Unset {
            now.boots.entry(boot).or_default();
        }
        let (place, hour) = now.place(first_epoch, &response, *received_ms);
        deltas.entry(place).or_default().more.add(&response, hour);
    }
    let boots = now.boots.into_iter().filter(|(boot, zero)| state.boots.get(boot) != Some(zero)).collect();
    Ok(Pending { epoch, state, last, parked, boots, deltas })
}

/// Writes down what was added up, in the caller's transaction, where nobody else has changed what it was reckoned with.
pub(crate) fn apply(connection: &Connection, all: &[Pending]) -> SqlResult<Counted> {
    connection.own().lock_counts()?;
    let devices: Vec<DeviceId> = all.iter().map(|pending| pending.state.device).collect();
    let states = State::read_all(connection, &devices)?;
    let holds = all.iter().zip(&states).filter(|(pending, state)| pending.state == **state);
    let holds: Vec<&Pending> = holds.map(|(pending, _)| pending).collect();
    write(connection, &holds)?;
    tables::change(connection, holds.iter().map(|pending| (&pending.state.device, &pending.deltas)))?;
    Ok(Counted {
        records: holds.iter().map(|pending| pending.last - pending.through()).sum(),
        again: (all.len() - holds.len()) as u64,
    })
}

impl Pending {
    /// How far this store was counted before.
    fn through(&self) -> Seq {
        self.state.through.get(&self.epoch).copied().unwrap_or(0)
    }
}

/// Writes down how far each device is counted, and what is known of its starts.
fn write(connection: &Connection, all: &[&Pending]) -> SqlResult<()> {
    let (mut marks, mut boots) = (Vec::new(), Vec::new());
    for pending in all {
        let device = pending.state.device.as_bytes();
        marks.push(
            values![device, pending.epoch.as_bytes(), seq_column(pending.last), pending.parked].to_vec(),
        );
        for ((epoch, boot), zero) in &pending.boots {
            let (zero_ms, offset_min) = (zero.map(|zero| zero.0), zero.map(|zero| i64::from(zero.1)));
            boots.push(values![device, epoch.as_bytes(), i64::from(*boot), zero_ms, offset_min].to_vec());
        }
    }
    connection.own().execute_each(
        "insert into counted (device_id, epoch, through_seq, parked) values (?1, ?2, ?3, ?4)
         on conflict (device_id, epoch) do update
         set through_seq = excluded.through_seq, parked = counted.parked + excluded.parked",
        &marks,
    )?;
    connection.own().execute_each(
        "insert into boot_times (device_id, epoch, boot, zero_ms, offset_min) values (?1, ?2, ?3, ?4, ?5)
         on conflict (device_id, epoch, boot) do update
         set zero_ms = excluded.zero_ms, offset_min = excluded.offset_min",
        &boots,
    )
}
