//! Every limit of the wire, each with its reason. Both ends use these; a peer that goes beyond is refused.

/// Records in one batch. Past a few hundred the compression gains nothing more, and a batch that fails is resent whole.
pub const BATCH_RECORDS_MAX: usize = 500;

/// Bytes of records in one batch, before compression. Holds 500 ratings, and keeps a weak link's request short;
/// one record of the largest size still fits.
pub const BATCH_BYTES_MAX: usize = 256 * 1024;

/// Bytes of a batch's body as it travels. Incompressible records of a full batch, their header line and zstd's own overhead.
pub const BATCH_BODY_MAX: usize = BATCH_BYTES_MAX + 8 * 1024;

/// Bytes of the first line of a batch. Its fields have fixed lengths; the whole is under 700 bytes.
pub const BATCH_HEADER_MAX: usize = 1024;

/// Bytes of a receipt's or a problem's body that an agent reads before it gives up on the answer.
pub const ANSWER_BODY_MAX: usize = 16 * 1024;

/// Bytes of an enrolment request. A signing request with an Ed25519 key is under 1 KiB.
pub const ENROLMENT_BODY_MAX: usize = 8 * 1024;

/// Bytes of one frame on the device's own socket: a full batch in base64 and its envelope.
pub const FRAME_MAX: usize = 512 * 1024;

/// Longest time the kiosk may take before it answers "nothing new" to a request that waits, in milliseconds.
/// Short enough that a dead peer is noticed within the minute.
pub const QUEUE_WAIT_MAX_MS: u64 = 30_000;
