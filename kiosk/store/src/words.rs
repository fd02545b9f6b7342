//! What shoppers wrote: the newest first, of some days, as far as it is to be seen.

use std::path::Path;

use afterword_model::carried::Origin;
use afterword_model::response::{AnswerValue, Response};
use afterword_model::scale::ScaleKind;
use rusqlite::{Connection, OptionalExtension, params};

use crate::carry;
use crate::error::StoreError;
use crate::hidden;
use crate::state::{hex, seq};
use crate::tally::BootTimes;

/// So many of the newest records are looked through: more than a month of a shop with 600 visitors a day, and some
/// tenths of a second of the slowest device.
pub const WORDS_LOOKED_THROUGH: u32 = 20_000;

/// Which words are wanted. All but the last leave out what is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Which {
    /// All.
    #[default]
    All,
    /// Of those whose first rating was one of the two worst of five, or as bad on another scale.
    Unhappy,
    /// Of those who left a way to reach them.
    WantsReply,
    /// Hidden ones alone.
    Hidden,
}

/// Words that are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordsAsk {
    /// First and last local day, as days since 1970-01-01.
    pub days: (i64, i64),
    /// Which.
    pub which: Which,
    /// Leaves out those of responses that carry a flag.
    pub without_flagged: bool,
    /// So many of the newest are passed over.
    pub skip: usize,
    /// So many are wanted.
    pub count: usize,
}

/// A response with words.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// All of it.
    pub response: Response,
    /// The place that it first had, by which [`crate::Store::hide_words`] knows it.
    pub origin: Origin,
    /// Whether its words are hidden.
    pub is_hidden: bool,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WordsFound {
    /// The newest first.
    pub said: Vec<Said>,
    /// How many there are, the ones not wanted now among them.
    pub total: usize,
    /// Whether older records were not looked through.
    pub is_partial: bool,
}

/// Words, the newest first.
pub(crate) fn find(connection: &Connection, path: &Path, ask: &WordsAsk) -> Result<WordsFound, StoreError> {
    let transaction = connection.unchecked_transaction().map_err(|error| StoreError::of(path, &error))?;
    found(&transaction, ask).map_err(|error| StoreError::of(path, &error))
}

fn found(connection: &Connection, ask: &WordsAsk) -> rusqlite::Result<WordsFound> {
    let hidden = hidden::all(connection)?;
    let times = BootTimes::read(connection)?;
    let (epoch, first) = connection.query_row(
        "SELECT epoch, last_seq - ?1 AS first, purged_seq FROM store",
        [WORDS_LOOKED_THROUGH],
        |row| Ok((hex(row, "epoch")?, row.get::<_, i64>("first")?.max(row.get("purged_seq")?))),
    )?;
    let older = "SELECT EXISTS (SELECT 1 FROM record WHERE seq <= ?1)";
    let mut found = WordsFound {
        is_partial: connection.query_row(older, [first], |row| row.get(0))?,
        ..Default::default()
    };
    // A record without such a name in it has no words, and need not be read to know that.
    let mut read = connection.prepare_cached(
        "SELECT seq, bytes FROM record WHERE seq > ?1 AND instr(bytes, ?2) > 0 ORDER BY seq DESC",
    )?;
    let mut rows = read.query(params![first, &b"\"comment\""[..]])?;
    while let Some(row) = rows.next()? {
        let (seq, bytes) = (seq(row, "seq")?, row.get_ref("bytes")?.as_blob()?);
        let Ok(response) = Response::from_bytes(seq, bytes) else { continue };
        let origin = carry::origin(bytes).unwrap_or(Origin { epoch, seq });
        let is_hidden = hidden.contains(&origin);
        let day = times.known(&response.draft.started).local_day();
        let is_of_days = (ask.days.0..=ask.days.1).contains(&day);
        let is_left_out = ask.without_flagged && !response.draft.flags.is_empty();
        if !is_of_days
            || is_left_out
            || !says_something(&response)
            || !is_wanted(ask.which, &response, is_hidden)
        {
            continue;
        }
        found.total += 1;
        if found.total > ask.skip && found.said.len() < ask.count {
            found.said.push(Said { response, origin, is_hidden });
        }
    }
    Ok(found)
}

fn says_something(response: &Response) -> bool {
    let says = |value: &AnswerValue| matches!(value, AnswerValue::Comment(words) if !words.trim().is_empty());
    response.draft.answers.iter().any(|answer| says(&answer.value))
}

fn is_wanted(which: Which, response: &Response, is_hidden: bool) -> bool {
    match which {
        Which::All => !is_hidden,
        Which::Unhappy => !is_hidden && is_unhappy(response),
        Which::WantsReply => {
            let is_contact = |value: &AnswerValue| matches!(value, AnswerValue::Contact(_));
            !is_hidden && response.draft.answers.iter().any(|answer| is_contact(&answer.value))
        }
        Which::Hidden => is_hidden,
    }
}

fn is_unhappy(response: &Response) -> bool {
    response.draft.ratings().next().is_some_and(|(_, scale, value)| match scale {
        // Who would not recommend the store.
        ScaleKind::Nps => value <= 6,
        ScaleKind::Thumbs => value == 0,
        ScaleKind::Faces | ScaleKind::Faces4 | ScaleKind::Stars | ScaleKind::Effort => value <= 2,
    })
}

/// When the collector confirmed last, by its clock, in milliseconds since 1970-01-01T00:00:00Z.
pub(crate) fn confirmed_ms(connection: &Connection, path: &Path) -> Result<Option<i64>, StoreError> {
    connection
        .query_row("SELECT received_ms FROM receipt ORDER BY stored DESC LIMIT 1", [], |row| row.get(0))
        .optional()
        .map_err(|error| StoreError::of(path, &error))
}
