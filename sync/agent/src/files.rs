//! Files of the state directory: written whole or not at all, and one agent at a time.
//!
//! Invariant: a file here is either the old one or the new one, never a part. After a power cut a leftover
//! `.name.new` may lie beside it; the next write removes it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Name of the lock file.
pub const LOCK_FILE: &str = "agent.lock";

/// Owner alone: keys.
pub(crate) const PRIVATE: u32 = 0o600;
/// Everybody may read: status.
pub(crate) const PUBLIC: u32 = 0o644;

/// Whether a written file must survive a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// On disk before the call returns.
    Durable,
    /// Whenever the system writes it: worth nothing after a restart, and not worth the card's wear.
    Lazy,
}

/// Makes the directory, readable by its owner alone, unless it is there.
pub(crate) fn make_directory(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Replaces `directory/name` by these bytes, in one step.
pub(crate) fn replace(
    directory: &Path,
    name: &str,
    bytes: &[u8],
    mode: u32,
    durability: Durability,
) -> io::Result<()> {
    let temporary = directory.join(format!(".{name}.new"));
    // A leftover could have another mode; a new file has the one asked for.
    remove_if_there(&temporary)?;
    let written = write_new(&temporary, bytes, mode, durability)
        .and_then(|()| fs::rename(&temporary, directory.join(name)));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written?;
    if durability == Durability::Durable { sync_directory(directory) } else { Ok(()) }
}

/// Removes a file that may be missing.
pub(crate) fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes renames and removals in a directory durable.
pub(crate) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

fn write_new(path: &Path, bytes: &[u8], mode: u32, durability: Durability) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(bytes)?;
    if durability == Durability::Durable { file.sync_all() } else { Ok(()) }
}

/// The right to be the one agent of a state directory; given up when dropped, or when the process dies.
#[derive(Debug)]
pub struct StateLock {
    _file: File,
}

/// The state directory cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody has it.
    #[error("another afterword-sync already works in {}: stop it first, or use another --state", .0.display())]
    Held(PathBuf),
    /// It cannot be used.
    #[error("the state directory {} cannot be used ({error}): check that it exists and that this user may write there", .path.display())]
    Unusable {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl StateLock {
    /// Takes the lock without waiting.
    ///
    /// # Errors
    /// [`LockError`].
    pub fn take(state_dir: &Path) -> Result<Self, LockError> {
        let unusable = |error| LockError::Unusable { path: state_dir.into(), error };
        let mut options = OpenOptions::new();
        let file =
            options.write(true).create(true).truncate(false).mode(PUBLIC).open(state_dir.join(LOCK_FILE));
        let file = file.map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Held(state_dir.into())),
            Err(TryLockError::Error(error)) => Err(unusable(error)),
        }
    }

    /// Whether an agent works there now. A reader's short look can make [`StateLock::take`] fail once.
    #[must_use]
    pub fn is_held(state_dir: &Path) -> bool {
        let Ok(file) = File::open(state_dir.join(LOCK_FILE)) else { return false };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_with_its_mode() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(".key.pem.new"), "left over from a power cut").unwrap();
        replace(dir.path(), "key.pem", b"one", PRIVATE, Durability::Durable).unwrap();
        replace(dir.path(), "key.pem", b"two", PRIVATE, Durability::Durable).unwrap();
        assert_eq!(fs::read(dir.path().join("key.pem")).unwrap(), b"two");
        assert_eq!(fs::metadata(dir.path().join("key.pem")).unwrap().permissions().mode() & 0o777, PRIVATE);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_write_that_fails_leaves_the_old_file_and_no_rubbish() {
        let dir = tempfile::tempdir().unwrap();
        // A directory of that name cannot be replaced by a file.
        fs::create_dir(dir.path().join("key.pem")).unwrap();
        assert!(replace(dir.path(), "key.pem", b"one", PRIVATE, Durability::Durable).is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn only_one_holds_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!StateLock::is_held(dir.path()));
        let held = StateLock::take(dir.path()).unwrap();
        assert!(StateLock::is_held(dir.path()));
        assert!(matches!(StateLock::take(dir.path()), Err(LockError::Held(_))));
        drop(held);
        assert!(!StateLock::is_held(dir.path()));
        StateLock::take(dir.path()).unwrap();
    }

    #[test]
    fn a_missing_directory_is_named() {
        let error = StateLock::take(Path::new("/nonexistent/state")).unwrap_err();
        assert!(error.to_string().contains("/nonexistent/state"), "{error}");
    }
}
