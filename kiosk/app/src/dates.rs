//! Dates, as they are to be read in a language.

use chrono::{Locale, NaiveDate, TimeDelta};

/// Day and month as people of that language write them short.
pub(crate) fn short_date(date: NaiveDate, tag: &str) -> String {
    let format = match tag.split('-').next().unwrap_or_default() {
        "de" => "%-d. %b",
        "ar" => "%-d %B",
        _ => "%-d %b",
    };
    date.format_localized(format, locale(tag)).to_string()
}

/// Day and month in figures, the day first.
pub(crate) fn figures(date: NaiveDate, tag: &str) -> String {
    let format = match tag.split('-').next().unwrap_or_default() {
        "de" => "%-d.%-m.",
        "pl" => "%-d.%m",
        _ => "%-d/%-m",
    };
    date.format(format).to_string()
}

/// A date with its day of the week and its year.
pub(crate) fn full_date(date: NaiveDate, tag: &str) -> String {
    let format = match tag.split('-').next().unwrap_or_default() {
        "de" => "%a, %-d. %b %Y",
        "ar" => "%A %-d %B %Y",
        _ => "%a %-d %b %Y",
    };
    date.format_localized(format, locale(tag)).to_string()
}

/// What the day of the week is called.
pub(crate) fn weekday_name(date: NaiveDate, tag: &str) -> String {
    date.format_localized("%A", locale(tag)).to_string()
}

/// The date of a local day, counted from 1970-01-01; none beyond all calendars.
pub(crate) fn date_of(day: i64) -> Option<NaiveDate> {
    TimeDelta::try_days(day).and_then(|days| NaiveDate::default().checked_add_signed(days))
}

/// What a language calls its days and months.
pub(crate) fn locale(tag: &str) -> Locale {
    match tag.split('-').next().unwrap_or_default() {
        "de" => Locale::de_DE,
        "fr" => Locale::fr_FR,
        "es" => Locale::es_ES,
        "pl" => Locale::pl_PL,
        "ar" => Locale::ar_EG,
        _ => Locale::en_GB,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_their_readers_write_them() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 12).unwrap();
        assert_eq!(short_date(day, "en"), "12 Nov");
        assert_eq!(short_date(day, "de-AT"), "12. Nov");
    }
}
