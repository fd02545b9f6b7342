//! How a new device becomes known: a one-time code and a signing request go in, an identity comes out.
//!
//! The device's key is made on the device and never leaves it. The code is typed by a person, so it is
//! short, has no letters that look alike, and forgives case, spaces and hyphens.

use afterword_model::ports::Entropy;
use afterword_model::record::{DeviceId, ServerEpoch};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::courier::CourierKey;
use crate::keys::VerifyingKey;

/// Path of enrolment on the collector's enrolment port.
pub const ENROLMENT_PATH: &str = "/v1/enrolments";

/// What a device asks for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolmentRequest {
    /// The one-time code, as typed.
    pub code: String,
    /// PKCS#10 signing request in PEM for the device's Ed25519 key. Its subject is ignored.
    pub signing_request_pem: String,
    /// Version of the program, for the fleet list.
    pub agent_version: String,
}

/// What the collector gives (201, `application/json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolled {
    /// The device's name from now on.
    pub device: DeviceId,
    /// What people call it.
    pub name: String,
    /// The device's certificate in PEM, signed by the collector's device CA.
    pub certificate_pem: String,
    /// The collector's CA in PEM: from now on the only one the device trusts.
    pub collector_ca_pem: String,
    /// The key that signs receipts.
    pub receipt_key: VerifyingKey,
    /// Where the device sends batches, as `https://host:port`.
    pub collector_url: String,
    /// The collector's present epoch.
    pub server_epoch: ServerEpoch,
    /// What courier bundles are sealed to; `None` from a collector that takes none. A later one comes with a heartbeat's answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub courier_key: Option<CourierKey>,
}

/// A one-time code in its one spelling: 12 letters without hyphens.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct EnrolmentCode(String);

/// Text that is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "an enrolment code has 12 letters and figures, like K7QM-2XJP-9WTD; check it against the one from `afterword-collector device add`"
)]
pub struct NotACode;

impl EnrolmentCode {
    /// Letters of a code, in the order in which a page offers them: Crockford's base 32, which leaves out I, L, O and U.
    pub const ALPHABET: &'static [u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    /// Letters in a code: 60 bits, which nobody guesses over a rate-limited network within its day.
    pub const LETTERS: usize = 12;

    /// A new code.
    pub fn generate(entropy: &impl Entropy) -> Self {
        let bytes = entropy.bytes::<{ Self::LETTERS }>();
        Self(bytes.iter().map(|byte| char::from(Self::ALPHABET[usize::from(byte % 32)])).collect())
    }

    /// Reads what a person typed: case, spaces and hyphens do not matter; O is read as 0, I and L as 1.
    ///
    /// # Errors
    /// [`NotACode`] for other letters or another length.
    pub fn parse(typed: &str) -> Result<Self, NotACode> {
        let letters: String = typed
            .chars()
            .filter(|letter| !matches!(letter, ' ' | '-'))
            .map(|letter| match letter.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            })
            .collect();
        let known = letters.bytes().all(|letter| Self::ALPHABET.contains(&letter));
        if known && letters.len() == Self::LETTERS { Ok(Self(letters)) } else { Err(NotACode) }
    }

    /// What the collector keeps instead of the code: SHA-256 over `afterword-code-v1\n` and the 12 letters.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(b"afterword-code-v1\n");
        hash.update(self.0.as_bytes());
        hash.finalize().into()
    }
}

impl From<EnrolmentCode> for String {
    fn from(code: EnrolmentCode) -> Self {
        code.to_string()
    }
}

impl TryFrom<String> for EnrolmentCode {
    type Error = NotACode;
    fn try_from(typed: String) -> Result<Self, NotACode> {
        Self::parse(&typed)
    }
}

impl std::fmt::Display for EnrolmentCode {
    /// In groups of four, as it is read aloud.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}-{}", &self.0[..4], &self.0[4..8], &self.0[8..])
    }
}

impl std::fmt::Debug for EnrolmentCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EnrolmentCode(…)")
    }
}

#[cfg(test)]
mod tests {
    use afterword_model::ports::SeededEntropy;

    use super::*;

    #[test]
    fn a_code_forgives_how_it_is_typed() {
        let code = EnrolmentCode::parse("K7QM-2XJP-9W10").unwrap();
        for typed in ["k7qm2xjp9w10", " k7qm 2xjp 9wlo", "K7QM-2XJP-9WIO"] {
            assert_eq!(EnrolmentCode::parse(typed), Ok(code.clone()), "{typed}");
        }
        for wrong in ["", "K7QM-2XJP-9WT", "K7QM-2XJP-9WTDD", "K7QM-2XJP-9WU0", "K7QM-2XJP-9Wé0"] {
            assert_eq!(EnrolmentCode::parse(wrong), Err(NotACode), "{wrong}");
        }
    }

    #[test]
    fn a_new_code_reads_back() {
        let code = EnrolmentCode::generate(&SeededEntropy::new(3));
        assert_eq!(EnrolmentCode::parse(&code.to_string()), Ok(code));
    }
}
