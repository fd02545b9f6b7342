//! What time it is, and how far that can be believed.

use std::path::Path;
use std::sync::Arc;

use afterword_model::ports::Clock;
use afterword_model::response::{ClockQuality, Stamp};
use afterword_protocol::system::CLOCK_FLOOR_MS;
use chrono::{DateTime, Offset, Utc};
use chrono_tz::Tz;

/// systemd-timesyncd touches this file when it has set the clock; chrony and ntpd do so through systemd's target.
const SYNCHRONISED_MARK: &str = "/run/systemd/timesync/synchronized";

/// Makes stamps for one opening of the database.
#[derive(Clone)]
pub struct Stamper {
    clock: Arc<dyn Clock>,
    zone: Tz,
    boot: u32,
}

impl Stamper {
    /// Stamps in this zone, for this opening.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, zone: Tz, boot: u32) -> Self {
        Self { clock, zone, boot }
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Stamp {
        let wall_ms = self.clock.wall_ms();
        Stamp {
            wall_ms,
            offset_min: offset_min(self.zone, wall_ms),
            boot: self.boot,
            mono_ms: self.clock.monotonic_ms(),
            clock: quality(wall_ms, Path::new(SYNCHRONISED_MARK).exists()),
        }
    }

    /// Monotonic milliseconds, the clock of all waiting.
    #[must_use]
    pub fn monotonic_ms(&self) -> u64 {
        self.clock.monotonic_ms()
    }
}

/// How far a wall clock can be trusted.
#[must_use]
pub fn quality(wall_ms: i64, is_synchronised: bool) -> ClockQuality {
    if wall_ms < CLOCK_FLOOR_MS {
        ClockQuality::Unset
    } else if is_synchronised {
        ClockQuality::Synced
    } else {
        ClockQuality::Free
    }
}

/// Whether the operating system says that its clock is synchronised.
#[must_use]
pub fn is_synchronised() -> bool {
    Path::new(SYNCHRONISED_MARK).exists()
}

/// Minutes between local time and UTC at that moment, east positive; 0 where the moment cannot be told.
fn offset_min(zone: Tz, wall_ms: i64) -> i16 {
    let offset_s = DateTime::<Utc>::from_timestamp_millis(wall_ms)
        .map_or(0, |at| at.with_timezone(&zone).offset().fix().local_minus_utc());
    i16::try_from(offset_s / 60).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use afterword_model::ports::ManualClock;

    use super::*;

    #[test]
    fn the_offset_follows_the_stores_summer_time() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap().timestamp_millis();
        assert_eq!(offset_min(Tz::Europe__Berlin, at("2027-03-28T00:59:59Z")), 60);
        assert_eq!(offset_min(Tz::Europe__Berlin, at("2027-03-28T01:00:00Z")), 120);
        assert_eq!(offset_min(Tz::Asia__Kolkata, at("2027-03-28T01:00:00Z")), 330);
        assert_eq!(offset_min(Tz::Europe__Berlin, i64::MAX), 0);
    }

    #[test]
    fn a_clock_in_1970_is_known_to_be_wrong() {
        let stamper = Stamper::new(Arc::new(ManualClock::at(5_000)), Tz::UTC, 2);
        assert_eq!(stamper.now().clock, ClockQuality::Unset);
        assert_eq!(quality(CLOCK_FLOOR_MS, false), ClockQuality::Free);
        assert_eq!(quality(CLOCK_FLOOR_MS, true), ClockQuality::Synced);
    }
}
