//! The pages of a damaged database as its last commit left them: the file, with the log's committed pages over it.
//!
//! Nothing is written and nothing is believed: a page that cannot be read is missing, and the header is not asked. That
//! pages have 4,096 bytes is how [`crate::schema::create`] makes them.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::log::{self, Committed};

pub(crate) const PAGE_BYTES: usize = 4096;

/// Reads that may fail before the rest of the file is given up. A card can take half a minute for each; a salvage at the
/// start of a kiosk has not the day.
const READ_ERRORS_MAX: u32 = 16;

/// At this byte SQLite keeps its locks; the page there is never used
/// (<https://sqlite.org/fileformat2.html#the_lock_byte_page>).
const LOCK_BYTE: u64 = 0x4000_0000;

/// Entries of a page that says what other pages are for, five bytes each.
const MAP_ENTRIES: u32 = (PAGE_BYTES / 5) as u32;
const MAP_ENTRY_BYTES: usize = 5;
/// The entry of a page in no use.
const MAP_FREE: u8 = 2;

pub(super) type Page = [u8; PAGE_BYTES];

pub(super) struct Pages {
    file: Option<File>,
    log: Option<File>,
    committed: Committed,
    /// Pages of the database, as many as file or log have.
    pub(super) count: u32,
    read_errors: u32,
    /// The page read last, for records stand many to a page.
    last: Option<(u32, Box<Page>)>,
}

/// Whether there is anything of a database.
pub(super) fn exist(database: &Path) -> bool {
    database.exists() || log_of(database).exists()
}

impl Pages {
    /// Opens what there is of a database; where the file or its log is missing, the other is read alone.
    pub(super) fn open(database: &Path) -> Self {
        let file = File::open(database).ok();
        let log = File::open(log_of(database)).ok();
        let committed = log.as_ref().map(log::read).unwrap_or_default();
        let file_bytes = file.as_ref().and_then(|file| file.metadata().ok()).map_or(0, |file| file.len());
        let file_pages = u32::try_from(file_bytes.div_ceil(PAGE_BYTES as u64)).unwrap_or(u32::MAX);
        let count = file_pages.max(committed.page_count);
        Self { file, log, committed, count, read_errors: 0, last: None }
    }

    /// A page, by its number from 1.
    pub(super) fn page(&mut self, number: u32) -> Option<&Page> {
        if self.last.as_ref().is_none_or(|(last, _)| *last != number) {
            self.last = Some((number, self.read(number)?));
        }
        self.last.as_ref().map(|(_, page)| &**page)
    }

    /// Whether a page surely holds nothing: it has another use, or is in none. Free pages still have the content they
    /// had, perhaps of an epoch long over.
    pub(super) fn is_unused(&mut self, number: u32) -> bool {
        let Some(map) = map_of(number) else { return true };
        if map == number {
            return true;
        }
        let at = (number - map - 1) as usize * MAP_ENTRY_BYTES;
        self.page(map).is_some_and(|entries| entries[at] == MAP_FREE)
    }

    fn read(&mut self, number: u32) -> Option<Box<Page>> {
        if number == 0 || number > self.count || self.read_errors >= READ_ERRORS_MAX {
            return None;
        }
        let mut page = Box::new([0; PAGE_BYTES]);
        let read = match (self.committed.pages.get(&number), &self.log, &self.file) {
            (Some(&offset), Some(log), _) => log.read_exact_at(&mut *page, offset),
            (_, _, Some(file)) => fill(file, &mut *page, u64::from(number - 1) * PAGE_BYTES as u64),
            _ => return None,
        };
        if let Err(error) = read {
            self.read_errors += 1;
            tracing::warn!(%error, number, "a page of the damaged database cannot be read");
            return None;
        }
        Some(page)
    }
}

/// Reads as much as there is; what a cut file lacks stays zero.
fn fill(file: &File, mut into: &mut [u8], mut offset: u64) -> std::io::Result<()> {
    while !into.is_empty() {
        match file.read_at(into, offset) {
            Ok(0) => return Ok(()),
            Ok(length) => {
                into = &mut into[length..];
                offset += length as u64;
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The page that says what this one is for; itself, when it is such a page; `None` for the first and for the one under
/// the locks, the first being of the schema and the other of nobody
/// (<https://sqlite.org/fileformat2.html#pointer_map_or_ptrmap_pages>).
fn map_of(number: u32) -> Option<u32> {
    let is_under_locks = u64::from(number - 1) * PAGE_BYTES as u64 == LOCK_BYTE;
    (number > 1 && !is_under_locks).then(|| (number - 2) / (MAP_ENTRIES + 1) * (MAP_ENTRIES + 1) + 2)
}

fn log_of(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}
