//! Opening a connection and setting it up.

use tokio_postgres::Config;

use super::address::PostgresAddress;
use super::tls::Tls;
use super::wait::mover;
use super::{Postgres, wait};
use crate::storage::sql::{SqlError, SqlFault, SqlResult};

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Reading,
    Writing,
}

/// Waits for a lock as long as SQLite waits for the file, and no longer for a transaction of a program that hangs. A commit is
/// durable when it is said to be, whatever the database is set to.
const SETTINGS: &str = "
    set lock_timeout = '5s';
    set idle_in_transaction_session_timeout = '60s';
    set default_transaction_isolation = 'read committed';
    set client_min_messages = warning;
    select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'";

/// Opens a connection.
pub(crate) fn connect(address: &PostgresAddress, purpose: Purpose) -> SqlResult<Postgres> {
    let failed = |error: std::io::Error| SqlError::new(SqlFault::Other, error.to_string());
    let tls = Tls::new(&address.trust)?;
    let config: Config = address.config.clone();
    let (sender, answer) = std::sync::mpsc::channel();
    mover().map_err(failed)?.spawn(async move {
        let moving = match config.connect(tls).await {
            Ok((client, moving)) => {
                let _ = sender.send(Ok(client));
                moving
            }
            Err(error) => {
                let _ = sender.send(Err(error));
                return;
            }
        };
        // Whoever waits for an answer is told as well.
        if let Err(error) = moving.await {
            tracing::warn!(error = %SqlError::from(error), "the connection to the database broke");
        }
    });
    let client =
        answer.recv().map_err(|_| SqlError::new(SqlFault::Disconnected, "the connection was not made"))??;
    wait(client.batch_execute(SETTINGS))?;
    if purpose == Purpose::Reading {
        wait(client.batch_execute("set default_transaction_read_only = on"))?;
    }
    Ok(Postgres::new(client))
}
