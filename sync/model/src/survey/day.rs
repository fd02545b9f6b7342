//! A calendar day of a file as days since 1970-01-01, which is how responses count theirs.

/// Days from 1970-01-01 to that day; none where the calendar has no such day.
///
/// Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
pub(crate) fn day_number(year: u16, month: u8, day: u8) -> Option<i64> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let length = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    // The year begins in March, so that the leap day is its last.
    let (year, month, day) = (i64::from(year), i64::from(month), i64::from(day));
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

#[cfg(test)]
mod tests {
    use super::day_number;

    #[test]
    fn days_are_counted_as_the_calendar_has_them() {
        assert_eq!(day_number(1970, 1, 1), Some(0));
        assert_eq!(day_number(1969, 12, 31), Some(-1));
        assert_eq!(day_number(2000, 2, 29), Some(11_016));
        assert_eq!(day_number(2026, 11, 24), Some(20_781));
        assert_eq!(day_number(2026, 2, 29), None);
        assert_eq!(day_number(1900, 2, 29), None);
        assert_eq!(day_number(2026, 4, 31), None);
        assert_eq!(day_number(2026, 13, 1), None);
    }

    #[test]
    fn no_day_is_left_out_and_none_comes_twice() {
        let mut before = day_number(1999, 12, 31).unwrap();
        for year in 2000..2101 {
            for month in 1..=12 {
                for number in (1..=31).filter_map(|day| day_number(year, month, day)) {
                    assert_eq!(number, before + 1, "{year}-{month}");
                    before = number;
                }
            }
        }
    }
}
