//! A slot with a USB stick: a folder that can be put in and pulled out, be locked, and have only so much room.
//!
//! What is on the stick stays where it is while it is out, so that a test can look at what a hand took away. A pull while the kiosk
//! writes comes after a number of bytes, as on a real one: what had been written is on it, under whatever name it had then.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use afterword_kiosk::sticks::{Stick, Sticks};

/// The slot. Clones are the same one.
#[derive(Clone)]
pub struct Slot(Arc<Inner>);

struct Inner {
    /// Where sticks are seen while they are in.
    mounted: PathBuf,
    /// Where they lie while they are out.
    drawer: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    is_locked: bool,
    /// Bytes that it still takes; no bound where there is none.
    room: Option<u64>,
    /// Bytes until it is pulled.
    pulled_after: Option<u64>,
}

impl Slot {
    /// An empty slot, with all of its sticks in this folder.
    ///
    /// # Errors
    /// When folders cannot be made there.
    pub fn in_folder(folder: &Path) -> io::Result<Self> {
        let (mounted, drawer) = (folder.join("media"), folder.join("drawer"));
        fs::create_dir_all(&mounted)?;
        fs::create_dir_all(&drawer)?;
        Ok(Self(Arc::new(Inner { mounted, drawer, state: Mutex::default() })))
    }

    /// Puts a stick in; the one of this name from the drawer, if there is one.
    ///
    /// # Errors
    /// When it cannot be.
    pub fn put_in(&self, name: &str) -> io::Result<()> {
        match fs::rename(self.0.drawer.join(name), self.0.mounted.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(self.0.mounted.join(name))
            }
            moved => moved,
        }
    }

    /// Pulls whatever is in, at once.
    ///
    /// # Errors
    /// When it cannot be.
    pub fn pull(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.0.mounted)? {
            let name = entry?.file_name();
            fs::rename(self.0.mounted.join(&name), self.0.drawer.join(&name))?;
        }
        Ok(())
    }

    /// Sets the slider that keeps sticks from being written, or takes it back.
    pub fn lock(&self, is_locked: bool) {
        self.state().is_locked = is_locked;
    }

    /// From now on sticks take so many bytes, or any.
    pub fn leave_room(&self, room: Option<u64>) {
        self.state().room = room;
    }

    /// Pulls the stick as soon as so many bytes have been written.
    pub fn pull_after(&self, bytes: u64) {
        self.state().pulled_after = Some(bytes);
    }

    /// Where the stick of this name is seen, in or out.
    #[must_use]
    pub fn content(&self, name: &str) -> PathBuf {
        let mounted = self.0.mounted.join(name);
        if mounted.exists() { mounted } else { self.0.drawer.join(name) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sticks for Slot {
    fn look(&self) -> io::Result<Vec<Stick>> {
        let (is_locked, room) = {
            let state = self.state();
            (state.is_locked, state.room)
        };
        let mut sticks = Vec::new();
        for entry in fs::read_dir(&self.0.mounted)? {
            let folder = entry?.path();
            sticks.push(Stick {
                name: folder.file_name().unwrap_or_default().to_string_lossy().into_owned(),
                file_system: fs::metadata(&folder)?.dev(),
                free_bytes: room.or(Some(16_000_000_000)),
                is_writable: !is_locked,
                folder,
            });
        }
        sticks.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(sticks)
    }

    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        let length = bytes.len() as u64;
        let (taken, error) = {
            let mut state = self.state();
            let full = state.room.filter(|room| *room < length);
            let pulled = state.pulled_after.filter(|left| *left < length);
            state.room = state.room.map(|room| room.saturating_sub(length));
            state.pulled_after = state.pulled_after.map(|left| left.saturating_sub(length));
            match (pulled, full) {
                (Some(taken), _) => {
                    state.pulled_after = None;
                    // What a kernel says whose disk has gone.
                    (taken, Some(io::Error::from_raw_os_error(5)))
                }
                (None, Some(taken)) => (taken, Some(io::ErrorKind::StorageFull.into())),
                (None, None) => (length, None),
            }
        };
        file.write_all(&bytes[..usize::try_from(taken).unwrap_or(bytes.len())])?;
        match error {
            None => Ok(()),
            Some(error) => {
                if error.raw_os_error().is_some() {
                    self.pull()?;
                }
                Err(error)
            }
        }
    }
}
