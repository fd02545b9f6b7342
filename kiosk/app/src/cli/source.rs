//! Where a command gets what the database holds.
//!
//! The database has one owner. While the kiosk runs, it is asked over its socket; otherwise the database is opened here for as
//! long as the answer takes.

use std::sync::Arc;

use afterword_kiosk_store::{OpenError, Options, Store};
use afterword_protocol::system::{SystemClock, SystemEntropy};
use anyhow::{Result, bail};

use super::Places;
use crate::ask::RunningKiosk;
use crate::config::Config;

/// What `own` reads in the database, or what `running` is answered by the kiosk that has it.
///
/// # Errors
/// When neither can be had, and where the database was damaged: what is read then would be a part that looks like the whole.
pub(super) fn read<T>(
    places: &Places,
    config: &Config,
    own: impl FnOnce(&Store) -> Result<T>,
    running: impl FnOnce(&mut RunningKiosk) -> Result<T>,
) -> Result<T> {
    let data = places.data(Some(config));
    if !data.join("kiosk.db").exists() {
        bail!(
            "there is no database in {}; name the kiosk's data folder with --data, or start the kiosk once",
            data.display()
        );
    }
    let options = Options {
        clock: Arc::new(SystemClock::start()),
        entropy: Arc::new(SystemEntropy),
        opens_cases: config.follow_ups.open,
    };
    match Store::open(&data, options) {
        Ok((store, opened)) => {
            if let Some(path) = opened.set_aside {
                bail!(
                    "the database was damaged and is set aside as {}; keep that file, what is whole in it was carried over: ask again",
                    path.display()
                );
            }
            let found = own(&store);
            // In either case: an opening that ends without a word counts against settings on trial.
            store.close()?;
            found
        }
        Err(OpenError::InUse { .. }) => running(&mut RunningKiosk::connect(&places.socket(Some(config)))?),
        Err(error) => Err(error.into()),
    }
}
