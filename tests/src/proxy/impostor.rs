//! Somebody on the line who answers in the collector's place: a captive portal, a proxy that opens TLS, an
//! overloaded front.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use afterword_protocol::batch::BATCHES_PATH;
use anyhow::{Context, Result};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

/// Makes an answer to a request: all bytes of it.
type Answer = dyn Fn(&Seen) -> Vec<u8> + Send + Sync;

/// A request that an impostor has read.
#[derive(Debug, Clone)]
pub struct Seen {
    /// When.
    pub at: Instant,
    /// Its first line and header fields, in lower case.
    pub head: String,
    /// How many requests to the same address it has read before.
    pub number: usize,
    /// How many bytes its body had.
    pub body_bytes: usize,
}

impl Seen {
    /// Whether a batch was to be delivered.
    #[must_use]
    pub fn is_batch(&self) -> bool {
        self.address().is_some_and(|address| address == BATCHES_PATH)
    }

    fn address(&self) -> Option<&str> {
        self.head.split(' ').nth(1)
    }
}

/// A server of its own; see the module.
pub struct Impostor {
    tls: TlsAcceptor,
    answer: Box<Answer>,
    seen: Mutex<Vec<Seen>>,
}

impl Impostor {
    /// Has the certificate and key of the collector whose data folder this is, so that nobody can tell by TLS.
    ///
    /// # Errors
    /// When the keys cannot be read.
    pub fn with_keys_of(
        data: &Path,
        answer: impl Fn(&Seen) -> Vec<u8> + Send + Sync + 'static,
    ) -> Result<Arc<Self>> {
        let certificate = CertificateDer::from_pem_file(data.join("pki/server.pem"))?;
        let key = PrivateKeyDer::from_pem_file(data.join("pki/server.key"))?;
        Self::new(vec![certificate], key, Box::new(answer))
    }

    /// Has a certificate for the right name, from a certification authority of its own.
    ///
    /// # Errors
    /// When the certificates cannot be made.
    pub fn of_another_ca(answer: impl Fn(&Seen) -> Vec<u8> + Send + Sync + 'static) -> Result<Arc<Self>> {
        let ca_key = KeyPair::generate_for(&rcgen::PKCS_ED25519)?;
        let mut ca = CertificateParams::default();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = Issuer::new(ca, ca_key);
        let key = KeyPair::generate_for(&rcgen::PKCS_ED25519)?;
        let certificate = CertificateParams::new(["localhost".to_owned()])?.signed_by(&key, &issuer)?;
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        Self::new(vec![certificate.der().clone()], key.into(), Box::new(answer))
    }

    fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
        answer: Box<Answer>,
    ) -> Result<Arc<Self>> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .context("an impostor's certificate")?;
        Ok(Arc::new(Self { tls: TlsAcceptor::from(Arc::new(config)), answer, seen: Mutex::default() }))
    }

    /// The requests it has read so far.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Answers one request and hangs up.
    pub(super) async fn serve(&self, client: TcpStream) {
        let Ok(mut stream) = self.tls.accept(client).await else { return };
        let Some(mut seen) = read_request(&mut stream).await else { return };
        {
            let mut all = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.number = all.iter().filter(|before| before.address() == seen.address()).count();
            all.push(seen.clone());
        }
        // A client that has hung up needs no answer.
        let _ = stream.write_all(&(self.answer)(&seen)).await;
        let _ = stream.shutdown().await;
    }
}

async fn read_request(stream: &mut (impl AsyncReadExt + Unpin)) -> Option<Seen> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.map_or(Some(0), |length| length.parse().ok())?;
            if bytes.len() >= end + 4 + length {
                return Some(Seen { at: Instant::now(), head, number: 0, body_bytes: length });
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// An answer's bytes: status, header fields each ended by a line break, body.
#[must_use]
pub fn http(status: u16, fields: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\n{fields}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}")
        .into_bytes()
}
