//! The nonce of a batch in a bundle, which its device finds again weeks later without having kept anything.
//!
//! Over the network a nonce is drawn by chance and remembered until the answer comes, so that an old answer cannot pass for a new one. A
//! courier is away for days, and so the nonce follows from the device's key, the place in the chain, and which life of the
//! collector's database the device knew when it packed. The last is what it is for: a receipt that a collector gave before it was restored
//! from a backup vouches for records that the restored one lacks.

use afterword_model::record::{Head, Seq, ServerEpoch, StoreEpoch};
use sha2::{Digest as _, Sha256};

use crate::keys::SigningKey;
use crate::receipt::Nonce;

/// The nonce of the batch that ends with this record; `known` is the collector's epoch in the newest receipt the store has.
#[must_use]
pub fn courier_nonce(
    key: &SigningKey,
    epoch: StoreEpoch,
    last_seq: Seq,
    last_head: Head,
    known: Option<ServerEpoch>,
) -> Nonce {
    let known = known.map_or_else(|| "none".to_owned(), |known| known.to_string());
    let text = format!("afterword-courier-nonce-v1\n{epoch}\n{last_seq}\n{last_head}\n{known}\n");
    // Ed25519 signs the same text the same way, and nobody else can.
    let digest = Sha256::digest(key.sign(text.as_bytes()).as_bytes());
    let mut nonce = [0; 16];
    nonce.copy_from_slice(&digest[..16]);
    Nonce::new(nonce)
}
