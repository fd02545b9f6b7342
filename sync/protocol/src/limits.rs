//! Every limit in one place, each with its reason: of the wire, of the device's socket, of the agent, of the collector.
//!
//! A peer that goes beyond one is refused with a problem that names it. Limits of the survey format stand with the
//! format and are repeated here by name; how a database is tuned is no limit and stands beside the database.

use std::time::Duration;

pub use afterword_model::record::{RECORD_BYTES_MAX, SEQ_MAX};
pub use afterword_model::survey::limits as survey;

// The wire.

/// Records in one batch. Past a few hundred the compression gains nothing more, and a batch that fails is resent whole.
pub const BATCH_RECORDS_MAX: usize = 500;

/// Bytes of records in one batch, before compression. Holds 500 ratings, and keeps a weak link's request short;
/// one record of the largest size still fits.
pub const BATCH_BYTES_MAX: usize = 256 * 1024;

/// Bytes of a batch's body as it travels. Incompressible records of a full batch, their header line and zstd's own overhead.
pub const BATCH_BODY_MAX: usize = BATCH_BYTES_MAX + 8 * 1024;

/// Bytes of the first line of a batch. Its fields have fixed lengths; the whole is under 700 bytes.
pub const BATCH_HEADER_MAX: usize = 1024;

/// Bytes of an answer's body that an agent reads before it gives up on it. A receipt is under 1 KiB; the answer to a heartbeat
/// may bring a survey.
pub const ANSWER_BODY_MAX: usize = 128 * 1024;

/// Bytes of a device's settings as JSON, all layers merged: a survey's file of the largest size would not fit; one in twelve
/// languages is a fifth of this.
pub const SETTINGS_BYTES_MAX: usize = 192 * 1024;

/// Bytes of the same once they are packed, so that they fit the answer to a heartbeat ([`ANSWER_BODY_MAX`]). Surveys come to a
/// third of their length.
pub const SETTINGS_PACKED_MAX: usize = 63 * 1024;

/// Characters of a device's reason not to take settings: one sentence that names a file, a line and a way out.
pub const SETTINGS_REASON_CHARS_MAX: usize = 600;

/// Batches in one courier bundle: four million ratings. At their longest they come to 2.1 GiB, and a stick's FAT takes files up to
/// 4 GiB; whoever has more to bring writes several bundles.
pub const COURIER_BATCHES_MAX: u32 = 8 * 1024;

/// Receipts that are read from one folder: a stick that goes round a chain's shops brings some hundred. More would be a folder that
/// was named by mistake.
pub const COURIER_RECEIPTS_MAX: usize = 4_096;

/// Characters of what shoppers said, and of what was done: the strip on the idle screen is one line, which holds some
/// ninety letters with the date on the widest panel.
pub const CHANGE_TEXT_CHARS_MAX: usize = 48;

/// Bytes of one change as JSON, all its languages together: six languages take 1 KiB.
pub const CHANGE_BYTES_MAX: usize = 2 * 1024;

/// Changes that a device is given, the newest ones. More turn by too seldom for anybody to read them, and so many still
/// fit the answer to a heartbeat ([`ANSWER_BODY_MAX`]).
pub const CHANGES_SHOWN_MAX: usize = 5;

/// Steps of follow-ups that a heartbeat's answer brings down, the oldest first; the others come with the next ones.
pub const CASE_STEPS_MAX: usize = 16;

/// Bytes of one such step as JSON: two hundred characters of any language, and what it names.
pub const CASE_STEP_BYTES_MAX: usize = 4 * 1024;

/// Bytes of all of them together: three of the longest, and as many of the usual as [`CASE_STEPS_MAX`] says.
pub const CASE_STEPS_BYTES_MAX: usize = 3 * CASE_STEP_BYTES_MAX;

/// Bytes of an enrolment request. A signing request with an Ed25519 key is under 1 KiB.
pub const ENROLMENT_BODY_MAX: usize = 8 * 1024;

// The device's own socket, and the store behind it.

/// Alerts in one answer on the device's own socket: two months of a bad shop, in half of a frame.
pub const ALERTS_LISTED_MAX: u32 = 500;

/// Bytes of one frame on the device's own socket: a full batch in base64 and its envelope.
pub const FRAME_MAX: usize = 512 * 1024;

/// Longest time the kiosk may take before it answers "nothing new" to a request that waits, in milliseconds.
/// Short enough that a dead peer is noticed within the minute.
pub const QUEUE_WAIT_MAX_MS: u64 = 30_000;

/// Commands that may wait for the disk. A shopper gives a few a second, so this is a disk that has stood
/// still for many seconds; whoever comes then hears that it is busy instead of waiting for ever.
pub const STORE_COMMANDS_MAX: usize = 64;

/// Bytes kept in reserve on the device's disk, so that the answer that is being given when the disk runs full is still
/// saved: the write-ahead log at the length it is cut back to, were it to grow from nothing. A visit of a dozen saves
/// with the longest comment takes a quarter of that.
pub const RESERVE_BYTES: u64 = 4 * 1024 * 1024;

/// Bytes that must be free before the reserve is set aside. What is left beside it lasts a shop for weeks, so a kiosk
/// that comes back into service does not go out of it at the next shopper.
pub const RESERVE_ROOM_MIN: u64 = 4 * RESERVE_BYTES;

// The agent.

/// Longest wait between two attempts, whoever asks for it, in milliseconds: a quarter of an hour. A device
/// that slept longer would look dead to its shop after the network is back.
pub const RETRY_MAX_MS: u64 = 15 * 60 * 1_000;

/// To look the collector's name up and to connect, TLS included, in milliseconds.
pub const CONNECT_TIMEOUT_MS: u64 = 15_000;

/// For a whole request, in milliseconds: the longest body of 264 KiB takes 85 s over the 25 kbit/s of a weak mobile link.
pub const REQUEST_TOTAL_TIMEOUT_MS: u64 = 120_000;

/// From one heartbeat to the next, in milliseconds. Five minutes: whoever watches a fleet sees a silent kiosk before its
/// shop has missed it, and fifty thousand of them are 170 small requests a second.
pub const HEARTBEAT_EVERY_MS: u64 = 5 * 60 * 1_000;

/// From a rewind to the next one that is not counted with it, in milliseconds. A collector that forgets once an hour is put
/// back by somebody and gets everything again; one that forgets more often would be sent the same records without end.
pub const REWINDS_FORGOTTEN_MS: u64 = 60 * 60 * 1_000;

/// From a renewal that did not work to the next try, in milliseconds. There is a month left for it.
pub const RENEWAL_RETRY_MS: u64 = 60 * 60 * 1_000;

/// How long a device says that it did not take settings, in milliseconds, before it asks for them again: a disk may have room, or
/// a program may have been updated, meanwhile.
pub const SETTINGS_RETRY_MS: u64 = 60 * 60 * 1_000;

/// A device begins a new store epoch at most this often, in milliseconds of the agent's own time. A collector that
/// finds fault with every epoch must not make a device carry its records over and over.
pub const BEGIN_ANEW_PAUSE_MS: u64 = 60 * 60 * 1_000;

// The collector.

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

/// While fewer requests than this are inside for each core, handshakes do not wait for them: one that is worked on and one
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

/// Contradicting records kept of one store: four batches show what happened, and a broken device that
/// contradicts itself for ever takes at most 128 MiB.
pub const QUARANTINE_RECORDS_MAX: i64 = 2_000;

/// A device that goes back to a store it had left twice within this time, in milliseconds, is two devices: a day, over
/// which two copies of a card that both speak every five minutes are heard in turns even where one shop closes at night.
pub const CLONE_TURNS_MS: u64 = 24 * 60 * 60 * 1_000;

/// How long that is said after it was last seen, in milliseconds: a week, so that whoever looks on Mondays reads it.
pub const CLONE_SHOWN_MS: u64 = 7 * 24 * 60 * 60 * 1_000;

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

/// Bytes of a heartbeat. Its fields come to under 2 KiB; the former epochs it names are bounded below.
pub const HEARTBEAT_BODY_MAX: usize = 16 * 1024;

/// Former epochs a heartbeat names, the newest ones. Each is an accident of a disk; a device with more is broken.
pub const FORMER_EPOCHS_MAX: usize = 8;

/// Ranges of lost records named of one former epoch, the oldest first; where a disk lost more, the last range spans the rest.
pub const LOST_RANGES_MAX: usize = 32;

/// Epochs of one device that the collector remembers by the device's word alone. A device begins another one after an
/// accident of its disk, so 64 is more than its life has; a device that invents them takes no more than half a megabyte.
pub const EPOCHS_HEARD_MAX: i64 = 64;

/// Changes that stand at the collector, neither withdrawn nor over: five for each of two thousand stores. Each heartbeat
/// looks through its own store's.
pub const CHANGES_OPEN_MAX: i64 = 10_000;

/// Bytes of a renewal. A signing request with an Ed25519 key is under 1 KiB.
pub const RENEWAL_BODY_MAX: usize = 8 * 1024;
