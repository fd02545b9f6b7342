//! The port through which a phone number or an address leaves the glass: sealed, so that this device cannot read it
//! again.

use std::fmt;
use std::sync::Arc;

/// Seals to head office's public key.
pub trait Seal: Send + Sync {
    /// The details sealed, in Base64, bound to those bytes ([`afterword_model::contact::ConsentGiven::to_bytes`]);
    /// none where it could not be done, and nothing is kept then.
    fn seal(&self, details: &str, bound_to: &[u8]) -> Option<String>;
}

/// The seal of a session, if it has one. Sessions do not differ by it.
#[derive(Clone, Default)]
pub(crate) struct Sealer(pub(crate) Option<Arc<dyn Seal>>);

impl PartialEq for Sealer {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Sealer {}

impl fmt::Debug for Sealer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.0.is_some() { "Sealer" } else { "no Sealer" })
    }
}
