//! One database in the place of another, so that a cut at any moment leaves the old one or the new.
//!
//! The old one is given its second name first, and the new one then takes its first name in one step: there is no
//! moment without a database, which a start would take for a new collector. Invariant: nothing that is not kept under
//! another name is replaced or removed. On failure the old one is in use as before.

use std::io;
use std::path::{Path, PathBuf};
use std::{fs, fs::File};

use crate::pki::sync_folder;

/// One change to the folder; a cut falls between two of them.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Change {
    /// The file is to be found under the second name too, as it is.
    Keep(PathBuf, PathBuf),
    /// What was done so far is made durable.
    Sync(PathBuf),
    /// The file goes; it is kept.
    Remove(PathBuf),
    /// The first takes the name of the second.
    Replace(PathBuf, PathBuf),
}

/// Puts `draft` in the place of `database`. Where that is now, if there was one.
pub(super) fn put_in_place(database: &Path, draft: &Path) -> io::Result<Option<PathBuf>> {
    let (changes, aside) = plan(database, draft);
    carry_out(&changes, aside)
}

/// Makes the changes one after the other. The second name goes again where the old database still has its first.
fn carry_out(changes: &[Change], aside: Option<PathBuf>) -> io::Result<Option<PathBuf>> {
    for (made, change) in changes.iter().enumerate() {
        let Err(error) = change.make() else { continue };
        let is_only_name =
            |change: &Change| matches!(change, Change::Remove(_)) || matches!(change, Change::Replace(..));
        if !changes[..made].iter().any(is_only_name) {
            let _ = aside.as_ref().map(fs::remove_file);
        }
        return Err(error);
    }
    Ok(aside)
}

/// A database's log and the log's index.
pub(super) fn companions(database: &Path) -> [PathBuf; 2] {
    ["-wal", "-shm"].map(|suffix| named(database, suffix))
}

fn named(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn plan(database: &Path, draft: &Path) -> (Vec<Change>, Option<PathBuf>) {
    let folder = database.parent().unwrap_or(database).to_owned();
    let mut changes = Vec::new();
    let mut aside = None;
    if database.exists() {
        let free = (1_u32..).map(|number| named(database, &format!(".before-restore-{number}")));
        let name = free.into_iter().find(|name| !name.exists()).expect("numbers do not end before disks");
        changes.push(Change::Keep(database.to_owned(), name.clone()));
        aside = Some(name);
    }
    // Only of a database that can't be read a log is left. The new one must not find it under its own name.
    let logs: Vec<PathBuf> = companions(database).into_iter().filter(|log| log.exists()).collect();
    for (log, suffix) in companions(database).iter().zip(["-wal", "-shm"]).filter(|(log, _)| log.exists()) {
        changes.extend(aside.as_ref().map(|aside| Change::Keep(log.clone(), named(aside, suffix))));
    }
    changes.push(Change::Sync(folder.clone()));
    changes.extend(logs.into_iter().map(Change::Remove));
    changes.push(Change::Replace(draft.to_owned(), database.to_owned()));
    changes.push(Change::Sync(folder));
    (changes, aside)
}

impl Change {
    fn make(&self) -> io::Result<()> {
        match self {
            // Some file systems know no second names; there it costs the space of a copy.
            Self::Keep(from, to) => fs::hard_link(from, to)
                .or_else(|_| fs::copy(from, to).and_then(|_| File::open(to)?.sync_all())),
            Self::Sync(folder) => sync_folder(folder),
            Self::Remove(path) => fs::remove_file(path),
            Self::Replace(from, to) => fs::rename(from, to),
        }
    }
}

#[cfg(test)]
mod tests {
    use afterword_model::ports::{ManualClock, SeededEntropy};
    use afterword_model::record::ServerEpoch;
    use tempfile::TempDir;

    use super::*;
    use crate::storage::open::open_or_create;
    use crate::storage::{Rest, open_existing, read_server, settle};

    const SCENES: [&str; 3] = ["a sound one", "one whose log lies beside it", "one that cannot be read"];

    /// A folder with a database and a draft to take its place; their epochs.
    fn scene(what: &str) -> (TempDir, [PathBuf; 2], [ServerEpoch; 2]) {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["collector.db", "collector.db.restoring"].map(|name| folder.path().join(name));
        let made = |path: &Path, seed| {
            let connection = open_or_create(path, &ManualClock::at(1), &SeededEntropy::new(seed)).unwrap();
            (read_server(&connection).unwrap().server_epoch, connection)
        };
        let (old, connection) = made(&paths[0], 1);
        if what == "a sound one" {
            connection.close().unwrap();
        } else {
            // As a kill leaves it: copied while it is open, with its log.
            let killed = tempfile::tempdir().unwrap();
            for file in [paths[0].clone()].iter().chain(&companions(&paths[0])) {
                fs::copy(file, killed.path().join(file.file_name().unwrap())).unwrap();
            }
            connection.close().unwrap();
            for file in fs::read_dir(killed.path()).unwrap().map(|file| file.unwrap()) {
                fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
            }
            assert!(companions(&paths[0])[0].exists());
        }
        if what == "one that cannot be read" {
            // A log that is whole would heal it.
            for file in [&paths[0], &companions(&paths[0])[0]] {
                fs::write(file, "rubbish".repeat(1_000)).unwrap();
            }
        }
        let (new, connection) = made(&paths[1], 2);
        connection.close().unwrap();
        (folder, paths, [old, new])
    }

    fn epoch(database: &Path) -> Option<ServerEpoch> {
        let connection = open_existing(database).ok()?;
        Some(read_server(&connection).unwrap().server_epoch)
    }

    #[test]
    fn a_cut_at_any_moment_leaves_the_old_one_or_the_new() {
        for what in SCENES {
            for cut in 0.. {
                let (_folder, [database, draft], [old, new]) = scene(what);
                let rest = settle(&database).unwrap();
                assert_eq!(rest == Rest::Unreadable, what == "one that cannot be read", "{what}: {rest:?}");
                let (changes, aside) = plan(&database, &draft);
                changes.iter().take(cut).for_each(|change| change.make().unwrap());
                let is_new = !draft.exists();
                let name = format!("{what}, cut after {cut}");
                let kept = if is_new { aside.as_ref().unwrap() } else { &database };
                if rest == Rest::Unreadable {
                    assert!(fs::read(kept).unwrap().starts_with(b"rubbish"), "{name}");
                    let logs = [&database, aside.as_ref().unwrap()].map(|of| named(of, "-wal").exists());
                    assert!(logs[1] || (logs[0] && !is_new), "{name}: its log is kept");
                    assert!(!(logs[0] && is_new), "{name}: a foreign log would be played into the new one");
                } else {
                    assert_eq!(epoch(kept), Some(old), "{name}");
                }
                if is_new {
                    assert_eq!(epoch(&database), Some(new), "{name}");
                }
                if cut > changes.len() {
                    assert!(is_new, "{name}");
                    break;
                }
            }
        }
    }

    #[test]
    fn a_step_that_fails_leaves_the_old_one_in_use() {
        let (_folder, [database, draft], [old, _]) = scene(SCENES[1]);
        settle(&database).unwrap();
        fs::remove_file(&draft).unwrap();
        put_in_place(&database, &draft).unwrap_err();
        assert_eq!(epoch(&database), Some(old));
        assert!(!named(&database, ".before-restore-1").exists(), "nothing was set aside");
    }

    #[test]
    fn what_fails_once_the_new_one_stands_there_leaves_the_old_one_its_second_name() {
        let (_folder, [database, draft], [old, new]) = scene(SCENES[0]);
        settle(&database).unwrap();
        let (mut changes, aside) = plan(&database, &draft);
        *changes.last_mut().unwrap() = Change::Sync(draft.join("no such folder"));
        carry_out(&changes, aside.clone()).unwrap_err();
        assert_eq!((epoch(&database), epoch(&aside.unwrap())), (Some(new), Some(old)));
    }

    #[test]
    fn where_there_is_no_database_there_is_one_afterwards() {
        let (_folder, [database, draft], [_, new]) = scene(SCENES[0]);
        fs::remove_file(&database).unwrap();
        assert_eq!(settle(&database).unwrap(), Rest::Nothing);
        assert_eq!(put_in_place(&database, &draft).unwrap(), None);
        assert_eq!(epoch(&database), Some(new));
    }
}
