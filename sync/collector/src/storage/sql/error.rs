//! What a database says when it refuses.

use std::fmt::{Display, Formatter};

/// The database refused. Its text is for the log and for operators; devices never see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlError {
    fault: SqlFault,
    text: String,
}

/// What kind of refusal it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqlFault {
    /// Somebody else holds what was wanted, for longer than one waits, or two waited for each other; later it may do.
    Busy,
    /// A row that contradicts what is there.
    Constraint,
    /// No space is left.
    Full,
    /// The connection is gone; whether what was under way is stored is not known.
    Disconnected,
    /// The file is damaged, or is no database.
    Damaged,
    /// Anything else.
    Other,
}

impl SqlError {
    /// A refusal of this kind, in the database's words.
    pub(crate) fn new(fault: SqlFault, text: impl Into<String>) -> Self {
        Self { fault, text: text.into() }
    }

    /// A refusal of no particular kind.
    pub(crate) fn other(text: impl Into<String>) -> Self {
        Self::new(SqlFault::Other, text)
    }

    /// What kind of refusal it was.
    #[must_use]
    pub fn fault(&self) -> SqlFault {
        self.fault
    }
}

impl Display for SqlError {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl std::error::Error for SqlError {}

impl From<rusqlite::Error> for SqlError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let fault = match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => SqlFault::Busy,
            Some(ErrorCode::ConstraintViolation) => SqlFault::Constraint,
            Some(ErrorCode::DiskFull) => SqlFault::Full,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => SqlFault::Damaged,
            _ => SqlFault::Other,
        };
        Self::new(fault, error.to_string())
    }
}
