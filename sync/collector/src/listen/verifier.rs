//! Who gets a connection on the device port: whoever shows a certificate of a device authority that is good now, was
//! good until it ended, or begins later.
//!
//! An expired certificate is checked as of its own last moment, everything else about it as strictly as ever. All it
//! can reach is renewal; every other address looks at the end of its validity and refuses. One that begins later is
//! checked as of its first moment: our own authority wrote that date, by a clock of ours that was ahead, and no device
//! has a say in it. Its end lies later still, so it is not over either.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme,
};

use super::tls::provider;
use crate::pki::{Pki, not_after_ms, not_before_ms};

/// The check, on top of rustls' own.
#[derive(Debug)]
pub(crate) struct DeviceVerifier(Arc<dyn ClientCertVerifier>);

impl DeviceVerifier {
    /// For the device authorities of these keys.
    pub(crate) fn new(pki: &Pki) -> Result<Self, VerifierBuilderError> {
        let mut roots = RootCertStore::empty();
        for authority in pki.device_authorities() {
            roots.add(authority.clone()).map_err(|_| VerifierBuilderError::NoRootAnchors)?;
        }
        Ok(Self(WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build()?))
    }
}

impl ClientCertVerifier for DeviceVerifier {
    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let at = |moment_ms: Option<i64>| {
            let moment_ms = moment_ms.and_then(|moment_ms| u64::try_from(moment_ms).ok()).unwrap_or(0);
            let moment = UnixTime::since_unix_epoch(Duration::from_millis(moment_ms));
            self.0.verify_client_cert(end_entity, intermediates, moment)
        };
        match self.0.verify_client_cert(end_entity, intermediates, now) {
            Err(Error::InvalidCertificate(
                CertificateError::Expired | CertificateError::ExpiredContext { .. },
            )) => at(not_after_ms(end_entity)),
            Err(Error::InvalidCertificate(
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
            )) => at(not_before_ms(end_entity)),
            decided => decided,
        }
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
