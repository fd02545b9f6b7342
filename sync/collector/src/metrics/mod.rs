//! What a collector counts and measures about itself, for Prometheus.
//!
//! | module | what it is |
//! |---|---|
//! | `database` | connections, commits and refusals of the database, counted where they happen |
//! | `reading` | what is read for a scrape: kiosks by how they are, what is held, what is not counted yet |
//! | `process` | memory, processor and files of this process, and when certificates end |
//!
//! Invariants: no label says which device, store, person or address it was, so that there are never more series than this program has
//! words for; a scrape reads the database once in a few seconds at most, and answers without it when it is away.

pub(crate) mod database;
mod process;
mod reading;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use self::database::DatabaseMeters;
pub(crate) use self::process::Certificates;
use self::process::Process;
pub(crate) use self::reading::Reading;
use self::reading::Readings;

/// From a page out of memory to a request that waited for a place.
const SECONDS: [f64; 12] = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// How long a token that was good is believed while the database cannot be asked: the numbers are wanted just then.
const REMEMBERED_MS: u64 = 60 * 60 * 1_000;

type Seconds = fn() -> Histogram;

/// How requests of one kind ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    request: &'static str,
    /// `ok`, or the reason of the refusal.
    outcome: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    request: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Came {
    came: &'static str,
}

/// A page, or an address for programs, by the pattern that it is found under.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

/// All of it.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Ended, Counter>,
    request_seconds: Family<Kind, Histogram, Seconds>,
    bytes: Family<Kind, Counter>,
    records: Family<Came, Counter>,
    answers: Family<Answered, Counter>,
    answer_seconds: Family<Route, Histogram, Seconds>,
    readings: Arc<Readings>,
    /// Tokens that were good, each until when (monotonic milliseconds) that is believed without asking.
    remembered: Mutex<BTreeMap<[u8; 32], u64>>,
}

impl Metrics {
    /// None of anything yet.
    pub(crate) fn new(database: &DatabaseMeters, certificates: Certificates) -> Self {
        let mut whole = Registry::default();
        whole.register_collector(Box::new(Process));
        let registry = whole.sub_registry_with_prefix("afterword");
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "Which version this is", build);
        let requests = Family::default();
        let help = "Requests of devices by how they ended; for batches, ok is a receipt";
        registry.register("device_requests", help, requests.clone());
        let request_seconds = Family::new_with_constructor(seconds as Seconds);
        let help = "From a device's request to its answer, with the way of its body";
        registry.register("device_request_seconds", help, request_seconds.clone());
        let bytes = Family::default();
        registry.register("device_request_bytes", "Bytes of bodies, as they came", bytes.clone());
        let records = Family::default();
        let help = "Records in batches that got a receipt; again is what was held already";
        registry.register("records_received", help, records.clone());
        let answers = Family::default();
        registry.register("http_requests", "Requests of people and of programs", answers.clone());
        let answer_seconds = Family::new_with_constructor(seconds as Seconds);
        let help = "From a request of a person or a program to the head of its answer";
        registry.register("http_request_seconds", help, answer_seconds.clone());
        database.register(registry);
        registry.register_collector(Box::new(certificates));
        let readings = Arc::new(Readings::default());
        registry.register_collector(Box::new(Arc::clone(&readings)));
        let remembered = Mutex::default();
        Self {
            registry: whole,
            requests,
            request_seconds,
            bytes,
            records,
            answers,
            answer_seconds,
            readings,
            remembered,
        }
    }

    /// A device's request was answered; `refused` is the reason where it was not done.
    pub(crate) fn device_request(&self, request: &'static str, refused: Option<String>, took: Duration) {
        let outcome = refused.unwrap_or_else(|| "ok".to_owned());
        self.requests.get_or_create(&Ended { request, outcome }).inc();
        self.request_seconds.get_or_create(&Kind { request }).observe(took.as_secs_f64());
    }

    /// So many bytes came as a device's request.
    pub(crate) fn device_bytes(&self, request: &'static str, bytes: usize) {
        self.bytes.get_or_create(&Kind { request }).inc_by(bytes as u64);
    }

    /// So many records got a receipt.
    pub(crate) fn records(&self, count: u64, are_new: bool) {
        let came = if are_new { "new" } else { "again" };
        self.records.get_or_create(&Came { came }).inc_by(count);
    }

    /// A request of a person or a program was answered.
    pub(crate) fn answered(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        let route = route.to_owned();
        self.answer_seconds.get_or_create(&Route { route: route.clone() }).observe(took.as_secs_f64());
        self.answers.get_or_create(&Answered { method, route, status }).inc();
    }

    /// Whether what was read last is old enough to be read again, at this monotonic moment in milliseconds.
    pub(crate) fn wants_reading(&self, now_ms: u64) -> bool {
        self.readings.is_old(now_ms)
    }

    /// What was read, or that nothing could be.
    pub(crate) fn read(&self, reading: Option<Reading>, now_ms: u64) {
        self.readings.put(reading, now_ms);
    }

    /// This token may read the numbers.
    pub(crate) fn remember(&self, digest: [u8; 32], now_ms: u64) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.insert(digest, now_ms + REMEMBERED_MS);
    }

    /// This one may not, or no longer.
    pub(crate) fn forget(&self, digest: &[u8; 32]) {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner).remove(digest);
    }

    /// Whether this token was good not long ago.
    pub(crate) fn remembers(&self, digest: &[u8; 32], now_ms: u64) -> bool {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.get(digest).is_some_and(|until_ms| now_ms < *until_ms)
    }

    /// All numbers in the text format of OpenMetrics 1.0. Reads files of `/proc` and of certificates.
    pub(crate) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}
