//! Opening a store: from a directory in any condition to one that collects.
//!
//! A start is refused only where going on would spoil something: another owner, a stranger's file, a schema
//! of the future, a disk that cannot be written. Damage is no reason: the damaged file is set aside and a new
//! database with a new epoch begins, with everything that is whole in the old one. Where the note beside the database
//! says that it had come further, the disk took back what it had confirmed; then too a new epoch begins, so that no
//! number is given twice.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use afterword_model::ports::{Clock, Entropy};
use afterword_model::record::{Seq, StoreEpoch};
use afterword_protocol::queue::BeginReason;
use rusqlite::Connection;

use crate::adopted::adopt;
use crate::carry::{self, Wish};
use crate::cases;
use crate::connection::{check_sqlite_version, doubt, open_writer};
use crate::error::{OpenError, StoreError};
use crate::former::{self, CarriedOver};
use crate::ledger::freeze_interrupted;
use crate::noted::Noted;
use crate::place::{Found, MISSING, Place};
use crate::reserve::Reserve;
use crate::salvage::{self, Salvaged};
use crate::schema::{self, MIGRATIONS};
use crate::state::State;
use crate::verify::counts_agree;

/// The first schema whose programs salvage. What an older one set aside is salvaged when its database is migrated.
const SALVAGING_SCHEMA: usize = 2;

/// The first schema whose programs know cases. One before may have salvaged steps all the same, as records it could not read.
const CASES_SCHEMA: usize = 7;

/// What a store is given.
#[derive(Clone)]
pub struct Options {
    /// Tells when a record was frozen, for people.
    pub clock: Arc<dyn Clock>,
    /// Draws the epoch of a new database.
    pub entropy: Arc<dyn Entropy>,
    /// Whether a response opens a case where the rule asks for one. What is open already stays so either way.
    pub opens_cases: bool,
}

/// What was found and done at the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// How often a database was opened in this directory, from 1; goes into every [`afterword_model::response::Stamp`].
    pub boot: u32,
    /// Which store this is.
    pub epoch: StoreEpoch,
    /// The response that was open when the program or the power stopped, now frozen as
    /// [`afterword_model::response::Outcome::Interrupted`].
    pub interrupted: Option<Seq>,
    /// Where a damaged database was moved to. This one then is new.
    pub set_aside: Option<PathBuf>,
    /// Epochs that were found to be over, and what of them was carried into this one.
    pub carried: Vec<CarriedOver>,
    /// Damaged databases whose records are not here yet, for lack of room; tried again at the next start.
    pub waiting: Vec<PathBuf>,
}

/// A database that is ready for its writer.
pub(crate) struct Ready {
    pub(crate) place: Place,
    pub(crate) connection: Connection,
    pub(crate) state: State,
    pub(crate) reserve: Reserve,
    /// A note that the database is behind of, where there was no room to begin a new epoch.
    pub(crate) overtaken: Option<Noted>,
    pub(crate) opened: Opened,
}

/// A database that collects again: open, marked as in use, what was left open or damaged seen to.
struct Started {
    connection: Connection,
    state: State,
    salvaged: Salvaged,
    overtaken: Option<Noted>,
}

pub(crate) fn open(mut place: Place, options: &Options) -> Result<Ready, OpenError> {
    check_sqlite_version()?;
    let mut reserve = Reserve::find(place.directory());
    let opened = match open_found(&mut place, options) {
        Err(error) if error.is_lack_of_room() && reserve.release() => open_found(&mut place, options),
        opened => opened,
    };
    let opened = opened.inspect_err(|error| {
        if matches!(error, OpenError::Store(StoreError::Io { .. })) {
            doubt(place.database());
        }
    });
    let (Started { connection, state, salvaged, overtaken }, set_aside) = opened?;
    let path = place.database().to_owned();
    let waiting = salvage::waiting(&connection).map_err(|error| StoreError::of(&path, &error))?;
    place.mark().map_err(|reason| OpenError::File { path, doing: "marked", reason })?;
    if overtaken.is_none() {
        place.note(Noted::of(&state));
    }
    reserve.keep();
    let opened = Opened {
        boot: state.boot,
        epoch: state.epoch,
        interrupted: salvaged.interrupted,
        set_aside,
        carried: salvaged.carried,
        waiting: waiting.into_iter().map(|name| place.directory().join(name)).collect(),
    };
    Ok(Ready { place, connection, state, reserve, overtaken, opened })
}

fn open_found(place: &mut Place, options: &Options) -> Result<(Started, Option<PathBuf>), OpenError> {
    let path = place.database().to_owned();
    match place.look()? {
        Found::Foreign => Err(OpenError::ForeignDatabase(path)),
        Found::Ours => match start(place, options) {
            Err(OpenError::Store(error)) if error.is_damage_at_start() => {
                tracing::error!(%error, "the database is set aside and a new one begun");
                begin(place, options)
            }
            started => Ok((started?, None)),
        },
        Found::Ruined => {
            tracing::error!(path = %path.display(), "the database's header is damaged; it is set aside and a new one begun");
            begin(place, options)
        }
        Found::Nothing => begin(place, options),
    }
}

/// Begins a new database. What stands in its place is moved away first; also a log alone, which SQLite would
/// otherwise play into the new database. The new one knows from its first moment what it has yet to salvage, so a power
/// cut on the way to that loses nothing.
fn begin(place: &mut Place, options: &Options) -> Result<(Started, Option<PathBuf>), OpenError> {
    place.set_aside()?;
    let aside = place.asides().pop().map(|(_, name)| name);
    let noted = place.noted().map(|noted| noted.to_string());
    let aside_ms = options.clock.wall_ms();
    let draft = place.draft()?;
    let epoch = StoreEpoch::new(options.entropy.bytes());
    let made =
        Connection::open(&draft).map_err(rusqlite_migration::Error::from).and_then(|mut connection| {
            schema::create(&mut connection, &epoch)?;
            if let Some(name) = &aside {
                salvage::wait_for(&connection, name, noted.as_deref(), aside_ms)?;
            }
            // Should the note be about none of the files, what it tells of is gone, and has to be named.
            if noted.is_some() {
                salvage::wait_for(&connection, MISSING, noted.as_deref(), aside_ms)?;
            }
            connection.close().map_err(|(_, error)| error.into())
        });
    made.map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => StoreError::of(&draft, &err),
        other => StoreError::Unexpected { path: draft.clone(), detail: other.to_string() },
    })?;
    place.put(&draft)?;
    let set_aside = aside.map(|name| place.directory().join(name));
    Ok((start(place, options)?, set_aside))
}

fn start(place: &Place, options: &Options) -> Result<Started, OpenError> {
    let path = place.database();
    let of = |error: rusqlite::Error| StoreError::of(path, &error);
    let now_ms = options.clock.wall_ms();
    let mut connection = open_writer(path)?;
    let asides: Vec<String> = place.asides().into_iter().map(|(_, name)| name).collect();
    schema::migrate(&mut connection, path, MIGRATIONS, move |transaction, from| {
        if from < CASES_SCHEMA {
            cases::adopt(transaction)?;
        }
        if from < SALVAGING_SCHEMA {
            asides.iter().try_for_each(|name| salvage::wait_for(transaction, name, None, now_ms))?;
        }
        Ok(())
    })?;
    schema::check(&connection, path, MIGRATIONS)?;
    let mut state = State::read(&connection, path)?.noted(place.noted());
    state.opens_cases = options.opens_cases;
    if !state.clean {
        quick_check(&connection, path)?;
    }
    adopt(&mut connection).map_err(of)?;
    // At 2^32 openings the number stays; telling those apart would matter to nobody.
    state.boot = state.boot.saturating_add(1);
    state.clean = false;
    connection.execute("UPDATE store SET boot = ?1, clean = 0", [state.boot]).map_err(of)?;
    let newest = state.newest;
    let mut salvaged = Salvaged::default();
    if let Some(noted) = place.noted()
        && breaks_off(&connection, &state, &noted).map_err(of)?
    {
        // A disk that takes back may leave pages of two moments, of which only counting tells.
        if !counts_agree(&connection, &state).map_err(of)? {
            let detail = "the counts are of other answers than the records are".to_owned();
            return Err(StoreError::Corrupt { path: path.to_owned(), detail }.into());
        }
        let epoch = StoreEpoch::new(options.entropy.bytes());
        let wish = Wish { epoch, reason: BeginReason::Forked, noted: Some(noted) };
        let Some(carried) = unless_full(carry::begin_anew(&mut connection, path, &mut state, &wish, now_ms))?
        else {
            // Nothing is given a number until there is room.
            return Ok(Started { connection, state, salvaged, overtaken: Some(noted) });
        };
        salvaged.carried.push(carried);
    }
    salvaged.interrupted = freeze_interrupted(&mut connection, path, &mut state, newest, now_ms)?;
    unless_full(salvage::carry_waiting(&mut connection, path, &mut state, now_ms, &mut salvaged))?;
    Ok(Started { connection, state, salvaged, overtaken: None })
}

/// Whether the database is behind what was noted of it, or is not the one that was noted.
fn breaks_off(connection: &Connection, state: &State, noted: &Noted) -> rusqlite::Result<bool> {
    if noted.epoch != state.epoch {
        return Ok(!former::is_former(connection, &noted.epoch)?
            && !salvage::waiting_notes(connection)?.contains(noted));
    }
    Ok(noted.last_seq > state.last_seq || (noted.last_seq == state.last_seq && noted.head != state.head))
}

/// Lack of room puts off what can be put off: the kiosk collects without it.
fn unless_full<T>(result: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match result {
        Err(error @ StoreError::Full(_)) => {
            tracing::error!(%error, "records of a former epoch are carried over when there is room");
            Ok(None)
        }
        result => result.map(Some),
    }
}

/// After a crash the file is read through once: what is damaged is better found now than by a shopper.
fn quick_check(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let found: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|error| StoreError::of(path, &error))?;
    if found == "ok" { Ok(()) } else { Err(StoreError::Corrupt { path: path.to_owned(), detail: found }) }
}
