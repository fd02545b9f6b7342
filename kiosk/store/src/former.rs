//! Epochs that are over: what became of their records, and how that is remembered.

use std::fmt;
use std::path::PathBuf;

use afterword_model::record::{Seq, StoreEpoch};
use afterword_protocol::limits::{FORMER_EPOCHS_MAX, LOST_RANGES_MAX};
use afterword_protocol::queue::{BeginReason, FormerEpoch, SeqRange};
use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};

use crate::state::{column, hex, seq};

/// What a new epoch began with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarriedOver {
    /// The epoch that is over, and what of it is lost.
    pub former: FormerEpoch,
    /// How many of its records were carried.
    pub records: u64,
    /// The damaged file they were taken from, when they were not in this one.
    pub file: Option<PathBuf>,
}

impl fmt::Display for CarriedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { former, records, .. } = self;
        write!(f, "epoch {} is over because {}; ", former.epoch, why(former.reason))?;
        write!(f, "answers carried over: {records}, lost: {}", Numbers(&former.lost))
    }
}

/// Why an epoch is over, in words that follow "because".
#[must_use]
pub fn why(reason: BeginReason) -> &'static str {
    match reason {
        BeginReason::Forked => "another history is held of it",
        BeginReason::Rotted => "a record in it had rotted on the disk",
        BeginReason::Salvaged => "its file was damaged or is gone",
    }
}

/// Ranges of records as a person reads them.
pub struct Numbers<'r>(pub &'r [SeqRange]);

impl fmt::Display for Numbers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        for (place, range) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            match range.last - range.first {
                0 => write!(f, "{comma}{}", range.first)?,
                _ => write!(f, "{comma}{} to {}", range.first, range.last)?,
            }
        }
        Ok(())
    }
}

/// Numbers of lost records, gathered in ascending order.
#[derive(Debug, Default)]
pub(crate) struct Lost(Vec<SeqRange>);

impl Lost {
    /// Adds those from `first` to `last`, none when `last` is before `first`. Past [`LOST_RANGES_MAX`] ranges the last
    /// one spans what is between as well.
    pub(crate) fn add(&mut self, first: Seq, last: Seq) {
        if last < first {
            return;
        }
        let is_full = self.0.len() == LOST_RANGES_MAX;
        match self.0.last_mut() {
            Some(range) if is_full || range.last + 1 >= first => range.last = last,
            _ => self.0.push(SeqRange { first, last }),
        }
    }

    pub(crate) fn into_ranges(self) -> Vec<SeqRange> {
        self.0
    }
}

pub(crate) fn insert(connection: &Connection, former: &FormerEpoch, ended_ms: i64) -> rusqlite::Result<()> {
    let lost = serde_json::to_string(&former.lost).expect("ranges hold only numbers");
    connection.execute(
        "INSERT INTO former_epoch (epoch, last_seq, head, reason, lost, ended_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            former.epoch.as_bytes(),
            column(former.last_seq),
            former.head.as_bytes(),
            reason_name(former.reason),
            lost,
            ended_ms
        ],
    )?;
    Ok(())
}

/// As [`insert`], unless the epoch is known to be over already.
pub(crate) fn insert_new(
    connection: &Connection,
    former: &FormerEpoch,
    ended_ms: i64,
) -> rusqlite::Result<()> {
    if is_former(connection, &former.epoch)? { Ok(()) } else { insert(connection, former, ended_ms) }
}

/// Whether this epoch is over.
pub(crate) fn is_former(connection: &Connection, epoch: &StoreEpoch) -> rusqlite::Result<bool> {
    let mut read = connection.prepare("SELECT 1 FROM former_epoch WHERE epoch = ?1")?;
    read.exists([epoch.as_bytes()])
}

/// The newest ones a heartbeat names, the newest last.
pub(crate) fn newest(connection: &Connection) -> rusqlite::Result<Vec<FormerEpoch>> {
    let count = i64::try_from(FORMER_EPOCHS_MAX).unwrap_or(i64::MAX);
    let mut read = connection.prepare_cached("SELECT * FROM former_epoch ORDER BY number DESC LIMIT ?1")?;
    let mut former = read.query_map([count], from_row)?.collect::<rusqlite::Result<Vec<_>>>()?;
    former.reverse();
    Ok(former)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<FormerEpoch> {
    let unreadable = || rusqlite::Error::InvalidColumnType(0, "former_epoch".into(), Type::Text);
    let (reason, lost): (String, String) = (row.get("reason")?, row.get("lost")?);
    Ok(FormerEpoch {
        epoch: hex(row, "epoch")?,
        last_seq: seq(row, "last_seq")?,
        head: hex(row, "head")?,
        reason: reason_of(&reason).ok_or_else(unreadable)?,
        lost: serde_json::from_str(&lost).map_err(|_| unreadable())?,
    })
}

/// The word for a reason in the database; the same as on the wire.
pub(crate) fn reason_name(reason: BeginReason) -> &'static str {
    match reason {
        BeginReason::Forked => "forked",
        BeginReason::Rotted => "rotted",
        BeginReason::Salvaged => "salvaged",
    }
}

/// The reason a word stands for.
pub(crate) fn reason_of(name: &str) -> Option<BeginReason> {
    [BeginReason::Forked, BeginReason::Rotted, BeginReason::Salvaged]
        .into_iter()
        .find(|&reason| reason_name(reason) == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: Seq, last: Seq) -> SeqRange {
        SeqRange { first, last }
    }

    #[test]
    fn neighbours_are_one_range_and_nothing_is_none() {
        let mut lost = Lost::default();
        for (first, last) in [(3, 2), (4, 4), (5, 6), (9, 9)] {
            lost.add(first, last);
        }
        assert_eq!(lost.into_ranges(), [range(4, 6), range(9, 9)]);
        assert_eq!(Numbers(&[range(4, 6), range(9, 9)]).to_string(), "4 to 6, 9");
        assert_eq!(Numbers(&[]).to_string(), "none");
    }

    #[test]
    fn what_was_carried_is_told_in_one_sentence() {
        let former = FormerEpoch {
            epoch: StoreEpoch::new([1; 16]),
            last_seq: 9,
            head: afterword_model::record::Head::new([0; 32]),
            reason: BeginReason::Rotted,
            lost: vec![range(4, 6), range(9, 9)],
        };
        let carried = CarriedOver { former, records: 5, file: None };
        let expected = format!(
            "epoch {} is over because a record in it had rotted on the disk; answers carried over: 5, lost: 4 to 6, 9",
            "01".repeat(16)
        );
        assert_eq!(carried.to_string(), expected);
    }

    #[test]
    fn past_the_limit_the_last_range_spans_the_rest() {
        let mut lost = Lost::default();
        (0..200).for_each(|seq| lost.add(seq * 2, seq * 2));
        let ranges = lost.into_ranges();
        assert_eq!(ranges.len(), LOST_RANGES_MAX);
        assert_eq!(ranges[LOST_RANGES_MAX - 1], range((LOST_RANGES_MAX as Seq - 1) * 2, 398));
    }
}
