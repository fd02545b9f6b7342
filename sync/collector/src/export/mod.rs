//! Responses as tables for other programs: one row for each response, in CSV, NDJSON or Parquet.
//!
//! | module | what it is |
//! |---|---|
//! | `columns` | what stands in a row; the same in every format |
//! | `lines` | CSV and NDJSON |
//! | `parquet` | Parquet |
//! | `tree` | a folder of Parquet files, one for each day |
//! | `whole` | a file that is there when it is whole |
//! | `sending` | a table as the body of an answer, while it is being made |
//!
//! Invariants: a row is what `/api/v1/responses` shows of a response, so what was erased is absent, a carried copy is there once, and contact
//! details and follow-up codes never are; rows are read page by page and forgotten once written, so that memory does not grow with their
//! number. Days are those on which responses came, in UTC: what a kiosk sends late stands under the day on which it came, and a day that
//! has ended gets no further rows. It loses what is erased or was kept long enough, and says where its kiosks stand now.

mod columns;
mod lines;
mod parquet;
pub(crate) mod sending;
mod tree;
mod whole;

use std::io::{self, BufWriter, Write};
use std::path::Path;

pub use self::columns::{COLUMNS, Column, Kind};
use self::lines::{Csv, Ndjson};
use self::parquet::Parquet;
pub(crate) use self::tree::{moments, write_tree};
use self::whole::WholeFile;
use crate::storage::StorageError;
use crate::storage::responses::{Found, Place};

/// Rows that are read at once.
pub(crate) const PAGE_ROWS: usize = 500;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Lines with commas between (RFC 4180), for spreadsheets.
    Csv,
    /// A JSON object on each line.
    Ndjson,
    /// Apache Parquet, compressed with Zstandard.
    Parquet,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Csv, Self::Ndjson, Self::Parquet];

    /// As it is typed and sent, and how names of such files end.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Parquet => "parquet",
        }
    }

    /// The format of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// As people call it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::Ndjson => "NDJSON",
            Self::Parquet => "Parquet",
        }
    }

    /// As it stands in `Content-Type`.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Ndjson => "application/x-ndjson",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }
}

/// Why a table is not whole.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The responses could not be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The table could not be written.
    #[error("the table could not be written: {0}")]
    Write(#[from] io::Error),
}

/// Whoever takes rows.
trait Rows {
    /// Takes one.
    fn take(&mut self, found: &Found) -> io::Result<()>;

    /// There are no more.
    fn end(self: Box<Self>) -> io::Result<()>;
}

/// A page of responses after a place, and where to go on.
pub(crate) type Page = (Vec<Found>, Option<Place>);

/// Writes all responses that `page` gives, in this format; `with_mark` begins a CSV with a byte order mark. How many there were.
pub(crate) fn write(
    format: Format,
    with_mark: bool,
    to: impl Write + Send,
    page: impl FnMut(Option<Place>) -> Result<Page, StorageError>,
) -> Result<u64, ExportError> {
    let mut rows: Box<dyn Rows + '_> = match format {
        Format::Csv => Box::new(Csv::begin(to, with_mark)?),
        Format::Ndjson => Box::new(Ndjson(to)),
        Format::Parquet => Box::new(Parquet::begin(to)?),
    };
    let count = each(page, |found| Ok(rows.take(found)?))?;
    rows.end()?;
    Ok(count)
}

/// The same into a file, which takes the place of what is there once it is whole.
pub(crate) fn write_file(
    format: Format,
    with_mark: bool,
    path: &Path,
    page: impl FnMut(Option<Place>) -> Result<Page, StorageError>,
) -> Result<u64, ExportError> {
    let file = WholeFile::begin(path)?;
    let count = write(format, with_mark, BufWriter::new(file.writer()?), page)?;
    file.end()?;
    Ok(count)
}

/// Looks at all responses that `page` gives. How many there were.
fn each(
    mut page: impl FnMut(Option<Place>) -> Result<Page, StorageError>,
    mut look: impl FnMut(&Found) -> Result<(), ExportError>,
) -> Result<u64, ExportError> {
    let (mut after, mut count) = (None, 0);
    loop {
        let (found, next) = page(after)?;
        for one in &found {
            look(one)?;
            count += 1;
        }
        if next.is_none() {
            return Ok(count);
        }
        after = next;
    }
}
