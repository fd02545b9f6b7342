//! Masks personal data in what a shopper typed, before any of it is written to disk.
//!
//! Four kinds are looked for, in this order, since each later one would tear the earlier apart:
//!
//! | kind | rule | source |
//! |---|---|---|
//! | e-mail address | local part, at sign (typed or spelled out), domain with a top-level label | RFC 5321 |
//! | IBAN | country, its length in characters, check digits modulo 97 | ISO 13616-1, ISO/IEC 7064 |
//! | payment card | issuer prefix, 14 to 19 digits, Luhn check digit | ISO/IEC 7812-1 |
//! | phone number | `+` or `00`, or a national way of writing it; at most 15 digits | ITU-T E.164, E.123 |
//!
//! Digits may be ASCII, Arabic-Indic, Extended Arabic-Indic, full-width and some more; separators may be any white
//! space but a line break, dashes, dots, slashes and brackets; bidi marks are looked through and go with the span.

mod calendar;
mod card;
mod digits;
mod domain;
mod email;
mod fold;
mod iban;
mod phone;
mod plan;
mod spoken;
mod units;
mod words;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use fold::Cells;

/// What stands for a masked span: three bullets, the same in every language.
pub const MARK: &str = "•••";

/// No text is looked at more often than this, which keeps the time linear. A text still changing after so many looks
/// is no comment (none of the corpus needs more than two, the one that finds nothing included).
const LOOKS: usize = 8;

/// A comment without its personal data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Masked {
    /// The comment, each span replaced by [`MARK`]; never more characters than came in.
    pub text: String,
    /// How many spans of each kind were replaced.
    pub spans: Spans,
}

/// Counts of replaced spans, one per kind; each stops at 65 535.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Spans {
    /// Phone numbers (E.164, E.123 and national ways of writing).
    #[serde(skip_serializing_if = "is_zero")]
    pub phones: u16,
    /// E-mail addresses, obfuscated ones too.
    #[serde(skip_serializing_if = "is_zero")]
    pub emails: u16,
    /// Payment card numbers (ISO/IEC 7812-1).
    #[serde(skip_serializing_if = "is_zero")]
    pub cards: u16,
    /// International bank account numbers (ISO 13616-1).
    #[serde(skip_serializing_if = "is_zero")]
    pub ibans: u16,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u16) -> bool {
    *count == 0
}

impl Spans {
    /// Whether nothing was replaced.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// These and others.
    #[must_use]
    pub fn and(self, others: Self) -> Self {
        Self {
            phones: self.phones.saturating_add(others.phones),
            emails: self.emails.saturating_add(others.emails),
            cards: self.cards.saturating_add(others.cards),
            ibans: self.ibans.saturating_add(others.ibans),
        }
    }
}

type Finder = fn(&Cells) -> Vec<Range<usize>>;

/// Replaces every phone number, e-mail address, card number and IBAN in `text` by [`MARK`].
///
/// Any text will do, of any length; time and memory grow linearly with it. Masking what is masked changes nothing.
///
/// ```
/// let masked = afterword_model::mask::mask("call 07700 900123 or jo@example.com");
/// assert_eq!(masked.text, "call ••• or •••");
/// assert_eq!((masked.spans.phones, masked.spans.emails), (1, 1));
/// ```
#[must_use]
pub fn mask(text: &str) -> Masked {
    let mut cells = Cells::of(text);
    let mut spans = Spans::default();
    let mut found = Vec::new();
    // A masked span can free its neighbours ("a@b.com07700900123"), so look until there is nothing more to see: the
    // result is then its own result by construction.
    for _ in 0..LOOKS {
        let before = found.len();
        let finders: [(Finder, &mut u16); 4] = [
            (email::find, &mut spans.emails),
            (iban::find, &mut spans.ibans),
            (card::find, &mut spans.cards),
            (phone::find, &mut spans.phones),
        ];
        for (find, count) in finders {
            for range in find(&cells) {
                cells.blank(&range);
                *count = count.saturating_add(1);
                found.push(range);
            }
        }
        if found.len() == before {
            return Masked { text: replaced(text, &cells, found), spans };
        }
    }
    // Whoever wove a text that is still changing wrote no comment; losing it is the safe side.
    Masked { text: MARK.to_owned(), spans }
}

fn replaced(text: &str, cells: &Cells, mut found: Vec<Range<usize>>) -> String {
    found.sort_unstable_by_key(|range| range.start);
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for bytes in found.iter().filter_map(|range| cells.bytes(range)) {
        out.push_str(text.get(done..bytes.start).unwrap_or_default());
        out.push_str(MARK);
        done = bytes.end;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}
