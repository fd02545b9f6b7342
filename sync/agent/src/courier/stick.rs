//! A file on a stick: there whole or not at all, whatever becomes of the stick.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::files::sync_directory;

/// How the name of a file ends that is not whole yet.
const UNFINISHED: &str = ".part";

/// A file that is being written under another name, and goes when it is dropped before its time.
pub(super) struct Unfinished {
    folder: PathBuf,
    path: PathBuf,
}

impl Unfinished {
    /// Begins a file in this folder. Leftovers with the same beginning go: a stick was pulled, and they would fill it up. Whoever else
    /// is at work there loses his file with that, and is told so when he is to finish it.
    pub(super) fn begin(folder: &Path, beginning: &str, distinct: &str) -> io::Result<(Self, File)> {
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
        Ok((Self { folder: folder.to_owned(), path }, file))
    }

    /// Makes it durable under this name, in place of any that had it.
    pub(super) fn finish(self, file: &File, name: &str) -> io::Result<PathBuf> {
        file.sync_all()?;
        let whole = self.folder.join(name);
        fs::rename(&self.path, &whole)?;
        match sync_directory(&self.folder) {
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
