//! An OpenID provider as small as one can be: it lets everybody in, as whoever the test says, with ES256 or RS256.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use afterword_model::ports::{Clock as _, ManualClock};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, SigningKey as _};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

pub(crate) const CLIENT: &str = "afterword";
pub(crate) const SECRET: &str = "a secret of the client";

/// A key that nobody has but these tests: the cryptography at hand makes none of this kind.
const RSA_KEY: &str = include_str!("rsa.pem");

pub(crate) struct Provider {
    pub(crate) url: String,
    inner: Arc<Mutex<Inner>>,
    serving: AbortHandle,
}

struct Inner {
    url: String,
    clock: Arc<ManualClock>,
    key: KeyPair,
    kid: u32,
    /// By the code: what was asked for with it.
    codes: HashMap<String, HashMap<String, String>>,
    drawn: u32,
    /// What is said in place of what would be right; `!` says what is done to the token.
    says: Map<String, Value>,
    /// Whether it signs people out, and what it was asked for then.
    signs_out: bool,
    signed_out: Vec<HashMap<String, String>>,
}

type Shared = Arc<Mutex<Inner>>;

impl Provider {
    /// One that signs with ES256.
    pub(crate) async fn start() -> Self {
        Self::with_key(new_key()).await
    }

    /// One that signs with RS256, as most do.
    pub(crate) async fn with_rsa() -> Self {
        Self::with_key(KeyPair::from_pem_and_sign_algo(RSA_KEY, &PKCS_RSA_SHA256).unwrap()).await
    }

    async fn with_key(key: KeyPair) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let inner = Arc::new(Mutex::new(Inner {
            url: url.clone(),
            clock: Arc::new(ManualClock::at(0)),
            key,
            kid: 1,
            codes: HashMap::new(),
            drawn: 0,
            says: Map::new(),
            signs_out: false,
            signed_out: Vec::new(),
        }));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(configuration))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .route("/keys", get(keys))
            .route("/logout", get(logout))
            .with_state(Arc::clone(&inner));
        let serving =
            tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }).abort_handle();
        Self { url, inner, serving }
    }

    /// Goes by this clock from now on.
    pub(crate) fn follow(&self, clock: Arc<ManualClock>) {
        lock(&self.inner).clock = clock;
    }

    /// Says this of whoever comes next, and of those after.
    pub(crate) fn says(&self, claims: &Value) {
        lock(&self.inner).says = claims.as_object().unwrap().clone();
    }

    /// Signs with another key.
    pub(crate) fn rotate(&self) {
        let mut inner = lock(&self.inner);
        inner.key = new_key();
        inner.kid += 1;
    }

    /// Has a way to be signed out there.
    pub(crate) fn sign_people_out(&self) {
        lock(&self.inner).signs_out = true;
    }

    /// What somebody's browser does at the page that sends it there: gives the path that it is sent back to, and what was asked for.
    pub(crate) async fn sign_out(&self, url: &str) -> (String, HashMap<String, String>) {
        assert!(url.starts_with(&format!("{}/logout?", self.url)), "{url}");
        let back = self.visit(url).await;
        (back, lock(&self.inner).signed_out.pop().unwrap())
    }

    pub(crate) fn stop(&self) {
        self.serving.abort();
    }

    /// What somebody's browser does there: gives the path that it is sent back to.
    pub(crate) async fn authorize(&self, url: &str) -> String {
        assert!(url.starts_with(&format!("{}/authorize?", self.url)), "{url}");
        self.visit(url).await
    }

    async fn visit(&self, url: &str) -> String {
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let client = client.tls_backend_preconfigured(crate::support::tls("", None)).build().unwrap();
        let answer = client.get(url).send().await.unwrap();
        let location = answer.headers()["location"].to_str().unwrap();
        let path = location.split_once("//").unwrap().1.split_once('/').unwrap().1;
        format!("/{path}")
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.stop();
    }
}

fn lock(inner: &Shared) -> MutexGuard<'_, Inner> {
    inner.lock().unwrap()
}

fn new_key() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()
}

async fn configuration(State(inner): State<Shared>) -> Json<Value> {
    let (url, signs_out) = {
        let inner = lock(&inner);
        (inner.url.clone(), inner.signs_out)
    };
    let mut published = json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "jwks_uri": format!("{url}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
    });
    if signs_out {
        published["end_session_endpoint"] = format!("{url}/logout?realm=shops").into();
    }
    Json(published)
}

async fn logout(State(inner): State<Shared>, Query(asked): Query<HashMap<String, String>>) -> Redirect {
    let to = asked["post_logout_redirect_uri"].clone();
    lock(&inner).signed_out.push(asked);
    Redirect::to(&to)
}

async fn keys(State(inner): State<Shared>) -> Json<Value> {
    let inner = lock(&inner);
    let (kid, public) = (inner.kid.to_string(), inner.key.public_key_raw());
    let mut key = json!({ "use": "sig", "alg": inner.algorithm(), "kid": kid });
    let parts = if inner.algorithm() == "RS256" {
        let [n, e] = two_numbers(public).map(|number| BASE64URL_NOPAD.encode(number));
        json!({ "kty": "RSA", "n": n, "e": e })
    } else {
        let [x, y] = [&public[1..33], &public[33..]].map(|number| BASE64URL_NOPAD.encode(number));
        json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y })
    };
    key.as_object_mut().unwrap().extend(parts.as_object().unwrap().clone());
    Json(json!({ "keys": [key] }))
}

async fn authorize(State(inner): State<Shared>, Query(asked): Query<HashMap<String, String>>) -> Redirect {
    assert_eq!(
        (&*asked["response_type"], &*asked["client_id"], &*asked["code_challenge_method"]),
        ("code", CLIENT, "S256")
    );
    assert!(asked["scope"].split(' ').any(|scope| scope == "openid"), "{asked:?}");
    let mut inner = lock(&inner);
    inner.drawn += 1;
    let code = format!("code-{}", inner.drawn);
    let to = format!("{}?code={code}&state={}", asked["redirect_uri"], asked["state"]);
    inner.codes.insert(code, asked);
    Redirect::to(&to)
}

async fn token(State(inner): State<Shared>, headers: HeaderMap, body: String) -> Response {
    let sent: HashMap<String, String> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let basic = headers["authorization"].to_str().unwrap().strip_prefix("Basic ").unwrap();
    let given = String::from_utf8(BASE64.decode(basic.as_bytes()).unwrap()).unwrap();
    let secret: String = form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let mut inner = lock(&inner);
    // A code is good once, for who asked for it.
    let asked = inner.codes.remove(&sent["code"]).filter(|asked| {
        let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(&sent["code_verifier"]));
        given == format!("{CLIENT}:{secret}")
            && sent["redirect_uri"] == asked["redirect_uri"]
            && challenge == asked["code_challenge"]
    });
    let Some(asked) = asked else {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response();
    };
    let id_token = inner.id_token(&asked["nonce"]);
    Json(json!({ "access_token": "none of ours", "token_type": "Bearer", "id_token": id_token }))
        .into_response()
}

impl Inner {
    fn algorithm(&self) -> &'static str {
        if self.key.is_compatible(&PKCS_RSA_SHA256) { "RS256" } else { "ES256" }
    }

    fn id_token(&self, nonce: &str) -> String {
        let now_s = self.clock.wall_ms() / 1_000;
        let mut claims = json!({ "iss": self.url, "sub": "u-0", "aud": CLIENT, "iat": now_s, "exp": now_s + 300, "nonce": nonce });
        for (name, value) in self.says.iter().filter(|(name, _)| *name != "!") {
            match value {
                Value::Null => claims.as_object_mut().unwrap().remove(name),
                value => claims.as_object_mut().unwrap().insert(name.clone(), value.clone()),
            };
        }
        let wish = self.says.get("!").and_then(Value::as_str).unwrap_or_default();
        let algorithm = match wish {
            "none" | "HS256" => wish,
            "stranger" => "ES256",
            _ => self.algorithm(),
        };
        let encode = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let header = encode(&json!({ "alg": algorithm, "kid": self.kid.to_string(), "typ": "JWT" }));
        let signed = format!("{header}.{}", encode(&claims));
        let signature = match wish {
            "none" => Vec::new(),
            "HS256" => hmac(SECRET.as_bytes(), signed.as_bytes()).to_vec(),
            "stranger" => fixed(&new_key().sign(signed.as_bytes()).unwrap()),
            _ => {
                let signature = self.key.sign(signed.as_bytes()).unwrap();
                if algorithm == "RS256" { signature } else { fixed(&signature) }
            }
        };
        if wish == "changed" {
            claims["sub"] = "u-1".into();
        }
        format!("{header}.{}.{}", encode(&claims), BASE64URL_NOPAD.encode(&signature))
    }
}

/// The two numbers of an ECDSA signature in 32 bytes each, as JWS has them (RFC 7518, 3.4), from DER.
fn fixed(der: &[u8]) -> Vec<u8> {
    let pad = |number: &[u8]| [&[0; 32][number.len()..], number].concat();
    two_numbers(der).map(pad).concat()
}

/// The two numbers of a sequence in DER, without zeros before them.
fn two_numbers(der: &[u8]) -> [&[u8]; 2] {
    // What is behind a tag and its length, and what follows.
    fn part(der: &[u8]) -> (&[u8], &[u8]) {
        let (length, rest) = match der[1] {
            short @ 0..0x80 => (usize::from(short), &der[2..]),
            long => {
                let (length, rest) = der[2..].split_at(usize::from(long & 0x7f));
                (length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
            }
        };
        rest.split_at(length)
    }
    let (first, rest) = part(part(der).0);
    let (second, _) = part(rest);
    [first, second].map(|number| &number[number.iter().take_while(|byte| **byte == 0).count()..])
}

/// HMAC-SHA-256 (RFC 2104) with a key of at most 64 bytes.
fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let pad = |with: u8| {
        let mut block = [with; 64];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().into()
}
