//! Responses, read one by one: for people the newest first, for programs a page after the other along the records' own key, `(device, epoch, number)`.
//!
//! That key is the one index that taking records in keeps anyway; the moment of receipt has none, and would cost each record a write.
//! So a page also ends when so many rows were looked at, and a filter that fits little gives short pages instead of long waits.
//! What was erased is left out, and so is a carried record of which the first one is held, or that was carried before.

use afterword_model::carried::Origin;
use afterword_model::content::Content;
use afterword_model::record::{DeviceId, Seq, StoreEpoch};
use afterword_model::response::Response;

use super::carried::is_copy;
use super::devices::Device;
use super::erase::origin;
use super::retention::reduce::frozen_digest;
use super::sql::{Connection, HexColumn, SqlResult, values};
use super::{column_seq, devices, seq_column};

/// Rows that are looked at for one page at most.
const ROWS_MAX: u64 = 20_000;
/// Rows of one store that lie in memory at once.
const ROWS_AT_ONCE: u64 = 500;

/// Where a page ended: after this record, whose row stands here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) device: DeviceId,
    pub(crate) epoch: StoreEpoch,
    pub(crate) seq: Seq,
}

/// Which are asked for: those received from a moment on and before another, in milliseconds since 1970-01-01T00:00:00Z.
pub(crate) struct Wanted<'w> {
    pub(crate) is_wanted: &'w dyn Fn(&DeviceId, Option<&str>) -> bool,
    pub(crate) since_ms: i64,
    pub(crate) until_ms: i64,
}

/// A response, and where it came from.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) device: DeviceId,
    pub(crate) device_name: String,
    pub(crate) store: Option<String>,
    /// The store of records in which it first stood; its number there is its own `seq`.
    pub(crate) epoch: StoreEpoch,
    pub(crate) received_ms: i64,
    pub(crate) response: Response,
}

impl Found {
    /// Its name, which no other response ever has: kiosk, epoch, number.
    pub(crate) fn id(&self) -> String {
        name(&self.device, &self.epoch, self.response.seq)
    }
}

/// What a response is called that first stood there.
pub(crate) fn name(device: &DeviceId, epoch: &StoreEpoch, seq: Seq) -> String {
    format!("{device}/{epoch}/{seq}")
}

/// At most so many after a place, and where to go on; `None` at the end.
pub(crate) fn page(
    connection: &Connection,
    wanted: &Wanted<'_>,
    after: Option<Place>,
    limit: usize,
) -> SqlResult<(Vec<Found>, Option<Place>)> {
    let snapshot = connection.snapshot()?;
    let mut devices = devices::list(&snapshot)?;
    devices.retain(|device| {
        after.is_none_or(|after| device.device >= after.device)
            && (wanted.is_wanted)(&device.device, device.store.as_deref())
    });
    devices.sort_unstable_by_key(|device| device.device);
    let (mut found, mut rows_left) = (Vec::new(), ROWS_MAX);
    for device in &devices {
        for (epoch, mark) in stores(&snapshot, &device.device, wanted.since_ms)? {
            let mut seq = match after.filter(|after| after.device == device.device) {
                Some(after) if epoch < after.epoch => continue,
                Some(after) if epoch == after.epoch => after.seq,
                _ => 0,
            };
            while seq < mark {
                let through = mark.min(seq + ROWS_AT_ONCE.min(rows_left));
                for (at, received_ms, bytes) in
                    rows(&snapshot, &device.device, &epoch, (seq, through), wanted)?
                {
                    if let Some((epoch, response)) = read(&snapshot, &device.device, (epoch, at), &bytes)? {
                        found.push(Found {
                            device: device.device,
                            device_name: device.name.clone(),
                            store: device.store.clone(),
                            epoch,
                            received_ms,
                            response,
                        });
                    }
                    if found.len() == limit {
                        return Ok((found, Some(Place { device: device.device, epoch, seq: at })));
                    }
                }
                rows_left -= through - seq;
                seq = through;
                if rows_left == 0 {
                    return Ok((found, Some(Place { device: device.device, epoch, seq })));
                }
            }
        }
    }
    Ok((found, None))
}

/// Where a list of the newest goes on: after this record, which came at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Before {
    pub(crate) received_ms: i64,
    pub(crate) place: Place,
}

/// The newest of those that are wanted, the one that came last first.
#[derive(Debug, Default)]
pub(crate) struct Newest {
    pub(crate) found: Vec<(Before, Found)>,
    /// Whether there may be more after them.
    pub(crate) has_more: bool,
    /// Whether not all were looked at, because so many would have to be.
    pub(crate) gave_up: bool,
}

/// Those that came last and that `fits` likes. What came at one moment stands by device and store, the highest number first.
pub(crate) fn newest(
    connection: &Connection,
    wanted: &Wanted<'_>,
    fits: &dyn Fn(&Response) -> bool,
    before: Option<Before>,
    limit: usize,
) -> SqlResult<Newest> {
    let snapshot = connection.snapshot()?;
    let mut newest = Newest::default();
    let mut rows_left = ROWS_MAX;
    for device in devices::list(&snapshot)? {
        if !(wanted.is_wanted)(&device.device, device.store.as_deref()) {
            continue;
        }
        for (epoch, mark) in stores(&snapshot, &device.device, wanted.since_ms)? {
            let (mut top, mut until_ms) = (mark, wanted.until_ms);
            if let Some(before) = before {
                let (here, there) = ((device.device, epoch), (before.place.device, before.place.epoch));
                // What came at that very moment was shown of the stores before, and of this one down to that number.
                until_ms = until_ms.min(before.received_ms.saturating_add(i64::from(here >= there)));
                top = if here == there { top.min(before.place.seq.saturating_sub(1)) } else { top };
            }
            let of = (&device.device, &epoch);
            top = last_before(&snapshot, of, top, until_ms)?;
            let mut taken = 0;
            while top > 0 && taken <= limit {
                let rows = rows_down(&snapshot, of, top, (wanted.since_ms, until_ms))?;
                let next_top = match rows.last() {
                    Some(&(lowest, _, _)) if rows.len() == ROWS_DOWN => lowest - 1,
                    _ => top.saturating_sub(WALKED_AT_ONCE),
                };
                rows_left = rows_left.saturating_sub(top - next_top);
                let is_past = rows.is_empty() && came_before(&snapshot, of, next_top, wanted.since_ms)?;
                for (seq, received_ms, bytes) in rows {
                    let read = read(&snapshot, &device.device, (epoch, seq), &bytes)?;
                    if let Some((first, response)) = read.filter(|(_, response)| fits(response)) {
                        let place = Place { device: device.device, epoch, seq };
                        let (device_name, store) = (device.name.clone(), device.store.clone());
                        let found = Found {
                            device: device.device,
                            device_name,
                            store,
                            epoch: first,
                            received_ms,
                            response,
                        };
                        newest.found.push((Before { received_ms, place }, found));
                        taken += 1;
                    }
                }
                top = if is_past { 0 } else { next_top };
                if rows_left == 0 && top > 0 {
                    newest.gave_up = true;
                    break;
                }
            }
        }
    }
    newest.found.sort_by_key(|(at, _)| {
        let Place { device, epoch, seq } = at.place;
        (std::cmp::Reverse(at.received_ms), device, epoch, std::cmp::Reverse(seq))
    });
    newest.has_more = newest.found.len() > limit;
    newest.found.truncate(limit);
    Ok(newest)
}

/// Rows that are read at once, on the way down; their query says so, too.
const ROWS_DOWN: usize = 60;
/// Numbers that are looked at for them.
const WALKED_AT_ONCE: u64 = 1_000;
/// When they came rises with their numbers, but for what the clocks of several collectors differ by, in milliseconds.
const CLOCKS_DIFFER_MS: i64 = 60 * 60 * 1_000;

/// Rows of a store from one number downwards, as far as they are looked at in one go.
fn rows_down(
    connection: &Connection,
    (device, epoch): (&DeviceId, &StoreEpoch),
    top: Seq,
    (since_ms, until_ms): (i64, i64),
) -> SqlResult<Vec<(Seq, i64, Vec<u8>)>> {
    connection.query_all(
        "select seq, received_ms, bytes from records
         where device_id = ?1 and epoch = ?2 and seq <= ?3 and seq > ?4 and received_ms >= ?5 and received_ms < ?6
           and erased_ms is null order by seq desc limit 60",
        values![
            device.as_bytes(),
            epoch.as_bytes(),
            seq_column(top),
            seq_column(top.saturating_sub(WALKED_AT_ONCE)),
            since_ms,
            until_ms
        ],
        |row| Ok((column_seq(row.get(0)?), row.get(1)?, row.get(2)?)),
    )
}

/// The last number, up to `top`, that can have come before a moment: found by halves, so that a day of last year costs no more than today.
fn last_before(
    connection: &Connection,
    of: (&DeviceId, &StoreEpoch),
    top: Seq,
    until_ms: i64,
) -> SqlResult<Seq> {
    let late_ms = until_ms.saturating_add(CLOCKS_DIFFER_MS);
    let is_late = |seq| SqlResult::Ok(received(connection, of, seq)?.is_some_and(|at_ms| at_ms >= late_ms));
    if top == 0 || !is_late(top)? {
        return Ok(top);
    }
    let (mut early, mut late) = (0, top);
    while late - early > 1 {
        let middle = early + (late - early) / 2;
        if is_late(middle)? { late = middle } else { early = middle }
    }
    Ok(early)
}

/// Whether nothing from this number down can have come at a moment or after it.
fn came_before(
    connection: &Connection,
    of: (&DeviceId, &StoreEpoch),
    seq: Seq,
    since_ms: i64,
) -> SqlResult<bool> {
    let early_ms = since_ms.saturating_sub(CLOCKS_DIFFER_MS);
    Ok(received(connection, of, seq)?.is_none_or(|at_ms| at_ms < early_ms))
}

fn received(
    connection: &Connection,
    (device, epoch): (&DeviceId, &StoreEpoch),
    seq: Seq,
) -> SqlResult<Option<i64>> {
    connection.query_opt(
        "select received_ms from records where device_id = ?1 and epoch = ?2 and seq = ?3",
        values![device.as_bytes(), epoch.as_bytes(), seq_column(seq)],
        |row| row.get(0),
    )
}

/// Stores of a device to which something came from a moment on, with the last number that is held.
fn stores(connection: &Connection, device: &DeviceId, since_ms: i64) -> SqlResult<Vec<(StoreEpoch, Seq)>> {
    connection.query_all(
        "select epoch, mark from stores where device_id = ?1 and last_received_ms >= ?2 order by epoch",
        values![device.as_bytes(), since_ms],
        |row| Ok((row.get::<HexColumn<16, _>>(0)?.0, column_seq(row.get(1)?))),
    )
}

/// Rows of a store with their numbers and when they came, after one number and up to another.
fn rows(
    connection: &Connection,
    device: &DeviceId,
    epoch: &StoreEpoch,
    (after, through): (Seq, Seq),
    wanted: &Wanted<'_>,
) -> SqlResult<Vec<(Seq, i64, Vec<u8>)>> {
    connection.query_all(
        "select seq, received_ms, bytes from records
         where device_id = ?1 and epoch = ?2 and seq > ?3 and seq <= ?4 and received_ms >= ?5 and received_ms < ?6
           and erased_ms is null order by seq",
        values![
            device.as_bytes(),
            epoch.as_bytes(),
            seq_column(after),
            seq_column(through),
            wanted.since_ms,
            wanted.until_ms
        ],
        |row| Ok((column_seq(row.get(0)?), row.get(1)?, row.get(2)?)),
    )
}

/// The response of one row; none where there is none, it was erased, or it is a copy.
pub(crate) fn at(connection: &Connection, place: &Place) -> SqlResult<Option<Found>> {
    let Place { device, epoch, seq } = place;
    let row = connection.query_opt(
        "select received_ms, bytes from records
         where device_id = ?1 and epoch = ?2 and seq = ?3 and erased_ms is null",
        values![device.as_bytes(), epoch.as_bytes(), seq_column(*seq)],
        |row| Ok((row.get::<i64>(0)?, row.get::<Vec<u8>>(1)?)),
    )?;
    let Some((received_ms, bytes)) = row else { return Ok(None) };
    let Some((epoch, response)) = read(connection, device, (*epoch, *seq), &bytes)? else { return Ok(None) };
    let known = devices::find(connection, &device.to_string())?.into_iter().find(|one| one.device == *device);
    let Some(Device { name: device_name, store, .. }) = known else { return Ok(None) };
    Ok(Some(Found { device: *device, device_name, store, epoch, received_ms, response }))
}

/// The response of a row, and the store in which it first stood; none where it is none, or is a copy.
fn read(
    connection: &Connection,
    device: &DeviceId,
    at: (StoreEpoch, Seq),
    bytes: &[u8],
) -> SqlResult<Option<(StoreEpoch, Response)>> {
    Ok(match content(connection, device, at, bytes)? {
        Some((origin, Content::Response(response))) => Some((origin.epoch, *response)),
        _ => None,
    })
}

/// What is in a row, and where it first stood; none where nobody can read it, or it is a copy.
pub(crate) fn content(
    connection: &Connection,
    device: &DeviceId,
    (epoch, seq): (StoreEpoch, Seq),
    bytes: &[u8],
) -> SqlResult<Option<(Origin, Content)>> {
    let (origin, inner) = origin(epoch, seq, bytes);
    let Ok(content) = Content::from_bytes(origin.seq, inner) else { return Ok(None) };
    let is_carried = inner.len() != bytes.len();
    let digest = frozen_digest(inner);
    if is_carried && is_copy(connection, device, (&epoch, seq), &origin, &digest)? {
        return Ok(None);
    }
    Ok(Some((origin, content)))
}
