//! The counts on the disk, changed in the transaction that freezes a response: one row for what is flagged and what
//! is not.
//!
//! A response of a boot that had no clock is counted on the day that the clock's zero falls on. With the first response of that
//! boot that has one, they are counted anew, on the day they came; their records stay as they are.

use std::collections::BTreeMap;
use std::path::Path;

use afterword_model::response::{ClockQuality, Response, Stamp};
use afterword_model::summary::{Ask, Place, Summary, Sums, compared_with, days_like};
use afterword_model::tally::packed::{self, Damaged};
use afterword_model::tally::{Cell, Tally};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use crate::error::StoreError;
use crate::state::seq;

/// When boots began that had no clock: the wall time of their monotonic zero, and the offset from UTC in minutes.
#[derive(Debug, Default)]
pub struct BootTimes(BTreeMap<u32, (i64, i16)>);

impl BootTimes {
    pub(crate) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut read = connection.prepare_cached("SELECT boot, zero_ms, offset_min FROM boot_time")?;
        let times = read.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
        times.collect::<rusqlite::Result<_>>().map(Self)
    }

    /// The moment as it is known now.
    #[must_use]
    pub fn known(&self, stamp: &Stamp) -> Stamp {
        match self.0.get(&stamp.boot) {
            Some(&(zero_ms, offset_min)) if stamp.clock == ClockQuality::Unset => {
                let since_ms = i64::try_from(stamp.mono_ms).unwrap_or(i64::MAX);
                Stamp { wall_ms: zero_ms.saturating_add(since_ms), offset_min, ..*stamp }
            }
            _ => *stamp,
        }
    }

    /// Where a response is counted, and in which hour.
    pub(crate) fn place(&self, response: &Response) -> (Cell, u8) {
        let started = self.known(&response.draft.started);
        (Cell::of(response, started.local_day()), started.local_hour())
    }
}

/// Counts a response.
pub(crate) fn count(transaction: &Transaction<'_>, response: &Response) -> rusqlite::Result<()> {
    let times = match response.draft.started.clock {
        ClockQuality::Unset => BootTimes::read(transaction)?,
        _ => BootTimes::default(),
    };
    let (cell, hour) = times.place(response);
    change(transaction, &cell, |tally| tally.add(response, hour))
}

/// Counts the responses of this boot anew that had no clock, where this moment of it is known: what stays known where there were
/// any, or where one is to come. One that was purged meanwhile stays where it is.
pub(crate) fn retime(transaction: &Transaction<'_>, now: &Stamp, is_wanted: bool) -> rusqlite::Result<()> {
    let before = BootTimes::read(transaction)?;
    if before.0.contains_key(&now.boot) {
        return Ok(());
    }
    let zero_ms = now.wall_ms.saturating_sub(i64::try_from(now.mono_ms).unwrap_or(i64::MAX));
    let after = BootTimes(BTreeMap::from([(now.boot, (zero_ms, now.offset_min))]));
    let mut is_wanted = is_wanted;
    // The newest are of this boot, and none before one of another.
    let mut read = transaction.prepare_cached("SELECT seq, bytes FROM record ORDER BY seq DESC")?;
    let mut rows = read.query([])?;
    while let Some(row) = rows.next()? {
        // What cannot be read was not counted.
        let Ok(response) = Response::from_bytes(seq(row, "seq")?, row.get_ref("bytes")?.as_blob()?) else {
            continue;
        };
        let started = &response.draft.started;
        if started.boot != now.boot {
            break;
        }
        if started.clock == ClockQuality::Unset {
            let (cell, hour) = before.place(&response);
            change(transaction, &cell, |tally| tally.take_back(&response, hour))?;
            let (cell, hour) = after.place(&response);
            change(transaction, &cell, |tally| tally.add(&response, hour))?;
            is_wanted = true;
        }
    }
    if is_wanted {
        transaction
            .prepare_cached("INSERT INTO boot_time (boot, zero_ms, offset_min) VALUES (?1, ?2, ?3)")?
            .execute(params![now.boot, zero_ms, now.offset_min])?;
    }
    Ok(())
}

/// Changes what is counted in a cell. A row counts all, and what is flagged once more.
pub(crate) fn change(
    transaction: &Transaction<'_>,
    cell: &Cell,
    change: impl Fn(&mut Tally),
) -> rusqlite::Result<()> {
    let changed = rewrite(transaction, cell, cell.flagged, |all, of_flagged| {
        change(all);
        if cell.flagged {
            change(of_flagged);
        }
    });
    match changed {
        // A response is worth more than its count: it is kept, and who asks for these numbers hears that they cannot be read.
        Err(rusqlite::Error::FromSqlConversionFailure(_, Type::Blob, error)) => {
            tracing::error!(%error, day = cell.day, "a response is kept and not counted; `afterword-kiosk doctor` says more");
            Ok(())
        }
        changed => changed,
    }
}

/// Changes the row of a cell: what all of it say, and `with_flagged` what those say that carry a flag.
pub(crate) fn rewrite(
    transaction: &Transaction<'_>,
    cell: &Cell,
    with_flagged: bool,
    change: impl FnOnce(&mut Tally, &mut Tally),
) -> rusqlite::Result<()> {
    let Cell { day, survey, touchpoint, language, .. } = cell;
    let found = transaction
        .prepare_cached(
            "SELECT counts, hours, flagged_counts, flagged_hours FROM cell
             WHERE day = ?1 AND survey = ?2 AND touchpoint = ?3 AND language = ?4",
        )?
        .query_row(params![day, survey, touchpoint, language], |row| {
            let of_flagged = if with_flagged { tally(row, 2)? } else { None };
            Ok((tally(row, 0)?.unwrap_or_default(), of_flagged.unwrap_or_default()))
        })
        .optional()?;
    let (mut all, mut of_flagged) = found.unwrap_or_default();
    change(&mut all, &mut of_flagged);
    let (all, of_flagged) = (Packed::of(&all), Packed::of(&of_flagged));
    if all.responses == 0 {
        return transaction
            .prepare_cached(
                "DELETE FROM cell WHERE day = ?1 AND survey = ?2 AND touchpoint = ?3 AND language = ?4",
            )?
            .execute(params![day, survey, touchpoint, language])
            .map(drop);
    }
    transaction
        .prepare_cached(
            "INSERT INTO cell (day, survey, touchpoint, language, responses, counts, hours,
                 flagged, flagged_counts, flagged_hours)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (day, survey, touchpoint, language) DO UPDATE SET
                 responses = excluded.responses, counts = excluded.counts, hours = excluded.hours,
                 flagged = iif(?11, excluded.flagged, flagged),
                 flagged_counts = iif(?11, excluded.flagged_counts, flagged_counts),
                 flagged_hours = iif(?11, excluded.flagged_hours, flagged_hours)",
        )?
        .execute(params![
            day,
            survey,
            touchpoint,
            language,
            all.responses,
            all.counts,
            all.hours,
            of_flagged.responses,
            of_flagged.counts_if_any(),
            of_flagged.hours_if_any(),
            with_flagged
        ])
        .map(drop)
}

/// A tally as columns have it.
struct Packed {
    responses: i64,
    counts: Vec<u8>,
    hours: Vec<u8>,
}

impl Packed {
    fn of(tally: &Tally) -> Self {
        let responses = i64::try_from(tally.outcomes.total()).unwrap_or(i64::MAX);
        Self { responses, counts: tally.packed(), hours: tally.packed_hours() }
    }

    fn counts_if_any(&self) -> Option<&[u8]> {
        (self.responses > 0).then_some(&self.counts)
    }

    fn hours_if_any(&self) -> Option<&[u8]> {
        (self.responses > 0).then_some(&self.hours)
    }
}

/// What is packed in this column and, of its hours, in the one after; none where there is nothing.
fn tally(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Tally>> {
    let Some(counts) = blob(row, column)? else { return Ok(None) };
    let hours = blob(row, column + 1)?.unwrap_or_default();
    Tally::unpacked(counts, hours).map(Some).map_err(|error| damaged(column, error))
}

fn blob<'r>(row: &'r Row<'_>, column: usize) -> rusqlite::Result<Option<&'r [u8]>> {
    Ok(row.get_ref(column)?.as_blob_or_null()?)
}

fn damaged(column: usize, error: Damaged) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Blob, Box::new(error))
}

/// The cells, whether flagged or not, whose counts another form of packing has.
pub(crate) fn of_other_forms(connection: &Connection) -> rusqlite::Result<Vec<Cell>> {
    let mut read = connection.prepare(
        "SELECT day, survey, touchpoint, language, counts, hours, flagged_counts, flagged_hours
         FROM cell WHERE substr(counts, 1, 1) <> ?1 OR substr(flagged_counts, 1, 1) <> ?1",
    )?;
    let mut rows = read.query([[packed::VERSION]])?;
    let mut cells = Vec::new();
    while let Some(row) = rows.next()? {
        let cell = Cell {
            day: row.get(0)?,
            survey: row.get(1)?,
            touchpoint: row.get(2)?,
            language: row.get(3)?,
            flagged: false,
        };
        if let Err(error) = tally(row, 4).and_then(|_| tally(row, 6)) {
            tracing::error!(?cell, %error, "the counts of a cell cannot be read and stay as they are");
            continue;
        }
        cells.push(cell);
    }
    Ok(cells)
}

/// The cells of these days, both included.
pub(crate) fn cells(
    connection: &Connection,
    (first_day, last_day): (i64, i64),
) -> rusqlite::Result<Vec<(Cell, Tally)>> {
    let mut read = connection.prepare_cached(
        "SELECT day, survey, touchpoint, language, counts, hours, flagged_counts, flagged_hours
         FROM cell WHERE day BETWEEN ?1 AND ?2 ORDER BY day, survey, touchpoint, language",
    )?;
    let mut rows = read.query([first_day, last_day])?;
    let mut cells = Vec::new();
    while let Some(row) = rows.next()? {
        let plain = Cell {
            day: row.get(0)?,
            survey: row.get(1)?,
            touchpoint: row.get(2)?,
            language: row.get(3)?,
            flagged: false,
        };
        let mut all = tally(row, 4)?.unwrap_or_default();
        let of_flagged = tally(row, 6)?;
        if let Some(of_flagged) = &of_flagged {
            all.take_away(of_flagged);
        }
        let flagged = Cell { flagged: true, ..plain.clone() };
        if all.outcomes.total() > 0 {
            cells.push((plain, all));
        }
        cells.extend(of_flagged.map(|of_flagged| (flagged, of_flagged)));
    }
    Ok(cells)
}

/// What of these days is asked for, added up as it is packed.
fn sums(
    connection: &Connection,
    ask: &Ask,
    (first_day, last_day): (i64, i64),
    with_hours: bool,
) -> rusqlite::Result<Sums> {
    // Each column that is not named is one that SQLite need not find.
    let mut read = connection.prepare_cached(match (with_hours, ask.without_flagged) {
        (true, false) => {
            "SELECT day, survey, touchpoint, language, flagged, counts, hours
             FROM cell WHERE day BETWEEN ?1 AND ?2"
        }
        (false, false) => {
            "SELECT day, survey, touchpoint, language, flagged, counts
             FROM cell WHERE day BETWEEN ?1 AND ?2"
        }
        (_, true) => {
            "SELECT day, survey, touchpoint, language, flagged, counts, hours, flagged_counts, flagged_hours
             FROM cell WHERE day BETWEEN ?1 AND ?2"
        }
    })?;
    let mut rows = read.query([first_day, last_day])?;
    let (mut all, mut of_flagged) = (Sums::default(), Sums::default());
    while let Some(row) = rows.next()? {
        let name = |column| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_str()?);
        let place = Place { day: row.get(0)?, survey: name(1)?, touchpoint: name(2)?, language: name(3)? };
        if !ask.wants(place.touchpoint, place.language) {
            continue;
        }
        let flagged = row.get::<_, i64>(4)?.unsigned_abs();
        all.add_flagged(flagged);
        let add = |sums: &mut Sums, column: usize| {
            let counts = blob(row, column)?.unwrap_or_default();
            let hours = if with_hours { Some(blob(row, column + 1)?.unwrap_or_default()) } else { None };
            sums.add_packed(place, counts, hours).map_err(|error| damaged(column, error))
        };
        add(&mut all, 5)?;
        if ask.without_flagged && flagged > 0 {
            add(&mut of_flagged, 7)?;
        }
    }
    if ask.without_flagged {
        all.take_away(&of_flagged);
    }
    Ok(all)
}

/// How many responses a day had, as far as they are wanted; none where it had none at all.
fn responses_of(connection: &Connection, ask: &Ask, day: i64) -> rusqlite::Result<Option<u64>> {
    let mut read = connection.prepare_cached(
        "SELECT sum(responses), coalesce(sum(responses - iif(?4, flagged, 0)) FILTER (
             WHERE (?2 IS NULL OR touchpoint = ?2) AND (?3 IS NULL OR language = ?3)), 0)
         FROM cell WHERE day = ?1",
    )?;
    read.query_row(params![day, ask.touchpoint, ask.language, ask.without_flagged], |row| {
        let all: Option<i64> = row.get(0)?;
        let wanted: i64 = row.get(1)?;
        Ok(all.map(|_| wanted.unsigned_abs()))
    })
}

/// The numbers of some days, from the counts alone: as quick with ten million responses as with ten.
pub(crate) fn summary(connection: &Connection, path: &Path, ask: Ask) -> Result<Summary, StoreError> {
    let of = |error: rusqlite::Error| StoreError::of(path, &error);
    let transaction = connection.unchecked_transaction().map_err(of)?;
    let now = sums(&transaction, &ask, (ask.first_day, ask.last_day), true).map_err(of)?;
    let before = sums(&transaction, &ask, compared_with(ask.first_day, ask.last_day), false).map_err(of)?;
    let mut alike = Vec::new();
    if ask.first_day == ask.last_day {
        for day in days_like(ask.first_day) {
            // A day without any response is one on which the shop was closed, or there was no kiosk.
            alike.extend(responses_of(&transaction, &ask, day).map_err(of)?);
        }
    }
    Ok(Summary::of_sums(ask, now, before, &alike))
}

/// All responses that are counted.
pub(crate) fn total(connection: &Connection) -> rusqlite::Result<u64> {
    connection
        .query_row("SELECT coalesce(sum(responses), 0) FROM cell", [], |row| row.get::<_, i64>(0))
        .map(i64::unsigned_abs)
}
