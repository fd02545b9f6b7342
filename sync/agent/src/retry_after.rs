//! `Retry-After` (RFC 9110, section 10.2.3): how long a busy collector asks us to stay away.
//!
//! Pure. Whatever the header asks for, the result is at most [`RETRY_MAX_MS`]: a wrong figure or a wrong clock
//! at the other end must not silence a device. What cannot be read gives nothing.

use chrono::DateTime;

use afterword_protocol::limits::RETRY_MAX_MS;

/// The wait in milliseconds, from 0 to [`RETRY_MAX_MS`].
///
/// A date counts from the answer's own `Date`, so that a device with a wrong clock waits right; without one
/// it counts from `wall_ms`.
#[must_use]
pub fn retry_after_ms(value: &str, answer_date: Option<&str>, wall_ms: i64) -> Option<u64> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are more seconds than anybody waits.
        let seconds: u64 = value.parse().unwrap_or(u64::MAX);
        return Some(seconds.saturating_mul(1_000).min(RETRY_MAX_MS));
    }
    let until_ms = http_date_ms(value)?;
    let from_ms = answer_date.and_then(http_date_ms).unwrap_or(wall_ms);
    let wait_ms = u64::try_from(until_ms.saturating_sub(from_ms)).unwrap_or(0);
    Some(wait_ms.min(RETRY_MAX_MS))
}

/// An IMF-fixdate as milliseconds since 1970; servers have sent no other form since 1999.
pub(crate) fn http_date_ms(text: &str) -> Option<i64> {
    DateTime::parse_from_rfc2822(text.trim()).ok().map(|date| date.timestamp_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const LATER: &str = "Sun, 06 Nov 1994 08:50:07 GMT";
    const DATE_MS: i64 = 784_111_777_000;

    #[test]
    fn seconds_and_dates_are_obeyed_and_capped() {
        let cases: [(&str, Option<&str>, i64, Option<u64>); 13] = [
            ("30", None, 0, Some(30_000)),
            (" 0 ", None, 0, Some(0)),
            ("86400", None, 0, Some(RETRY_MAX_MS)),
            ("99999999999999999999999999", None, 0, Some(RETRY_MAX_MS)),
            // The device's clock is in 1970; the answer's own date counts.
            (LATER, Some(DATE), 0, Some(30_000)),
            (LATER, None, DATE_MS, Some(30_000)),
            (LATER, Some("yesterday"), DATE_MS + 10_000, Some(20_000)),
            (DATE, Some(LATER), 0, Some(0)),
            (LATER, None, 0, Some(RETRY_MAX_MS)),
            (DATE, None, i64::MAX, Some(0)),
            ("-5", None, 0, None),
            ("soon", None, 0, None),
            ("", None, 0, None),
        ];
        for (value, date, wall_ms, expected_ms) in cases {
            assert_eq!(retry_after_ms(value, date, wall_ms), expected_ms, "{value:?} {date:?} {wall_ms}");
        }
    }
}
