//! Decimal digits of many scripts, and the groups of digits a number is written in.

use super::fold::Cells;

/// Where the ten digits of a script begin (Unicode general category Nd): Arabic-Indic, Extended Arabic-Indic,
/// Devanagari, Bengali, Thai, full-width; then the styled ones.
const ZEROS: [u32; 11] =
    [0x660, 0x6f0, 0x966, 0x9e6, 0xe50, 0xff10, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6];

/// The ASCII digit a digit of another script stands for.
pub(crate) fn ascii(ch: char) -> Option<char> {
    let code = u32::from(ch);
    let value = ZEROS.iter().find_map(|zero| code.checked_sub(*zero).filter(|value| *value < 10));
    value.and_then(|value| char::from_digit(value, 10))
}

/// What stands between two groups of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap {
    /// The separator: a space if there is nothing but white space, a bracket if nothing but brackets and spaces.
    pub(crate) mark: char,
    /// Whether there is white space around it. Without any, the two groups are surely one number.
    pub(crate) spaced: bool,
}

/// A run of digits, and how the next run is joined to it, if it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Group {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) gap: Option<Gap>,
}

impl Group {
    pub(crate) fn len(&self) -> usize {
        self.to.saturating_sub(self.from)
    }

    /// The value of up to nine digits; longer groups are none of the small numbers anyone asks for.
    pub(crate) fn value(&self, cells: &Cells) -> Option<u32> {
        if self.len() > 9 {
            return None;
        }
        cells.chars(self.from..self.to).try_fold(0, |sum: u32, ch| Some(sum * 10 + ch.to_digit(10)?))
    }
}

/// `" / ("` is the longest anyone types between two groups.
const WIDEST_GAP: usize = 4;

/// All groups of digits, in order.
pub(crate) fn groups(cells: &Cells) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut i = 0;
    while i < cells.len() {
        if !cells.at(i).is_ascii_digit() {
            i += 1;
            continue;
        }
        let from = i;
        while cells.at(i).is_ascii_digit() {
            i += 1;
        }
        if let Some(last) = groups.last_mut() {
            last.gap = gap(cells, last.to, from);
        }
        groups.push(Group { from, to: i, gap: None });
    }
    groups
}

fn gap(cells: &Cells, from: usize, to: usize) -> Option<Gap> {
    if to.saturating_sub(from) > WIDEST_GAP {
        return None;
    }
    let mut gap = Gap { mark: ' ', spaced: false };
    for ch in cells.chars(from..to) {
        match ch {
            ' ' => gap.spaced = true,
            '(' | ')' if gap.mark == ' ' => gap.mark = ch,
            '(' | ')' => {}
            '-' | '.' | '/' | '_' | '~' | '*' | '|' | '\\' | '\'' | '=' | '…' | ',' => gap.mark = ch,
            _ => return None,
        }
    }
    // ", " ends one thing and begins another; "1,5" is one thing.
    (gap.mark != ',' || to.saturating_sub(from) == 1).then_some(gap)
}
