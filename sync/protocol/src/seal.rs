//! Contact details, sealed where they were typed and opened at head office.
//!
//! HPKE (RFC 9180) in base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305, one message a key. A sealed
//! text is `version 1 | first 8 bytes of SHA-256 of the public key | enc (32) | ciphertext (256 + 16)`, in Base64; the
//! plaintext is `length | text | zeros`, always 256 bytes, so that its length says nothing. `info` is
//! [`INFO`], and `aad` the consent that it was given under ([`afterword_model::contact::ConsentGiven::to_bytes`]).
//!
//! Invariants: whoever has a [`SealingKey`] alone cannot open what it sealed; what was sealed under one consent does not
//! open under another. Failure: opening says why in one sentence; sealing fails for a text that is too long, and for a key that is no point of the curve.

use std::fmt;

use afterword_model::ports::Entropy;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::rand_core::{Infallible, TryCryptoRng, TryRng};
use hpke::{
    Deserializable, Kem, OpModeR, OpModeS, Serializable, single_shot_open, single_shot_seal_with_rng,
};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// Names what is sealed (`info` of RFC 9180), so that the same key in other hands opens nothing of ours.
pub const INFO: &[u8] = b"afterword contact v1";

/// Longest text that can be sealed, in bytes; the longest address of RFC 5321 fits.
pub const SEALED_TEXT_BYTES_MAX: usize = PLAINTEXT_BYTES - 1;

const PLAINTEXT_BYTES: usize = 256;
pub(crate) const TAG_BYTES: usize = 16;
pub(crate) const KEY_BYTES: usize = 32;
pub(crate) const KEY_ID_BYTES: usize = 8;
const CHECK_BYTES: usize = 4;
const VERSION: u8 = 1;
const HEAD_BYTES: usize = 1 + KEY_ID_BYTES;
const SEALED_BYTES: usize = HEAD_BYTES + KEY_BYTES + PLAINTEXT_BYTES + TAG_BYTES;

/// What a public key's text begins with.
const KEY_PREFIX: &str = "afterword-contact-1-";

/// DER of an X25519 private key (RFC 8410) up to its 32 bytes; the same for every key.
const PKCS8_HEAD: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22, 0x04, 0x20];

const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";

pub(crate) type PublicKey = <X25519HkdfSha256 as Kem>::PublicKey;
pub(crate) type PrivateKey = <X25519HkdfSha256 as Kem>::PrivateKey;

/// Why a key or a sealed text is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Not a public key, or mistyped.
    #[error(
        "this is no contact key, or it was mistyped; it begins with {KEY_PREFIX} and `afterword-collector contact key` prints it"
    )]
    NoPublicKey,
    /// Not a private key's file.
    #[error(
        "this is no private contact key; a file of `afterword-collector contact new-key` is meant, which begins with {PEM_BEGIN}"
    )]
    NoPrivateKey,
    /// Too long to be sealed.
    #[error("a text of more than {SEALED_TEXT_BYTES_MAX} bytes cannot be sealed")]
    TooLong,
    /// Not a sealed text.
    #[error("this is no sealed text of a known version")]
    NotSealed,
    /// Sealed to somebody else.
    #[error("it was sealed to another key ({0}); open it with that one")]
    OtherKey(KeyId),
    /// Changed since it was sealed, or sealed under another consent.
    #[error("it was changed after it was sealed, or given under another consent, and cannot be opened")]
    Changed,
}

/// Tells keys apart: the first bytes of SHA-256 of the public key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyId(pub(crate) [u8; KEY_ID_BYTES]);

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Head office's public key: seals, and opens nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct SealingKey {
    pub(crate) bytes: [u8; KEY_BYTES],
}

impl SealingKey {
    /// Reads its text. A letter that was mistyped is noticed: what is sealed to a wrong key is lost for everybody.
    ///
    /// # Errors
    /// [`SealError::NoPublicKey`].
    pub fn parse(text: &str) -> Result<Self, SealError> {
        let text = text.trim().strip_prefix(KEY_PREFIX).ok_or(SealError::NoPublicKey)?;
        let decoded = URL_SAFE_NO_PAD.decode(text).map_err(|_| SealError::NoPublicKey)?;
        let (bytes, check) = decoded.split_first_chunk().ok_or(SealError::NoPublicKey)?;
        let key = Self { bytes: *bytes };
        if check != &key.digest()[..CHECK_BYTES] || PublicKey::from_bytes(bytes).is_err() {
            return Err(SealError::NoPublicKey);
        }
        Ok(key)
    }

    /// Tells it apart from others.
    #[must_use]
    pub fn id(&self) -> KeyId {
        let mut id = [0; KEY_ID_BYTES];
        id.copy_from_slice(&self.digest()[..KEY_ID_BYTES]);
        KeyId(id)
    }

    /// Seals a text, bound to these bytes.
    ///
    /// # Errors
    /// [`SealError::TooLong`]; or [`SealError::NoPublicKey`] for one of the few byte strings that are no point.
    pub fn seal(&self, text: &str, bound_to: &[u8], entropy: &dyn Entropy) -> Result<String, SealError> {
        let length =
            u8::try_from(text.len()).ok().filter(|&length| usize::from(length) <= SEALED_TEXT_BYTES_MAX);
        let length = length.ok_or(SealError::TooLong)?;
        let mut plain = Zeroizing::new([0; PLAINTEXT_BYTES]);
        plain[0] = length;
        plain[1..=text.len()].copy_from_slice(text.as_bytes());
        let key = PublicKey::from_bytes(&self.bytes).map_err(|_| SealError::NoPublicKey)?;
        let (enc, ciphertext) = single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeS::Base,
            &key,
            INFO,
            &*plain,
            bound_to,
            &mut Dice(entropy),
        )
        .map_err(|_| SealError::NoPublicKey)?;
        let mut sealed = Vec::with_capacity(SEALED_BYTES);
        sealed.push(VERSION);
        sealed.extend(self.id().0);
        sealed.extend(enc.to_bytes());
        sealed.extend(ciphertext);
        Ok(STANDARD.encode(sealed))
    }

    fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.bytes).into()
    }
}

impl fmt::Display for SealingKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let with_check = [&self.bytes[..], &self.digest()[..CHECK_BYTES]].concat();
        write!(formatter, "{KEY_PREFIX}{}", URL_SAFE_NO_PAD.encode(with_check))
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Head office's private key: opens.
pub struct OpeningKey {
    pub(crate) private: PrivateKey,
    public: SealingKey,
}

impl OpeningKey {
    /// A new key.
    #[must_use]
    pub fn generate(entropy: &impl Entropy) -> Self {
        let seed = Zeroizing::new(entropy.bytes::<KEY_BYTES>());
        Self::of(X25519HkdfSha256::derive_keypair(&*seed).0)
    }

    /// Reads a PKCS#8 file (RFC 8410), as this program and OpenSSL write it.
    ///
    /// # Errors
    /// [`SealError::NoPrivateKey`].
    pub fn from_pem(pem: &str) -> Result<Self, SealError> {
        let body = pem.split_once(PEM_BEGIN).and_then(|(_, rest)| rest.split_once(PEM_END));
        let body =
            Zeroizing::new(body.ok_or(SealError::NoPrivateKey)?.0.split_whitespace().collect::<String>());
        let der = Zeroizing::new(STANDARD.decode(&*body).map_err(|_| SealError::NoPrivateKey)?);
        let bytes = der.strip_prefix(&PKCS8_HEAD).ok_or(SealError::NoPrivateKey)?;
        PrivateKey::from_bytes(bytes).map(Self::of).map_err(|_| SealError::NoPrivateKey)
    }

    /// The file's text. Whoever has it reads what shoppers left for a reply.
    #[must_use]
    pub fn to_pem(&self) -> Zeroizing<String> {
        let mut der = Zeroizing::new([0; PKCS8_HEAD.len() + KEY_BYTES]);
        der[..PKCS8_HEAD.len()].copy_from_slice(&PKCS8_HEAD);
        self.private.write_exact(&mut der[PKCS8_HEAD.len()..]);
        Zeroizing::new(format!("{PEM_BEGIN}\n{}\n{PEM_END}\n", *Zeroizing::new(STANDARD.encode(*der))))
    }

    /// The key for the devices.
    #[must_use]
    pub fn public(&self) -> &SealingKey {
        &self.public
    }

    /// Opens what was sealed to this key and bound to these bytes.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn open(&self, sealed: &str, bound_to: &[u8]) -> Result<Zeroizing<String>, SealError> {
        let sealed = STANDARD.decode(sealed).map_err(|_| SealError::NotSealed)?;
        if sealed.len() != SEALED_BYTES || sealed[0] != VERSION {
            return Err(SealError::NotSealed);
        }
        let (head, rest) = sealed.split_at(HEAD_BYTES);
        if head[1..] != self.public.id().0 {
            let mut id = [0; KEY_ID_BYTES];
            id.copy_from_slice(&head[1..]);
            return Err(SealError::OtherKey(KeyId(id)));
        }
        let (enc, ciphertext) = rest.split_at(KEY_BYTES);
        let enc = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(enc).map_err(|_| SealError::Changed)?;
        let plain = single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &self.private,
            &enc,
            INFO,
            ciphertext,
            bound_to,
        );
        let plain = Zeroizing::new(plain.map_err(|_| SealError::Changed)?);
        let text = plain.split_first().and_then(|(length, rest)| rest.get(..usize::from(*length)));
        let text = text.and_then(|text| std::str::from_utf8(text).ok()).ok_or(SealError::Changed)?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    fn of(private: PrivateKey) -> Self {
        let mut bytes = [0; KEY_BYTES];
        bytes.copy_from_slice(&X25519HkdfSha256::sk_to_pk(&private).to_bytes());
        Self { private, public: SealingKey { bytes } }
    }
}

/// Whoever prints a key prints the public one.
impl fmt::Debug for OpeningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "OpeningKey of {}", self.public)
    }
}

/// Randomness as HPKE takes it.
pub(crate) struct Dice<'a>(pub(crate) &'a dyn Entropy);

impl TryRng for Dice<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, buffer: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(buffer);
        Ok(())
    }
}

impl TryCryptoRng for Dice<'_> {}

#[cfg(test)]
mod tests;
