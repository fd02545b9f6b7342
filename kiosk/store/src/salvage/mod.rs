//! Salvage: what is whole in a damaged database is carried into the present one, and what is not is named.
//!
//! The damaged file was set aside and is only read, page by page, as SQLite's own recovery does it
//! (<https://sqlite.org/recovery.html>): rows are told by their shape, so that no damaged tree, schema or header stands
//! before them, and records by their chain, so that nothing comes over that was not frozen. The work is one pass over
//! the file and one over its records.
//!
//! Everything from one file comes over in one transaction, which also takes the file off the list of those that wait. A
//! salvage for which there is no room, or that the power interrupts, is begun again at the next start; the kiosk
//! collects meanwhile. What a salvage adds it adds once: an origin that the chain holds already is left out. What the
//! damaged database kept for people to look at stays in its file.

mod find;
mod log;
mod origin;
mod pages;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::path::Path;

use afterword_model::carried::Origin;
use afterword_model::record::{Head, Seq, genesis};
use afterword_protocol::queue::{BeginReason, FormerEpoch};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::carry::{Carrier, origin as carried_origin};
use crate::error::StoreError;
use crate::former::{self, CarriedOver};
use crate::hidden;
use crate::ledger;
use crate::noted::Noted;
use crate::place::is_aside;
use crate::state::{State, column, seq};
use crate::whole::{Found, Judge};

use find::Remains;
use origin::Former;
use pages::Pages;

pub(crate) use pages::PAGE_BYTES;

/// What all salvages of a start brought.
#[derive(Debug, Default)]
pub(crate) struct Salvaged {
    pub(crate) carried: Vec<CarriedOver>,
    /// The response that was open when the damaged database was last written, now frozen.
    pub(crate) interrupted: Option<Seq>,
}

/// A file that waits.
struct Waiting {
    number: i64,
    name: String,
    noted: Option<Noted>,
}

/// Carries over what is whole in each file that waits for it. What was carried before an error stays carried.
pub(crate) fn carry_waiting(
    connection: &mut Connection,
    path: &Path,
    state: &mut State,
    now_ms: i64,
    salvaged: &mut Salvaged,
) -> Result<(), StoreError> {
    let of = |error: rusqlite::Error| StoreError::of(path, &error);
    let mut seen = HashSet::new();
    while let Some(waiting) = next_waiting(connection).map_err(of)? {
        // A file that a damaged one names may be any; none is read twice. One that is gone is only named.
        let is_new = seen.insert(waiting.name.clone()) && is_aside(&waiting.name);
        let file = path.with_file_name(&waiting.name);
        let is_there = pages::exist(&file);
        let is_news = match waiting.noted {
            Some(noted) if !is_there => !former::is_former(connection, &noted.epoch).map_err(of)?,
            _ => is_there,
        };
        if !is_new || !is_news {
            connection.execute("DELETE FROM unsalvaged WHERE number = ?1", [waiting.number]).map_err(of)?;
            continue;
        }
        let carried = carry_from(&file, connection, state, &waiting, now_ms).map_err(of)?;
        salvaged.carried.extend(carried);
        // Its open response was put in the place of an open draft.
        let newest = waiting.noted.map(|noted| noted.newest).unwrap_or_default();
        let frozen = ledger::freeze_interrupted(connection, path, state, newest, now_ms)?;
        salvaged.interrupted = frozen.or(salvaged.interrupted);
    }
    Ok(())
}

/// Names of the files that wait.
pub(crate) fn waiting(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut read = connection.prepare("SELECT name FROM unsalvaged ORDER BY number")?;
    read.query_map([], |row| row.get(0))?.collect()
}

/// What was noted beside each of them.
pub(crate) fn waiting_notes(connection: &Connection) -> rusqlite::Result<Vec<Noted>> {
    let mut read = connection.prepare("SELECT noted FROM unsalvaged WHERE noted IS NOT NULL")?;
    let notes = read.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    Ok(notes.iter().filter_map(|noted| Noted::parse(noted)).collect())
}

/// Puts a file on the list of those that wait.
pub(crate) fn wait_for(
    connection: &Connection,
    name: &str,
    noted: Option<&str>,
    aside_ms: i64,
) -> rusqlite::Result<()> {
    let insert = "INSERT INTO unsalvaged (name, noted, aside_ms) VALUES (?1, ?2, ?3)";
    connection.execute(insert, params![name, noted, aside_ms]).map(|_| ())
}

fn next_waiting(connection: &Connection) -> rusqlite::Result<Option<Waiting>> {
    let first = "SELECT number, name, noted FROM unsalvaged ORDER BY number LIMIT 1";
    connection
        .query_row(first, [], |row| {
            let noted: Option<String> = row.get("noted")?;
            let noted = noted.as_deref().and_then(Noted::parse);
            Ok(Waiting { number: row.get("number")?, name: row.get("name")?, noted })
        })
        .optional()
}

fn carry_from(
    file: &Path,
    connection: &mut Connection,
    state: &mut State,
    waiting: &Waiting,
    now_ms: i64,
) -> rusqlite::Result<Option<CarriedOver>> {
    let mut pages = Pages::open(file);
    let remains = find::remains(&mut pages);
    let former = Former::of(&remains, waiting.noted, &mut pages);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (name, noted) in &remains.unsalvaged {
        wait_for(&transaction, name, noted.as_deref(), now_ms)?;
    }
    for (origin, hidden_ms) in &remains.hidden {
        hidden::insert(&transaction, *origin, *hidden_ms)?;
    }
    for before in remains.former.values() {
        former::insert_new(&transaction, before, now_ms)?;
    }
    let mut end = (state.last_seq, state.head);
    let mut carried = None;
    let mut newest_started = None;
    if let Some(former) = former {
        let mut carrier = Carrier::new(&transaction, (former.epoch, former.first_seq), end, now_ms)
            .counting(origins(&transaction, state)?);
        let last_found = carry_records(&mut pages, &remains, &former, &mut carrier)?;
        end = (carrier.seq, carrier.head);
        newest_started = carrier.newest_started;
        let records = carrier.records;
        let (known_seq, head) = former.last.filter(|last| last.0 >= last_found.0).unwrap_or(last_found);
        let last_seq = known_seq.max(carrier.expected - 1);
        let lost = carrier.lost(last_seq).into_ranges();
        let over = FormerEpoch { epoch: former.epoch, last_seq, head, reason: BeginReason::Salvaged, lost };
        former::insert_new(&transaction, &over, now_ms)?;
        carried =
            Some(CarriedOver { former: over, records, file: pages::exist(file).then(|| file.to_owned()) });
    }
    transaction
        .execute("UPDATE store SET last_seq = ?1, head = ?2", params![column(end.0), end.1.as_bytes()])?;
    // One that was frozen already lay on a page older than its record's.
    if let Some(draft) = remains.draft.filter(|draft| newest_started != Some(draft.started)) {
        let body = serde_json::to_string(&draft).expect("a draft holds only strings, numbers and lists");
        transaction.execute("INSERT INTO draft (id, body) VALUES (1, ?1)", [body])?;
    }
    transaction.execute("DELETE FROM unsalvaged WHERE number = ?1", [waiting.number])?;
    transaction.commit()?;
    (state.last_seq, state.head) = end;
    Ok(carried)
}

/// Carries the records found; gives the last of them that is whole, and the head after it.
fn carry_records(
    pages: &mut Pages,
    remains: &Remains,
    former: &Former,
    carrier: &mut Carrier<'_>,
) -> rusqlite::Result<(Seq, Head)> {
    let mut judge = Judge::knowing(former.known.clone());
    let last_known = former.last.map_or(Seq::MAX, |(last_seq, _)| last_seq);
    let purged = remains.records.partition_point(|&(seq, _)| seq < former.first_seq);
    let mut places = &remains.records[purged..];
    while let Some(&(seq, _)) = places.first() {
        let same = places.partition_point(|&(other, _)| other == seq);
        let (candidates, rest) = places.split_at(same);
        places = rest;
        let mut candidates: Vec<Found> =
            candidates.iter().filter_map(|&place| find::record(pages, place)).collect();
        // Of several with one number, all but one are left from what the page was before.
        let fits = candidates.iter().position(|found| judge.vouches_for(found));
        if seq > last_known && fits.is_none() {
            // Beyond the last number that was ever confirmed, only an unbroken chain counts.
            break;
        }
        if candidates.is_empty() {
            continue;
        }
        for verdict in judge.take(candidates.swap_remove(fits.unwrap_or(0))).into_iter().flatten() {
            carrier.take(verdict)?;
        }
    }
    if let Some(verdict) = judge.finish() {
        carrier.take(verdict)?;
    }
    Ok(judge.newest_whole().unwrap_or((former.first_seq - 1, genesis(&former.epoch))))
}

/// The origin of each record that the chain holds.
fn origins(transaction: &Transaction<'_>, state: &State) -> rusqlite::Result<HashSet<Origin>> {
    let mut read = transaction.prepare("SELECT seq, bytes FROM record")?;
    let origins = read.query_map([], |row| {
        let here = Origin { epoch: state.epoch, seq: seq(row, "seq")? };
        Ok(carried_origin(row.get_ref("bytes")?.as_blob()?).unwrap_or(here))
    })?;
    origins.collect()
}
