//! What is read of a PKCS#10 signing request: its key, and that whoever made it holds that key.

use afterword_protocol::keys::VerifyingKey;
use rcgen::{CertificateSigningRequestParams, PKCS_ED25519, PublicKeyData as _};

use crate::refusal::Refusal;

/// Characters kept of what a device says of its program.
const AGENT_VERSION_CHARS_MAX: usize = 64;

/// The key of a signing request, which has to be signed with that very key. Nothing else in it is looked at.
pub(super) fn requested_key(signing_request_pem: &str) -> Result<VerifyingKey, Refusal> {
    let request = CertificateSigningRequestParams::from_pem(signing_request_pem).map_err(|error| {
        Refusal::malformed(format!("signing_request_pem is no sound signing request: {error}"))
    })?;
    let key = VerifyingKey::from_bytes(request.public_key.der_bytes());
    match key {
        Ok(key) if request.public_key.algorithm() == &PKCS_ED25519 => Ok(key),
        _ => Err(Refusal::malformed("signing_request_pem is for another kind of key than Ed25519")),
    }
}

/// As much of a program's version as is kept.
pub(super) fn version(said: &str) -> String {
    said.chars().filter(|character| !character.is_control()).take(AGENT_VERSION_CHARS_MAX).collect()
}
