//! What is noted beside the database: how far it had come, in a second line of the lock file.
//!
//! The note is written after each commit that moved the counter, over the line before and without waiting for the disk.
//! It may lag behind the database, never lead it: where it leads, the disk took back what it had confirmed, and the
//! numbers in between are known to be lost. It also names the epoch of a database that can no longer say so itself.
//! A note that cannot be written or read is none; nothing that was saved hangs on it.

use std::fmt;
use std::fs::File;
use std::os::unix::fs::FileExt;

use afterword_model::record::{Head, Seq, StoreEpoch};

use crate::state::State;

/// Length of the line, which always is the same, so that one write replaces it whole.
const LINE_BYTES: usize = "noted ".len() + 32 + 1 + 20 + 1 + 20 + 1 + 64 + 1;

/// How far a store had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Noted {
    pub(crate) epoch: StoreEpoch,
    pub(crate) last_seq: Seq,
    pub(crate) purged_seq: Seq,
    /// The chain's head after `last_seq`.
    pub(crate) head: Head,
}

impl Noted {
    pub(crate) fn of(state: &State) -> Self {
        let State { epoch, last_seq, purged_seq, head, .. } = *state;
        Self { epoch, last_seq, purged_seq, head }
    }

    /// Reads the line that begins at this byte of the file.
    pub(crate) fn read(file: &File, offset: u64) -> Option<Self> {
        let mut line = [0; LINE_BYTES];
        file.read_exact_at(&mut line, offset).ok()?;
        Self::parse(std::str::from_utf8(&line).ok()?.strip_suffix('\n')?)
    }

    pub(crate) fn write(&self, file: &File, offset: u64) -> std::io::Result<()> {
        file.write_all_at(format!("{self}\n").as_bytes(), offset)
    }

    /// Reads what [`fmt::Display`] writes, and nothing that is spelt in another way.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut words = text.strip_prefix("noted ")?.split(' ');
        let mut word = || words.next();
        let noted = Self {
            epoch: StoreEpoch::parse(word()?).ok()?,
            last_seq: word()?.parse().ok()?,
            purged_seq: word()?.parse().ok()?,
            head: Head::parse(word()?).ok()?,
        };
        (noted.to_string() == text && noted.purged_seq <= noted.last_seq).then_some(noted)
    }
}

impl fmt::Display for Noted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "noted {} {:020} {:020} {}", self.epoch, self.last_seq, self.purged_seq, self.head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_is_read_back() {
        let epoch = StoreEpoch::new([1; 16]);
        let long = Noted { epoch, last_seq: Seq::MAX, purged_seq: 7, head: Head::new([2; 32]) };
        let file = tempfile::tempfile().unwrap();
        for noted in [long, Noted { last_seq: 9, ..long }] {
            noted.write(&file, 5).unwrap();
            assert_eq!(Noted::read(&file, 5), Some(noted));
        }
        assert_eq!(file.metadata().unwrap().len(), 5 + LINE_BYTES as u64);
        assert_eq!(Noted::read(&file, 6), None);
    }

    #[test]
    fn a_torn_note_is_none() {
        let whole = format!("noted {} {:020} {:020} {}", "01".repeat(16), 9, 7, "02".repeat(32));
        assert!(Noted::parse(&whole).is_some());
        for torn in
            ["", &whole[1..], &whole[..whole.len() - 1], &whole.replace(" 0", " +"), &whole.replace('9', "6")]
        {
            assert_eq!(Noted::parse(torn), None, "{torn}");
        }
    }
}
