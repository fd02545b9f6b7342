//! What is new: looked at and added up with nothing locked, and written where it still holds.

use std::collections::{BTreeMap, VecDeque};

use afterword_model::record::{DeviceId, Seq, StoreEpoch};
use afterword_model::response::{ClockQuality, Response};

use super::super::sql::{Connection, HexColumn, SqlResult, Value, values};
use super::super::{column_seq, seq_column};
use super::copies::{Copies, identity};
use super::state::{Boot, State, Zero};
use super::{Deltas, clocks, tables};

/// Stores that are looked for in one go: that takes a look at all there are.
const LOOKED_FOR_MAX: i64 = 1_024;

/// Records of one part, about.
const RECORDS_MAX: u64 = 1_024;

/// Stores of devices of which records wait to be counted, as they were when somebody looked: whose is known to wait the longest is next.
#[derive(Default)]
pub(crate) struct Waiting(VecDeque<(DeviceId, StoreEpoch)>);

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

impl Waiting {
    /// A bounded part of what is new, of so many stores at most and one of each device. Nothing where everything is counted.
    pub(crate) fn next_part(
        &mut self,
        connection: &Connection,
        stores_max: usize,
    ) -> SqlResult<Vec<Pending>> {
        let snapshot = connection.snapshot()?;
        loop {
            if self.0.is_empty() {
                self.0 = look_for(&snapshot)?;
                if self.0.is_empty() {
                    return Ok(Vec::new());
                }
            }
            let mut stores: Vec<(DeviceId, StoreEpoch)> = Vec::new();
            // What one store changes decides how another of the same device is counted.
            while let Some((device, _)) = self.0.front()
                && stores.len() < stores_max.max(1)
                && stores.iter().all(|(other, _)| other != device)
            {
                stores.extend(self.0.pop_front());
            }
            let all = part(&snapshot, &stores, &mut self.0)?;
            // Another collector may have counted all of it meanwhile.
            if !all.is_empty() {
                return Ok(all);
            }
        }
    }
}

fn look_for(connection: &Connection) -> SqlResult<VecDeque<(DeviceId, StoreEpoch)>> {
    let waiting = connection.query_all(
        "select stores.device_id, stores.epoch from stores
         left join counted on counted.device_id = stores.device_id and counted.epoch = stores.epoch
         where stores.mark > coalesce(counted.through_seq, 0)
         order by stores.first_received_ms, stores.epoch limit ?1",
        values![LOOKED_FOR_MAX],
        |row| Ok((row.get::<HexColumn<16, _>>(0)?.0, row.get::<HexColumn<16, _>>(1)?.0)),
    )?;
    Ok(waiting.into())
}

/// What waits of these stores; those beyond what a part holds go back to `left`.
fn part(
    connection: &Connection,
    stores: &[(DeviceId, StoreEpoch)],
    left: &mut VecDeque<(DeviceId, StoreEpoch)>,
) -> SqlResult<Vec<Pending>> {
    let devices: Vec<DeviceId> = stores.iter().map(|(device, _)| *device).collect();
    let keys: Vec<Vec<Value<'_>>> =
        stores.iter().map(|(device, epoch)| values![device.as_bytes(), epoch.as_bytes()].to_vec()).collect();
    let mut marks: Vec<Seq> = vec![0; stores.len()];
    connection.own().query_each(
        "select mark from stores where device_id = ?1 and epoch = ?2",
        &keys,
        &mut |place, row| {
            marks[place] = column_seq(row.get(0)?);
            Ok(())
        },
    )?;
    let (mut records, mut asked, mut wanted) = (0, Vec::new(), Vec::new());
    let states = State::read_all(connection, &devices)?;
    for ((state, (device, epoch)), mark) in states.into_iter().zip(stores).zip(marks) {
        if records >= RECORDS_MAX {
            left.push_front((*device, *epoch));
            continue;
        }
        let through = state.through.get(epoch).copied().unwrap_or(0);
        let last = mark.min(through + RECORDS_MAX);
        if last > through {
            records += last - through;
            let (first, last_column) = (seq_column(through), seq_column(last));
            asked.push(values![device.as_bytes(), epoch.as_bytes(), first, last_column].to_vec());
            wanted.push((state, *epoch, last));
        }
    }
    let mut held: Vec<Vec<Held>> = asked.iter().map(|_| Vec::new()).collect();
    connection.own().query_each(
        "select seq, bytes, received_ms, parked is not null, erased_ms is not null from records
         where device_id = ?1 and epoch = ?2 and seq > ?3 and seq <= ?4 order by seq",
        &asked,
        &mut |place, row| {
            let (seq, bytes, received_ms) = (column_seq(row.get(0)?), row.get(1)?, row.get(2)?);
            let (is_parked, is_erased) = (row.get(3)?, row.get(4)?);
            held[place].push(Held { seq, bytes, received_ms, is_parked, is_erased });
            Ok(())
        },
    )?;
    let wanted = wanted.into_iter().zip(held);
    wanted.map(|((state, epoch, last), records)| look(connection, state, (epoch, last), &records)).collect()
}

/// A record as it is held.
struct Held {
    seq: Seq,
    bytes: Vec<u8>,
    received_ms: i64,
    is_parked: bool,
    is_erased: bool,
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
