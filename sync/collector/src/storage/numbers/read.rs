//! Rows as [`crate::numbers`] wants them.

use std::collections::BTreeMap;

use afterword_model::metrics::score::Recommending;
use afterword_model::tally::{Cell, Tally};

use super::super::column_seq;
use super::super::sql::{Connection, Row, SqlResult, values};
use super::state::UNDATED_DAY;
use super::tables::{self, merge};
use crate::numbers::Holdings;

/// First and last day, both included.
pub(crate) type Days = (i64, i64);

/// What is counted in these days of all stores, without touchpoint and language.
pub(crate) fn of_all(connection: &Connection, (first, last): Days) -> SqlResult<Vec<(Cell, Tally)>> {
    let mut cells = BTreeMap::new();
    connection.query_all(
        "select day, survey, flagged, counts, hours from all_days where day between ?1 and ?2",
        values![first, last],
        |row| whole(&mut cells, row),
    )?;
    Ok(cells.into_iter().collect())
}

/// The same of these stores alone.
pub(crate) fn of_stores(
    connection: &Connection,
    stores: &[String],
    (first, last): Days,
) -> SqlResult<Vec<(Cell, Tally)>> {
    let mut cells = BTreeMap::new();
    for store in stores {
        connection.query_all(
            "select day, survey, flagged, counts, hours from store_tallies
             where store = ?1 and day between ?2 and ?3",
            values![store, first, last],
            |row| whole(&mut cells, row),
        )?;
    }
    Ok(cells.into_iter().collect())
}

/// What is counted in these days of one store, by touchpoint and language.
pub(crate) fn of_store(
    connection: &Connection,
    store: &str,
    (first, last): Days,
) -> SqlResult<Vec<(Cell, Tally)>> {
    let mut cells = BTreeMap::<Cell, Tally>::new();
    connection.each(
        "select day, survey, touchpoint, language, flagged, counts, hours from cells
         where store = ?1 and day between ?2 and ?3",
        values![store, first, last],
        |row| merge(cells.entry(tables::cell(row)?).or_default(), row, 5),
    )?;
    Ok(cells.into_iter().collect())
}

fn whole(cells: &mut BTreeMap<Cell, Tally>, row: &Row<'_>) -> SqlResult<()> {
    let (touchpoint, language) = (String::new(), String::new());
    let cell = Cell { day: row.get(0)?, survey: row.get(1)?, touchpoint, language, flagged: row.get(2)? };
    merge(cells.entry(cell).or_default(), row, 3)
}

/// A store's plain numbers of some days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Plain {
    pub(crate) responses: u64,
    pub(crate) completed: u64,
    pub(crate) happy: u64,
    pub(crate) rated: u64,
    pub(crate) recommending: Recommending,
}

/// Of every store that had a response in these days.
pub(crate) fn plain(
    connection: &Connection,
    (first, last): Days,
    without_flagged: bool,
) -> SqlResult<BTreeMap<String, Plain>> {
    let mut stores = BTreeMap::new();
    connection.query_all(
        "select store, cast(sum(responses) as bigint), cast(sum(completed) as bigint),
             cast(sum(happy) as bigint), cast(sum(rated) as bigint), cast(sum(promoters) as bigint),
             cast(sum(detractors) as bigint), cast(sum(scored) as bigint)
         from store_days where day between ?1 and ?2 and flagged <= ?3 group by store",
        values![first, last, i64::from(!without_flagged)],
        |row| {
            let count = |column| row.get(column).map(i64::unsigned_abs);
            let plain = Plain {
                responses: count(1)?,
                completed: count(2)?,
                happy: count(3)?,
                rated: count(4)?,
                recommending: Recommending { promoters: count(5)?, detractors: count(6)?, of: count(7)? },
            };
            stores.insert(row.get(0)?, plain);
            Ok(())
        },
    )?;
    Ok(stores)
}

/// How many responses of these stores the day had, or of all; none where it had none at all.
pub(crate) fn responses_of(tallies: &[(Cell, Tally)], without_flagged: bool) -> Option<u64> {
    let all: u64 = tallies.iter().map(|(_, tally)| tally.outcomes.total()).sum();
    let wanted = tallies.iter().filter(|(cell, _)| !(without_flagged && cell.flagged));
    (all > 0).then(|| wanted.map(|(_, tally)| tally.outcomes.total()).sum())
}

/// What is held and is not in any number.
pub(crate) fn holdings(connection: &Connection) -> SqlResult<Holdings> {
    let (looked_at, parked) = connection.query_one(
        "select cast(coalesce(sum(through_seq), 0) as bigint), cast(coalesce(sum(parked), 0) as bigint)
         from counted",
        &[],
        |row| Ok((column_seq(row.get(0)?), column_seq(row.get(1)?))),
    )?;
    let count = |sql: &'static str, values: &[_]| {
        connection.query_one(sql, values, |row| row.get(0).map(i64::unsigned_abs))
    };
    let held = count("select cast(coalesce(sum(mark), 0) as bigint) from stores", &[])?;
    let quarantined = count("select count(*) from quarantine", &[])?;
    let undated = count(
        "select cast(coalesce(sum(responses), 0) as bigint) from store_days where day = ?1",
        values![UNDATED_DAY],
    )?;
    Ok(Holdings { looked_at, waiting: held.saturating_sub(looked_at), parked, quarantined, undated })
}
