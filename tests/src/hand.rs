//! A hand at the panel of a kiosk that runs in a process of its own (`afterword-sim kiosk --stay`).

use afterword_model::record::Seq;
use afterword_sim::shopper::Spot;
use anyhow::{Context, Result};

use crate::program::Program;

/// What the panel shows after a deed, and what is on the disk by then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At {
    /// The page, by its name.
    pub page: String,
    /// Number of the newest record.
    pub last_seq: Seq,
    /// Thanks shown since the last deed.
    pub thanks: u64,
}

impl Program {
    /// Lets a hand do this, and waits until it is done and on the disk. What it can do is in
    /// `afterword-sim kiosk --help`.
    ///
    /// # Errors
    /// When the kiosk does not answer.
    pub fn hand(&mut self, deed: &str) -> Result<At> {
        self.say(deed)?;
        let mut thanks = 0;
        let (page, last_seq) = self.line(|line| {
            thanks += u64::from(line.starts_with("thanked "));
            let (page, last_seq) = line.strip_prefix("at ")?.split_once(' ')?;
            Some((page.to_owned(), last_seq.parse().ok()?))
        })?;
        Ok(At { page, last_seq, thanks })
    }

    /// Taps there.
    ///
    /// # Errors
    /// As [`Self::hand`].
    pub fn tap(&mut self, spot: Spot) -> Result<At> {
        self.hand(&format!("tap {} {}", spot.x, spot.y))
    }

    /// So many scripted shoppers come and go; gives where the kiosk is then.
    ///
    /// # Errors
    /// As [`Self::hand`].
    pub fn shoppers(&mut self, count: u32) -> Result<At> {
        let mut at = None;
        let mut thanks = 0;
        for _ in 0..count {
            let now = self.hand("shopper")?;
            thanks += now.thanks;
            at = Some(now);
        }
        at.map(|at| At { thanks, ..at }).context("no shopper is no deed")
    }
}
