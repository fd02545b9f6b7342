//! Values and columns in PostgreSQL's binary form.

use std::error::Error;

use bytes::BytesMut;

use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::storage::sql::{Column, SqlError, SqlResult, Value};

impl Value<'_> {
    /// What the server is told about a value; of nothing it finds out itself what it is no value of.
    pub(super) fn postgres_type(&self) -> Type {
        match self {
            Self::Null => Type::UNKNOWN,
            Self::Int(_) => Type::INT8,
            Self::Bool(_) => Type::BOOL,
            Self::Text(_) => Type::TEXT,
            Self::Blob(_) => Type::BYTEA,
        }
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self, wanted: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match *self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) => value.to_sql(wanted, out),
            Self::Bool(value) => value.to_sql(wanted, out),
            // PostgreSQL's texts hold no such sign, and no text of ours needs it.
            Self::Text(text) if text.contains('\0') => text.replace('\0', "\u{fffd}").to_sql(wanted, out),
            Self::Text(text) => text.to_sql(wanted, out),
            Self::Blob(bytes) => bytes.to_sql(wanted, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A column as it came.
struct Raw<'r>(Column<'r>);

impl<'r> FromSql<'r> for Raw<'r> {
    fn from_sql(is: &Type, raw: &'r [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(match *is {
            Type::INT8 => Column::Int(i64::from_sql(is, raw)?),
            Type::INT4 => Column::Int(i32::from_sql(is, raw)?.into()),
            Type::BOOL => Column::Int(bool::from_sql(is, raw)?.into()),
            Type::TEXT => Column::Text(<&str>::from_sql(is, raw)?),
            Type::BYTEA => Column::Blob(raw),
            _ => return Err(format!("a column of type {is}, which no table of ours has").into()),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Column::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// What a column of a row holds.
pub(crate) fn column(row: &tokio_postgres::Row, index: usize) -> SqlResult<Column<'_>> {
    row.try_get::<_, Raw<'_>>(index).map(|raw| raw.0).map_err(SqlError::from)
}
