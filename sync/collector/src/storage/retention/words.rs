//! Words in the steps of follow-ups that are closed, of the shop and of head office.

use afterword_model::case::CaseEvent;

use super::RetentionField;
use super::due::put;
use super::reduce::{self, reduce};
use crate::storage::cases::{self, Known};
use crate::storage::sql::{Connection, SqlResult};
use crate::storage::{StorageError, case_steps};

/// Follow-ups that were closed before this moment (ms since 1970-01-01T00:00:00Z, by the clocks of those who took the steps) and hold
/// words still.
pub(crate) fn closed(connection: &Connection, before_ms: i64) -> SqlResult<Vec<Known>> {
    let mut found = cases::all(connection)?;
    found.retain(|known| {
        let steps = known.case.in_order();
        let has_words = |event: &CaseEvent| reduce::take_words(&mut event.clone());
        known.case.status().is_closed()
            && steps.iter().all(|held| held.event.at.wall_ms < before_ms)
            && steps.iter().any(|held| has_words(&held.event))
    });
    Ok(found)
}

/// Takes the words of one. The caller holds the device's lock. Gives the number of rows.
pub(crate) fn take_words(connection: &Connection, known: &Known) -> Result<u64, StorageError> {
    let (mut rows, fields) = (0, [RetentionField::CaseWords].into());
    for (epoch, seq, bytes) in cases::rows(connection, &known.device, known.id)? {
        if let Some(left) = reduce(seq, &bytes, &fields) {
            rows += put(connection, &known.device, (&epoch, seq), &left)?;
        }
    }
    for mut held in case_steps::of_case(connection, &known.device, known.id)? {
        if reduce::take_words(&mut held.event) {
            rows += case_steps::put(connection, &known.device, &held)?;
        }
    }
    Ok(rows)
}
