//! What records say that other programs are to be told of, and that they are erased. What they say is found beside taking them in, a second or two later.
//!
//! Each store of a device has a mark up to which its records were looked at, and the mark moves in the transaction that writes the messages, from
//! where it was looked at: so nothing is told twice or passed over, whoever is killed when, and however many collectors look. Where nobody
//! is told of records, nothing is looked at; who is the first to be, is told of what comes from then on.

use std::collections::BTreeSet;

use afterword_model::content::Content;
use afterword_model::record::{DeviceId, Seq, StoreEpoch};

use super::erase::origin;
use super::outbox::{Audience, Said, place};
use super::sql::{Connection, HexColumn, SqlResult, values};
use super::{column_seq, devices, responses, seq_column, webhooks};
use crate::webhooks::event::{Event, EventType, Kiosk};

/// Stores of devices that are looked at in one go.
const STORES_MAX: i64 = 64;

/// Records that are.
const RECORDS_MAX: u64 = 256;

/// Records of one store that were looked at, and what is to be told of them.
pub(crate) struct Looked {
    device: DeviceId,
    epoch: StoreEpoch,
    through: Seq,
    last: Seq,
    store: Option<String>,
    found: Vec<(EventType, i64, Said)>,
}

/// From now on what comes is told; what is here already is not. For when nobody was told until now.
pub(crate) fn begin(connection: &Connection) -> SqlResult<()> {
    connection.execute("delete from webhook_marks", &[])?;
    connection
        .execute(
            "insert into webhook_marks (device_id, epoch, through_seq) select device_id, epoch, mark from stores",
            &[],
        )
        .map(drop)
}

/// A bounded part of what is new. Nothing where all was looked at, or nobody is told of any.
pub(crate) fn pending(connection: &Connection) -> SqlResult<Vec<Looked>> {
    let snapshot = connection.snapshot()?;
    if !webhooks::any_of_records(&snapshot, None)? {
        return Ok(Vec::new());
    }
    let behind = snapshot.query_all(
        "select stores.device_id, stores.epoch, stores.mark, coalesce(webhook_marks.through_seq, 0) from stores
         left join webhook_marks
             on webhook_marks.device_id = stores.device_id and webhook_marks.epoch = stores.epoch
         where stores.mark > coalesce(webhook_marks.through_seq, 0)
         order by stores.device_id, stores.epoch limit ?1",
        values![STORES_MAX],
        |row| {
            let (device, epoch) = (row.get::<HexColumn<16, _>>(0)?.0, row.get::<HexColumn<16, _>>(1)?.0);
            Ok((device, epoch, column_seq(row.get(2)?), column_seq(row.get(3)?)))
        },
    )?;
    let (mut all, mut left) = (Vec::new(), RECORDS_MAX);
    for (device, epoch, mark, through) in behind {
        if left == 0 {
            break;
        }
        let last = mark.min(through + left);
        left -= last - through;
        all.push(look(&snapshot, device, epoch, (through, last))?);
    }
    Ok(all)
}

fn look(
    connection: &Connection,
    device: DeviceId,
    epoch: StoreEpoch,
    (through, last): (Seq, Seq),
) -> SqlResult<Looked> {
    let rows = connection.query_all(
        "select seq, received_ms, bytes from records
         where device_id = ?1 and epoch = ?2 and seq > ?3 and seq <= ?4 and erased_ms is null and parked is null
         order by seq",
        values![device.as_bytes(), epoch.as_bytes(), seq_column(through), seq_column(last)],
        |row| Ok((column_seq(row.get(0)?), row.get::<i64>(1)?, row.get::<Vec<u8>>(2)?)),
    )?;
    let known = devices::find(connection, &device.to_string())?.into_iter().find(|one| one.device == device);
    let (name, store) = known.map(|one| (one.name, one.store)).unwrap_or_default();
    let kiosk = Kiosk { device: &device, name: &name, store: store.as_deref() };
    let mut found = Vec::new();
    for (seq, received_ms, bytes) in rows {
        match responses::content(connection, &device, (epoch, seq), &bytes)? {
            Some((_, Content::Response(_))) => {
                found.push((EventType::ResponseReceived, received_ms, place(device, epoch, seq)));
            }
            Some((_, Content::Case(record))) => {
                let event = Event::of_case(&record.case, &kiosk, received_ms);
                found.push((event.kind, received_ms, Said::Data(event.data.to_string())));
            }
            _ => {}
        }
    }
    Ok(Looked { device, epoch, through, last, store, found })
}

/// Tells, in the caller's transaction, that these rows are about to be erased: who was told of a response learns that it has to go there as
/// well. Called while they hold their content still.
pub(crate) fn erasing(
    connection: &Connection,
    device: &DeviceId,
    held: &[(StoreEpoch, Seq)],
    now_ms: i64,
) -> SqlResult<()> {
    let Some(audience) = Audience::of(connection)?.filter(|one| one.hears_of(EventType::ResponseErased))
    else {
        return Ok(());
    };
    let known = devices::find(connection, &device.to_string())?.into_iter().find(|one| one.device == *device);
    let (name, store) = known.map(|one| (one.name, one.store)).unwrap_or_default();
    let kiosk = Kiosk { device, name: &name, store: store.as_deref() };
    let mut ids = BTreeSet::new();
    for (epoch, seq) in held {
        let bytes: Option<Vec<u8>> = connection.query_opt(
            "select bytes from records
             where device_id = ?1 and epoch = ?2 and seq = ?3 and erased_ms is null",
            values![device.as_bytes(), epoch.as_bytes(), seq_column(*seq)],
            |row| row.get(0),
        )?;
        let Some(bytes) = bytes else { continue };
        let (first, inner) = origin(*epoch, *seq, &bytes);
        if !matches!(Content::from_bytes(first.seq, inner), Ok(Content::Response(_))) {
            continue;
        }
        let id = responses::name(device, &first.epoch, first.seq);
        // Copies go with it, and have its name.
        if ids.insert(id.clone()) {
            let event = Event::of_erasure(&id, &kiosk, now_ms);
            let said = Said::Data(event.data.to_string());
            audience.tell(connection, (event.kind, now_ms), kiosk.store, &said, now_ms)?;
        }
    }
    Ok(())
}

/// Writes the messages of what was looked at, in the caller's transaction, where nobody else has meanwhile.
pub(crate) fn apply(connection: &Connection, all: &[Looked], now_ms: i64) -> SqlResult<()> {
    let audience = Audience::of(connection)?;
    // In the order of their keys, so that two collectors do not wait for each other.
    for looked in all {
        if !looked.move_mark(connection)? {
            continue;
        }
        let Some(audience) = &audience else { continue };
        for (kind, at_ms, said) in &looked.found {
            audience.tell(connection, (*kind, *at_ms), looked.store.as_deref(), said, now_ms)?;
        }
    }
    Ok(())
}

impl Looked {
    /// Whether it stood where it was looked at from.
    fn move_mark(&self, connection: &Connection) -> SqlResult<bool> {
        let (device, epoch, last) = (self.device.as_bytes(), self.epoch.as_bytes(), seq_column(self.last));
        let moved = connection.execute(
            "update webhook_marks set through_seq = ?4 where device_id = ?1 and epoch = ?2 and through_seq = ?3",
            values![device, epoch, seq_column(self.through), last],
        )?;
        if moved > 0 || self.through > 0 {
            return Ok(moved > 0);
        }
        let inserted = connection.execute(
            "insert into webhook_marks (device_id, epoch, through_seq) values (?1, ?2, ?3) on conflict do nothing",
            values![device, epoch, last],
        )?;
        Ok(inserted > 0)
    }
}
