//! Every bound of the collector, each with its reason. The wire's own limits are in `afterword_protocol::limits`.
//!
//! [`Limits`] holds those a test or an unusual network may have to change; their defaults are the constants here.

use std::time::Duration;

/// From accept to the end of the TLS handshake. Two round trips, which a satellite link makes in two seconds.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// From a request's first byte to the end of its header, which is under 1 KiB and fits in one packet.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// From a request's header to the end of its body: 264 KiB at 70 kbit/s, the slowest mobile link worth waiting for.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// From a request's header to its answer: the body, and a commit behind a full queue on a slow disk.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a connection may stay silent between requests. An agent waits 30 s for its next record, and
/// keeping the connection over one such wait saves it a handshake.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(75);

/// How long an end in order may take: a commit and an answer under way, and no longer than systemd's patience.
pub const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// Open device connections. Debian gives a process 1,024 open files; the database, the other port and the log
/// need some of them. Whoever comes beyond that waits in the kernel's queue.
pub const DEVICE_CONNECTIONS_MAX: usize = 900;

/// Connections that wait in the kernel's queue for a place: what Linux allows at most (`somaxconn`). When it overflows,
/// the kernel forgets a connection that its client takes for open, and finds it again only seconds later.
pub const LISTEN_BACKLOG: u32 = 4_096;

/// Open enrolment connections. Enrolment is rare, open to strangers, and must not use up the files.
pub const ENROL_CONNECTIONS_MAX: usize = 40;

/// When fewer than one in so many connections is free, the port is crowded: then thousands of devices that come back
/// at once take turns, as the next two limits say, instead of holding their places for the idle time.
pub const CROWDED_SHARE: usize = 4;

/// As [`IDLE_TIMEOUT`], while the port is crowded. A device that has more to send does so within milliseconds.
pub const CROWDED_IDLE_TIMEOUT: Duration = Duration::from_millis(500);

/// Bytes that a connection may bring before it gives its place up, while the port is crowded: a hundred full batches
/// of ratings. A device with a long backlog has its turn; one that delivers a record now and then keeps its place.
pub const CROWDED_TURN_BYTES_MAX: u64 = 1024 * 1024;

/// Bytes of a request's header. Ours are under 1 KiB; 8 KiB is what servers commonly take, for proxies' additions.
pub const HEADER_BYTES_MAX: usize = 8 * 1024;

/// Header fields of one request. Ours have six.
pub const HEADER_FIELDS_MAX: usize = 32;

/// Bytes of a body beyond its limit that are read and thrown away before 413 is answered: a client that is
/// still sending when the connection closes would lose the answer.
pub const OVERSIZE_DRAINED_MAX: usize = 1024 * 1024;

/// Batches that are decoded, queued or being committed at once. At most 264 KiB and their decoded form each,
/// so some 40 MiB; beyond it a device is told to come back.
pub const BATCHES_IN_FLIGHT_MAX: usize = 64;

/// Jobs that wait for the writer: every batch in flight, and as many enrolments as there are connections.
pub const WRITER_QUEUE_MAX: usize = BATCHES_IN_FLIGHT_MAX + ENROL_CONNECTIONS_MAX;

/// Batches in one transaction. One fsync for 32 of them already costs each next to nothing, and a transaction
/// stays below some 8 MiB.
pub const GROUP_MAX: usize = 32;

/// While fewer batches than this are inside for each core, handshakes do not wait for them: one that is worked on and one
/// that waits for the disk. Measured with fifty thousand devices: more make the next one wait and store no more a second.
pub const INSIDE_CALM_PER_CORE: usize = 2;

/// How long a step of a handshake waits for the inside to become calm. A hundred devices a second still come in under
/// the heaviest load, and nine hundred are through the door within [`HANDSHAKE_TIMEOUT`].
pub const DOOR_WAIT_MAX: Duration = Duration::from_millis(5);

/// How long a batch that has come waits for one of these places before its device is told to come back: a full queue
/// empties in about a second, and a device that is sent away costs another request, or a handshake.
pub const PLACE_TIMEOUT: Duration = Duration::from_secs(2);

/// Seconds in `Retry-After` when too much is in flight: a full queue empties in about one.
pub const BUSY_RETRY_AFTER_S: u64 = 2;

/// How long a statement waits for another process (the command line) that holds the database.
pub const DATABASE_BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Pages after which SQLite moves its log into the database: 16 MiB of 4 KiB pages, so that a page which many
/// batches touch is written back once for all of them.
pub const CHECKPOINT_PAGES: u32 = 4_000;

/// Bytes the write-ahead log is cut back to after a checkpoint, so that one bad day doesn't keep its disk space.
pub const LOG_BYTES_KEPT: u32 = 64 * 1024 * 1024;

/// Idle read connections that are kept; more than processor cores can't read at once.
pub const READERS_KEPT_MAX: usize = 8;

/// Contradicting records kept of one store: four batches show what happened, and a broken device that
/// contradicts itself for ever takes at most 128 MiB.
pub const QUARANTINE_RECORDS_MAX: i64 = 2_000;

/// How long an enrolment code is good, in milliseconds: a working day, and the next morning.
pub const CODE_LIFE_MS: i64 = 24 * 60 * 60 * 1_000;

/// Characters of a device's name: one line of a list.
pub const DEVICE_NAME_CHARS_MAX: usize = 64;

/// Failed enrolments of one address within [`ENROL_FAILURE_WINDOW_MS`]: a person who mistypes a few times.
pub const ENROL_FAILURES_PER_ADDRESS: u32 = 10;

/// Failed enrolments of all addresses within [`ENROL_FAILURE_WINDOW_MS`]: 60 bits of code stay out of reach
/// by ten orders of magnitude, and a chain that opens fifty shops on one day isn't stopped.
pub const ENROL_FAILURES_TOTAL: u32 = 300;

/// The time over which failed enrolments are counted, in milliseconds.
pub const ENROL_FAILURE_WINDOW_MS: u64 = 60_000;

/// Addresses whose failures are remembered, 32 bytes each. When it is full, the total alone protects.
pub const ENROL_ADDRESSES_MAX: usize = 4_096;

/// The limits that can be set for one collector; [`Limits::default`] is the constants of this module.
#[derive(Debug, Clone)]
pub struct Limits {
    /// [`HANDSHAKE_TIMEOUT`].
    pub handshake: Duration,
    /// [`HEADER_TIMEOUT`].
    pub header: Duration,
    /// [`BODY_TIMEOUT`].
    pub body: Duration,
    /// [`REQUEST_TIMEOUT`].
    pub request: Duration,
    /// [`IDLE_TIMEOUT`].
    pub idle: Duration,
    /// [`SHUTDOWN_TIMEOUT`].
    pub shutdown: Duration,
    /// [`DEVICE_CONNECTIONS_MAX`].
    pub device_connections: usize,
    /// [`ENROL_CONNECTIONS_MAX`].
    pub enrol_connections: usize,
    /// [`BATCHES_IN_FLIGHT_MAX`]; never more than that.
    pub batches_in_flight: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake: HANDSHAKE_TIMEOUT,
            header: HEADER_TIMEOUT,
            body: BODY_TIMEOUT,
            request: REQUEST_TIMEOUT,
            idle: IDLE_TIMEOUT,
            shutdown: SHUTDOWN_TIMEOUT,
            device_connections: DEVICE_CONNECTIONS_MAX,
            enrol_connections: ENROL_CONNECTIONS_MAX,
            batches_in_flight: BATCHES_IN_FLIGHT_MAX,
        }
    }
}
