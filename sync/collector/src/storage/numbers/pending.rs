//! What is new: looked at and added up with nothing locked, and written where it still holds.

use std::collections::{BTreeMap, VecDeque};

use afterword_model::record::{DeviceId, Seq, StoreEpoch};
use afterword_model::response::{ClockQuality, Response};

use super::super::sql::{Connection, HexColumn, SqlResult, values};
use super::super::{column_seq, seq_column};
use super::copies::{Copies, identity};
use super::state::{Boot, State, Zero};
use super::{Deltas, clocks, tables};

/// Stores that are looked for in one go: that takes a look at all there are.
const LOOKED_FOR_MAX: i64 = 1_024;

/// Records of one part, about.
const RECORDS_MAX: u64 = 1_024;

/// Stores of devices of which records wait to be counted, as they were when somebody looked. They are gone round in the order of their
/// devices, so that whoever sends all the time keeps nobody else waiting for longer than a round.
pub(crate) struct Waiting {
    found: VecDeque<Behind>,
    /// The last that was looked at; the next look is beyond it.
    after: Option<(DeviceId, StoreEpoch)>,
    pub(super) looked_for_max: i64,
}

impl Default for Waiting {
    fn default() -> Self {
        Self { found: VecDeque::new(), after: None, looked_for_max: LOOKED_FOR_MAX }
    }
}

/// A store of which something waits.
#[derive(Clone, Copy)]
struct Behind {
    device: DeviceId,
    epoch: StoreEpoch,
    mark: Seq,
    waits: u64,
}

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
            if self.found.is_empty() {
                self.look(&snapshot)?;
            }
            let stores = self.take(stores_max.max(1));
            if stores.is_empty() {
                return Ok(Vec::new());
            }
            let all = part(&snapshot, &stores)?;
            // Another collector may have counted all of it meanwhile.
            if !all.is_empty() {
                return Ok(all);
            }
        }
    }

    fn take(&mut self, stores_max: usize) -> Vec<Behind> {
        let (mut stores, mut records) = (Vec::<Behind>::new(), 0);
        // What one store changes decides how another of the same device is counted.
        while let Some(next) = self.found.front()
            && stores.len() < stores_max
            && records < RECORDS_MAX
            && stores.iter().all(|other| other.device != next.device)
        {
            records += next.waits.min(RECORDS_MAX);
            stores.extend(self.found.pop_front());
        }
        stores
    }

    /// Looks for the next ones, from the beginning where there are none any more.
    fn look(&mut self, connection: &Connection) -> SqlResult<()> {
        let after =
            self.after.map_or(([0; 16], [0; 16]), |(device, epoch)| (*device.as_bytes(), *epoch.as_bytes()));
        self.found = self.beyond(connection, after)?;
        if self.found.is_empty() && self.after.is_some() {
            self.found = self.beyond(connection, ([0; 16], [0; 16]))?;
        }
        self.after = self.found.back().map(|last| (last.device, last.epoch));
        Ok(())
    }

    fn beyond(
        &self,
        connection: &Connection,
        (device, epoch): ([u8; 16], [u8; 16]),
    ) -> SqlResult<VecDeque<Behind>> {
        let found = connection.query_all(
            "select stores.device_id, stores.epoch, mark, mark - coalesce(counted.through_seq, 0) from stores
             left join counted on counted.device_id = stores.device_id and counted.epoch = stores.epoch
             where mark > coalesce(counted.through_seq, 0) and (stores.device_id, stores.epoch) > (?1, ?2)
             order by stores.device_id, stores.epoch limit ?3",
            values![&device, &epoch, self.looked_for_max],
            |row| {
                let (device, epoch) = (row.get::<HexColumn<16, _>>(0)?.0, row.get::<HexColumn<16, _>>(1)?.0);
                let (mark, waits) = (column_seq(row.get(2)?), row.get::<i64>(3)?.unsigned_abs());
                Ok(Behind { device, epoch, mark, waits })
            },
        )?;
        Ok(found.into())
    }
}

/// What waits of these stores.
fn part(connection: &Connection, stores: &[Behind]) -> SqlResult<Vec<Pending>> {
    let devices: Vec<DeviceId> = stores.iter().map(|behind| behind.device).collect();
    let (mut asked, mut wanted) = (Vec::new(), Vec::new());
    for (state, behind) in State::read_all(connection, &devices)?.into_iter().zip(stores) {
        let through = state.through.get(&behind.epoch).copied().unwrap_or(0);
        let last = behind.mark.min(through + RECORDS_MAX);
        if last > through {
            let (device, epoch) = (behind.device.as_bytes(), behind.epoch.as_bytes());
            asked.push(values![device, epoch, seq_column(through), seq_column(last)].to_vec());
            wanted.push((state, behind.epoch, last));
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
    #[cfg(test)]
    pub(super) fn device(&self) -> DeviceId {
        self.state.device
    }

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
