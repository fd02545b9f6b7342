//! The part of an e-mail address after the at sign.

use super::fold::Cells;
use super::spoken::{Dot, dot};

/// A domain name, and what speaks for its being one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Domain {
    /// One past its last cell.
    pub(crate) end: usize,
    /// Whether it ends in a top-level label of [`KNOWN`].
    pub(crate) known: bool,
    /// Whether a dot in it is spelled out.
    pub(crate) spelled: bool,
    /// Whether its first label is a mail provider's.
    pub(crate) provider: bool,
}

/// Generic top-level labels shoppers have addresses under, those of countries around the languages shipped, and
/// "example" of RFC 2606. Others are taken too where the at sign stands close.
#[rustfmt::skip]
const KNOWN: &[&str] = &[
    "com", "org", "net", "edu", "gov", "info", "biz", "name", "pro", "mobi", "eu", "example",
    "app", "dev", "io", "me", "online", "shop", "store", "xyz", "email", "mail", "cloud", "site", "tech", "live",
    "uk", "ie", "us", "ca", "au", "nz", "za", "co", "scot", "wales", "cymru", "london",
    "de", "at", "ch", "li", "berlin", "bayern", "koeln", "hamburg", "wien",
    "fr", "be", "lu", "mc", "re", "bzh", "corsica", "paris", "brussels",
    "es", "mx", "ar", "cl", "pe", "ve", "uy", "ec", "cat", "eus", "gal", "br", "pt",
    "pl", "cz", "sk", "lt", "lv", "ee", "ua", "by", "ru", "ro", "bg", "hu", "si", "hr", "rs",
    "eg", "sa", "ae", "ma", "dz", "tn", "ly", "sd", "jo", "lb", "sy", "iq", "kw", "qa", "bh", "om", "ye", "ps", "tr",
    "it", "nl", "dk", "se", "no", "fi", "is", "gr", "cy", "mt", "il", "in", "cn", "jp", "kr",
    "مصر", "السعوديه", "امارات", "المغرب", "شبكه",
];

/// Hosts whose name alone, without ".com", says that the word before is an address.
const PROVIDERS: [&str; 12] = [
    "gmail",
    "googlemail",
    "hotmail",
    "outlook",
    "yahoo",
    "icloud",
    "gmx",
    "protonmail",
    "proton",
    "aol",
    "tonline",
    "msn",
];

const LONGEST_LABEL: usize = 63;
const MOST_LABELS: usize = 6;

/// The domain that begins at cell `from`. It goes as far as the last label that is a known top-level one, so that a
/// sentence begun without a space ("jo@example.com.Thanks") is left out; failing that, as far as it looks like one.
pub(crate) fn domain(cells: &Cells, from: usize) -> Option<Domain> {
    let mut i = label(cells, from)?;
    let provider = PROVIDERS.contains(&word(cells, from, i).as_str());
    let mut best = None;
    let mut spelled = false;
    for _ in 0..MOST_LABELS {
        let Some((next, kind)) = dot(cells, i) else { break };
        let Some(end) = label(cells, next) else { break };
        // "com07700900123" and "com-thanks" begin with the label we want.
        let head = next + cells.chars(next..end).take_while(|ch| ch.is_alphabetic()).count();
        let top = word(cells, next, head);
        let known = KNOWN.contains(&top.as_str());
        let sure = match kind {
            Dot::Plain | Dot::Spelled => true,
            Dot::Comma => known,
            Dot::Spaced => matches!(top.as_str(), "com" | "org" | "net"),
        };
        if !sure {
            break;
        }
        spelled |= kind == Dot::Spelled;
        let found = Domain { end: head, known, spelled, provider };
        let fallback = kind == Dot::Plain && head == end && head > next + 1;
        if known || fallback && best.is_none_or(|best: Domain| !best.known) {
            best = Some(found);
        }
        if head < end && known {
            break;
        }
        i = end;
    }
    best.or_else(|| {
        provider.then(|| label(cells, from)).flatten().map(|end| Domain {
            end,
            known: false,
            spelled,
            provider,
        })
    })
}

fn word(cells: &Cells, from: usize, to: usize) -> String {
    cells.chars(from..to).collect()
}

/// One past the last cell of the label that begins at `from`: of one script, so that a word glued on in another stays.
fn label(cells: &Cells, from: usize) -> Option<usize> {
    let ascii = cells.at(from).is_ascii();
    let mut i = from;
    while i < from + LONGEST_LABEL {
        let ch = cells.at(i);
        let inside = i > from && ch == '-' && (cells.at(i + 1).is_alphanumeric() || cells.at(i + 1) == '-');
        if !(inside || ch.is_alphanumeric() && (ch.is_ascii() == ascii || ch.is_ascii_digit())) {
            break;
        }
        i += 1;
    }
    (i > from).then_some(i)
}
