//! E-mail addresses: RFC 5321 as people write it, at signs and dots spelled out included.

use super::domain::{Domain, domain};
use super::fold::Cells;
use super::spoken::{At, at, dot_before, spaces};
use std::ops::Range;

/// RFC 5321, 4.5.3.1.1: octets of a local part.
const LONGEST_LOCAL: usize = 64;
/// "jane dot middle dot doe" has two.
const MOST_SPELLED: usize = 3;

/// Words before a social handle: what follows them and " @" is a name on some network, not a host.
#[rustfmt::skip]
const HANDLE_WORDS: [&str; 38] = [
    "follow", "us", "me", "on", "insta", "instagram", "ig", "twitter", "tiktok", "facebook", "fb", "x", "via", "by",
    "and", "folgt", "uns", "auf", "bei", "und", "von", "suivez", "nous", "sur", "et", "de", "siguenos", "sigue", "en",
    "y", "obserwuj", "na", "i", "od", "shop", "تابعونا", "علي", "من",
];

/// The cells of every address.
pub(crate) fn find(cells: &Cells) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut done = 0;
    let mut i = 0;
    while i < cells.len() {
        if let Some(span) = at(cells, i).and_then(|(to, kind)| address(cells, done, i..to, kind)) {
            done = span.end;
            i = span.end;
            spans.push(span);
        } else {
            i += 1;
        }
    }
    spans
}

/// The address around an at sign; no cell before `done` is free.
fn address(cells: &Cells, done: usize, sign: Range<usize>, kind: At) -> Option<Range<usize>> {
    let apart_left = cells.before(sign.start) == ' ';
    let apart_right = cells.at(sign.end) == ' ';
    let end = if apart_left { spaces_back(cells, sign.start) } else { sign.start };
    let mut start = local(cells, done, end)?;
    let domain = domain(cells, spaces(cells, sign.end, 2))?;
    if !convincing(cells, start..end, kind, &domain, apart_left, apart_right) {
        return None;
    }
    if kind != At::Sign || domain.spelled {
        for _ in 0..MOST_SPELLED {
            let Some(longer) = dot_before(cells, start).and_then(|dot| local(cells, done, dot)) else {
                break;
            };
            start = longer;
        }
    }
    Some(start..domain.end)
}

fn convincing(
    cells: &Cells,
    local: Range<usize>,
    kind: At,
    domain: &Domain,
    left: bool,
    right: bool,
) -> bool {
    let word: String = cells.chars(local).collect();
    // "suivez-nous @…"
    let last = word.rsplit('-').next().unwrap_or_default();
    match kind {
        At::Sign if !left && !right => true,
        // "follow us @shop.london" is a handle, "jo @example.com" an address.
        At::Sign if left && !right => domain.known && !HANDLE_WORDS.contains(&last),
        At::Sign | At::Named => domain.known,
        At::Bracketed => domain.known || domain.spelled || !left,
        // "look at example.com" is advice; "jane.doe at example.com" is not.
        At::Vague => {
            let telling = word.contains(|ch: char| ch.is_ascii_digit() || ch == '.' || ch == '_')
                && word.contains(char::is_alphabetic);
            domain.known && (domain.spelled || domain.provider || telling)
        }
    }
}

/// One past the last cell before `end` that is no space, at most two back.
fn spaces_back(cells: &Cells, end: usize) -> usize {
    let one = end.saturating_sub(1);
    if cells.before(one) == ' ' { one.saturating_sub(1) } else { one }
}

/// Where the local part that ends before cell `end` begins: of one script, as a label of a domain is.
fn local(cells: &Cells, done: usize, end: usize) -> Option<usize> {
    let mut ascii = None;
    let mut start = end;
    // The first letter or digit, without the punctuation before it.
    let mut first = None;
    while start > done && end - start < LONGEST_LOCAL {
        let ch = cells.before(start);
        if ch.is_alphabetic() {
            if *ascii.get_or_insert(ch.is_ascii()) != ch.is_ascii() {
                break;
            }
        } else if !ch.is_ascii_digit() && !matches!(ch, '.' | '_' | '%' | '+' | '-' | '&' | '\'' | '~') {
            break;
        }
        start -= 1;
        if ch.is_alphanumeric() || ch == '_' {
            first = Some(start);
        }
    }
    first
}
