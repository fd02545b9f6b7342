//! Head office's numbers for the command line: they are counted up to what is held, and read.

use afterword_model::record::Seq;
use afterword_model::summary::Ask;

use super::{Admin, AdminError};
use crate::numbers::{FollowUps, Overview, Scope, StoreFigures, overview, store};
use crate::storage::numbers::{self, Waiting};

/// After so many parts, and twice as many each time, the database hears that what is counted has grown.
const GREW_AFTER: u64 = 8;

/// Stores of devices that are counted in one transaction.
const STORES_MAX: usize = 64;

impl Admin {
    /// Counts what has come and is not counted yet, a bounded part in each transaction, also while a server does. How many records were
    /// looked at here.
    ///
    /// # Errors
    /// The database; what was counted until then stays counted.
    pub fn count(&mut self) -> Result<Seq, AdminError> {
        let (mut records, mut waiting) = (0, Waiting::default());
        for part in 1_u64.. {
            let pending = waiting.next_part(&self.connection, STORES_MAX)?;
            if pending.is_empty() {
                break;
            }
            let transaction = self.connection.transaction()?;
            let counted = numbers::apply(&transaction, &pending)?;
            transaction.commit()?;
            records += counted.records;
            if part >= GREW_AFTER && part.is_power_of_two() {
                self.connection.own().counts_grew()?;
            }
        }
        Ok(records)
    }

    /// Forgets what is counted and counts everything again from the records. Until it has ended, numbers are of what was counted so far,
    /// and say how much waits.
    ///
    /// # Errors
    /// The database; asking again goes on from the beginning, and a server that runs goes on from where it stopped.
    pub fn recount(&mut self) -> Result<Seq, AdminError> {
        let transaction = self.transaction()?;
        numbers::forget(&transaction)?;
        transaction.commit()?;
        self.count()
    }

    /// The numbers of all stores, or of some.
    ///
    /// # Errors
    /// The database.
    pub fn overview(&self, scope: &Scope) -> Result<Overview, AdminError> {
        let follow_ups = FollowUps::reckon(&self.connection, self.clock.wall_ms())?;
        Ok(overview(&self.connection, scope, &follow_ups)?)
    }

    /// The numbers of one store; of one that nobody knows they are all nothing.
    ///
    /// # Errors
    /// The database.
    pub fn store_figures(&self, name: &str, ask: Ask) -> Result<StoreFigures, AdminError> {
        Ok(store(&self.connection, name, ask)?)
    }
}
