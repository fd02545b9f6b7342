//! The ways a disk fails while the power is on.

/// What is wrong with a disk. By default nothing is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Faults {
    /// A sync is answered with success and makes nothing durable. The first honest one afterwards makes up for all
    /// that was claimed, as a card does that writes its cache at last.
    pub lying: bool,
    /// Syncs that are answered with an input/output error; what they were to save is lost.
    pub syncs: Failing,
    /// Writes that are answered with an input/output error; nothing of them is written.
    pub writes: Failing,
    /// Reads that are answered with an input/output error.
    pub reads: Failing,
    /// Nothing can be written, created, truncated or removed, as after a card has gone read-only.
    pub read_only: bool,
    /// Bytes by which files may still grow; `None` is a disk without bounds. What is removed or truncated makes
    /// room again.
    pub room_bytes: Option<u64>,
}

/// Which of the next operations of a kind fail. By default none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Failing {
    /// So many go well before.
    pub after: u32,
    /// Then so many fail.
    pub times: u32,
}

/// Why an operation was not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Input/output error, or what a read-only disk and one without power answer.
    Error,
    /// No room.
    Full,
    /// What SQLite's own VFS says.
    Code(i32),
}

impl From<i32> for Refusal {
    fn from(code: i32) -> Self {
        Self::Code(code)
    }
}

impl Failing {
    /// The next `times` fail.
    #[must_use]
    pub fn next(times: u32) -> Self {
        Self { after: 0, times }
    }

    /// One more operation of the kind.
    pub(super) fn strikes(&mut self) -> Result<(), Refusal> {
        if self.times == 0 {
            return Ok(());
        }
        if self.after > 0 {
            self.after -= 1;
            return Ok(());
        }
        self.times -= 1;
        Err(Refusal::Error)
    }
}

impl Faults {
    /// How many of the bytes to be written at `at` of a file of `length` find room, and by how much it then grows.
    pub(super) fn fitting(&self, length: u64, at: u64, bytes: usize) -> (usize, u64) {
        let end = at + bytes as u64;
        let grows = end.saturating_sub(length);
        let missing = self.room_bytes.map_or(0, |room| grows.saturating_sub(room));
        let fits = bytes.saturating_sub(usize::try_from(missing).unwrap_or(usize::MAX));
        (fits, grows - missing)
    }

    pub(super) fn take_room(&mut self, bytes: u64) {
        self.room_bytes = self.room_bytes.map(|room| room.saturating_sub(bytes));
    }

    pub(super) fn give_room(&mut self, bytes: u64) {
        self.room_bytes = self.room_bytes.map(|room| room.saturating_add(bytes));
    }
}
