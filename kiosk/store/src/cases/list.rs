//! The open cases, what hurries most first.

use std::path::Path;

use afterword_model::case::{
    CASES_LISTED_MAX, Case, CaseId, CaseView, CasesAsk, Due, Overview, STEPS_LISTED_MAX, Said, Status, due,
    urgency,
};
use afterword_model::response::{ClockQuality, Stamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::steps::{json, steps};
use crate::error::StoreError;
use crate::state::{column, hex, seq};
use crate::tally::BootTimes;

/// The open cases.
pub(crate) fn overview(connection: &Connection, path: &Path, ask: &CasesAsk) -> Result<Overview, StoreError> {
    let of = |error: rusqlite::Error| StoreError::of(path, &error);
    let read = || -> rusqlite::Result<Overview> {
        let transaction = connection.unchecked_transaction()?;
        let times = BootTimes::read(&transaction)?;
        let mut open: Vec<(CaseId, Status, Option<Due>)> = transaction
            .prepare_cached("SELECT epoch, seq, status FROM case_status WHERE is_open = 1")?
            .query_map([], |row| {
                let status = timed(json(row, 2)?, &times);
                let due = due(&status, &ask.slas, &ask.now);
                Ok((CaseId { epoch: hex(row, "epoch")?, seq: seq(row, "seq")? }, status, due))
            })?
            .collect::<rusqlite::Result<_>>()?;
        open.sort_by_cached_key(|(id, status, due)| (urgency(due.as_ref(), status.stage), *id));
        let overdue = open.iter().filter(|(.., due)| due.is_some_and(|due| due.is_over())).count();
        let verified = transaction
            .prepare_cached("SELECT count(*) FROM case_status WHERE verified_ms >= ?1")?
            .query_row([ask.verified_since_ms], |row| row.get::<_, i64>(0))?;
        let count = open.len();
        open.truncate(ask.limit.min(CASES_LISTED_MAX));
        let cases = open.into_iter().map(|(id, status, due)| {
            let steps = newest(&steps(&transaction, id)?);
            Ok(CaseView { id, said: said(&transaction, id)?, status, due, steps })
        });
        let cases = cases.collect::<rusqlite::Result<_>>()?;
        Ok(Overview { open: count as u64, overdue: overdue as u64, verified: verified.unsigned_abs(), cases })
    };
    read().map_err(of)
}

/// One case with all its steps, open or closed.
pub(crate) fn one(
    connection: &Connection,
    path: &Path,
    id: CaseId,
    ask: &CasesAsk,
) -> Result<Option<CaseView>, StoreError> {
    let read = || -> rusqlite::Result<Option<CaseView>> {
        let transaction = connection.unchecked_transaction()?;
        let case = steps(&transaction, id)?;
        if case.steps().next().is_none() {
            return Ok(None);
        }
        let status = timed(case.status(), &BootTimes::read(&transaction)?);
        let due = due(&status, &ask.slas, &ask.now);
        let steps = case.in_order().into_iter().cloned().collect();
        Ok(Some(CaseView { id, said: said(&transaction, id)?, status, due, steps }))
    };
    read().map_err(|error| StoreError::of(path, &error))
}

fn newest(case: &Case) -> Vec<afterword_model::case::Held> {
    let steps = case.in_order();
    let first = steps.len().saturating_sub(STEPS_LISTED_MAX);
    steps[first..].iter().map(|&held| held.clone()).collect()
}

/// What a shopper said; words that are hidden are left out here too. A case has the place that its response first had.
fn said(connection: &Connection, id: CaseId) -> rusqlite::Result<Option<Said>> {
    connection
        .prepare_cached(
            "SELECT said, EXISTS (SELECT 1 FROM hidden_words AS hidden WHERE hidden.epoch = ?1 AND hidden.seq = ?2)
             FROM case_status WHERE epoch = ?1 AND seq = ?2 AND said IS NOT NULL",
        )?
        .query_row(params![id.epoch.as_bytes(), column(id.seq)], |row| {
            let said: Said = json(row, 0)?;
            let is_hidden: bool = row.get(1)?;
            Ok(Said { words: said.words.clone().filter(|_| !is_hidden), ..said })
        })
        .optional()
}

/// With the moments that were without a clock as they are known by now.
fn timed(mut status: Status, times: &BootTimes) -> Status {
    for stamp in [&mut status.clock_from, &mut status.acted_at].into_iter().flatten() {
        let known = times.known(stamp);
        if known != *stamp {
            *stamp = Stamp { clock: ClockQuality::Free, ..known };
        }
    }
    status
}
