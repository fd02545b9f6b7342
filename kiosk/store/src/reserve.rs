//! Space kept in reserve: a file of a fixed size that is given back to the disk when the disk is full, so that the
//! answer that is being given just then is still saved.
//!
//! It is set aside only where there is room to spare, and again when there is room again. A file system that cannot set
//! space aside is used without; only the lack of room is reported as such.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use afterword_protocol::limits::{RESERVE_BYTES, RESERVE_ROOM_MIN};
use rustix::fs::{FallocateFlags, fallocate, statvfs};
use rustix::io::Errno;

/// What a file system counts its blocks in, whatever their real size (`stat(2)`).
const STAT_BLOCK_BYTES: u64 = 512;

/// Written at a time where space can be had only by writing.
const ZEROS: [u8; 4096] = [0; 4096];

pub(crate) struct Reserve {
    directory: PathBuf,
    path: PathBuf,
    /// Whether the space is there, to be given back.
    pub(crate) is_kept: bool,
    /// Whether it is not there for lack of room.
    pub(crate) is_wanting: bool,
}

impl Reserve {
    /// Looks whether there is one in the directory, and makes none.
    pub(crate) fn find(directory: &Path) -> Self {
        let path = directory.join("kiosk.reserve");
        let is_kept = path.metadata().is_ok_and(|file| {
            file.len() == RESERVE_BYTES && file.blocks() * STAT_BLOCK_BYTES >= RESERVE_BYTES
        });
        Self { directory: directory.to_owned(), path, is_kept, is_wanting: false }
    }

    /// Sets the space aside, unless it is there already or there is too little room.
    pub(crate) fn keep(&mut self) {
        if self.is_kept {
            self.is_wanting = false;
            return;
        }
        if free_bytes(&self.directory).is_some_and(|free| free < RESERVE_ROOM_MIN) {
            self.is_wanting = true;
            return;
        }
        match allocate(&self.path) {
            Ok(()) => (self.is_kept, self.is_wanting) = (true, false),
            Err(error) => {
                // A half-made file only takes away room.
                let _ = std::fs::remove_file(&self.path);
                self.is_wanting = error.kind() == ErrorKind::StorageFull;
                tracing::warn!(%error, path = %self.path.display(), "no space could be set aside; the kiosk goes on without");
            }
        }
    }

    /// Gives the space back. Whether there was any.
    pub(crate) fn release(&mut self) -> bool {
        if !std::mem::take(&mut self.is_kept) {
            return false;
        }
        self.is_wanting = true;
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::error!(%error, path = %self.path.display(), "the space in reserve could not be given back");
            return false;
        }
        tracing::error!("the disk is full; the space in reserve is used for the answer being given");
        true
    }
}

/// Bytes that an ordinary user may still write on the disk of this directory, where that can be told.
pub(crate) fn free_bytes(directory: &Path) -> Option<u64> {
    statvfs(directory).ok().map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize))
}

fn allocate(path: &Path) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    match fallocate(&file, FallocateFlags::empty(), 0, RESERVE_BYTES) {
        // Some file systems give space only for what is written (vfat, NFS before 4.2).
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => fill(&mut file),
        allocated => Ok(allocated?),
    }
}

fn fill(file: &mut File) -> std::io::Result<()> {
    for _ in 0..RESERVE_BYTES / ZEROS.len() as u64 {
        file.write_all(&ZEROS)?;
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_found_and_given_back_once() {
        let directory = tempfile::tempdir().unwrap();
        let mut reserve = Reserve::find(directory.path());
        assert!(!reserve.is_kept && !reserve.release());
        reserve.keep();
        assert!(reserve.is_kept && !reserve.is_wanting);
        let mut again = Reserve::find(directory.path());
        assert!(again.is_kept, "it is found at the next start");
        assert!(again.release() && !again.release());
        assert!(again.is_wanting && !directory.path().join("kiosk.reserve").exists());
        again.keep();
        assert!(again.is_kept && !again.is_wanting, "there is room again");
    }

    #[test]
    fn a_file_that_only_looks_as_long_is_no_reserve() {
        let directory = tempfile::tempdir().unwrap();
        let sparse = File::create(directory.path().join("kiosk.reserve")).unwrap();
        sparse.set_len(RESERVE_BYTES).unwrap();
        let mut reserve = Reserve::find(directory.path());
        assert!(!reserve.is_kept);
        reserve.keep();
        assert!(Reserve::find(directory.path()).is_kept);
    }

    #[test]
    fn space_can_be_had_by_writing() {
        let directory = tempfile::tempdir().unwrap();
        fill(&mut File::create(directory.path().join("kiosk.reserve")).unwrap()).unwrap();
        assert!(Reserve::find(directory.path()).is_kept);
    }
}
