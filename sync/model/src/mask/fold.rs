//! The text as the finders see it: one cell for each visible character, the many ways of writing the same character
//! folded into one. A cell knows the bytes it came from, so a span found in cells can be cut out of the text.

use super::digits;
use std::ops::Range;

/// What lies before the first and after the last cell: no finder reaches across it.
pub(crate) const EDGE: char = '\n';
/// What a masked cell holds: no finder reaches across it either, just as in a text that came in masked.
pub(crate) const MASKED: char = '•';

struct Cell {
    ch: char,
    start: usize,
    end: usize,
}

/// The visible characters of a text, folded.
pub(crate) struct Cells(Vec<Cell>);

impl Cells {
    pub(crate) fn of(text: &str) -> Self {
        let mut cells: Vec<Cell> = Vec::with_capacity(text.len());
        for (start, ch) in text.char_indices() {
            let end = start + ch.len_utf8();
            if extends(ch) {
                // An accent or a keycap belongs to what it sits on, and has to go with it.
                if let Some(last) = cells.last_mut() {
                    last.end = end;
                }
            } else if !hidden(ch) {
                cells.push(Cell { ch: folded(ch), start, end });
            }
        }
        Self(cells)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The character of cell `i`, or [`EDGE`] beyond the last.
    pub(crate) fn at(&self, i: usize) -> char {
        self.0.get(i).map_or(EDGE, |cell| cell.ch)
    }

    /// The character just before cell `i`, or [`EDGE`].
    pub(crate) fn before(&self, i: usize) -> char {
        i.checked_sub(1).map_or(EDGE, |i| self.at(i))
    }

    /// The characters of `range`, as far as there are any.
    pub(crate) fn chars(&self, range: Range<usize>) -> impl DoubleEndedIterator<Item = char> {
        self.0.get(range).unwrap_or_default().iter().map(|cell| cell.ch)
    }

    pub(crate) fn blank(&mut self, range: &Range<usize>) {
        for cell in self.0.get_mut(range.clone()).unwrap_or_default() {
            cell.ch = MASKED;
        }
    }

    /// The bytes the cells of `range` came from, invisible marks between them included.
    pub(crate) fn bytes(&self, range: &Range<usize>) -> Option<Range<usize>> {
        let cells = self.0.get(range.clone())?;
        Some(cells.first()?.start..cells.last()?.end)
    }
}

/// Combining marks, Arabic vowel signs, variation selectors, keycaps and tags.
fn extends(ch: char) -> bool {
    matches!(ch, '\u{300}'..='\u{36f}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6dc}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}')
}

/// Marks that show nothing (bidi, joiners, soft hyphen, byte order) and the tatweel, which only stretches.
fn hidden(ch: char) -> bool {
    matches!(ch, '\u{ad}' | '\u{61c}' | '\u{640}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn folded(ch: char) -> char {
    if ch.is_ascii() {
        return match ch {
            '\t' => ' ',
            _ => ch.to_ascii_lowercase(),
        };
    }
    if let Some(digit) = digits::ascii(ch) {
        return digit;
    }
    // U+FF01..U+FF5E are ASCII 0x21..0x7E at full width.
    if matches!(ch, '\u{ff01}'..='\u{ff5e}') {
        return u32::from(ch).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(ch).to_ascii_lowercase();
    }
    match ch {
        '\u{85}' | '\u{2028}' | '\u{2029}' => EDGE,
        '\u{2010}'..='\u{2015}' | '\u{2043}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' => '-',
        '\u{b7}' | '\u{2024}' | '\u{2027}' | '\u{22c5}' | '\u{3002}' | '\u{fe52}' | '\u{ff61}'
        | '\u{6d4}' => '.',
        '\u{60c}' | '\u{66b}' | '\u{66c}' | '\u{201a}' | '\u{3001}' => ',',
        '\u{2044}' | '\u{2215}' => '/',
        '\u{fe6b}' => '@',
        '\u{fe62}' | '\u{2795}' => '+',
        '\u{2019}' | '\u{2018}' | '\u{2bc}' => '\'',
        _ if ch.is_whitespace() => ' ',
        _ => unaccented(ch.to_lowercase().next().unwrap_or(ch)),
    }
}

/// Words are compared without accents: half of all shoppers type none.
fn unaccented(ch: char) -> char {
    match ch {
        'à'..='å' | 'ą' | 'ª' => 'a',
        'ç' | 'ć' => 'c',
        'è'..='ë' | 'ę' => 'e',
        'ì'..='ï' => 'i',
        'ł' => 'l',
        'ñ' | 'ń' => 'n',
        'ò'..='ö' | 'ø' | 'º' => 'o',
        'ś' | 'ß' => 's',
        'ù'..='ü' => 'u',
        'ý' | 'ÿ' => 'y',
        'ź' | 'ż' => 'z',
        'أ' | 'إ' | 'آ' | 'ٱ' => 'ا',
        'ة' => 'ه',
        'ى' | 'ی' | 'ئ' => 'ي',
        'ک' => 'ك',
        _ => ch,
    }
}
