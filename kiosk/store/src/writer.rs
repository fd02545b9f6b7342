//! The one thread that writes, and how it is spoken to.
//!
//! Commands are carried out in the order they were taken, and each answers after its commit. A command that
//! fails is not tried again here: the state in memory is thrown away, after an I/O error the connection
//! too, and the next command begins with what the file says. The one exception is a shopper's answer for which there was
//! no room: it was surely not written, and is tried once more with the space that was kept in reserve.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, TryRecvError};

use afterword_model::ports::{Clock, Entropy};
use afterword_model::record::StoreEpoch;
use afterword_protocol::limits::BEGIN_ANEW_PAUSE_MS;
use afterword_protocol::queue::BeginReason;
use afterword_protocol::settings::SettingsVersion;
use rusqlite::Connection;

use crate::alerts;
use crate::carry::{self, Wish};
use crate::cases;
use crate::changes;
use crate::command::{Command, Wished};
use crate::connection::{doubt, open_writer};
use crate::decided;
use crate::error::StoreError;
use crate::hidden;
use crate::ledger;
use crate::noted::Noted;
use crate::place::Place;
use crate::purge;
use crate::receipts;
use crate::reserve::Reserve;
use crate::shared::Shared;
use crate::state::State;
use crate::trial;

/// After so many commits the log is moved into the database, in the next quiet moment: a few hundred pages.
const COMMITS_PER_CHECKPOINT: u32 = 100;

pub(crate) struct Writer {
    pub(crate) path: PathBuf,
    pub(crate) clock: Arc<dyn Clock>,
    /// Draws new epochs.
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) connection: Option<Connection>,
    pub(crate) state: Option<State>,
    pub(crate) commits: u32,
    /// When an epoch was last begun because of a rotted record, by the monotonic clock.
    pub(crate) healed_ms: Option<u64>,
    pub(crate) reserve: Reserve,
    /// A note that the database is behind of: the epoch is over, and there was no room yet to begin another.
    pub(crate) overtaken: Option<Noted>,
    #[cfg(test)]
    pub(crate) when_released: Option<crate::command::Meddling>,
    /// Dropped last, when the database is closed: only then may another open it.
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
                let saved = self.attempt_of_shopper(|connection, path, state| {
                    ledger::save(connection, path, state, &draft, now_ms)
                });
                done.give(saved);
            }
            Command::Freeze(mut response, done) => {
                let opens_cases = self.shared.opens_cases.load(Ordering::SeqCst);
                let frozen = self.attempt_of_shopper(|connection, path, state| {
                    state.opens_cases = opens_cases;
                    ledger::freeze(connection, path, state, &mut response, now_ms)
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
            Command::KeepChanges(list, done) => {
                let kept = self.attempt(|connection, path, _| changes::keep(connection, path, &list));
                if kept.is_ok() {
                    self.shared.changes.replace(list);
                }
                done.give(kept);
            }
            Command::KeepSettings(decided, done) => {
                let kept = self.attempt(|connection, path, _| decided::keep(connection, path, &decided));
                if kept.is_ok() {
                    self.shared.office.replace(*decided);
                }
                done.give(kept);
            }
            Command::OutlivedTrial(done) => done.give(self.outlived_trial()),
            Command::ChangeAlert(wish, done) => {
                done.give(self.attempt(|connection, path, _| alerts::change(connection, path, &wish)));
            }
            Command::Step(wished, done) => {
                let Wished { about, by, at } = *wished;
                done.give(self.attempt(|connection, path, state| {
                    cases::step(connection, path, state, &about, (&by, at), now_ms)
                }));
            }
            Command::KeepCaseSteps(steps, done) => {
                done.give(self.attempt(|connection, path, _| cases::keep(connection, path, &steps)));
            }
            Command::HideWords(origin, is_hidden, done) => {
                done.give(
                    self.attempt(|connection, path, _| {
                        hidden::set(connection, path, origin, is_hidden, now_ms)
                    }),
                );
            }
            Command::Purge(keep_ms, done) => {
                let purged =
                    self.attempt(|connection, path, state| purge::purge(connection, path, state, keep_ms));
                // The file shrinks when the log is moved into it.
                self.commits = COMMITS_PER_CHECKPOINT;
                self.keep_reserve();
                done.give(purged);
            }
            Command::BeginAnew(reason, done) => done.give(self.begin_anew(reason, now_ms)),
            Command::Heal(epoch, done) => done.give(self.heal(epoch, now_ms)),
            Command::Probe(done) => {
                let probed = self.attempt(|connection, path, _| ledger::probe(connection, path));
                done.give(probed.and_then(|()| {
                    self.keep_reserve();
                    if self.reserve.is_wanting {
                        Err(StoreError::ReserveUsed(self.path.clone()))
                    } else {
                        Ok(())
                    }
                }));
            }
            Command::Settle(done) => {
                self.checkpoint_when_due();
                done.give(Ok(()));
            }
            Command::Close(done) => done.give(Err(StoreError::Stopped)),
            #[cfg(test)]
            Command::Run(run, done) => done.give(self.attempt(|connection, _, _| {
                run(connection);
                Ok(())
            })),
            #[cfg(test)]
            Command::WhenReleased(change, done) => {
                self.when_released = Some(change);
                done.give(Ok(()));
            }
        }
    }

    /// As [`Self::attempt`], and once more with the space kept in reserve where there was no room.
    fn attempt_of_shopper<T>(
        &mut self,
        mut transaction: impl FnMut(&mut Connection, &Path, &mut State) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match self.attempt(&mut transaction) {
            Err(StoreError::Full(_)) if self.reserve.release() => {
                self.shared.short_of_room.store(true, Ordering::SeqCst);
                #[cfg(test)]
                if let (Some(change), Some(connection)) = (self.when_released.take(), &self.connection) {
                    change(connection);
                }
                self.attempt(transaction)
            }
            attempted => attempted,
        }
    }

    /// One transaction, in an epoch that goes on: no number is given twice.
    fn attempt<T>(
        &mut self,
        transaction: impl FnOnce(&mut Connection, &Path, &mut State) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if self.overtaken.is_some() {
            self.begin_anew(BeginReason::Forked, self.clock.wall_ms())?;
        }
        self.transact(transaction)
    }

    /// One transaction. What is new in it is posted before the one who asked hears of it.
    fn transact<T>(
        &mut self,
        transaction: impl FnOnce(&mut Connection, &Path, &mut State) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let result = self.reopened().and_then(|(connection, path, state)| {
            let done = transaction(connection, path, state)?;
            Ok((done, state.position(), Noted::of(state)))
        });
        match result {
            Ok((done, position, noted)) => {
                self.commits += 1;
                self.place.note(noted);
                self.shared.board.post(position, noted.purged_seq);
                Ok(done)
            }
            Err(error) => {
                self.distrust(&error);
                Err(error)
            }
        }
    }

    fn begin_anew(&mut self, reason: BeginReason, now_ms: i64) -> Result<(), StoreError> {
        let wish = Wish { epoch: StoreEpoch::new(self.entropy.bytes()), reason, noted: self.overtaken };
        let carried = self
            .transact(|connection, path, state| carry::begin_anew(connection, path, state, &wish, now_ms))?;
        self.overtaken = None;
        tracing::warn!("{carried}");
        // The log is as long as everything that was carried; it is moved into the database at the next chance.
        self.commits = COMMITS_PER_CHECKPOINT;
        Ok(())
    }

    /// Begins anew because a record of this epoch has rotted, unless that was done meanwhile. A disk on which records go
    /// on rotting is not given all of them to write again each time: within the pause the store leaves it at that.
    fn heal(&mut self, epoch: StoreEpoch, now_ms: i64) -> Result<bool, StoreError> {
        if self.reopened()?.2.epoch != epoch {
            return Ok(true);
        }
        let since_ms = self.clock.monotonic_ms();
        if self.healed_ms.is_some_and(|healed_ms| since_ms.saturating_sub(healed_ms) < BEGIN_ANEW_PAUSE_MS) {
            return Ok(false);
        }
        self.healed_ms = Some(since_ms);
        self.begin_anew(BeginReason::Rotted, now_ms).map(|()| true)
    }

    /// The settings that this start was counted for have passed, or the start is not held against them.
    fn outlived_trial(&mut self) -> Result<(), StoreError> {
        let Some(on_trial) = self.shared.office.on_trial() else { return Ok(()) };
        let goes_by = self.shared.office.held().runs;
        self.attempt(|connection, path, _| {
            trial::outlived(connection, on_trial, goes_by).map_err(|error| StoreError::of(path, &error))
        })?;
        self.shared.office.tries(None);
        Ok(())
    }

    fn keep_reserve(&mut self) {
        self.reserve.keep();
        self.shared.short_of_room.store(self.reserve.is_wanting, Ordering::SeqCst);
    }

    /// Connection and state, made anew where an error took them.
    fn reopened(&mut self) -> Result<(&mut Connection, &Path, &mut State), StoreError> {
        let connection = match self.connection.take() {
            Some(connection) => self.connection.insert(connection),
            None => self.connection.insert(open_writer(&self.path)?),
        };
        let state = match self.state.take() {
            Some(state) => self.state.insert(state),
            None => {
                let mut state = State::read(connection, &self.path)?.noted(self.place.noted());
                state.opens_cases = self.shared.opens_cases.load(Ordering::SeqCst);
                self.state.insert(state)
            }
        };
        Ok((connection, &self.path, state))
    }

    /// After an error: what is in memory counts for nothing until it is read again.
    fn distrust(&mut self, error: &StoreError) {
        if matches!(
            error,
            StoreError::TooLong(_) | StoreError::Exhausted | StoreError::NoStep(_) | StoreError::FellOver
        ) {
            // Refused before anything was begun.
            return;
        }
        tracing::error!(%error, "the store could not do what it was asked");
        if error.is_corruption() {
            self.shared.suspect();
        }
        if matches!(error, StoreError::Io { .. }) {
            doubt(&self.path);
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
            let on_trial = self.shared.office.on_trial();
            self.reopened().and_then(|(connection, path, _)| {
                mark_clean(connection, on_trial)
                    .map_err(|error| StoreError::of(path, &error))
                    .inspect_err(|_| doubt(path))
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

/// Notes an orderly end, which settings on trial are not blamed for.
fn mark_clean(connection: &mut Connection, on_trial: Option<SettingsVersion>) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    on_trial.map_or(Ok(()), |version| trial::take_back(&transaction, version))?;
    transaction.execute("UPDATE store SET clean = 1", [])?;
    transaction.commit()
}
