//! The committed part of a write-ahead log, found without SQLite.
//!
//! A frame counts when its salts are the header's, the running checksum fits, and a commit stands at or after it
//! (<https://sqlite.org/fileformat2.html#the_write_ahead_log>). From the first frame that does not fit, the rest is not
//! there: what follows was never committed, or nobody can tell.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;

use super::pages::PAGE_BYTES;

const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
/// The header's first four bytes, save the lowest bit, which says that checksums are over big-endian words.
const MAGIC: u32 = 0x377f_0682;

/// Where the newest committed image of each page is.
#[derive(Debug, Default)]
pub(super) struct Committed {
    /// Byte of the file at which a page's image begins, by the page's number.
    pub(super) pages: HashMap<u32, u64>,
    /// Pages of the database after the last commit, 0 when there is none.
    pub(super) page_count: u32,
}

/// Reads a log from its beginning. One that cannot be read holds nothing.
pub(super) fn read(log: &File) -> Committed {
    let mut committed = Committed::default();
    let mut header = [0; HEADER_BYTES];
    if log.read_exact_at(&mut header, 0).is_err() || word(&header, 0) & !1 != MAGIC {
        return committed;
    }
    let page_bytes = word(&header, 8);
    let mut checksum = Checksum { is_big_endian: word(&header, 0) & 1 == 1, sums: (0, 0) };
    checksum.add(&header[..24]);
    if page_bytes as usize != PAGE_BYTES || checksum.sums != (word(&header, 24), word(&header, 28)) {
        return committed;
    }
    let mut pending = HashMap::new();
    let mut frame = vec![0; FRAME_HEADER_BYTES + PAGE_BYTES];
    let mut offset = HEADER_BYTES as u64;
    while log.read_exact_at(&mut frame, offset).is_ok() {
        checksum.add(&frame[..8]);
        checksum.add(&frame[FRAME_HEADER_BYTES..]);
        let salts_fit = frame[8..16] == header[16..24];
        if !salts_fit || checksum.sums != (word(&frame, 16), word(&frame, 20)) {
            break;
        }
        pending.insert(word(&frame, 0), offset + FRAME_HEADER_BYTES as u64);
        let page_count = word(&frame, 4);
        if page_count > 0 {
            committed.pages.extend(pending.drain());
            committed.page_count = page_count;
        }
        offset += frame.len() as u64;
    }
    committed
}

/// SQLite's own sum over pairs of words, carried on from frame to frame.
struct Checksum {
    is_big_endian: bool,
    sums: (u32, u32),
}

impl Checksum {
    fn add(&mut self, bytes: &[u8]) {
        let (mut first, mut second) = self.sums;
        for pair in bytes.chunks_exact(8) {
            let words = (word(pair, 0), word(pair, 4));
            let (x, y) =
                if self.is_big_endian { words } else { (words.0.swap_bytes(), words.1.swap_bytes()) };
            first = first.wrapping_add(x).wrapping_add(second);
            second = second.wrapping_add(y).wrapping_add(first);
        }
        self.sums = (first, second);
    }
}

/// Four bytes, big-endian, as every number in SQLite's files is written.
pub(super) fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
