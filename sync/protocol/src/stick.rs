//! A file on a stick: there whole or not at all, whatever becomes of the stick.
//!
//! Both programs of a device write to sticks, each under beginnings of its own. Failure: what had been written goes with the next
//! file of the same beginning; under a file's own name there is never a part of one.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// How the name of a file ends that is not whole yet.
const UNFINISHED: &str = ".part";

/// A file that is being written under another name, and goes when it is dropped before its time.
#[derive(Debug)]
pub struct Unfinished {
    folder: PathBuf,
    path: PathBuf,
}

impl Unfinished {
    /// Begins a file in this folder. Leftovers with the same beginning go: a stick was pulled, and they would fill it up. Whoever else
    /// is at work there loses his file with that, and is told so when he is to finish it.
    ///
    /// With `device`, the number of the file system that the folder is to be on (`st_dev`), nothing is written to another one: a folder
    /// that a stick was mounted on stays when the stick is pulled, and then lies on the device's own card.
    ///
    /// # Errors
    /// What the file system gives; [`io::ErrorKind::NotFound`] when the stick has gone.
    pub fn begin(
        folder: &Path,
        beginning: &str,
        distinct: &str,
        device: Option<u64>,
    ) -> io::Result<(Self, File)> {
        let is_on = |found: u64| device.is_none_or(|device| device == found);
        let gone = || io::Error::new(io::ErrorKind::NotFound, "the stick is no longer there");
        if !is_on(fs::metadata(folder)?.dev()) {
            return Err(gone());
        }
        let beginning = format!(".{beginning}");
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(&beginning) && name.ends_with(UNFINISHED) {
                fs::remove_file(folder.join(&*name))?;
            }
        }
        let path = folder.join(format!("{beginning}{distinct}{UNFINISHED}"));
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        let unfinished = Self { folder: folder.to_owned(), path };
        // It may have been pulled since it was looked at.
        if is_on(file.metadata()?.dev()) { Ok((unfinished, file)) } else { Err(gone()) }
    }

    /// Makes it durable under this name, in place of any that had it.
    ///
    /// # Errors
    /// What the file system gives; there is no such file then, or it was durable as it is and only its name may not be.
    pub fn finish(self, file: &File, name: &str) -> io::Result<PathBuf> {
        file.sync_all()?;
        let whole = self.folder.join(name);
        fs::rename(&self.path, &whole)?;
        match File::open(&self.folder).and_then(|folder| folder.sync_all()) {
            // Some file systems of sticks know nothing of folders that are made durable.
            Err(error)
                if !matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) =>
            {
                Err(error)
            }
            _ => Ok(whole),
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Gone already when it was finished; on a stick that was pulled, the next one removes it.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_there_whole_or_not_at_all_and_leftovers_go() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(".table-1.part"), "pulled last week").unwrap();
        fs::write(folder.path().join(".bundle-1.part"), "of somebody else").unwrap();
        let (unfinished, mut file) = Unfinished::begin(folder.path(), "table-", "2", None).unwrap();
        file.write_all(b"half").unwrap();
        assert_eq!(names(folder.path()), [".bundle-1.part", ".table-2.part"]);
        drop(unfinished);
        assert_eq!(names(folder.path()), [".bundle-1.part"]);
        let (unfinished, file) = Unfinished::begin(folder.path(), "table-", "3", None).unwrap();
        unfinished.finish(&file, "table.csv").unwrap();
        assert_eq!(names(folder.path()), [".bundle-1.part", "table.csv"]);
    }

    #[test]
    fn nothing_is_written_where_the_stick_was() {
        let folder = tempfile::tempdir().unwrap();
        let here = fs::metadata(folder.path()).unwrap().dev();
        Unfinished::begin(folder.path(), "table-", "1", Some(here)).unwrap();
        let error = Unfinished::begin(folder.path(), "table-", "1", Some(here + 1)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound, "{error}");
        assert!(names(folder.path()).is_empty());
    }
}
