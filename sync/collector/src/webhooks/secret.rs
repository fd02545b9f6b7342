//! The secret between the collector and one receiver, and what it signs (Standard Webhooks, symmetric).

use std::fmt;

use afterword_model::ports::Entropy;
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// How a secret begins, so that scanners of source code know it for one.
const PREFIX: &str = "whsec_";

/// 32 bytes that both sides know. Shown once, when it is made.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret([u8; 32]);

impl WebhookSecret {
    /// A new one.
    pub(crate) fn draw(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// One that was kept.
    pub(crate) fn of(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// To be kept.
    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// As a receiver is given it: `whsec_` and base64.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{PREFIX}{}", BASE64.encode(&self.0))
    }

    /// The signature of a message, as it stands in `webhook-signature`.
    pub(crate) fn sign(&self, id: &str, timestamp_s: i64, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("a key of any length is one");
        mac.update(format!("{id}.{timestamp_s}.").as_bytes());
        mac.update(body);
        format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("WebhookSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use afterword_model::ports::SeededEntropy;

    use super::*;

    #[test]
    fn a_secret_is_known_by_its_prefix_and_shows_itself_nowhere() {
        let secret = WebhookSecret::draw(&SeededEntropy::new(4));
        assert!(secret.text().starts_with("whsec_") && secret.text().len() == 50);
        assert_eq!(format!("{secret:?}"), "WebhookSecret(…)");
    }

    /// Computed with Python's `hmac` for these inputs.
    #[test]
    fn what_is_signed_is_id_moment_and_body() {
        let secret = WebhookSecret::of([7; 32]);
        let signature = secret.sign("msg_1", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,4tb+MnkCTqymlrGQQ6f66PPeMjMas7AHx6XI40qL5MA=");
    }
}
