//! Fixed-size byte strings that are written as lower-case hexadecimal: heads, epochs, nonces, device ids.

use std::fmt;
use std::marker::PhantomData;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `N` bytes with a meaning `K`, shown and read as `2 * N` lower-case hexadecimal digits.
///
/// The meaning keeps an epoch from being passed where a head is wanted; it takes no room.
pub struct Hex<const N: usize, K> {
    bytes: [u8; N],
    kind: PhantomData<fn() -> K>,
}

/// The text was not the expected number of lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} lower-case hexadecimal digits")]
pub struct NotHex {
    /// How many digits there should have been.
    pub expected: usize,
}

impl<const N: usize, K> Hex<N, K> {
    /// Wraps the bytes as they are.
    #[must_use]
    pub const fn new(bytes: [u8; N]) -> Self {
        Self { bytes, kind: PhantomData }
    }

    /// The bytes themselves.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; N] {
        &self.bytes
    }

    /// Reads `2 * N` lower-case hexadecimal digits. Upper case is refused, so that a value has one spelling.
    ///
    /// # Errors
    /// [`NotHex`] for any other text.
    pub fn parse(text: &str) -> Result<Self, NotHex> {
        let not_hex = NotHex { expected: 2 * N };
        let decoded = data_encoding::HEXLOWER.decode(text.as_bytes()).map_err(|_| not_hex)?;
        Ok(Self::new(decoded.try_into().map_err(|_| not_hex)?))
    }

    /// Takes exactly `N` bytes, as a database column or a frame holds them.
    ///
    /// # Errors
    /// [`NotHex`] when there are more or fewer.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, NotHex> {
        bytes.try_into().map(Self::new).map_err(|_| NotHex { expected: 2 * N })
    }
}

// Derives would ask the same of `K`, which is never held.
impl<const N: usize, K> Clone for Hex<N, K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<const N: usize, K> Copy for Hex<N, K> {}
impl<const N: usize, K> PartialEq for Hex<N, K> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}
impl<const N: usize, K> Eq for Hex<N, K> {}
impl<const N: usize, K> PartialOrd for Hex<N, K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<const N: usize, K> Ord for Hex<N, K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.bytes.cmp(&other.bytes)
    }
}
impl<const N: usize, K> std::hash::Hash for Hex<N, K> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.bytes.hash(state);
    }
}
impl<const N: usize, K> fmt::Display for Hex<N, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.bytes))
    }
}
impl<const N: usize, K> fmt::Debug for Hex<N, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl<const N: usize, K> std::str::FromStr for Hex<N, K> {
    type Err = NotHex;
    fn from_str(text: &str) -> Result<Self, NotHex> {
        Self::parse(text)
    }
}
impl<const N: usize, K> Serialize for Hex<N, K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de, const N: usize, K> Deserialize<'de> for Hex<N, K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Two = Hex<2, ()>;

    #[test]
    fn one_value_has_one_spelling() {
        assert_eq!(Two::parse("0aff").unwrap().to_string(), "0aff");
        for wrong in ["0AFF", "0af", "0aff0", "0afg", ""] {
            assert_eq!(Two::parse(wrong), Err(NotHex { expected: 4 }), "{wrong}");
        }
    }

    #[test]
    fn json_is_the_text() {
        let json = serde_json::to_string(&Two::new([1, 2])).unwrap();
        assert_eq!(json, "\"0102\"");
        assert_eq!(serde_json::from_str::<Two>(&json).unwrap(), Two::new([1, 2]));
        assert!(serde_json::from_str::<Two>("\"01\"").is_err());
    }
}
