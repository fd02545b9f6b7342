//! Folders as a card or a disk holds them: copied at a moment, put back, and left as a killed program leaves them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Endings of files that are not copied: the indices of logs, which are the memory of programs that are gone, and the
/// space that a kiosk keeps in reserve, which says nothing and is large.
const NOT_COPIED: [&str; 2] = ["-shm", ".reserve"];

/// A database and its log; the log's index is the memory of programs that are gone.
const DATABASE_ENDINGS: [&str; 2] = ["", "-wal"];

/// Copies a folder, over what there is at the other place.
pub(super) fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else if !NOT_COPIED.iter().any(|ending| entry.file_name().to_string_lossy().ends_with(ending)) {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// A database's files as they are at this moment.
pub(super) struct DatabaseImage {
    database: PathBuf,
    contents: Vec<Option<Vec<u8>>>,
}

impl DatabaseImage {
    /// Reads them.
    pub(super) fn of(database: &Path) -> io::Result<Self> {
        let contents = DATABASE_ENDINGS.iter().map(|ending| read(&with_ending(database, ending)));
        Ok(Self { database: database.to_owned(), contents: contents.collect::<io::Result<_>>()? })
    }

    /// What the files hold, the database's first and then its log's.
    pub(super) fn into_contents(self) -> impl Iterator<Item = Vec<u8>> {
        self.contents.into_iter().flatten()
    }

    /// Puts them back, over what a program wrote when its memory was cleared away: a killed one writes nothing.
    pub(super) fn put_back(self) -> io::Result<()> {
        remove(&with_ending(&self.database, "-shm"))?;
        for (ending, content) in DATABASE_ENDINGS.iter().zip(self.contents) {
            let path = with_ending(&self.database, ending);
            match content {
                Some(content) => fs::write(path, content)?,
                None => remove(&path)?,
            }
        }
        Ok(())
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path).or_else(unless_missing)
}

/// A file that is not there is as good as one that was removed.
pub(super) fn unless_missing(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}
