//! Parquet: rows in columns, compressed, with the types that other programs know.

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::Type;

use super::Rows;
use super::columns::{COLUMNS, Cell, Column, Kind};
use crate::storage::responses::Found;

/// Rows that lie in memory until they are compressed: some ten megabytes of them.
const GROUP_ROWS: usize = 8_192;

/// A file that is being written.
pub(super) struct Parquet<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    group: Vec<Values>,
    rows: usize,
}

impl<W: Write + Send> Parquet<W> {
    /// A file without rows.
    pub(super) fn begin(to: W) -> io::Result<Self> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_created_by(concat!("afterword-collector ", env!("CARGO_PKG_VERSION")).into());
        let writer = SerializedFileWriter::new(to, Arc::new(schema()?), Arc::new(properties.build()));
        Ok(Self { writer: writer.map_err(io_error)?, group: empty_group(), rows: 0 })
    }

    /// Rows that lie in memory.
    pub(super) fn waiting(&self) -> usize {
        self.rows
    }

    /// Compresses and writes what lies in memory.
    pub(super) fn write_group(&mut self) -> io::Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        self.rows = 0;
        let group = std::mem::replace(&mut self.group, empty_group());
        let mut write = || {
            let mut into = self.writer.next_row_group()?;
            for values in &group {
                let Some(mut column) = into.next_column()? else { break };
                values.write(&mut column)?;
                column.close()?;
            }
            into.close().map(drop)
        };
        write().map_err(io_error)
    }
}

impl<W: Write + Send> Rows for Parquet<W> {
    fn take(&mut self, found: &Found) -> io::Result<()> {
        for (values, column) in self.group.iter_mut().zip(&COLUMNS) {
            values.take(column.cell(found));
        }
        self.rows += 1;
        if self.rows < GROUP_ROWS { Ok(()) } else { self.write_group() }
    }

    fn end(mut self: Box<Self>) -> io::Result<()> {
        self.write_group()?;
        let mut to = self.writer.into_inner().map_err(io_error)?;
        to.flush()
    }
}

/// What columns there are, as Parquet says it.
fn schema() -> io::Result<Type> {
    use std::fmt::Write as _;
    let mut message = String::from("message response {");
    for Column { name, kind, may_be_empty, .. } in &COLUMNS {
        let repetition = if *may_be_empty { "OPTIONAL" } else { "REQUIRED" };
        let (primitive, meaning) = match kind {
            Kind::Text | Kind::List => ("BYTE_ARRAY", "(STRING)"),
            Kind::Number => ("INT64", ""),
            Kind::Moment => ("INT64", "(TIMESTAMP(MILLIS,true))"),
            Kind::Day => ("INT32", "(DATE)"),
            Kind::Time => ("INT32", "(TIME(MILLIS,false))"),
            Kind::Flag => ("BOOLEAN", ""),
        };
        let _ = write!(message, " {repetition} {primitive} {name} {meaning};");
    }
    message.push_str(" }");
    parse_message_type(&message).map_err(io_error)
}

fn empty_group() -> Vec<Values> {
    COLUMNS.iter().map(Values::of).collect()
}

/// One column of the rows that lie in memory.
struct Values {
    /// 1 where there is something in it, 0 where not; none where there always is.
    is_there: Option<Vec<i16>>,
    them: Them,
}

/// By how they are written.
enum Them {
    Bytes(Vec<ByteArray>),
    Long(Vec<i64>),
    Short(Vec<i32>),
    Bits(Vec<bool>),
}

impl Values {
    fn of(column: &Column) -> Self {
        let them = match column.kind {
            Kind::Text | Kind::List => Them::Bytes(Vec::new()),
            Kind::Number | Kind::Moment => Them::Long(Vec::new()),
            Kind::Day | Kind::Time => Them::Short(Vec::new()),
            Kind::Flag => Them::Bits(Vec::new()),
        };
        Self { is_there: column.may_be_empty.then(Vec::new), them }
    }

    fn take(&mut self, cell: Option<Cell>) {
        if let Some(is_there) = &mut self.is_there {
            is_there.push(i16::from(cell.is_some()));
        }
        match (&mut self.them, cell) {
            (_, None) => {}
            (Them::Bytes(all), Some(Cell::Text(text) | Cell::List(text))) => {
                all.push(text.into_bytes().into());
            }
            (Them::Long(all), Some(Cell::Number(one) | Cell::Moment(one))) => all.push(one),
            (Them::Short(all), Some(Cell::Day(one) | Cell::Time(one))) => all.push(one),
            (Them::Bits(all), Some(Cell::Flag(one))) => all.push(one),
            (_, Some(cell)) => unreachable!("{cell:?} is of another kind than its column"),
        }
    }

    fn write(&self, into: &mut SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
        let is_there = self.is_there.as_deref();
        match &self.them {
            Them::Bytes(all) => into.typed::<ByteArrayType>().write_batch(all, is_there, None),
            Them::Long(all) => into.typed::<Int64Type>().write_batch(all, is_there, None),
            Them::Short(all) => into.typed::<Int32Type>().write_batch(all, is_there, None),
            Them::Bits(all) => into.typed::<BoolType>().write_batch(all, is_there, None),
        }
        .map(drop)
    }
}

/// What went wrong, as it came where it was the writing itself.
fn io_error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(source) => io::Error::other(source),
        },
        other => io::Error::other(other),
    }
}
