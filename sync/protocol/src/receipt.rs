//! The collector's signed word that it holds all records of a store up to one.
//!
//! A receipt is the only acknowledgement there is. What is signed is a text of fixed lines
//! ([`Receipt::signed_text`]), not the JSON around it, so that no reader has to agree with another on how
//! JSON is written.

use afterword_model::hex::Hex;
use afterword_model::record::{DeviceId, Head, Seq, ServerEpoch, StoreEpoch};
use serde::{Deserialize, Serialize};

use crate::keys::{Signature, SigningKey, VerifyingKey};

/// Media type of a receipt. A 200 of any other type is not ours, however green it looks.
pub const RECEIPT_MEDIA_TYPE: &str = "application/vnd.afterword.receipt.v1+json";

#[doc(hidden)]
pub enum NonceKind {}
/// Drawn by the agent for each batch and repeated in its receipt, so that an old answer cannot pass for a new one.
pub type Nonce = Hex<16, NonceKind>;

/// What the collector says it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Whose records.
    pub device: DeviceId,
    /// Of which store.
    pub epoch: StoreEpoch,
    /// Every record from 1 up to here is durable at the collector.
    pub through_seq: Seq,
    /// The chain's head after that record, as the collector computed it.
    pub head: Head,
    /// Which life of the collector's database says so.
    pub server_epoch: ServerEpoch,
    /// The batch's nonce.
    pub nonce: Nonce,
    /// When the collector first held `through_seq`, milliseconds since 1970-01-01T00:00:00Z. A batch sent
    /// again gets the same value, and with the same nonce the same receipt byte for byte.
    pub received_ms: i64,
}

/// A receipt and the collector's signature over [`Receipt::signed_text`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedReceipt {
    /// What is said.
    pub receipt: Receipt,
    /// Who said it.
    pub signature: Signature,
}

impl Receipt {
    /// The text that is signed: a line for the kind and one for each field, in the order of the struct, each
    /// ended by a line feed.
    #[must_use]
    pub fn signed_text(&self) -> String {
        format!(
            "afterword-receipt-v1\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n",
            self.device,
            self.epoch,
            self.through_seq,
            self.head,
            self.server_epoch,
            self.nonce,
            self.received_ms
        )
    }

    /// Signs it.
    #[must_use]
    pub fn sign(self, key: &SigningKey) -> SignedReceipt {
        let signature = key.sign(self.signed_text().as_bytes());
        SignedReceipt { receipt: self, signature }
    }
}

impl SignedReceipt {
    /// Whether this key signed exactly this.
    #[must_use]
    pub fn is_signed_by(&self, key: &VerifyingKey) -> bool {
        key.verifies(self.receipt.signed_text().as_bytes(), &self.signature)
    }
}

#[cfg(test)]
mod tests {
    use afterword_model::ports::SeededEntropy;

    use super::*;

    #[test]
    fn a_changed_receipt_is_not_signed() {
        let key = SigningKey::generate(&SeededEntropy::new(1));
        let signed = Receipt {
            device: DeviceId::new([1; 16]),
            epoch: StoreEpoch::new([2; 16]),
            through_seq: 10,
            head: Head::new([3; 32]),
            server_epoch: ServerEpoch::new([4; 16]),
            nonce: Nonce::new([5; 16]),
            received_ms: 6,
        }
        .sign(&key);
        assert!(signed.is_signed_by(&key.verifying_key()));
        let mut changed = signed;
        changed.receipt.through_seq = 11;
        assert!(!changed.is_signed_by(&key.verifying_key()));
    }
}
