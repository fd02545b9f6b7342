//! What became of an answer, for whoever has its follow-up code.
//!
//! Two shoppers may have drawn the same three words, so that there can be more than one record; which of them is meant, only
//! the shopper can say. A record that was carried into another epoch, or frozen a second time by a copy of the device, is one.

use std::collections::HashSet;

use afterword_model::follow_up::FollowUpCode;
use afterword_model::record::{DeviceId, Seq, StoreEpoch};
use afterword_model::response::Response;
use serde::Serialize;

use super::column_seq;
use super::erase::origin;
use super::sql::{Connection, HexColumn, SqlError, SqlResult, values};

/// A record that a follow-up code belongs to. Times are milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FollowUp {
    /// Whose record it is.
    pub device: DeviceId,
    /// What people call the device.
    pub device_name: String,
    /// The record's store.
    pub epoch: StoreEpoch,
    /// Its number there.
    pub seq: Seq,
    /// When it was first received.
    pub received_ms: i64,
    /// When the answer was begun, by the device's clock.
    pub started_ms: i64,
    /// The survey's id.
    pub survey: String,
    /// The survey's version.
    pub survey_version: u32,
    /// The first question that was answered with a rating.
    pub question: Option<String>,
    /// That rating.
    pub rating: Option<u8>,
    /// The highest rating that its scale has.
    pub rating_max: Option<u8>,
}

/// As the bytes of a record name the code, from where the index begins to read. A longer code begins with the same letters, so
/// the closing bracket is a part of it.
fn in_bytes(code: &FollowUpCode) -> Vec<u8> {
    let words = serde_json::to_string(code).expect("a code is a list of texts");
    format!("\"follow_up_code\":{words}").into_bytes()
}

/// The records with that code, in the order in which they came.
pub(crate) fn with_code(connection: &Connection, code: &FollowUpCode) -> SqlResult<Vec<FollowUp>> {
    let first = in_bytes(code);
    let after = [&first[..], &[u8::MAX]].concat();
    let (mut found, mut seen) = (Vec::new(), HashSet::new());
    connection.each(WITH_CODE, values![&first, &after], |row| {
        let device = row.get::<HexColumn<16, _>>(0)?.0;
        let (epoch, seq) = (row.get::<HexColumn<16, _>>(2)?.0, column_seq(row.get(3)?));
        let (origin, content) = origin(epoch, seq, row.blob(5)?);
        // What a program of later wrote, this one may not know how to read; then it cannot say what became of it either.
        let Ok(Response { draft, .. }) = Response::from_bytes(origin.seq, content) else {
            return Ok::<_, SqlError>(());
        };
        if draft.follow_up_code.as_ref() != Some(code) || !seen.insert((device, content.to_vec())) {
            return Ok(());
        }
        let rating = draft.ratings().next();
        found.push(FollowUp {
            device,
            device_name: row.get(1)?,
            epoch,
            seq,
            received_ms: row.get(4)?,
            started_ms: draft.started.wall_ms,
            question: rating.map(|(question, ..)| question.to_owned()),
            rating: rating.map(|(.., value)| value),
            rating_max: rating.map(|(_, scale, _)| *scale.range().end()),
            survey: draft.survey,
            survey_version: draft.survey_version,
        });
        Ok(())
    })?;
    Ok(found)
}

/// The terms are those of the index `records_by_follow_up_code`, letter for letter, or the database reads every record.
const WITH_CODE: &str = "\
    select device_id, name, epoch, seq, received_ms, bytes from records join devices using (device_id)
    where instr(bytes, cast('\"follow_up_code\":[' as blob)) > 0
      and substr(bytes, instr(bytes, cast('\"follow_up_code\":[' as blob)), 48) >= ?1
      and substr(bytes, instr(bytes, cast('\"follow_up_code\":[' as blob)), 48) < ?2
    order by received_ms, device_id, epoch, seq";

#[cfg(test)]
mod tests {
    use afterword_model::ports::{ManualClock, SeededEntropy};

    use super::*;
    use crate::storage::open::open_or_create;

    #[test]
    fn the_longest_code_is_whole_in_the_index_and_is_found_without_reading_every_record() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("collector.db");
        let connection = open_or_create(&path, &ManualClock::at(0), &SeededEntropy::new(1)).unwrap();
        let connection = connection.own().sqlite().unwrap();
        let plan: Vec<String> = connection
            .prepare(&format!("explain query plan {WITH_CODE}"))
            .unwrap()
            .query_map([[0_u8; 1], [1_u8; 1]], |row| row.get(3))
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap();
        assert!(
            plan.iter().any(|step| step.contains("INDEX records_by_follow_up_code (<expr>>? AND <expr><?)")),
            "{plan:?}"
        );
        let longest = FollowUpCode::parse("jasmine-jasmine-jasmine").unwrap();
        assert_eq!(in_bytes(&longest).len(), 48);
    }
}
