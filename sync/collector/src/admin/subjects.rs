//! What is held of one shopper's answer: finding it by the three words that only they were given, and giving all of it out.
//!
//! Invariant: that something is given out stands in the audit log before it is.

use afterword_model::contact::Channel;
use afterword_model::follow_up::FollowUpCode;
use afterword_model::record::{Seq, StoreEpoch};
use afterword_protocol::seal::OpeningKey;
use serde::Serialize;

use super::casing::CaseRow;
use super::opening::{OpenedContact, open};
use super::{Admin, AdminError, locked};
use crate::storage::subjects::{self, Subject};
use crate::storage::{contacts, devices, follow_ups};

/// Everything that is held of an answer.
#[derive(Debug, Serialize)]
pub struct SubjectExport {
    /// Shape of this document.
    pub v: u8,
    /// When it was made, in milliseconds since 1970-01-01T00:00:00Z.
    pub exported_ms: i64,
    /// The answer, and where it stands.
    #[serde(flatten)]
    pub subject: Subject,
    /// What was left for a reply.
    pub contacts: Vec<SubjectContact>,
    /// What was done about it, where a follow-up was opened.
    pub follow_up: Option<CaseRow>,
}

/// What was left for a reply.
#[derive(Debug, Serialize)]
pub struct SubjectContact {
    /// The question's id.
    pub question: String,
    /// How to reply.
    pub channel: Channel,
    /// Version of the consent text that was agreed to.
    pub consent: u32,
    /// As it is held.
    pub sealed: String,
    /// The number or the address; nothing where no key was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
    /// Why the key that was given does not open it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed: Option<String>,
}

/// The shape of [`SubjectExport`] that this code writes.
const EXPORT_VERSION: u8 = 1;

impl Admin {
    /// What is held of the answers with this follow-up code: nearly always of one.
    ///
    /// # Errors
    /// The database.
    pub fn subjects(&self, code: &FollowUpCode) -> Result<Vec<Subject>, AdminError> {
        let mut found = Vec::new();
        for follow_up in follow_ups::with_code(&self.connection, code)? {
            let device = follow_up.device.to_string();
            found.extend(self.subject(&device, (follow_up.epoch, follow_up.seq))?);
        }
        Ok(found)
    }

    /// What is held of one record of a device; nothing where there is no such record.
    ///
    /// # Errors
    /// [`AdminError::NoSuchDevice`], or the database.
    pub fn subject(
        &self,
        id_or_name: &str,
        record: (StoreEpoch, Seq),
    ) -> Result<Option<Subject>, AdminError> {
        let device = devices::find(&self.connection, id_or_name)?.into_iter().next();
        let device = device.ok_or_else(|| AdminError::NoSuchDevice(id_or_name.to_owned()))?;
        Ok(subjects::find(&self.connection, &device, record)?)
    }

    /// Everything that is held of one record of a device, with its contacts opened where the key is given; nothing where there is no such
    /// record. It stands in the audit log first.
    ///
    /// # Errors
    /// [`AdminError::NoSuchDevice`], or the database; then nothing is given out.
    pub fn subject_export(
        &mut self,
        id_or_name: &str,
        record: (StoreEpoch, Seq),
        key: Option<&OpeningKey>,
    ) -> Result<Option<SubjectExport>, AdminError> {
        let exported_ms = self.clock.wall_ms();
        let transaction = self.transaction()?;
        let device = locked(&transaction, id_or_name)?.into_iter().next();
        let device = device.ok_or_else(|| AdminError::NoSuchDevice(id_or_name.to_owned()))?;
        let Some(subject) = subjects::find(&transaction, &device, record)? else { return Ok(None) };
        let (epoch, seq) = record;
        self.note(&transaction, "subject.exported", &device.device.to_string(), &format!("{epoch} {seq}"))?;
        let place = (device.device, device.name.as_str(), epoch, seq);
        let mut contacts = Vec::new();
        for sealed in subject.response.clone().into_iter().flat_map(|it| contacts::of_response(place, it)) {
            let (question, left) = (sealed.question.clone(), sealed.contact.clone());
            let opened = key.map(|key| open(sealed, key));
            if let Some(opened) = &opened {
                self.note_opening(&transaction, opened)?;
            }
            let (details, closed) = match opened.map(|OpenedContact { details, .. }| details) {
                None => (None, None),
                Some(Ok(details)) => (Some(details), None),
                Some(Err(error)) => (None, Some(error.to_string())),
            };
            let (channel, consent, sealed) = (left.channel, left.consent, left.sealed);
            contacts.push(SubjectContact { question, channel, consent, sealed, details, closed });
        }
        transaction.commit()?;
        // Of an answer nobody had to see to there is none.
        let follow_up = self.case(&format!("{}/{}", subject.first.epoch, subject.first.seq)).ok();
        let follow_up = follow_up.filter(|case| case.device == subject.device);
        Ok(Some(SubjectExport { v: EXPORT_VERSION, exported_ms, subject, contacts, follow_up }))
    }
}
