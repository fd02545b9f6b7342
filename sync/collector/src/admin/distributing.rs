//! Dividing a PostgreSQL database among the servers of a Citus cluster.

use super::{Admin, AdminError};
use crate::storage::sql::postgres::distribute;

/// Why nothing is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DistributeRefusal {
    /// A file.
    #[error(
        "a collector that keeps its data in a file has nothing to divide; this is for a PostgreSQL database, named by AFTERWORD_DATABASE_URL or --database-url"
    )]
    NoPostgres,
    /// No cluster.
    #[error(
        "this PostgreSQL database is no Citus coordinator's, and nothing was changed; run `create extension citus` in it and add the workers first, or do without: one server needs nothing of this (--print shows what would be run)"
    )]
    NoCitus,
}

impl Admin {
    /// What `distribute` would run, in its order; nothing where all was done.
    ///
    /// # Errors
    /// [`DistributeRefusal::NoPostgres`], or the database.
    pub fn distribution(&self) -> Result<Vec<String>, AdminError> {
        let database = self.connection.own().postgres().ok_or(DistributeRefusal::NoPostgres)?;
        Ok(distribute::statements(database)?)
    }

    /// Divides the tables, and gives what was run. Nobody may serve from the database meanwhile.
    ///
    /// # Errors
    /// [`DistributeRefusal`], or the database; what was run before stays, and another run goes on from there.
    pub fn distribute(&mut self) -> Result<Vec<String>, AdminError> {
        let database = self.connection.own().postgres().ok_or(DistributeRefusal::NoPostgres)?;
        if !distribute::is_cluster(database)? {
            return Err(DistributeRefusal::NoCitus.into());
        }
        let statements = distribute::statements(database)?;
        for statement in &statements {
            self.connection.batch(statement)?;
        }
        Ok(statements)
    }
}
