//! Rows of a table, read from a leaf page without the tree above it.
//!
//! A row is where a leaf page's pointers say that one is, and only as long as everything in it adds up
//! (<https://sqlite.org/fileformat2.html#b_tree_pages>). One that doesn't is skipped; its neighbours on the page are not.
//! What a row means, and whether its content is sound, is decided elsewhere.

use super::log::word;
use super::pages::{PAGE_BYTES, Page, Pages};

/// The first byte of a page with rows of a table.
const TABLE_LEAF: u8 = 0x0D;
const LEAF_HEADER_BYTES: usize = 8;
/// What the first page has before its own tree.
const FILE_HEADER_BYTES: usize = 100;

/// Columns of the widest table, with room.
const COLUMNS_MAX: usize = 16;

/// Bytes of a row: the largest record, and what stands beside it.
const ROW_BYTES_MAX: usize = afterword_model::record::RECORD_BYTES_MAX + 16 * 1024;

/// Bytes of a row that stay on its page when the rest has pages of its own.
const LOCAL_MAX: usize = PAGE_BYTES - 35;
const LOCAL_MIN: usize = (PAGE_BYTES - 12) * 32 / 255 - 23;
/// Bytes of a row on each of those other pages.
const OVERFLOW_BYTES: usize = PAGE_BYTES - 4;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Integer(usize),
    /// The numbers 0 and 1 take no room.
    Constant(i64),
    Blob(usize),
    Text(usize),
}

/// Where a row is: its page, and the byte on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    page: u32,
    at: u16,
}

/// A row whose columns are known, and not yet what is in them.
#[derive(Debug)]
pub(super) struct Cell {
    pub(super) place: Place,
    pub(super) rowid: i64,
    pub(super) kinds: Vec<Kind>,
    /// Byte of the page at which the row's content begins, the columns' kinds first.
    content_at: usize,
    /// Length of the content, and of the kinds in it.
    length: usize,
    kinds_length: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Integer(i64),
    Blob(Vec<u8>),
    Text(Vec<u8>),
}

/// Every row that a page seems to have.
pub(super) fn cells(number: u32, page: &Page) -> Vec<Cell> {
    let start = if number == 1 { FILE_HEADER_BYTES } else { 0 };
    if page[start] != TABLE_LEAF {
        return Vec::new();
    }
    let count = short(page, start + 3);
    let pointers = start + LEAF_HEADER_BYTES;
    (0..usize::from(count))
        .map(|cell| pointers + 2 * cell)
        .take_while(|at| at + 2 <= PAGE_BYTES)
        .filter_map(|at| cell(page, Place { page: number, at: short(page, at) }))
        .collect()
}

/// The row at a place where one was found before.
pub(super) fn values_at(pages: &mut Pages, place: Place) -> Option<Vec<Value>> {
    let found = cell(pages.page(place.page)?, place)?;
    found.values(pages)
}

fn cell(page: &Page, place: Place) -> Option<Cell> {
    let mut rest = Reader { bytes: page, at: usize::from(place.at) };
    let length = usize::try_from(rest.number()?).ok().filter(|&length| length <= ROW_BYTES_MAX)?;
    let rowid = i64::from_be_bytes(rest.number()?.to_be_bytes());
    let content_at = rest.at;
    let kinds_length = usize::try_from(rest.number()?).ok().filter(|&kinds| kinds <= length)?;
    let mut kinds = Vec::new();
    while rest.at < content_at + kinds_length {
        if kinds.len() == COLUMNS_MAX {
            return None;
        }
        kinds.push(kind(rest.number()?)?);
    }
    let content: usize = kinds.iter().map(|kind| kind.length()).sum();
    let adds_up = rest.at == content_at + kinds_length
        && kinds_length + content == length
        && content_at + on_page(length) <= PAGE_BYTES;
    adds_up.then_some(Cell { place, rowid, kinds, content_at, length, kinds_length })
}

impl Cell {
    /// The row's columns. `None` when a page it goes on to is missing.
    pub(super) fn values(&self, pages: &mut Pages) -> Option<Vec<Value>> {
        let content = self.content(pages)?;
        let mut at = self.kinds_length;
        let mut values = Vec::with_capacity(self.kinds.len());
        for kind in &self.kinds {
            let bytes = content.get(at..at + kind.length())?;
            at += kind.length();
            values.push(match kind {
                Kind::Null => Value::Null,
                Kind::Integer(_) => Value::Integer(integer(bytes)),
                Kind::Constant(value) => Value::Integer(*value),
                Kind::Blob(_) => Value::Blob(bytes.to_vec()),
                Kind::Text(_) => Value::Text(bytes.to_vec()),
            });
        }
        Some(values)
    }

    fn content(&self, pages: &mut Pages) -> Option<Vec<u8>> {
        let end = self.content_at + on_page(self.length);
        let page = pages.page(self.place.page)?;
        let mut content = page.get(self.content_at..end)?.to_vec();
        let mut next = page.get(end..end + 4).map_or(0, |bytes| word(bytes, 0));
        // Each page brings the end nearer, so a chain that bites its own tail ends too.
        while content.len() < self.length {
            let page = pages.page(next)?;
            let part = (self.length - content.len()).min(OVERFLOW_BYTES);
            content.extend_from_slice(&page[4..4 + part]);
            next = word(page, 0);
        }
        Some(content)
    }
}

impl Kind {
    fn length(self) -> usize {
        match self {
            Self::Null | Self::Constant(_) => 0,
            Self::Integer(length) | Self::Blob(length) | Self::Text(length) => length,
        }
    }

    pub(super) fn is_integer(self) -> bool {
        matches!(self, Self::Integer(_) | Self::Constant(_))
    }
}

fn kind(code: u64) -> Option<Kind> {
    let length = |code: u64| usize::try_from(code / 2).ok().filter(|&length| length <= ROW_BYTES_MAX);
    Some(match code {
        0 => Kind::Null,
        1..=4 => Kind::Integer(usize::try_from(code).ok()?),
        5 => Kind::Integer(6),
        6 => Kind::Integer(8),
        8 => Kind::Constant(0),
        9 => Kind::Constant(1),
        // Our tables have no floating point.
        7 | 10 | 11 => return None,
        even if even % 2 == 0 => Kind::Blob(length(even - 12)?),
        odd => Kind::Text(length(odd - 13)?),
    })
}

/// Bytes of a row of this length that stand on its own page.
fn on_page(length: usize) -> usize {
    if length <= LOCAL_MAX {
        return length;
    }
    let local = LOCAL_MIN + (length - LOCAL_MIN) % OVERFLOW_BYTES;
    if local <= LOCAL_MAX { local } else { LOCAL_MIN }
}

fn integer(bytes: &[u8]) -> i64 {
    let negative = bytes.first().is_some_and(|&first| first >= 0x80);
    bytes.iter().fold(if negative { -1 } else { 0 }, |value, &byte| (value << 8) | i64::from(byte))
}

fn short(page: &Page, at: usize) -> u16 {
    u16::from_be_bytes([page[at], page[at + 1]])
}

struct Reader<'p> {
    bytes: &'p Page,
    at: usize,
}

impl Reader<'_> {
    /// A number of one to nine bytes, seven bits in each but the ninth, which has eight.
    fn number(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for place in 0..9 {
            let byte = *self.bytes.get(self.at)?;
            self.at += 1;
            if place == 8 {
                return Some((value << 8) | u64::from(byte));
            }
            value = (value << 7) | u64::from(byte & 0x7F);
            if byte < 0x80 {
                break;
            }
        }
        Some(value)
    }
}
