//! A batch: an unbroken run of records on their way to the collector.
//!
//! As it travels: NDJSON compressed as one zstd frame. The first line is the [`BatchHeader`], each further
//! line one record, byte for byte as the device froze and hashed it. The signature covers the header's
//! fields ([`BatchHeader::signed_text`]); the records are covered through the last head, which is their hash.
//!
//! Decoding is bounded before anything is believed: bytes in, bytes out, lines, length of each.

use std::io::Read;

use afterword_model::record::{DeviceId, Head, RECORD_BYTES_MAX, SEQ_MAX, Seq, StoreEpoch, next_head};
use serde::{Deserialize, Serialize};

use crate::keys::{Signature, SigningKey, VerifyingKey};
use crate::limits::{BATCH_BODY_MAX, BATCH_BYTES_MAX, BATCH_HEADER_MAX, BATCH_RECORDS_MAX};
use crate::queue::Run;
use crate::receipt::Nonce;

/// Path of ingest on the collector's device port.
pub const BATCHES_PATH: &str = "/v1/batches";
/// Media type of a batch.
pub const BATCH_MEDIA_TYPE: &str = "application/vnd.afterword.batch.v1+ndjson";
/// Content encoding of a batch; there is no other.
pub const BATCH_ENCODING: &str = "zstd";
/// The version of the header this code writes and reads.
pub const BATCH_VERSION: u8 = 1;

/// Of 500 ratings, level 1 makes 17.6 bytes each, level 3 20.5, level 9 18.3 in fourteen times the time: their repetitions
/// are what the simplest search finds first. With comments among them level 9 is four per cent smaller.
const ZSTD_LEVEL: i32 = 1;
/// A window of 512 KiB spans a whole batch; a frame that asks for more memory is refused.
const ZSTD_WINDOW_LOG_MAX: u32 = 19;
/// What a decoded body may come to: header, records, and a line feed after each.
const DECODED_MAX: usize = BATCH_HEADER_MAX + BATCH_BYTES_MAX + BATCH_RECORDS_MAX + 1;

/// The first line of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchHeader {
    /// [`BATCH_VERSION`].
    pub v: u8,
    /// Who sends it.
    pub device: DeviceId,
    /// From which store.
    pub epoch: StoreEpoch,
    /// Number of the first record, from 1.
    pub first_seq: Seq,
    /// How many records follow, from 1.
    pub count: usize,
    /// The chain's head before the first record.
    pub previous_head: Head,
    /// The chain's head after the last record.
    pub last_head: Head,
    /// Repeated in the receipt.
    pub nonce: Nonce,
    /// The device's signature over [`BatchHeader::signed_text`].
    pub signature: Signature,
}

/// A batch that has been read and whose chain has been recomputed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Its first line.
    pub header: BatchHeader,
    /// Its records, as they are, with the head after each.
    pub records: Vec<ChainedRecord>,
}

/// A record and the chain's head after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainedRecord {
    /// The bytes the device froze.
    pub bytes: Vec<u8>,
    /// `SHA-256(head before ‖ bytes)`.
    pub head: Head,
}

/// Why a body is no batch.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// More than one request may carry.
    #[error("the batch has more than {what}")]
    TooLarge {
        /// The limit it broke, in words.
        what: &'static str,
    },
    /// Not zstd, or a frame that wants too much memory.
    #[error("the body is not one zstd frame of at most 512 KiB window: {0}")]
    Compression(std::io::Error),
    /// The first line is not a header.
    #[error("the first line is not a batch header: {0}")]
    Header(String),
    /// The header says one thing and the lines another.
    #[error("the header announces {announced} records, {found} follow")]
    Count {
        /// In the header.
        announced: usize,
        /// In the body.
        found: usize,
    },
    /// The records do not lead from the first head to the last.
    #[error("the records do not lead from the header's previous_head to its last_head")]
    Chain,
}

impl BatchHeader {
    /// The text that is signed: a line for the kind and one for each field but the signature, in the order of
    /// the struct, each ended by a line feed.
    #[must_use]
    pub fn signed_text(&self) -> String {
        format!(
            "afterword-batch-v1\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n",
            self.device,
            self.epoch,
            self.first_seq,
            self.count,
            self.previous_head,
            self.last_head,
            self.nonce
        )
    }

    /// Whether this key signed it.
    #[must_use]
    pub fn is_signed_by(&self, key: &VerifyingKey) -> bool {
        key.verifies(self.signed_text().as_bytes(), &self.signature)
    }

    /// Number of the last record.
    #[must_use]
    pub fn last_seq(&self) -> Seq {
        self.first_seq + self.count as Seq - 1
    }
}

/// Writes a run of records as a batch's body and gives the header that stands in it.
///
/// # Panics
/// When the run is empty, or larger than [`crate::limits`] allows: the queue that gave it is at fault.
#[must_use]
pub fn encode(run: &Run, device: DeviceId, nonce: Nonce, key: &SigningKey) -> (BatchHeader, Vec<u8>) {
    assert!(!run.records.is_empty(), "a batch has at least one record");
    assert!(run.records.len() <= BATCH_RECORDS_MAX, "a run holds at most one batch");
    let mut header = BatchHeader {
        v: BATCH_VERSION,
        device,
        epoch: run.epoch,
        first_seq: run.first_seq,
        count: run.records.len(),
        previous_head: run.previous_head,
        last_head: run.last_head(),
        nonce,
        signature: key.sign(b""),
    };
    header.signature = key.sign(header.signed_text().as_bytes());
    let mut lines = serde_json::to_vec(&header).expect("a header holds only texts and numbers");
    for record in &run.records {
        lines.push(b'\n');
        lines.extend_from_slice(record);
    }
    lines.push(b'\n');
    let body = zstd::bulk::compress(&lines, ZSTD_LEVEL).expect("compressing in memory does not fail");
    (header, body)
}

/// Reads a batch's body and recomputes its chain. The signature and who may send it are not looked at here.
///
/// # Errors
/// [`BatchError`]; nothing of the body is kept then.
pub fn decode(body: &[u8]) -> Result<Batch, BatchError> {
    if body.len() > BATCH_BODY_MAX {
        return Err(BatchError::TooLarge { what: "264 KiB of compressed bytes" });
    }
    let lines = decompress(body)?;
    let header_end = lines.iter().take(BATCH_HEADER_MAX).position(|&byte| byte == b'\n');
    let header_end = header_end.ok_or_else(|| BatchError::Header("it does not end within 1 KiB".into()))?;
    let header = read_header(&lines[..header_end])?;
    let records = lines[header_end + 1..].strip_suffix(b"\n").unwrap_or(&[]);
    let records: Vec<&[u8]> =
        if records.is_empty() { Vec::new() } else { records.split(|&byte| byte == b'\n').collect() };
    if records.len() != header.count {
        return Err(BatchError::Count { announced: header.count, found: records.len() });
    }
    if records.iter().any(|record| record.len() > RECORD_BYTES_MAX) {
        return Err(BatchError::TooLarge { what: "64 KiB in one record" });
    }
    let records = chain(&header.previous_head, records);
    if records.last().is_none_or(|record| record.head != header.last_head) {
        return Err(BatchError::Chain);
    }
    Ok(Batch { header, records })
}

fn decompress(body: &[u8]) -> Result<Vec<u8>, BatchError> {
    let mut decoder =
        zstd::stream::read::Decoder::with_buffer(body).map_err(BatchError::Compression)?.single_frame();
    decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(BatchError::Compression)?;
    let mut lines = Vec::new();
    // One byte more than allowed tells "full" from "too much" without reading the rest of a bomb.
    decoder.take(DECODED_MAX as u64 + 1).read_to_end(&mut lines).map_err(BatchError::Compression)?;
    if lines.len() > DECODED_MAX {
        return Err(BatchError::TooLarge { what: "256 KiB of records" });
    }
    Ok(lines)
}

fn read_header(line: &[u8]) -> Result<BatchHeader, BatchError> {
    let header: BatchHeader =
        serde_json::from_slice(line).map_err(|error| BatchError::Header(error.to_string()))?;
    if header.v != BATCH_VERSION {
        return Err(BatchError::Header(format!(
            "version {}, this collector reads {BATCH_VERSION}",
            header.v
        )));
    }
    if header.count == 0 || header.count > BATCH_RECORDS_MAX {
        return Err(BatchError::TooLarge { what: "500 records, or none" });
    }
    let last_seq = header.first_seq.checked_add(header.count as Seq - 1);
    if header.first_seq == 0 || last_seq.is_none_or(|last| last > SEQ_MAX) {
        return Err(BatchError::Header("first_seq is not from 1 to 2^63 - 1".into()));
    }
    Ok(header)
}

fn chain(previous_head: &Head, records: Vec<&[u8]>) -> Vec<ChainedRecord> {
    let mut head = *previous_head;
    records
        .into_iter()
        .map(|bytes| {
            head = next_head(&head, bytes);
            ChainedRecord { bytes: bytes.to_vec(), head }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use afterword_model::ports::SeededEntropy;
    use afterword_model::record::genesis;

    use super::*;

    fn key() -> SigningKey {
        SigningKey::generate(&SeededEntropy::new(1))
    }

    fn run(records: &[&str]) -> Run {
        let epoch = StoreEpoch::new([9; 16]);
        let records = records.iter().map(|text| text.as_bytes().to_vec()).collect();
        Run { epoch, first_seq: 1, previous_head: genesis(&epoch), records }
    }

    fn body(records: &[&str]) -> Vec<u8> {
        encode(&run(records), DeviceId::new([1; 16]), Nonce::new([2; 16]), &key()).1
    }

    fn compressed(text: &str) -> Vec<u8> {
        zstd::bulk::compress(text.as_bytes(), 1).unwrap()
    }

    #[test]
    fn records_arrive_byte_for_byte_and_chained() {
        let batch = decode(&body(&["{\"a\":1}", "not json \u{1F600}"])).unwrap();
        assert_eq!(batch.records[1].bytes, "not json \u{1F600}".as_bytes());
        assert_eq!(batch.records[1].head, batch.header.last_head);
        assert_eq!(batch.header.last_seq(), 2);
        assert!(batch.header.is_signed_by(&key().verifying_key()));
    }

    #[test]
    fn a_record_changed_on_the_way_breaks_the_chain() {
        let lines = zstd::bulk::decompress(&body(&["{\"a\":1}"]), DECODED_MAX).unwrap();
        let lines = String::from_utf8(lines).unwrap().replace("{\"a\":1}", "{\"a\":2}");
        assert!(matches!(decode(&compressed(&lines)), Err(BatchError::Chain)));
    }

    #[test]
    fn a_line_too_many_or_too_few_is_noticed() {
        let lines =
            String::from_utf8(zstd::bulk::decompress(&body(&["{}", "{}"]), DECODED_MAX).unwrap()).unwrap();
        let more = format!("{lines}{{}}\n");
        assert!(matches!(decode(&compressed(&more)), Err(BatchError::Count { announced: 2, found: 3 })));
        let fewer = lines.strip_suffix("{}\n").unwrap();
        assert!(matches!(decode(&compressed(fewer)), Err(BatchError::Count { announced: 2, found: 1 })));
    }

    #[test]
    fn a_bomb_is_refused_at_the_cap() {
        let bomb = zstd::bulk::compress(&vec![0; 64 * 1024 * 1024], 1).unwrap();
        assert!(bomb.len() < BATCH_BODY_MAX);
        assert!(matches!(decode(&bomb), Err(BatchError::TooLarge { .. })));
    }

    #[test]
    fn rubbish_is_refused_with_its_reason() {
        assert!(matches!(decode(b"rubbish"), Err(BatchError::Compression(_))));
        assert!(matches!(decode(&compressed("rubbish\n")), Err(BatchError::Header(_))));
        assert!(matches!(decode(&compressed(&"x".repeat(5000))), Err(BatchError::Header(_))));
        assert!(matches!(decode(&[]), Err(BatchError::Compression(_) | BatchError::Header(_))));
    }

    proptest::proptest! {
        #[test]
        fn decoding_never_panics(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            let _ = decode(&bytes);
            let _ = decode(&zstd::bulk::compress(&bytes, 1).unwrap());
        }
    }
}
