//! Everything that is held of one answer, for whoever gave it.
//!
//! It may stand in several rows: where it was frozen, where it was carried to, where it was frozen a second time by a copy of the device, and
//! aside where a device contradicted itself. All of the device's rows are looked through: this is asked for rarely.

use afterword_model::carried::Origin;
use afterword_model::content::Content;
use afterword_model::record::{DeviceId, Seq, StoreEpoch};
use afterword_model::response::{AnswerValue, ClockQuality, Response};
use serde::Serialize;

use super::devices::Device;
use super::erase::origin;
use super::retention::reduce::{TAKEN_WORDS, frozen_digest, mark_of};
use super::sql::{Connection, HexColumn, Row, SqlError, SqlResult, values};
use super::{column_seq, seq_column};

/// One answer. Times are milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Subject {
    /// Whose record it is.
    pub device: DeviceId,
    /// What people call the device.
    pub device_name: String,
    /// The store that the device stands in now.
    pub store: Option<String>,
    /// Where the record first stood.
    pub first: Origin,
    /// When it was first received.
    pub received_ms: i64,
    /// Every row that holds it, or held it until it was erased.
    pub rows: Vec<SubjectRow>,
    /// What was taken of it because it was kept long enough, by name.
    pub taken: Vec<String>,
    /// The record itself as it is held; nothing where it was erased. As a text where it is no JSON.
    pub record: Option<serde_json::Value>,
    /// The same, read; nothing where it is no response.
    #[serde(skip)]
    pub response: Option<Response>,
}

/// A row of one answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubjectRow {
    /// The store.
    pub epoch: StoreEpoch,
    /// The number there.
    pub seq: Seq,
    /// When it was received.
    pub received_ms: i64,
    /// Whether it was kept aside, because the device contradicted itself.
    pub kept_aside: bool,
    /// Why it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parked: Option<String>,
    /// When it was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erased_ms: Option<i64>,
}

impl Subject {
    /// Whether nothing of its content is left.
    #[must_use]
    pub fn is_erased(&self) -> bool {
        self.record.is_none()
    }

    /// Whether there are words of a comment in it.
    #[must_use]
    pub fn has_comment(&self) -> bool {
        self.any_answer(
            |value| matches!(value, AnswerValue::Comment(words) if !words.is_empty() && words != TAKEN_WORDS),
        )
    }

    /// Whether there is something in it, sealed, by which a reply could be given.
    #[must_use]
    pub fn has_contact(&self) -> bool {
        self.any_answer(|value| matches!(value, AnswerValue::Contact(contact) if !contact.sealed.is_empty()))
    }

    /// When it was begun by the device's clock, with its offset from UTC in minutes; when it was received where that clock was not set.
    #[must_use]
    pub fn began(&self) -> (i64, i16) {
        let started = self.response.as_ref().map(|response| response.draft.started);
        let started = started.filter(|started| started.clock != ClockQuality::Unset);
        started.map_or((self.received_ms, 0), |started| (started.wall_ms, started.offset_min))
    }

    fn any_answer(&self, is_it: impl Fn(&AnswerValue) -> bool) -> bool {
        let answers = self.response.iter().flat_map(|response| &response.draft.answers);
        answers.map(|answer| &answer.value).any(is_it)
    }
}

/// What a row of the record that is asked for says.
struct Asked {
    bytes: Vec<u8>,
    /// Where the table of carried records says that it first stood, and with which digest.
    listed: Option<(Origin, [u8; 32])>,
}

/// What is held of the record of this device that stands there; none where there is none.
pub(crate) fn find(
    connection: &Connection,
    device: &Device,
    (epoch, seq): (StoreEpoch, Seq),
) -> SqlResult<Option<Subject>> {
    let id = &device.device;
    let asked = connection.query_opt(
        "select bytes, origin_epoch, origin_seq, digest from records left join carried using (device_id, epoch, seq)
         where device_id = ?1 and epoch = ?2 and seq = ?3",
        values![id.as_bytes(), epoch.as_bytes(), seq_column(seq)],
        |row| {
            let listed = match row.get::<Option<HexColumn<16, _>>>(1)? {
                Some(epoch) => Some((Origin { epoch: epoch.0, seq: column_seq(row.get(2)?) }, row.get(3)?)),
                None => None,
            };
            Ok(Asked { bytes: row.get(0)?, listed })
        },
    )?;
    let Some(Asked { bytes, listed }) = asked else { return Ok(None) };
    let (first, content) = match listed {
        Some((first, _)) if bytes.is_empty() => (first, &bytes[..]),
        _ => origin(epoch, seq, &bytes),
    };
    let mut rows = match (bytes.is_empty(), listed) {
        (true, listed) => {
            erased_rows(connection, id, (epoch, seq), &first, listed.map(|(_, digest)| digest))?
        }
        (false, _) => rows(connection, id, &frozen_digest(content))?,
    };
    rows.sort_by_key(|row| (row.received_ms, row.epoch, row.seq));
    let text = || serde_json::Value::String(String::from_utf8_lossy(content).into_owned());
    let response = Content::from_bytes(first.seq, content).ok().and_then(Content::response);
    Ok(Some(Subject {
        device: *id,
        device_name: device.name.clone(),
        store: device.store.clone(),
        first,
        received_ms: rows.first().map_or(0, |row| row.received_ms),
        rows,
        taken: mark_of(content).map(|mark| mark.fields).unwrap_or_default(),
        record: (!bytes.is_empty()).then(|| serde_json::from_slice(content).unwrap_or_else(|_| text())),
        response,
    }))
}

/// All rows of the device with this content.
fn rows(connection: &Connection, device: &DeviceId, digest: &[u8; 32]) -> SqlResult<Vec<SubjectRow>> {
    let mut found = Vec::new();
    for (query, kept_aside) in [
        (
            "select epoch, seq, received_ms, parked, erased_ms, bytes from records
             where device_id = ?1 and erased_ms is null",
            false,
        ),
        ("select epoch, seq, received_ms, null, null, bytes from quarantine where device_id = ?1", true),
    ] {
        connection.each(query, values![device.as_bytes()], |row| {
            let (epoch, seq) = (row.get::<HexColumn<16, _>>(0)?.0, column_seq(row.get(1)?));
            if frozen_digest(origin(epoch, seq, row.blob(5)?).1) == *digest {
                let parked = if kept_aside { None } else { row.get(3)? };
                let received_ms = row.get(2)?;
                found.push(SubjectRow { epoch, seq, received_ms, kept_aside, parked, erased_ms: None });
            }
            Ok::<_, SqlError>(())
        })?;
    }
    Ok(found)
}

/// The erased row that is asked for, and those it was carried to or from as far as that is known still.
fn erased_rows(
    connection: &Connection,
    device: &DeviceId,
    asked: (StoreEpoch, Seq),
    first: &Origin,
    digest: Option<[u8; 32]>,
) -> SqlResult<Vec<SubjectRow>> {
    let mut places = vec![asked, (first.epoch, first.seq)];
    places.extend(connection.query_all(
        "select epoch, seq, digest from carried where device_id = ?1 and origin_epoch = ?2 and origin_seq = ?3",
        values![device.as_bytes(), first.epoch.as_bytes(), seq_column(first.seq)],
        |row| Ok((row.get::<HexColumn<16, _>>(0)?.0, column_seq(row.get(1)?), row.get::<[u8; 32]>(2)?)),
    )?
    .into_iter()
    .filter(|(.., of)| digest.is_none_or(|digest| digest == *of))
    .map(|(epoch, seq, _)| (epoch, seq)));
    places.sort_unstable();
    places.dedup();
    let mut found = Vec::new();
    for (epoch, seq) in places {
        found.extend(connection.query_opt(
            "select epoch, seq, received_ms, parked, erased_ms from records
             where device_id = ?1 and epoch = ?2 and seq = ?3 and erased_ms is not null",
            values![device.as_bytes(), epoch.as_bytes(), seq_column(seq)],
            erased_row,
        )?);
    }
    Ok(found)
}

fn erased_row(row: &Row<'_>) -> SqlResult<SubjectRow> {
    Ok(SubjectRow {
        epoch: row.get::<HexColumn<16, _>>(0)?.0,
        seq: column_seq(row.get(1)?),
        received_ms: row.get(2)?,
        kept_aside: false,
        parked: row.get(3)?,
        erased_ms: row.get(4)?,
    })
}
