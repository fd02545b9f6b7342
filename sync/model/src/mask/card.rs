//! Payment card numbers: ISO/IEC 7812-1 (issuer identification number in front, Luhn check digit at the end).

use super::digits::{Group, groups};
use super::fold::Cells;
use std::ops::Range;

/// First digits an issuer's numbers lie between (as many digits as both have), and how long they are.
struct Issuer(&'static str, &'static str, Range<usize>);

/// From what the schemes publish, 14 to 19 digits only: thirteen are an EAN.
const ISSUERS: &[Issuer] = &[
    Issuer("4", "4", 16..20),       // Visa, with mada and Cartes Bancaires
    Issuer("51", "55", 16..17),     // Mastercard
    Issuer("2221", "2720", 16..17), // Mastercard
    Issuer("34", "34", 15..16),     // American Express
    Issuer("37", "37", 15..16),     // American Express
    Issuer("300", "305", 14..20),   // Diners Club
    Issuer("3095", "3095", 14..20), // Diners Club
    Issuer("36", "36", 14..20),     // Diners Club
    Issuer("38", "39", 14..20),     // Diners Club
    Issuer("3528", "3589", 16..20), // JCB
    Issuer("6011", "6011", 16..20), // Discover
    Issuer("644", "659", 16..20),   // Discover
    Issuer("62", "62", 16..20),     // UnionPay
    Issuer("50", "50", 14..20),     // Maestro, with Meeza of Egypt
    Issuer("56", "58", 14..20),     // Maestro
    Issuer("63", "63", 14..20),     // Maestro
    Issuer("67", "67", 14..20),     // Maestro, with girocard
    Issuer("2200", "2204", 16..20), // Mir
    Issuer("9682", "9682", 16..17), // mada
    Issuer("9792", "9792", 16..17), // Troy
];

const LONGEST: usize = 19;

/// The cells of every card number. A word like "receipt" before it saves none: a receipt number lost costs less than
/// a card number kept.
pub(crate) fn find(cells: &Cells) -> Vec<Range<usize>> {
    let groups = groups(cells);
    let mut spans: Vec<Range<usize>> = Vec::new();
    for (i, group) in groups.iter().enumerate() {
        if spans.last().is_some_and(|last| group.from < last.end) {
            continue;
        }
        if let Some(end) = end(cells, groups.get(i..).unwrap_or_default()) {
            spans.push(group.from..end);
        }
    }
    spans
}

/// One past the last cell of the longest card number that begins with the first of `groups`.
fn end(cells: &Cells, groups: &[Group]) -> Option<usize> {
    let mut digits = String::new();
    let mut best = None;
    let (mut shortest, mut longest) = (usize::MAX, 0);
    let mut plain = true;
    for group in groups {
        if digits.len() + group.len() > LONGEST {
            break;
        }
        digits.extend(cells.chars(group.from..group.to));
        (shortest, longest) = (shortest.min(group.len()), longest.max(group.len()));
        // Dates and times are short groups with dots and slashes between; cards are not.
        let shaped = shortest >= if plain { 2 } else { 3 } || plain && longest == 1;
        if shaped && issued(&digits) && luhn(&digits) {
            best = Some(group.to);
        }
        match group.gap {
            // Commas are between amounts, but not after every fourth digit.
            Some(gap) if gap.mark == ',' && (shortest, longest) == (4, 4) => {}
            Some(gap) if gap.mark != ',' => plain &= matches!(gap.mark, ' ' | '-'),
            _ => break,
        }
    }
    best
}

fn issued(digits: &str) -> bool {
    ISSUERS.iter().any(|Issuer(low, high, lengths)| {
        let head = digits.get(..low.len()).unwrap_or_default();
        lengths.contains(&digits.len()) && head >= *low && head <= *high
    })
}

/// ISO/IEC 7812-1 annex B: every second digit from the right doubled, nines cast out, the sum a multiple of ten.
fn luhn(digits: &str) -> bool {
    let values = digits.bytes().rev().map(|byte| u32::from(byte.saturating_sub(b'0')));
    let sum: u32 = values
        .enumerate()
        .map(|(place, value)| match (place % 2, value * 2) {
            (0, _) => value,
            (_, twice @ 0..=9) => twice,
            (_, twice) => twice - 9,
        })
        .sum();
    sum.is_multiple_of(10)
}
