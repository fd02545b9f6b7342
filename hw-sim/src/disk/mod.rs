//! A disk that forgets: what SQLite writes into a registered directory is followed write by write, and the power
//! can be cut at any of them.
//!
//! | module | holds |
//! |---|---|
//! | `vfs` | the shim under SQLite: every call for a registered directory comes by here first |
//! | `medium` | what the programs see, what a disk would still hold, and the changes in between |
//! | `cut` | which of those changes a power cut leaves, as an [`Image`] of the directory |
//! | `faults` | the ways a disk fails while the power is on |
//! | `outside` | what the program does to files without SQLite: renames, lock files, removals |
//!
//! Invariants: a path outside every registered directory goes straight to SQLite's own VFS. A registered one is
//! real too (locks, shared memory and content are those of the file system), except that nothing is ever
//! synced to the machine's disk: what is durable is known here, and a test runs at the speed of memory.
//! The model is POSIX at its least: a file's content is durable after its own sync, a name only after the
//! directory's. `-shm` files die with the power and are in no image.
//!
//! What a program does with `std::fs` is seen afterwards, at the next call of SQLite's that opens, syncs or
//! removes something; it can be torn by a cut at that moment, and counts as durable from then on, because our
//! own code syncs what it renames before it goes on.

mod cut;
mod faults;
mod medium;
mod operation;
mod outside;
#[cfg(test)]
mod tests;
#[expect(
    unsafe_code,
    reason = "SQLite knows a disk only as tables of C functions; the module argues the rest"
)]
mod vfs;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use cut::{Image, Policy};
pub use faults::{Failing, Faults};
pub use operation::{Counts, Operation};

use faults::Refusal;
use medium::{FileId, Medium};

/// Every directory with a disk of its own.
static DISKS: Mutex<Vec<Arc<Disk>>> = Mutex::new(Vec::new());

/// The disk under one directory. When it is dropped the directory is an ordinary one again.
pub struct LossyDisk {
    disk: Arc<Disk>,
}

/// The moment after an operation has reached the disk's cache and before the program hears of it.
pub struct Moment<'a> {
    /// How many operations there have been, this one included.
    pub number: u64,
    /// What was done.
    pub operation: &'a Operation,
    medium: &'a Medium,
}

type Observer = Box<dyn FnMut(&Moment<'_>) + Send>;

struct Disk {
    /// As SQLite names it: without links.
    directory: PathBuf,
    state: Mutex<State>,
}

struct State {
    medium: Medium,
    faults: Faults,
    counts: Counts,
    observer: Option<Observer>,
    cut_at: Option<(u64, Policy)>,
    /// What the disk held when the power went; `None` while it is on.
    held: Option<Image>,
}

/// An open file of a registered directory.
struct Handle {
    disk: Arc<Disk>,
    file: FileId,
    /// Its first sync makes the directory's names durable too, as SQLite asks of a log or journal it may have made.
    syncs_directory: Mutex<bool>,
}

impl LossyDisk {
    /// Puts a disk under a directory, which is made where there is none. What is in it already is durable. Must
    /// come before the database is opened: a connection stays with the disk it was opened on.
    ///
    /// # Errors
    /// When the directory cannot be made or read.
    pub fn on(directory: &Path) -> io::Result<Self> {
        vfs::register();
        std::fs::create_dir_all(directory)?;
        let directory = directory.canonicalize()?;
        let state = State {
            medium: Medium::of(&directory, 0)?,
            faults: Faults::default(),
            counts: Counts::default(),
            observer: None,
            cut_at: None,
            held: None,
        };
        let disk = Arc::new(Disk { directory, state: Mutex::new(state) });
        disks().push(Arc::clone(&disk));
        Ok(Self { disk })
    }

    /// How often what has been done so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.disk.lock().counts
    }

    /// Has `observer` called at every operation, on the thread that does it. It must neither panic nor use this
    /// disk, whose lock is held meanwhile.
    pub fn observe(&self, observer: impl FnMut(&Moment<'_>) + Send + 'static) {
        self.disk.lock().observer = Some(Box::new(observer));
    }

    /// Changes what is wrong with the disk, from the next operation on.
    pub fn fail(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.disk.lock().faults);
    }

    /// What is wrong with the disk now: counts and room go down as they are used up.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.disk.lock().faults
    }

    /// What a power cut now would leave. The power stays on.
    #[must_use]
    pub fn image(&self, policy: Policy) -> Image {
        let mut state = self.disk.lock();
        self.disk.look_around(&mut state);
        cut::image(&state.medium, policy)
    }

    /// Cuts the power. From now on everything fails, also what a program does while it is being ended.
    pub fn cut_power(&self, policy: Policy) {
        let mut state = self.disk.lock();
        self.disk.look_around(&mut state);
        state.cut(policy);
    }

    /// Cuts the power when operation `number` has been done, of those that [`Self::counts`] counts.
    pub fn cut_power_at(&self, number: u64, policy: Policy) {
        self.disk.lock().cut_at = Some((number, policy));
    }

    /// Whether the power is on.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.disk.lock().held.is_none()
    }

    /// Puts the power on again: the directory now is what the disk still held. Every connection from before must be
    /// closed.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn restore_power(&self) -> io::Result<()> {
        let mut state = self.disk.lock();
        if let Some(image) = state.held.take() {
            image.restore(&self.disk.directory)?;
            state.medium = Medium::of(&self.disk.directory, state.medium.next_file)?;
        }
        Ok(())
    }

    /// Flips bits of a stored byte, those set in `mask`, until the byte is written anew. SQLite reads it so, and
    /// images hold it so; what else reads the file does not see it.
    pub fn flip(&self, file: &str, at: u64, mask: u8) {
        self.disk.lock().medium.flip(file, at, mask);
    }
}

impl Drop for LossyDisk {
    fn drop(&mut self) {
        disks().retain(|disk| !Arc::ptr_eq(disk, &self.disk));
        self.disk.lock().observer = None;
    }
}

impl Moment<'_> {
    /// What a power cut at this moment would leave.
    #[must_use]
    pub fn image(&self, policy: Policy) -> Image {
        cut::image(self.medium, policy)
    }
}

/// The disk under a path, and the file's name there.
fn disk_under(path: &Path) -> Option<(Arc<Disk>, String)> {
    let (directory, name) = (path.parent()?, path.file_name()?.to_str()?);
    let disk = disks().iter().find(|disk| disk.directory == directory).map(Arc::clone)?;
    Some((disk, name.to_owned()))
}

/// A thread that panicked while it held the lock has pushed or removed one disk: the list is sound.
fn disks() -> MutexGuard<'static, Vec<Arc<Disk>>> {
    DISKS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Disk {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what was done to the directory without SQLite. Each change can be torn by a cut at its moment;
    /// together they are durable afterwards.
    fn look_around(&self, state: &mut State) {
        // What cannot be read now is not there for SQLite either, which will say so.
        let Ok(changes) = outside::changes(&self.directory, &state.medium) else { return };
        if changes.is_empty() || state.held.is_some() {
            return;
        }
        let before = state.medium.bytes_total();
        for change in changes {
            let file = change.file().to_owned();
            state.medium.happen_outside(change);
            state.happened(&Operation::Outside { file });
        }
        let after = state.medium.bytes_total();
        state.faults.give_room(before);
        state.faults.take_room(after);
        state.medium.sync_outside(state.faults.lying);
    }

    /// Opens a file; `open` does it for real, for reading only when it is told so.
    fn open(
        self: Arc<Self>,
        name: &str,
        may_create: bool,
        syncs_directory: bool,
        open: impl FnOnce(bool) -> Result<(), i32>,
    ) -> Result<Handle, Refusal> {
        let mut state = self.lock();
        self.look_around(&mut state);
        state.check_power()?;
        let path = self.directory.join(name);
        let is_there = path.exists();
        if state.faults.read_only && !is_there {
            return Err(Refusal::Error);
        }
        state.medium.compare(name, &path);
        open(state.faults.read_only)?;
        let file = state.medium.open(name, &path);
        state.happened(&Operation::Open { file: name.to_owned(), created: may_create && !is_there });
        drop(state);
        Ok(Handle { disk: self, file, syncs_directory: Mutex::new(syncs_directory) })
    }

    /// Removes a file.
    fn unlink(
        &self,
        name: &str,
        sync: bool,
        unlink: impl FnOnce() -> Result<(), i32>,
    ) -> Result<(), Refusal> {
        let mut state = self.lock();
        self.look_around(&mut state);
        state.check_writable()?;
        unlink()?;
        let freed = state.medium.unlink(name);
        state.faults.give_room(freed);
        state.happened(&Operation::Unlink { file: name.to_owned() });
        if sync {
            let lying = state.faults.lying;
            state.medium.sync(None, true, lying);
        }
        Ok(())
    }
}

impl State {
    fn check_power(&self) -> Result<(), Refusal> {
        if self.held.is_some() { Err(Refusal::Error) } else { Ok(()) }
    }

    fn check_writable(&self) -> Result<(), Refusal> {
        self.check_power()?;
        if self.faults.read_only { Err(Refusal::Error) } else { Ok(()) }
    }

    fn happened(&mut self, operation: &Operation) {
        self.counts.add(operation);
        let number = self.counts.total();
        if let Some(observer) = &mut self.observer {
            observer(&Moment { number, operation, medium: &self.medium });
        }
        if let Some((_, policy)) = self.cut_at.take_if(|(at, _)| *at <= number) {
            self.cut(policy);
        }
    }

    fn cut(&mut self, policy: Policy) {
        if self.held.is_none() {
            self.held = Some(cut::image(&self.medium, policy));
        }
    }
}

impl Handle {
    fn read(&self, read: impl FnOnce() -> Result<(), i32>) -> Result<(), Refusal> {
        let mut state = self.disk.lock();
        state.check_power()?;
        state.faults.reads.strikes()?;
        Ok(read()?)
    }

    /// Turns what was read into what the disk makes of it.
    fn spoil(&self, at: u64, bytes: &mut [u8]) {
        self.disk.lock().medium.spoil(self.file, at, bytes);
    }

    /// Writes as much as there is room for through `write`.
    fn write(
        &self,
        at: u64,
        bytes: &[u8],
        write: impl FnOnce(usize) -> Result<(), i32>,
    ) -> Result<(), Refusal> {
        let mut state = self.disk.lock();
        state.check_writable()?;
        state.faults.writes.strikes()?;
        let length = state.medium.length(self.file);
        let (mut fits, mut grows) = state.faults.fitting(length, at, bytes.len());
        if fits < bytes.len() {
            // The program may have removed something just now to make room.
            self.disk.look_around(&mut state);
            (fits, grows) = state.faults.fitting(length, at, bytes.len());
        }
        if fits > 0 {
            write(fits)?;
            state.faults.take_room(grows);
            state.medium.write(self.file, at, &bytes[..fits]);
            let file = state.medium.name(self.file);
            state.happened(&Operation::Write { file, at, length: fits });
        }
        if fits < bytes.len() {
            return Err(Refusal::Full);
        }
        state.check_power()
    }

    fn truncate(&self, length: u64, truncate: impl FnOnce() -> Result<(), i32>) -> Result<(), Refusal> {
        let mut state = self.disk.lock();
        state.check_writable()?;
        truncate()?;
        let freed = state.medium.length(self.file).saturating_sub(length);
        state.faults.give_room(freed);
        state.medium.truncate(self.file, length);
        let file = state.medium.name(self.file);
        state.happened(&Operation::Truncate { file, length });
        state.check_power()
    }

    /// Nothing is synced for real. A sync that fails has lost what it was to save: the system shows it to
    /// programs still and takes it for written, so that the next sync succeeds without it
    /// (<https://wiki.postgresql.org/wiki/Fsync_Errors>).
    fn sync(&self) -> Result<(), Refusal> {
        let mut state = self.disk.lock();
        self.disk.look_around(&mut state);
        state.check_writable()?;
        let name = state.medium.name(self.file);
        if let Err(refusal) = state.faults.syncs.strikes() {
            state.medium.lose(self.file);
            state.happened(&Operation::Sync { file: name, failed: true });
            return Err(refusal);
        }
        let mut directory_too = self.syncs_directory.lock().unwrap_or_else(PoisonError::into_inner);
        let lying = state.faults.lying;
        state.medium.sync(Some(self.file), std::mem::take(&mut *directory_too), lying);
        state.happened(&Operation::Sync { file: name, failed: false });
        state.check_power()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.disk.lock().medium.close(self.file);
    }
}
