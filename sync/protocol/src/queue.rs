//! What the agent may ask of the kiosk, and nothing more: records to send, a place to put receipts, how the store is,
//! to begin a new epoch when the collector holds another history, and to keep what is to be shown on the idle screen.
//!
//! The kiosk's store implements [`Queue`] directly, for tests and the demo; on a device the agent holds an
//! implementation that speaks [`crate::local`] over the socket. One suite runs on both.

use std::future::Future;

use afterword_model::record::{Head, Seq, ServerEpoch, StoreEpoch, next_head};
use serde::{Deserialize, Serialize};

use crate::case_steps::{CaseMark, CaseSteps};
use crate::changes::{Changes, ChangesVersion};
use crate::receipt::SignedReceipt;
use crate::settings::{SettingsHeld, SignedSettings};

/// How far a store has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Which store.
    pub epoch: StoreEpoch,
    /// Number of the newest record, 0 when there is none.
    pub last_seq: Seq,
    /// The chain's head after it.
    pub head: Head,
    /// Every record up to here is under a receipt of `server_epoch`, 0 when none is.
    pub acknowledged_seq: Seq,
    /// The collector's epoch in the newest receipt.
    pub server_epoch: Option<ServerEpoch>,
}

/// A request for records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Take {
    /// The first record wanted is the one after this.
    pub after_seq: Seq,
    /// At most so many records, from 1 to [`crate::limits::BATCH_RECORDS_MAX`].
    pub records_max: usize,
    /// How long to wait for a record when there is none yet, in milliseconds,
    /// at most [`crate::limits::QUEUE_WAIT_MAX_MS`].
    pub wait_ms: u64,
}

/// An unbroken run of records, at most [`crate::limits::BATCH_BYTES_MAX`] long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// From which store.
    pub epoch: StoreEpoch,
    /// Number of the first record.
    pub first_seq: Seq,
    /// The chain's head before the first record.
    pub previous_head: Head,
    /// The records' bytes, never empty.
    pub records: Vec<Vec<u8>>,
}

/// What the kiosk did with a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Acceptance {
    /// It is durable.
    Stored,
    /// It says no more than one already held; harmless.
    Stale,
    /// It is for another store, or for a record this store does not have.
    WrongStore,
    /// It vouches for a chain that is not this store's. Nothing was stored, and nothing will be purged under it.
    WrongHead,
}

/// An unbroken run of numbers, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeqRange {
    /// The first.
    pub first: Seq,
    /// The last, not below the first.
    pub last: Seq,
}

/// An epoch that is over: its records were carried into the one that followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerEpoch {
    /// Which.
    pub epoch: StoreEpoch,
    /// Number of the last record the store knew of in it.
    pub last_seq: Seq,
    /// The chain's head after that record, as far as the store knew.
    pub head: Head,
    /// Why it ended.
    pub reason: BeginReason,
    /// Records that were in it and could not be carried, in ascending order, at most
    /// [`crate::limits::LOST_RANGES_MAX`]. Records purged before under a receipt are not among them.
    pub lost: Vec<SeqRange>,
}

/// Why a store begins a new epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BeginReason {
    /// The collector holds another history under this store's numbers: the card is a clone, or was restored, or the
    /// disk took back what it had confirmed.
    Forked,
    /// A record's bytes no longer hash to its head.
    Rotted,
    /// The file was damaged and has been set aside.
    Salvaged,
}

/// What became of a wish to begin anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Begun {
    /// A new epoch has begun; the position is another.
    Anew,
    /// The kiosk program is too old to do so.
    Unsupported,
}

/// How the store is, for the heartbeat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// How far it has come.
    pub position: Position,
    /// Records up to here are purged, under a receipt.
    pub purged_seq: Seq,
    /// How often a database was opened in the store's directory.
    pub boot: u32,
    /// When the oldest record without a receipt was frozen, by the device's wall clock, milliseconds since 1970;
    /// `None` when there is none.
    pub oldest_unsent_ms: Option<i64>,
    /// Bytes free on the disk, where that can be told.
    pub disk_free_bytes: Option<u64>,
    /// Epochs before this one, the newest last, at most [`crate::limits::FORMER_EPOCHS_MAX`].
    pub former: Vec<FormerEpoch>,
    /// Version of the kiosk program.
    pub kiosk_version: String,
    /// Which changes it keeps to show; `None` from a kiosk program that is too old to show what a collector sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<ChangesVersion>,
    /// How far it has head office's steps of follow-ups; `None` from a kiosk program that is too old to keep any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case_mark: Option<CaseMark>,
    /// What it has of head office's settings; `None` from a kiosk program that is too old to take any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<SettingsHeld>,
}

/// The kiosk cannot be asked just now.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// Nobody answers, or the answer broke off.
    #[error("the kiosk program does not answer: {0}; it keeps collecting or restarts, and is asked again")]
    Unreachable(#[from] std::io::Error),
    /// It answered that it cannot.
    #[error("the kiosk program refused: {0}")]
    Refused(String),
}

/// The kiosk's side of what an agent needs.
pub trait Queue: Send {
    /// How far the store has come.
    ///
    /// # Errors
    /// [`QueueError`] when the kiosk cannot be asked.
    fn position(&mut self) -> impl Future<Output = Result<Position, QueueError>> + Send;

    /// The next records after `take.after_seq`, or `None` when none came within the wait.
    /// Records already purged are left out only at the front: the run then begins later than asked.
    ///
    /// # Errors
    /// [`QueueError`] when the kiosk cannot be asked.
    fn next(&mut self, take: Take) -> impl Future<Output = Result<Option<Run>, QueueError>> + Send;

    /// Hands a verified receipt over. When this returns [`Acceptance::Stored`], it is durable.
    ///
    /// # Errors
    /// [`QueueError`] when the kiosk cannot be asked.
    fn accept(
        &mut self,
        receipt: &SignedReceipt,
    ) -> impl Future<Output = Result<Acceptance, QueueError>> + Send;

    /// How the store is. `None` from a kiosk program that is too old to say.
    ///
    /// # Errors
    /// [`QueueError`] when the kiosk cannot be asked.
    fn health(&mut self) -> impl Future<Output = Result<Option<Health>, QueueError>> + Send;

    /// Asks the store to begin a new epoch and to carry into it every whole record it has. When this returns
    /// [`Begun::Anew`], that is durable.
    ///
    /// # Errors
    /// [`QueueError`] when the kiosk cannot be asked, or could not do it; nothing has changed then.
    fn begin_anew(&mut self, reason: BeginReason) -> impl Future<Output = Result<Begun, QueueError>> + Send;

    /// Hands over what is to be shown from now on, in place of what was. Asked only of a store whose [`Health`] names what
    /// it keeps. When this returns, it is durable.
    ///
    /// # Errors
    /// [`QueueError`] when the kiosk cannot be asked, or does not take this list; it keeps what it had then.
    fn keep_changes(&mut self, changes: &Changes) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// Hands over steps of head office, to be kept beside those that are. Asked only of a store whose [`Health`] names a mark, and
    /// so never of one that leaves this as it is. When this returns, they are durable.
    ///
    /// # Errors
    /// [`QueueError`] when the kiosk cannot be asked, or does not take them; the mark is as it was then.
    fn keep_case_steps(&mut self, steps: &CaseSteps) -> impl Future<Output = Result<(), QueueError>> + Send {
        let refused = format!("it keeps no follow-ups, and {} steps came for it", steps.steps.len());
        async move { Err(QueueError::Refused(refused)) }
    }

    /// Hands over what head office has decided, in place of what it had. Asked only of a store whose [`Health`] names what it
    /// has of them, and so never of one that leaves this as it is. When this returns, they are durable; they hold as soon as
    /// nobody is answering.
    ///
    /// # Errors
    /// [`QueueError`] when the kiosk cannot be asked, or does not take them; it goes by what it had then.
    fn keep_settings(
        &mut self,
        _settings: &SignedSettings,
    ) -> impl Future<Output = Result<(), QueueError>> + Send {
        async { Err(QueueError::Refused("it takes no settings from head office; update its program".into())) }
    }
}

impl Run {
    /// The chain's head after the last record.
    #[must_use]
    pub fn last_head(&self) -> Head {
        self.records.iter().fold(self.previous_head, |head, bytes| next_head(&head, bytes))
    }

    /// Number of the last record.
    #[must_use]
    pub fn last_seq(&self) -> Seq {
        self.first_seq + self.records.len() as Seq - 1
    }

    /// The first `count` records as a run of their own.
    #[must_use]
    pub fn prefix(&self, count: usize) -> Self {
        Self { records: self.records[..count.clamp(1, self.records.len())].to_vec(), ..self.clone() }
    }
}
