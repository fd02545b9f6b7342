//! The handle that the kiosk holds.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;

use afterword_model::alerts::chart::Hours;
use afterword_model::alerts::window::Rating;
use afterword_model::alerts::{self as alert, Alert, Transition};
use afterword_model::carried::Origin;
use afterword_model::case::{
    Author, CaseId, CaseView, CasesAsk, Category, Overview, Reason, Status, Step, TEXT_CHARS_MAX, Tier, Wish,
};
use afterword_model::response::{Draft, Outcome, Stamp};
use afterword_model::summary::{Ask, Summary};
use afterword_protocol::changes::Changes;
use afterword_protocol::queue::Position;
use afterword_protocol::settings::SettingsVersion;

use crate::alerts;
use crate::board::Board;
use crate::cases::{self, About};
use crate::changes::{self, Shown};
use crate::command::{Answer, Command, Wished};
use crate::connection::open_reader;
use crate::decided::{self, Decided};
use crate::error::{OpenError, StoreError};
use crate::hidden;
use crate::ledger::{Frozen, unnumbered};
use crate::open::{self, Opened, Options};
use crate::place::Place;
use crate::purge::{PURGE_RECORDS_MAX, Purged};
use crate::queue::StoreQueue;
use crate::shared::{Inner, Shared};
use crate::tally;
use crate::tally::BootTimes;
use crate::usage::{self, Usage};
use crate::verify::{self, Verified};
use crate::watched;
use crate::words::{self, WordsAsk, WordsFound};
use crate::writer::Writer;
use afterword_protocol::limits::STORE_COMMANDS_MAX;

/// The device's database. Clones are handles on the same one; when the last is dropped without
/// [`Store::close`], the database is left as after a crash, with everything that was reported as saved.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

impl Store {
    /// Opens the store in a directory, which is created where there is none: `kiosk.db`, and beside it
    /// `kiosk.lock` and `kiosk.reserve`. A response that was open when the program last stopped is frozen.
    ///
    /// # Errors
    /// [`OpenError`]; what another program wrote is untouched, what this one wrote is still there.
    pub fn open(directory: &Path, options: Options) -> Result<(Self, Opened), OpenError> {
        let mut ready = open::open(Place::take(directory)?, &options)?;
        let path = ready.place.database().to_owned();
        let shared = Arc::new(Shared {
            board: Board::new(ready.state.position(), ready.state.purged_seq),
            changes: Shown::new(changes::read(&ready.connection)),
            office: decided::begin(&mut ready.connection),
            reader: Mutex::new(Some(open_reader(&path)?)),
            path: path.clone(),
            opens_cases: AtomicBool::new(options.opens_cases),
            suspicious: AtomicBool::new(false),
            short_of_room: AtomicBool::new(ready.reserve.is_wanting || ready.overtaken.is_some()),
        });
        let writer = Writer {
            path: path.clone(),
            clock: options.clock,
            entropy: options.entropy,
            shared: Arc::clone(&shared),
            connection: Some(ready.connection),
            state: Some(ready.state),
            commits: 0,
            healed_ms: None,
            reserve: ready.reserve,
            overtaken: ready.overtaken,
            #[cfg(test)]
            when_released: None,
            place: ready.place,
        };
        let (commands, received) = sync_channel(STORE_COMMANDS_MAX);
        let thread = std::thread::Builder::new().name("store-writer".into());
        let thread = thread.spawn(move || writer.serve(&received));
        let thread =
            thread.map_err(|reason| OpenError::File { path, doing: "given a writer thread", reason })?;
        let inner = Inner { commands: Some(commands), writer: Some(thread), shared };
        Ok((Self { inner: Arc::new(inner) }, ready.opened))
    }

    /// Saves the open response in place of what was saved of it before. One response is told from another by
    /// [`Draft::started`]. `done` is called on the writer thread
    /// after the commit, or at once when the command is not taken; it must be quick.
    pub fn save(&self, draft: Draft, done: impl FnOnce(Result<(), StoreError>) + Send + 'static) {
        self.inner.send(Command::Save(Box::new(draft), Answer::new(done)));
    }

    /// Freezes the open response as the next record. The draft passed counts, not the one saved.
    /// `took_ms` is from the first tap to the end. `done` as for [`Store::save`].
    ///
    /// A freeze that failed is not to be asked again for the same response: what was saved of it is frozen as
    /// [`Outcome::Interrupted`] before the next response is saved, or at the next start, unless it then
    /// turns out that the disk had taken it after all.
    pub fn freeze(
        &self,
        draft: Draft,
        outcome: Outcome,
        took_ms: u64,
        done: impl FnOnce(Result<Frozen, StoreError>) + Send + 'static,
    ) {
        let response = Box::new(unnumbered(draft, outcome, took_ms));
        self.inner.send(Command::Freeze(response, Answer::new(done)));
    }

    /// Asks whether a response could be saved now, by writing one that says nothing and taking it back, and setting
    /// space aside again where that was used. After an error of [`Store::save`] or [`Store::freeze`], or when the store
    /// is [short of room](Store::short_of_room), this tells when the kiosk can go on. `done` as for [`Store::save`].
    pub fn probe(&self, done: impl FnOnce(Result<(), StoreError>) + Send + 'static) {
        self.inner.send(Command::Probe(Answer::new(done)));
    }

    /// Says so when there is no space in reserve for lack of room: every answer so far is saved, and the next one might
    /// not be. Does not wait. A [`Store::probe`] that succeeds ends it.
    #[must_use]
    pub fn short_of_room(&self) -> Option<StoreError> {
        let shared = &self.inner.shared;
        shared.short_of_room.load(Ordering::SeqCst).then(|| StoreError::ReserveUsed(shared.path.clone()))
    }

    /// What the collector sent last to be shown on the idle screen. Does not wait.
    #[must_use]
    pub fn changes(&self) -> Arc<Changes> {
        self.inner.shared.changes.newest()
    }

    /// Has `told` called whenever another list of changes is kept; on the writer thread, so it must be quick. Who asks
    /// first is told, and nobody else.
    pub fn when_changes_come(&self, told: impl Fn() + Send + Sync + 'static) {
        self.inner.shared.changes.tell(told);
    }

    /// What head office decided last. Does not wait.
    #[must_use]
    pub fn decided(&self) -> Arc<Decided> {
        self.inner.shared.office.newest()
    }

    /// Says, for the heartbeat, that the kiosk goes by the settings of this version now.
    pub fn runs_settings(&self, version: SettingsVersion) {
        self.inner.shared.office.run(version);
    }

    /// Whether this start is counted for settings that have not passed their trial, and is to say so once it has lived for
    /// [`crate::TRIAL_MS`].
    #[must_use]
    pub fn is_on_trial(&self) -> bool {
        self.inner.shared.office.on_trial().is_some()
    }

    /// The kiosk has lived for [`crate::TRIAL_MS`] since the store was opened. Settings that it has gone by from then until now have passed their
    /// trial; others are not blamed for this start. `done` as for [`Store::save`].
    pub fn outlived_trial(&self, done: impl FnOnce(Result<(), StoreError>) + Send + 'static) {
        self.inner.send(Command::OutlivedTrial(Answer::new(done)));
    }

    /// Whether a response that is frozen from now on opens a case where the rule asks for one. One that is frozen already does not hear of it.
    pub fn opens_cases(&self, opens: bool) {
        self.inner.shared.opens_cases.store(opens, Ordering::SeqCst);
    }

    /// Has `told` called whenever other settings are kept; on the writer thread, so it must be quick. Who asks first is told, and
    /// nobody else.
    pub fn when_settings_come(&self, told: impl Fn() + Send + Sync + 'static) {
        self.inner.shared.office.tell(told);
    }

    /// The numbers of some local days.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub fn summary(&self, ask: Ask) -> Result<Summary, StoreError> {
        self.inner.shared.read(|connection, path| tally::summary(connection, path, ask))
    }

    /// What shoppers wrote, the newest first, as far as it is asked for.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub fn words(&self, ask: &WordsAsk) -> Result<WordsFound, StoreError> {
        self.inner.shared.read(|connection, path| words::find(connection, path, ask))
    }

    /// Hides the words of the response that first had this place, or shows them again: on this device alone, and nothing is
    /// deleted. What is so already stays so. Blocks until it is durable.
    ///
    /// # Errors
    /// [`StoreError`]; then it is as it was.
    pub fn hide_words(&self, origin: Origin, is_hidden: bool) -> Result<(), StoreError> {
        self.inner.ask(|done| Command::HideWords(origin, is_hidden, done))
    }

    /// Every response whose words are hidden, by the place that it first had.
    ///
    /// # Errors
    /// As [`Self::words`].
    pub fn hidden_words(&self) -> Result<HashSet<Origin>, StoreError> {
        self.inner
            .shared
            .read(|connection, path| hidden::all(connection).map_err(|error| StoreError::of(path, &error)))
    }

    /// What became known later of boots that had no clock: when their responses were begun, as the numbers have it.
    ///
    /// # Errors
    /// As [`Self::words`].
    pub fn boot_times(&self) -> Result<BootTimes, StoreError> {
        self.inner.shared.read(|connection, path| {
            BootTimes::read(connection).map_err(|error| StoreError::of(path, &error))
        })
    }

    /// Opens or closes an alert. The answer says what became of it once that is on the disk, and nothing where it was so already.
    /// `done` as for [`Store::save`].
    pub fn change_alert(
        &self,
        wish: alert::Wish,
        done: impl FnOnce(Result<Option<Transition>, StoreError>) + Send + 'static,
    ) {
        self.inner.send(Command::ChangeAlert(wish, Answer::new(done)));
    }

    /// The newest alerts, at most so many, the newest first; with `open_only` those that are not closed.
    ///
    /// # Errors
    /// As [`Self::words`].
    pub fn alerts(&self, newest: u32, open_only: bool) -> Result<Vec<Alert>, StoreError> {
        self.inner.shared.read(|connection, path| alerts::list(connection, path, newest, open_only))
    }

    /// What the ratings of the last `width_ms` milliseconds before `now` were at a touchpoint (empty where none is configured), on
    /// the monotonic timeline of this opening. Those of flagged responses are not among them.
    ///
    /// # Errors
    /// As [`Self::words`].
    pub fn newest_ratings(
        &self,
        now: &Stamp,
        width_ms: i64,
        touchpoint: &str,
    ) -> Result<Vec<Rating>, StoreError> {
        self.inner
            .shared
            .read(|connection, path| watched::ratings(connection, path, now, width_ms, touchpoint))
    }

    /// The hours of a touchpoint up to `newest`, counted since 1970-01-01 in local time, and what the days before it brought.
    ///
    /// # Errors
    /// As [`Self::words`].
    pub fn hours(&self, newest: i64, touchpoint: &str) -> Result<Hours, StoreError> {
        self.inner.shared.read(|connection, path| watched::hours(connection, path, newest, touchpoint))
    }

    /// The open cases, what hurries most first, and how many there are.
    ///
    /// # Errors
    /// As [`Self::words`].
    pub fn cases(&self, ask: &CasesAsk) -> Result<Overview, StoreError> {
        self.inner.shared.read(|connection, path| cases::overview(connection, path, ask))
    }

    /// One case with every step that is known here, open or closed; none where there is no such case.
    ///
    /// # Errors
    /// As [`Self::words`].
    pub fn case(&self, id: CaseId, ask: &CasesAsk) -> Result<Option<CaseView>, StoreError> {
        self.inner.shared.read(|connection, path| cases::one(connection, path, id, ask))
    }

    /// Takes a step of a case: a record in the chain, which goes to the collector as a response does. `done` is given where the case
    /// stands then, and is called as for [`Store::save`]; [`StoreError::NoStep`] says what is to be done instead.
    pub fn step(
        &self,
        case: CaseId,
        wish: Wish,
        (by, at): (Author, Stamp),
        done: impl FnOnce(Result<(CaseId, Status), StoreError>) + Send + 'static,
    ) {
        let wished = Box::new(Wished { about: About::Case(case, wish), by, at });
        self.inner.send(Command::Step(wished, Answer::new(done)));
    }

    /// Opens a case for an alert, which is none of a shopper's. `words` say what the alert says, and are cut after
    /// [`TEXT_CHARS_MAX`] characters. `done` as for [`Store::step`].
    pub fn open_case(
        &self,
        category: Category,
        words: &str,
        at: Stamp,
        done: impl FnOnce(Result<(CaseId, Status), StoreError>) + Send + 'static,
    ) {
        let step = Step::Opened {
            reasons: vec![Reason::Alert],
            category,
            tier: Tier::Critical,
            words: Some(words.chars().take(TEXT_CHARS_MAX).collect()),
        };
        let wished = Box::new(Wished { about: About::Own(step), by: Author::RULE, at });
        self.inner.send(Command::Step(wished, Answer::new(done)));
    }

    /// When the collector confirmed last, by its clock, in milliseconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// As [`Self::words`].
    pub fn confirmed_ms(&self) -> Result<Option<i64>, StoreError> {
        self.inner.shared.read(words::confirmed_ms)
    }

    /// How much it takes.
    ///
    /// # Errors
    /// As [`Self::words`].
    pub fn usage(&self) -> Result<Usage, StoreError> {
        self.inner.shared.read(usage::usage)
    }

    /// How far the store has come.
    ///
    /// # Errors
    /// [`StoreError::Stopped`] after the writer's end.
    pub fn position(&self) -> Result<Position, StoreError> {
        self.inner.shared.board.position()
    }

    /// Recomputes the chain and the roll-ups and lets SQLite check itself. Reads the whole file; the kiosk
    /// goes on meanwhile.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read at all. What is wrong in it is in [`Verified::problems`].
    pub fn verify(&self) -> Result<Verified, StoreError> {
        self.position()?;
        let verified = verify::verify(&self.inner.shared.path);
        if !verified.as_ref().is_ok_and(|verified| verified.problems.is_empty()) {
            self.inner.shared.suspect();
        }
        verified
    }

    /// The agent's side of this store.
    #[must_use]
    pub fn queue(&self) -> StoreQueue {
        StoreQueue { inner: Arc::clone(&self.inner) }
    }

    /// Deletes records that are under a receipt which, by the collector's clock, is `keep_ms` older than its
    /// newest receipt, and gives their room back. With 0 everything under a receipt goes. Blocks; the
    /// shoppers' saves go in between.
    ///
    /// # Errors
    /// [`StoreError`]; part may have been purged then.
    pub fn purge(&self, keep_ms: u64) -> Result<Purged, StoreError> {
        let mut records = 0;
        loop {
            let part = self.inner.ask(|done| Command::Purge(keep_ms, done))?;
            records += part.records;
            if part.records < PURGE_RECORDS_MAX {
                return Ok(Purged { records, ..part });
            }
        }
    }

    /// Waits until everything asked so far is done, and also what the writer does by itself in a quiet moment. From then
    /// on nothing moves on the disk until something is asked again.
    ///
    /// # Errors
    /// [`StoreError::Stopped`] after the writer's end.
    pub fn settle(&self) -> Result<(), StoreError> {
        self.inner.ask(Command::Settle)
    }

    /// Ends in order: waits for everything asked so far, marks the end as clean, moves the log into the
    /// database and gives the directory free. Other handles find the store stopped.
    ///
    /// # Errors
    /// [`StoreError`]; what was saved stays saved, and the next start checks the file.
    pub fn close(self) -> Result<(), StoreError> {
        self.inner.ask(Command::Close)
    }
}
