//! What is noted beside the database: how far it had come, in a second line of the lock file.
//!
//! The note is written after each commit that moved the counter, over the line before and without waiting for the disk.
//! It may lag behind the database, never lead it: where it leads, the disk took back what it had confirmed, and the
//! numbers in between are known to be lost. It also names the epoch of a database that can no longer say so itself, and
//! when the newest frozen response was begun, so that a draft which comes back from the dead is not frozen again.
//! A note that cannot be written or read is none; nothing that was saved hangs on it.

use std::fmt;
use std::fs::File;
use std::os::unix::fs::FileExt;

use afterword_model::record::{Head, Seq, StoreEpoch};
use afterword_model::response::Stamp;

use crate::state::State;

/// Length of the line, which always is the same, so that one write replaces it whole.
const LINE_BYTES: usize =
    "noted ".len() + 32 + 1 + 20 + 1 + 20 + 1 + 64 + 1 + 10 + 1 + 10 + 1 + 20 + 1 + 32 + 1;

/// How far a store had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Noted {
    pub(crate) epoch: StoreEpoch,
    pub(crate) last_seq: Seq,
    pub(crate) purged_seq: Seq,
    /// The chain's head after `last_seq`.
    pub(crate) head: Head,
    /// How often a database was opened in this directory.
    pub(crate) boot: u32,
    /// When the newest response that was frozen was begun.
    pub(crate) newest: Begun,
    /// The epoch that was noted before this one; the same where none was. Should the disk bring its file back, it is
    /// known whose records those are.
    pub(crate) before: StoreEpoch,
}

/// When a response was begun, as far as that orders the responses of one directory: no clock that people set has a say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Begun {
    boot: u32,
    mono_ms: u64,
}

impl From<&Stamp> for Begun {
    fn from(stamp: &Stamp) -> Self {
        Self { boot: stamp.boot, mono_ms: stamp.mono_ms }
    }
}

impl Noted {
    pub(crate) fn of(state: &State) -> Self {
        let State { epoch, last_seq, purged_seq, head, boot, newest, .. } = *state;
        Self { epoch, last_seq, purged_seq, head, boot, newest, before: epoch }
    }

    /// As it is, after what was noted before it.
    pub(crate) fn after(self, noted: Option<Self>) -> Self {
        let Some(noted) = noted else { return self };
        Self { before: if noted.epoch == self.epoch { noted.before } else { noted.epoch }, ..self }
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
            boot: word()?.parse().ok()?,
            newest: Begun { boot: word()?.parse().ok()?, mono_ms: word()?.parse().ok()? },
            before: StoreEpoch::parse(word()?).ok()?,
        };
        (noted.to_string() == text && noted.purged_seq <= noted.last_seq).then_some(noted)
    }
}

impl fmt::Display for Noted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { epoch, last_seq, purged_seq, head, boot, newest: Begun { boot: begun, mono_ms }, before } =
            self;
        write!(
            f,
            "noted {epoch} {last_seq:020} {purged_seq:020} {head} {boot:010} {begun:010} {mono_ms:020} {before}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_is_read_back() {
        let epoch = StoreEpoch::new([1; 16]);
        let newest = Begun { boot: u32::MAX, mono_ms: u64::MAX };
        let head = Head::new([2; 32]);
        let long = Noted {
            epoch,
            last_seq: Seq::MAX,
            purged_seq: 7,
            head,
            boot: 3,
            newest,
            before: StoreEpoch::new([3; 16]),
        };
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
        let (epoch, head) = ("01".repeat(16), "02".repeat(32));
        let whole =
            format!("noted {epoch} {:020} {:020} {head} {:010} {:010} {:020} {epoch}", 9, 7, 3, 3, 800);
        assert!(Noted::parse(&whole).is_some());
        for torn in
            ["", &whole[1..], &whole[..whole.len() - 1], &whole.replace(" 0", " +"), &whole.replace('9', "6")]
        {
            assert_eq!(Noted::parse(torn), None, "{torn}");
        }
    }
}
