//! Everything about a store that can be recomputed, recomputed: SQLite's own structure, each record's bytes
//! and place, the chain, the roll-ups, the receipts.
//!
//! Reads on a connection of its own, in one snapshot; the kiosk goes on meanwhile. Damage is what this looks
//! for, so it is part of the answer and not an error.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use afterword_model::carried::Origin;
use afterword_model::record::{Head, Seq, next_head};
use afterword_model::response::Response;
use rusqlite::{Connection, Transaction};

use crate::carry::origin;
use crate::connection::open_reader;
use crate::error::StoreError;
use crate::ledger::{ALL, FLAGGED, FROZEN_BEFORE, Hours, outcome_name};
use crate::state::{State, hex, seq};

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

type FaceKey = (i64, u8, String, String, String, u8);
type ResponseKey = (i64, u8, String, String);

#[derive(Default)]
struct Counted {
    /// Places that carried records came from; none may come twice.
    origins: HashSet<Origin>,
    all: Counts,
    flagged: Counts,
}

/// What a pair of roll-ups holds, or should.
#[derive(Default)]
struct Counts {
    faces: BTreeMap<FaceKey, u64>,
    responses: BTreeMap<ResponseKey, u64>,
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
    let counted = recount(&transaction, &mut verified, &mut problems).map_err(of)?;
    if (verified.first_seq + verified.records, verified.head) != (state.last_seq + 1, state.head) {
        problems.push("the records do not lead to the head the store names".into());
    }
    roll_ups(&transaction, &state, &counted, &mut problems).map_err(of)?;
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
    verified: &mut Verified,
    problems: &mut Vec<String>,
) -> rusqlite::Result<Counted> {
    let mut counted = Counted::default();
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
        match Response::from_bytes(found, &bytes) {
            Ok(response) => counted.add(&response),
            Err(error) => problems.push(format!("record {found}: {error}")),
        }
        if problems.len() > PROBLEMS_MAX {
            break;
        }
    }
    Ok(counted)
}

impl Counted {
    fn add(&mut self, response: &Response) {
        self.all.add(response);
        if !response.draft.flags.is_empty() {
            self.flagged.add(response);
        }
    }
}

impl Counts {
    /// What stands in these hours.
    fn read(transaction: &Transaction<'_>, Hours { responses, faces }: Hours) -> rusqlite::Result<Self> {
        let faces = read_counts(transaction, &format!("SELECT * FROM {faces}"), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
        })?;
        let responses = read_counts(transaction, &format!("SELECT * FROM {responses}"), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
        Ok(Self { responses, faces })
    }

    fn add(&mut self, response: &Response) {
        let draft = &response.draft;
        let (day, hour) = (draft.started.local_day(), draft.started.local_hour());
        let outcome = outcome_name(response.outcome).to_owned();
        *self.responses.entry((day, hour, draft.survey.clone(), outcome)).or_default() += 1;
        for (question, face) in draft.faces().filter(|(_, face)| (1..=5).contains(face)) {
            let key = (day, hour, draft.survey.clone(), question.to_owned(), draft.language.clone(), face);
            *self.faces.entry(key).or_default() += 1;
        }
    }
}

/// Whether the hours count what the records say. Reads every record.
pub(crate) fn hours_agree(connection: &Connection, state: &State) -> rusqlite::Result<bool> {
    let transaction = connection.unchecked_transaction()?;
    let mut counted = Counted::default();
    let mut read = transaction.prepare("SELECT seq, bytes FROM record ORDER BY seq")?;
    let mut rows = read.query([])?;
    while let Some(row) = rows.next()? {
        // A record that cannot be read is not this one's matter.
        if let Ok(response) = Response::from_bytes(seq(row, "seq")?, row.get_ref("bytes")?.as_blob()?) {
            counted.add(&response);
        }
    }
    let mut problems = Vec::new();
    roll_ups(&transaction, state, &counted, &mut problems)?;
    Ok(problems.is_empty())
}

fn roll_ups(
    transaction: &Transaction<'_>,
    state: &State,
    counted: &Counted,
    problems: &mut Vec<String>,
) -> rusqlite::Result<()> {
    // Records that were purged or that a former epoch lost are still in the roll-ups; then only a count that is too
    // small is wrong, and the sum.
    let gone = state.purged_seq > 0 || state.counted_before > 0;
    let all = Counts::read(transaction, ALL)?;
    let flagged = Counts::read(transaction, FLAGGED)?;
    problems.extend(differences("faces", &all.faces, &counted.all.faces, gone));
    problems.extend(differences("responses", &all.responses, &counted.all.responses, gone));
    problems.extend(differences("flagged faces", &flagged.faces, &counted.flagged.faces, gone));
    problems.extend(differences("flagged responses", &flagged.responses, &counted.flagged.responses, gone));
    if all.responses.values().sum::<u64>() != state.last_seq.saturating_add(state.counted_before) {
        problems.push("the hours' responses do not add up to the number of records".into());
    }
    Ok(())
}

fn read_counts<K: Ord>(
    transaction: &Transaction<'_>,
    sql: &str,
    key: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<K>,
) -> rusqlite::Result<BTreeMap<K, u64>> {
    let mut read = transaction.prepare(sql)?;
    let counts = read.query_map([], |row| Ok((key(row)?, row.get::<_, i64>("count")?.unsigned_abs())))?;
    counts.collect()
}

fn differences<K: Ord + std::fmt::Debug>(
    what: &str,
    stored: &BTreeMap<K, u64>,
    counted: &BTreeMap<K, u64>,
    gone: bool,
) -> Vec<String> {
    let keys = stored.keys().chain(counted.keys().filter(|key| !stored.contains_key(key)));
    let counts =
        keys.map(|key| (key, stored.get(key).copied().unwrap_or(0), counted.get(key).copied().unwrap_or(0)));
    counts
        .filter(|&(_, stored, counted)| if gone { stored < counted } else { stored != counted })
        .map(|(key, stored, counted)| {
            format!("{what} of {key:?}: {stored} in the hours, {counted} in the records")
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
