//! The files of a store in their directory: who owns them, what they are, and how a damaged one is set aside.
//!
//! `kiosk.lock` is locked by the owner for as long as it lives, and holds a line that says a database of ours
//! stands beside it. That line is how a damaged database is told from a stranger's file: a stranger's is
//! never touched, and what stands where ours did is renamed with its log and never deleted. A second line notes how far the database had
//! come ([`crate::noted`]).

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::error::OpenError;
use crate::noted::Noted;
use crate::salvage::PAGE_BYTES;
use crate::schema::APPLICATION_ID;

/// What every SQLite database begins with.
const SQLITE_MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// Length of SQLite's header, and where in it the application id stands, big-endian.
const HEADER_BYTES: usize = 100;
const APPLICATION_ID_AT: std::ops::Range<usize> = 68..72;

const MARK: &str = "a database of an Afterword kiosk stands beside this file\n";

/// What else belongs to a database: its write-ahead log and the log's index. Also what a rollback journal is called.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// What every database that was set aside is called, with a number behind it.
const ASIDE: &str = "kiosk.db.corrupt-";

/// Stands for a database that is not even there any more.
pub(crate) const MISSING: &str = "kiosk.db.corrupt-0";

/// The directory, locked.
#[derive(Debug)]
pub(crate) struct Place {
    directory: PathBuf,
    database: PathBuf,
    lock: File,
    /// What was noted last, by this process or before it.
    noted: Option<Noted>,
}

/// What stands where the database should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing yet.
    Nothing,
    /// Our database.
    Ours,
    /// It was our database, and its header is gone.
    Ruined,
    /// Somebody else's file.
    Foreign,
}

/// Shoppers' words are read by the kiosk's own user alone.
const DIRECTORY_MODE: u32 = 0o700;
/// As [`DIRECTORY_MODE`], for the database itself, wherever the directory came from.
const FILE_MODE: u32 = 0o600;

impl Place {
    /// Makes the directory where there is none, and takes the lock.
    pub(crate) fn take(directory: &Path) -> Result<Self, OpenError> {
        let failed = |path: &Path, doing, reason| OpenError::File { path: path.to_owned(), doing, reason };
        let made = DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(directory);
        made.map_err(|reason| failed(directory, "created", reason))?;
        let lock_path = directory.join("kiosk.lock");
        let lock = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&lock_path);
        let lock = lock.map_err(|reason| failed(&lock_path, "opened", reason))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse(directory.to_owned())),
            Err(TryLockError::Error(reason)) => return Err(failed(&lock_path, "locked", reason)),
        }
        let noted = Noted::read(&lock, MARK.len() as u64);
        Ok(Self { directory: directory.to_owned(), database: directory.join("kiosk.db"), lock, noted })
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(crate) fn database(&self) -> &Path {
        &self.database
    }

    /// Looks at the file without SQLite, which would write into what it opens.
    pub(crate) fn look(&mut self) -> Result<Found, OpenError> {
        let marked = self.is_marked().map_err(|reason| self.failed("read", reason))?;
        let header = match read_header(&self.database) {
            Ok(header) => header,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
            Err(reason) => return Err(self.failed("read", reason)),
        };
        let is_ours = header.get(APPLICATION_ID_AT) == Some(&APPLICATION_ID.to_be_bytes());
        Ok(if is_ours && is_usable(&header) {
            Found::Ours
        } else if is_ours || marked {
            // Where a database of ours stood, whatever stands now is what became of it.
            Found::Ruined
        } else if header.is_empty() {
            Found::Nothing
        } else {
            Found::Foreign
        })
    }

    /// A path for a database in the making, with nothing there. It becomes the database by [`Place::put`], so
    /// that a half-made one is never taken for a stranger's.
    pub(crate) fn draft(&self) -> Result<PathBuf, OpenError> {
        let draft = self.directory.join("kiosk.db.new");
        for path in with_companions(&draft) {
            match std::fs::remove_file(&path) {
                Err(reason) if reason.kind() != ErrorKind::NotFound => {
                    return Err(OpenError::File { path, doing: "removed", reason });
                }
                _ => {}
            }
        }
        // SQLite gives its log the database's own mode.
        let mut file = OpenOptions::new();
        let made = file.write(true).create_new(true).mode(FILE_MODE).open(&draft);
        made.map_err(|reason| self.failed("created", reason))?;
        Ok(draft)
    }

    /// The finished draft takes its place, durably.
    pub(crate) fn put(&mut self, draft: &Path) -> Result<(), OpenError> {
        let put = File::open(draft)
            .and_then(|file| file.sync_all())
            .and_then(|()| self.mark())
            .and_then(|()| std::fs::rename(draft, &self.database))
            .and_then(|()| self.sync_directory());
        put.map_err(|reason| self.failed("created", reason))
    }

    /// Renames the database and what belongs to it, where there is anything, to `kiosk.db.corrupt-<n>`.
    pub(crate) fn set_aside(&self) -> Result<(), OpenError> {
        let newest = self.asides().into_iter().next_back();
        let next = newest.as_ref().map_or(1, |(number, _)| number.saturating_add(1));
        let mut aside = self.directory.join(format!("{ASIDE}{next}"));
        if let Some((_, name)) = newest.filter(|_| !self.database.exists()) {
            // A log alone belongs to the database that went before it, when the power went in between.
            let before = self.directory.join(name);
            if with_companions(&before)[1..].iter().all(|companion| !companion.exists()) {
                aside = before;
            }
        }
        // The database first: should the power go in between, a log alone is moved by the next start, while a
        // database alone would look whole and lack its newest records.
        for (from, to) in with_companions(&self.database).iter().zip(with_companions(&aside)) {
            match std::fs::rename(from, &to) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(reason) => return Err(self.failed("set aside", reason)),
            }
        }
        self.sync_directory().map_err(|reason| self.failed("set aside", reason))
    }

    /// The databases that were set aside, the newest last: their numbers and names.
    pub(crate) fn asides(&self) -> Vec<(u64, String)> {
        let entries = std::fs::read_dir(&self.directory).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        // Of a database whose log alone was found, the log stands for both.
        let asides = names.filter_map(|name| {
            let number = aside_number(name.trim_end_matches(COMPANIONS[0]))?;
            Some((number, format!("{ASIDE}{number}")))
        });
        let mut asides: Vec<_> = asides.collect();
        asides.sort_unstable();
        asides.dedup();
        asides
    }

    /// What was noted beside the database.
    pub(crate) fn noted(&self) -> Option<Noted> {
        self.noted
    }

    /// Notes how far the database has come, when that is news.
    pub(crate) fn note(&mut self, noted: Noted) {
        let noted = noted.after(self.noted);
        if self.noted == Some(noted) {
            return;
        }
        if let Err(error) = noted.write(&self.lock, MARK.len() as u64) {
            tracing::debug!(%error, "how far the database has come was not noted");
        }
        self.noted = Some(noted);
    }

    fn is_marked(&mut self) -> std::io::Result<bool> {
        let mut text = Vec::new();
        self.lock.seek(SeekFrom::Start(0))?;
        (&self.lock).take(MARK.len() as u64).read_to_end(&mut text)?;
        Ok(text == MARK.as_bytes())
    }

    /// Says beside the database that it is ours.
    pub(crate) fn mark(&mut self) -> std::io::Result<()> {
        if self.is_marked()? {
            return Ok(());
        }
        self.lock.set_len(0)?;
        self.lock.seek(SeekFrom::Start(0))?;
        self.lock.write_all(MARK.as_bytes())?;
        self.lock.sync_all()
    }

    fn sync_directory(&self) -> std::io::Result<()> {
        File::open(&self.directory)?.sync_all()
    }

    fn failed(&self, doing: &'static str, reason: std::io::Error) -> OpenError {
        OpenError::File { path: self.database.clone(), doing, reason }
    }
}

/// Whether a header says what ours all say. SQLite refuses some other ones with errors that look like no damage at all
/// (<https://sqlite.org/fileformat2.html#the_database_header>).
fn is_usable(header: &[u8]) -> bool {
    let short = |at: usize| header.get(at..at + 2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]));
    let versions = |at: usize| header.get(at).is_some_and(|version| matches!(version, 1 | 2));
    header.starts_with(SQLITE_MAGIC)
        && short(16).map(usize::from) == Some(PAGE_BYTES)
        && versions(18)
        && versions(19)
        // No bytes of a page reserved, SQLite's fixed fractions, tables of its format 4, text as UTF-8.
        && header.get(20..24) == Some(&[0, 64, 32, 32])
        && header.get(44..48) == Some(&[0, 0, 0, 4])
        && header.get(56..60) == Some(&[0, 0, 0, 1])
}

/// Whether this is the name of a database that was set aside.
pub(crate) fn is_aside(name: &str) -> bool {
    aside_number(name).is_some()
}

fn aside_number(name: &str) -> Option<u64> {
    let digits = name.strip_prefix(ASIDE)?;
    digits.parse().ok().filter(|number: &u64| number.to_string() == digits)
}

fn read_header(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut header = Vec::with_capacity(HEADER_BYTES);
    File::open(path)?.take(HEADER_BYTES as u64).read_to_end(&mut header)?;
    Ok(header)
}

fn with_companions(path: &Path) -> [PathBuf; 4] {
    let companion = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    [path.to_owned(), companion(COMPANIONS[0]), companion(COMPANIONS[1]), companion(COMPANIONS[2])]
}
