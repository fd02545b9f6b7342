//! What programs before have counted where they knew to: by the hour in tables of faces, as JSON in `tally`, or in cells packed
//! otherwise. It is counted in cells when this program opens the database, at its first start and again after a roll-back.
//!
//! Each table is emptied in the transaction that counts what it held. What cannot be read stays where it is; where the records it
//! counted are not counted again with others of their cell, verification then finds that the sums differ.

use std::collections::{BTreeMap, BTreeSet};

use afterword_model::response::{Outcome, Response};
use afterword_model::scale::ScaleKind;
use afterword_model::tally::{Cell, Tally};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::state::seq;
use crate::tally::{BootTimes, change, of_other_forms, rewrite};

/// Counts in cells what programs before have counted, and as this one counts.
pub(crate) fn adopt(connection: &mut Connection) -> rusqlite::Result<()> {
    adopt_hours(connection)?;
    let has_tallies: bool =
        connection.query_row("SELECT EXISTS (SELECT 1 FROM tally)", [], |row| row.get(0))?;
    let mut outdated: BTreeSet<Cell> = of_other_forms(connection)?.into_iter().collect();
    if outdated.is_empty() && !has_tallies {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    outdated.extend(adopt_tallies(&transaction)?);
    if !outdated.is_empty() {
        recount(&transaction, &outdated)?;
    }
    transaction.commit()
}

/// Counts the responses of these cells again that are still here: of who was shown a question, and how long an answer took,
/// programs before knew less. Of responses that are purged what those knew stays.
fn recount(transaction: &Transaction<'_>, outdated: &BTreeSet<Cell>) -> rusqlite::Result<()> {
    let mut again: BTreeMap<Cell, [Tally; 2]> =
        outdated.iter().cloned().map(|cell| (cell, <[Tally; 2]>::default())).collect();
    let times = BootTimes::read(transaction)?;
    let mut read = transaction.prepare("SELECT seq, bytes FROM record ORDER BY seq")?;
    let mut rows = read.query([])?;
    while let Some(row) = rows.next()? {
        let bytes = row.get_ref("bytes")?.as_blob()?;
        // What cannot be read was not counted.
        let Ok(response) = Response::from_bytes(seq(row, "seq")?, bytes) else { continue };
        let (cell, hour) = times.place(&response);
        let flagged = cell.flagged;
        if let Some([all, of_flagged]) = again.get_mut(&Cell { flagged: false, ..cell }) {
            all.add(&response, hour);
            if flagged {
                of_flagged.add(&response, hour);
            }
        }
    }
    for (cell, again) in &again {
        rewrite(transaction, cell, true, |all, of_flagged| {
            all.recount(&again[0]);
            of_flagged.recount(&again[1]);
        })?;
    }
    Ok(())
}

/// What a program of schema 5 to 8 has counted, each cell a row of JSON: all that there was when this one came, and after a
/// roll-back what came since. Which cells that are, whether flagged or not.
fn adopt_tallies(transaction: &Transaction<'_>) -> rusqlite::Result<Vec<Cell>> {
    let mut read =
        transaction.prepare("SELECT id, day, survey, touchpoint, language, flagged, counts FROM tally")?;
    let mut take_away = transaction.prepare("DELETE FROM tally WHERE id = ?1")?;
    let mut rows = read.query([])?;
    let mut adopted: Vec<(i64, Cell)> = Vec::new();
    while let Some(row) = rows.next()? {
        let id = row.get(0)?;
        let cell = Cell {
            day: row.get(1)?,
            survey: row.get(2)?,
            touchpoint: row.get(3)?,
            language: row.get(4)?,
            flagged: row.get(5)?,
        };
        // Rot can leave JSON that is none of ours, such as a 25th hour; that could be packed and not be read again.
        let tally = serde_json::from_slice::<Tally>(row.get_ref(6)?.as_bytes()?).ok();
        let tally = tally
            .filter(|tally| Tally::unpacked(&tally.packed(), &tally.packed_hours()).as_ref() == Ok(tally));
        let Some(mut tally) = tally else {
            tracing::error!(?cell, "the counts of a cell cannot be read and stay in the table they are in");
            continue;
        };
        tally.presume_shown();
        change(transaction, &cell, |counts| counts.merge(&tally))?;
        adopted.push((id, Cell { flagged: false, ..cell }));
    }
    for (id, _) in &adopted {
        take_away.execute([id])?;
    }
    Ok(adopted.into_iter().map(|(_, cell)| cell).collect())
}

/// Counts in cells what an older program has counted by the hour: before this one came, or after a roll-back. Either way those
/// are the newest records, as many as the hours have. The ones that are still here are read again, because the hours knew faces
/// alone; of those that are purged the faces are what is known.
fn adopt_hours(connection: &mut Connection) -> rusqlite::Result<()> {
    let has_hours = "SELECT EXISTS (SELECT 1 FROM response_hour)";
    if !connection.query_row(has_hours, [], |row| row.get::<_, bool>(0))? {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut hours = Hours::read(&transaction)?;
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

/// Day, hour, survey, whether it is flagged. Language the hours knew of faces alone, and so of no response.
type Hour = (i64, u8, String, bool);

/// What the hours count.
#[derive(Default)]
struct Hours {
    faces: BTreeMap<(Hour, String, u8), i64>,
    outcomes: BTreeMap<(Hour, String), i64>,
}

impl Hours {
    fn read(transaction: &Transaction<'_>) -> rusqlite::Result<Self> {
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
    fn take_back(&mut self, response: &Response) {
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
    fn cells(&self) -> Vec<(Cell, Tally)> {
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
            let (Ok(count @ 1..), Some(tally)) = (u64::try_from(*count), cells.get_mut(&cell(hour))) else {
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
