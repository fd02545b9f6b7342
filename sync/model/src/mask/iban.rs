//! International bank account numbers: ISO 13616-1, lengths from the registry SWIFT keeps for it.

use super::fold::Cells;
use std::ops::Range;

/// Characters of an IBAN by country, country code and check digits included.
const LENGTHS: &[(&str, usize)] = &[
    ("ad", 24),
    ("ae", 23),
    ("al", 28),
    ("at", 20),
    ("az", 28),
    ("ba", 20),
    ("be", 16),
    ("bg", 22),
    ("bh", 22),
    ("bi", 27),
    ("br", 29),
    ("by", 28),
    ("ch", 21),
    ("cr", 22),
    ("cy", 28),
    ("cz", 24),
    ("de", 22),
    ("dj", 27),
    ("dk", 18),
    ("do", 28),
    ("dz", 26),
    ("ee", 20),
    ("eg", 29),
    ("es", 24),
    ("fi", 18),
    ("fk", 18),
    ("fo", 18),
    ("fr", 27),
    ("gb", 22),
    ("ge", 22),
    ("gi", 23),
    ("gl", 18),
    ("gr", 27),
    ("gt", 28),
    ("hr", 21),
    ("hu", 28),
    ("ie", 22),
    ("il", 23),
    ("iq", 23),
    ("is", 26),
    ("it", 27),
    ("jo", 30),
    ("kw", 30),
    ("kz", 20),
    ("lb", 28),
    ("lc", 32),
    ("li", 21),
    ("lt", 20),
    ("lu", 20),
    ("lv", 21),
    ("ly", 25),
    ("ma", 28),
    ("mc", 27),
    ("md", 24),
    ("me", 22),
    ("mk", 19),
    ("mn", 20),
    ("mr", 27),
    ("mt", 31),
    ("mu", 30),
    ("ni", 28),
    ("nl", 18),
    ("no", 15),
    ("om", 23),
    ("pk", 24),
    ("pl", 28),
    ("ps", 29),
    ("pt", 25),
    ("qa", 29),
    ("ro", 24),
    ("rs", 22),
    ("ru", 33),
    ("sa", 24),
    ("sc", 31),
    ("sd", 18),
    ("se", 24),
    ("si", 19),
    ("sk", 24),
    ("sm", 27),
    ("so", 23),
    ("st", 25),
    ("sv", 28),
    ("tl", 23),
    ("tn", 24),
    ("tr", 26),
    ("ua", 29),
    ("va", 22),
    ("vg", 24),
    ("xk", 20),
    ("ye", 30),
];

/// At most two separators in a row are looked across ("DE89 - 3704" has three, and nobody types that).
const WIDEST_GAP: usize = 2;

/// The cells of every IBAN. It may touch letters on both sides: the check digits say where it begins and ends.
pub(crate) fn find(cells: &Cells) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut i = 0;
    while i < cells.len() {
        if let Some(end) = end(cells, i) {
            spans.push(i..end);
            i = end;
        } else {
            i += 1;
        }
    }
    spans
}

/// One past the last cell of the IBAN that begins at `start`.
fn end(cells: &Cells, start: usize) -> Option<usize> {
    let country = [cells.at(start), cells.at(start + 1)];
    // Most cells are no country's; the table is for those that may be.
    if !country.iter().all(char::is_ascii_alphabetic) || cells.at(start + 2).is_alphabetic() {
        return None;
    }
    let (_, length) = LENGTHS.iter().find(|(code, _)| code.chars().eq(country))?;
    let mut read: Vec<char> = Vec::with_capacity(*length);
    let mut i = start;
    let mut skipped = 0;
    while read.len() < *length {
        let ch = cells.at(i);
        if ch.is_ascii_alphanumeric() {
            // The two check digits are digits; everything after may be letters too.
            if matches!(read.len(), 2 | 3) && !ch.is_ascii_digit() {
                return None;
            }
            read.push(ch);
            skipped = 0;
        } else if matches!(ch, ' ' | '-' | '.' | '_' | '/') && skipped < WIDEST_GAP && read.len() >= 2 {
            skipped += 1;
        } else {
            return None;
        }
        i += 1;
    }
    // A run of digits that goes on is some longer number.
    let cut = cells.before(i).is_ascii_digit() && cells.at(i).is_ascii_digit();
    (!cut && checks(&read)).then_some(i)
}

/// ISO 13616-1: the first four characters moved to the end, letters as 10 to 35, the number is 1 modulo 97.
fn checks(read: &[char]) -> bool {
    let Some((head, tail)) = read.split_at_checked(4) else { return false };
    let rest = tail.iter().chain(head).try_fold(0_u32, |rest, ch| {
        let value = ch.to_digit(36)?;
        Some((rest * if value < 10 { 10 } else { 100 } + value) % 97)
    });
    rest == Some(1)
}
