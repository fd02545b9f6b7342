//! Who the device is: its key, its certificate, and the one collector it believes.
//!
//! On disk: `key.pem` (the private key, readable by its owner alone) and `identity.json` (what the collector
//! gave, an [`Enrolled`]). Invariants: an identity exists exactly when `identity.json` does, which is written
//! last; its certificate is for its own key; the key is never overwritten, and the certificate only by one that has been
//! tried. A file that is broken is reported by name.

use std::path::{Path, PathBuf};
use std::{fs, io};

use afterword_protocol::courier::CourierKey;
use afterword_protocol::enrolment::Enrolled;
use afterword_protocol::heartbeat::{Fingerprint, fingerprint};
use afterword_protocol::keys::SigningKey;
use rustls::pki_types::PrivatePkcs8KeyDer;
use x509_parser::oid_registry::OID_SIG_ED25519;
use x509_parser::pem::parse_x509_pem;

use crate::files::{Durability, PRIVATE, replace};
use crate::tls;

/// Name of the file with what the collector gave.
pub const IDENTITY_FILE: &str = "identity.json";
/// Name of the file with the private key.
pub const KEY_FILE: &str = "key.pem";

/// A device's identity, checked.
#[derive(Debug, Clone)]
pub struct Identity {
    enrolled: Enrolled,
    key: SigningKey,
    not_before_ms: i64,
    not_after_ms: i64,
}

/// There is no usable identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The device was never enrolled.
    #[error("this device has no identity in {}: run `afterword-sync enrol` first", .0.display())]
    Missing(PathBuf),
    /// A file cannot be read or written.
    #[error("{} cannot be used ({error}): check the disk and the owner of the file", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file says something else than it should.
    #[error("{} is broken ({what}): restore it, or move it away and enrol the device again", .path.display())]
    Broken {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
}

impl Identity {
    /// Puts what the collector gave together with the device's key.
    ///
    /// # Errors
    /// A sentence part when the two do not fit, or a field cannot be used.
    pub fn new(enrolled: Enrolled, key: SigningKey) -> Result<Self, String> {
        let (not_before_ms, not_after_ms) = check_certificate(&enrolled.certificate_pem, &key)?;
        tls::roots(&enrolled.collector_ca_pem).map_err(|error| format!("collector_ca_pem: {error}"))?;
        let url: reqwest::Url =
            enrolled.collector_url.parse().map_err(|_| "collector_url is no address".to_owned())?;
        if url.scheme() != "https" || url.host_str().is_none() {
            return Err("collector_url is not https://HOST[:PORT]".into());
        }
        Ok(Self { enrolled, key, not_before_ms, not_after_ms })
    }

    /// Whether the directory holds an identity, usable or not.
    #[must_use]
    pub fn is_in(state_dir: &Path) -> bool {
        state_dir.join(IDENTITY_FILE).exists()
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn load(state_dir: &Path) -> Result<Self, IdentityError> {
        let path = state_dir.join(IDENTITY_FILE);
        let json = fs::read(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => IdentityError::Missing(state_dir.into()),
            _ => IdentityError::File { path: path.clone(), error },
        })?;
        let broken = |path: &Path, what: String| IdentityError::Broken { path: path.into(), what };
        let enrolled = serde_json::from_slice(&json).map_err(|error| broken(&path, error.to_string()))?;
        let key_path = state_dir.join(KEY_FILE);
        let key = read_key(&key_path)?;
        Self::new(enrolled, key).map_err(|what| broken(&path, what))
    }

    /// Writes it: the key first, then `identity.json`, which makes it one.
    pub(crate) fn store(&self, state_dir: &Path) -> Result<(), IdentityError> {
        write(state_dir, KEY_FILE, self.key.to_pem().as_bytes())?;
        self.store_enrolled(state_dir)
    }

    fn store_enrolled(&self, state_dir: &Path) -> Result<(), IdentityError> {
        let json = serde_json::to_vec_pretty(&self.enrolled).expect("an identity holds only texts");
        write(state_dir, IDENTITY_FILE, &json)
    }

    /// The same device with another certificate and other CAs to trust.
    ///
    /// # Errors
    /// As [`Identity::new`].
    pub fn renewed(&self, certificate_pem: String, collector_ca_pem: String) -> Result<Self, String> {
        let enrolled = Enrolled { certificate_pem, collector_ca_pem, ..self.enrolled.clone() };
        Self::new(enrolled, self.key.clone())
    }

    /// The same device, which seals courier bundles to this key.
    #[must_use]
    pub(crate) fn sealing_to(&self, courier_key: CourierKey) -> Self {
        let enrolled = Enrolled { courier_key: Some(courier_key), ..self.enrolled.clone() };
        Self { enrolled, ..self.clone() }
    }

    /// The PKCS#10 request for this device's key, in PEM.
    #[must_use]
    pub fn signing_request(&self) -> String {
        signing_request(&self.key)
    }

    /// The fingerprints of the CA certificates it trusts.
    #[must_use]
    pub fn trusted(&self) -> Vec<Fingerprint> {
        let certificates = tls::certificates(&self.enrolled.collector_ca_pem).unwrap_or_default();
        certificates.iter().map(|certificate| fingerprint(certificate)).collect()
    }

    /// What the collector gave.
    #[must_use]
    pub fn enrolled(&self) -> &Enrolled {
        &self.enrolled
    }

    /// The device's key.
    #[must_use]
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// Begin of the certificate's validity, milliseconds since 1970. It was later than this when the device
    /// was enrolled, so a clock that says less is wrong.
    #[must_use]
    pub fn certificate_not_before_ms(&self) -> i64 {
        self.not_before_ms
    }

    /// End of the certificate's validity, milliseconds since 1970.
    #[must_use]
    pub fn certificate_not_after_ms(&self) -> i64 {
        self.not_after_ms
    }
}

fn write(state_dir: &Path, name: &str, bytes: &[u8]) -> Result<(), IdentityError> {
    replace(state_dir, name, bytes, PRIVATE, Durability::Durable)
        .map_err(|error| IdentityError::File { path: state_dir.join(name), error })
}

/// Where a renewed identity is kept. When it returns without an error, that is durable.
pub type Keep = Box<dyn Fn(&Identity) -> Result<(), IdentityError> + Send + Sync>;

/// Keeps a renewed identity in the directory it was read from. The key is not written: it stays the same.
#[must_use]
pub fn keep_in(state_dir: PathBuf) -> Keep {
    Box::new(move |identity| identity.store_enrolled(&state_dir))
}

/// The PKCS#10 request for this key, in PEM.
///
/// # Panics
/// Never: every Ed25519 key can sign a request without names.
#[must_use]
pub fn signing_request(key: &SigningKey) -> String {
    let der = PrivatePkcs8KeyDer::from(key.to_pkcs8_der().to_vec());
    let pair = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&der, &rcgen::PKCS_ED25519)
        .expect("an Ed25519 key in PKCS#8 is what this takes");
    let mut params = rcgen::CertificateParams::default();
    // The collector names devices; a name from here would only suggest otherwise.
    params.distinguished_name = rcgen::DistinguishedName::new();
    let request =
        params.serialize_request(&pair).expect("a request without names and extensions is always valid");
    request.pem().expect("a request has a PEM form")
}

/// Reads a key file.
pub(crate) fn read_key(path: &Path) -> Result<SigningKey, IdentityError> {
    let pem = fs::read_to_string(path).map_err(|error| IdentityError::File { path: path.into(), error })?;
    SigningKey::from_pem(&pem)
        .map_err(|error| IdentityError::Broken { path: path.into(), what: error.to_string() })
}

/// The first certificate's validity in milliseconds, when it is for this key.
fn check_certificate(pem: &str, key: &SigningKey) -> Result<(i64, i64), String> {
    let (_, pem) = parse_x509_pem(pem.as_bytes()).map_err(|_| "certificate_pem is no PEM".to_owned())?;
    let certificate = pem.parse_x509().map_err(|_| "certificate_pem holds no certificate".to_owned())?;
    let public = certificate.public_key();
    let ours = public.algorithm.algorithm == OID_SIG_ED25519
        && public.subject_public_key.data.as_ref() == key.verifying_key().as_bytes();
    if !ours {
        return Err("the certificate is for another key than this device's".into());
    }
    let validity = certificate.validity();
    let ms = |seconds: i64| seconds.saturating_mul(1_000);
    Ok((ms(validity.not_before.timestamp()), ms(validity.not_after.timestamp())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{enrolled, identity, key};

    #[test]
    fn an_identity_survives_its_files() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(Identity::load(dir.path()), Err(IdentityError::Missing(_))));
        let written = identity(1);
        written.store(dir.path()).unwrap();
        let read = Identity::load(dir.path()).unwrap();
        assert_eq!(read.enrolled(), written.enrolled());
        assert_eq!(read.key().verifying_key(), written.key().verifying_key());
        assert!(read.certificate_not_before_ms() < read.certificate_not_after_ms());
    }

    #[test]
    fn a_certificate_for_another_key_is_refused() {
        let error = Identity::new(enrolled(&key(1)), key(2)).unwrap_err();
        assert!(error.contains("another key"), "{error}");
    }

    #[test]
    fn an_address_without_tls_is_refused() {
        let key = key(1);
        for url in ["http://collector:80", "collector:8443", "", "https://"] {
            let enrolled = Enrolled { collector_url: url.into(), ..enrolled(&key) };
            assert!(Identity::new(enrolled, key.clone()).is_err(), "{url}");
        }
    }

    #[test]
    fn a_broken_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        identity(1).store(dir.path()).unwrap();
        for (file, content) in [(KEY_FILE, "rubbish"), (IDENTITY_FILE, "{}")] {
            let right = fs::read(dir.path().join(file)).unwrap();
            fs::write(dir.path().join(file), content).unwrap();
            let error = Identity::load(dir.path()).unwrap_err().to_string();
            assert!(error.contains(file), "{error}");
            fs::write(dir.path().join(file), right).unwrap();
        }
        fs::remove_file(dir.path().join(KEY_FILE)).unwrap();
        assert!(Identity::load(dir.path()).unwrap_err().to_string().contains(KEY_FILE));
    }
}
