//! Holds a workbook against its bounds before anything believes it.
//!
//! The sizes in a ZIP archive are claims, and `calamine` trusts more claims in the XML: it makes room for as many shared
//! strings as are announced, and computes with the cells' places as they stand. So every part is unpacked here once, up
//! to a bound, and looked through for such claims that no program writes.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::error::ImportError;
use super::limits::UNPACKED_BYTES_MAX;

/// Letters of the last column, XFD, and digits of the last row, 1048576.
const PLACE_LETTERS_MAX: usize = 3;
const PLACE_DIGITS_MAX: usize = 7;

/// What only a part that is a sheet holds.
const SHEET: &[u8] = b"sheetData";

/// Whether the workbook keeps within the bounds.
///
/// # Errors
/// [`ImportError::NotAWorkbook`] and [`ImportError::Bomb`].
pub(super) fn check(bytes: &[u8]) -> Result<(), ImportError> {
    let damaged = |why: String| ImportError::NotAWorkbook { why };
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(error.to_string()))?;
    let mut left = UNPACKED_BYTES_MAX;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|error| damaged(error.to_string()))?;
        let mut content = Vec::new();
        // One byte more than may be left tells "just enough" from "too much".
        part.take(left + 1).read_to_end(&mut content).map_err(|error| damaged(error.to_string()))?;
        left = left.checked_sub(content.len() as u64).ok_or(ImportError::Bomb)?;
        // UTF-16 has a zero beside each of the characters looked for.
        content.retain(|&byte| byte != 0);
        if !announcements(&content).all(|announced| announced <= content.len() / SHORTEST_TEXT) {
            return Err(damaged("it announces more texts than it has".into()));
        }
        let is_sheet = content.windows(SHEET.len()).any(|window| window == SHEET);
        if is_sheet && !places(&content).all(is_place) {
            return Err(damaged("a cell stands beyond the edge of any sheet".into()));
        }
    }
    Ok(())
}

/// An empty shared text, `<si/>`.
const SHORTEST_TEXT: usize = 5;

/// Every number of shared strings that is announced.
fn announcements(content: &[u8]) -> impl Iterator<Item = usize> {
    values(content, b"uniqueCount").map(|value| {
        let text = std::str::from_utf8(value).unwrap_or_default();
        if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().unwrap_or(usize::MAX) } else { 0 }
    })
}

/// Every place of a row, a cell or a range.
fn places(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    let ranges = values(content, b"ref").flat_map(|range| range.split(|&byte| byte == b':'));
    values(content, b"r").chain(ranges)
}

/// Anything that is no place at all is refused by the reader itself.
fn is_place(place: &[u8]) -> bool {
    let letters = place.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let digits = place[letters..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    letters <= PLACE_LETTERS_MAX && digits <= PLACE_DIGITS_MAX
}

/// The values of all attributes of that name.
fn values<'c>(content: &'c [u8], name: &'static [u8]) -> impl Iterator<Item = &'c [u8]> {
    content.windows(name.len()).enumerate().filter(move |(_, window)| *window == name).filter_map(
        move |(at, _)| {
            at.checked_sub(1)
                .and_then(|before| content.get(before))
                .filter(|byte| byte.is_ascii_whitespace())?;
            let after = content.get(at + name.len()..)?.trim_ascii_start();
            let value = after.strip_prefix(b"=")?.trim_ascii_start();
            let (&quote, value) = value.split_first().filter(|(quote, _)| matches!(quote, b'"' | b'\''))?;
            value.split(|&byte| byte == quote).next()
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_found_however_they_are_spaced() {
        let xml = b"<sst count=\"1\" uniqueCount = '99'><row r=\"7\"><c\nr=\"AB12\" s=\"1\"/><dimension ref=\"A1:XFD1048576\"/>";
        assert_eq!(announcements(xml).collect::<Vec<_>>(), [99]);
        assert_eq!(places(xml).collect::<Vec<_>>(), [&b"7"[..], b"AB12", b"A1", b"XFD1048576"]);
        assert!(places(xml).all(is_place));
        for beyond in [&b"A99999999"[..], b"ABCD1", b"4294967296"] {
            assert!(!is_place(beyond));
        }
    }
}
