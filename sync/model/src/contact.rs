//! How somebody may be reached who asked for it: sealed where it was typed, and with the consent that allows it.
//!
//! Invariant: nothing here holds a phone number or an address in the clear. Sealing and opening are done elsewhere.

use serde::{Deserialize, Serialize};

/// A way to reach somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A phone number.
    Phone,
    /// An e-mail address.
    Email,
}

impl Channel {
    /// Its name, as it stands in records and in survey files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Email => "email",
        }
    }
}

/// What was left for a reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// How to reply.
    pub channel: Channel,
    /// Version of the consent text that was agreed to; the survey's version says its words.
    pub consent: u32,
    /// The number or the address, sealed to head office, in Base64. Whoever holds a record cannot read it.
    pub sealed: String,
}

/// What a consent was given for. Sealing binds the sealed text to it, so that it cannot be moved under another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsentGiven<'a> {
    /// Id of the survey.
    pub survey: &'a str,
    /// Version of the survey.
    pub survey_version: u32,
    /// Id of the question.
    pub question: &'a str,
    /// Version of the consent text.
    pub consent: u32,
    /// How to reply.
    pub channel: Channel,
}

impl ConsentGiven<'_> {
    /// The bytes to bind to (the `aad` of RFC 9180). Ids hold no line feed, so no two consents give the same bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { survey, survey_version, question, consent, channel } = self;
        let channel = channel.name();
        format!("afterword-contact-v1\n{survey}\n{survey_version}\n{question}\n{consent}\n{channel}\n")
            .into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is sealed today is opened by a program of later: a change of this line locks it out.
    #[test]
    fn the_bytes_a_sealed_text_is_bound_to() {
        let given = ConsentGiven {
            survey: "returns",
            survey_version: 2,
            question: "reply",
            consent: 3,
            channel: Channel::Email,
        };
        assert_eq!(given.to_bytes(), b"afterword-contact-v1\nreturns\n2\nreply\n3\nemail\n");
    }
}
