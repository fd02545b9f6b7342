//! The counts on the disk: one row for each cell, changed in the transaction that freezes a response.
//!
//! A response of a boot that had no clock is counted on the day that the clock's zero falls on. With the first response of that
//! boot that has one, they are counted anew, on the day they came; their records stay as they are.

use std::collections::BTreeMap;
use std::path::Path;

use afterword_model::response::{ClockQuality, Outcome, Response, Stamp};
use afterword_model::summary::{Ask, Summary, compared_with, days_like};
use afterword_model::tally::{Cell, Tally};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::error::StoreError;
use crate::state::seq;

/// When boots began that had no clock: the wall time of their monotonic zero, and the offset from UTC in minutes.
#[derive(Debug, Default)]
pub(crate) struct BootTimes(BTreeMap<u32, (i64, i16)>);

impl BootTimes {
    pub(crate) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut read = connection.prepare_cached("SELECT boot, zero_ms, offset_min FROM boot_time")?;
        let times = read.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
        times.collect::<rusqlite::Result<_>>().map(Self)
    }

    /// The moment as it is known now.
    pub(crate) fn known(&self, stamp: &Stamp) -> Stamp {
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

fn change(
    transaction: &Transaction<'_>,
    cell: &Cell,
    change: impl FnOnce(&mut Tally),
) -> rusqlite::Result<()> {
    let Cell { day, survey, touchpoint, language, flagged } = cell;
    let found: Option<(i64, Tally)> = transaction
        .prepare_cached(
            "SELECT id, counts FROM tally
             WHERE day = ?1 AND survey = ?2 AND touchpoint = ?3 AND language = ?4 AND flagged = ?5",
        )?
        .query_row(params![day, survey, touchpoint, language, flagged], |row| {
            Ok((row.get(0)?, counts(row, 1)?))
        })
        .optional()?;
    let (id, mut tally) = found.map_or_else(|| (None, Tally::default()), |(id, tally)| (Some(id), tally));
    change(&mut tally);
    let responses = i64::try_from(tally.outcomes.total()).unwrap_or(i64::MAX);
    let counts = serde_json::to_string(&tally).expect("a tally holds only numbers under names");
    match id {
        Some(id) if responses == 0 => {
            transaction.prepare_cached("DELETE FROM tally WHERE id = ?1")?.execute([id])?
        }
        Some(id) => transaction
            .prepare_cached("UPDATE tally SET responses = ?2, counts = ?3 WHERE id = ?1")?
            .execute(params![id, responses, counts])?,
        None if responses == 0 => 0,
        None => transaction
            .prepare_cached(
                "INSERT INTO tally (day, survey, touchpoint, language, flagged, responses, counts)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![day, survey, touchpoint, language, flagged, responses, counts])?,
    };
    Ok(())
}

fn counts(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Tally> {
    serde_json::from_str(row.get_ref(column)?.as_str()?).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}

/// The cells of these days, both included.
pub(crate) fn cells(
    connection: &Connection,
    (first_day, last_day): (i64, i64),
) -> rusqlite::Result<Vec<(Cell, Tally)>> {
    let mut read = connection.prepare_cached(
        "SELECT day, survey, touchpoint, language, flagged, counts FROM tally
         WHERE day BETWEEN ?1 AND ?2 ORDER BY day, survey, touchpoint, language, flagged",
    )?;
    let cells = read.query_map([first_day, last_day], |row| {
        let cell = Cell {
            day: row.get(0)?,
            survey: row.get(1)?,
            touchpoint: row.get(2)?,
            language: row.get(3)?,
            flagged: row.get(4)?,
        };
        Ok((cell, counts(row, 5)?))
    })?;
    cells.collect()
}

/// How many responses a day had, as far as they are wanted; none where it had none at all.
fn responses_of(connection: &Connection, ask: &Ask, day: i64) -> rusqlite::Result<Option<u64>> {
    let mut read = connection.prepare_cached(
        "SELECT sum(responses), coalesce(sum(responses) FILTER (WHERE (?2 IS NULL OR touchpoint = ?2)
             AND (?3 IS NULL OR language = ?3) AND NOT (?4 AND flagged)), 0)
         FROM tally WHERE day = ?1",
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
    let now = cells(&transaction, (ask.first_day, ask.last_day)).map_err(of)?;
    let before = cells(&transaction, compared_with(ask.first_day, ask.last_day)).map_err(of)?;
    let mut alike = Vec::new();
    if ask.first_day == ask.last_day {
        for day in days_like(ask.first_day) {
            // A day without any response is one on which the shop was closed, or there was no kiosk.
            alike.extend(responses_of(&transaction, &ask, day).map_err(of)?);
        }
    }
    Ok(Summary::of(ask, &now, &before, &alike))
}

/// All responses that are counted.
pub(crate) fn total(connection: &Connection) -> rusqlite::Result<u64> {
    connection
        .query_row("SELECT coalesce(sum(responses), 0) FROM tally", [], |row| row.get::<_, i64>(0))
        .map(i64::unsigned_abs)
}

/// Counts in cells what an older program has counted by the hour: before this one came, or after a roll-back. Either way those
/// are the newest records, as many as the hours have. The ones that are still here are read again, because the hours knew faces
/// alone; of those that are purged the faces are what is known.
pub(crate) fn adopt_hours(connection: &mut Connection) -> rusqlite::Result<()> {
    let has_hours = "SELECT EXISTS (SELECT 1 FROM response_hour)";
    if !connection.query_row(has_hours, [], |row| row.get::<_, bool>(0))? {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut hours = former::Hours::read(&transaction)?;
    let mut cells: BTreeMap<Cell, Tally> = BTreeMap::new();
    let times = BootTimes::read(&transaction)?;
    {
        let mut read = transaction.prepare(
            "SELECT seq, bytes FROM record
             WHERE seq > (SELECT last_seq FROM store) - (SELECT sum(count) FROM response_hour) ORDER BY seq",
        )?;
        let mut rows = read.query([])?;
        while let Some(row) = rows.next()? {
            let bytes = row.get_ref("bytes")?.as_blob()?;
            let Ok(response) = Response::from_bytes(seq(row, "seq")?, bytes) else { continue };
            hours.take_back(&response);
            let (cell, hour) = times.place(&response);
            cells.entry(cell).or_default().add(&response, hour);
        }
    }
    for (cell, tally) in hours.cells() {
        cells.entry(cell).or_default().merge(&tally);
    }
    for (cell, tally) in &cells {
        change(&transaction, cell, |counts| counts.merge(tally))?;
    }
    transaction.execute_batch(
        "DELETE FROM face_hour; DELETE FROM response_hour;
         DELETE FROM flagged_face_hour; DELETE FROM flagged_response_hour",
    )?;
    transaction.commit()
}

/// The tables of hours, as they were.
mod former {
    use std::collections::BTreeSet;

    use super::{BTreeMap, Cell, Outcome, Response, Tally, Transaction};
    use afterword_model::scale::ScaleKind;

    /// Day, hour, survey, whether it is flagged. Language the hours knew of faces alone, and so of no response.
    type Hour = (i64, u8, String, bool);

    /// What the hours count.
    #[derive(Default)]
    pub(super) struct Hours {
        faces: BTreeMap<(Hour, String, u8), i64>,
        outcomes: BTreeMap<(Hour, String), i64>,
    }

    impl Hours {
        pub(super) fn read(transaction: &Transaction<'_>) -> rusqlite::Result<Self> {
            let mut hours = Self::default();
            // The tables of all count the flagged ones too.
            for (prefix, flagged) in [("", false), ("flagged_", true)] {
                let sql = format!("SELECT day, hour, survey, question, face, count FROM {prefix}face_hour");
                let mut read = transaction.prepare(&sql)?;
                let mut rows = read.query([])?;
                while let Some(row) = rows.next()? {
                    let hour = (row.get(0)?, row.get(1)?, row.get(2)?, flagged);
                    hours.count_face(hour, &row.get::<_, String>(3)?, row.get(4)?, row.get(5)?);
                }
                let sql = format!("SELECT day, hour, survey, outcome, count FROM {prefix}response_hour");
                let mut read = transaction.prepare(&sql)?;
                let mut rows = read.query([])?;
                while let Some(row) = rows.next()? {
                    let hour = (row.get(0)?, row.get(1)?, row.get(2)?, flagged);
                    hours.count_outcome(hour, &row.get::<_, String>(3)?, row.get(4)?);
                }
            }
            Ok(hours)
        }

        /// A response that is counted elsewhere.
        pub(super) fn take_back(&mut self, response: &Response) {
            let draft = &response.draft;
            let (day, hour) = (draft.started.local_day(), draft.started.local_hour());
            let hour = |flagged| (day, hour, draft.survey.clone(), flagged);
            let is_flagged = !draft.flags.is_empty();
            let each: &[bool] = if is_flagged { &[false, true] } else { &[false] };
            for &flagged in each {
                for (question, face) in draft.faces().filter(|(_, face)| (1..=5).contains(face)) {
                    self.count_face(hour(flagged), question, face, -1);
                }
                self.count_outcome(hour(flagged), outcome_name(response.outcome), -1);
            }
        }

        fn count_face(&mut self, hour: Hour, question: &str, face: u8, count: i64) {
            let (day, of, survey, flagged) = hour.clone();
            *self.faces.entry((hour, question.to_owned(), face)).or_default() += count;
            if flagged {
                let unflagged = ((day, of, survey, false), question.to_owned(), face);
                *self.faces.entry(unflagged).or_default() -= count;
            }
        }

        fn count_outcome(&mut self, hour: Hour, outcome: &str, count: i64) {
            let (day, of, survey, flagged) = hour.clone();
            *self.outcomes.entry((hour, outcome.to_owned())).or_default() += count;
            if flagged {
                *self.outcomes.entry(((day, of, survey, false), outcome.to_owned())).or_default() -= count;
            }
        }

        /// What is left of them.
        pub(super) fn cells(&self) -> Vec<(Cell, Tally)> {
            let mut cells: BTreeMap<Cell, Tally> = BTreeMap::new();
            let cell = |(day, _, survey, flagged): &Hour| Cell {
                day: *day,
                survey: survey.clone(),
                touchpoint: String::new(),
                language: String::new(),
                flagged: *flagged,
            };
            for ((hour, outcome), count) in &self.outcomes {
                let (Ok(count @ 1..), Some(outcome)) = (u64::try_from(*count), outcome_of(outcome)) else {
                    continue;
                };
                let tally = cells.entry(cell(hour)).or_default();
                *tally.outcomes.of(outcome) += count;
                tally.hours.entry(hour.1).or_default().responses += count;
            }
            // The first question of a survey is what the hours show; which that was, one question alone tells.
            let mut asked_by: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
            for ((_, _, survey, _), question, _) in self.faces.keys() {
                asked_by.entry(survey).or_default().insert(question);
            }
            for ((hour, question, face), count) in &self.faces {
                let (Ok(count @ 1..), Some(tally)) = (u64::try_from(*count), cells.get_mut(&cell(hour)))
                else {
                    continue;
                };
                let place = usize::from(face.saturating_sub(1));
                let asked = tally.questions.entry(question.clone()).or_default();
                asked.answered += count;
                let of_hour = tally.hours.entry(hour.1).or_default();
                let is_alone = asked_by.get(hour.2.as_str()).is_some_and(|asked| asked.len() == 1);
                for ratings in
                    [Some(&mut asked.ratings), is_alone.then_some(&mut of_hour.ratings)].into_iter().flatten()
                {
                    let counts = ratings.entry(ScaleKind::Faces).or_insert_with(|| vec![0; 5]);
                    if let Some(slot) = counts.get_mut(place) {
                        *slot += count;
                    }
                }
            }
            cells.into_iter().collect()
        }
    }

    fn outcome_name(outcome: Outcome) -> &'static str {
        match outcome {
            Outcome::Completed => "completed",
            Outcome::Finished => "finished",
            Outcome::TimedOut => "timed_out",
            Outcome::Interrupted => "interrupted",
        }
    }

    fn outcome_of(name: &str) -> Option<Outcome> {
        [Outcome::Completed, Outcome::Finished, Outcome::TimedOut, Outcome::Interrupted]
            .into_iter()
            .find(|outcome| outcome_name(*outcome) == name)
    }
}
