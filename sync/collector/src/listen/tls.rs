//! The TLS side of both ports: rustls with its ring provider, handed over explicitly, never as a process default.
//!
//! TLS 1.3 alone: both ends are ours. No session is resumed, so that every connection proves itself anew against the injected
//! clock; the device port asks for a certificate of the device authority within the handshake.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use afterword_model::ports::Clock;
use rustls::crypto::CryptoProvider;
use rustls::server::NoServerSessionStorage;
use rustls::time_provider::TimeProvider;
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use tokio_rustls::TlsAcceptor;

use super::verifier::DeviceVerifier;
use crate::pki::Pki;

/// TLS could not be set up from keys and certificates that were read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    #[error(transparent)]
    Config(#[from] rustls::Error),
    #[error(transparent)]
    Verifier(#[from] rustls::server::VerifierBuilderError),
}

/// For the device port: a client certificate of a device authority, or no connection.
pub(crate) fn device_port(pki: &Pki, clock: Arc<dyn Clock>) -> Result<TlsAcceptor, TlsError> {
    let builder = builder(clock)?.with_client_cert_verifier(Arc::new(DeviceVerifier::new(pki)?));
    Ok(finish(builder.with_single_cert(vec![pki.server_identity().0.clone()], server_key(pki))?))
}

/// For the enrolment port: the server proves itself, whoever comes has no certificate yet.
pub(crate) fn enrol_port(pki: &Pki, clock: Arc<dyn Clock>) -> Result<TlsAcceptor, TlsError> {
    let builder = builder(clock)?.with_no_client_auth();
    Ok(finish(builder.with_single_cert(vec![pki.server_identity().0.clone()], server_key(pki))?))
}

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// For connections to others, who are known by an authority that this machine trusts.
pub(crate) fn outward() -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let tls = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    Ok(tls.with_root_certificates(roots).with_no_client_auth())
}

fn builder(
    clock: Arc<dyn Clock>,
) -> Result<rustls::ConfigBuilder<ServerConfig, rustls::WantsVerifier>, rustls::Error> {
    ServerConfig::builder_with_details(provider(), Arc::new(InjectedTime(clock)))
        .with_protocol_versions(&[&TLS13])
}

fn server_key(pki: &Pki) -> PrivateKeyDer<'static> {
    PrivatePkcs8KeyDer::from(pki.server_identity().1.to_pkcs8_der().to_vec()).into()
}

fn finish(mut config: ServerConfig) -> TlsAcceptor {
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

/// The injected clock in the form that rustls asks for.
struct InjectedTime(Arc<dyn Clock>);

impl TimeProvider for InjectedTime {
    fn current_time(&self) -> Option<UnixTime> {
        let wall_ms = u64::try_from(self.0.wall_ms()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_millis(wall_ms)))
    }
}

impl fmt::Debug for InjectedTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InjectedTime")
    }
}
