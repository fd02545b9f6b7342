//! The courier bundle: a store without any network brings its batches to the collector in a file.
//!
//! A bundle is a head (magic, device, which key it is sealed to, HPKE's `enc`), then frames (four bytes of length, big-endian, and a
//! sealed batch, as it would travel over the network), then a length of zero, the number of frames, and the device's signature over
//! all of that. It is HPKE (RFC 9180) in base mode, with the algorithms of [`crate::seal`], one context a bundle: a frame opens in its
//! place and in no other. `PROTOCOL.md` has it byte for byte.
//!
//! Invariants: nothing is believed before it has been bounded; one batch is in memory at a time, whatever the bundle's length; a bundle
//! without its last byte, with a byte too many or with its frames in another order is refused. Failure: an error names what is wrong,
//! and nothing of what comes after has been read.

mod key;
mod nonce;
mod reading;
mod writing;

use afterword_model::record::DeviceId;
use hpke::aead::{AeadCtxR, AeadCtxS, ChaCha20Poly1305};
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;

pub use key::{CourierKey, CourierOpeningKey};
pub use nonce::courier_nonce;
pub use reading::{CourierError, CourierReader};
pub use writing::CourierWriter;

use crate::limits::BATCH_BODY_MAX;
use crate::seal::{KEY_BYTES, KEY_ID_BYTES, TAG_BYTES};

/// How a bundle's file name ends.
pub const COURIER_EXTENSION: &str = "courier";
/// How the file name of the receipt for it ends.
pub const COURIER_RECEIPT_EXTENSION: &str = "receipt";

/// What a bundle begins with; another version begins otherwise.
const MAGIC: &[u8; 20] = b"afterword-courier-1\n";
/// Names what is sealed (`info` of RFC 9180), so that the same key opens nothing else of ours, and nothing else opens this.
const INFO: &[u8] = b"afterword courier v1";
/// A sealed batch at its longest.
const FRAME_BYTES_MAX: usize = BATCH_BODY_MAX + TAG_BYTES;
const DEVICE_BYTES: usize = 16;
const SIGNATURE_BYTES: usize = 64;
const HEAD_BYTES: usize = MAGIC.len() + DEVICE_BYTES + KEY_ID_BYTES + KEY_BYTES;

type Sealing = AeadCtxS<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>;
type Opening = AeadCtxR<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>;

/// What a frame is bound to beside its place in HPKE's own count: whose it is and which, counted from 0.
fn bound_to(device: DeviceId, index: u32) -> String {
    format!("afterword-courier-frame-v1\n{device}\n{index}\n")
}

/// The text that is signed; `digest` is SHA-256 over every byte before the signature.
fn signed_text(device: DeviceId, frames: u32, digest: [u8; 32]) -> String {
    let digest = data_encoding::HEXLOWER.encode(&digest);
    format!("afterword-courier-v1\n{device}\n{frames}\n{digest}\n")
}

#[cfg(test)]
mod tests;
