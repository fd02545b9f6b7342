//! Follow-ups as a configuration speaks of them: whether they are opened, and how soon something is done.
//!
//! ```toml
//! [follow_ups]
//! open = true            # false: no answer opens one; those that are open stay
//! acknowledge_h = 4      # hours from the answer until somebody has seen it
//! act_h = 72             # until something is done
//! verify_after_h = 168   # from then until it can be told whether it holds
//!
//! [follow_ups.clean]     # one of clean, availability, waiting, checkout, staff, finding, price, other
//! act_h = 24             # what is left out is as above
//!
//! [follow_ups.alert]     # of those that an alert opens
//! acknowledge_h = 1      # every shopper meets what it is about, until something is done
//! act_h = 24
//! ```

use afterword_model::case::{
    ACKNOWLEDGE_WITHIN_MS, ACT_WITHIN_MS, CASES_LISTED_MAX, CasesAsk, Category, Sla, Slas, VERIFY_AFTER_MS,
};
use afterword_model::response::Stamp;
use afterword_model::settings::{FollowUpHours, FollowUpSettings, Settings, merge};
use chrono::{DateTime, Datelike, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

const HOUR_MS: u64 = 60 * 60 * 1_000;

/// `follow_ups` in a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowUps {
    /// Whether an answer opens one.
    pub open: bool,
    /// How soon something is done.
    pub slas: Slas,
    /// What all of it comes from, so that something else can be put on top.
    said: FollowUpSettings,
}

impl Default for FollowUps {
    fn default() -> Self {
        Self::of(FollowUpSettings::default())
    }
}

impl<'de> Deserialize<'de> for FollowUps {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let said = FollowUpSettings::deserialize(deserializer)?;
        match said.mistake() {
            Some((field, what)) => Err(D::Error::custom(format!("{field}: {what}"))),
            None => Ok(Self::of(said)),
        }
    }
}

/// In milliseconds, with what another one says where this one says nothing.
fn sla(hours: FollowUpHours, usual: Sla) -> Sla {
    let ms = |hours: Option<u64>, usual_ms| hours.map_or(usual_ms, |hours| hours.saturating_mul(HOUR_MS));
    Sla {
        acknowledge_ms: ms(hours.acknowledge_h, usual.acknowledge_ms),
        act_ms: ms(hours.act_h, usual.act_ms),
        verify_after_ms: ms(hours.verify_after_h, usual.verify_after_ms),
    }
}

impl FollowUps {
    /// What comes of what is said; the rest is as it ships.
    fn of(said: FollowUpSettings) -> Self {
        let shipped = Sla {
            acknowledge_ms: ACKNOWLEDGE_WITHIN_MS,
            act_ms: ACT_WITHIN_MS,
            verify_after_ms: VERIFY_AFTER_MS,
        };
        let usual = sla(said.usual(), shipped);
        let own = Category::ALL.into_iter().zip(said.own());
        let own = own.filter(|(_, (_, hours))| *hours != FollowUpHours::default());
        let own = own.map(|(category, (_, hours))| (category, sla(hours, usual))).collect();
        let of_alert = Sla { verify_after_ms: usual.verify_after_ms, ..Slas::default().critical };
        let critical = sla(said.alert, of_alert);
        Self { open: said.open.unwrap_or(true), slas: Slas { usual, critical, own }, said }
    }

    /// With what head office decides on top, field by field.
    #[must_use]
    pub fn with(&self, decided: FollowUpSettings) -> Self {
        let layers = [self.said, decided].map(|follow_ups| Settings { follow_ups, ..Settings::default() });
        Self::of(merge(&layers).settings.follow_ups)
    }

    /// What is asked for a list at this moment; what was verified is counted from the first of the month on.
    #[must_use]
    pub fn ask(&self, now: Stamp, zone: Tz) -> CasesAsk {
        CasesAsk {
            now,
            verified_since_ms: month_began_ms(now.wall_ms, zone),
            limit: CASES_LISTED_MAX,
            slas: self.slas.clone(),
        }
    }
}

/// When the month began in the store's time zone, in milliseconds since 1970.
fn month_began_ms(now_ms: i64, zone: Tz) -> i64 {
    let now = DateTime::<Utc>::from_timestamp_millis(now_ms).map(|now| now.with_timezone(&zone).date_naive());
    let first = now.and_then(|today| today.with_day(1)).map(|first| first.and_time(NaiveTime::MIN));
    // Where a month begins with a midnight that summer time leaves out, it begins a moment later.
    first.map_or(0, |first| {
        let local = zone.from_local_datetime(&first).earliest();
        local.map_or(first.and_utc().timestamp_millis(), |local| local.timestamp_millis())
    })
}

#[cfg(test)]
mod tests {
    use afterword_model::case::Tier;

    use super::*;

    fn read(text: &str) -> Result<FollowUps, String> {
        toml::from_str(text).map_err(|error: toml::de::Error| error.message().to_owned())
    }

    #[test]
    fn what_is_left_out_is_as_it_ships() {
        assert_eq!(read("").unwrap(), FollowUps::default());
        let own = read("open = false\nact_h = 48\n[clean]\nacknowledge_h = 1\n").unwrap();
        assert!(!own.open);
        assert_eq!(own.slas.usual.act_ms, 48 * HOUR_MS);
        let clean = own.slas.own[&Category::Clean];
        assert_eq!((clean.acknowledge_ms, clean.act_ms), (HOUR_MS, 48 * HOUR_MS));
        assert_eq!(own.slas.own.len(), 1);
        assert_eq!(own.slas.critical, Slas::default().critical);
    }

    #[test]
    fn alerts_have_times_of_their_own() {
        let own = read("act_h = 48\nverify_after_h = 24\n[alert]\nacknowledge_h = 2\n").unwrap();
        let critical = own.slas.of(Category::Other, Tier::Critical);
        let hours =
            [critical.acknowledge_ms, critical.act_ms, critical.verify_after_ms].map(|ms| ms / HOUR_MS);
        assert_eq!(hours, [2, 24, 24]);
        assert!(read("[alert]\nact_h = 9999").unwrap_err().contains("9999"));
    }

    #[test]
    fn a_mistake_is_named() {
        assert!(
            read("act_h = 0")
                .unwrap_err()
                .contains("act_h: it is a number of hours from 1 to 8760, and this is 0")
        );
        assert!(read("[parking]\nact_h = 1").unwrap_err().contains("parking"));
        assert!(read("[clean]\nacts_h = 1").unwrap_err().contains("acts_h"));
    }

    #[test]
    fn what_head_office_decides_lies_on_top_field_by_field_and_a_category_follows_what_is_usual() {
        let own = read("act_h = 48\n[clean]\nacknowledge_h = 1\n").unwrap();
        let mut decided =
            FollowUpSettings { open: Some(false), act_h: Some(12), ..FollowUpSettings::default() };
        decided.staff.act_h = Some(6);
        let both = own.with(decided);
        let hours = |category| both.slas.of(category, Tier::Normal).act_ms / HOUR_MS;
        assert_eq!([Category::Clean, Category::Staff, Category::Price].map(hours), [12, 6, 12]);
        assert_eq!(both.slas.own[&Category::Clean].acknowledge_ms, HOUR_MS);
        assert!(!both.open);
        assert_eq!(own.with(FollowUpSettings::default()), own);
    }

    #[test]
    fn a_month_begins_in_the_store() {
        let ms = |text: &str| text.parse::<DateTime<Utc>>().unwrap().timestamp_millis();
        let began = |text, zone| month_began_ms(ms(text), zone);
        assert_eq!(began("2026-10-31T23:30:00Z", Tz::Europe__Berlin), ms("2026-10-31T23:00:00Z"));
        assert_eq!(began("2026-07-15T12:00:00Z", Tz::America__New_York), ms("2026-07-01T04:00:00Z"));
        assert_eq!(month_began_ms(i64::MAX, Tz::UTC), 0);
    }
}
