//! The one thread that writes, and how it is spoken to.
//!
//! Commands are carried out in the order they were taken, and each answers after its commit. A command that
//! fails is never tried again here: the state in memory is thrown away, after an I/O error the connection
//! too, and the next command begins with what the file says.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};

use afterword_model::ports::Clock;
use rusqlite::Connection;

use crate::command::Command;
use crate::connection::open_writer;
use crate::error::StoreError;
use crate::ledger;
use crate::place::Place;
use crate::purge;
use crate::receipts;
use crate::shared::Shared;
use crate::state::State;

/// After so many commits the log is moved into the database, in the next quiet moment: a few hundred pages.
const COMMITS_PER_CHECKPOINT: u32 = 100;

pub(crate) struct Writer {
    pub(crate) path: PathBuf,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) connection: Option<Connection>,
    pub(crate) state: Option<State>,
    pub(crate) commits: u32,
    /// Dropped last, when the database is closed: only then may another open it.
    #[expect(dead_code, reason = "held for its lock")]
    pub(crate) place: Place,
}

/// However the thread ends, nobody shall wait for it any longer.
impl Drop for Writer {
    fn drop(&mut self) {
        self.shared.board.close();
        self.shared.close_reader();
    }
}

impl Writer {
    /// Serves until it is told to close or nobody is left who could ask.
    pub(crate) fn serve(mut self, commands: &Receiver<Command>) {
        loop {
            let command = match commands.try_recv() {
                Ok(command) => command,
                Err(TryRecvError::Disconnected) => return,
                Err(TryRecvError::Empty) => {
                    self.checkpoint_when_due();
                    let Ok(command) = commands.recv() else { return };
                    command
                }
            };
            match command {
                Command::Close(done) => {
                    let closed = self.close();
                    // The lock goes before the answer: whoever hears "closed" may open at once.
                    drop(self);
                    return done.give(closed);
                }
                other => self.carry_out(other),
            }
        }
    }

    fn carry_out(&mut self, command: Command) {
        let now_ms = self.clock.wall_ms();
        match command {
            Command::Save(draft, done) => {
                let saved = self
                    .attempt(|connection, path, state| ledger::save(connection, path, state, &draft, now_ms));
                done.give(saved);
            }
            Command::Freeze(draft, outcome, took_ms, done) => {
                let frozen = self.attempt(|connection, path, state| {
                    ledger::freeze(connection, path, state, (draft, outcome, took_ms), now_ms)
                });
                done.give(frozen);
            }
            Command::Accept(receipt, done) => {
                done.give(
                    self.attempt(|connection, path, state| {
                        receipts::accept(connection, path, state, &receipt)
                    }),
                );
            }
            Command::Purge(keep_ms, done) => {
                let purged =
                    self.attempt(|connection, path, state| purge::purge(connection, path, state, keep_ms));
                // The file shrinks when the log is moved into it.
                self.commits = COMMITS_PER_CHECKPOINT;
                done.give(purged);
            }
            Command::Probe(done) => {
                done.give(self.attempt(|connection, path, _| ledger::probe(connection, path)));
            }
            Command::Close(done) => done.give(Err(StoreError::Stopped)),
            #[cfg(test)]
            Command::Run(run, done) => done.give(self.attempt(|connection, _, _| {
                run(connection);
                Ok(())
            })),
        }
    }

    /// One transaction. What is new in it is posted before the one who asked hears of it.
    fn attempt<T>(
        &mut self,
        transaction: impl FnOnce(&mut Connection, &std::path::Path, &mut State) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let result = self.reopened().and_then(|(connection, path, state)| {
            let done = transaction(connection, path, state)?;
            Ok((done, state.position(), state.purged_seq))
        });
        match result {
            Ok((done, position, purged_seq)) => {
                self.commits += 1;
                self.shared.board.post(position, purged_seq);
                Ok(done)
            }
            Err(error) => {
                self.distrust(&error);
                Err(error)
            }
        }
    }

    /// Connection and state, made anew where an error took them.
    fn reopened(&mut self) -> Result<(&mut Connection, &std::path::Path, &mut State), StoreError> {
        let connection = match self.connection.take() {
            Some(connection) => self.connection.insert(connection),
            None => self.connection.insert(open_writer(&self.path)?),
        };
        let state = match self.state.take() {
            Some(state) => self.state.insert(state),
            None => self.state.insert(State::read(connection, &self.path)?),
        };
        Ok((connection, &self.path, state))
    }

    /// After an error: what is in memory counts for nothing until it is read again.
    fn distrust(&mut self, error: &StoreError) {
        if matches!(error, StoreError::TooLong(_) | StoreError::Exhausted) {
            // Refused before anything was begun.
            return;
        }
        tracing::error!(%error, "the store could not do what it was asked");
        if error.is_corruption() {
            self.shared.suspect();
        }
        self.state = None;
        if !error.leaves_connection_sound() {
            // The reader stays open, and with it the log's index: what a failed commit left in the log lies
            // beyond the index's end and is written over, not found again.
            self.connection = None;
        }
    }

    /// Keeps the log short while nobody waits. A failure loses nothing: the log still holds everything.
    fn checkpoint_when_due(&mut self) {
        if self.commits < COMMITS_PER_CHECKPOINT {
            return;
        }
        self.commits = 0;
        let Some(connection) = &self.connection else { return };
        if let Err(error) = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
            let error = StoreError::of(&self.path, &error);
            self.distrust(&error);
        }
    }

    fn close(&mut self) -> Result<(), StoreError> {
        if !self.shared.is_suspicious() {
            self.reopened().and_then(|(connection, path, _)| {
                let marked = connection.execute("UPDATE store SET clean = 1", []);
                marked.map(|_| ()).map_err(|error| StoreError::of(path, &error))
            })?;
        }
        // The last connection to close moves the log into the database and removes it.
        self.shared.close_reader();
        match self.connection.take().map(Connection::close) {
            Some(Err((_, error))) => Err(StoreError::of(&self.path, &error)),
            _ => Ok(()),
        }
    }
}
