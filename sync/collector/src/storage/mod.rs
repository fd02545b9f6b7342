//! What the collector keeps, in one SQLite file or in a PostgreSQL database.
//!
//! Invariants: all taking in goes through [`writer::Writer`]; a record's row is written once
//! and never deleted; erasing takes its content alone, and retention the fields whose time is over; `stores.mark` and `stores.head` change in the transaction that inserts the
//! records they stand for. The command line writes at the same time from its own process, and so do other collectors of one database: what is held
//! of a device is changed under its lock.
//! On failure the whole transaction is rolled back and the caller is told; nothing is tried again blindly.

pub(crate) mod audit;
pub(crate) mod carried;
pub(crate) mod case_steps;
pub(crate) mod cases;
pub(crate) mod changes;
pub(crate) mod contacts;
pub(crate) mod database;
pub(crate) mod day_notes;
pub(crate) mod devices;
pub(crate) mod erase;
pub(crate) mod fleet;
pub(crate) mod follow_ups;
pub(crate) mod heartbeats;
pub(crate) mod held;
pub(crate) mod ingest;
mod log_mover;
pub(crate) mod numbers;
pub(crate) mod open;
pub(crate) mod outbox;
pub(crate) mod people;
pub(crate) mod places;
pub(crate) mod progress;
pub(crate) mod readers;
mod receipts;
pub(crate) mod responses;
mod rest;
pub(crate) mod retention;
pub(crate) mod rollouts;
mod room;
pub(crate) mod selection;
pub(crate) mod sessions;
pub(crate) mod settings;
pub(crate) mod silences;
pub(crate) mod sql;
pub(crate) mod subjects;
pub(crate) mod tokens;
pub(crate) mod told;
pub(crate) mod turns;
mod verify;
pub(crate) mod webhooks;
pub(crate) mod writer;

use afterword_model::record::Seq;

pub use audit::AuditReport;
pub use changes::ChangeRow;
pub use contacts::SealedContact;
pub(crate) use database::Database;
pub use database::{BadDatabaseUrl, DatabaseUrl};
pub use day_notes::DayNote;
pub use erase::Erasure;
pub use follow_ups::FollowUp;
pub use open::{CHECKPOINT_PAGES, OpenError};
pub(crate) use open::{
    MIGRATIONS_COUNT, POSTGRES_STEPS, Urls, open_copy, open_existing, read_server, receipt_key_or, write_urls,
};
pub use places::{Place, PlaceKind, Tree};
pub(crate) use rest::{Rest, settle};
pub use retention::{RetentionDays, RetentionField};
use sql::Connection;
pub(crate) use sql::postgres::CopiedTable;
pub use sql::{SqlError, SqlFault};
pub use subjects::{Subject, SubjectRow};
pub(crate) use verify::verify;
pub use verify::{Break, DoubledStore, StoreReport, VerifyReport};

/// The database did not do what it was asked; nothing of the request is stored.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// More is waiting than the writer's queue takes.
    #[error("the writer's queue is full")]
    QueueFull,
    /// The writer has ended, or gave up on this request.
    #[error("the writer gave no answer")]
    NoWriter,
    /// There is no connection to the database, and none could be opened.
    #[error("the database cannot be reached")]
    NoDatabase,
    /// The database refused.
    #[error("database: {0}")]
    Database(#[from] SqlError),
    /// The transaction could not be made durable.
    #[error("the transaction was not committed: {0}")]
    NotCommitted(SqlError),
    /// The database contradicts itself; `afterword-collector verify` says where.
    #[error("the database contradicts itself: {0}; run `afterword-collector verify`")]
    Inconsistent(String),
    /// A certificate could not be made.
    #[error("certificate: {0}")]
    Certificate(#[from] crate::pki::PkiError),
}

/// A sequence number as the database holds it.
pub(crate) fn seq_column(seq: Seq) -> i64 {
    i64::try_from(seq).expect("decoding a batch has checked that its numbers are at most SEQ_MAX")
}

/// A sequence number from the database; the tables only hold positive ones.
pub(crate) fn column_seq(column: i64) -> Seq {
    column.unsigned_abs()
}

/// Runs `work` so that either all it wrote stays, or nothing.
pub(crate) fn in_savepoint<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StorageError>,
) -> Result<T, StorageError> {
    connection.batch("savepoint job")?;
    let result = work(connection);
    connection.batch(if result.is_ok() { "release job" } else { "rollback to job; release job" })?;
    result
}
