//! What the handles on a store, its readers and its writer have in common.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;

use crate::board::Board;
use crate::changes::Shown;
use crate::command::{Answer, Command};
use crate::decided::Office;
use crate::error::StoreError;

pub(crate) struct Inner {
    /// Taken only when dropped, so that the writer sees that nobody is left.
    pub(crate) commands: Option<SyncSender<Command>>,
    pub(crate) writer: Option<JoinHandle<()>>,
    pub(crate) shared: Arc<Shared>,
}

/// What the writer and the readers have in common.
pub(crate) struct Shared {
    pub(crate) board: Board,
    pub(crate) changes: Shown,
    pub(crate) office: Office,
    pub(crate) path: PathBuf,
    /// `None` once the store is closed. It stays open until then, whatever happens to the writer's connection.
    pub(crate) reader: Mutex<Option<Connection>>,
    /// [`crate::Store::opens_cases`].
    pub(crate) opens_cases: AtomicBool,
    /// Damage was seen: the next start shall look closely, however orderly the end.
    pub(crate) suspicious: AtomicBool,
    /// There is no space in reserve, for lack of room.
    pub(crate) short_of_room: AtomicBool,
}

impl Inner {
    pub(crate) fn send(&self, command: Command) {
        let Some(commands) = &self.commands else { return command.refuse(StoreError::Stopped) };
        match commands.try_send(command) {
            Ok(()) => {}
            Err(TrySendError::Full(command)) => command.refuse(StoreError::Busy),
            Err(TrySendError::Disconnected(command)) => command.refuse(StoreError::Stopped),
        }
    }

    /// Sends a command, waiting for a place in the queue, and waits for its answer.
    pub(crate) fn ask<T: Send + 'static>(
        &self,
        command: impl FnOnce(Answer<T>) -> Command,
    ) -> Result<T, StoreError> {
        let (answer, answered) = sync_channel(1);
        // Whoever asked waits below; should it be gone, nobody misses the answer.
        let command = command(Answer::new(move |result| drop(answer.send(result))));
        let commands = self.commands.as_ref().ok_or(StoreError::Stopped)?;
        commands.send(command).map_err(|_| StoreError::Stopped)?;
        answered.recv().map_err(|_| StoreError::Stopped)?
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.commands = None;
        // The last handle may be one that an answer held; that one is dropped on the writer thread itself.
        let Some(writer) =
            self.writer.take().filter(|writer| writer.thread().id() != std::thread::current().id())
        else {
            return;
        };
        if writer.join().is_err() {
            tracing::error!("the store's writer thread had panicked");
        }
    }
}

impl Shared {
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&Connection, &Path) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let result = read(reader.as_ref().ok_or(StoreError::Stopped)?, &self.path);
        if let Err(StoreError::Corrupt { .. } | StoreError::DamagedRecord(_)) = &result {
            self.suspect();
        }
        result
    }

    pub(crate) fn close_reader(&self) {
        *self.reader.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(crate) fn suspect(&self) {
        self.suspicious.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_suspicious(&self) -> bool {
        self.suspicious.load(Ordering::SeqCst)
    }
}
