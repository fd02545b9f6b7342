//! The table `[hours]` of a configuration.

use afterword_kiosk_core::{OpeningHours, read_hours};
use chrono::{Datelike as _, NaiveDate};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::config::date_of;

/// As it is written. A day that is left out is a day on which the shop is closed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default)]
    mon: Vec<String>,
    #[serde(default)]
    tue: Vec<String>,
    #[serde(default)]
    wed: Vec<String>,
    #[serde(default)]
    thu: Vec<String>,
    #[serde(default)]
    fri: Vec<String>,
    #[serde(default)]
    sat: Vec<String>,
    #[serde(default)]
    sun: Vec<String>,
    #[serde(default)]
    closed_on: Vec<toml::value::Datetime>,
}

/// Reads it.
///
/// # Errors
/// What is wrong, for the message with its line.
pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<OpeningHours>, D::Error> {
    let Table { mon, tue, wed, thu, fri, sat, sun, closed_on } = Table::deserialize(deserializer)?;
    let mut hours = OpeningHours::default();
    for (day, ranges) in hours.week.iter_mut().zip([mon, tue, wed, thu, fri, sat, sun]) {
        for text in ranges {
            day.push(read_hours(&text).ok_or_else(|| {
                D::Error::custom(format!(
                    "`{text}` is no opening time; write 08:00-20:00, or 18:00-02:00 for one that ends the next day"
                ))
            })?);
        }
    }
    if hours.week.iter().all(Vec::is_empty) {
        return Err(D::Error::custom(
            "the shop never opens; name a day's hours, as in mon = [\"08:00-20:00\"], or leave the table out",
        ));
    }
    for date in &closed_on {
        let date =
            date_of(date).ok_or_else(|| D::Error::custom("a day is written YYYY-MM-DD, without quotes"))?;
        hours.closed_on.push(i64::from(date.num_days_from_ce() - EPOCH.num_days_from_ce()));
    }
    Ok(Some(hours))
}

const EPOCH: NaiveDate = NaiveDate::from_ymd_opt(1970, 1, 1).expect("a day of the calendar");
