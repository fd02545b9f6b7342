//! Kiosks that fall silent and are heard again, each told once.
//!
//! Since when a kiosk is silent stands in its row, written in the transaction that writes the messages and only where nobody else has changed
//! it meanwhile: so nothing is told twice, whoever is killed when, and however many collectors look. It is kept also where nobody is told,
//! so that who is the first to be, is told of what happens from then on.

use afterword_model::record::DeviceId;

use super::fleet::SILENT_AFTER_MS;
use super::outbox;
use super::sql::{Connection, HexColumn, SqlResult, values};
use crate::webhooks::event::{Event, EventType, Kiosk};

/// Kiosks that are looked at in one go: when a chain's line comes back, thousands are heard at once.
const KIOSKS_MAX: i64 = 256;

/// A kiosk of which the opposite is written down.
pub(crate) struct Turn {
    device: DeviceId,
    name: String,
    store: Option<String>,
    /// Since when it is written down as silent; none where it is as heard.
    silent_since_ms: Option<i64>,
    /// When it was heard last, or enrolled, whichever came later.
    heard_ms: i64,
}

/// Some of those that have fallen silent, or are heard again, by now. Whoever was revoked or taken away is neither.
pub(crate) fn pending(connection: &Connection, now_ms: i64) -> SqlResult<Vec<Turn>> {
    connection.query_all(
        // Heartbeats by themselves first, as `fleet::kiosks` has it.
        "with newest as materialized (
             select device_id, max(last_heard_ms) as at_ms from heartbeats group by device_id)
         select device_id, name, store, silent_since_ms, heard_ms from (
             select device_id, name, store, silent_since_ms,
                 case when at_ms > enrolled_ms then at_ms else enrolled_ms end as heard_ms
             from devices left join newest using (device_id)
             where retired_ms is null and revoked_ms is null and enrolled_ms is not null
         ) as kiosks
         where (heard_ms > ?1) = (silent_since_ms is not null)
         order by device_id limit ?2",
        values![now_ms.saturating_sub(SILENT_AFTER_MS), KIOSKS_MAX],
        |row| {
            Ok(Turn {
                device: row.get::<HexColumn<16, _>>(0)?.0,
                name: row.get(1)?,
                store: row.get(2)?,
                silent_since_ms: row.get(3)?,
                heard_ms: row.get(4)?,
            })
        },
    )
}

/// Writes down and tells, in the caller's transaction, what nobody else has meanwhile.
pub(crate) fn apply(connection: &Connection, turns: &[Turn], now_ms: i64) -> SqlResult<()> {
    // In the order of their keys, so that two collectors do not wait for each other.
    for turn in turns {
        let device = turn.device.as_bytes();
        let changed = match turn.silent_since_ms {
            None => connection.execute(
                "update devices set silent_since_ms = ?2
                 where device_id = ?1 and silent_since_ms is null and revoked_ms is null",
                values![device, turn.heard_ms],
            ),
            Some(since_ms) => connection.execute(
                "update devices set silent_since_ms = null where device_id = ?1 and silent_since_ms = ?2",
                values![device, since_ms],
            ),
        }?;
        if changed > 0 {
            outbox::tell(connection, &turn.event(now_ms))?;
        }
    }
    Ok(())
}

impl Turn {
    fn event(&self, now_ms: i64) -> Event {
        let kiosk = Kiosk { device: &self.device, name: &self.name, store: self.store.as_deref() };
        match self.silent_since_ms {
            None => Event::of_silence(EventType::DeviceSilent, &kiosk, self.heard_ms, now_ms),
            Some(since_ms) => Event::of_silence(EventType::DeviceBack, &kiosk, since_ms, now_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use afterword_model::ports::{ManualClock, SeededEntropy};

    use super::super::open::open_or_create;
    use super::super::{devices, webhooks};
    use super::*;
    use crate::webhooks::secret::WebhookSecret;

    #[test]
    fn of_two_that_looked_at_once_the_second_tells_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("collector.db");
        let connection = open_or_create(&path, &ManualClock::at(0), &SeededEntropy::new(1)).unwrap();
        let device = DeviceId::new([7; 16]);
        devices::add(&connection, &device, "Exit", None, &[0; 32], (0, 1)).unwrap();
        connection.execute("update devices set enrolled_ms = 0", &[]).unwrap();
        let types = [EventType::DeviceSilent, EventType::DeviceBack].into();
        let new =
            webhooks::New { url: "https://hooks.example/", types: &types, place: None, created_by: "root" };
        let webhook = webhooks::add(&connection, &new, &WebhookSecret::of([1; 32]), 0).unwrap();
        let told = || outbox::deliveries(&connection, webhook, None, (None, 10)).unwrap().len();
        let look = |now_ms| pending(&connection, now_ms).unwrap();
        assert_eq!(look(SILENT_AFTER_MS - 1).len(), 0);
        let [one, other] = [look(SILENT_AFTER_MS), look(SILENT_AFTER_MS)];
        assert_eq!((one.len(), other.len()), (1, 1));
        for looked in [&one, &other] {
            apply(&connection, looked, SILENT_AFTER_MS).unwrap();
            assert_eq!(told(), 1);
        }
        connection.execute("update devices set enrolled_ms = 5", &[]).unwrap();
        let [one, other] = [look(SILENT_AFTER_MS + 4), look(SILENT_AFTER_MS + 4)];
        for looked in [&one, &other] {
            apply(&connection, looked, SILENT_AFTER_MS + 4).unwrap();
            assert_eq!(told(), 2);
        }
        assert_eq!(look(SILENT_AFTER_MS + 4).len(), 0);
    }
}
