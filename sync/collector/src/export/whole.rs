//! A file that is there when it is whole: until then it is written under a name of its own beside its place.
//!
//! Shoppers' words stand in it, so it is for who writes it alone; a file that it replaces says who else may read. What a killed
//! program left half-written is taken away by the next one.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
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
        let waiting = place.with_file_name(format!(".{}.unfinished", name.to_string_lossy()));
        match fs::remove_file(&waiting) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        // Nobody else's link is followed.
        let file = options.write(true).create_new(true).mode(0o600).open(&waiting)?;
        if let Ok(before) = fs::metadata(place) {
            file.set_permissions(fs::Permissions::from_mode(before.permissions().mode() & 0o777))?;
        }
        Ok(Self { file, waiting, place: place.to_owned() })
    }

    /// What is written to.
    pub(super) fn writer(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// It is whole: it comes to its place, instead of what was there.
    pub(super) fn end(self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.waiting, &self.place)?;
        let folder = self.place.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        // There is none where it came to its place.
        let _ = fs::remove_file(&self.waiting);
    }
}
