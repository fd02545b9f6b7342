//! The keys that bundles are sealed to: the public one on every device, the private one at the collector alone.
//!
//! They are of the kind that contact details are sealed to, and are kept apart from those: whoever may read what shoppers left for a
//! reply is somebody else than who takes records in.

use std::fmt;
use std::str::FromStr;

use afterword_model::ports::Entropy;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hpke::Deserializable as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::seal::{KeyId, OpeningKey, PublicKey, SealError, SealingKey};

/// The collector's public key; written as Base64 of its 32 bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct CourierKey(pub(super) SealingKey);

/// The collector's private key.
pub struct CourierOpeningKey {
    pub(super) inner: OpeningKey,
    public: CourierKey,
}

/// Text that is no courier key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an X25519 public key in base64")]
pub struct NoCourierKey;

impl CourierKey {
    /// Tells it apart from others.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.0.id()
    }
}

impl CourierOpeningKey {
    /// A new key.
    #[must_use]
    pub fn generate(entropy: &impl Entropy) -> Self {
        Self::of(OpeningKey::generate(entropy))
    }

    /// Reads a PKCS#8 file (RFC 8410).
    ///
    /// # Errors
    /// [`SealError::NoPrivateKey`].
    pub fn from_pem(pem: &str) -> Result<Self, SealError> {
        OpeningKey::from_pem(pem).map(Self::of)
    }

    /// The file's text. Whoever has it reads every bundle.
    #[must_use]
    pub fn to_pem(&self) -> Zeroizing<String> {
        self.inner.to_pem()
    }

    /// The key for the devices.
    #[must_use]
    pub fn public(&self) -> &CourierKey {
        &self.public
    }

    fn of(inner: OpeningKey) -> Self {
        let public = CourierKey(inner.public().clone());
        Self { inner, public }
    }
}

/// Whoever prints a key prints the public one.
impl fmt::Debug for CourierOpeningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "CourierOpeningKey of {}", self.public)
    }
}

impl fmt::Display for CourierKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&BASE64.encode(self.0.bytes))
    }
}

impl fmt::Debug for CourierKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "CourierKey({self})")
    }
}

impl FromStr for CourierKey {
    type Err = NoCourierKey;

    fn from_str(text: &str) -> Result<Self, NoCourierKey> {
        let bytes = BASE64.decode(text).map_err(|_| NoCourierKey)?;
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| NoCourierKey)?;
        PublicKey::from_bytes(&bytes).map_err(|_| NoCourierKey)?;
        Ok(Self(SealingKey { bytes }))
    }
}

impl Serialize for CourierKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CourierKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
