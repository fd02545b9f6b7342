//! Days as people type them.

use chrono::{Datelike as _, Days, NaiveDate};

/// Three years: enough to compare one with the two before it. A point is drawn for each day.
const DAYS_MAX: i64 = 1_100;
/// No kiosk of ours stands so long.
const YEAR_MAX: i32 = 2_999;

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
    /// So many that nobody could look at them.
    #[error("a range has {DAYS_MAX} days at most; give a shorter one")]
    Long,
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
    if from > to {
        return Err(NoRange::Backwards { from, to });
    }
    if from < NaiveDate::default() || to.year() > YEAR_MAX {
        return Err(NoRange::Beyond);
    }
    if to.signed_duration_since(from).num_days() >= DAYS_MAX { Err(NoRange::Long) } else { Ok((from, to)) }
}

/// The same of what may be chosen in three places: a range, and two days, which go before it. The last 30 days where none of them says
/// anything.
///
/// # Errors
/// [`NoRange`].
pub(crate) fn chosen(
    range: &str,
    (from, to): (&str, &str),
    today: NaiveDate,
) -> Result<(NaiveDate, NaiveDate), NoRange> {
    match (from, to, range) {
        ("", "", "") => days("30d", today),
        ("", "", range) => days(range, today),
        ("", day, _) | (day, "", _) => days(day, today),
        (from, to, _) => days(&format!("{from}..{to}"), today),
    }
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
        assert_eq!(days("2020-01-01..2026-11-29", today), Err(NoRange::Long));
        assert_eq!(days("-262143-01-01..+262142-12-31", today), Err(NoRange::Beyond));
        assert!(days("lately", today).unwrap_err().to_string().contains("give today, 7d, 30d"));
        assert!(days("2026-10-02..2026-10-01", today).unwrap_err().to_string().contains("earlier day first"));
    }
}
