//! At signs and dots, also where they are spelled out to hide an address from machines.

use super::fold::Cells;

/// How an at sign is written; the weaker ones ask more of what is around them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    Sign,
    /// "(at)", "[arroba]", "(@)", "_at_".
    Bracketed,
    /// " arobase ": a word used for nothing else.
    Named,
    /// " at ", "(a)": a word or letter with other uses.
    Vague,
}

/// How a dot is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dot {
    Plain,
    /// " dot ", "[punkt]".
    Spelled,
    /// " ." or ". ", as phones with helpful keyboards make it.
    Spaced,
    /// The comma next to it on the keyboard.
    Comma,
}

const AT_NAMES: [&str; 11] = [
    "arobase",
    "arobas",
    "arroba",
    "malpa",
    "malpka",
    "klammeraffe",
    "atsign",
    "snabela",
    "اروباس",
    "ات",
    "ايت",
];
const DOTS: [&str; 8] = ["dot", "punkt", "point", "punto", "kropka", "دوت", "نقطه", "نقطة"];

/// The at sign that begins at cell `i`: one past its end, and how it is written.
pub(crate) fn at(cells: &Cells, i: usize) -> Option<(usize, At)> {
    let ch = cells.at(i);
    if ch == '@' {
        // "jo@@example.com" is a typing slip.
        if cells.before(i) == '@' {
            return None;
        }
        let end = (i..cells.len()).find(|i| cells.at(*i) != '@').unwrap_or(cells.len());
        return Some((end, At::Sign));
    }
    if let Some(close) = closing(ch) {
        let inner = spaces(cells, i + 1, 1);
        let (end, at) = if cells.at(inner) == '@' {
            (inner + 1, At::Bracketed)
        } else {
            let (end, word) = word(cells, inner)?;
            let vague = word == "a";
            (vague || word == "at" || AT_NAMES.contains(&word.as_str()))
                .then_some((end, if vague { At::Vague } else { At::Bracketed }))?
        };
        let end = spaces(cells, end, 1);
        return (cells.at(end) == close).then_some((end + 1, at));
    }
    if !matches!(ch, ' ' | '_' | '*') {
        return None;
    }
    let (end, word) = word(cells, i + 1)?;
    let at = match word.as_str() {
        "at" if ch == ' ' => At::Vague,
        "at" => At::Bracketed,
        name if AT_NAMES.contains(&name) => At::Named,
        _ => return None,
    };
    (cells.at(end) == ch).then_some((end + 1, at))
}

/// The dot that begins at cell `i`: one past its end, and how it is written.
pub(crate) fn dot(cells: &Cells, i: usize) -> Option<(usize, Dot)> {
    let next = cells.at(i + 1);
    match cells.at(i) {
        '.' if next.is_alphanumeric() => return Some((i + 1, Dot::Plain)),
        '.' if next == ' ' => return Some((i + 2, Dot::Spaced)),
        ',' if next.is_alphabetic() => return Some((i + 1, Dot::Comma)),
        _ => {}
    }
    let open = spaces(cells, i, 2);
    if let Some(close) = closing(cells.at(open)) {
        let inner = open + 1;
        let end = if cells.at(inner) == '.' { inner + 1 } else { named(cells, inner)? };
        return (cells.at(end) == close).then(|| (spaces(cells, end + 1, 2), Dot::Spelled));
    }
    if open > i && cells.at(open) == '.' {
        return Some((spaces(cells, open + 1, 1), Dot::Spaced));
    }
    let edge = if open > i { ' ' } else { cells.at(open) };
    let from = if matches!(edge, '_' | '*') { open + 1 } else { open };
    let end = (from > i).then(|| named(cells, from))??;
    (cells.at(end) == edge).then(|| (spaces(cells, end + 1, 1), Dot::Spelled))
}

/// Where the spelled dot that ends before cell `end` begins.
pub(crate) fn dot_before(cells: &Cells, end: usize) -> Option<usize> {
    // Two brackets, four spaces and the longest name: fourteen cells.
    let first = end.saturating_sub(14);
    (first..end).find(|i| {
        cells.before(*i).is_alphanumeric() && matches!(dot(cells, *i), Some((to, Dot::Spelled)) if to == end)
    })
}

fn named(cells: &Cells, i: usize) -> Option<usize> {
    let (end, word) = word(cells, i)?;
    DOTS.contains(&word.as_str()).then_some(end)
}

/// The word that begins at cell `i`, if it is short enough to be any of the names, and one past its end.
fn word(cells: &Cells, i: usize) -> Option<(usize, String)> {
    let word: String =
        cells.chars(i..(i + 12).min(cells.len())).take_while(|ch| ch.is_alphabetic()).collect();
    let end = i + word.chars().count();
    (end > i && !cells.at(end).is_alphanumeric()).then_some((end, word))
}

/// The first of at most `most` cells from `i` on that is no space.
pub(crate) fn spaces(cells: &Cells, i: usize, most: usize) -> usize {
    (i..i + most).find(|i| cells.at(*i) != ' ').unwrap_or(i + most)
}

fn closing(open: char) -> Option<char> {
    match open {
        '(' => Some(')'),
        '[' => Some(']'),
        '{' => Some('}'),
        '<' => Some('>'),
        _ => None,
    }
}
