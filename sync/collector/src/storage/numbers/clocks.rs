//! Responses of a device that did not know the time: they are counted anew once a later response of the same start tells it, as the
//! kiosk itself does.

use std::collections::HashSet;

use afterword_model::record::{Seq, StoreEpoch};
use afterword_model::response::{ClockQuality, Response};

use super::super::sql::{Connection, Rows, SqlError, SqlResult, values};
use super::super::{column_seq, seq_column};
use super::Deltas;
use super::copies::{Identity, identity};
use super::state::{Boot, State, Zero};

/// What this response tells of a start that did not know the time, where it is of one of which responses are counted.
pub(super) fn told(state: &State, boot: Boot, response: &Response) -> Option<Zero> {
    let started = &response.draft.started;
    let waits = state.boots.get(&boot).is_some_and(Option::is_none);
    let is_known = started.clock != ClockQuality::Unset;
    let since_ms = i64::try_from(started.mono_ms).unwrap_or(i64::MAX);
    (waits && is_known).then(|| (started.wall_ms.saturating_sub(since_ms), started.offset_min))
}

/// Counts the responses of that start anew that are counted without a day: those before this number of this epoch, and where
/// anything was carried those of all others, each once.
pub(super) fn retime(
    connection: &Connection,
    before: &State,
    after: &State,
    boot: Boot,
    (epoch, seq): (StoreEpoch, Seq),
    deltas: &mut Deltas,
) -> SqlResult<()> {
    let was_carried = before.has_carried;
    let mut chains: Vec<(StoreEpoch, Seq)> = vec![(epoch, seq - 1)];
    if was_carried {
        chains.extend(before.through.iter().filter(|(other, _)| **other != epoch).map(|(e, s)| (*e, *s)));
    }
    let mut again: HashSet<Identity> = HashSet::new();
    for (chain, last) in chains {
        connection.search(
            "select seq, bytes, received_ms from records
             where device_id = ?1 and epoch = ?2 and seq <= ?3 and parked is null and erased_ms is null
             order by seq desc",
            values![before.device.as_bytes(), chain.as_bytes(), seq_column(last)],
            Rows::Many,
            |row| {
                let (seq, bytes) = (column_seq(row.get(0)?), row.blob(1)?);
                let Ok(response) = Response::from_bytes(seq, bytes) else { return Ok(None) };
                let started = &response.draft.started;
                // The newest are of this start, and none before one of another.
                if !was_carried && started.boot != boot.1 {
                    return Ok(Some(()));
                }
                let identity = identity(chain, seq, bytes);
                let is_wanted =
                    (identity.0.epoch, started.boot) == boot && started.clock == ClockQuality::Unset;
                if is_wanted && again.insert(identity) {
                    let received_ms = row.get(2)?;
                    let (place, hour) = before.place(boot.0, &response, received_ms);
                    deltas.entry(place).or_default().less.add(&response, hour);
                    let (place, hour) = after.place(boot.0, &response, received_ms);
                    deltas.entry(place).or_default().more.add(&response, hour);
                }
                Ok::<_, SqlError>(None)
            },
        )?;
    }
    Ok(())
}
