//! The two formats that are lines of text: CSV (RFC 4180) and NDJSON.

use std::io::{self, Write};

use afterword_model::cells::safe;
use chrono::{NaiveDate, NaiveTime};
use serde_json::value::RawValue;

use super::Rows;
use super::columns::{COLUMNS, Cell};
use crate::given::moment;
use crate::storage::responses::Found;

/// What some spreadsheets tell by that a table is UTF-8, at its beginning.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Rows with commas between. Text that a spreadsheet would take for a formula has an apostrophe before it.
pub(super) struct Csv<W: Write>(csv::Writer<W>);

impl<W: Write> Csv<W> {
    /// With the heading already written.
    pub(super) fn begin(mut to: W, with_mark: bool) -> io::Result<Self> {
        if with_mark {
            to.write_all(BYTE_ORDER_MARK)?;
        }
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(to);
        writer.write_record(COLUMNS.map(|column| column.name))?;
        Ok(Self(writer))
    }
}

impl<W: Write> Rows for Csv<W> {
    fn take(&mut self, found: &Found) -> io::Result<()> {
        for column in &COLUMNS {
            let text = match column.cell(found) {
                Some(Cell::Text(text)) => safe(&text),
                other => plain(other),
            };
            self.0.write_field(text)?;
        }
        Ok(self.0.write_record(None::<&[u8]>)?)
    }

    fn end(mut self: Box<Self>) -> io::Result<()> {
        self.0.flush()
    }
}

/// A JSON object on each line; what is empty is null.
pub(super) struct Ndjson<W: Write>(pub(super) W);

impl<W: Write> Rows for Ndjson<W> {
    fn take(&mut self, found: &Found) -> io::Result<()> {
        let mut between = "{";
        for column in &COLUMNS {
            write!(self.0, "{between}\"{}\":", column.name)?;
            match column.cell(found) {
                None => self.0.write_all(b"null")?,
                Some(Cell::Number(number)) => write!(self.0, "{number}")?,
                Some(Cell::Flag(flag)) => write!(self.0, "{flag}")?,
                Some(Cell::List(json)) => serde_json::to_writer(&mut self.0, &RawValue::from_string(json)?)?,
                other => serde_json::to_writer(&mut self.0, &plain(other))?,
            }
            between = ",";
        }
        self.0.write_all(b"}\n")
    }

    fn end(mut self: Box<Self>) -> io::Result<()> {
        self.0.flush()
    }
}

/// A cell as text.
fn plain(cell: Option<Cell>) -> String {
    match cell {
        None => String::new(),
        Some(Cell::Text(text) | Cell::List(text)) => text,
        Some(Cell::Number(number)) => number.to_string(),
        Some(Cell::Moment(at_ms)) => moment(at_ms),
        Some(Cell::Day(days)) => NaiveDate::from_epoch_days(days).unwrap_or_default().to_string(),
        Some(Cell::Time(ms)) => {
            let (seconds, ms) = (ms.unsigned_abs() / 1_000, ms.unsigned_abs() % 1_000);
            let time =
                NaiveTime::from_num_seconds_from_midnight_opt(seconds, ms * 1_000_000).unwrap_or_default();
            time.format("%H:%M:%S%.3f").to_string()
        }
        Some(Cell::Flag(flag)) => flag.to_string(),
    }
}
