//! What the programs see of a directory, what a disk would still hold of it, and the changes in between.
//!
//! Pure but for looking at inode numbers, by which a renamed file is known again. A change is applied to what
//! programs see at once, and to what is durable when it is synced, in the order in which it was made.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use super::outside::{self, Seen};

/// A file, whatever it is called at the moment.
pub(super) type FileId = u32;

/// Names and contents at one moment, in the cache or on the disk.
#[derive(Clone, Default)]
pub(super) struct Contents {
    pub(super) names: BTreeMap<String, FileId>,
    pub(super) files: BTreeMap<FileId, Arc<Vec<u8>>>,
}

/// One thing that is done to a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Write { file: FileId, at: u64, bytes: Vec<u8> },
    Truncate { file: FileId, length: u64 },
    Link { name: String, file: FileId },
    Unlink { name: String },
    Rename { from: String, to: String },
}

pub(super) struct Pending {
    pub(super) change: Change,
    /// A sync was answered with success that did not do it.
    claimed: bool,
}

/// What is known of a file beside its content.
struct Kept {
    inode: u64,
    /// Whether SQLite has had it open: then every change of it is seen as it happens.
    is_followed: bool,
    handles: u32,
    seen: Option<Seen>,
    flips: BTreeMap<u64, u8>,
}

pub(super) struct Medium {
    /// What programs see.
    now: Contents,
    /// What would be there after a cut if nothing else reached the disk.
    pub(super) durable: Contents,
    /// Made and not synced, in order.
    pub(super) pending: Vec<Pending>,
    kept: BTreeMap<FileId, Kept>,
    pub(super) next_file: FileId,
}

/// What was done to the directory without SQLite.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum OutsideChange {
    Appeared { name: String, seen: Seen, bytes: Vec<u8> },
    Rewritten { name: String, seen: Seen, bytes: Vec<u8> },
    Renamed { from: String, to: String },
    Vanished { name: String },
}

impl OutsideChange {
    pub(super) fn file(&self) -> &str {
        match self {
            Self::Appeared { name, .. } | Self::Rewritten { name, .. } | Self::Vanished { name } => name,
            Self::Renamed { to, .. } => to,
        }
    }
}

impl Medium {
    /// What is in a directory, all of it durable. Numbers of files count on from those given before.
    pub(super) fn of(directory: &Path, next_file: FileId) -> io::Result<Self> {
        let mut medium = Self {
            now: Contents::default(),
            durable: Contents::default(),
            pending: Vec::new(),
            kept: BTreeMap::new(),
            next_file,
        };
        for change in outside::changes(directory, &medium)? {
            medium.happen_outside(change);
        }
        medium.sync_outside(false);
        Ok(medium)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = (&str, FileId)> {
        self.now.names.iter().map(|(name, file)| (name.as_str(), *file))
    }

    pub(super) fn inode(&self, file: FileId) -> u64 {
        self.kept[&file].inode
    }

    /// What a file that SQLite does not touch looked like when it was last looked at.
    pub(super) fn seen(&self, file: FileId) -> Option<&Seen> {
        let kept = &self.kept[&file];
        kept.seen.as_ref().filter(|_| !kept.is_followed)
    }

    /// The name of a file, as people know it.
    pub(super) fn name(&self, file: FileId) -> String {
        let found = self.names().find(|&(_, named)| named == file);
        found.map_or_else(|| format!("removed file {file}"), |(name, _)| name.to_owned())
    }

    pub(super) fn length(&self, file: FileId) -> u64 {
        self.now.files.get(&file).map_or(0, |bytes| bytes.len() as u64)
    }

    pub(super) fn bytes_total(&self) -> u64 {
        self.now.names.values().map(|&file| self.length(file)).sum()
    }

    pub(super) fn happen_outside(&mut self, change: OutsideChange) {
        match change {
            OutsideChange::Appeared { name, seen, bytes } => {
                let file = self.add(seen.inode, Some(seen));
                self.change(Change::Link { name, file });
                self.change(Change::Write { file, at: 0, bytes });
            }
            OutsideChange::Rewritten { name, seen, bytes } => {
                let file = self.now.names[&name];
                self.kept.entry(file).and_modify(|kept| kept.seen = Some(seen));
                self.change(Change::Truncate { file, length: 0 });
                self.change(Change::Write { file, at: 0, bytes });
            }
            OutsideChange::Renamed { from, to } => self.change(Change::Rename { from, to }),
            OutsideChange::Vanished { name } => self.change(Change::Unlink { name }),
        }
    }

    /// Before a file is opened that nobody has open: whatever was done to it without SQLite is taken for durable. Reading
    /// it here harms no lock, because nobody holds one.
    pub(super) fn compare(&mut self, name: &str, path: &Path) {
        let Some(&file) = self.now.names.get(name) else { return };
        let Some(kept) = self.kept.get_mut(&file).filter(|kept| kept.is_followed && kept.handles == 0) else {
            return;
        };
        let Ok(bytes) = std::fs::read(path) else { return };
        if self.now.files.get(&file).map_or(&[][..], |known| known) == bytes {
            return;
        }
        kept.flips.clear();
        self.pending.retain(|pending| pending.change.content_of() != Some(file));
        let bytes = Arc::new(bytes);
        for contents in [&mut self.now, &mut self.durable] {
            contents.files.insert(file, Arc::clone(&bytes));
        }
    }

    /// SQLite has opened a file, which may be new.
    pub(super) fn open(&mut self, name: &str, path: &Path) -> FileId {
        let file = self.now.names.get(name).copied().unwrap_or_else(|| {
            // SQLite holds it open, so its number is nobody else's; should it be gone already, it has none.
            let inode = std::fs::metadata(path).map_or(0, |file| file.ino());
            let file = self.add(inode, None);
            self.change(Change::Link { name: name.to_owned(), file });
            file
        });
        self.kept.entry(file).and_modify(|kept| {
            kept.is_followed = true;
            kept.handles += 1;
        });
        file
    }

    pub(super) fn close(&mut self, file: FileId) {
        self.kept.entry(file).and_modify(|kept| kept.handles = kept.handles.saturating_sub(1));
    }

    pub(super) fn write(&mut self, file: FileId, at: u64, bytes: &[u8]) {
        if let Some(kept) = self.kept.get_mut(&file).filter(|kept| !kept.flips.is_empty()) {
            let written = at..at + bytes.len() as u64;
            kept.flips.retain(|place, _| !written.contains(place));
        }
        self.change(Change::Write { file, at, bytes: bytes.to_vec() });
    }

    pub(super) fn truncate(&mut self, file: FileId, length: u64) {
        self.change(Change::Truncate { file, length });
    }

    /// Removes a name; how many bytes nobody can reach any more.
    pub(super) fn unlink(&mut self, name: &str) -> u64 {
        let freed = self.now.names.get(name).map_or(0, |&file| self.length(file));
        self.change(Change::Unlink { name: name.to_owned() });
        freed
    }

    /// Makes durable what a file holds, and the directory's names too where that is asked; or only claims to.
    pub(super) fn sync(&mut self, file: Option<FileId>, names_too: bool, lying: bool) {
        let is_meant = |change: &Change| match change.content_of() {
            Some(content_of) => Some(content_of) == file,
            None => names_too,
        };
        self.settle(is_meant, lying);
    }

    /// Makes durable the names and whatever SQLite has not open. What it has open is for its own syncs alone.
    pub(super) fn sync_outside(&mut self, lying: bool) {
        let open = self.kept.iter().filter(|(_, kept)| kept.handles > 0).map(|(file, _)| *file);
        let open: BTreeSet<FileId> = open.collect();
        self.settle(|change| change.content_of().is_none_or(|file| !open.contains(&file)), lying);
    }

    fn settle(&mut self, is_meant: impl Fn(&Change) -> bool, lying: bool) {
        if lying {
            self.pending.iter_mut().for_each(|pending| pending.claimed |= is_meant(&pending.change));
            return;
        }
        let (done, pending) = std::mem::take(&mut self.pending)
            .into_iter()
            .partition(|pending: &Pending| pending.claimed || is_meant(&pending.change));
        self.pending = pending;
        let done: Vec<Pending> = done;
        for pending in &done {
            self.durable.apply(&pending.change);
        }
        self.forget_unreachable();
    }

    /// What was written to a file and not synced will never reach the disk, though programs see it.
    pub(super) fn lose(&mut self, file: FileId) {
        self.pending.retain(|pending| pending.claimed || pending.change.content_of() != Some(file));
    }

    pub(super) fn flip(&mut self, name: &str, at: u64, mask: u8) {
        let Some(&file) = self.now.names.get(name) else { return };
        if at < self.length(file) {
            self.kept.entry(file).and_modify(|kept| *kept.flips.entry(at).or_default() ^= mask);
        }
    }

    /// Turns bytes of a file as they were written, from the place `at` on, into bytes as they are read.
    pub(super) fn spoil(&self, file: FileId, at: u64, bytes: &mut [u8]) {
        let Some(kept) = self.kept.get(&file) else { return };
        for (place, mask) in kept.flips.range(at..at + bytes.len() as u64) {
            bytes[position(place - at)] ^= mask;
        }
    }

    pub(super) fn is_spoilt(&self, file: FileId) -> bool {
        self.kept.get(&file).is_some_and(|kept| !kept.flips.is_empty())
    }

    fn add(&mut self, inode: u64, seen: Option<Seen>) -> FileId {
        let file = self.next_file;
        self.next_file += 1;
        let kept = Kept { inode, is_followed: false, handles: 0, seen, flips: BTreeMap::new() };
        self.kept.insert(file, kept);
        file
    }

    fn change(&mut self, change: Change) {
        self.now.apply(&change);
        self.pending.push(Pending { change, claimed: false });
    }

    /// A file without name, handle or pending change can come back by no cut.
    fn forget_unreachable(&mut self) {
        let mut reachable: BTreeSet<FileId> = self.now.names.values().copied().collect();
        reachable.extend(self.durable.names.values());
        reachable.extend(self.kept.iter().filter(|(_, kept)| kept.handles > 0).map(|(file, _)| file));
        reachable.extend(self.pending.iter().filter_map(|pending| pending.change.file()));
        self.kept.retain(|file, _| reachable.contains(file));
        for contents in [&mut self.now, &mut self.durable] {
            contents.files.retain(|file, _| reachable.contains(file));
        }
    }
}

impl Contents {
    pub(super) fn apply(&mut self, change: &Change) {
        match change {
            Change::Write { file, at, bytes } => {
                let content = Arc::make_mut(self.files.entry(*file).or_default());
                let start = position(*at);
                let end = start + bytes.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[start..end].copy_from_slice(bytes);
            }
            Change::Truncate { file, length } => {
                Arc::make_mut(self.files.entry(*file).or_default()).resize(position(*length), 0);
            }
            Change::Link { name, file } => {
                self.names.insert(name.clone(), *file);
            }
            Change::Unlink { name } => {
                self.names.remove(name);
            }
            Change::Rename { from, to } => {
                // Where the name to be moved never reached the disk, there is nothing to move.
                if let Some(file) = self.names.remove(from) {
                    self.names.insert(to.clone(), file);
                }
            }
        }
    }
}

impl Change {
    /// The file whose content this changes; `None` for names.
    fn content_of(&self) -> Option<FileId> {
        match self {
            Self::Write { file, .. } | Self::Truncate { file, .. } => Some(*file),
            Self::Link { .. } | Self::Unlink { .. } | Self::Rename { .. } => None,
        }
    }

    fn file(&self) -> Option<FileId> {
        match self {
            Self::Link { file, .. } => Some(*file),
            _ => self.content_of(),
        }
    }
}

/// A place in a file that is held in memory.
pub(super) fn position(at: u64) -> usize {
    usize::try_from(at).expect("a file of this test fits the memory")
}
