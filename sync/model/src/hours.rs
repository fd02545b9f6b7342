//! When the shop is open, as it is reckoned with and as it is written. Outside these hours the screen sleeps.

use serde::{Deserialize, Deserializer, Serialize};

use crate::response::{ClockQuality, Stamp};
use crate::survey::day::day_number;

const DAY_MIN: u16 = 24 * 60;

/// Hours of a week, and days on which they do not hold.
///
/// Invariant: a time that cannot be known is an open one, so that a kiosk whose clock was never set does not sleep through a day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpeningHours {
    /// From Monday to Sunday: from a minute of the day (0 to 1439) up to, and without, another (0 to 1440). Where the second
    /// is not after the first, it is of the next day.
    pub week: [Vec<(u16, u16)>; 7],
    /// Days, counted from 1970-01-01, on which the shop does not open.
    pub closed_on: Vec<i64>,
}

impl OpeningHours {
    /// Whether the shop is open at that moment, in local time.
    #[must_use]
    pub fn are_open(&self, now: &Stamp) -> bool {
        let (day, minute) = (now.local_day(), now.local_minute());
        let begun_today = |&(from, until): &(u16, u16)| minute >= from && (minute < until || until <= from);
        let begun_yesterday = |&(from, until): &(u16, u16)| until <= from && minute < until;
        now.clock == ClockQuality::Unset
            || self.of_day(day).iter().any(begun_today)
            || self.of_day(day - 1).iter().any(begun_yesterday)
    }

    fn of_day(&self, day: i64) -> &[(u16, u16)] {
        if self.closed_on.contains(&day) {
            return &[];
        }
        // 1970-01-01 was a Thursday.
        usize::try_from((day + 3).rem_euclid(7)).map_or(&[], |weekday| &self.week[weekday])
    }
}

/// The table `[hours]` as people write it. A day that is left out is a day on which the shop is closed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HoursTable {
    /// Times of Mondays, as in `08:00-20:00`; so the others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mon: Vec<String>,
    /// Of Tuesdays.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tue: Vec<String>,
    /// Of Wednesdays.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wed: Vec<String>,
    /// Of Thursdays.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub thu: Vec<String>,
    /// Of Fridays.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fri: Vec<String>,
    /// Of Saturdays.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sat: Vec<String>,
    /// Of Sundays.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sun: Vec<String>,
    /// Days on which the shop does not open, as in 2026-12-25. TOML's own dates are read, too.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "days")]
    pub closed_on: Vec<String>,
}

impl HoursTable {
    /// What is written, to be reckoned with.
    ///
    /// # Errors
    /// What is wrong, and what to write.
    pub fn read(&self) -> Result<OpeningHours, String> {
        let mut hours = OpeningHours::default();
        let written = [&self.mon, &self.tue, &self.wed, &self.thu, &self.fri, &self.sat, &self.sun];
        if written.iter().any(|ranges| ranges.len() > RANGES_MAX) || self.closed_on.len() > CLOSED_DAYS_MAX {
            return Err(format!(
                "a day has at most {RANGES_MAX} opening times, and at most {CLOSED_DAYS_MAX} days are closed; leave some out"
            ));
        }
        for (day, ranges) in hours.week.iter_mut().zip(written) {
            for text in ranges {
                let text = text.trim();
                day.push(read_hours(text).ok_or_else(|| {
                    format!(
                        "`{}` is no opening time; write 08:00-20:00, or 18:00-02:00 for one that ends the next day",
                        text.escape_debug()
                    )
                })?);
            }
        }
        if hours.week.iter().all(Vec::is_empty) {
            return Err(
                "the shop never opens; name a day's hours, as in mon = [\"08:00-20:00\"], or leave the table out"
                    .into(),
            );
        }
        for text in &self.closed_on {
            let day = read_day(text)
                .ok_or_else(|| format!("`{}` is no day; a day is written YYYY-MM-DD", text.escape_debug()))?;
            hours.closed_on.push(day);
        }
        Ok(hours)
    }
}

/// A split day has two; nobody opens four times a day.
const RANGES_MAX: usize = 4;

/// Three years of bank holidays and stocktakings.
const CLOSED_DAYS_MAX: usize = 100;

/// A day as it may stand in a file: as a text, or as TOML has dates.
#[derive(Deserialize)]
#[serde(untagged)]
enum Day {
    Text(String),
    Date(toml::value::Datetime),
}

fn days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let days = Vec::<Day>::deserialize(deserializer)?.into_iter();
    Ok(days
        .map(|day| match day {
            Day::Text(text) => text,
            Day::Date(date) => date.to_string(),
        })
        .collect())
}

fn read_day(text: &str) -> Option<i64> {
    let date: toml::value::Datetime = text.parse().ok()?;
    if date.time.is_some() {
        return None;
    }
    date.date.and_then(|date| day_number(date.year, date.month, date.day))
}

/// Reads `08:00-20:00`; `24:00` is the end of the day. None where it is no such time.
#[must_use]
pub fn read_hours(text: &str) -> Option<(u16, u16)> {
    let (from, until) = text.split_once('-')?;
    let (from, until) = (minute(from.trim())?, minute(until.trim())?);
    (from < DAY_MIN && from != until).then_some((from, until))
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str| {
        (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse::<u16>().ok())
    };
    let (hour, minute) = (number(hour)??, number(minute)??);
    let of_day = hour * 60 + minute;
    (minute < 60 && of_day <= DAY_MIN).then_some(of_day)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Monday 2026-11-23 and a minute of that day or of one after, in a zone an hour east of Greenwich.
    fn at(day: i64, hour: i64, minute: i64) -> Stamp {
        let local_ms = (20_780 + day) * 86_400_000 + (hour * 60 + minute) * 60_000;
        Stamp {
            wall_ms: local_ms - 3_600_000,
            offset_min: 60,
            boot: 1,
            mono_ms: 0,
            clock: ClockQuality::Free,
        }
    }

    fn hours() -> OpeningHours {
        let mut hours = OpeningHours::default();
        hours.week[0] = vec![(480, 720), (840, 1200)];
        hours.week[5] = vec![(1080, 120)];
        hours
    }

    #[test]
    fn a_shop_is_open_from_the_first_minute_up_to_the_last() {
        let hours = hours();
        let is_open = |hour, minute| hours.are_open(&at(0, hour, minute));
        assert!(!is_open(7, 59) && is_open(8, 0) && is_open(11, 59) && !is_open(12, 0));
        assert!(!is_open(13, 59) && is_open(14, 0) && is_open(19, 59) && !is_open(20, 0));
        assert!(!hours.are_open(&at(1, 9, 0)), "nothing is said of Tuesday");
    }

    #[test]
    fn hours_go_over_midnight() {
        let hours = hours();
        assert!(!hours.are_open(&at(5, 17, 59)) && hours.are_open(&at(5, 23, 59)));
        assert!(hours.are_open(&at(6, 1, 59)) && !hours.are_open(&at(6, 2, 0)));
        assert!(!hours.are_open(&at(5, 1, 0)), "Friday night is not Saturday night");
    }

    #[test]
    fn on_a_day_off_the_shop_does_not_open_and_the_night_before_still_ends() {
        let mut hours = hours();
        hours.week[6] = vec![(600, 900)];
        hours.closed_on = vec![20_780 + 6];
        assert!(hours.are_open(&at(6, 1, 0)) && !hours.are_open(&at(6, 11, 0)));
    }

    #[test]
    fn who_does_not_know_the_time_stays_open() {
        let unknown = Stamp { clock: ClockQuality::Unset, ..at(1, 3, 0) };
        assert!(hours().are_open(&unknown));
    }

    #[test]
    fn hours_are_read_as_people_write_them() {
        assert_eq!(read_hours("08:00-20:30"), Some((480, 1230)));
        assert_eq!(read_hours("00:00 - 24:00"), Some((0, 1440)));
        assert_eq!(read_hours("18:00-02:00"), Some((1080, 120)));
        for wrong in [
            "",
            "8-20",
            "08:00",
            "8:00-20:00",
            "08:60-20:00",
            "24:00-02:00",
            "08:00-25:00",
            "+8:00-20:00",
            "08:00-08:00",
        ] {
            assert_eq!(read_hours(wrong), None, "{wrong}");
        }
    }
}
