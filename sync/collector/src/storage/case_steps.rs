//! Steps that head office takes, and what a device has yet to hear of them.
//!
//! A row that another hand wrote and no kiosk would keep is passed over; it costs no heartbeat.

use std::collections::HashMap;

use afterword_model::case::{CaseEvent, CaseId, EventId, Held};
use afterword_model::record::{DeviceId, ServerEpoch};
use afterword_protocol::case_steps::{CaseMark, CaseSteps, bytes, check};
use afterword_protocol::limits::{CASE_STEPS_BYTES_MAX, CASE_STEPS_MAX};

use super::sql::{Connection, HexColumn, Row, Rows, SqlError, SqlResult, values};
use super::{column_seq, seq_column};

/// Puts a step down and gives it with its id.
pub(crate) fn add(
    connection: &Connection,
    device: &DeviceId,
    server_epoch: &ServerEpoch,
    event: CaseEvent,
) -> SqlResult<Held> {
    let CaseId { epoch, seq } = event.of;
    let json = serde_json::to_string(&event).expect("a step holds only texts, numbers and lists");
    let seq = connection.query_one(
        "insert into case_steps (device_id, server_epoch, case_epoch, case_seq, event) values (?1, ?2, ?3,
         ?4, ?5) returning step_id",
        values![device.as_bytes(), server_epoch.as_bytes(), epoch.as_bytes(), seq_column(seq), &json],
        |row| Ok(column_seq(row.get(0)?)),
    )?;
    Ok(Held { id: EventId { epoch: *server_epoch, seq }, event })
}

/// Head office's steps of one case of a device.
pub(crate) fn of_case(connection: &Connection, device: &DeviceId, case: CaseId) -> SqlResult<Vec<Held>> {
    let found = connection.query_all(
        "select step_id, server_epoch, event from case_steps
         where device_id = ?1 and case_epoch = ?2 and case_seq = ?3 order by step_id",
        values![device.as_bytes(), case.epoch.as_bytes(), seq_column(case.seq)],
        held,
    )?;
    Ok(found.into_iter().flatten().collect())
}

/// The same as they are written, by number.
pub(crate) fn rows(
    connection: &Connection,
    device: &DeviceId,
    case: CaseId,
) -> SqlResult<Vec<(u64, String)>> {
    connection.query_all(
        "select step_id, event from case_steps
         where device_id = ?1 and case_epoch = ?2 and case_seq = ?3 order by step_id",
        values![device.as_bytes(), case.epoch.as_bytes(), seq_column(case.seq)],
        |row| Ok((column_seq(row.get(0)?), row.get(1)?)),
    )
}

/// Puts what is left of a step in its place.
pub(crate) fn put(connection: &Connection, device: &DeviceId, number: u64, left: &str) -> SqlResult<u64> {
    connection.execute(
        "update case_steps set event = ?3 where device_id = ?1 and step_id = ?2",
        values![device.as_bytes(), seq_column(number), left],
    )
}

/// All steps of head office, by device and case.
pub(crate) fn all(connection: &Connection) -> SqlResult<HashMap<(DeviceId, CaseId), Vec<Held>>> {
    let mut steps: HashMap<_, Vec<Held>> = HashMap::new();
    let query = "select step_id, server_epoch, event, device_id from case_steps order by device_id, step_id";
    connection.each(query, &[], |row| {
        if let Some(held) = held(row)? {
            let device = row.get::<HexColumn<16, _>>(3)?.0;
            steps.entry((device, held.event.of)).or_default().push(held);
        }
        Ok::<_, SqlError>(())
    })?;
    Ok(steps)
}

/// What comes after the steps that a device has heard of, as many as an answer holds; none where there is nothing.
pub(crate) fn after(
    connection: &Connection,
    device: &DeviceId,
    server_epoch: &ServerEpoch,
    mark: &CaseMark,
) -> SqlResult<Option<CaseSteps>> {
    let query = "select step_id, server_epoch, event from case_steps where device_id = ?1 and step_id > ?2 order by step_id";
    let number = i64::try_from(mark.in_life(server_epoch)).unwrap_or(i64::MAX);
    let mut page = CaseSteps { mark: CaseMark { server_epoch: *server_epoch, number: 0 }, steps: Vec::new() };
    let mut total = 0;
    connection.search(query, values![device.as_bytes(), number], Rows::Many, |row| {
        if let Some(held) = held(row)?.filter(|held| check(held).is_ok()) {
            total += bytes(&held);
            if page.steps.len() >= CASE_STEPS_MAX || total > CASE_STEPS_BYTES_MAX {
                return Ok::<_, SqlError>(Some(()));
            }
            page.steps.push(held);
        }
        page.mark.number = column_seq(row.get(0)?);
        Ok(None)
    })?;
    Ok((page.mark.number > 0).then_some(page))
}

fn held(row: &Row<'_>) -> SqlResult<Option<Held>> {
    let id = EventId { epoch: row.get::<HexColumn<16, _>>(1)?.0, seq: column_seq(row.get(0)?) };
    Ok(serde_json::from_str(&row.get::<String>(2)?).ok().map(|event| Held { id, event }))
}
