//! Tokens by which programs come in, and what each may do.
//!
//! A token begins with `awt_`, so that scanners of source code know it for a secret. Its rights are scopes, each for one thing, at a place
//! and in all that lies there; it ends by itself. Pure: what is kept of tokens is in `storage`.

use std::collections::BTreeSet;

use afterword_model::ports::Entropy;

use super::Stores;
use super::token::Token;
use crate::storage::Tree;

/// How the secret of a token begins.
pub(crate) const SECRET_PREFIX: &str = "awt_";

/// One thing that a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Read the state of kiosks.
    FleetRead,
    /// Enrol and revoke kiosks.
    FleetWrite,
    /// Read regions and stores.
    PlacesRead,
    /// Read what was published as changed.
    ChangesRead,
    /// Publish and withdraw changes.
    ChangesWrite,
    /// Read follow-ups.
    CasesRead,
    /// Take steps of follow-ups.
    CasesWrite,
    /// Read responses.
    ResponsesRead,
    /// Read what responses come to.
    NumbersRead,
    /// Read notes beside days.
    NotesRead,
    /// Write notes beside days, and take them back.
    NotesWrite,
    /// Read webhooks and what became of their messages.
    WebhooksRead,
    /// Make and remove webhooks, and have messages sent again.
    WebhooksWrite,
    /// Read who has an account.
    PeopleRead,
    /// Read what head office decides about kiosks.
    SettingsRead,
    /// Decide about kiosks.
    SettingsWrite,
    /// Find, give out and erase what is held of one shopper's answer.
    PrivacyWrite,
    /// Read what the collector measures of itself.
    MetricsRead,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::FleetRead,
        Self::FleetWrite,
        Self::PlacesRead,
        Self::ChangesRead,
        Self::ChangesWrite,
        Self::CasesRead,
        Self::CasesWrite,
        Self::ResponsesRead,
        Self::NumbersRead,
        Self::NotesRead,
        Self::NotesWrite,
        Self::WebhooksRead,
        Self::WebhooksWrite,
        Self::PeopleRead,
        Self::SettingsRead,
        Self::SettingsWrite,
        Self::PrivacyWrite,
        Self::MetricsRead,
    ];

    /// As it is stored, typed and sent.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::FleetRead => "fleet:read",
            Self::FleetWrite => "fleet:write",
            Self::PlacesRead => "places:read",
            Self::ChangesRead => "changes:read",
            Self::ChangesWrite => "changes:write",
            Self::CasesRead => "cases:read",
            Self::CasesWrite => "cases:write",
            Self::ResponsesRead => "responses:read",
            Self::NumbersRead => "numbers:read",
            Self::NotesRead => "notes:read",
            Self::NotesWrite => "notes:write",
            Self::WebhooksRead => "webhooks:read",
            Self::WebhooksWrite => "webhooks:write",
            Self::PeopleRead => "people:read",
            Self::SettingsRead => "settings:read",
            Self::SettingsWrite => "settings:write",
            Self::PrivacyWrite => "privacy:write",
            Self::MetricsRead => "metrics:read",
        }
    }

    /// What it lets a program do, in one sentence.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::FleetRead => "read the state of kiosks and how much of what they collected is here",
            Self::FleetWrite => "get codes for new kiosks, and revoke kiosks",
            Self::PlacesRead => "read which stores are in which region",
            Self::ChangesRead => "read what idle screens say was changed",
            Self::ChangesWrite => "put changes on idle screens, and take them off",
            Self::CasesRead => "read follow-ups with what was said and done",
            Self::CasesWrite => "take steps of follow-ups, as head office does",
            Self::ResponsesRead => {
                "read and export responses with their comments, never with contact details"
            }
            Self::NumbersRead => "read the numbers of all stores and of one, with their intervals",
            Self::NotesRead => "read what people noted beside days",
            Self::NotesWrite => "write notes beside days, and take them back",
            Self::WebhooksRead => "read which programs are told what, and what became of each message",
            Self::WebhooksWrite => {
                "have programs told of what this token may read, stop that, and have messages sent again"
            }
            Self::PeopleRead => "read who has an account and may do what; for the whole of it alone",
            Self::SettingsRead => "read what is decided for kiosks, layer by layer, and what a kiosk runs",
            Self::SettingsWrite => "decide for kiosks, layer by layer; nothing goes out before a roll-out",
            Self::PrivacyWrite => {
                "give out and erase everything that is held of one shopper's answer; with contact details as they are sealed"
            }
            Self::MetricsRead => {
                "read at /metrics how the collector does, for Prometheus; for the whole of it alone"
            }
        }
    }

    /// The scope of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// What is kept of a token. Times are milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// What people call it, and by what it is revoked.
    pub name: String,
    /// What it may do.
    pub scopes: BTreeSet<Scope>,
    /// The region or store in which; everywhere where there is none.
    pub place: Option<String>,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_ms: i64,
    /// When it ends by itself.
    pub expires_ms: i64,
    /// When it was last used, to a minute.
    pub last_used_ms: Option<i64>,
    /// When it was revoked.
    pub revoked_ms: Option<i64>,
}

impl ApiToken {
    /// Whether it opens anything at this moment.
    #[must_use]
    pub fn holds(&self, now_ms: i64) -> bool {
        self.revoked_ms.is_none() && now_ms < self.expires_ms
    }

    /// The stores that it may see.
    #[must_use]
    pub fn stores(&self, tree: &Tree) -> Stores {
        match &self.place {
            None => Stores::All,
            Some(place) => Stores::Some(tree.stores_in(place).into_iter().map(str::to_owned).collect()),
        }
    }
}

/// The secret of a token as it is handed out: the prefix and 43 characters of base64url.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiSecret(Token);

impl ApiSecret {
    /// A new one.
    pub(crate) fn draw(entropy: &dyn Entropy) -> Self {
        Self(Token::draw(entropy))
    }

    /// One that was sent; `None` for what was never handed out.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        text.strip_prefix(SECRET_PREFIX).and_then(Token::parse).map(Self)
    }

    /// As a program sends it.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{SECRET_PREFIX}{}", self.0.text())
    }

    /// By which it is known again.
    pub(crate) fn digest(&self) -> [u8; 32] {
        self.0.digest()
    }
}

#[cfg(test)]
mod tests {
    use afterword_model::ports::SeededEntropy;

    use super::*;

    #[test]
    fn a_secret_is_known_by_its_prefix_and_shows_itself_nowhere() {
        let secret = ApiSecret::draw(&SeededEntropy::new(3));
        assert!(secret.text().starts_with("awt_") && secret.text().len() == 47);
        assert_eq!(ApiSecret::parse(&secret.text()), Some(secret.clone()));
        assert_eq!(ApiSecret::parse(&secret.text()[4..]), None);
        assert!(!format!("{secret:?}").contains(&secret.text()[4..]));
    }

    #[test]
    fn a_scope_is_found_by_its_name_alone() {
        for scope in Scope::ALL {
            assert_eq!(Scope::named(scope.name()), Some(scope));
        }
        assert_eq!(Scope::named("fleet"), None);
    }
}
