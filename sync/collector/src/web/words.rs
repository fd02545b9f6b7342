//! Figures and moments as people read them.

use chrono::{DateTime, Utc};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// With a comma between thousands.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number up to twelve in words, as a sentence begins with it.
pub(super) fn spelled(number: usize) -> String {
    const WORDS: [&str; 13] = [
        "None", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven",
        "Twelve",
    ];
    WORDS.get(number).map_or_else(|| count(number as u64), |word| (*word).to_owned())
}

/// How long something lasted, in the unit that says it shortest.
pub(super) fn span(ms: i64) -> String {
    match ms.max(0) {
        ms if ms < MINUTE_MS => format!("{} s", ms / 1_000),
        ms if ms < HOUR_MS => format!("{} min", ms / MINUTE_MS),
        ms if ms < 3 * DAY_MS => format!("{} h", ms / HOUR_MS),
        ms => format!("{} days", ms / DAY_MS),
    }
}

/// How long ago something was; after a day, when.
pub(super) fn ago(at_ms: i64, now_ms: i64) -> String {
    match now_ms.saturating_sub(at_ms) {
        ms if ms < MINUTE_MS => "just now".into(),
        ms if ms < DAY_MS => format!("{} ago", span(ms)),
        _ => moment(at_ms),
    }
}

/// Day and time, in UTC.
pub(super) fn moment(at_ms: i64) -> String {
    at(at_ms).map_or_else(|| "–".into(), |at| at.format("%-d %b %Y, %H:%M").to_string())
}

/// A day, in UTC.
pub(super) fn day(at_ms: i64) -> String {
    at(at_ms).map_or_else(|| "–".into(), |at| at.format("%-d %b %Y").to_string())
}

/// For a program that reads the page.
pub(super) fn iso(at_ms: i64) -> String {
    at(at_ms).map_or_else(String::new, |at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
}

/// Seconds ahead or behind, with a real minus sign.
pub(super) fn offset(ms: i64) -> String {
    let tenths = ms.unsigned_abs() / 100;
    let sign = match ms {
        _ if tenths == 0 => "",
        ms if ms > 0 => "+",
        _ => "−",
    };
    match tenths {
        0..100 => format!("{sign}{}.{} s", tenths / 10, tenths % 10),
        100..6_000 => format!("{sign}{} s", tenths / 10),
        _ => format!("{sign}{}", span(i64::try_from(ms.unsigned_abs()).unwrap_or(i64::MAX))),
    }
}

/// Bytes in the unit that says them shortest.
pub(super) fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let (mut left, mut unit) = (count, 0);
    while left >= 10_000 && unit + 1 < UNITS.len() {
        left /= 1_000;
        unit += 1;
    }
    format!("{left} {}", UNITS[unit])
}

/// One thing, or several of them.
pub(super) fn plural<'w>(count: usize, one: &'w str, several: &'w str) -> &'w str {
    if count == 1 { one } else { several }
}

fn at(ms: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_written_as_people_read_them() {
        assert_eq!(
            [0, 999, 1_000, 181_446, 1_000_000].map(count),
            ["0", "999", "1,000", "181,446", "1,000,000"]
        );
        assert_eq!(
            [59_999, 119_000, 26 * HOUR_MS, 3 * DAY_MS].map(span),
            ["59 s", "1 min", "26 h", "3 days"]
        );
        assert_eq!([-40, -400, 94_000, -7_200_000].map(offset), ["0.0 s", "−0.4 s", "+94 s", "−2 h"]);
        assert_eq!([9_999, 58_000_000_000].map(bytes), ["9999 B", "58 GB"]);
        assert_eq!((spelled(2), spelled(13)), ("Two".into(), "13".into()));
        assert_eq!(ago(1_000, 62_000), "1 min ago");
    }
}
