//! Processor time that programs have used, from the system's own books.

use std::ops::{Add, Sub};
use std::time::Duration;

use anyhow::{Context as _, Result};

/// The system counts in hundredths of a second, on every machine that we build for.
const TICK: Duration = Duration::from_millis(10);

/// Processor time up to a moment.
#[derive(Clone, Copy)]
pub(crate) struct Spent(Duration);

impl Spent {
    /// Of this program, all its threads.
    pub(crate) fn here() -> Result<Self> {
        Ok(Self(Process::read(std::process::id())?.own))
    }

    /// Of a program and of those that it started, whether they still run or have ended.
    pub(crate) fn with_children(pid: u32) -> Result<Self> {
        let parent = Process::read(pid)?;
        let mut sum = parent.own + parent.ended_children;
        for entry in std::fs::read_dir("/proc")?.flatten() {
            let Some(child) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            // It may have ended since; then the next reading has it among the parent's.
            if let Ok(child) = Process::read(child)
                && child.parent == pid
            {
                sum += child.own;
            }
        }
        Ok(Self(sum))
    }
}

impl Add for Spent {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Spent {
    type Output = Duration;

    /// What was used between two moments.
    fn sub(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

struct Process {
    parent: u32,
    own: Duration,
    ended_children: Duration,
}

impl Process {
    fn read(pid: u32) -> Result<Self> {
        let line = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The program's name stands in brackets and may hold anything, brackets too.
        let (_, fields) = line.rsplit_once(") ").context("a process without a name")?;
        let fields: Vec<&str> = fields.split(' ').collect();
        let field = |place: usize| -> Result<u32> { Ok(fields.get(place).context("a short line")?.parse()?) };
        Ok(Self {
            parent: field(1)?,
            own: TICK * (field(11)? + field(12)?),
            ended_children: TICK * (field(13)? + field(14)?),
        })
    }
}
