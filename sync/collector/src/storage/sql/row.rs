//! What a query gives: a row, looked at where the database has it.

use afterword_model::hex::Hex;

use super::{SqlError, SqlResult};

/// A row, as long as the query stands at it.
pub(crate) enum Row<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r tokio_postgres::Row),
}

/// What a column holds, borrowed from the row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Column<'r> {
    Null,
    Int(i64),
    Text(&'r str),
    Blob(&'r [u8]),
}

impl Row<'_> {
    /// The column's value, counted from 0.
    pub(crate) fn get<T: FromColumn>(&self, index: usize) -> SqlResult<T> {
        T::from_column(self.column(index)?).ok_or_else(|| self.unexpected(index))
    }

    /// The column's bytes.
    pub(crate) fn blob(&self, index: usize) -> SqlResult<&[u8]> {
        match self.column(index)? {
            Column::Blob(bytes) => Ok(bytes),
            _ => Err(self.unexpected(index)),
        }
    }

    fn column(&self, index: usize) -> SqlResult<Column<'_>> {
        match self {
            Self::Sqlite(row) => super::sqlite::column(row, index),
            Self::Postgres(row) => super::postgres::column(row, index),
        }
    }

    #[cold]
    fn unexpected(&self, index: usize) -> SqlError {
        let held = match self.column(index) {
            Ok(Column::Null) => "nothing".to_owned(),
            Ok(Column::Int(_)) => "a number".to_owned(),
            Ok(Column::Text(_)) => "a text".to_owned(),
            Ok(Column::Blob(bytes)) => format!("{} bytes", bytes.len()),
            Err(error) => error.to_string(),
        };
        SqlError::other(format!(
            "column {index} of a row holds {held}, which no version of this program wrote"
        ))
    }
}

/// What a column can be read as. Nothing where it holds something else.
pub(crate) trait FromColumn: Sized {
    /// Reads it.
    fn from_column(column: Column<'_>) -> Option<Self>;
}

impl FromColumn for i64 {
    fn from_column(column: Column<'_>) -> Option<Self> {
        if let Column::Int(value) = column { Some(value) } else { None }
    }
}

impl FromColumn for bool {
    fn from_column(column: Column<'_>) -> Option<Self> {
        i64::from_column(column).map(|value| value != 0)
    }
}

impl FromColumn for String {
    fn from_column(column: Column<'_>) -> Option<Self> {
        if let Column::Text(text) = column { Some(text.to_owned()) } else { None }
    }
}

impl FromColumn for Vec<u8> {
    fn from_column(column: Column<'_>) -> Option<Self> {
        if let Column::Blob(bytes) = column { Some(bytes.to_vec()) } else { None }
    }
}

impl<const N: usize> FromColumn for [u8; N] {
    fn from_column(column: Column<'_>) -> Option<Self> {
        if let Column::Blob(bytes) = column { bytes.try_into().ok() } else { None }
    }
}

impl<T: FromColumn> FromColumn for Option<T> {
    fn from_column(column: Column<'_>) -> Option<Self> {
        if column == Column::Null { Some(None) } else { T::from_column(column).map(Some) }
    }
}

/// A column that holds exactly the bytes of an id, an epoch or a head.
pub(crate) struct HexColumn<const N: usize, K>(pub(crate) Hex<N, K>);

impl<const N: usize, K> FromColumn for HexColumn<N, K> {
    fn from_column(column: Column<'_>) -> Option<Self> {
        if let Column::Blob(bytes) = column { Hex::from_slice(bytes).ok().map(Self) } else { None }
    }
}
