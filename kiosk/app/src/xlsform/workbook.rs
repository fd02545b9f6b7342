//! From a file's bytes to the cells of the sheets that an XLSForm has.
//!
//! Cells are read one by one as they stand in the file, never as the rectangle that a sheet claims to be: a single cell in
//! the last row would be seventeen thousand million cells of it. Of a formula its last result is taken, as ODK does.

use std::collections::BTreeMap;
use std::io::Cursor;

use calamine::{DataRef, Reader, Xlsx, XlsxError};

use super::error::ImportError;
use super::limits::{ROWS_MAX, TEXT_BYTES_MAX};
use super::unpacked;

/// Whole numbers up to here are exact in a spreadsheet's cells; they are written without a point.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// What stands in a cell. Empty cells are not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    /// Text, never blank, without white space around it; numbers as one writes them.
    Text(String),
    /// A formula's error, as in `#REF!`.
    Error(String),
}

/// Rows and columns from 0, without those that are empty.
pub(super) type Cells = BTreeMap<u32, BTreeMap<u32, Cell>>;

/// The sheets of a form.
#[derive(Debug, Default)]
pub(super) struct Workbook {
    pub(super) survey: Option<Cells>,
    pub(super) choices: Option<Cells>,
    pub(super) settings: Option<Cells>,
    /// Names of the other sheets.
    pub(super) others: Vec<String>,
}

/// Reads a workbook.
///
/// # Errors
/// [`ImportError`], for a file that is no workbook or beyond the bounds.
pub(super) fn read(bytes: &[u8]) -> Result<Workbook, ImportError> {
    unpacked::check(bytes)?;
    let mut xlsx: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(damaged)?;
    let mut workbook = Workbook::default();
    let mut text_left = TEXT_BYTES_MAX;
    for name in xlsx.sheet_names() {
        let (sheet, place) = match name.trim().to_lowercase().as_str() {
            "survey" => ("survey", &mut workbook.survey),
            "choices" => ("choices", &mut workbook.choices),
            "settings" => ("settings", &mut workbook.settings),
            _ => {
                workbook.others.push(name);
                continue;
            }
        };
        *place = Some(cells(&mut xlsx, &name, sheet, &mut text_left)?);
    }
    Ok(workbook)
}

fn damaged(error: XlsxError) -> ImportError {
    let why = match error {
        XlsxError::Password => "it is protected by a password".to_owned(),
        error => super::notes::shown(&error.to_string()),
    };
    ImportError::NotAWorkbook { why }
}

fn cells(
    xlsx: &mut Xlsx<Cursor<&[u8]>>,
    name: &str,
    sheet: &'static str,
    text_left: &mut usize,
) -> Result<Cells, ImportError> {
    let mut reader = xlsx.worksheet_cells_reader(name).map_err(damaged)?;
    let mut cells = Cells::new();
    while let Some(cell) = reader.next_cell().map_err(damaged)? {
        let (row, column) = cell.get_position();
        let Some(content) = content(cell.get_value()) else { continue };
        let (Cell::Text(text) | Cell::Error(text)) = &content;
        *text_left = text_left.checked_sub(text.len()).ok_or(ImportError::TooMuchText)?;
        cells.entry(row).or_default().insert(column, content);
        if cells.len() > ROWS_MAX {
            return Err(ImportError::TooManyRows { sheet });
        }
    }
    Ok(cells)
}

fn content(value: &DataRef<'_>) -> Option<Cell> {
    let text = match value {
        DataRef::Empty => return None,
        DataRef::Error(error) => return Some(Cell::Error(error.to_string())),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.trim().into(),
        DataRef::SharedString(text) => text.trim().into(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number_text(*number),
        DataRef::DateTime(moment) => number_text(moment.as_f64()),
        DataRef::Bool(truth) => truth.to_string(),
    };
    (!text.is_empty()).then_some(Cell::Text(text))
}

/// A spreadsheet has no whole numbers: the choice `1` comes as 1.0.
fn number_text(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() <= EXACT_MAX {
        format!("{number:.0}")
    } else {
        number.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_write_them() {
        assert_eq!(number_text(1.0), "1");
        assert_eq!(number_text(-99.0), "-99");
        assert_eq!(number_text(0.5), "0.5");
        assert_eq!(content(&DataRef::SharedString(" \u{a0} ")), None);
    }
}
