//! Everything about a store that can be recomputed, recomputed: SQLite's own structure, each record's bytes
//! and place, the chain, the counts, the receipts.
//!
//! Reads on a connection of its own, in one snapshot; the kiosk goes on meanwhile. Damage is what this looks
//! for, so it is part of the answer and not an error.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use afterword_model::carried::Origin;
use afterword_model::content::Content;
use afterword_model::record::{Head, Seq, StoreEpoch, next_head};
use afterword_model::response::Response;
use afterword_model::tally::{Cell, Tally};
use rusqlite::{Connection, Transaction};

use crate::carry::origin;
use crate::cases;
use crate::connection::open_reader;
use crate::error::StoreError;
use crate::ledger::FROZEN_BEFORE;
use crate::state::{State, hex, seq};
use crate::tally::{self, BootTimes};

/// Problems listed; where there are more, a person needs to know that and not each one.
const PROBLEMS_MAX: usize = 100;

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Records in the file.
    pub records: u64,
    /// Number of the first one still in the file; one more than `last_seq` when all are purged or none came yet.
    pub first_seq: Seq,
    /// Number of the newest record ever frozen.
    pub last_seq: Seq,
    /// The chain's head after it, as computed from the bytes.
    pub head: Head,
    /// What is wrong, a sentence each, at most a hundred. Empty when all is well.
    pub problems: Vec<String>,
}

#[derive(Default)]
struct Counted {
    /// Places that carried records came from; none may come twice.
    origins: HashSet<Origin>,
    times: BootTimes,
    cells: BTreeMap<Cell, Tally>,
}

pub(crate) fn verify(path: &Path) -> Result<Verified, StoreError> {
    let connection = open_reader(path)?;
    let of = |error: rusqlite::Error| StoreError::of(path, &error);
    let transaction = connection.unchecked_transaction().map_err(of)?;
    let mut problems = integrity(&transaction).map_err(of)?;
    let state = State::read(&transaction, path)?;
    let mut verified = Verified {
        records: 0,
        first_seq: state.purged_seq + 1,
        last_seq: state.last_seq,
        head: state.purged_head,
        problems: Vec::new(),
    };
    let counted = recount(&transaction, state.epoch, &mut verified, &mut problems).map_err(of)?;
    if (verified.first_seq + verified.records, verified.head) != (state.last_seq + 1, state.head) {
        problems.push("the records do not lead to the head the store names".into());
    }
    counts(&transaction, &state, &counted, &mut problems).map_err(of)?;
    receipts(&transaction, &mut problems).map_err(of)?;
    problems.truncate(PROBLEMS_MAX);
    Ok(Verified { problems, ..verified })
}

fn integrity(transaction: &Transaction<'_>) -> rusqlite::Result<Vec<String>> {
    let mut check = transaction.prepare("PRAGMA integrity_check")?;
    let found = check.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    Ok(found.into_iter().filter(|line| line != "ok").map(|line| format!("SQLite finds: {line}")).collect())
}

fn recount(
    transaction: &Transaction<'_>,
    epoch: StoreEpoch,
    verified: &mut Verified,
    problems: &mut Vec<String>,
) -> rusqlite::Result<Counted> {
    let mut counted = Counted::new(transaction)?;
    let mut read = transaction.prepare("SELECT seq, bytes, head FROM record ORDER BY seq")?;
    let mut rows = read.query([])?;
    while let Some(row) = rows.next()? {
        let expected = verified.first_seq + verified.records;
        let found = seq(row, "seq")?;
        let bytes: Vec<u8> = row.get("bytes")?;
        verified.records += 1;
        let stored: Head = hex(row, "head")?;
        if found != expected {
            problems.push(format!("record {found} stands where {expected} should"));
        }
        if next_head(&verified.head, &bytes) != stored {
            problems.push(format!("record {found} does not hash to its head"));
        }
        // One damaged record is one problem: the next is held against the head that was stored.
        verified.head = stored;
        if origin(&bytes).is_some_and(|origin| !counted.origins.insert(origin)) {
            problems.push(format!("record {found} was carried from the same place as one before it"));
        }
        match Content::from_bytes(found, &bytes) {
            Ok(Content::Response(response)) => counted.add(&response),
            Ok(Content::Case(record)) => {
                let id = origin(&bytes).unwrap_or(Origin { epoch, seq: found });
                if !cases::is_kept(transaction, id, &record.case)? {
                    problems
                        .push(format!("record {found} is a step of a follow-up that its case does not have"));
                }
            }
            Err(error) => problems.push(format!("record {found}: {error}")),
        }
        if problems.len() > PROBLEMS_MAX {
            break;
        }
    }
    Ok(counted)
}

impl Counted {
    fn new(transaction: &Transaction<'_>) -> rusqlite::Result<Self> {
        Ok(Self { times: BootTimes::read(transaction)?, ..Self::default() })
    }

    fn add(&mut self, response: &Response) {
        let (cell, hour) = self.times.place(response);
        self.cells.entry(cell).or_default().add(response, hour);
    }
}

/// Whether the counts say what the records say. Reads every record.
pub(crate) fn counts_agree(connection: &Connection, state: &State) -> rusqlite::Result<bool> {
    let transaction = connection.unchecked_transaction()?;
    let mut counted = Counted::new(&transaction)?;
    let mut read = transaction.prepare("SELECT seq, bytes FROM record ORDER BY seq")?;
    let mut rows = read.query([])?;
    while let Some(row) = rows.next()? {
        // A record that cannot be read is not this one's matter.
        if let Ok(response) = Response::from_bytes(seq(row, "seq")?, row.get_ref("bytes")?.as_blob()?) {
            counted.add(&response);
        }
    }
    let mut problems = Vec::new();
    counts(&transaction, state, &counted, &mut problems)?;
    Ok(problems.is_empty())
}

fn counts(
    transaction: &Transaction<'_>,
    state: &State,
    counted: &Counted,
    problems: &mut Vec<String>,
) -> rusqlite::Result<()> {
    // Records that were purged or that a former epoch lost are still counted; then only a count that is too small is
    // wrong, and the sum.
    let gone = state.purged_seq > 0 || state.counted_before > 0;
    let stored: BTreeMap<Cell, Tally> = match tally::cells(transaction, (i64::MIN, i64::MAX)) {
        Ok(cells) => cells.into_iter().collect(),
        Err(error @ rusqlite::Error::FromSqlConversionFailure(..)) => {
            problems.push(format!("a cell's counts cannot be read: {error}"));
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let nothing = Tally::default();
    for cell in stored.keys().chain(counted.cells.keys().filter(|cell| !stored.contains_key(cell))) {
        let of = |cells: &BTreeMap<Cell, Tally>| -> BTreeMap<String, u64> {
            cells.get(cell).unwrap_or(&nothing).counts().into_iter().collect()
        };
        problems.extend(differences(cell, &of(&stored), &of(&counted.cells), gone));
    }
    let sums: u64 = stored.values().map(|tally| tally.outcomes.total()).sum();
    // Every record is a response or a step, also those that are gone.
    let records = state.last_seq.saturating_add(state.counted_before);
    if sums != tally::total(transaction)? || sums.saturating_add(cases::chained(transaction)?) != records {
        problems.push(
            "the counted responses and the steps of follow-ups do not add up to the number of records".into(),
        );
    }
    Ok(())
}

fn differences(
    cell: &Cell,
    stored: &BTreeMap<String, u64>,
    counted: &BTreeMap<String, u64>,
    gone: bool,
) -> Vec<String> {
    let names = stored.keys().chain(counted.keys().filter(|name| !stored.contains_key(*name)));
    let both = names.map(|name| {
        let of = |counts: &BTreeMap<String, u64>| counts.get(name).copied().unwrap_or(0);
        (name, of(stored), of(counted))
    });
    both.filter(|&(_, stored, counted)| if gone { stored < counted } else { stored != counted })
        .map(|(name, stored, counted)| {
            let Cell { day, survey, touchpoint, language, flagged } = cell;
            format!("{name}: {stored} counted, {counted} in the records (day {day}, {survey:?}, touchpoint {touchpoint:?}, {language:?}, flagged {flagged})")
        })
        .collect()
}

fn receipts(transaction: &Connection, problems: &mut Vec<String>) -> rusqlite::Result<()> {
    let wrong: i64 = transaction.query_row(
        "SELECT count(*) FROM receipt JOIN record ON seq = through_seq WHERE record.head <> receipt.head",
        [],
        |row| row.get(0),
    )?;
    if wrong > 0 {
        problems.push(format!("{wrong} receipts vouch for another chain"));
    }
    let unfrozen: i64 = transaction.query_row(
        "SELECT count(*) FROM unfrozen_draft WHERE reason IS NOT ?1",
        [FROZEN_BEFORE],
        |row| row.get(0),
    )?;
    if unfrozen > 0 {
        problems.push(format!(
            "{unfrozen} interrupted responses could not be frozen and are kept in unfrozen_draft"
        ));
    }
    Ok(())
}
