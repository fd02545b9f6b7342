//! What the program does to the directory without SQLite, found by comparing the directory with what is known.
//!
//! A file is known again by its inode number, so a rename is a rename and not a new file. Content is read
//! only of files that SQLite has never had open: closing a file that SQLite holds would drop its locks
//! (<https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_>).

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::medium::{Medium, OutsideChange};

/// What a look at a file tells without opening it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) inode: u64,
    length: u64,
    modified: (i64, i64),
}

impl Seen {
    fn of(file: &Metadata) -> Self {
        Self { inode: file.ino(), length: file.len(), modified: (file.mtime(), file.mtime_nsec()) }
    }
}

/// Every change since the directory was last looked at; names last, as programs do it.
pub(super) fn changes(directory: &Path, medium: &Medium) -> io::Result<Vec<OutsideChange>> {
    let found = list(directory)?;
    let known: BTreeMap<&str, u64> = medium.names().map(|(name, file)| (name, medium.inode(file))).collect();
    let is_in_place = |name: &str, inode: u64| known.get(name) == Some(&inode);
    // A file of which the name is gone, or names another file now.
    let moved: BTreeMap<u64, &str> = known
        .iter()
        .filter(|(name, inode)| found.get(**name).is_none_or(|seen| seen.inode != **inode))
        .map(|(name, inode)| (*inode, *name))
        .collect();

    let mut contents = Vec::new();
    let mut names = Vec::new();
    let mut left: Vec<&str> = moved.values().copied().collect();
    for (name, seen) in &found {
        if is_in_place(name, seen.inode) {
            continue;
        }
        if let Some(from) = moved.get(&seen.inode) {
            left.retain(|name| name != from);
            names.push(OutsideChange::Renamed { from: (*from).to_owned(), to: name.clone() });
        } else {
            let bytes = std::fs::read(directory.join(name))?;
            contents.push(OutsideChange::Appeared { name: name.clone(), seen: seen.clone(), bytes });
        }
    }
    for (name, file) in medium.names() {
        let Some(seen) = found.get(name).filter(|seen| is_in_place(name, seen.inode)) else { continue };
        if medium.seen(file).is_some_and(|before| before != seen) {
            let bytes = std::fs::read(directory.join(name))?;
            contents.push(OutsideChange::Rewritten { name: name.to_owned(), seen: seen.clone(), bytes });
        }
    }
    // A name that another file took over is not gone.
    left.retain(|name| !found.contains_key(*name));
    names.extend(left.into_iter().map(|name| OutsideChange::Vanished { name: name.to_owned() }));
    contents.extend(names);
    Ok(contents)
}

/// The files that are on the disk; the index of a log is memory that happens to have a name.
fn list(directory: &Path) -> io::Result<BTreeMap<String, Seen>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        match entry.metadata() {
            Ok(file) if file.is_file() && !name.ends_with("-shm") => {
                found.insert(name, Seen::of(&file));
            }
            // A folder, a socket, or a file that went while we looked.
            _ => {}
        }
    }
    Ok(found)
}
