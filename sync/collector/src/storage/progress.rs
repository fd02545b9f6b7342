//! How much of what a device has collected is here, by the device's own word and by what is held.
//!
//! Of each epoch: numbers up to the mark are held, and so is a number beyond it that was carried into a later epoch.
//! Invariant: what is neither held nor known to be lost on the device is named as missing, number for number.

use afterword_model::record::{DeviceId, Seq, StoreEpoch};
use afterword_protocol::queue::SeqRange;

use super::sql::{Connection, HexColumn, SqlError, SqlResult, values};
use super::{column_seq, seq_column};

/// How far one store of a device has come.
pub(crate) struct Progress {
    pub(crate) epoch: StoreEpoch,
    /// The highest number ever heard of.
    pub(crate) collected: Seq,
    /// Beyond the mark, and not carried: not received yet.
    pub(crate) missing: Vec<SeqRange>,
    /// Beyond the mark, and not carried: the device could not read them any more.
    pub(crate) lost: Vec<SeqRange>,
    /// Whether the device has said that another epoch followed.
    pub(crate) is_former: bool,
    pub(crate) last_received_ms: Option<i64>,
    pub(crate) heard: Option<Heard>,
}

/// What the last heartbeat said.
pub(crate) struct Heard {
    pub(crate) at_ms: i64,
    pub(crate) oldest_unsent_ms: Option<i64>,
    pub(crate) clock_ahead_ms: i64,
    pub(crate) certificate_expires_ms: i64,
}

/// All stores of a device, in the order they were first seen.
pub(crate) fn of_device(connection: &Connection, device: &DeviceId) -> SqlResult<Vec<Progress>> {
    let epochs: Vec<StoreEpoch> = connection.query_all(
        "select epoch from (
                 select epoch, first_received_ms as first_ms from stores where device_id = ?1
                 union all select epoch, first_heard_ms from heartbeats where device_id = ?1
                 union all select epoch, heard_ms from former_epochs where device_id = ?1) as heard
             group by epoch
             order by min(first_ms), epoch not in (select epoch from former_epochs where device_id = ?1)",
        values![device.as_bytes()],
        |row| Ok(row.get::<HexColumn<16, _>>(0)?.0),
    )?;
    epochs.into_iter().map(|epoch| of_store(connection, device, epoch)).collect()
}

fn of_store(connection: &Connection, device: &DeviceId, epoch: StoreEpoch) -> SqlResult<Progress> {
    let store = values![device.as_bytes(), epoch.as_bytes()];
    let held: Option<(i64, i64)> = connection.query_opt(
        "select mark, last_received_ms from stores where device_id = ?1 and epoch = ?2",
        store,
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let heard = connection.query_opt(
        "select last_seq_ever, last_heard_ms, oldest_unsent_ms, clock_ahead_ms, certificate_expires_ms
             from heartbeats where device_id = ?1 and epoch = ?2",
        store,
        |row| {
            let heard = Heard {
                at_ms: row.get(1)?,
                oldest_unsent_ms: row.get(2)?,
                clock_ahead_ms: row.get(3)?,
                certificate_expires_ms: row.get(4)?,
            };
            Ok((column_seq(row.get(0)?), heard))
        },
    )?;
    let former: Option<i64> = connection.query_opt(
        "select last_seq from former_epochs where device_id = ?1 and epoch = ?2",
        store,
        |row| row.get(0),
    )?;
    let mark = held.map_or(0, |(mark, _)| column_seq(mark));
    let ever = heard.as_ref().map_or(0, |(ever, _)| *ever);
    let collected = mark.max(ever).max(former.map_or(0, column_seq));
    let absent = absent(connection, device, &epoch, mark, collected)?;
    let lost: Vec<SeqRange> = connection.query_all(
        "select first_seq, last_seq from lost_ranges where device_id = ?1 and epoch = ?2 order by first_seq",
        store,
        |row| Ok(SeqRange { first: column_seq(row.get(0)?), last: column_seq(row.get(1)?) }),
    )?;
    let missing = without(&absent, &lost);
    Ok(Progress {
        epoch,
        collected,
        lost: without(&absent, &missing),
        missing,
        is_former: former.is_some(),
        last_received_ms: held.map(|(_, received_ms)| received_ms),
        heard: heard.map(|(_, heard)| heard),
    })
}

/// Numbers after `mark`, up to `last`, that were not carried either.
fn absent(
    connection: &Connection,
    device: &DeviceId,
    epoch: &StoreEpoch,
    mark: Seq,
    last: Seq,
) -> SqlResult<Vec<SeqRange>> {
    let query = "select distinct origin_seq from carried
         where device_id = ?1 and origin_epoch = ?2 and origin_seq between ?3 and ?4 order by origin_seq";
    let bounds = values![device.as_bytes(), epoch.as_bytes(), seq_column(mark + 1), seq_column(last)];
    let (mut ranges, mut next) = (Vec::new(), mark + 1);
    connection.each(query, bounds, |row| {
        let carried = column_seq(row.get(0)?);
        if carried > next {
            ranges.push(SeqRange { first: next, last: carried - 1 });
        }
        next = carried + 1;
        Ok::<_, SqlError>(())
    })?;
    if next <= last {
        ranges.push(SeqRange { first: next, last });
    }
    Ok(ranges)
}

/// What is left of ascending ranges when others, ascending too, are taken away.
fn without(ranges: &[SeqRange], taken: &[SeqRange]) -> Vec<SeqRange> {
    let mut left = Vec::new();
    for range in ranges {
        let mut first = range.first;
        for cut in taken.iter().filter(|cut| cut.last >= range.first && cut.first <= range.last) {
            if cut.first > first {
                left.push(SeqRange { first, last: cut.first - 1 });
            }
            first = first.max(cut.last + 1);
        }
        if first <= range.last {
            left.push(SeqRange { first, last: range.last });
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(pairs: &[(Seq, Seq)]) -> Vec<SeqRange> {
        pairs.iter().map(|&(first, last)| SeqRange { first, last }).collect()
    }

    #[test]
    fn what_is_taken_away_leaves_the_rest_number_for_number() {
        let left = without(&ranges(&[(5, 20), (30, 30)]), &ranges(&[(1, 5), (8, 9), (20, 29)]));
        assert_eq!(left, ranges(&[(6, 7), (10, 19), (30, 30)]));
        assert_eq!(without(&ranges(&[(5, 6)]), &ranges(&[(1, 9)])), []);
        assert_eq!(without(&ranges(&[(5, 6)]), &[]), ranges(&[(5, 6)]));
    }
}
