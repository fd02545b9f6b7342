//! Ed25519 keys: the device's own, which signs batches and proves the device in TLS, and the collector's,
//! which signs receipts.
//!
//! A private key is made from 32 random bytes that are handed in, lives in PKCS#8 PEM on disk, and is wiped
//! from memory when dropped.

use afterword_model::ports::Entropy;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use ed25519_dalek::{Signer, Verifier};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

/// A private key.
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

/// A public key; written as base64 of its 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifyingKey(ed25519_dalek::VerifyingKey);

/// A signature; written as base64 of its 64 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 64]);

/// Text that should have been a key or a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an Ed25519 {0}")]
pub struct BadKey(&'static str);

impl SigningKey {
    /// A new key.
    pub fn generate(entropy: &impl Entropy) -> Self {
        let secret = Zeroizing::new(entropy.bytes::<32>());
        Self(ed25519_dalek::SigningKey::from_bytes(&secret))
    }

    /// Reads PKCS#8 PEM.
    ///
    /// # Errors
    /// [`BadKey`] when it is something else.
    pub fn from_pem(pem: &str) -> Result<Self, BadKey> {
        ed25519_dalek::SigningKey::from_pkcs8_pem(pem)
            .map(Self)
            .map_err(|_| BadKey("private key in PKCS#8 PEM"))
    }

    /// The key as PKCS#8 PEM. The text is wiped when dropped; write it to a file only its owner can read.
    ///
    /// # Panics
    /// Never: an Ed25519 key always has this form.
    #[must_use]
    pub fn to_pem(&self) -> Zeroizing<String> {
        self.0.to_pkcs8_pem(LineEnding::LF).expect("an Ed25519 key has a PKCS#8 form")
    }

    /// The key as PKCS#8 DER, for TLS and certificates.
    ///
    /// # Panics
    /// Never: an Ed25519 key always has this form.
    #[must_use]
    pub fn to_pkcs8_der(&self) -> Zeroizing<Vec<u8>> {
        self.0.to_pkcs8_der().expect("an Ed25519 key has a PKCS#8 form").to_bytes()
    }

    /// The public half.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey(self.0.verifying_key())
    }

    /// Signs a message.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }
}

impl VerifyingKey {
    /// Takes the 32 bytes of a public key, as a certificate holds them.
    ///
    /// # Errors
    /// [`BadKey`] when they are no point on the curve.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadKey> {
        let bad = BadKey("public key");
        let bytes: &[u8; 32] = bytes.try_into().map_err(|_| bad)?;
        ed25519_dalek::VerifyingKey::from_bytes(bytes).map(Self).map_err(|_| bad)
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Whether the signature is this key's over exactly this message.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &Signature) -> bool {
        self.0.verify(message, &ed25519_dalek::Signature::from_bytes(&signature.0)).is_ok()
    }
}

impl Signature {
    /// Takes the 64 bytes of a signature, as a database holds them.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// The 64 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey(of {})", BASE64.encode(self.verifying_key().as_bytes()))
    }
}

impl std::fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&BASE64.encode(self.as_bytes()))
    }
}

impl std::str::FromStr for VerifyingKey {
    type Err = BadKey;
    fn from_str(text: &str) -> Result<Self, BadKey> {
        Self::from_bytes(&BASE64.decode(text).map_err(|_| BadKey("public key in base64"))?)
    }
}

impl Serialize for VerifyingKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for VerifyingKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(self.0))
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bad = || serde::de::Error::custom(BadKey("signature in base64"));
        let bytes = BASE64.decode(String::deserialize(deserializer)?).map_err(|_| bad())?;
        bytes.try_into().map(Signature).map_err(|_| bad())
    }
}

#[cfg(test)]
mod tests {
    use afterword_model::ports::SeededEntropy;

    use super::*;

    #[test]
    fn a_key_survives_its_file() {
        let key = SigningKey::generate(&SeededEntropy::new(1));
        let read = SigningKey::from_pem(&key.to_pem()).unwrap();
        assert_eq!(read.verifying_key(), key.verifying_key());
        assert!(
            SigningKey::from_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").is_err()
        );
    }

    #[test]
    fn only_the_signed_message_verifies() {
        let key = SigningKey::generate(&SeededEntropy::new(1));
        let signature = key.sign(b"message");
        assert!(key.verifying_key().verifies(b"message", &signature));
        assert!(!key.verifying_key().verifies(b"massage", &signature));
        let other = SigningKey::generate(&SeededEntropy::new(2));
        assert!(!other.verifying_key().verifies(b"message", &signature));
    }

    #[test]
    fn debug_shows_no_secret() {
        let key = SigningKey::generate(&SeededEntropy::new(1));
        assert!(!format!("{key:?}").contains(key.to_pem().lines().nth(1).unwrap()));
    }
}
