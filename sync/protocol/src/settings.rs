//! Settings on their way from head office to one device: what it asks and shows, signed for it alone.
//!
//! A heartbeat names what the device keeps and what it runs; where the collector has something else for it, the answer carries
//! the whole document, which replaces the kiosk's. As with [`crate::changes`], a version is a digest of what is in it and means
//! nothing but "the same as before"; so the version before is sent again by sending what it said.
//!
//! What is signed is a text of fixed lines ([`Envelope::signed_text`]) that names the device, so that neither another device's
//! document nor one that somebody on the way has written is taken: the agent asks for the signature of the key that it verifies
//! receipts with, which came with its enrolment. Whether one is newer than another is not told by it: a collector that was
//! restored, or whose clock was wrong, is to be heard again, and that no old answer comes twice is TLS's to see to.
//!
//! Invariants: the agent checks signature and device, the kiosk once more what is in it; one that does not pass is refused
//! whole, what was kept stays, and the next heartbeat says why.

use std::io::Read;

use afterword_model::hex::Hex;
use afterword_model::record::DeviceId;
use afterword_model::settings::{Settings, SettingsError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::keys::{Signature, SigningKey, VerifyingKey};
use crate::limits::{
    ANSWER_BODY_MAX, CASE_STEPS_BYTES_MAX, CHANGE_BYTES_MAX, CHANGES_SHOWN_MAX, SETTINGS_BYTES_MAX,
    SETTINGS_PACKED_MAX, SETTINGS_REASON_CHARS_MAX,
};

// Base64 makes four of three; what else an answer holds is under 4 KiB, two certificates among it.
const _: () = assert!(
    CHANGES_SHOWN_MAX * CHANGE_BYTES_MAX + CASE_STEPS_BYTES_MAX + SETTINGS_PACKED_MAX / 3 * 4 + 8 * 1024
        <= ANSWER_BODY_MAX
);

/// Of a survey, level 9 is near as small as it gets, and takes a millisecond.
const ZSTD_LEVEL: i32 = 9;
/// A window of 512 KiB spans a whole document; a frame that asks for more memory is refused.
const ZSTD_WINDOW_LOG_MAX: u32 = 19;

#[doc(hidden)]
pub enum SettingsVersionKind {}
/// Tells one document from another; all zeros for one that decides nothing.
pub type SettingsVersion = Hex<16, SettingsVersionKind>;

/// The version of a device that goes by its own file alone.
pub const NO_SETTINGS: SettingsVersion = SettingsVersion::new([0; 16]);

/// What a kiosk says of its settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsHeld {
    /// What is kept, and holds from the next start on at the latest.
    pub kept: SettingsVersion,
    /// What holds now. It is another one while somebody is answering, or when the program was put back to one that cannot read
    /// what was kept.
    pub runs: SettingsVersion,
}

/// Settings that a device did not take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsRefused {
    /// Which.
    pub version: SettingsVersion,
    /// Why, for head office to read: one sentence, at most [`SETTINGS_REASON_CHARS_MAX`] characters.
    pub reason: String,
}

/// A document for one device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// For whom.
    pub device: DeviceId,
    /// Of what is in it.
    pub version: SettingsVersion,
    /// When it was signed, by the collector's clock, in milliseconds since 1970-01-01T00:00:00Z.
    pub issued_ms: i64,
    /// The JSON of [`Settings`], as one zstd frame, in base64.
    pub packed: String,
}

/// A document and the collector's signature over [`Envelope::signed_text`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedSettings {
    /// What is said.
    pub envelope: Envelope,
    /// Who said it.
    pub signature: Signature,
}

/// Why a document is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// For somebody else.
    #[error("the settings are for the device {0} and not for this one; they are not taken")]
    OtherDevice(DeviceId),
    /// Not head office's, or changed on the way.
    #[error(
        "the settings are not signed by the collector that this device was enrolled with; they are not taken"
    )]
    Signature,
    /// Longer than any.
    #[error("the settings are longer than {SETTINGS_BYTES_MAX} bytes; take something out of the survey")]
    Long,
    /// Not packed as they should be.
    #[error("the settings cannot be unpacked: {0}; they are not taken")]
    Packed(String),
    /// They are others than the version says.
    #[error("the settings are not those of their version; they are not taken")]
    Version,
    /// A field cannot be used.
    #[error("the settings cannot be used, {0}")]
    Field(#[from] SettingsError),
}

/// The version of these settings.
#[must_use]
pub fn version(settings: &Settings) -> SettingsVersion {
    if settings.is_empty() {
        return NO_SETTINGS;
    }
    SettingsVersion::from_slice(&Sha256::digest(settings.to_json())[..16]).expect("a digest has 32 bytes")
}

impl Envelope {
    /// Packs settings for a device.
    ///
    /// # Errors
    /// [`EnvelopeError::Long`] when they do not fit an answer.
    pub fn pack(settings: &Settings, device: DeviceId, issued_ms: i64) -> Result<Self, EnvelopeError> {
        let json = settings.to_json();
        if json.len() > SETTINGS_BYTES_MAX {
            return Err(EnvelopeError::Long);
        }
        let packed = zstd::bulk::compress(json.as_bytes(), ZSTD_LEVEL)
            .map_err(|error| EnvelopeError::Packed(error.to_string()))?;
        if packed.len() > SETTINGS_PACKED_MAX {
            return Err(EnvelopeError::Long);
        }
        Ok(Self { device, version: version(settings), issued_ms, packed: BASE64.encode(packed) })
    }

    /// The text that is signed: a line for the kind and one for each field, in the order of the struct, each ended by a line
    /// feed; of what is packed its SHA-256 in hexadecimal, as it stands in base64.
    #[must_use]
    pub fn signed_text(&self) -> String {
        let digest = Hex::<32, SettingsVersionKind>::new(Sha256::digest(&self.packed).into());
        format!("afterword-settings-v1\n{}\n{}\n{}\n{digest}\n", self.device, self.version, self.issued_ms)
    }

    /// Signs it.
    #[must_use]
    pub fn sign(self, key: &SigningKey) -> SignedSettings {
        let signature = key.sign(self.signed_text().as_bytes());
        SignedSettings { envelope: self, signature }
    }

    /// What is in it, when a kiosk can go by that.
    ///
    /// # Errors
    /// [`EnvelopeError`]; nothing of it is to be used then.
    pub fn open(&self) -> Result<Settings, EnvelopeError> {
        let settings = self.unpack()?;
        settings.check()?;
        if version(&settings) == self.version { Ok(settings) } else { Err(EnvelopeError::Version) }
    }

    fn unpack(&self) -> Result<Settings, EnvelopeError> {
        // Looked at before anything of that size is made of it.
        if self.packed.len() > SETTINGS_PACKED_MAX.div_ceil(3) * 4 {
            return Err(EnvelopeError::Long);
        }
        let unreadable = |error: std::io::Error| EnvelopeError::Packed(error.to_string());
        let packed = BASE64.decode(&self.packed).map_err(|_| EnvelopeError::Packed("no base64".into()))?;
        let mut frame =
            zstd::stream::read::Decoder::with_buffer(&packed[..]).map_err(unreadable)?.single_frame();
        frame.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(unreadable)?;
        let mut json = Vec::new();
        // One byte more than allowed tells "full" from "too much" without reading the rest of a bomb.
        frame.take(SETTINGS_BYTES_MAX as u64 + 1).read_to_end(&mut json).map_err(unreadable)?;
        if json.len() > SETTINGS_BYTES_MAX {
            return Err(EnvelopeError::Long);
        }
        let json = String::from_utf8(json).map_err(|_| EnvelopeError::Packed("no UTF-8".into()))?;
        Ok(Settings::from_json(&json)?)
    }
}

impl SignedSettings {
    /// That this key signed exactly this, for this device.
    ///
    /// # Errors
    /// [`EnvelopeError::OtherDevice`] and [`EnvelopeError::Signature`].
    pub fn verify(&self, key: &VerifyingKey, device: &DeviceId) -> Result<(), EnvelopeError> {
        if !key.verifies(self.envelope.signed_text().as_bytes(), &self.signature) {
            return Err(EnvelopeError::Signature);
        }
        let of = self.envelope.device;
        if of == *device { Ok(()) } else { Err(EnvelopeError::OtherDevice(of)) }
    }
}

impl SettingsRefused {
    /// Why these are not taken, as long as it may be and without a character that a terminal would obey.
    #[must_use]
    pub fn of(version: SettingsVersion, reason: &str) -> Self {
        let reason = reason.chars().map(|one| if one.is_control() { ' ' } else { one });
        Self { version, reason: reason.take(SETTINGS_REASON_CHARS_MAX).collect() }
    }
}

#[cfg(test)]
mod tests {
    use afterword_model::ports::SeededEntropy;

    use super::*;

    const DEVICE: DeviceId = DeviceId::new([1; 16]);

    fn settings() -> Settings {
        Settings { store_name: Some("Mill Lane".into()), ..Settings::default() }
    }

    fn key() -> SigningKey {
        SigningKey::generate(&SeededEntropy::new(1))
    }

    fn envelope() -> Envelope {
        Envelope::pack(&settings(), DEVICE, 5).unwrap()
    }

    fn holding(json: &[u8]) -> Envelope {
        Envelope { packed: BASE64.encode(zstd::bulk::compress(json, 1).unwrap()), ..envelope() }
    }

    #[test]
    fn settings_come_out_as_they_were_put_in() {
        let signed = envelope().sign(&key());
        let json = serde_json::to_string(&signed).unwrap();
        let read: SignedSettings = serde_json::from_str(&json).unwrap();
        assert_eq!(read.verify(&key().verifying_key(), &DEVICE), Ok(()));
        assert_eq!(read.envelope.open().unwrap(), settings());
        let nothing = Envelope::pack(&Settings::default(), DEVICE, 5).unwrap();
        assert_eq!((nothing.version, nothing.open().unwrap()), (NO_SETTINGS, Settings::default()));
    }

    #[test]
    fn what_was_signed_for_another_device_or_changed_or_by_another_key_is_not_taken() {
        let key = key();
        let signed = envelope().sign(&key);
        let other = DeviceId::new([2; 16]);
        let verifying = key.verifying_key();
        assert_eq!(signed.verify(&verifying, &other), Err(EnvelopeError::OtherDevice(DEVICE)));
        let anybodys = SigningKey::generate(&SeededEntropy::new(2)).verifying_key();
        assert_eq!(signed.verify(&anybodys, &DEVICE), Err(EnvelopeError::Signature));
        for changed in [
            Envelope { device: other, ..envelope() },
            Envelope { version: SettingsVersion::new([9; 16]), ..envelope() },
            Envelope { issued_ms: 6, ..envelope() },
            holding(b"{}"),
        ] {
            let device = changed.device;
            let changed = SignedSettings { envelope: changed, ..signed.clone() };
            assert_eq!(changed.verify(&verifying, &device), Err(EnvelopeError::Signature));
        }
    }

    #[test]
    fn what_is_too_long_or_no_settings_is_refused() {
        let long = Settings { survey: Some("x".repeat(SETTINGS_BYTES_MAX)), ..Settings::default() };
        assert_eq!(Envelope::pack(&long, DEVICE, 0), Err(EnvelopeError::Long));
        assert_eq!(holding(&vec![b' '; 16 * SETTINGS_BYTES_MAX]).open(), Err(EnvelopeError::Long));
        let wide = Envelope { packed: "A".repeat(2 * SETTINGS_PACKED_MAX), ..envelope() };
        assert_eq!(wide.open(), Err(EnvelopeError::Long));
        for packed in ["", "=", "AAAA", "\u{202e}"] {
            let broken = Envelope { packed: packed.into(), ..envelope() };
            assert!(
                matches!(broken.open(), Err(EnvelopeError::Packed(_) | EnvelopeError::Field(_))),
                "{packed}"
            );
        }
        assert!(matches!(holding(b"{\"data\":\"/\"}").open(), Err(EnvelopeError::Field(_))));
        assert!(matches!(holding(b"\xff").open(), Err(EnvelopeError::Packed(_))));
        assert_eq!(holding(b"{\"store_name\":\"x\"}").open(), Err(EnvelopeError::Version));
    }

    #[test]
    fn a_reason_is_short_and_no_terminal_obeys_it() {
        let refused = SettingsRefused::of(NO_SETTINGS, &format!("\u{1b}[2J\n{}", "x".repeat(10_000)));
        assert_eq!(refused.reason.chars().count(), SETTINGS_REASON_CHARS_MAX);
        assert!(!refused.reason.contains(char::is_control));
    }
}
