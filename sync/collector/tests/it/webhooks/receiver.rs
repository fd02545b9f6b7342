//! A receiver of webhooks as a stranger would write one from the standard's page alone: it answers as the test says, and checks signatures with an
//! HMAC of its own (RFC 2104 over SHA-256, written out).

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use data_encoding::BASE64;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::support::PATIENCE;

/// What it answers from now on.
#[derive(Clone, Copy)]
pub(crate) enum Says {
    Status(u16),
    With(u16, &'static str, &'static str),
    /// Nothing at all, while the connection stays open.
    Nothing,
}

/// A message that came.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) id: String,
    pub(crate) timestamp: i64,
    pub(crate) signatures: Vec<String>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) body: Value,
}

impl Got {
    pub(crate) fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap()
    }

    /// Whether one of its signatures is made with this secret.
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let key = BASE64.decode(secret.strip_prefix("whsec_").unwrap().as_bytes()).unwrap();
        let signed = [format!("{}.{}.", self.id, self.timestamp).as_bytes(), &self.bytes].concat();
        let expected = format!("v1,{}", BASE64.encode(&hmac(&key, &signed)));
        self.signatures.contains(&expected)
    }
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    assert!(key.len() <= 64);
    let padded =
        |with: u8| -> Vec<u8> { (0..64).map(|place| key.get(place).copied().unwrap_or(0) ^ with).collect() };
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize().into()
}

struct Inner {
    inbox: watch::Sender<Vec<Got>>,
    says: Mutex<Says>,
}

pub(crate) struct Receiver {
    pub(crate) url: String,
    inner: Arc<Inner>,
    serving: AbortHandle,
}

impl Receiver {
    pub(crate) async fn start(says: Says) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/in", listener.local_addr().unwrap());
        let inner = Arc::new(Inner { inbox: watch::Sender::new(Vec::new()), says: Mutex::new(says) });
        let router = Router::new().fallback(take).with_state(Arc::clone(&inner));
        let serving =
            tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }).abort_handle();
        Self { url, inner, serving }
    }

    pub(crate) fn says(&self, says: Says) {
        *self.inner.says.lock().unwrap() = says;
    }

    /// All that came until now.
    pub(crate) fn got(&self) -> Vec<Got> {
        self.inner.inbox.borrow().clone()
    }

    /// What came, once it is as much as this.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Got> {
        let mut inbox = self.inner.inbox.subscribe();
        let enough = tokio::time::timeout(PATIENCE, inbox.wait_for(|got| got.len() >= count)).await;
        match enough {
            Ok(got) => got.unwrap().clone(),
            Err(_) => panic!("{count} messages were waited for, and these came: {:#?}", self.got()),
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn take(State(inner): State<Arc<Inner>>, headers: HeaderMap, bytes: Bytes) -> Response {
    let header = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/json");
    let got = Got {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp").parse().unwrap(),
        signatures: header("webhook-signature").split(' ').map(str::to_owned).collect(),
        body: serde_json::from_slice(&bytes).unwrap(),
        bytes: bytes.to_vec(),
    };
    let says = *inner.says.lock().unwrap();
    inner.inbox.send_modify(|inbox| inbox.push(got));
    match says {
        Says::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Says::With(status, name, value) => {
            (StatusCode::from_u16(status).unwrap(), [(name, value)]).into_response()
        }
        Says::Nothing => std::future::pending().await,
    }
}
