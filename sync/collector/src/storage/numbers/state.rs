//! What of a device decides how its responses are counted.

use std::collections::BTreeMap;

use afterword_model::record::{DeviceId, Seq, StoreEpoch};
use afterword_model::response::{ClockQuality, Response, Stamp};
use afterword_model::tally::Cell;

use super::super::column_seq;
use super::super::sql::{Connection, HexColumn, Row, SqlError, SqlResult, Value, values};

/// Where responses are counted of which nobody knows the day: far before all calendars of shops.
pub(super) const UNDATED_DAY: i64 = -1_000_000;

/// A start of a device: the epoch in which its responses first stood, and its number.
pub(super) type Boot = (StoreEpoch, u32);

/// When a start's monotonic clock was zero, with the offset from UTC in minutes.
pub(super) type Zero = (i64, i16);

/// A device, as far as counting goes. Where two of these are equal, what was reckoned with the one holds with the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    pub(super) device: DeviceId,
    /// How far each of its stores is counted.
    pub(super) through: BTreeMap<StoreEpoch, Seq>,
    /// Contents of it that were erased.
    erased: i64,
    /// Whether anything of it was ever carried; of nearly all devices nothing was.
    pub(super) has_carried: bool,
    store: String,
    /// The stores it stood in before and until when (milliseconds since 1970-01-01T00:00:00Z), the first one first.
    former: Vec<(i64, String)>,
    /// Starts without a clock of which responses are counted; with the time, once it is known.
    pub(super) boots: BTreeMap<Boot, Option<Zero>>,
}

/// Takes a row of a device.
type Take<'t> = &'t mut dyn FnMut(&mut State, &Row<'_>) -> SqlResult<()>;

impl State {
    pub(super) fn read(connection: &Connection, device: &DeviceId) -> SqlResult<Self> {
        let mut read = Self::read_all(connection, &[*device])?;
        read.pop().ok_or_else(|| SqlError::other("a device has no state"))
    }

    /// Those of several devices, in their order.
    pub(super) fn read_all(connection: &Connection, devices: &[DeviceId]) -> SqlResult<Vec<Self>> {
        let mut all: Vec<Self> = devices.iter().map(Self::of_nothing).collect();
        let ids: Vec<Vec<Value<'_>>> =
            devices.iter().map(|device| values![device.as_bytes()].to_vec()).collect();
        let mut each = |sql, take: Take<'_>| {
            connection.own().query_each(sql, &ids, &mut |place, row| take(&mut all[place], row))
        };
        each("select epoch, through_seq from counted where device_id = ?1", &mut |state, row| {
            state.through.insert(row.get::<HexColumn<16, _>>(0)?.0, column_seq(row.get(1)?));
            Ok(())
        })?;
        each("select count(*) from erased where device_id = ?1", &mut |state, row| {
            state.erased = row.get(0)?;
            Ok(())
        })?;
        each("select 1 from carried where device_id = ?1 limit 1", &mut |state, _| {
            state.has_carried = true;
            Ok(())
        })?;
        each("select coalesce(store, '') from devices where device_id = ?1", &mut |state, row| {
            state.store = row.get(0)?;
            Ok(())
        })?;
        each(
            "select until_ms, store from former_stores where device_id = ?1 order by until_ms",
            &mut |state, row| {
                state.former.push((row.get(0)?, row.get(1)?));
                Ok(())
            },
        )?;
        each(
            "select epoch, boot, zero_ms, offset_min from boot_times where device_id = ?1",
            &mut |state, row| {
                let boot =
                    (row.get::<HexColumn<16, _>>(0)?.0, u32::try_from(row.get::<i64>(1)?).unwrap_or(0));
                let offset_min: Option<i64> = row.get(3)?;
                let offset_min = offset_min.map(|minutes| i16::try_from(minutes).unwrap_or(0));
                state.boots.insert(boot, row.get::<Option<i64>>(2)?.zip(offset_min));
                Ok(())
            },
        )?;
        Ok(all)
    }

    fn of_nothing(device: &DeviceId) -> Self {
        Self {
            device: *device,
            through: BTreeMap::new(),
            erased: 0,
            has_carried: false,
            store: String::new(),
            former: Vec::new(),
            boots: BTreeMap::new(),
        }
    }

    /// Whether the record under this number has been looked at.
    pub(super) fn has_seen(&self, epoch: &StoreEpoch, seq: Seq) -> bool {
        self.through.get(epoch).is_some_and(|through| seq <= *through)
    }

    /// The moment as it is known now. None where the device did not know it and nobody has told since.
    pub(super) fn known(&self, epoch: StoreEpoch, stamp: &Stamp) -> Option<Stamp> {
        if stamp.clock != ClockQuality::Unset {
            return Some(*stamp);
        }
        let (zero_ms, offset_min) = self.boots.get(&(epoch, stamp.boot)).copied().flatten()?;
        let since_ms = i64::try_from(stamp.mono_ms).unwrap_or(i64::MAX);
        Some(Stamp { wall_ms: zero_ms.saturating_add(since_ms), offset_min, ..*stamp })
    }

    /// Where a response is counted that first stood in that epoch, and in which hour. A device stood where it stood when the answer
    /// was given; what came before it went elsewhere was given before, whatever its clock says.
    pub(super) fn place(
        &self,
        epoch: StoreEpoch,
        response: &Response,
        received_ms: i64,
    ) -> ((String, Cell), u8) {
        let started = &response.draft.started;
        let known = self.known(epoch, started);
        let moment_ms = known.map_or(received_ms, |stamp| stamp.wall_ms.min(received_ms));
        let day = known.map_or(UNDATED_DAY, |stamp| stamp.local_day());
        let hour = known.unwrap_or(*started).local_hour();
        let mut cell = Cell::of(response, day);
        // PostgreSQL cannot hold it, and what it holds instead must not be another key here.
        for text in [&mut cell.survey, &mut cell.touchpoint, &mut cell.language] {
            if text.contains('\0') {
                *text = text.replace('\0', "\u{fffd}");
            }
        }
        ((self.store_at(moment_ms).to_owned(), cell), hour)
    }

    /// The store in which it stood at that moment, in milliseconds since 1970-01-01T00:00:00Z; empty where it was in none.
    pub(super) fn store_at(&self, moment_ms: i64) -> &str {
        let former = self.former.iter().find(|(until_ms, _)| moment_ms < *until_ms);
        former.map_or(&self.store, |(_, store)| store)
    }
}
