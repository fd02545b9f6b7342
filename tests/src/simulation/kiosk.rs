//! The kiosk program of a device as its agent sees it: a real store, there or not, asked in lock-step.
//!
//! Nothing here is waited for in the runtime while a store's own thread works: the caller blocks instead, so that
//! virtual time stands still meanwhile and nothing depends on how fast a thread is. Each question takes a moment of
//! virtual time on its way, in which either program may be killed.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use afterword_kiosk_store::{Store, StoreError};
use afterword_protocol::changes::Changes;
use afterword_protocol::queue::{
    Acceptance, BeginReason, Begun, Health, Position, Queue, QueueError, Run, Take,
};
use afterword_protocol::receipt::SignedReceipt;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

use super::network::lock;

/// One way over the device's own socket.
const SOCKET_LATENCY: Duration = Duration::from_millis(1);

/// A kiosk program that runs, or does not.
pub(super) struct Kiosk {
    store: Mutex<Option<Store>>,
    /// Something has changed that an agent may wait for.
    news: watch::Sender<()>,
}

impl Kiosk {
    /// One that does not run.
    pub(super) fn off() -> Arc<Self> {
        Arc::new(Self { store: Mutex::new(None), news: watch::Sender::new(()) })
    }

    /// From now on it runs with this store, or not at all. Gives the store it had; dropping that is a kill.
    pub(super) fn replace(&self, store: Option<Store>) -> Option<Store> {
        let before = std::mem::replace(&mut *lock(&self.store), store);
        self.changed();
        before
    }

    /// Wakes an agent that waits.
    pub(super) fn changed(&self) {
        self.news.send_replace(());
    }

    /// The store, while the program runs.
    pub(super) fn store(&self) -> Option<Store> {
        lock(&self.store).clone()
    }
}

/// The agent's way to it.
pub(super) struct KioskQueue(pub(super) Arc<Kiosk>);

impl KioskQueue {
    /// There and back.
    async fn ask<A>(&self, question: impl FnOnce(&Store) -> Result<A, StoreError>) -> Result<A, QueueError> {
        sleep(SOCKET_LATENCY).await;
        let answer = {
            let store = self.0.store().ok_or_else(|| io::Error::from(io::ErrorKind::ConnectionRefused))?;
            let answer = question(&store).map_err(|error| QueueError::Refused(error.to_string()));
            // Whatever comes next, a power cut or a copy, finds the card as this question left it.
            store.settle().map_err(|error| QueueError::Refused(error.to_string()))?;
            answer
        };
        sleep(SOCKET_LATENCY).await;
        answer
    }
}

impl Queue for KioskQueue {
    async fn position(&mut self) -> Result<Position, QueueError> {
        self.ask(|store| store.queue().position_blocking()).await
    }

    async fn next(&mut self, take: Take) -> Result<Option<Run>, QueueError> {
        let deadline = Instant::now() + Duration::from_millis(take.wait_ms);
        let mut news = self.0.news.subscribe();
        loop {
            news.mark_unchanged();
            let run = self.ask(|store| store.queue().next_blocking(Take { wait_ms: 0, ..take })).await?;
            if run.is_some() || timeout_at(deadline, news.changed()).await.is_err() {
                return Ok(run);
            }
        }
    }

    async fn accept(&mut self, receipt: &SignedReceipt) -> Result<Acceptance, QueueError> {
        self.ask(|store| store.queue().accept_blocking(receipt)).await
    }

    async fn health(&mut self) -> Result<Option<Health>, QueueError> {
        let health = self.ask(|store| store.queue().health_blocking(env!("CARGO_PKG_VERSION"))).await?;
        // How full this machine is has no place in a simulation.
        Ok(Some(Health { disk_free_bytes: None, ..health }))
    }

    async fn begin_anew(&mut self, reason: BeginReason) -> Result<Begun, QueueError> {
        self.ask(|store| store.queue().begin_anew_blocking(reason)).await
    }

    async fn keep_changes(&mut self, changes: &Changes) -> Result<(), QueueError> {
        self.ask(|store| store.queue().keep_changes_blocking(changes)).await
    }
}
