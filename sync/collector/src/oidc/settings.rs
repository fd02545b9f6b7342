//! What an operator says of the organisation's own sign-in.

use http::Uri;

use crate::people::{Grant, Role};

/// What an operator says of the organisation's own sign-in.
#[derive(Debug, Clone)]
pub struct OidcSettings {
    /// The provider: the address below which `.well-known/openid-configuration` is.
    pub issuer: String,
    /// Who we are there.
    pub client_id: String,
    /// By which the provider knows us; none for a public client.
    pub client_secret: Option<String>,
    /// What the way in is called, as in "Sign in with …".
    pub label: String,
    /// The claim that names somebody's groups.
    pub groups_claim: String,
    /// What groups let people do. Without any, people come by an invitation, and what they may do is said here.
    pub roles: Vec<OidcRole>,
}

/// What a group lets its people do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcRole {
    /// The group, as the provider names it.
    pub group: String,
    /// What its people may do, and where.
    pub grant: Grant,
}

/// Why the organisation's own sign-in cannot be used as it is set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadOidc {
    /// No address that one could trust.
    #[error(
        "`{0}` is no address of a sign-in; give --oidc-issuer as in https://login.example, and plain http on this machine alone"
    )]
    Issuer(String),
    /// No role.
    #[error(
        "`{0}` is no role of a group; write GROUP=ROLE or GROUP=ROLE@PLACE, with viewer, manager, lead or admin"
    )]
    Role(String),
    /// Requests cannot be made from here.
    #[error("requests to the sign-in cannot be made: {0}; check this machine's certificates")]
    Client(String),
}

impl OidcRole {
    /// Reads `GROUP=ROLE` or `GROUP=ROLE@PLACE`.
    ///
    /// # Errors
    /// [`BadOidc::Role`].
    pub fn parse(text: &str) -> Result<Self, BadOidc> {
        let wrong = || BadOidc::Role(text.to_owned());
        let (group, rest) = text.split_once('=').ok_or_else(wrong)?;
        let (role, place) = match rest.split_once('@') {
            Some((role, place)) => (role, Some(place.trim().to_owned())),
            None => (rest, None),
        };
        let role = Role::named(role.trim()).ok_or_else(wrong)?;
        let group = group.trim().to_owned();
        if group.is_empty() || place.as_deref() == Some("") {
            return Err(wrong());
        }
        Ok(Self { group, grant: Grant { role, place } })
    }
}

impl OidcSettings {
    /// Whether they can be used.
    pub(crate) fn check(&self) -> Result<(), BadOidc> {
        let wrong = || BadOidc::Issuer(self.issuer.clone());
        let uri: Uri = self.issuer.parse().map_err(|_| wrong())?;
        if is_safe(&uri) && uri.query().is_none() { Ok(()) } else { Err(wrong()) }
    }

    /// What these groups let somebody do: at each place the highest role. `None` where groups decide nothing.
    pub(super) fn grants(&self, groups: &[String]) -> Option<Vec<Grant>> {
        if self.roles.is_empty() {
            return None;
        }
        let mut grants: Vec<Grant> = Vec::new();
        for OidcRole { grant, .. } in self.roles.iter().filter(|role| groups.contains(&role.group)) {
            match grants.iter_mut().find(|known| known.place == grant.place) {
                Some(known) => known.role = known.role.max(grant.role),
                None => grants.push(grant.clone()),
            }
        }
        Some(grants)
    }
}

/// Whether what is sent there can be read by nobody on the way.
pub(super) fn is_safe(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    let is_here = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    !host.is_empty() && (uri.scheme_str() == Some("https") || (uri.scheme_str() == Some("http") && is_here))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(issuer: &str, roles: &[&str]) -> OidcSettings {
        OidcSettings {
            issuer: issuer.into(),
            client_id: "afterword".into(),
            client_secret: None,
            label: "Example".into(),
            groups_claim: "groups".into(),
            roles: roles.iter().map(|role| OidcRole::parse(role).unwrap()).collect(),
        }
    }

    #[test]
    fn a_provider_is_asked_over_tls_or_on_this_machine() {
        for right in ["https://login.example/realms/shops", "http://127.0.0.1:8080", "http://localhost"] {
            assert_eq!(settings(right, &[]).check(), Ok(()), "{right}");
        }
        for wrong in [
            "http://login.example",
            "login.example",
            "https://",
            "https://login.example?x=1",
            "ftp://localhost",
        ] {
            assert!(settings(wrong, &[]).check().is_err(), "{wrong}");
        }
    }

    #[test]
    fn of_several_groups_the_highest_role_at_each_place_holds() {
        let settings = settings(
            "https://x.example",
            &["all=viewer", "heads=lead", "north=manager@North", "all=viewer@North"],
        );
        let grants = settings.grants(&["all".into(), "heads".into(), "north".into()]).unwrap();
        let words: Vec<_> = grants.iter().map(|grant| (grant.role, grant.place.as_deref())).collect();
        assert_eq!(words, [(Role::Lead, None), (Role::Manager, Some("North"))]);
        assert_eq!(settings.grants(&["others".into()]), Some(Vec::new()));
        for wrong in ["x", "=admin", "x=root", "x=admin@"] {
            assert!(OidcRole::parse(wrong).is_err(), "{wrong}");
        }
    }
}
