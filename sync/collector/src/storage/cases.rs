//! Cases: the steps that shops sent as records, and those of head office, put together.
//!
//! Where a case stands is computed when somebody asks, from the records themselves: so a record that was carried into another epoch
//! is one step, what was erased is none, and nothing has to be kept in step. A list reads every step that was ever sent; one case
//! is found through the index.

use std::collections::BTreeMap;

use afterword_model::case::{Case, CaseId, EventId, Held, Said};
use afterword_model::content::Content;
use afterword_model::record::{DeviceId, StoreEpoch};

use super::erase::origin;
use super::sql::{Connection, HexColumn, Row, SqlError, SqlResult, Value, values};
use super::{case_steps, column_seq, seq_column};

/// A case as it is known here.
pub(crate) struct Known {
    pub(crate) device: DeviceId,
    pub(crate) id: CaseId,
    pub(crate) case: Case,
    /// When each step of a shop first came here, in ms since 1970-01-01T00:00:00Z. Those of head office are not among them.
    pub(crate) received_ms: BTreeMap<EventId, i64>,
}

/// The letters by which the index knows a step; `records_by_case` says the same.
const MARK: &str = "\"case\":{\"of\":{\"epoch\":\"";

/// Hexadecimal digits of an epoch.
const EPOCH_DIGITS: usize = 32;

/// The terms are those of the index, letter for letter, or the database reads every record.
const WITH_NAME: &str = "\
    select device_id, epoch, seq, bytes, received_ms from records
    where instr(bytes, cast('\"case\":{\"of\":{\"epoch\":\"' as blob)) > 0
      and substr(bytes, instr(bytes, cast('\"case\":{\"of\":{\"epoch\":\"' as blob)), 84) >= ?1
      and substr(bytes, instr(bytes, cast('\"case\":{\"of\":{\"epoch\":\"' as blob)), 84) < ?2";

/// Every case, whosever it is.
pub(crate) fn all(connection: &Connection) -> SqlResult<Vec<Known>> {
    let mut found = with_name(connection, MARK)?;
    let mut office = case_steps::all(connection)?;
    for known in &mut found {
        for held in office.remove(&(known.device, known.id)).unwrap_or_default() {
            known.case.add(held);
        }
    }
    Ok(found)
}

/// The cases whose epoch begins with these hexadecimal digits, with this number: nearly always one.
pub(crate) fn named(connection: &Connection, digits: &str, seq: u64) -> SqlResult<Vec<Known>> {
    // With all its digits it is found by itself; with some of them, among those of its device.
    let name = match digits.len() {
        EPOCH_DIGITS => format!("{MARK}{digits}\",\"seq\":{seq}}}"),
        _ => format!("{MARK}{digits}"),
    };
    let mut found = with_name(connection, &name)?;
    found.retain(|known| known.id.seq == seq && known.id.epoch.to_string().starts_with(digits));
    for known in &mut found {
        for held in case_steps::of_case(connection, &known.device, known.id)? {
            known.case.add(held);
        }
    }
    Ok(found)
}

/// This case of a device, if there is a step of it.
pub(crate) fn one(connection: &Connection, device: &DeviceId, id: CaseId) -> SqlResult<Option<Known>> {
    let found = named(connection, &id.epoch.to_string(), id.seq)?;
    Ok(found.into_iter().find(|known| known.device == *device))
}

fn with_name(connection: &Connection, beginning: &str) -> SqlResult<Vec<Known>> {
    let first = beginning.as_bytes();
    let after = [first, &[u8::MAX]].concat();
    let mut cases: BTreeMap<(DeviceId, CaseId), Known> = BTreeMap::new();
    connection.each(WITH_NAME, values![first, &after], |row| {
        if let Some((device, held)) = step(row)? {
            let (id, at) = (held.event.of, row.get::<i64>(4)?);
            let new = || Known { device, id, case: Case::default(), received_ms: BTreeMap::new() };
            let known = cases.entry((device, id)).or_insert_with(new);
            // Carried to another epoch it came a second time.
            known.received_ms.entry(held.id).and_modify(|first| *first = at.min(*first)).or_insert(at);
            known.case.add(held);
        }
        Ok::<_, SqlError>(())
    })?;
    Ok(cases.into_values().collect())
}

/// The rows that hold steps of a case, wherever they were carried, with their bytes.
pub(crate) fn rows(
    connection: &Connection,
    device: &DeviceId,
    id: CaseId,
) -> SqlResult<Vec<(StoreEpoch, u64, Vec<u8>)>> {
    let name = format!("{MARK}{}\",\"seq\":{}}}", id.epoch, id.seq);
    let after = [name.as_bytes(), &[u8::MAX]].concat();
    let mut found = Vec::new();
    connection.each(WITH_NAME, values![name.as_bytes(), &after], |row| {
        if row.get::<HexColumn<16, _>>(0)?.0 == *device {
            found.push((row.get::<HexColumn<16, _>>(1)?.0, column_seq(row.get(2)?), row.get(3)?));
        }
        Ok::<_, SqlError>(())
    })?;
    Ok(found)
}

/// The step of a record; none where this program cannot read it as one.
fn step(row: &Row<'_>) -> SqlResult<Option<(DeviceId, Held)>> {
    let device = row.get::<HexColumn<16, _>>(0)?.0;
    let epoch: StoreEpoch = row.get::<HexColumn<16, _>>(1)?.0;
    let (origin, content) = origin(epoch, column_seq(row.get(2)?), row.blob(3)?);
    Ok(match Content::from_bytes(origin.seq, content) {
        Ok(Content::Case(record)) => Some((device, Held { id: origin, event: record.case })),
        _ => None,
    })
}

/// What the shoppers said who opened these cases; none for an alert, and where the response is not here or was erased.
pub(crate) fn said(connection: &Connection, cases: &[Known]) -> SqlResult<Vec<Option<Said>>> {
    let mut bytes = vec![None; cases.len()];
    // Where it was frozen, or else wherever it was carried to.
    for query in [
        "select bytes from records where device_id = ?1 and epoch = ?2 and seq = ?3",
        "select bytes from carried join records using (device_id, epoch, seq)
             where device_id = ?1 and origin_epoch = ?2 and origin_seq = ?3 limit 1",
    ] {
        let missing: Vec<usize> = (0..cases.len()).filter(|place| bytes[*place].is_none()).collect();
        let asked: Vec<Vec<Value<'_>>> = missing
            .iter()
            .map(|place| {
                let Known { device, id, .. } = &cases[*place];
                values![device.as_bytes(), id.epoch.as_bytes(), seq_column(id.seq)].to_vec()
            })
            .collect();
        connection.own().query_each(query, &asked, &mut |place, row| {
            bytes[missing[place]] = Some(row.get::<Vec<u8>>(0)?);
            Ok(())
        })?;
    }
    Ok(cases.iter().zip(bytes).map(|(known, bytes)| said_in(known.id, &bytes?)).collect())
}

fn said_in(case: CaseId, bytes: &[u8]) -> Option<Said> {
    let (origin, content) = origin(case.epoch, case.seq, bytes);
    match Content::from_bytes(origin.seq, content) {
        Ok(Content::Response(response)) => Some(Said::of(&response)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use afterword_model::ports::{ManualClock, SeededEntropy};
    use afterword_model::record::SEQ_MAX;

    use super::*;
    use crate::storage::open::open_or_create;

    #[test]
    fn a_case_is_found_without_reading_every_record_and_the_longest_name_is_whole_in_the_index() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("collector.db");
        let connection = open_or_create(&path, &ManualClock::at(0), &SeededEntropy::new(1)).unwrap();
        let connection = connection.own().sqlite().unwrap();
        let plan: Vec<String> = connection
            .prepare(&format!("explain query plan {WITH_NAME}"))
            .unwrap()
            .query_map([[0_u8; 1], [1_u8; 1]], |row| row.get(3))
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap();
        assert!(
            plan.iter().any(|step| step.contains("INDEX records_by_case (<expr>>? AND <expr><?)")),
            "{plan:?}"
        );
        assert_eq!(format!("{MARK}{}\",\"seq\":{SEQ_MAX}}}", "f".repeat(32)).len(), 83);
        assert!(plan.iter().all(|step| !step.contains("SCAN")), "{plan:?}");
    }
}
