//! TLS for people's browsers: a certificate that IT gives, or one of the server's own that no browser knows.
//!
//! Apart from the devices' TLS: browsers take no Ed25519 and know nothing of our authorities, so that the server's own is ECDSA and
//! signed by itself; a browser warns of it once. Files that changed are read again without a restart; when they cannot be used, what was
//! in use stays, and the log says why.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use afterword_model::ports::Clock;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::tls::provider;
use crate::config::{Config, pki_path};
use crate::pki::{not_after_ms, replace, set_validity};

const CHAIN_FILE: &str = "web.pem";
const KEY_FILE: &str = "web-key.pem";
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// Browsers take none that is good for longer.
const OWN_LIFE_DAYS: i64 = 397;
/// Another one is made when so little is left.
const RENEWED_DAYS: i64 = 30;

/// People's browsers cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum WebTlsError {
    /// A file cannot be read or written.
    #[error(
        "cannot use {path}: {reason}; give a certificate chain and its private key in PEM that this user may read"
    )]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The two do not go together, or rustls takes neither.
    #[error(
        "TLS refuses {path} with its key: {reason}; give the key that the first certificate of the chain was made for"
    )]
    Refused {
        /// The chain.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// The files of a chain and its key.
#[derive(Debug, Clone)]
pub(crate) struct WebCertificate {
    chain: PathBuf,
    key: PathBuf,
    /// The names it is to be good for, where it is the server's own.
    own: Option<Vec<String>>,
}

impl WebCertificate {
    /// What was configured.
    pub(crate) fn of(config: &Config) -> Self {
        match &config.web_certificate {
            Some((chain, key)) => Self { chain: chain.clone(), key: key.clone(), own: None },
            None => {
                let folder = pki_path(&config.data);
                let own = Some(config.certificate_names());
                Self { chain: folder.join(CHAIN_FILE), key: folder.join(KEY_FILE), own }
            }
        }
    }

    /// TLS with what is in the files now; the server's own are made where they are missing or old.
    pub(crate) fn acceptor(&self, clock: &dyn Clock) -> Result<TlsAcceptor, WebTlsError> {
        if let Some(names) = &self.own {
            self.make_own(names, clock.wall_ms())?;
        }
        let file = |path: &Path, reason: &dyn std::fmt::Display| WebTlsError::File {
            path: path.to_owned(),
            reason: reason.to_string(),
        };
        let chain = CertificateDer::pem_file_iter(&self.chain)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|reason| file(&self.chain, &reason))?;
        if chain.is_empty() {
            return Err(file(&self.chain, &"there is no certificate in it"));
        }
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|reason| file(&self.key, &reason))?;
        let refused = |reason: rustls::Error| WebTlsError::Refused {
            path: self.chain.clone(),
            reason: reason.to_string(),
        };
        let config = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
        let config = config.map_err(refused)?.with_no_client_auth();
        let mut config = config.with_single_cert(chain, key).map_err(refused)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// The file that begins with it.
    pub(crate) fn chain(&self) -> &Path {
        &self.chain
    }

    /// When the files changed last, as far as that can be told.
    pub(crate) fn changed_at(&self) -> [Option<SystemTime>; 2] {
        [&self.chain, &self.key].map(|path| std::fs::metadata(path).and_then(|file| file.modified()).ok())
    }

    fn make_own(&self, names: &[String], now_ms: i64) -> Result<(), WebTlsError> {
        let noted = self.chain.with_extension("names");
        let is_for_them = std::fs::read_to_string(&noted).is_ok_and(|text| text == names.join("\n"));
        let ends_ms = CertificateDer::from_pem_file(&self.chain).ok().and_then(|chain| not_after_ms(&chain));
        let lasts = ends_ms.is_some_and(|ends_ms| ends_ms > now_ms.saturating_add(RENEWED_DAYS * DAY_MS));
        if is_for_them && lasts && self.key.exists() {
            return Ok(());
        }
        let failed = |reason: &dyn std::fmt::Display| WebTlsError::File {
            path: self.chain.clone(),
            reason: reason.to_string(),
        };
        let mut params = CertificateParams::new(names).map_err(|reason| failed(&reason))?;
        let until_ms = now_ms.saturating_add((OWN_LIFE_DAYS - 1) * DAY_MS);
        set_validity(&mut params, now_ms.saturating_sub(DAY_MS), until_ms);
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|reason| failed(&reason))?;
        let certificate = params.self_signed(&key).map_err(|reason| failed(&reason))?;
        // A crash between them leaves a key that does not fit; the names come last, so that the next start makes them anew.
        let put = |path: &Path, text: &str| replace(path, text.as_bytes()).map_err(|reason| failed(&reason));
        let _ = std::fs::remove_file(&noted);
        put(&self.key, &key.serialize_pem())?;
        put(&self.chain, &certificate.pem())?;
        put(&noted, &names.join("\n"))
    }
}
