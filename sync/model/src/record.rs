//! A record: a response frozen to bytes, its place in a store, and the chain that holds all of them.
//!
//! A record is named by `(device id, store epoch, seq)`. `seq` counts from 1 without gaps within an epoch.
//! The chain is `head(n) = SHA-256(head(n-1) ‖ bytes(n))`, with `head(0)` made from the epoch, so that one
//! head vouches for every byte before it and no record can be dropped, changed or moved unseen.

use sha2::{Digest, Sha256};

use crate::hex::Hex;

/// A record's place in its store, from 1. At most `i64::MAX`, which is what SQLite and PostgreSQL can hold.
pub type Seq = u64;

/// The largest [`Seq`]: a counter that arrives here stops instead of wrapping.
pub const SEQ_MAX: Seq = i64::MAX as u64;

/// No record is longer than this, in bytes. A response of five steps with a full comment is under 4 KiB;
/// the rest is room for surveys with long ids, and a bound for whoever must hold one in memory.
pub const RECORD_BYTES_MAX: usize = 64 * 1024;

#[doc(hidden)]
pub enum EpochKind {}
#[doc(hidden)]
pub enum HeadKind {}
#[doc(hidden)]
pub enum DeviceKind {}

/// Drawn anew whenever a device's database is created or restored, so that clones and restored cards show.
pub type StoreEpoch = Hex<16, EpochKind>;
/// Drawn anew whenever a collector's database is created or restored.
pub type ServerEpoch = Hex<16, EpochKind>;
/// SHA-256 over everything up to and including a record.
pub type Head = Hex<32, HeadKind>;
/// Names a device for the collector; given at enrolment, never reused.
pub type DeviceId = Hex<16, DeviceKind>;

/// `head(0)`: `SHA-256("afterword-chain-v1\n" ‖ epoch)`, the epoch as its 16 bytes.
#[must_use]
pub fn genesis(epoch: &StoreEpoch) -> Head {
    let mut hash = Sha256::new();
    hash.update(b"afterword-chain-v1\n");
    hash.update(epoch.as_bytes());
    Head::new(hash.finalize().into())
}

/// The head after one more record: `SHA-256(previous ‖ bytes)`.
#[must_use]
pub fn next_head(previous: &Head, record_bytes: &[u8]) -> Head {
    let mut hash = Sha256::new();
    hash.update(previous.as_bytes());
    hash.update(record_bytes);
    Head::new(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// These values are in PROTOCOL.md; whoever writes a client checks against them.
    #[test]
    fn known_heads() {
        let epoch = StoreEpoch::new([0; 16]);
        let first = genesis(&epoch);
        assert_eq!(first.to_string(), "031445fab5bfaa983ff359d23cee9e2c99770ed4869028c5a567ab14f24ee162");
        assert_eq!(
            next_head(&first, b"{}").to_string(),
            "67ba8ed14f8d586b35f2abeff3a7cda16bd54bdb7cadb225fa1ae11102e96934"
        );
    }
}
