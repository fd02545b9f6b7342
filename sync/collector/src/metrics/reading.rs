//! What is read from the database for a scrape: one row for each kiosk and one sum, once in a few seconds at most.

use std::collections::BTreeMap;
use std::fmt::Error;
use std::sync::{Mutex, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use crate::storage::fleet::{self, Kiosk};
use crate::storage::sql::{Connection, SqlResult};

/// Prometheus asks every 15 s where nobody says otherwise; two of them, or a person who looks, cost no second reading.
const OLD_AFTER_MS: u64 = 10_000;

/// What was read.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    /// Kiosks by how they are.
    devices: BTreeMap<&'static str, i64>,
    /// Since when the longest waiting record waits, in milliseconds, as far as its kiosk was heard.
    oldest_unsent_ms: i64,
    /// Records on kiosks that were not received yet, as far as they were heard.
    waiting: i64,
    held: i64,
    uncounted: i64,
}

impl Reading {
    /// Reads it. `how` says how a kiosk is.
    pub(crate) fn of(
        connection: &Connection,
        now_ms: i64,
        how: impl Fn(&Kiosk) -> &'static str,
    ) -> SqlResult<Self> {
        let (held, uncounted) = fleet::held_and_uncounted(connection)?;
        let mut reading = Self { held, uncounted, ..Self::default() };
        for kiosk in fleet::kiosks(connection)? {
            *reading.devices.entry(how(&kiosk)).or_default() += 1;
            let Some(heard) = kiosk.heard.filter(|heard| heard.waiting > 0 && kiosk.revoked_ms.is_none())
            else {
                continue;
            };
            reading.waiting += i64::try_from(heard.waiting).unwrap_or(i64::MAX);
            if let Some(oldest_ms) = heard.oldest_unsent_ms {
                // By the kiosk's own clock.
                let waits_ms = now_ms.saturating_add(heard.clock_ahead_ms).saturating_sub(oldest_ms);
                reading.oldest_unsent_ms = reading.oldest_unsent_ms.max(waits_ms);
            }
        }
        Ok(reading)
    }
}

/// The last reading, and when it was made.
#[derive(Debug, Default)]
pub(super) struct Readings(Mutex<Option<(Option<Reading>, u64)>>);

impl Readings {
    pub(super) fn is_old(&self, now_ms: u64) -> bool {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().is_none_or(|(_, at_ms)| now_ms.saturating_sub(*at_ms) >= OLD_AFTER_MS)
    }

    pub(super) fn put(&self, reading: Option<Reading>, now_ms: u64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((reading, now_ms));
    }
}

impl Collector for Readings {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((reading, _)) = &*last else { return Ok(()) };
        gauge(&mut encoder, "database_up", "Whether the database answered", &i64::from(reading.is_some()))?;
        let Some(reading) = reading else { return Ok(()) };
        let help = "Kiosks by how they are, as the page of the fleet says it";
        let mut family = encoder.encode_descriptor("devices", help, None, MetricType::Gauge)?;
        for (state, count) in &reading.devices {
            family.encode_family(&[("state", *state)])?.encode_gauge(count)?;
        }
        let help = "Since when the longest waiting record waits on its kiosk, by the last heartbeats";
        let oldest_s = reading.oldest_unsent_ms as f64 / 1_000.0;
        gauge(&mut encoder, "oldest_unsent_age_seconds", help, &oldest_s)?;
        let help = "Records on kiosks that were not received yet, by the last heartbeats";
        gauge(&mut encoder, "records_waiting", help, &reading.waiting)?;
        gauge(&mut encoder, "records_held", "Records that are held", &reading.held)?;
        let help = "Records that are held and are not in the numbers yet";
        gauge(&mut encoder, "records_uncounted", help, &reading.uncounted)
    }
}

/// One number.
pub(super) fn gauge(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    value: &impl prometheus_client::encoding::EncodeGaugeValue,
) -> Result<(), Error> {
    encoder.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(value)
}
