//! Days as people type them.

use chrono::{Days, NaiveDate};

/// Why something typed is no range of days.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoRange {
    /// Nothing of the kind.
    #[error(
        "`{0}` is no range; give today, 7d, 30d, 90d, a day as in 2026-11-01, or two of them with .. between"
    )]
    Unknown(String),
    /// The wrong way round.
    #[error("the range begins on {from}, after it ends on {to}; give the earlier day first")]
    Backwards {
        /// The first day typed.
        from: NaiveDate,
        /// The second.
        to: NaiveDate,
    },
    /// Nobody counts so far.
    #[error("such days are beyond all calendars; give some of these years")]
    Beyond,
}

/// The first and the last day of a range as it was typed: `today`, so many days with a `d` behind, one day as YYYY-MM-DD, or two of them with
/// `..` between.
///
/// # Errors
/// [`NoRange`].
pub fn days(range: &str, today: NaiveDate) -> Result<(NaiveDate, NaiveDate), NoRange> {
    let unknown = || NoRange::Unknown(range.chars().take(40).collect());
    let back = |days| today.checked_sub_days(Days::new(days)).ok_or(NoRange::Beyond);
    let day = |text: &str| text.parse::<NaiveDate>().map_err(|_| unknown());
    let (from, to) = match range {
        "today" => (today, today),
        "7d" => (back(6)?, today),
        "30d" => (back(29)?, today),
        "90d" => (back(89)?, today),
        _ => match range.split_once("..") {
            Some((from, to)) => (day(from)?, day(to)?),
            None => (day(range)?, day(range)?),
        },
    };
    if from > to { Err(NoRange::Backwards { from, to }) } else { Ok((from, to)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_as_people_write_it() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let today = day("2026-11-29");
        assert_eq!(days("today", today).unwrap(), (today, today));
        assert_eq!(days("30d", today).unwrap(), (day("2026-10-31"), today));
        assert_eq!(days("2026-10-01..2026-10-31", today).unwrap(), (day("2026-10-01"), day("2026-10-31")));
        assert_eq!(days("2026-10-01", today).unwrap(), (day("2026-10-01"), day("2026-10-01")));
        assert!(days("lately", today).unwrap_err().to_string().contains("give today, 7d, 30d"));
        assert!(days("2026-10-02..2026-10-01", today).unwrap_err().to_string().contains("earlier day first"));
    }
}
