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

/// The values of one column of several rows.
#[derive(Debug)]
pub(super) enum List<'v> {
    Ints(Vec<Option<i64>>),
    Bools(Vec<Option<bool>>),
    Texts(Vec<Option<String>>),
    Blobs(Vec<Option<&'v [u8]>>),
}

impl<'v> List<'v> {
    /// Of values that are of one kind, or nothing.
    pub(super) fn of(values: impl Iterator<Item = Value<'v>> + Clone) -> Self {
        let kind = values.clone().find(|value| !matches!(value, Value::Null));
        match kind {
            Some(Value::Bool(_)) => Self::Bools(
                values.map(|value| if let Value::Bool(value) = value { Some(value) } else { None }).collect(),
            ),
            Some(Value::Text(_)) => {
                let text = |value| match value {
                    Value::Text(text) => Some(text.replace('\0', "\u{fffd}")),
                    _ => None,
                };
                Self::Texts(values.map(text).collect())
            }
            Some(Value::Blob(_)) => Self::Blobs(
                values.map(|value| if let Value::Blob(bytes) = value { Some(bytes) } else { None }).collect(),
            ),
            Some(Value::Int(_) | Value::Null) | None => Self::Ints(
                values.map(|value| if let Value::Int(value) = value { Some(value) } else { None }).collect(),
            ),
        }
    }

    /// What the server is told about it.
    pub(super) fn postgres_type(&self) -> Type {
        match self {
            Self::Ints(_) => Type::INT8_ARRAY,
            Self::Bools(_) => Type::BOOL_ARRAY,
            Self::Texts(_) => Type::TEXT_ARRAY,
            Self::Blobs(_) => Type::BYTEA_ARRAY,
        }
    }

    /// What is sent.
    pub(super) fn values(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Ints(values) => values,
            Self::Bools(values) => values,
            Self::Texts(values) => values,
            Self::Blobs(values) => values,
        }
    }
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
