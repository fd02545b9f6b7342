//! Words in the steps of follow-ups that are closed, of the shop and of head office.

use super::RetentionField;
use super::due::put;
use super::reduce::{self, has_words, reduce};
use crate::storage::cases::{self, Known};
use crate::storage::sql::{Connection, SqlResult};
use crate::storage::{StorageError, case_steps};

/// Follow-ups that were closed before this moment (ms since 1970-01-01T00:00:00Z, by the clocks of collectors) and hold words still.
pub(crate) fn closed(connection: &Connection, before_ms: i64) -> SqlResult<Vec<Known>> {
    let mut found = cases::all(connection)?;
    found.retain(|known| is_due(known, before_ms));
    Ok(found)
}

/// Whether nothing is left to do about it, nothing was done since this moment, and there are words to take. A step of the shop was done when it
/// came here: no kiosk's clock is asked.
fn is_due(known: &Known, before_ms: i64) -> bool {
    let in_office = |id| !known.received_ms.contains_key(&id);
    known.case.status().is_closed()
        && known.received_ms.values().all(|received_ms| *received_ms < before_ms)
        && known.case.steps().all(|held| !in_office(held.id) || held.event.at.wall_ms < before_ms)
        && known.case.steps().any(|held| has_words(&held.event))
}

/// Takes the words of one that was due when it was looked for, if it is still: somebody may have opened it again. The caller holds the device's
/// lock. Gives the number of rows.
pub(crate) fn take_words(
    connection: &Connection,
    found: &Known,
    before_ms: i64,
) -> Result<u64, StorageError> {
    let Some(known) = cases::one(connection, &found.device, found.id)?.filter(|now| is_due(now, before_ms))
    else {
        return Ok(0);
    };
    let (mut rows, fields) = (0, [RetentionField::CaseWords].into());
    for (epoch, seq, bytes) in cases::rows(connection, &known.device, known.id)? {
        if let Some(left) = reduce(seq, &bytes, &fields) {
            rows += put(connection, &known.device, (&epoch, seq), &left)?;
        }
    }
    for (number, event) in case_steps::rows(connection, &known.device, known.id)? {
        if let Some(left) = reduce::take_words(&event) {
            rows += case_steps::put(connection, &known.device, number, left.get())?;
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use afterword_model::case::{
        Action, Author, CASE_EVENT_VERSION, CaseEvent, CaseId, CaseRecord, Category, Held, Reason, RootCause,
        Step, Tier,
    };
    use afterword_model::ports::{ManualClock, SeededEntropy};
    use afterword_model::record::{DeviceId, ServerEpoch, StoreEpoch};
    use afterword_model::response::{ClockQuality, Stamp};

    use super::*;
    use crate::storage::open::open_or_create;
    use crate::storage::sql::values;

    #[test]
    fn one_that_is_opened_again_between_the_look_and_the_taking_keeps_its_words() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("collector.db");
        let connection = open_or_create(&path, &ManualClock::at(0), &SeededEntropy::new(1)).unwrap();
        // No device is needed for what is looked at here.
        connection.own().sqlite().unwrap().execute_batch("pragma foreign_keys = off").unwrap();
        let (device, epoch) = (DeviceId::new([1; 16]), StoreEpoch::new([2; 16]));
        let at = Stamp { wall_ms: 0, offset_min: 0, boot: 0, mono_ms: 0, clock: ClockQuality::Synced };
        let event = |step| CaseEvent {
            of: CaseId { epoch, seq: 1 },
            at,
            by: Author::RULE,
            step,
            masked: Default::default(),
        };
        let (reasons, category, tier) = (vec![Reason::ContactWanted], Category::Staff, Tier::Normal);
        let opened = event(Step::Opened { reasons, category, tier, words: None });
        let bytes = CaseRecord { v: CASE_EVENT_VERSION, seq: 1, case: opened }.to_bytes();
        connection
            .execute(
                "insert into records (device_id, epoch, seq, received_ms, head, bytes) values (?1, ?2, 1, 0, ?3, ?4)",
                values![device.as_bytes(), epoch.as_bytes(), &[0_u8; 32][..], &bytes],
            )
            .unwrap();
        let office = ServerEpoch::new([3; 16]);
        let take = |step| -> Held { case_steps::add(&connection, &device, &office, event(step)).unwrap() };
        let (root_cause, action) = (RootCause::Process, Action::Replied);
        let act = take(Step::Acted { root_cause, action, words: Some("Mrs Applewhite".into()) }).id;
        let verified = take(Step::Verified { of: vec![act], words: None }).id;
        let found = closed(&connection, 1).unwrap().remove(0);
        let cancels = vec![act, verified];
        let again = take(Step::Reopened { cancels, words: None }).id;
        assert_eq!(take_words(&connection, &found, 1).unwrap(), 0);
        // Closed once more it is due as ever.
        let act = take(Step::Acted { root_cause, action, words: None }).id;
        take(Step::Verified { of: vec![act, again], words: None });
        assert_eq!(take_words(&connection, &found, 1).unwrap(), 1);
    }
}
