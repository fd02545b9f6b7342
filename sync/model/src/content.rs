//! What a record holds: a shopper's response, or a step of a case.
//!
//! Nothing can be read as both: a step's record has no fields but its own, and a response has no `case`. Whoever counts
//! responses asks for those alone, and everybody else asks here.

use crate::case::CaseRecord;
use crate::record::Seq;
use crate::response::{Response, Unreadable};

/// A record, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// What a shopper answered.
    Response(Box<Response>),
    /// What was done about it.
    Case(Box<CaseRecord>),
}

impl Content {
    /// Reads a record that stands at `seq`, also one that was carried there.
    ///
    /// # Errors
    /// [`Unreadable`] where it is neither; of a record without a `case` it says why it is no response.
    pub fn from_bytes(seq: Seq, bytes: &[u8]) -> Result<Self, Unreadable> {
        match Response::from_bytes(seq, bytes) {
            Ok(response) => Ok(Self::Response(Box::new(response))),
            Err(error) => match CaseRecord::from_bytes(seq, bytes) {
                Ok(record) => Ok(Self::Case(Box::new(record))),
                // Of a shape that is known, and still not to be believed, that is what there is to say.
                Err(other @ (Unreadable::Version(_) | Unreadable::Seq { .. })) => Err(other),
                Err(Unreadable::Json(_)) => Err(error),
            },
        }
    }

    /// The response, where it is one.
    #[must_use]
    pub fn response(self) -> Option<Response> {
        match self {
            Self::Response(response) => Some(*response),
            Self::Case(_) => None,
        }
    }
}
