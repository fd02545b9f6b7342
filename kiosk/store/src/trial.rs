//! Settings that the kiosk's program falls over: how that is noticed, and what it goes back to.
//!
//! What a check finds sound may still end the program, and one that falls over its settings at each start hears nothing any more that
//! would help it. So settings are on trial from when they are kept until a start has gone by them for [`TRIAL_MS`]. Each start
//! on trial is counted before anything reads them. It is taken back when the program ends in order, as when the system is shut
//! down, or a command has opened the store for an answer; what remains are starts that ended by a crash, by a watchdog, or with the
//! power. After [`TRIAL_STARTS_MAX`] of those, with none between them that lived long enough, the next start gives the settings up: it
//! goes by the last ones that passed, or by the device's own file where none have, and what was given up is not kept again.
//!
//! Having gone by settings since they came, without a start, is no proof: they may be what only a start falls over. They are then on
//! trial for weeks, which costs nothing.
//!
//! A power cut looks like a crash. Three of them, each within the first minute of a start, before any start has lived for one, take settings for guilty
//! that are not. Fewer would make a plug that somebody tries twice a verdict; more would leave a shop without its kiosk for longer, and
//! a supervisor gives up after five (systemd's `StartLimitBurst`). Whoever finds a kiosk that keeps falling over and pulls its plug helps it.
//! A program of another version may fall over something else, so each tries what the one before gave up, and what it passed.
//!
//! Invariants: each change is one transaction with what it depends on; at every moment what is kept is whole, and is either what came last or
//! what passed last. A salvage brings none of this along: the kiosk then goes by its own file, and is sent everything anew.

use afterword_protocol::settings::{NO_SETTINGS, SettingsVersion};
use rusqlite::types::FromSqlError;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

/// How long a start has to go by settings until they have passed, in milliseconds: the screen was drawn and every timer of a kiosk at rest has
/// come round once.
pub const TRIAL_MS: u64 = 60_000;

/// After so many starts that did not end well, settings are given up.
pub const TRIAL_STARTS_MAX: u32 = 3;

/// So many versions that were given up are remembered. Head office makes a handful in a year.
const REFUSED_KEPT: i64 = 64;

/// Whose verdict it is.
const PROGRAM: &str = env!("CARGO_PKG_VERSION");

/// What a start found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Begun {
    /// What is on trial with this start.
    pub(crate) on_trial: Option<SettingsVersion>,
    /// What was given up by it.
    pub(crate) given_up: Option<SettingsVersion>,
}

/// Counts a start, or gives the settings up that too many starts fell over.
pub(crate) fn begin(connection: &mut Connection) -> rusqlite::Result<Begun> {
    let Some(kept) = unproven(connection)? else { return Ok(Begun::default()) };
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let starts = transaction
        .query_row("SELECT starts FROM settings_trial WHERE version = ?1", [kept.as_bytes()], |row| {
            row.get::<_, u32>(0)
        })
        .optional()?
        .unwrap_or(0);
    let begun = if starts < TRIAL_STARTS_MAX {
        transaction.execute(
            "INSERT INTO settings_trial (id, version, starts) VALUES (1, ?1, ?2)
             ON CONFLICT (id) DO UPDATE SET version = excluded.version, starts = excluded.starts",
            params![kept.as_bytes(), starts + 1],
        )?;
        Begun { on_trial: Some(kept), given_up: None }
    } else {
        give_up(&transaction, kept)?;
        Begun { on_trial: None, given_up: Some(kept) }
    };
    transaction.commit()?;
    Ok(begun)
}

/// The start that counted these has gone by them for long enough, or has at least lived; `goes_by` says what the kiosk goes by.
pub(crate) fn outlived(
    connection: &mut Connection,
    on_trial: SettingsVersion,
    goes_by: SettingsVersion,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let has_passed = goes_by == on_trial && unproven(&transaction)? == Some(on_trial);
    if has_passed {
        transaction.execute(
            "INSERT INTO settings_good (id, version, json, program)
             SELECT id, version, json, ?1 FROM settings WHERE id = 1
             ON CONFLICT (id) DO UPDATE
             SET version = excluded.version, json = excluded.json, program = excluded.program",
            [PROGRAM],
        )?;
        transaction.execute("DELETE FROM settings_trial", [])?;
    } else {
        take_back(&transaction, on_trial)?;
    }
    transaction.commit()
}

/// The start that counted these ends in order, whatever comes next.
pub(crate) fn take_back(connection: &Connection, on_trial: SettingsVersion) -> rusqlite::Result<()> {
    connection
        .execute(
            "UPDATE settings_trial SET starts = starts - 1 WHERE version = ?1 AND starts > 0",
            [on_trial.as_bytes()],
        )
        .map(drop)
}

/// Other settings were kept. Where they decide nothing, the device's own file is what is gone back to from now on.
pub(crate) fn kept(transaction: &Transaction<'_>, version: SettingsVersion) -> rusqlite::Result<()> {
    if version == NO_SETTINGS {
        transaction.execute("DELETE FROM settings_good", [])?;
    }
    Ok(())
}

/// Whether this program has given these up.
pub(crate) fn is_given_up(connection: &Connection, version: SettingsVersion) -> rusqlite::Result<bool> {
    connection
        .prepare("SELECT 1 FROM settings_refused WHERE version = ?1 AND program = ?2")?
        .exists(params![version.as_bytes(), PROGRAM])
}

/// What is kept and has not passed yet, with this program.
fn unproven(connection: &Connection) -> rusqlite::Result<Option<SettingsVersion>> {
    let kept = connection
        .query_row(
            "SELECT settings.version FROM settings
             LEFT JOIN settings_good ON settings_good.version = settings.version AND settings_good.program = ?1
             WHERE settings_good.version IS NULL",
            [PROGRAM],
            |row| SettingsVersion::from_slice(row.get_ref(0)?.as_blob()?).map_err(|error| FromSqlError::other(error).into()),
        )
        .optional()?;
    Ok(kept.filter(|kept| *kept != NO_SETTINGS))
}

fn give_up(transaction: &Transaction<'_>, version: SettingsVersion) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO settings_refused (version, program) VALUES (?1, ?2)",
        params![version.as_bytes(), PROGRAM],
    )?;
    transaction.execute(
        "DELETE FROM settings_refused WHERE id <= (SELECT max(id) FROM settings_refused) - ?1",
        [REFUSED_KEPT],
    )?;
    transaction.execute("DELETE FROM settings_trial", [])?;
    transaction.execute("DELETE FROM settings", [])?;
    // They may have passed with another program.
    transaction.execute("DELETE FROM settings_good WHERE version = ?1", [version.as_bytes()])?;
    transaction
        .execute("INSERT INTO settings (id, version, json) SELECT id, version, json FROM settings_good", [])
        .map(drop)
}
