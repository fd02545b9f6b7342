//! A folder of Parquet files, one for each day on which responses came: `day=2026-11-28/part-0.parquet`, which readers know as a Hive
//! partitioning.
//!
//! Whoever reads while a file is replaced reads the old one or the new one. A day that
//! is exported again is replaced, and one that has no responses any more has no file. Responses are stored by kiosk and not by day: one
//! pass over them serves many days, whose files are open at the same time.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Days, NaiveDate};

use super::parquet::Parquet;
use super::whole::WholeFile;
use super::{ExportError, Page, Rows as _, each};
use crate::storage::StorageError;
use crate::storage::responses::Place;

/// Days of one pass: so many files are open at once.
const DAYS_AT_ONCE: u64 = 31;
/// Rows of all those files that lie in memory.
const ROWS_WAITING_MAX: usize = 20_000;
/// What the one file of a day is called.
const NAME: &str = "part-0.parquet";

/// Writes the days from the first to the last into a folder. `page` gives responses received from a moment on and before another (in
/// milliseconds since 1970-01-01T00:00:00Z), after a place. How many rows there are.
pub(crate) fn write_tree(
    folder: &Path,
    (first, last): (NaiveDate, NaiveDate),
    mut page: impl FnMut((i64, i64), Option<Place>) -> Result<Page, StorageError>,
) -> Result<u64, ExportError> {
    let (mut count, mut from) = (0, first);
    while from <= last {
        let to = from.checked_add_days(Days::new(DAYS_AT_ONCE - 1)).unwrap_or(last).min(last);
        count += write_days(folder, (from, to), |after| page(moments((from, to)), after))?;
        let Some(next) = to.succ_opt() else { break };
        from = next;
    }
    Ok(count)
}

/// From the first moment of the first day to before the first after the last, in UTC.
pub(crate) fn moments((first, last): (NaiveDate, NaiveDate)) -> (i64, i64) {
    let begin = |day: NaiveDate| day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis();
    (begin(first), last.succ_opt().map_or(i64::MAX, begin))
}

fn write_days(
    folder: &Path,
    (first, last): (NaiveDate, NaiveDate),
    page: impl FnMut(Option<Place>) -> Result<Page, StorageError>,
) -> Result<u64, ExportError> {
    let mut days: BTreeMap<NaiveDate, DayFile> = BTreeMap::new();
    let mut waiting = 0;
    let count = each(page, |found| {
        let day = DateTime::from_timestamp_millis(found.received_ms).map(|at| at.date_naive());
        let day = day.unwrap_or_default().clamp(first, last);
        let file = match days.entry(day) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(DayFile::begin(folder, day)?),
        };
        let before = file.rows.waiting();
        file.rows.take(found)?;
        waiting = waiting + file.rows.waiting() - before;
        if waiting >= ROWS_WAITING_MAX
            && let Some(fullest) = days.values_mut().max_by_key(|file| file.rows.waiting())
        {
            waiting -= fullest.rows.waiting();
            fullest.rows.write_group()?;
        }
        Ok(())
    })?;
    for day in first.iter_days().take_while(|day| *day <= last) {
        match days.remove(&day) {
            Some(file) => file.end()?,
            None => remove(&folder_of(folder, day))?,
        }
    }
    Ok(count)
}

fn folder_of(folder: &Path, day: NaiveDate) -> PathBuf {
    folder.join(format!("day={day}"))
}

/// Takes away the file of a day without responses, and its folder where nobody put anything else there.
fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_file(folder.join(NAME)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    }
    match fs::remove_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
        other => other,
    }
}

/// The file of one day.
struct DayFile {
    rows: Box<Parquet<BufWriter<File>>>,
    file: WholeFile,
}

impl DayFile {
    fn begin(folder: &Path, day: NaiveDate) -> io::Result<Self> {
        let folder = folder_of(folder, day);
        fs::create_dir_all(&folder)?;
        let file = WholeFile::begin(&folder.join(NAME))?;
        let rows = Box::new(Parquet::begin(BufWriter::new(file.writer()?))?);
        Ok(Self { rows, file })
    }

    fn end(self) -> io::Result<()> {
        self.rows.end()?;
        self.file.end()
    }
}
