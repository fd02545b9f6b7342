//! Opening a connection and setting it up.
//!
//! Of several servers each has a time of its own to let the connection in, after which the next is asked.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use super::Postgres;
use super::address::PostgresAddress;
use super::tls::Tls;
use super::wait::mover;
use crate::storage::sql::{Sql as _, SqlError, SqlFault, SqlResult};

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Answering devices, without changing anything.
    Reading,
    /// Answering devices.
    Serving,
    /// What an operator asks for, which may go through all there is.
    Command,
}

/// Work on everything there is takes no longer; a server that is silent for as long is silent for ever.
pub(super) const WORK_TIMEOUT: Duration = Duration::from_secs(3_600);

/// Waits for a lock as long as SQLite waits for the file, and no longer for a transaction of a program that hangs. A commit is
/// durable when it is said to be, whatever the database is set to.
const SETTINGS: &str = "
    set lock_timeout = '5s';
    set idle_in_transaction_session_timeout = '60s';
    set default_transaction_isolation = 'read committed';
    set client_min_messages = warning;
    select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'";

/// What the coordinator of a Citus cluster is told; any other server keeps the words and does nothing with them. Each server has one line of a
/// transaction, and so one moment that all reads there see: over several lines Citus also refuses to change what stands on every server after
/// what is divided was read. And a table that refers to such a one is left as it is until its turn comes to be divided: Citus would make it one
/// of its own, and cannot take back one whose rows it numbers.
pub(super) const CLUSTER_SETTINGS: &str = "set citus.multi_shard_modify_mode to 'sequential'; \
                                           set citus.enable_local_reference_table_foreign_keys to off";

/// Opens a connection.
pub(crate) fn connect(address: &PostgresAddress, purpose: Purpose) -> SqlResult<Postgres> {
    let tls = Tls::new(&address.trust)?;
    let mut refusals = Vec::new();
    for server in address.servers() {
        match open(&server, tls.clone(), address, purpose) {
            Ok(connection) => return Ok(connection),
            Err(error) => refusals.push((named(&server), error)),
        }
    }
    Err(match refusals.len() {
        1 => refusals.remove(0).1,
        _ => {
            let said: Vec<String> =
                refusals.iter().map(|(server, error)| format!("{server}: {error}")).collect();
            SqlError::new(SqlFault::Disconnected, said.join("; "))
        }
    })
}

fn open(server: &Config, tls: Tls, address: &PostgresAddress, purpose: Purpose) -> SqlResult<Postgres> {
    let answer_timeout = address.answer_timeout;
    let failed = |error: std::io::Error| SqlError::new(SqlFault::Other, error.to_string());
    let limit = server.get_connect_timeout().copied().unwrap_or(answer_timeout);
    let config = server.clone();
    let (sender, answer) = std::sync::mpsc::channel();
    let moving = mover().map_err(failed)?.spawn(async move {
        let connected = match timeout(limit, config.connect(tls)).await {
            Ok(connected) => connected.map_err(SqlError::from),
            Err(_) => Err(silent(limit)),
        };
        let moving = match connected {
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
    let connection = Postgres::new(client, moving.abort_handle(), limit);
    connection.batch(&[SETTINGS, CLUSTER_SETTINGS].join("; "))?;
    refuse_superseded(&connection, &address.newest_timeline)?;
    match purpose {
        Purpose::Command => connection.patience.set(WORK_TIMEOUT),
        Purpose::Reading | Purpose::Serving => {
            // The server gives up first, where it can: then the connection is still good.
            let there_ms = answer_timeout.as_millis() * 5 / 6;
            connection.batch(&format!("set statement_timeout = {there_ms}"))?;
            if purpose == Purpose::Reading {
                connection.batch("set default_transaction_read_only = on")?;
            }
            connection.patience.set(answer_timeout);
        }
    }
    Ok(connection)
}

/// A server that was thought dead and comes back takes what is written, and the one that was promoted in its place never hears of it. Each
/// promotion begins a timeline with a higher number.
fn refuse_superseded(connection: &Postgres, newest: &AtomicI64) -> SqlResult<()> {
    let query = "select ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint";
    let timeline: i64 = match connection.wait(connection.client.query_typed(query, &[])) {
        Ok(rows) => rows.first().map_or(0, |row| row.get(0)),
        Err(error) if connection.is_broken() => return Err(error),
        // A service that keeps its log to itself, and looks after its copies itself.
        Err(_) => return Ok(()),
    };
    let before = newest.fetch_max(timeline, Ordering::Relaxed);
    if timeline >= before {
        return Ok(());
    }
    Err(SqlError::other(format!(
        "it goes on where a copy was promoted in its place (timeline {timeline}, and {before} was met since): make it a copy of that one, with pg_rewind or pg_basebackup, before it is started"
    )))
}

/// That a server took the connection, or a statement, and says nothing.
pub(super) fn silent(limit: Duration) -> SqlError {
    let said = format!("the server did not answer within {} s", limit.as_secs());
    SqlError::new(SqlFault::Disconnected, said)
}

fn named(server: &Config) -> String {
    let host = match server.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        Some(Host::Unix(folder)) => folder.display().to_string(),
        None => String::new(),
    };
    server.get_ports().first().map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
}
