//! Cells, and what is made of them for reading: the tallies of a store's day, its plain numbers, and the day of all stores.

use std::collections::{BTreeMap, BTreeSet};

use afterword_model::metrics::score::Recommending;
use afterword_model::record::DeviceId;
use afterword_model::scale::ScaleKind;
use afterword_model::summary::happy;
use afterword_model::tally::packed::{Damaged, merge_packed_hours};
use afterword_model::tally::{Cell, Tally};

use super::super::sql::{Connection, Row, SqlError, SqlResult, Value, values};
use super::Deltas;

/// Stores and local days of which something changed.
pub(super) type Changed = BTreeSet<(String, i64)>;

/// Changes cells of a device.
pub(super) fn change(
    connection: &Connection,
    device: &DeviceId,
    deltas: &Deltas,
    changed: &mut Changed,
) -> SqlResult<()> {
    for ((store, cell), delta) in deltas {
        let Cell { day, survey, touchpoint, language, flagged } = cell;
        let place: &[Value<'_>] =
            values![device.as_bytes(), store, *day, survey, touchpoint, language, i64::from(*flagged)];
        let found = connection.query_opt(
            "select counts, hours from cells where device_id = ?1 and store = ?2 and day = ?3
             and survey = ?4 and touchpoint = ?5 and language = ?6 and flagged = ?7",
            place,
            |row| tally(row, 0),
        )?;
        let mut tally = found.unwrap_or_default();
        tally.merge(&delta.more);
        tally.take_away(&delta.less);
        if tally.outcomes.total() == 0 {
            connection.execute(
                "delete from cells where device_id = ?1 and store = ?2 and day = ?3
                 and survey = ?4 and touchpoint = ?5 and language = ?6 and flagged = ?7",
                place,
            )?;
        } else {
            let (counts, hours) = (tally.packed(), tally.packed_hours());
            connection.execute(
                "insert into cells (device_id, store, day, survey, touchpoint, language, flagged, counts, hours)
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                 on conflict (device_id, store, day, survey, touchpoint, language, flagged) do update
                 set counts = excluded.counts, hours = excluded.hours",
                &[place, values![&counts, &hours]].concat(),
            )?;
        }
        changed.insert((store.clone(), *day));
    }
    Ok(())
}

/// Makes anew what is made of the cells of these stores and days.
pub(super) fn roll_up(connection: &Connection, changed: &Changed) -> SqlResult<()> {
    for (store, day) in changed {
        let here = values![store, *day];
        let of = |sql: &'static str| -> SqlResult<Tallies> {
            let mut tallies = Tallies::new();
            let rows = connection.query_all(sql, here, |row| {
                Ok(((row.get::<String>(0)?, row.get::<bool>(1)?), tally(row, 2)?))
            })?;
            rows.iter().for_each(|(key, tally)| tallies.entry(key.clone()).or_default().merge(tally));
            Ok(tallies)
        };
        let now = of("select survey, flagged, counts, hours from cells where store = ?1 and day = ?2")?;
        let before =
            of("select survey, flagged, counts, hours from store_tallies where store = ?1 and day = ?2")?;
        if now == before {
            continue;
        }
        let nothing = Tally::default();
        let keys: BTreeSet<&Key> = now.keys().chain(before.keys()).collect();
        for key in keys {
            let (old, new) = (before.get(key).unwrap_or(&nothing), now.get(key).unwrap_or(&nothing));
            write_store_tally(connection, store, *day, key, new)?;
            change_all(connection, *day, key, old, new)?;
        }
        for flagged in [false, true] {
            let all = now.iter().filter(|((_, is_flagged), _)| *is_flagged == flagged);
            write_store_day(connection, store, *day, flagged, all.map(|(_, tally)| tally))?;
        }
    }
    Ok(())
}

/// A survey, and whether its responses are flagged.
type Key = (String, bool);
type Tallies = BTreeMap<Key, Tally>;

fn write_store_tally(
    connection: &Connection,
    store: &str,
    day: i64,
    (survey, flagged): &Key,
    tally: &Tally,
) -> SqlResult<()> {
    let place: &[Value<'_>] = values![store, day, survey, i64::from(*flagged)];
    if tally.outcomes.total() == 0 {
        let delete =
            "delete from store_tallies where store = ?1 and day = ?2 and survey = ?3 and flagged = ?4";
        return connection.execute(delete, place).map(drop);
    }
    let (counts, hours) = (tally.packed(), tally.packed_hours());
    connection
        .execute(
            "insert into store_tallies (store, day, survey, flagged, counts, hours) values (?1, ?2, ?3, ?4, ?5, ?6)
             on conflict (store, day, survey, flagged) do update
             set counts = excluded.counts, hours = excluded.hours",
            &[place, values![&counts, &hours]].concat(),
        )
        .map(drop)
}

/// The day of all stores, with what one of them had been and is now.
fn change_all(
    connection: &Connection,
    day: i64,
    (survey, flagged): &Key,
    old: &Tally,
    new: &Tally,
) -> SqlResult<()> {
    let place: &[Value<'_>] = values![day, survey, i64::from(*flagged)];
    let found = connection.query_opt(
        "select counts, hours from all_days where day = ?1 and survey = ?2 and flagged = ?3",
        place,
        |row| tally(row, 0),
    )?;
    let mut all = found.unwrap_or_default();
    all.merge(new);
    all.take_away(old);
    if all.outcomes.total() == 0 {
        let delete = "delete from all_days where day = ?1 and survey = ?2 and flagged = ?3";
        return connection.execute(delete, place).map(drop);
    }
    let (counts, hours) = (all.packed(), all.packed_hours());
    connection
        .execute(
            "insert into all_days (day, survey, flagged, counts, hours) values (?1, ?2, ?3, ?4, ?5)
             on conflict (day, survey, flagged) do update set counts = excluded.counts, hours = excluded.hours",
            &[place, values![&counts, &hours]].concat(),
        )
        .map(drop)
}

fn write_store_day<'t>(
    connection: &Connection,
    store: &str,
    day: i64,
    flagged: bool,
    tallies: impl Iterator<Item = &'t Tally>,
) -> SqlResult<()> {
    let [mut responses, mut completed, mut pleased, mut rated] = [0; 4];
    let mut recommending = Recommending::default();
    for tally in tallies {
        responses += tally.outcomes.total();
        completed += tally.outcomes.completed;
        for hour in tally.hours.values() {
            let (hits, of) = happy(&hour.ratings);
            (pleased, rated) = (pleased + hits, rated + of);
        }
        for counts in tally.questions.values().filter_map(|question| question.ratings.get(&ScaleKind::Nps)) {
            let more = Recommending::of(counts);
            recommending.promoters += more.promoters;
            recommending.detractors += more.detractors;
            recommending.of += more.of;
        }
    }
    let place: &[Value<'_>] = values![day, store, i64::from(flagged)];
    if responses == 0 {
        let delete = "delete from store_days where day = ?1 and store = ?2 and flagged = ?3";
        return connection.execute(delete, place).map(drop);
    }
    let Recommending { promoters, detractors, of } = recommending;
    let numbers: [Value<'_>; 7] =
        [responses, completed, pleased, rated, promoters, detractors, of].map(|count| column(count).into());
    connection
        .execute(
            "insert into store_days (day, store, flagged, responses, completed, happy, rated, promoters,
                 detractors, scored) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             on conflict (day, store, flagged) do update set responses = excluded.responses,
                 completed = excluded.completed, happy = excluded.happy, rated = excluded.rated,
                 promoters = excluded.promoters, detractors = excluded.detractors, scored = excluded.scored",
            &[place, &numbers[..]].concat(),
        )
        .map(drop)
}

fn column(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// What is packed in this column and the one after it.
pub(super) fn tally(row: &Row<'_>, column: usize) -> SqlResult<Tally> {
    let mut tally = Tally::default();
    merge(&mut tally, row, column)?;
    Ok(tally)
}

/// The same, added to what is there.
pub(super) fn merge(tally: &mut Tally, row: &Row<'_>, column: usize) -> SqlResult<()> {
    tally.merge_packed(row.blob(column)?).map_err(damaged)?;
    merge_packed_hours(&mut tally.hours, row.blob(column + 1)?).map_err(damaged)
}

fn damaged(error: Damaged) -> SqlError {
    SqlError::other(format!(
        "what is counted cannot be read ({error}); `afterword-collector numbers recount` counts everything again"
    ))
}
