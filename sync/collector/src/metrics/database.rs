//! What the database does, counted where it does it.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::storage::{MIGRATIONS_COUNT, SqlFault};

/// From a commit in memory to a disk that is overloaded.
const COMMIT_SECONDS: [f64; 10] = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5, 2.0, 10.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refused {
    work: &'static str,
    fault: &'static str,
}

/// Handles on the same numbers, one for each who works with the database. Counted without anybody who reads them, too.
#[derive(Debug, Clone)]
pub(crate) struct DatabaseMeters {
    /// From a transaction's first statement to its being durable.
    transaction_seconds: Histogram,
    /// Pieces of work in them.
    jobs: Counter,
    failures: Family<Refused, Counter>,
    reading: Gauge,
    idle: Gauge,
}

impl Default for DatabaseMeters {
    fn default() -> Self {
        Self {
            transaction_seconds: Histogram::new(COMMIT_SECONDS),
            jobs: Counter::default(),
            failures: Family::default(),
            reading: Gauge::default(),
            idle: Gauge::default(),
        }
    }
}

impl DatabaseMeters {
    /// Makes them known to whoever reads them.
    pub(super) fn register(&self, registry: &mut Registry) {
        let help = "From the beginning of a writing transaction to its being durable";
        registry.register("database_transaction_seconds", help, self.transaction_seconds.clone());
        let help = "Pieces of work in those transactions; several share one when many come at once";
        registry.register("database_transaction_jobs", help, self.jobs.clone());
        let help = "Work that the database refused: busy is a lock or an answer that did not come in time";
        registry.register("database_failures", help, self.failures.clone());
        let help = "Connections on which somebody is reading";
        registry.register("database_connections_reading", help, self.reading.clone());
        let help = "Connections for reading that wait to be used";
        registry.register("database_connections_idle", help, self.idle.clone());
        let migrations = Gauge::<i64>::default();
        migrations.set(i64::try_from(MIGRATIONS_COUNT).unwrap_or(i64::MAX));
        registry.register("database_migrations", "Steps that the tables have been through", migrations);
    }

    /// A transaction with so many pieces of work became durable.
    pub(crate) fn durable(&self, jobs: usize, took: Duration) {
        self.transaction_seconds.observe(took.as_secs_f64());
        self.jobs.inc_by(jobs as u64);
    }

    /// A transaction was refused.
    pub(crate) fn write_failed(&self, fault: SqlFault) {
        self.failed("write", fault);
    }

    /// A query was refused.
    pub(crate) fn read_failed(&self, fault: SqlFault) {
        self.failed("read", fault);
    }

    /// Somebody reads, until it is dropped.
    pub(crate) fn reads(&self) -> Reads<'_> {
        self.reading.inc();
        Reads(&self.reading)
    }

    /// So many connections wait to be used.
    pub(crate) fn idle(&self, count: usize) {
        self.idle.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    fn failed(&self, work: &'static str, fault: SqlFault) {
        let fault = match fault {
            SqlFault::Busy => "busy",
            SqlFault::Constraint => "constraint",
            SqlFault::Full => "full",
            SqlFault::Disconnected => "disconnected",
            SqlFault::Damaged => "damaged",
            SqlFault::Other => "other",
        };
        self.failures.get_or_create(&Refused { work, fault }).inc();
    }
}

/// One who reads.
pub(crate) struct Reads<'m>(&'m Gauge);

impl Drop for Reads<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}
