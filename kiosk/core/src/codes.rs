//! Follow-up codes: drawn as a visit ends, from the entropy that the session was given.

use std::fmt;
use std::sync::Arc;

use afterword_model::follow_up::FollowUpCode;
use afterword_model::ports::Entropy;

/// The dice of a session, if it has any. Sessions do not differ by them.
#[derive(Clone, Default)]
pub(crate) struct Codes(pub(crate) Option<Arc<dyn Entropy>>);

impl Codes {
    /// A code of nobody yet. What the survey leaves to chance is in the records ([`crate::draws`]), so a code has nothing to do
    /// with it.
    pub(crate) fn draw(&self) -> Option<FollowUpCode> {
        self.0.as_deref().map(FollowUpCode::draw)
    }
}

impl PartialEq for Codes {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Codes {}

impl fmt::Debug for Codes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.0.is_some() { "Codes" } else { "no Codes" })
    }
}
