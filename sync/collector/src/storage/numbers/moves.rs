//! What changes of what is counted when nothing new came: a device goes to another store, a response is erased, all is counted again.

use std::collections::BTreeSet;

use afterword_model::record::{DeviceId, Seq, StoreEpoch};
use afterword_model::response::Response;
use afterword_model::tally::Tally;

use super::super::seq_column;
use super::super::sql::{Connection, SqlResult, values};
use super::copies::{Identity, identity};
use super::state::State;
use super::{Deltas, tables};

/// Notes that a device stands in this store from now on. What was answered where it stood before stays there; a device that stood
/// nowhere takes its past with it, since that is where it had stood unnamed.
pub(crate) fn moved(connection: &Connection, device: &DeviceId, store: &str, now_ms: i64) -> SqlResult<()> {
    let before: Option<Option<String>> = connection.query_opt(
        "select store from devices where device_id = ?1",
        values![device.as_bytes()],
        |row| row.get(0),
    )?;
    let Some(before) = before else { return Ok(()) };
    match before.as_deref() {
        Some(before) if before == store => Ok(()),
        Some(before) => connection
            .execute(
                "insert into former_stores (device_id, until_ms, store) values (?1, ?2, ?3)
                 on conflict (device_id, until_ms) do nothing",
                values![device.as_bytes(), now_ms, before],
            )
            .map(drop),
        None => take_along(connection, device, store),
    }
}

/// The store in which a device stood at that moment (ms since 1970-01-01T00:00:00Z), if it was in one.
pub(crate) fn stood(connection: &Connection, device: &DeviceId, moment_ms: i64) -> SqlResult<Option<String>> {
    let state = State::read(connection, device)?;
    Ok(Some(state.store_at(moment_ms).to_owned()).filter(|store| !store.is_empty()))
}

/// Its cells of no store become this one's.
fn take_along(connection: &Connection, device: &DeviceId, store: &str) -> SqlResult<()> {
    connection.own().lock_counts()?;
    let mut deltas = Deltas::new();
    connection.query_all(
        "select day, survey, touchpoint, language, flagged, counts, hours from cells
         where device_id = ?1 and store = ''",
        values![device.as_bytes()],
        |row| {
            let cell = tables::cell(row)?;
            let mut tally = Tally::default();
            tables::merge(&mut tally, row, 5)?;
            deltas.entry((store.to_owned(), cell.clone())).or_default().more.merge(&tally);
            deltas.entry((String::new(), cell)).or_default().less.merge(&tally);
            Ok(())
        },
    )?;
    tables::change(connection, [(device, &deltas)])
}

/// Takes back what is counted of records that are about to be erased, each response once. A count of one is that one's answer, so that it
/// goes with the content; and a count of everything from the records would not find it any more.
pub(crate) fn take_back(
    connection: &Connection,
    device: &DeviceId,
    records: &[(StoreEpoch, Seq)],
) -> SqlResult<()> {
    let state = State::read(connection, device)?;
    let mut again: BTreeSet<Identity> = BTreeSet::new();
    let mut deltas = Deltas::new();
    for (epoch, seq) in records.iter().filter(|(epoch, seq)| state.has_seen(epoch, *seq)) {
        let held = connection.query_opt(
            "select bytes, received_ms from records
             where device_id = ?1 and epoch = ?2 and seq = ?3 and parked is null and erased_ms is null",
            values![device.as_bytes(), epoch.as_bytes(), seq_column(*seq)],
            |row| Ok((row.get::<Vec<u8>>(0)?, row.get::<i64>(1)?)),
        )?;
        let Some((bytes, received_ms)) = held else { continue };
        let Ok(response) = Response::from_bytes(*seq, &bytes) else { continue };
        let identity = identity(*epoch, *seq, &bytes);
        if again.insert(identity) {
            let (place, hour) = state.place(identity.0.epoch, &response, received_ms);
            deltas.entry(place).or_default().less.add(&response, hour);
        }
    }
    tables::change(connection, [(device, &deltas)])
}

/// Forgets everything that is counted, so that it is counted again.
pub(crate) fn forget(connection: &Connection) -> SqlResult<()> {
    connection.own().lock_counts()?;
    for table in [
        "delete from counted",
        "delete from boot_times",
        "delete from cells",
        "delete from store_tallies",
        "delete from store_days",
        "delete from all_days",
    ] {
        connection.execute(table, &[])?;
    }
    Ok(())
}
