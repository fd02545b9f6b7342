//! What brought somebody to the kiosk, as a till or a sensor tells it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Pairs that a moment carries at most; a till has a lane, a receipt and a cashier to tell, and little else.
pub const MOMENT_KEYS_MAX: usize = 8;

/// Longest name of a moment or of a key, in bytes.
pub const MOMENT_NAME_BYTES_MAX: usize = 32;

/// Longest value, in bytes: the number of a receipt has some twenty.
pub const MOMENT_VALUE_BYTES_MAX: usize = 64;

/// An event that brought somebody to the kiosk (`checkout`), with what else is known of it (`lane` is `3`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    name: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    context: BTreeMap<String, String>,
}

/// Why something is no moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MomentError {
    /// A name of other letters, or none, or a long one.
    #[error(
        "`{0}` is no name of a moment or of what it carries; use 1 to {MOMENT_NAME_BYTES_MAX} of a to z, 0 to 9, - and _"
    )]
    Name(String),
    /// More pairs than allowed.
    #[error("the moment carries {0} pairs, and at most {MOMENT_KEYS_MAX} are kept; leave some out")]
    TooMany(usize),
    /// A value that is empty, long, or not visible text on one line.
    #[error(
        "the value of `{0}` is empty, longer than {MOMENT_VALUE_BYTES_MAX} bytes or holds control characters; shorten it"
    )]
    Value(String),
}

impl Moment {
    /// A moment.
    ///
    /// # Errors
    /// [`MomentError`].
    pub fn new(name: &str, context: BTreeMap<String, String>) -> Result<Self, MomentError> {
        let moment = Self { name: name.into(), context };
        moment.check()?;
        Ok(moment)
    }

    /// Whether what was read from elsewhere is a moment.
    ///
    /// # Errors
    /// [`MomentError`].
    pub fn check(&self) -> Result<(), MomentError> {
        if self.context.len() > MOMENT_KEYS_MAX {
            return Err(MomentError::TooMany(self.context.len()));
        }
        for name in [&self.name].into_iter().chain(self.context.keys()) {
            let is_plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
            if name.is_empty() || name.len() > MOMENT_NAME_BYTES_MAX || !name.bytes().all(is_plain) {
                return Err(MomentError::Name(name.chars().take(MOMENT_NAME_BYTES_MAX).collect()));
            }
        }
        let is_bad = |value: &str| {
            value.is_empty()
                || value.len() > MOMENT_VALUE_BYTES_MAX
                || value.chars().any(crate::survey::is_refused)
        };
        match self.context.iter().find(|(_, value)| is_bad(value)) {
            Some((key, _)) => Err(MomentError::Value(key.clone())),
            None => Ok(()),
        }
    }

    /// What it was.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What else was told of it, by name.
    #[must_use]
    pub fn context(&self) -> &BTreeMap<String, String> {
        &self.context
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: usize, key: &str, value: &str) -> Result<Moment, MomentError> {
        let pairs = (0..pairs).map(|count| (format!("{key}{count}"), value.to_owned()));
        Moment::new("checkout", pairs.collect())
    }

    #[test]
    fn eight_pairs_of_short_words_are_kept_and_nothing_longer() {
        assert_eq!(with(8, "lane", "3").unwrap().context().len(), 8);
        assert_eq!(with(9, "lane", "3"), Err(MomentError::TooMany(9)));
        assert_eq!(with(1, "Lane", "3"), Err(MomentError::Name("Lane0".into())));
        assert_eq!(with(1, "lane", ""), Err(MomentError::Value("lane0".into())));
        assert_eq!(with(1, "lane", "3\n4"), Err(MomentError::Value("lane0".into())));
        assert!(with(1, "lane", &"x".repeat(64)).is_ok() && with(1, "lane", &"x".repeat(65)).is_err());
        assert!(
            Moment::new("", BTreeMap::new()).is_err()
                && Moment::new(&"x".repeat(33), BTreeMap::new()).is_err()
        );
    }
}
