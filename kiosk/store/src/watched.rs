//! What the rules of alerts go by, read from the records and their counts: the ratings of the last minutes, and the hours.

use std::path::Path;

use afterword_model::alerts::chart::{BASE_DAYS, Hours};
use afterword_model::alerts::timeline::Timeline;
use afterword_model::alerts::window::{RATINGS_MAX, Rating};
use afterword_model::alerts::{Count, judged};
use afterword_model::response::{ClockQuality, Response, Stamp};
use afterword_model::tally::HourTally;
use rusqlite::Connection;

use crate::error::StoreError;
use crate::state::seq;
use crate::tally::{self, BootTimes};

/// So many records in a row that are too old, and those before them are too: what was carried from a damaged file stands among
/// newer ones.
const TOO_OLD_MAX: usize = 64;

/// Hours before the newest that the chart may go back to, for its points: today and the two days before.
const HOURS: i64 = 72;

/// The ratings of one touchpoint's last `width_ms` before `now`, on the timeline of this opening.
pub(crate) fn ratings(
    connection: &Connection,
    path: &Path,
    now: &Stamp,
    width_ms: i64,
    touchpoint: &str,
) -> Result<Vec<Rating>, StoreError> {
    let read = || -> rusqlite::Result<Vec<Rating>> {
        let times = BootTimes::read(connection)?;
        let mut timeline = Timeline::at(*now);
        let from_ms = i64::try_from(now.mono_ms).unwrap_or(i64::MAX).saturating_sub(width_ms);
        let (mut ratings, mut too_old) = (Vec::new(), 0);
        let mut read = connection.prepare_cached("SELECT seq, bytes FROM record ORDER BY seq DESC")?;
        let mut rows = read.query([])?;
        while let Some(row) = rows.next()?.filter(|_| too_old < TOO_OLD_MAX && ratings.len() < RATINGS_MAX) {
            let bytes = row.get_ref("bytes")?.as_blob()?;
            let Ok(response) = Response::from_bytes(seq(row, "seq")?, bytes) else { continue };
            let draft = &response.draft;
            let Some(at_ms) = timeline.place(&timed(&times, &draft.started)).filter(|&at_ms| at_ms > from_ms)
            else {
                too_old += 1;
                continue;
            };
            too_old = 0;
            if draft.touchpoint.as_deref().unwrap_or_default() == touchpoint
                && let Some(is_unhappy) = judged(draft)
            {
                ratings.push(Rating { at_ms, is_unhappy });
            }
        }
        Ok(ratings)
    };
    read().map_err(|error| StoreError::of(path, &error))
}

/// A moment of an opening whose clock came later is as good as any.
fn timed(times: &BootTimes, stamp: &Stamp) -> Stamp {
    let known = times.known(stamp);
    if known == *stamp { known } else { Stamp { clock: ClockQuality::Free, ..known } }
}

/// One touchpoint's hours up to `newest`, counted since 1970-01-01 in local time, and the days before that hour's.
pub(crate) fn hours(
    connection: &Connection,
    path: &Path,
    newest: i64,
    touchpoint: &str,
) -> Result<Hours, StoreError> {
    let today = newest.div_euclid(24);
    let cells = tally::cells(connection, (today.saturating_sub(BASE_DAYS), today));
    let cells = cells.map_err(|error| StoreError::of(path, &error))?;
    let first = newest.saturating_sub(HOURS - 1);
    let mut hours = Hours { base: Count::default(), hours: vec![Count::default(); HOURS as usize] };
    for (cell, tally) in cells.iter().filter(|(cell, _)| !cell.flagged && cell.touchpoint == touchpoint) {
        for (hour, counted) in &tally.hours {
            let count = count(counted);
            if cell.day < today {
                add(&mut hours.base, count);
            }
            let place = cell.day.saturating_mul(24).saturating_add(i64::from(*hour)).saturating_sub(first);
            if let Some(hour) = usize::try_from(place).ok().and_then(|place| hours.hours.get_mut(place)) {
                add(hour, count);
            }
        }
    }
    Ok(hours)
}

fn count(hour: &HourTally) -> Count {
    let mut sum = Count::default();
    for (scale, counts) in &hour.ratings {
        for (value, &answers) in scale.range().zip(counts) {
            add(&mut sum, Count { answers, unhappy: if scale.is_unhappy(value) { answers } else { 0 } });
        }
    }
    sum
}

fn add(sum: &mut Count, count: Count) {
    sum.answers = sum.answers.saturating_add(count.answers);
    sum.unhappy = sum.unhappy.saturating_add(count.unhappy);
}
