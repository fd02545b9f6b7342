//! Which records to ask for next: the cursor, the search for a record the collector cannot read, and the
//! way back when the collector holds less than the device thought.
//!
//! Pure. Invariants: the cursor moves forward only over records under a verified receipt, and back only to a
//! mark the collector named; no record is left out and none is renumbered; a batch of `n` records with one that
//! is refused is taken apart in at most `2 * log2(n)` requests.

use afterword_model::record::Seq;
use afterword_protocol::limits::{BATCH_BYTES_MAX, BATCH_RECORDS_MAX, REWINDS_FORGOTTEN_MS};
use afterword_protocol::queue::{Run, Take};

/// Rewinds without a receipt for a new record in between, each soon after the one before, before it is called a conflict.
/// One is a restored collector, a second one a restore on top of it; more is a dispute that asking again does not settle.
const REWINDS_MAX: u32 = 3;

/// Where the loop stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    cursor: Seq,
    /// A run that ended here was refused, and everything after the cursor up to here is still to be tried.
    suspect_through: Option<Seq>,
    /// The cursor was never further than here.
    furthest: Seq,
    rewinds: u32,
    /// When the last of them was, by the monotonic clock.
    rewound_ms: u64,
}

/// The collector names a mark that cannot be gone back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadRewind {
    /// It holds records this store never had.
    #[error(
        "the collector holds records up to {mark}, this device has only {last_seq}: the device's database may be an old copy; everything is kept, tell whoever runs the collector"
    )]
    BeyondStore {
        /// What it claims to hold.
        mark: Seq,
        /// What there is.
        last_seq: Seq,
    },
    /// It was sent what it asks for.
    #[error(
        "the collector asks again for the records after {mark}, which it was sent or which are no longer on this device; everything is kept, tell whoever runs the collector"
    )]
    NoProgress {
        /// What it claims to hold.
        mark: Seq,
    },
}

impl Plan {
    /// Begins after the last record under a receipt.
    #[must_use]
    pub fn after(acknowledged_seq: Seq) -> Self {
        Self {
            cursor: acknowledged_seq,
            suspect_through: None,
            furthest: acknowledged_seq,
            rewinds: 0,
            rewound_ms: 0,
        }
    }

    /// Every record up to here has been passed.
    #[must_use]
    pub fn cursor(&self) -> Seq {
        self.cursor
    }

    /// Whether it looks for a record that was refused; batches are smaller then.
    #[must_use]
    pub fn is_searching(&self) -> bool {
        self.suspect_through.is_some()
    }

    /// What to ask of the queue.
    #[must_use]
    pub fn take(&self, wait_ms: u64) -> Take {
        Take { after_seq: self.cursor, records_max: self.records_max(), wait_ms }
    }

    /// A receipt covers everything up to here.
    pub fn passed(&mut self, through_seq: Seq) {
        self.cursor = through_seq;
        self.suspect_through = self.suspect_through.filter(|&suspect| suspect > through_seq);
        // Only new ground settles a dispute: two collectors of which one forgets would else go on for ever.
        if through_seq > self.furthest {
            self.furthest = through_seq;
            self.rewinds = 0;
        }
    }

    /// The collector would not read this run. Gives the number of records to send instead, from the same
    /// start; `None` when a single record was refused, which cannot be made smaller.
    ///
    /// `named_seq` is the record the collector could not read, where it said so.
    pub fn refused(&mut self, run: &Run, named_seq: Option<Seq>) -> Option<usize> {
        let count = run.records.len();
        if count <= 1 {
            return None;
        }
        let named_seq = named_seq.filter(|seq| (run.first_seq..=run.last_seq()).contains(seq));
        let before_named = named_seq.and_then(|seq| usize::try_from(seq - run.first_seq).ok());
        self.suspect_through = Some(named_seq.unwrap_or(run.last_seq()));
        // The neighbours before a named record go first; the named one then goes alone and is parked.
        Some(before_named.unwrap_or(count / 2).max(1))
    }

    /// The collector holds only the records up to `mark`, and not what a run that begins at `first_seq`
    /// follows on; `last_seq` is the newest record of the store. `now_ms` is by the monotonic clock: a collector whose
    /// disk is put back every night to what it was asks again each time, and is right each time.
    ///
    /// # Errors
    /// [`BadRewind`] when going back there would lead nowhere.
    pub fn rewind(&mut self, first_seq: Seq, mark: Seq, last_seq: Seq, now_ms: u64) -> Result<(), BadRewind> {
        if mark > last_seq {
            return Err(BadRewind::BeyondStore { mark, last_seq });
        }
        if now_ms.saturating_sub(self.rewound_ms) >= REWINDS_FORGOTTEN_MS {
            self.rewinds = 0;
        }
        self.rewound_ms = now_ms;
        self.rewinds += 1;
        if mark.saturating_add(1) >= first_seq || self.rewinds > REWINDS_MAX {
            return Err(BadRewind::NoProgress { mark });
        }
        self.cursor = mark;
        self.suspect_through = None;
        Ok(())
    }

    fn records_max(&self) -> usize {
        let Some(suspect) = self.suspect_through else { return BATCH_RECORDS_MAX };
        let half = suspect.saturating_sub(self.cursor) / 2;
        usize::try_from(half).unwrap_or(BATCH_RECORDS_MAX).clamp(1, BATCH_RECORDS_MAX)
    }
}

/// What is wrong with a run, when it is not one that was asked for.
pub(crate) fn misfit(run: &Run, cursor: u64) -> Option<&'static str> {
    if run.records.is_empty() {
        Some("none at all")
    } else if run.records.len() > BATCH_RECORDS_MAX
        || run.records.iter().map(Vec::len).sum::<usize>() > BATCH_BYTES_MAX
    {
        Some("more than a batch holds")
    } else if run.first_seq <= cursor {
        Some("older than asked")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use afterword_model::record::{Head, StoreEpoch};
    use proptest::prelude::*;

    use super::*;

    fn run(first_seq: Seq, count: usize) -> Run {
        Run {
            epoch: StoreEpoch::new([1; 16]),
            first_seq,
            previous_head: Head::new([0; 32]),
            records: vec![b"{}".to_vec(); count],
        }
    }

    /// Plays a collector that refuses any batch with a poison record, unless it is alone. Gives the requests.
    fn requests(last_seq: Seq, poison: &[Seq], names_it: bool) -> usize {
        let mut plan = Plan::after(0);
        let mut requests = 0;
        while plan.cursor() < last_seq {
            let take = plan.take(0);
            let left = usize::try_from(last_seq - plan.cursor()).unwrap();
            let mut attempt = run(take.after_seq + 1, take.records_max.min(left));
            loop {
                requests += 1;
                assert!(requests < 10_000, "it does not end");
                let found =
                    poison.iter().copied().find(|seq| (attempt.first_seq..=attempt.last_seq()).contains(seq));
                if found.is_none() || attempt.records.len() == 1 {
                    plan.passed(attempt.last_seq());
                    break;
                }
                let smaller = plan.refused(&attempt, found.filter(|_| names_it)).unwrap();
                attempt = attempt.prefix(smaller);
            }
        }
        requests
    }

    #[test]
    fn a_poison_record_among_500_costs_at_most_two_log2_requests() {
        for poison in [1, 2, 250, 251, 499, 500] {
            assert!(requests(500, &[poison], false) <= 18, "{poison}: {}", requests(500, &[poison], false));
        }
    }

    #[test]
    fn a_poison_record_that_is_named_costs_at_most_two_more_requests() {
        // Refused, neighbours before, itself, neighbours after.
        for poison in [1, 2, 250, 500] {
            assert!(requests(500, &[poison], true) <= 4, "{poison}");
        }
    }

    #[test]
    fn a_single_record_cannot_be_made_smaller() {
        assert_eq!(Plan::after(4).refused(&run(5, 1), Some(5)), None);
    }

    #[test]
    fn a_name_outside_the_batch_is_not_believed() {
        assert_eq!(Plan::after(4).refused(&run(5, 10), Some(99)), Some(5));
        assert_eq!(Plan::after(4).refused(&run(5, 10), Some(0)), Some(5));
    }

    #[test]
    fn a_rewind_goes_back_and_only_back() {
        let mut plan = Plan::after(100);
        assert_eq!(plan.rewind(101, 40, 120, 0), Ok(()));
        assert_eq!(plan.take(0).after_seq, 40);
        assert_eq!(plan.rewind(41, 121, 120, 0), Err(BadRewind::BeyondStore { mark: 121, last_seq: 120 }));
        assert_eq!(plan.rewind(41, 40, 120, 0), Err(BadRewind::NoProgress { mark: 40 }));
        assert_eq!(plan.cursor(), 40);
    }

    #[test]
    fn a_collector_that_keeps_asking_for_purged_records_is_a_conflict() {
        let mut plan = Plan::after(100);
        // Records up to 50 are purged, so each run begins at 51 although 41 was asked for.
        let results: Vec<bool> = (0..5).map(|_| plan.rewind(51, 40, 120, 0).is_ok()).collect();
        assert_eq!(results, [true, true, true, false, false]);
    }

    #[test]
    fn a_collector_that_takes_and_forgets_in_turn_is_a_conflict() {
        let mut plan = Plan::after(100);
        let results: Vec<bool> = (0..5)
            .map(|_| {
                let rewound = plan.rewind(101, 0, 100, 0).is_ok();
                plan.passed(100);
                rewound
            })
            .collect();
        assert_eq!(results, [true, true, true, false, false]);
        plan.passed(101);
        assert!(plan.rewind(102, 0, 101, 0).is_ok(), "new ground");
    }

    #[test]
    fn a_collector_that_is_put_back_every_hour_is_sent_everything_every_hour() {
        let mut plan = Plan::after(100);
        for hour in 1..50 {
            assert_eq!(plan.rewind(101, 40, 100, hour * REWINDS_FORGOTTEN_MS), Ok(()), "{hour}");
            plan.passed(100);
        }
        // Within the hour it is a dispute as ever.
        let again: Vec<bool> = (1..=3)
            .map(|minute| plan.rewind(101, 40, 100, 49 * REWINDS_FORGOTTEN_MS + minute).is_ok())
            .collect();
        assert_eq!(again, [true, true, false]);
    }

    proptest! {
        #[test]
        fn every_batch_is_brought_over_whatever_is_poisoned(
            last_seq in 1_u64..1_500, poison in proptest::collection::vec(1_u64..1_500, 0..5), names_it: bool
        ) {
            let batches = last_seq.div_ceil(BATCH_RECORDS_MAX as u64) as usize;
            // One record in each search, and a search for each.
            prop_assert!(requests(last_seq, &poison, names_it) <= batches + 1 + poison.len() * 20);
        }
    }
}
