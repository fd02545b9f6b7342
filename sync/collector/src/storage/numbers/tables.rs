//! Cells, and what is made of them for reading: the tallies of a store's day, its plain numbers, and the day of all stores.

use std::collections::{BTreeMap, BTreeSet};

use afterword_model::metrics::score::Recommending;
use afterword_model::record::DeviceId;
use afterword_model::scale::ScaleKind;
use afterword_model::summary::happy;
use afterword_model::tally::packed::{Damaged, merge_packed_hours};
use afterword_model::tally::{Cell, Tally};

use super::super::sql::{Connection, Row, SqlError, SqlResult, Value, values};
use super::{Delta, Deltas};

/// A table of tallies, each under a key: what reads one, what deletes it, and what writes it with its packed counts and hours.
struct Table {
    read: &'static str,
    delete: &'static str,
    write: &'static str,
}

const CELLS: Table = Table {
    read: "select counts, hours from cells where device_id = ?1 and store = ?2 and day = ?3
           and survey = ?4 and touchpoint = ?5 and language = ?6 and flagged = ?7",
    delete: "delete from cells where device_id = ?1 and store = ?2 and day = ?3
             and survey = ?4 and touchpoint = ?5 and language = ?6 and flagged = ?7",
    write: "insert into cells (device_id, store, day, survey, touchpoint, language, flagged, counts, hours)
            values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
            on conflict (device_id, store, day, survey, touchpoint, language, flagged) do update
            set counts = excluded.counts, hours = excluded.hours",
};

const STORE_TALLIES: Table = Table {
    read: "select counts, hours from store_tallies
           where store = ?1 and day = ?2 and survey = ?3 and flagged = ?4",
    delete: "delete from store_tallies where store = ?1 and day = ?2 and survey = ?3 and flagged = ?4",
    write: "insert into store_tallies (store, day, survey, flagged, counts, hours) values (?1, ?2, ?3, ?4, ?5, ?6)
            on conflict (store, day, survey, flagged) do update
            set counts = excluded.counts, hours = excluded.hours",
};

const ALL_DAYS: Table = Table {
    read: "select counts, hours from all_days where day = ?1 and survey = ?2 and flagged = ?3",
    delete: "delete from all_days where day = ?1 and survey = ?2 and flagged = ?3",
    write:
        "insert into all_days (day, survey, flagged, counts, hours) values (?1, ?2, ?3, ?4, ?5)
            on conflict (day, survey, flagged) do update set counts = excluded.counts, hours = excluded.hours",
};

impl Table {
    /// Changes the tallies under these keys; one that counts nothing any more has no row.
    fn change<'d>(
        &self,
        connection: &Connection,
        keys: Vec<Key<'_>>,
        deltas: impl IntoIterator<Item = &'d Delta>,
    ) -> SqlResult<()> {
        let mut tallies = vec![Tally::default(); keys.len()];
        connection
            .own()
            .query_each(self.read, &keys, &mut |place, row| merge(&mut tallies[place], row, 0))?;
        for (tally, delta) in tallies.iter_mut().zip(deltas) {
            tally.merge(&delta.more);
            tally.take_away(&delta.less);
        }
        let packed: Vec<(Vec<u8>, Vec<u8>)> =
            tallies.iter().map(|tally| (tally.packed(), tally.packed_hours())).collect();
        let (mut gone, mut rows) = (Vec::new(), Vec::new());
        for ((mut key, tally), (counts, hours)) in keys.into_iter().zip(&tallies).zip(&packed) {
            if tally.outcomes.total() == 0 {
                gone.push(key);
            } else {
                key.extend(values![counts, hours]);
                rows.push(key);
            }
        }
        connection.own().execute_each(self.delete, &gone)?;
        connection.own().execute_each(self.write, &rows)
    }
}

/// The values of a key.
type Key<'v> = Vec<Value<'v>>;

/// Changes the cells of devices, of each once, and everything that is made of them by as much.
pub(super) fn change<'d>(
    connection: &Connection,
    all: impl IntoIterator<Item = (&'d DeviceId, &'d Deltas)>,
) -> SqlResult<()> {
    let (mut keys, mut deltas) = (Vec::new(), Vec::new());
    let mut of_stores: BTreeMap<(&str, i64, &str, bool), Delta> = BTreeMap::new();
    let mut of_all: BTreeMap<(i64, &str, bool), Delta> = BTreeMap::new();
    for (device, cells) in all {
        for ((store, cell), delta) in cells {
            let Cell { day, survey, touchpoint, language, flagged } = cell;
            let flag = i64::from(*flagged);
            keys.push(values![device.as_bytes(), store, *day, survey, touchpoint, language, flag].to_vec());
            deltas.push(delta);
            of_stores.entry((store, *day, survey, *flagged)).or_default().merge(delta);
            of_all.entry((*day, survey, *flagged)).or_default().merge(delta);
        }
    }
    CELLS.change(connection, keys, deltas)?;
    let keys = of_stores
        .keys()
        .map(|(store, day, survey, flagged)| values![*store, *day, *survey, i64::from(*flagged)].to_vec());
    STORE_TALLIES.change(connection, keys.collect(), of_stores.values())?;
    let keys =
        of_all.keys().map(|(day, survey, flagged)| values![*day, *survey, i64::from(*flagged)].to_vec());
    ALL_DAYS.change(connection, keys.collect(), of_all.values())?;
    let days: BTreeSet<(&str, i64)> = of_stores.keys().map(|(store, day, ..)| (*store, *day)).collect();
    write_days(connection, &days.into_iter().collect::<Vec<_>>())
}

/// Makes the plain numbers of these stores and days anew from their tallies.
fn write_days(connection: &Connection, days: &[(&str, i64)]) -> SqlResult<()> {
    let places: Vec<Key<'_>> = days.iter().map(|(store, day)| values![*store, *day].to_vec()).collect();
    // Of what nobody has flagged, and of what somebody has.
    let mut tallies = vec![[Tally::default(), Tally::default()]; days.len()];
    connection.own().query_each(
        "select flagged, counts, hours from store_tallies where store = ?1 and day = ?2",
        &places,
        &mut |place, row| merge(&mut tallies[place][usize::from(row.get::<bool>(0)?)], row, 1),
    )?;
    let (mut gone, mut rows) = (Vec::new(), Vec::new());
    for ((store, day), tallies) in days.iter().zip(&tallies) {
        for (flagged, tally) in (0_i64..).zip(tallies) {
            let key = values![*day, *store, flagged];
            let plain = plain(tally);
            if plain[0] == 0 {
                gone.push(key.to_vec());
            } else {
                rows.push([&key[..], &plain.map(|count| column(count).into())].concat());
            }
        }
    }
    connection
        .own()
        .execute_each("delete from store_days where day = ?1 and store = ?2 and flagged = ?3", &gone)?;
    connection.own().execute_each(
        "insert into store_days (day, store, flagged, responses, completed, happy, rated, promoters,
             detractors, scored) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         on conflict (day, store, flagged) do update set responses = excluded.responses,
             completed = excluded.completed, happy = excluded.happy, rated = excluded.rated,
             promoters = excluded.promoters, detractors = excluded.detractors, scored = excluded.scored",
        &rows,
    )
}

/// Plain numbers of a day: responses, completed ones, happy ones of those with a rating, promoters and detractors of those that said whether
/// they recommend the shop.
type Plain = [u64; 7];

fn plain(tally: &Tally) -> Plain {
    let (mut pleased, mut rated) = (0, 0);
    for hour in tally.hours.values() {
        let (hits, of) = happy(&hour.ratings);
        (pleased, rated) = (pleased + hits, rated + of);
    }
    let mut recommending = Recommending::default();
    for counts in tally.questions.values().filter_map(|question| question.ratings.get(&ScaleKind::Nps)) {
        let more = Recommending::of(counts);
        recommending.promoters += more.promoters;
        recommending.detractors += more.detractors;
        recommending.of += more.of;
    }
    let Recommending { promoters, detractors, of } = recommending;
    [tally.outcomes.total(), tally.outcomes.completed, pleased, rated, promoters, detractors, of]
}

fn column(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A cell: its day, survey, touchpoint, language and flag, from the first column on.
pub(super) fn cell(row: &Row<'_>) -> SqlResult<Cell> {
    Ok(Cell {
        day: row.get(0)?,
        survey: row.get(1)?,
        touchpoint: row.get(2)?,
        language: row.get(3)?,
        flagged: row.get(4)?,
    })
}

/// Adds what is packed in this column and the one after it.
pub(super) fn merge(tally: &mut Tally, row: &Row<'_>, column: usize) -> SqlResult<()> {
    tally.merge_packed(row.blob(column)?).map_err(damaged)?;
    merge_packed_hours(&mut tally.hours, row.blob(column + 1)?).map_err(damaged)
}

fn damaged(error: Damaged) -> SqlError {
    SqlError::other(format!(
        "what is counted cannot be read ({error}); `afterword-collector numbers recount` counts everything again"
    ))
}
