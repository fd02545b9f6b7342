//! Opening a store: from a directory in any condition to one that collects.
//!
//! A start is refused only where going on would spoil something: another owner, a stranger's file, a schema
//! of the future, a disk that cannot be written. Damage is no reason: the damaged file is set aside and a new
//! database with a new epoch begins.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use afterword_model::ports::{Clock, Entropy};
use afterword_model::record::{Seq, StoreEpoch};
use rusqlite::Connection;

use crate::connection::{check_sqlite_version, open_writer};
use crate::error::{OpenError, StoreError};
use crate::ledger::freeze_interrupted;
use crate::place::{Found, Place};
use crate::schema::{self, MIGRATIONS};
use crate::state::State;

/// What a store is given.
#[derive(Clone)]
pub struct Options {
    /// Tells when a record was frozen, for people.
    pub clock: Arc<dyn Clock>,
    /// Draws the epoch of a new database.
    pub entropy: Arc<dyn Entropy>,
}

/// What was found and done at the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// How often this database has been opened, from 1; goes into every [`afterword_model::response::Stamp`].
    pub boot: u32,
    /// Which store this is.
    pub epoch: StoreEpoch,
    /// The response that was open when the program or the power stopped, now frozen as
    /// [`afterword_model::response::Outcome::Interrupted`].
    pub interrupted: Option<Seq>,
    /// Where a damaged database was moved to. This one then is new.
    pub set_aside: Option<PathBuf>,
}

/// A database that is ready for its writer.
pub(crate) struct Ready {
    pub(crate) place: Place,
    pub(crate) connection: Connection,
    pub(crate) state: State,
    pub(crate) opened: Opened,
}

/// A database that collects again: open, marked as in use, its interrupted response frozen.
struct Started {
    connection: Connection,
    state: State,
    interrupted: Option<Seq>,
}

pub(crate) fn open(mut place: Place, options: &Options) -> Result<Ready, OpenError> {
    check_sqlite_version()?;
    let path = place.database().to_owned();
    let (started, set_aside) = match place.look()? {
        Found::Foreign => return Err(OpenError::ForeignDatabase(path)),
        Found::Ours => match start(&path, options) {
            Err(OpenError::Store(error)) if error.is_corruption() => {
                tracing::error!(%error, "the database is set aside and a new one begun");
                begin(&mut place, options)?
            }
            started => (started?, None),
        },
        Found::Ruined => {
            tracing::error!(path = %path.display(), "the database's header is gone; it is set aside and a new one begun");
            begin(&mut place, options)?
        }
        Found::Nothing => begin(&mut place, options)?,
    };
    place.mark().map_err(|source| OpenError::File { path, doing: "marked", source })?;
    let Started { connection, state, interrupted } = started;
    let opened = Opened { boot: state.boot, epoch: state.epoch, interrupted, set_aside };
    Ok(Ready { place, connection, state, opened })
}

/// Begins a new database. What stands in its place is moved away first; also a log alone, which SQLite would
/// otherwise play into the new database.
fn begin(place: &mut Place, options: &Options) -> Result<(Started, Option<PathBuf>), OpenError> {
    let set_aside = place.set_aside()?;
    let draft = place.draft()?;
    let epoch = StoreEpoch::new(options.entropy.bytes());
    let made =
        Connection::open(&draft).map_err(rusqlite_migration::Error::from).and_then(|mut connection| {
            schema::create(&mut connection, &epoch)?;
            connection.close().map_err(|(_, error)| error.into())
        });
    made.map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => StoreError::of(&draft, &err),
        other => StoreError::Unexpected { path: draft.clone(), detail: other.to_string() },
    })?;
    place.put(&draft)?;
    Ok((start(place.database(), options)?, set_aside))
}

fn start(path: &Path, options: &Options) -> Result<Started, OpenError> {
    let mut connection = open_writer(path)?;
    schema::migrate(&mut connection, path, MIGRATIONS)?;
    let mut state = State::read(&connection, path)?;
    if !state.clean {
        quick_check(&connection, path)?;
    }
    // At 2^32 openings the number stays; telling those apart would matter to nobody.
    state.boot = state.boot.saturating_add(1);
    state.clean = false;
    connection
        .execute("UPDATE store SET boot = ?1, clean = 0", [state.boot])
        .map_err(|error| StoreError::of(path, &error))?;
    let interrupted = freeze_interrupted(&mut connection, path, &mut state, options.clock.wall_ms())?;
    Ok(Started { connection, state, interrupted })
}

/// After a crash the file is read through once: what is damaged is better found now than by a shopper.
fn quick_check(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let found: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|error| StoreError::of(path, &error))?;
    if found == "ok" { Ok(()) } else { Err(StoreError::Corrupt { path: path.to_owned(), detail: found }) }
}
