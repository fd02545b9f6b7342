//! The store as the agent's queue: in memory for tests and the demo, and in blocking form for the thread that
//! serves the device's socket.
//!
//! Waiting for records holds no lock and no executor thread. Reading a run does use the thread it is called
//! on, for the few milliseconds that a batch takes.

use std::sync::Arc;
use std::time::Duration;

use afterword_model::record::StoreEpoch;
use afterword_protocol::case_steps::CaseSteps;
use afterword_protocol::changes::Changes;
use afterword_protocol::limits::QUEUE_WAIT_MAX_MS;
use afterword_protocol::queue::{
    Acceptance, BeginReason, Begun, Health, Position, Queue, QueueError, Run, Take,
};
use afterword_protocol::receipt::SignedReceipt;
use afterword_protocol::settings::SignedSettings;

use crate::command::{Answer, Command};
use crate::decided::Decided;
use crate::error::StoreError;
use crate::health;
use crate::reader;
use crate::shared::Inner;

/// The agent's side of a [`crate::Store`].
///
/// As a [`Queue`] it needs a tokio runtime that keeps time when [`Take::wait_ms`] is not 0.
#[derive(Clone)]
pub struct StoreQueue {
    pub(crate) inner: Arc<Inner>,
}

impl StoreQueue {
    /// [`Queue::position`]; does not wait.
    ///
    /// # Errors
    /// [`StoreError::Stopped`] after the writer's end.
    pub fn position_blocking(&self) -> Result<Position, StoreError> {
        self.inner.shared.board.position()
    }

    /// [`Queue::next`], blocking this thread for up to [`Take::wait_ms`]. When another epoch begins meanwhile, the run is
    /// the first one of that; so it is when the first record asked for has rotted, for then the store begins anew.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read, or the first record is damaged and the store has begun anew for
    /// another such record within the hour.
    pub fn next_blocking(&self, take: Take) -> Result<Option<Run>, StoreError> {
        let epoch = self.position_blocking()?.epoch;
        self.inner.shared.board.wait_beyond(epoch, take.after_seq, wait(take))?;
        match self.read_in(epoch, take) {
            Err(damaged @ StoreError::DamagedRecord(_)) => {
                let healed = self.inner.ask(|done| Command::Heal(epoch, done));
                if is_healed(healed) { self.read_in(epoch, take) } else { Err(damaged) }
            }
            run => run,
        }
    }

    /// [`Queue::accept`], blocking this thread until the receipt is durable.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be stored.
    pub fn accept_blocking(&self, receipt: &SignedReceipt) -> Result<Acceptance, StoreError> {
        self.inner.ask(|done| Command::Accept(receipt.clone(), done))
    }

    /// [`Queue::health`]; `kiosk_version` is the program's that holds this store.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub fn health_blocking(&self, kiosk_version: &str) -> Result<Health, StoreError> {
        let changes = self.inner.shared.changes.version();
        let settings = self.inner.shared.office.held();
        self.inner
            .shared
            .read(|connection, path| health::health(connection, path, kiosk_version, changes, settings))
    }

    /// [`Queue::keep_changes`], blocking this thread until they are durable.
    ///
    /// # Errors
    /// [`StoreError`]; what was kept before is kept then.
    pub fn keep_changes_blocking(&self, changes: &Changes) -> Result<(), StoreError> {
        changes.check().map_err(StoreError::NotShown)?;
        self.inner.ask(|done| Command::KeepChanges(changes.clone(), done))
    }

    /// [`Queue::keep_case_steps`], blocking this thread until they are durable.
    ///
    /// # Errors
    /// [`StoreError`]; steps and mark are as they were then.
    pub fn keep_case_steps_blocking(&self, steps: &CaseSteps) -> Result<(), StoreError> {
        steps.check().map_err(StoreError::NotKept)?;
        self.inner.ask(|done| Command::KeepCaseSteps(steps.clone(), done))
    }

    /// [`Queue::keep_settings`], blocking this thread until they are durable. Who signed them, and for whom, the agent has seen to.
    ///
    /// # Errors
    /// [`StoreError`]; what was kept before is kept then.
    pub fn keep_settings_blocking(&self, settings: &SignedSettings) -> Result<(), StoreError> {
        let decided = open_settings(settings)?;
        self.inner.ask(|done| Command::KeepSettings(decided, done))
    }

    /// [`Queue::begin_anew`], blocking this thread until it is durable.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed then.
    pub fn begin_anew_blocking(&self, reason: BeginReason) -> Result<Begun, StoreError> {
        self.inner.ask(|done| Command::BeginAnew(reason, done)).map(|()| Begun::Anew)
    }

    /// Asks the writer without blocking a thread.
    async fn ask<T: Send + 'static>(
        &self,
        command: impl FnOnce(Answer<T>) -> Command,
    ) -> Result<T, StoreError> {
        let (answer, answered) = tokio::sync::oneshot::channel();
        // A task that was dropped meanwhile does not miss the answer.
        let done = Answer::new(move |result| drop(answer.send(result)));
        self.inner.send(command(done));
        answered.await.unwrap_or(Err(StoreError::Stopped))
    }

    /// The run asked for in this epoch. In another one the numbers asked for mean nothing; whoever sees its first run
    /// knows that it has to start over.
    fn read_in(&self, epoch: StoreEpoch, take: Take) -> Result<Option<Run>, StoreError> {
        let run = self.read(take);
        if self.position_blocking()?.epoch == epoch { run } else { self.read(Take { after_seq: 0, ..take }) }
    }

    fn read(&self, take: Take) -> Result<Option<Run>, StoreError> {
        self.inner
            .shared
            .read(|connection, path| reader::run(connection, path, take.after_seq, take.records_max))
    }
}

impl Queue for StoreQueue {
    async fn position(&mut self) -> Result<Position, QueueError> {
        self.position_blocking().map_err(refused)
    }

    async fn next(&mut self, take: Take) -> Result<Option<Run>, QueueError> {
        let epoch = self.position().await?.epoch;
        let board = &self.inner.shared.board;
        board.task_wait_beyond(epoch, take.after_seq, wait(take)).await.map_err(refused)?;
        match self.read_in(epoch, take) {
            Err(damaged @ StoreError::DamagedRecord(_)) => {
                let healed = self.ask(|done| Command::Heal(epoch, done)).await;
                if is_healed(healed) { self.read_in(epoch, take) } else { Err(damaged) }
            }
            run => run,
        }
        .map_err(refused)
    }

    async fn accept(&mut self, receipt: &SignedReceipt) -> Result<Acceptance, QueueError> {
        self.ask(|done| Command::Accept(receipt.clone(), done)).await.map_err(refused)
    }

    async fn health(&mut self) -> Result<Option<Health>, QueueError> {
        self.health_blocking(env!("CARGO_PKG_VERSION")).map(Some).map_err(refused)
    }

    async fn begin_anew(&mut self, reason: BeginReason) -> Result<Begun, QueueError> {
        self.ask(|done| Command::BeginAnew(reason, done)).await.map(|()| Begun::Anew).map_err(refused)
    }

    async fn keep_changes(&mut self, changes: &Changes) -> Result<(), QueueError> {
        changes.check().map_err(StoreError::NotShown).map_err(refused)?;
        self.ask(|done| Command::KeepChanges(changes.clone(), done)).await.map_err(refused)
    }

    async fn keep_case_steps(&mut self, steps: &CaseSteps) -> Result<(), QueueError> {
        steps.check().map_err(StoreError::NotKept).map_err(refused)?;
        self.ask(|done| Command::KeepCaseSteps(steps.clone(), done)).await.map_err(refused)
    }

    async fn keep_settings(&mut self, settings: &SignedSettings) -> Result<(), QueueError> {
        let decided = open_settings(settings).map_err(refused)?;
        self.ask(|done| Command::KeepSettings(decided, done)).await.map_err(refused)
    }
}

fn open_settings(settings: &SignedSettings) -> Result<Box<Decided>, StoreError> {
    let settings = settings.envelope.open().map_err(StoreError::NotDecided)?;
    Ok(Box::new(Decided::of(settings)))
}

/// Whether the damaged record stands in the way no longer.
fn is_healed(healed: Result<bool, StoreError>) -> bool {
    healed.unwrap_or_else(|error| {
        tracing::error!(%error, "the store could not begin anew without the damaged record");
        false
    })
}

fn wait(take: Take) -> Duration {
    Duration::from_millis(take.wait_ms.min(QUEUE_WAIT_MAX_MS))
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn refused(error: StoreError) -> QueueError {
    QueueError::Refused(error.to_string())
}
