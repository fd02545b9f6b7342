//! What shoppers left for a reply, as it came: sealed.
//!
//! Nothing is indexed: replies are asked for now and then, and a record's bytes say all there is to say. A record that was
//! carried into another epoch holds the same sealed text as its origin; no two people's are equal, for every sealing
//! draws a key of its own, so that the text itself tells copies.

use std::collections::HashSet;

use afterword_model::carried::Carried;
use afterword_model::contact::{ConsentGiven, Contact};
use afterword_model::record::{DeviceId, Seq, StoreEpoch};
use afterword_model::response::{AnswerValue, Response};
use afterword_protocol::seal::{OpeningKey, SealError};

use super::column_seq;
use super::sql::{Connection, HexColumn, SqlError, SqlResult};

/// One shopper's wish for a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedContact {
    /// Whose record it is in.
    pub device: DeviceId,
    /// What people call the device.
    pub device_name: String,
    /// The record's store.
    pub epoch: StoreEpoch,
    /// Its number there.
    pub seq: Seq,
    /// When the answer was begun, in milliseconds since 1970-01-01T00:00:00Z by the device's clock.
    pub started_ms: i64,
    /// The survey's id.
    pub survey: String,
    /// The survey's version; it says the words of the consent.
    pub survey_version: u32,
    /// The question's id.
    pub question: String,
    /// What was left.
    pub contact: Contact,
}

impl SealedContact {
    /// The number or the address. Whoever shows it has put it down in the audit log first.
    pub(crate) fn open(&self, key: &OpeningKey) -> Result<String, SealError> {
        let given = ConsentGiven {
            survey: &self.survey,
            survey_version: self.survey_version,
            question: &self.question,
            consent: self.contact.consent,
            channel: self.contact.channel,
        };
        key.open(&self.contact.sealed, &given.to_bytes()).map(|text| text.to_string())
    }
}

/// All of them, in the order in which they came from each store.
pub(crate) fn all(connection: &Connection) -> SqlResult<Vec<SealedContact>> {
    // Most records hold none and are not read further than this.
    let query = "select device_id, name, epoch, seq, bytes from records join devices using (device_id)
         where instr(bytes, cast('\"contact\"' as blob)) > 0 order by device_id, epoch, seq";
    let (mut found, mut seen) = (Vec::new(), HashSet::new());
    connection.each(query, &[], |row| {
        let (device, name): (_, String) = (row.get::<HexColumn<16, _>>(0)?.0, row.get(1)?);
        let (epoch, seq) = (row.get::<HexColumn<16, _>>(2)?.0, column_seq(row.get(3)?));
        let bytes = row.blob(4)?;
        // What a program of later wrote, this one may not know how to read; it is no reply then.
        let Some(response) = response(seq, bytes) else { return Ok::<_, SqlError>(()) };
        let place = (device, name.as_str(), epoch, seq);
        found.extend(
            of_response(place, response).filter(|contact| seen.insert(contact.contact.sealed.clone())),
        );
        Ok(())
    })?;
    Ok(found)
}

/// Those of a response that stands there. One that was kept long enough holds nothing any more.
pub(crate) fn of_response<'n>(
    (device, name, epoch, seq): (DeviceId, &'n str, StoreEpoch, Seq),
    response: Response,
) -> impl Iterator<Item = SealedContact> + use<'n> {
    let draft = response.draft;
    let (started_ms, survey, survey_version) = (draft.started.wall_ms, draft.survey, draft.survey_version);
    draft.answers.into_iter().filter_map(move |answer| {
        let AnswerValue::Contact(contact) = answer.value else { return None };
        let (survey, question) = (survey.clone(), answer.question);
        let device_name = name.to_owned();
        (!contact.sealed.is_empty()).then_some(SealedContact {
            device,
            device_name,
            epoch,
            seq,
            started_ms,
            survey,
            survey_version,
            question,
            contact,
        })
    })
}

fn response(seq: Seq, bytes: &[u8]) -> Option<Response> {
    match Carried::read(bytes) {
        Ok(carried) => Response::from_bytes(carried.origin.seq, carried.record).ok(),
        Err(_) => Response::from_bytes(seq, bytes).ok(),
    }
}
