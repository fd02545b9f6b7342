//! What a kiosk has promised: the records and the open answers that must be there after a cut.
//!
//! While a command is under way there are two such worlds, the one before it and the one after it. What is found must
//! be one of them, whole.

use afterword_kiosk_store::{Store, TRIAL_STARTS_MAX};
use afterword_model::carried::{Carried, Origin};
use afterword_model::record::{Seq, StoreEpoch};
use afterword_model::response::{Draft, Outcome, RESPONSE_VERSION, Response};
use afterword_protocol::limits::BATCH_RECORDS_MAX;
use afterword_protocol::queue::Take;
use anyhow::Result;

/// A record as it was first frozen. The place is `None` where its epoch is not known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Where it first stood.
    pub origin: Option<Origin>,
    /// As the store froze them then.
    pub bytes: Vec<u8>,
}

/// Everything that was acknowledged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct World {
    /// `None` when it has just begun and nobody was told its name.
    pub(super) epoch: Option<StoreEpoch>,
    pub(super) boot: u32,
    pub(super) last_seq: Seq,
    pub(super) acknowledged_seq: Seq,
    /// Those that are not purged, the newest being number `last_seq` of the epoch.
    pub(super) records: Vec<Held>,
    /// The answers of the shopper who stands there.
    pub(super) draft: Option<Draft>,
    /// Responses that the hours count.
    pub(super) counted: u64,
    /// The store's name as head office decided it last.
    pub(super) decided: Option<String>,
    /// The same of the settings that passed their trial last.
    pub(super) good: Option<String>,
    /// Starts that went by those on trial and did not end in order.
    pub(super) starts: u32,
}

/// What a cut at this moment may leave.
#[derive(Debug, Clone, Default)]
pub(super) struct Promise {
    pub(super) before: World,
    /// With the command done that is under way; the same as before when there is none.
    pub(super) after: World,
    /// The command's name.
    pub(super) doing: String,
}

impl World {
    /// Freezes a response as its next record.
    pub(super) fn freeze(&mut self, draft: Draft, outcome: Outcome, took_ms: u64) {
        self.last_seq += 1;
        self.counted += 1;
        let response = Response { v: RESPONSE_VERSION, seq: self.last_seq, draft, outcome, took_ms };
        let origin = self.epoch.map(|epoch| Origin { epoch, seq: self.last_seq });
        self.records.push(Held { origin, bytes: response.to_bytes() });
        self.draft = None;
    }

    /// As a start leaves it: what was open is frozen as interrupted, and what too many starts fell over is given up.
    pub(super) fn started(mut self) -> Self {
        self.boot += 1;
        self = self.counted();
        if let Some(draft) = self.draft.take() {
            let took_ms = draft.answers.iter().map(|answer| answer.at_ms).max().unwrap_or(0);
            self.freeze(draft, Outcome::Interrupted, took_ms);
        }
        self
    }

    /// With a start counted for settings on trial, or those given up.
    pub(super) fn counted(mut self) -> Self {
        if self.decided == self.good {
            return self;
        }
        if self.starts < TRIAL_STARTS_MAX {
            self.starts += 1;
        } else {
            (self.decided, self.starts) = (self.good.clone(), 0);
        }
        self
    }

    /// Without what is under a receipt.
    pub(super) fn purged(mut self) -> Self {
        let unsent = usize::try_from(self.last_seq - self.acknowledged_seq).expect("a short life");
        let gone = self.records.len().saturating_sub(unsent);
        self.records.drain(..gone);
        self
    }

    /// In another epoch, whose name is not known yet.
    pub(super) fn anew(self) -> Self {
        Self { epoch: None, last_seq: self.records.len() as Seq, acknowledged_seq: 0, ..self }
    }
}

/// Every record that a store hands out, in order.
///
/// # Errors
/// When it cannot be read.
pub fn held(store: &Store) -> Result<Vec<Held>> {
    let queue = store.queue();
    let mut held = Vec::new();
    let mut after_seq = 0;
    let take = |after_seq| Take { after_seq, records_max: BATCH_RECORDS_MAX, wait_ms: 0 };
    while let Some(run) = queue.next_blocking(take(after_seq))? {
        for (seq, bytes) in (run.first_seq..).zip(&run.records) {
            held.push(match Carried::read(bytes) {
                Ok(carried) => Held { origin: Some(carried.origin), bytes: carried.record.to_vec() },
                Err(_) => Held { origin: Some(Origin { epoch: run.epoch, seq }), bytes: bytes.clone() },
            });
        }
        after_seq = run.last_seq();
    }
    Ok(held)
}
