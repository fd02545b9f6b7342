//! Sealing what a shopper leaves for a reply, to the key of the configuration.

use std::sync::Arc;

use afterword_kiosk_core::Seal;
use afterword_model::ports::Entropy;
use afterword_protocol::seal::SealingKey;

/// Head office's public key and the dice that sealing takes.
pub struct ToHeadOffice {
    /// To whom.
    pub key: SealingKey,
    /// Every text is sealed with a key of its own.
    pub entropy: Arc<dyn Entropy>,
}

impl Seal for ToHeadOffice {
    fn seal(&self, details: &str, bound_to: &[u8]) -> Option<String> {
        let sealed = self.key.seal(details, bound_to, &*self.entropy);
        // The error says nothing of the text.
        sealed.inspect_err(|error| tracing::error!(%error, "a shopper's wish for a reply was not kept")).ok()
    }
}
