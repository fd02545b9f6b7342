//! Carrying: whole records get new numbers in another epoch, with their own bytes and first place inside them.
//!
//! [`begin_anew`] does so in the database itself: one transaction draws a line under the epoch, gives every whole record
//! its new place and forgets the receipts, which were for the former epoch. [`crate::salvage`] does so from a damaged
//! file, by the same [`Carrier`]. Either happens whole or not at all.
//!
//! Invariants: what is carried is whole ([`crate::whole`]); an origin is carried once; what is not carried is named as
//! lost and, where its bytes were found, kept in `damaged_record`. Records are held one handful at a time.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use afterword_model::carried::{Carried, Origin, wrap};
use afterword_model::content::Content;
use afterword_model::record::{Head, RECORD_BYTES_MAX, SEQ_MAX, Seq, StoreEpoch, genesis, next_head};
use afterword_model::response::Stamp;
use afterword_protocol::queue::{BeginReason, FormerEpoch};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use crate::cases;
use crate::error::StoreError;
use crate::former::{self, CarriedOver, Lost};
use crate::ledger;
use crate::noted::Noted;
use crate::purge::give_back_pages;
use crate::state::{State, column, hex, seq};
use crate::tally;
use crate::whole::{Found, Judge, Verdict};

/// Records read at a time. A handful of the usual size is one page of a list; of the largest, 4 MiB.
const HANDFUL: u32 = 64;

/// An epoch whose records are carried, and where they go.
pub(crate) struct Carrier<'t> {
    transaction: &'t Transaction<'t>,
    from: StoreEpoch,
    now_ms: i64,
    /// The end of the chain they are added to.
    pub(crate) seq: Seq,
    pub(crate) head: Head,
    /// How many were added.
    pub(crate) records: u64,
    /// What of the former epoch was not.
    lost: Lost,
    /// The number that comes next in the former epoch.
    pub(crate) expected: Seq,
    /// Whether it is yet to be counted what is carried.
    counts: bool,
    /// Carried records that the chain holds already; they are not added again.
    held: HashSet<Origin>,
    /// When the newest response that was added was begun.
    pub(crate) newest_started: Option<Stamp>,
    /// The response that was added last, by which a case may have been opened.
    before: Option<cases::Carried>,
}

impl<'t> Carrier<'t> {
    /// Carries records of `from`, the first of which is `first_seq`, to the chain that ends at `seq` and `head`.
    pub(crate) fn new(
        transaction: &'t Transaction<'t>,
        (from, first_seq): (StoreEpoch, Seq),
        (seq, head): (Seq, Head),
        now_ms: i64,
    ) -> Self {
        Self {
            transaction,
            from,
            now_ms,
            seq,
            head,
            records: 0,
            lost: Lost::default(),
            expected: first_seq,
            counts: false,
            held: HashSet::new(),
            newest_started: None,
            before: None,
        }
    }

    /// As it is, but each record that is added is counted, and none is added whose origin is in `held`.
    pub(crate) fn counting(self, held: HashSet<Origin>) -> Self {
        Self { counts: true, held, ..self }
    }

    pub(crate) fn take(&mut self, verdict: Verdict) -> rusqlite::Result<()> {
        match verdict {
            Verdict::Whole(found) => {
                self.lose_until(found.seq);
                if self.seq >= SEQ_MAX {
                    return self.damaged(&found);
                }
                let stood_at = Origin { epoch: self.from, seq: found.seq };
                match wrap(self.seq + 1, stood_at, &found.bytes) {
                    Ok(bytes) if bytes.len() <= RECORD_BYTES_MAX => self.add(&bytes, found.frozen_ms)?,
                    // Whole, and still nothing that could come out again as it is.
                    _ => return self.damaged(&found),
                }
                self.expected = found.seq + 1;
                Ok(())
            }
            Verdict::Damaged(found) => {
                self.lose_until(found.seq);
                self.damaged(&found)
            }
        }
    }

    /// What is lost of an epoch whose last record was `last_seq`.
    pub(crate) fn lost(mut self, last_seq: Seq) -> Lost {
        self.lost.add(self.expected, last_seq);
        self.lost
    }

    fn lose_until(&mut self, found: Seq) {
        self.lost.add(self.expected, found - 1);
        self.expected = found;
    }

    fn add(&mut self, bytes: &[u8], frozen_ms: i64) -> rusqlite::Result<()> {
        if !self.held.is_empty() && origin(bytes).is_some_and(|origin| self.held.contains(&origin)) {
            return Ok(());
        }
        self.seq += 1;
        self.head = next_head(&self.head, bytes);
        self.records += 1;
        ledger::insert(self.transaction, self.seq, bytes, &self.head, frozen_ms)?;
        if !self.counts {
            return Ok(());
        }
        // A record that this program cannot read is carried as it is; who wrote it counts it.
        let Ok(content) = Content::from_bytes(self.seq, bytes) else { return Ok(()) };
        match content {
            Content::Response(response) => {
                self.newest_started = Some(response.draft.started);
                self.before = origin(bytes).map(|origin| cases::Carried::of(origin, &response));
                tally::count(self.transaction, &response)
            }
            Content::Case(record) => {
                let Some(id) = origin(bytes) else { return Ok(()) };
                cases::carried(self.transaction, id, &record, self.before.as_ref())
            }
        }
    }

    fn damaged(&mut self, found: &Found) -> rusqlite::Result<()> {
        self.lost.add(found.seq, found.seq);
        self.expected = found.seq + 1;
        let head = found.head.as_ref().map(Head::as_bytes);
        self.transaction
            .prepare_cached(
                "INSERT INTO damaged_record (epoch, seq, bytes, head, found_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![self.from.as_bytes(), column(found.seq), found.bytes, head, self.now_ms])?;
        Ok(())
    }
}

/// Where a carried record first stood; `None` for a record of any other kind.
pub(crate) fn origin(bytes: &[u8]) -> Option<Origin> {
    Carried::read(bytes).ok().map(|carried| carried.origin)
}

/// A wish to begin anew.
pub(crate) struct Wish {
    /// The new epoch.
    pub(crate) epoch: StoreEpoch,
    /// Why.
    pub(crate) reason: BeginReason,
    /// How far the store is known to have come, when that is further than the database says.
    pub(crate) noted: Option<Noted>,
}

/// Begins a new epoch in this database and carries every whole record into it. The open draft stays as it is.
pub(crate) fn begin_anew(
    connection: &mut Connection,
    path: &Path,
    state: &mut State,
    wish: &Wish,
    now_ms: i64,
) -> Result<CarriedOver, StoreError> {
    let of = |error: rusqlite::Error| StoreError::of(path, &error);
    let (last_seq, head) = match wish.noted {
        Some(noted) if noted.epoch == state.epoch && noted.last_seq > state.last_seq => {
            (noted.last_seq, noted.head)
        }
        _ => (state.last_seq, state.head),
    };
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(of)?;
    let first = genesis(&wish.epoch);
    let mut carrier = Carrier::new(&transaction, (state.epoch, state.purged_seq + 1), (0, first), now_ms);
    carry_in_place(&transaction, state, &mut carrier).map_err(of)?;
    let (records, carried_head) = (carrier.records, carrier.head);
    let lost = carrier.lost(last_seq).into_ranges();
    let former = FormerEpoch { epoch: state.epoch, last_seq, head, reason: wish.reason, lost };
    former::insert(&transaction, &former, now_ms).map_err(of)?;
    if let Some(noted) = wish.noted.filter(|noted| noted.epoch != state.epoch) {
        // The disk took back a whole epoch. It began with copies of what is still here; of what it had beyond those this
        // alone tells that it is gone.
        if let Some(over) = taken_back(&noted, records, wish.reason) {
            former::insert_new(&transaction, &over, now_ms).map_err(of)?;
        }
    }
    transaction.execute("DELETE FROM receipt", []).map_err(of)?;
    let moved = transaction
        .execute(
            "UPDATE store SET epoch = ?1, last_seq = ?2, head = ?3, purged_seq = 0, purged_head = ?4,
                 counted_before = counted_before + last_seq - ?2 WHERE last_seq = ?5 AND head = ?6",
            params![
                wish.epoch.as_bytes(),
                column(records),
                carried_head.as_bytes(),
                first.as_bytes(),
                column(state.last_seq),
                state.head.as_bytes()
            ],
        )
        .map_err(of)?;
    ledger::moved_by_one_hand(path, moved)?;
    transaction.commit().map_err(of)?;
    state.epoch = wish.epoch;
    (state.last_seq, state.head) = (records, carried_head);
    (state.purged_seq, state.purged_head) = (0, first);
    state.acknowledged = None;
    if let Err(error) = give_back_pages(connection) {
        // Pages that stay free are used by the records to come.
        tracing::warn!(%error, "the room of the former epoch was not given back");
    }
    Ok(CarriedOver { former, records, file: None })
}

/// An epoch of which nothing is left but the note, unless all of it may be copies of so many records that are here. What
/// was purged of it was under a receipt.
fn taken_back(noted: &Noted, records: u64, reason: BeginReason) -> Option<FormerEpoch> {
    let mut lost = Lost::default();
    lost.add(noted.purged_seq.max(records) + 1, noted.last_seq);
    let lost = lost.into_ranges();
    let Noted { epoch, last_seq, head, .. } = *noted;
    (!lost.is_empty()).then_some(FormerEpoch { epoch, last_seq, head, reason, lost })
}

/// New numbers are never above the old ones, so each handful makes room for itself.
fn carry_in_place(
    transaction: &Transaction<'_>,
    state: &State,
    carrier: &mut Carrier<'_>,
) -> rusqlite::Result<()> {
    let known = BTreeMap::from([(state.purged_seq, state.purged_head), (state.last_seq, state.head)]);
    let mut judge = Judge::knowing(known);
    let mut after_seq = state.purged_seq;
    loop {
        let handful = handful(transaction, after_seq)?;
        let Some(last) = handful.last() else { break };
        let through_seq = last.seq;
        transaction
            .prepare_cached("DELETE FROM record WHERE seq > ?1 AND seq <= ?2")?
            .execute([column(after_seq), column(through_seq)])?;
        after_seq = through_seq;
        for found in handful {
            for verdict in judge.take(found).into_iter().flatten() {
                carrier.take(verdict)?;
            }
        }
    }
    judge.finish().map_or(Ok(()), |verdict| carrier.take(verdict))
}

fn handful(transaction: &Transaction<'_>, after_seq: Seq) -> rusqlite::Result<Vec<Found>> {
    transaction
        .prepare_cached(
            "SELECT seq, bytes, head, frozen_ms FROM record WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        )?
        .query_map(params![column(after_seq), HANDFUL], |row| {
            Ok(Found {
                seq: seq(row, "seq")?,
                bytes: row.get("bytes")?,
                head: hex(row, "head").ok(),
                frozen_ms: row.get("frozen_ms")?,
            })
        })?
        .collect()
}
