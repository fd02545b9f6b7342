//! The organisation's own sign-in: OpenID Connect with the authorization code, PKCE, a state and a nonce.
//!
//! What belongs to a sign-in under way lies in a cookie of the browser that began it, so that an answer which was begun elsewhere is none,
//! whichever collector it comes to. Who somebody is, is said by the provider's `iss` and `sub` alone; an address for e-mail never opens an
//! account that is there already. Invariants: a token is believed only with a signature by a key that the provider publishes, for this client,
//! for this nonce, and not after its end; nothing that a provider said is logged but why it was not believed.

mod fetch;
mod settings;

use std::sync::Arc;

use afterword_model::ports::{Clock, Entropy};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreIdToken, CoreJwsSigningAlgorithm,
};
use openidconnect::{
    AuthType, AuthorizationCode, ClientId, ClientSecret, CsrfToken, IssuerUrl, Nonce, PkceCodeChallenge,
    PkceCodeVerifier, ProviderMetadataWithLogout, RedirectUrl, Scope, TokenResponse as _,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;

use self::fetch::Fetcher;
use self::settings::is_safe;
pub use self::settings::{BadOidc, OidcRole, OidcSettings};
use crate::people::Grant;
use crate::people::token::Token;

/// Where a provider sends people back to.
pub(crate) const ANSWER_PATH: &str = "/sign-in/oidc/answer";
/// Where it sends people to whom it has signed out.
pub(crate) const SIGNED_OUT_PATH: &str = "/sign-in";
/// What a sign-in may take, at the provider and at a second device that it may ask for.
pub(crate) const ATTEMPT_LIFE_MS: i64 = 10 * 60 * 1_000;
/// How long what the provider published is taken for what it publishes.
const KEPT_MS: u64 = 10 * 60 * 1_000;
/// How long one that could not be asked is not asked again: who waits for it would else wait behind all others that do.
const UNREACHABLE_MS: u64 = 5_000;
/// With keys that only the provider has. One that is signed with our own secret could be of whoever has read it.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 6] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
];

/// Why nobody is signed in. For the log; who waits at a browser is told less.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OidcError {
    /// The provider cannot be asked.
    #[error(
        "the sign-in at {issuer} cannot be asked: {reason}; check its address, and that this machine reaches it"
    )]
    Unreachable { issuer: String, reason: String },
    /// It does not give a token for the code.
    #[error("the sign-in gave no token for a code: {0}; check the client's id and secret")]
    NoToken(String),
    /// What it gave is not to be believed.
    #[error("a token of the sign-in was not believed: {0}")]
    NotBelieved(String),
}

/// A sign-in under way, as it lies in the browser.
#[derive(Serialize, Deserialize)]
pub(crate) struct Attempt {
    pub(crate) state: String,
    nonce: String,
    verifier: String,
    /// The page to go on with.
    pub(crate) to: String,
    /// The link that was being followed.
    pub(crate) invitation: Option<String>,
    pub(crate) begun_ms: i64,
}

/// Who the provider says that somebody is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The provider (`iss`).
    pub issuer: String,
    /// Who it is there, for good (`sub`).
    pub subject: String,
    /// What can be their login: a verified address for e-mail, or what they are called there.
    pub login: String,
    /// What they are called.
    pub name: String,
    /// What they may do by their groups; none where groups decide nothing.
    pub grants: Option<Vec<Grant>>,
}

/// The way to the organisation's own sign-in.
pub(crate) struct Oidc {
    settings: OidcSettings,
    answer_url: String,
    signed_out_url: String,
    fetcher: Fetcher,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// What the provider published, or why it could not be asked, and when that was, by the monotonic clock.
    published: Mutex<Option<(Result<ProviderMetadataWithLogout, String>, u64)>>,
}

impl Oidc {
    /// For people who come in at this address.
    pub(crate) fn new(
        settings: OidcSettings,
        web_url: &str,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, BadOidc> {
        settings.check()?;
        let fetcher = Fetcher::new().map_err(|error| BadOidc::Client(error.to_string()))?;
        let answer_url = format!("{web_url}{ANSWER_PATH}");
        let signed_out_url = format!("{web_url}{SIGNED_OUT_PATH}");
        Ok(Self {
            settings,
            answer_url,
            signed_out_url,
            fetcher,
            clock,
            entropy,
            published: Mutex::new(None),
        })
    }

    /// What the way in is called.
    pub(crate) fn label(&self) -> &str {
        &self.settings.label
    }

    /// Where to send the browser, and what has to come back with the answer.
    pub(crate) async fn begin(
        &self,
        to: String,
        invitation: Option<String>,
    ) -> Result<(String, Attempt), OidcError> {
        let draw = || Token::draw(&*self.entropy).text().to_owned();
        let attempt = Attempt {
            state: draw(),
            nonce: draw(),
            verifier: draw(),
            to,
            invitation,
            begun_ms: self.clock.wall_ms(),
        };
        let metadata = self.published(false).await?;
        let (state, nonce) = (attempt.state.clone(), attempt.nonce.clone());
        let client = CoreClient::from_provider_metadata(metadata, self.client_id(), None)
            .set_redirect_uri(self.redirect_url()?);
        let verifier = PkceCodeVerifier::new(attempt.verifier.clone());
        let (url, ..) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(state),
                move || Nonce::new(nonce),
            )
            .add_scopes(["profile", "email"].map(|scope| Scope::new(scope.into())))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .url();
        Ok((url.into(), attempt))
    }

    /// Whether an answer with this state is the one to this attempt.
    pub(crate) fn is_answer(&self, attempt: &Attempt, state: &str) -> bool {
        let age_ms = self.clock.wall_ms().saturating_sub(attempt.begun_ms);
        // Compared as digests: how far two of them agree says nothing of either.
        Sha256::digest(&attempt.state) == Sha256::digest(state) && (0..ATTEMPT_LIFE_MS).contains(&age_ms)
    }

    /// Exchanges the code for a token, and reads in it who somebody is. Gives the token as well where the provider signs people out, which
    /// wants it back then.
    pub(crate) async fn finish(
        &self,
        attempt: &Attempt,
        code: &str,
    ) -> Result<(Identity, Option<String>), OidcError> {
        let metadata = self.published(false).await?;
        let secret = self.settings.client_secret.clone().map(ClientSecret::new);
        let signs_out = end_of_sessions(&metadata).is_some();
        let methods = metadata.token_endpoint_auth_methods_supported();
        let by_body =
            methods.is_some_and(|methods| !methods.contains(&CoreClientAuthMethod::ClientSecretBasic));
        let auth_type = if by_body { AuthType::RequestBody } else { AuthType::BasicAuth };
        let client = CoreClient::from_provider_metadata(metadata, self.client_id(), secret)
            .set_redirect_uri(self.redirect_url()?)
            .set_auth_type(auth_type);
        let request = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|error| OidcError::NoToken(error.to_string()))?
            .set_pkce_verifier(PkceCodeVerifier::new(attempt.verifier.clone()));
        let answer = request.request_async(&self.fetcher).await;
        let answer = answer.map_err(|error| OidcError::NoToken(error.to_string()))?;
        let token = answer.id_token().ok_or_else(|| OidcError::NoToken("its answer holds none".into()))?;
        let nonce = Nonce::new(attempt.nonce.clone());
        let identity = match self.identity(token, &nonce, false).await {
            // A provider changes its keys when it likes; they are asked for once more.
            Err(OidcError::NotBelieved(_)) => self.identity(token, &nonce, true).await,
            other => other,
        }?;
        Ok((identity, signs_out.then(|| token.to_string())))
    }

    /// Where to send the browser of somebody who signs out, so that they are signed out at the provider as well (OpenID Connect RP-Initiated
    /// Logout 1.0). None where the provider does not do that, or cannot be asked now. The token of their sign-in says whom it is about;
    /// without one the provider asks them.
    pub(crate) async fn way_out(&self, token: Option<&str>) -> Option<String> {
        let metadata = self.published(false).await;
        let metadata =
            metadata.inspect_err(|error| tracing::warn!(%error, "somebody stays signed in there")).ok()?;
        let mut url = end_of_sessions(&metadata)?;
        let mut parameters = url.query_pairs_mut();
        if let Some(token) = token {
            parameters.append_pair("id_token_hint", token);
        }
        parameters.append_pair("client_id", &self.settings.client_id);
        parameters.append_pair("post_logout_redirect_uri", &self.signed_out_url);
        drop(parameters);
        Some(url.into())
    }

    async fn identity(&self, token: &CoreIdToken, nonce: &Nonce, anew: bool) -> Result<Identity, OidcError> {
        let not_believed = |reason: String| OidcError::NotBelieved(reason);
        let metadata = self.published(anew).await?;
        let client = CoreClient::from_provider_metadata(metadata, self.client_id(), None);
        let now = chrono::DateTime::from_timestamp_millis(self.clock.wall_ms()).unwrap_or_default();
        let verifier = client.id_token_verifier().set_allowed_algs(ALGORITHMS).set_time_fn(move || now);
        let claims = token.claims(&verifier, nonce).map_err(|error| not_believed(chain(&error)))?;
        let subject = claims.subject().to_string();
        let email =
            claims.email().filter(|_| claims.email_verified() == Some(true)).map(|email| email.to_string());
        let called = claims.preferred_username().map(|name| name.to_string());
        let name = claims.name().and_then(|name| name.get(None)).map(|name| name.to_string());
        // What looks like an address is one only where the provider vouches for it: anybody may call themselves by another's.
        let called = called.filter(|called| !called.contains('@'));
        let login = email.or(called).unwrap_or_else(|| subject.clone());
        Ok(Identity {
            issuer: claims.issuer().to_string(),
            name: name.unwrap_or_else(|| login.clone()),
            grants: self.settings.grants(&groups(token, &self.settings.groups_claim)),
            subject,
            login,
        })
    }

    /// What the provider publishes: its addresses and its keys.
    async fn published(&self, anew: bool) -> Result<ProviderMetadataWithLogout, OidcError> {
        let now_ms = self.clock.monotonic_ms();
        let issuer = &self.settings.issuer;
        let unreachable = |reason| OidcError::Unreachable { issuer: issuer.clone(), reason };
        let mut published = self.published.lock().await;
        if let Some((known, at_ms)) = published.as_ref() {
            let kept_ms = if known.is_ok() { KEPT_MS } else { UNREACHABLE_MS };
            if !(anew && known.is_ok()) && now_ms.saturating_sub(*at_ms) < kept_ms {
                return known.clone().map_err(unreachable);
            }
        }
        let found = match IssuerUrl::new(issuer.clone()) {
            Ok(url) => {
                let found = ProviderMetadataWithLogout::discover_async(url, &self.fetcher).await;
                found.map_err(|error| chain(&error))
            }
            Err(error) => Err(error.to_string()),
        };
        *published = Some((found.clone(), now_ms));
        found.map_err(unreachable)
    }

    fn client_id(&self) -> ClientId {
        ClientId::new(self.settings.client_id.clone())
    }

    fn redirect_url(&self) -> Result<RedirectUrl, OidcError> {
        RedirectUrl::new(self.answer_url.clone()).map_err(|error| OidcError::NoToken(error.to_string()))
    }
}

/// Where a provider ends what it knows of somebody's browser; none that one could not trust with their token.
fn end_of_sessions(metadata: &ProviderMetadataWithLogout) -> Option<openidconnect::url::Url> {
    let url = metadata.additional_metadata().end_session_endpoint.as_ref()?.url();
    url.as_str().parse().is_ok_and(|uri| is_safe(&uri)).then(|| url.clone())
}

/// The groups that a token names, whose signature was verified just before.
fn groups(token: &CoreIdToken, claim: &str) -> Vec<String> {
    let text = token.to_string();
    let payload =
        text.split('.').nth(1).and_then(|part| data_encoding::BASE64URL_NOPAD.decode(part.as_bytes()).ok());
    let claims: Option<serde_json::Value> = payload.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    match claims.as_ref().map(|claims| &claims[claim]) {
        Some(serde_json::Value::Array(groups)) => {
            groups.iter().filter_map(|group| group.as_str().map(str::to_owned)).collect()
        }
        Some(serde_json::Value::String(group)) => vec![group.clone()],
        _ => Vec::new(),
    }
}

/// An error with what it came from, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}
