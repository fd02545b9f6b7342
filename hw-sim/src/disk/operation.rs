//! What is done to a disk, and how often.

use std::fmt;

/// One operation on a registered directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// SQLite opened a file.
    Open {
        /// Its name.
        file: String,
        /// Whether that made it.
        created: bool,
    },
    /// Bytes were written.
    Write {
        /// Into which file.
        file: String,
        /// The first byte's place.
        at: u64,
        /// How many bytes.
        length: usize,
    },
    /// A file was cut to a length.
    Truncate {
        /// Which file.
        file: String,
        /// Its length now, in bytes.
        length: u64,
    },
    /// A file was synced.
    Sync {
        /// Which file.
        file: String,
        /// Whether it was answered with an error.
        failed: bool,
    },
    /// A name was removed.
    Unlink {
        /// The name.
        file: String,
    },
    /// The program changed a file without SQLite.
    Outside {
        /// Its name, the new one where it was renamed.
        file: String,
    },
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open { file, created: true } => write!(f, "creation of {file}"),
            Self::Open { file, created: false } => write!(f, "opening of {file}"),
            Self::Write { file, at, length } => write!(f, "write of {length} bytes at {at} of {file}"),
            Self::Truncate { file, length } => write!(f, "truncation of {file} to {length} bytes"),
            Self::Sync { file, failed: false } => write!(f, "sync of {file}"),
            Self::Sync { file, failed: true } => write!(f, "failed sync of {file}"),
            Self::Unlink { file } => write!(f, "removal of {file}"),
            Self::Outside { file } => write!(f, "change of {file} without SQLite"),
        }
    }
}

/// How often what was done to a disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Files opened, created ones included.
    pub opens: u64,
    /// Writes.
    pub writes: u64,
    /// Truncations.
    pub truncates: u64,
    /// Syncs, failed ones included.
    pub syncs: u64,
    /// Removals.
    pub unlinks: u64,
    /// Changes made without SQLite.
    pub outside: u64,
}

impl Counts {
    /// All of them; also the number of the newest operation.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.opens + self.writes + self.truncates + self.syncs + self.unlinks + self.outside
    }

    pub(super) fn add(&mut self, operation: &Operation) {
        let count = match operation {
            Operation::Open { .. } => &mut self.opens,
            Operation::Write { .. } => &mut self.writes,
            Operation::Truncate { .. } => &mut self.truncates,
            Operation::Sync { .. } => &mut self.syncs,
            Operation::Unlink { .. } => &mut self.unlinks,
            Operation::Outside { .. } => &mut self.outside,
        };
        *count += 1;
    }
}
