//! Secrets that open something: an invitation's link, a session's cookie. 256 bits of chance; kept is their SHA-256 alone.

use afterword_model::ports::Entropy;
use sha2::{Digest as _, Sha256};

/// A secret as it is handed out: 43 characters of base64url.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A new one.
    pub(crate) fn draw(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes);
        Self(data_encoding::BASE64URL_NOPAD.encode(&bytes))
    }

    /// One that was handed back; `None` for what was never handed out.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        (bytes.len() == 32).then(|| Self(text.to_owned()))
    }

    /// As it stands in a link or a cookie.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// By which it is known again.
    pub(crate) fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// What a form of this session has to bring along: known to who has read a page of it, and of no use for anything else.
    pub(crate) fn form_key(&self) -> String {
        let digest = Sha256::new().chain_update(b"afterword form\0").chain_update(&self.0).finalize();
        data_encoding::BASE64URL_NOPAD.encode(&digest)
    }
}

/// Never with what it is.
impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use afterword_model::ports::SeededEntropy;

    use super::*;

    #[test]
    fn a_token_is_known_again_and_shows_itself_nowhere() {
        let token = Token::draw(&SeededEntropy::new(7));
        assert_eq!(Token::parse(token.text()).unwrap().digest(), token.digest());
        assert_eq!((token.text().len(), format!("{token:?}").as_str()), (43, "Token"));
        assert_ne!(token.form_key(), token.text());
        for wrong in ["", "short", &format!("{}=", token.text()), &"é".repeat(43)] {
            assert!(Token::parse(wrong).is_none(), "{wrong}");
        }
    }
}
