//! Words beside a day of the numbers: writing them, and taking them back.

use afterword_model::survey::{graphemes, is_blank, on_one_line};

use super::{Admin, AdminError};
use crate::storage::day_notes::{self, DayNote};
use crate::storage::places;

/// Characters of a note at most, as a reader counts them: it stands on one line beside its day.
pub const DAY_NOTE_CHARS_MAX: usize = 60;
/// Notes of one place beside one day at most; more nobody reads there.
pub const DAY_NOTES_MAX: u64 = 8;
/// No day before 1970 has numbers, and none after 2999.
const DAYS: std::ops::RangeInclusive<i64> = 0..=376_199;

/// Why no note is written or taken back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DayNoteRefusal {
    /// Nothing to be read.
    #[error("the note was not written: it has no words; write what somebody should know of that day")]
    Empty,
    /// Longer than a line.
    #[error(
        "the note was not written: it is {0} characters long, and {DAY_NOTE_CHARS_MAX} fit beside a day; shorten it"
    )]
    Long(usize),
    /// No day that has numbers.
    #[error("the note was not written: numbers have days from 1970 to 2999; choose one of them")]
    NoDay,
    /// As many as can be read.
    #[error("the note was not written: {DAY_NOTES_MAX} stand beside that day already; take one back first")]
    Many,
    /// No such place.
    #[error("the note was not written: there is no region or store `{0}`; choose one that there is")]
    NoSuchPlace(String),
    /// None of this number, or it was taken back.
    #[error("there is no note {0}, or it was taken back already")]
    NoSuchNote(i64),
}

impl Admin {
    /// Writes a note beside a day (days since 1970-01-01) of a region or store, or of the whole organisation, and gives its number. White
    /// space and what no line shows are put in order first.
    ///
    /// # Errors
    /// [`DayNoteRefusal`], or the database.
    pub fn day_note_add(&mut self, place: Option<&str>, day: i64, words: &str) -> Result<i64, AdminError> {
        let words = readable(words)?;
        if !DAYS.contains(&day) {
            return Err(DayNoteRefusal::NoDay.into());
        }
        let (added_ms, written_by) = (self.clock.wall_ms(), self.actor.name());
        let transaction = self.transaction()?;
        if let Some(place) = place
            && places::tree(&transaction)?.find(place).is_none()
        {
            return Err(DayNoteRefusal::NoSuchPlace(place.to_owned()).into());
        }
        if day_notes::count(&transaction, place, day)? >= DAY_NOTES_MAX {
            return Err(DayNoteRefusal::Many.into());
        }
        let place = place.map(str::to_owned);
        let note = DayNote { id: 0, added_ms, place, day, words, written_by };
        let id = day_notes::add(&transaction, &note)?;
        // The words are not for the log, which names nothing of what was going on in a shop.
        self.note(&transaction, "day_note.added", &id.to_string(), at(&note))?;
        transaction.commit()?;
        Ok(id)
    }

    /// The notes of these days, both included, the oldest day first, and of each day what was written last first.
    ///
    /// # Errors
    /// The database.
    pub fn day_notes(&self, days: (i64, i64)) -> Result<Vec<DayNote>, AdminError> {
        Ok(day_notes::list(&self.connection, days)?)
    }

    /// The note of this number.
    ///
    /// # Errors
    /// [`DayNoteRefusal::NoSuchNote`], or the database.
    pub fn day_note(&self, id: i64) -> Result<DayNote, AdminError> {
        Ok(day_notes::find(&self.connection, id)?.ok_or(DayNoteRefusal::NoSuchNote(id))?)
    }

    /// Takes a note back.
    ///
    /// # Errors
    /// [`DayNoteRefusal::NoSuchNote`], or the database.
    pub fn day_note_withdraw(&mut self, id: i64) -> Result<(), AdminError> {
        let now_ms = self.clock.wall_ms();
        let transaction = self.transaction()?;
        let note = day_notes::find(&transaction, id)?.ok_or(DayNoteRefusal::NoSuchNote(id))?;
        day_notes::withdraw(&transaction, id, now_ms)?;
        self.note(&transaction, "day_note.withdrawn", &id.to_string(), at(&note))?;
        transaction.commit()?;
        Ok(())
    }
}

/// Where a note stands, as the audit log says it.
fn at(note: &DayNote) -> &str {
    note.place.as_deref().unwrap_or("the organisation")
}

fn readable(typed: &str) -> Result<String, DayNoteRefusal> {
    let line = on_one_line(typed);
    match graphemes(&line) {
        _ if is_blank(&line) => Err(DayNoteRefusal::Empty),
        length if length > DAY_NOTE_CHARS_MAX => Err(DayNoteRefusal::Long(length)),
        _ => Ok(line),
    }
}
