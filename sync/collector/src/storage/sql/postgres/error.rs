//! What PostgreSQL says when it refuses.

use crate::storage::sql::{SqlError, SqlFault};

impl From<tokio_postgres::Error> for SqlError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(said) = error.as_db_error() else {
            let fault = if error.is_closed() { SqlFault::Disconnected } else { SqlFault::Other };
            return Self::new(fault, in_full(&error));
        };
        let fault = match said.code().code() {
            // Whoever is refused a lock, or chosen as the victim of two that waited for each other, may come again.
            "55P03" | "40001" | "40P01" | "57014" => SqlFault::Busy,
            "53100" => SqlFault::Full,
            "57P01" | "57P02" | "57P03" => SqlFault::Disconnected,
            "XX001" | "XX002" => SqlFault::Damaged,
            code if code.starts_with("23") => SqlFault::Constraint,
            code if code.starts_with("08") => SqlFault::Disconnected,
            _ => SqlFault::Other,
        };
        // Not its details: they quote rows.
        Self::new(fault, format!("{} ({})", said.message(), said.code().code()))
    }
}

/// The error and what lies under it.
fn in_full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut under = error.source();
    while let Some(error) = under {
        text = format!("{text}: {error}");
        under = error.source();
    }
    text
}
