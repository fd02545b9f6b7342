//! A file that is there when it is whole: until then it is written under a name of its own beside its place.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// The file while it is written. Dropped, it is taken away again, and what was at its place stays.
pub(super) struct WholeFile {
    file: File,
    waiting: PathBuf,
    place: PathBuf,
}

impl WholeFile {
    /// Begins it; what is at its place stays until the end.
    pub(super) fn begin(place: &Path) -> io::Result<Self> {
        let name = place.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidFilename))?;
        // Whoever reads the folder meanwhile leaves out names that begin with a dot.
        let waiting = place.with_file_name(format!(".{}.{}", name.to_string_lossy(), std::process::id()));
        Ok(Self { file: File::create(&waiting)?, waiting, place: place.to_owned() })
    }

    /// What is written to.
    pub(super) fn writer(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// It is whole: it comes to its place, instead of what was there.
    pub(super) fn end(self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.waiting, &self.place)
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        // There is none where it came to its place.
        let _ = fs::remove_file(&self.waiting);
    }
}
