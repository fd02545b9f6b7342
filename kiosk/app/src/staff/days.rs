//! The range of days that the numbers are of, while it is set.

use afterword_ui::intent::RangeEnd;
use afterword_ui::view::days::{DayEnd, DaysPage};

use super::browsing::moved;
use super::desk::Seen;
use crate::dates::{date_of, full_date};

/// The page on which it is set.
pub(crate) fn page(seen: &Seen<'_>, tag: &str, today: i64) -> DaysPage {
    let (first, last) = seen.browsing.draft();
    let end = |day: i64, end: RangeEnd| DayEnd {
        date: date_of(day).map_or_else(String::new, |date| full_date(date, tag)),
        can_go_back: moved((first, last), end, -1, today) != (first, last),
        can_go_on: moved((first, last), end, 1, today) != (first, last),
    };
    DaysPage {
        first: end(first, RangeEnd::First),
        last: end(last, RangeEnd::Last),
        days: last.abs_diff(first) + 1,
    }
}
