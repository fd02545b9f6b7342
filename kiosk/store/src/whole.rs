//! Which of the records found are whole: the chain, read so that damage to one record costs no other.
//!
//! A record is whole when its bytes hash, from the head before it, to the head stored with it. Where they do not, one of
//! the two is damaged, and the record after it tells which: when the chain goes on from the head as computed, the stored
//! head was the one that rotted and the record is whole. A record whose predecessor is gone, head and all, has nothing
//! that vouches for it and is not whole, whatever it looks like.
//!
//! Records are taken one at a time in ascending order; one is held back until its successor was seen.

use std::collections::BTreeMap;

use afterword_model::record::{Head, Seq, next_head};

/// A record as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) seq: Seq,
    pub(crate) bytes: Vec<u8>,
    /// The head stored with it, where that can be read.
    pub(crate) head: Option<Head>,
    pub(crate) frozen_ms: i64,
}

/// A record that was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Whole(Found),
    Damaged(Found),
}

pub(crate) struct Judge {
    /// Heads known from elsewhere, by the number of the record they come after.
    known: BTreeMap<Seq, Head>,
    /// Number of the last record that was decided, and the chain's head after it as far as it is known.
    decided: Option<(Seq, Option<Head>)>,
    /// A record whose bytes and stored head contradict each other, with the head its bytes would give.
    undecided: Option<(Found, Head)>,
    newest_whole: Option<(Seq, Head)>,
}

impl Judge {
    pub(crate) fn knowing(known: BTreeMap<Seq, Head>) -> Self {
        Self { known, decided: None, undecided: None, newest_whole: None }
    }

    /// The chain's head before a record, as far as it is known.
    pub(crate) fn head_before(&self, seq: Seq) -> Option<Head> {
        let before = seq.checked_sub(1)?;
        let decided = self.decided.filter(|&(decided, _)| decided == before).and_then(|(_, head)| head);
        decided.or_else(|| self.known.get(&before).copied())
    }

    /// Whether the chain speaks for this record, when it is the next one.
    pub(crate) fn vouches_for(&self, found: &Found) -> bool {
        let held = self.undecided.as_ref().filter(|(held, _)| held.seq + 1 == found.seq);
        let previous = held.map(|&(_, computed)| computed).or_else(|| self.head_before(found.seq));
        previous.is_some_and(|previous| found.head == Some(next_head(&previous, &found.bytes)))
    }

    /// Number of the last whole record, and the head after it.
    pub(crate) fn newest_whole(&self) -> Option<(Seq, Head)> {
        self.newest_whole
    }

    /// The next record found, and what is decided by it: of the one held back before, if there was one, and of this one,
    /// if it need not be held back.
    pub(crate) fn take(&mut self, found: Found) -> [Option<Verdict>; 2] {
        let before = self.undecided.take().map(|(held, computed)| {
            let goes_on = found.seq == held.seq + 1 && found.head == Some(next_head(&computed, &found.bytes));
            self.decide(held, computed, goes_on)
        });
        let Some(previous) = self.head_before(found.seq) else {
            self.decided = Some((found.seq, found.head));
            return [before, Some(Verdict::Damaged(found))];
        };
        let computed = next_head(&previous, &found.bytes);
        if found.head == Some(computed) || self.known.get(&found.seq) == Some(&computed) {
            return [before, Some(self.decide(found, computed, true))];
        }
        self.undecided = Some((found, computed));
        [before, None]
    }

    /// There is no further record.
    pub(crate) fn finish(&mut self) -> Option<Verdict> {
        self.undecided.take().map(|(held, computed)| self.decide(held, computed, false))
    }

    fn decide(&mut self, found: Found, computed: Head, is_whole: bool) -> Verdict {
        self.decided = Some((found.seq, if is_whole { Some(computed) } else { found.head }));
        if !is_whole {
            return Verdict::Damaged(found);
        }
        self.newest_whole = Some((found.seq, computed));
        Verdict::Whole(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [Seq; 0] = [];
    const START: Head = Head::new([0; 32]);

    fn chain(count: u64) -> Vec<Found> {
        let mut head = START;
        (1..=count)
            .map(|seq| {
                let bytes = format!("{{\"seq\":{seq}}}").into_bytes();
                head = next_head(&head, &bytes);
                Found { seq, bytes, head: Some(head), frozen_ms: 0 }
            })
            .collect()
    }

    /// The numbers of those that are not whole. Every record must be judged, in order.
    fn damaged(records: Vec<Found>, known: &[(Seq, Head)]) -> Vec<Seq> {
        let all: Vec<Seq> = records.iter().map(|record| record.seq).collect();
        let mut judge = Judge::knowing(known.iter().copied().chain([(0, START)]).collect());
        let mut verdicts: Vec<Verdict> =
            records.into_iter().flat_map(|record| judge.take(record)).flatten().collect();
        verdicts.extend(judge.finish());
        let judged: Vec<Seq> = verdicts
            .iter()
            .map(|verdict| match verdict {
                Verdict::Whole(found) | Verdict::Damaged(found) => found.seq,
            })
            .collect();
        assert_eq!(judged, all);
        let is_damaged = |verdict: Verdict| match verdict {
            Verdict::Whole(_) => None,
            Verdict::Damaged(found) => Some(found.seq),
        };
        verdicts.into_iter().filter_map(is_damaged).collect()
    }

    #[test]
    fn an_unharmed_chain_is_whole() {
        assert_eq!(damaged(chain(5), &[]), NONE);
    }

    #[test]
    fn bytes_that_rotted_cost_their_own_record_alone() {
        for rotten in 1..=5 {
            let mut records = chain(5);
            records[rotten - 1].bytes[3] ^= 1;
            assert_eq!(damaged(records, &[]), [rotten as u64]);
        }
    }

    #[test]
    fn a_head_that_rotted_costs_nothing() {
        let last = chain(5)[4].head.unwrap();
        for rotten in 1..=5 {
            for lost in [None, Some(Head::new([7; 32]))] {
                let mut records = chain(5);
                records[rotten - 1].head = lost;
                assert_eq!(damaged(records, &[(5, last)]), NONE, "head of {rotten}");
            }
        }
    }

    #[test]
    fn neighbours_that_rotted_together_are_both_known() {
        let mut records = chain(5);
        records[1].bytes[3] ^= 1;
        records[2].bytes[3] ^= 1;
        assert_eq!(damaged(records, &[]), [2, 3]);
    }

    #[test]
    fn after_a_gap_nothing_vouches_for_the_first() {
        let mut records = chain(6);
        let known = records[2].head.unwrap();
        records.remove(2);
        assert_eq!(damaged(records.clone(), &[]), [4]);
        assert_eq!(damaged(records, &[(3, known)]), NONE, "unless its head is known from elsewhere");
    }
}
