//! One private certificate authority, the certificates it issues, and what a certificate says of its bearer.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use afterword_model::record::DeviceId;
use afterword_protocol::keys::{SigningKey, VerifyingKey};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ED25519, PublicKeyData, SerialNumber, SignatureAlgorithm,
    date_time_ymd,
};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use x509_parser::extensions::GeneralName;
use x509_parser::oid_registry::OID_SIG_ED25519;
use x509_parser::prelude::X509Certificate;

use super::files::{read_certificate, read_key};
use super::{DAY_MS, PkiError};

/// How long an authority is good, in milliseconds: 20 years, longer than any device is.
const AUTHORITY_LIFE_MS: i64 = 20 * 365 * DAY_MS;
/// Certificates begin a day early, for devices whose clocks are behind, but by no more than a tenth of their life.
const BACKDATED_MS: i64 = DAY_MS;

/// A certificate that may sign others, and its key.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    certificate: CertificateDer<'static>,
}

/// A certificate to be issued.
pub(super) struct Leaf {
    pub(super) purpose: Purpose,
    pub(super) life_ms: i64,
    pub(super) now_ms: i64,
    pub(super) serial: [u8; 16],
}

/// Whom a certificate is for.
pub(super) enum Purpose {
    /// A device, which proves itself as a client.
    Device(DeviceId),
    /// The collector under these names.
    Server(Vec<String>),
}

/// What a device's certificate says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bearer {
    /// From the subject's common name.
    pub(crate) device: DeviceId,
    /// Whose certificate it is.
    pub(crate) public_key: VerifyingKey,
    /// Until when it is good.
    pub(crate) not_after_ms: i64,
}

impl Authority {
    /// Reads `file` and the key beside it.
    pub(super) fn read(folder: &Path, file: &str) -> Result<Self, PkiError> {
        let path = folder.join(file);
        let broken = |expected| PkiError::Broken { path: path.clone(), expected };
        let (pem, certificate) = read_certificate(&path)?;
        let key = read_key(&folder.join(key_file(file)))?;
        if public_key(&certificate) != Some(key.verifying_key()) {
            return Err(broken("the certificate of the key beside it"));
        }
        let issuer = Issuer::from_ca_cert_der(&certificate, key_pair(&key)?)
            .map_err(|_| broken("the certificate of an authority"))?;
        Ok(Self { issuer, pem, certificate })
    }

    /// Signs a certificate for this public key.
    pub(super) fn issue(&self, leaf: &Leaf, public_key: &VerifyingKey) -> Result<Certificate, PkiError> {
        let mut params = match &leaf.purpose {
            Purpose::Device(device) => {
                let mut params = params(&device.to_string(), leaf.now_ms, leaf.life_ms, leaf.serial);
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
                params
            }
            Purpose::Server(names) => {
                let mut params = params("Afterword collector", leaf.now_ms, leaf.life_ms, leaf.serial);
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
                params.subject_alt_names = CertificateParams::new(names.clone())?.subject_alt_names;
                params
            }
        };
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        Ok(params.signed_by(&RawPublicKey(*public_key), &self.issuer)?)
    }

    /// The authority's own certificate.
    pub(super) fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// The same in PEM.
    pub(super) fn pem(&self) -> &str {
        &self.pem
    }
}

/// The file of the key to the certificate in `file`.
pub(super) fn key_file(file: &str) -> String {
    file.replace(".pem", ".key")
}

/// The certificate of a new authority, in PEM.
pub(super) fn self_signed(
    name: &str,
    key: &SigningKey,
    now_ms: i64,
    serial: [u8; 16],
) -> Result<String, PkiError> {
    let mut params = params(name, now_ms, AUTHORITY_LIFE_MS, serial);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params.self_signed(&key_pair(key)?)?.pem())
}

/// That a certificate can hold these names.
pub(crate) fn check_names(names: &[String]) -> Result<(), PkiError> {
    let is_label = |label: &str| {
        let letters = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        letters && !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-')
    };
    let is_name =
        |name: &str| name.parse::<IpAddr>().is_ok() || (name.len() <= 253 && name.split('.').all(is_label));
    match names.iter().find(|name| !is_name(name)) {
        Some(wrong) => Err(PkiError::HostName(wrong.clone())),
        None => Ok(()),
    }
}

/// Whether this is the certificate of this key, from this authority, for just these names.
pub(super) fn serves(
    certificate: &CertificateDer<'_>,
    key: &SigningKey,
    authority: &Authority,
    names: &[String],
) -> bool {
    let Ok((_, parsed)) = x509_parser::parse_x509_certificate(certificate) else { return false };
    let Ok((_, issuer)) = x509_parser::parse_x509_certificate(&authority.certificate) else { return false };
    let wanted: BTreeSet<String> = names.iter().cloned().collect();
    public_key(certificate) == Some(key.verifying_key())
        && parsed.verify_signature(Some(issuer.public_key())).is_ok()
        && alternative_names(&parsed) == wanted
}

/// The end of a certificate's validity, milliseconds since 1970.
pub(crate) fn not_after_ms(certificate: &CertificateDer<'_>) -> Option<i64> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    parsed.validity().not_after.timestamp().checked_mul(1_000)
}

/// The beginning of a certificate's validity, milliseconds since 1970.
pub(crate) fn not_before_ms(certificate: &CertificateDer<'_>) -> Option<i64> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    parsed.validity().not_before.timestamp().checked_mul(1_000)
}

/// Whose certificate this is; `None` for one that [`Authority::issue`] did not make for a device.
pub(crate) fn read_bearer(certificate: &CertificateDer<'_>) -> Option<Bearer> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let name = parsed.subject().iter_common_name().next()?.as_str().ok()?;
    Some(Bearer {
        device: DeviceId::parse(name).ok()?,
        public_key: public_key(certificate)?,
        not_after_ms: not_after_ms(certificate)?,
    })
}

fn public_key(certificate: &CertificateDer<'_>) -> Option<VerifyingKey> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let key = parsed.public_key();
    let is_ed25519 = key.algorithm.algorithm == OID_SIG_ED25519;
    is_ed25519.then(|| VerifyingKey::from_bytes(&key.subject_public_key.data).ok()).flatten()
}

fn alternative_names(certificate: &X509Certificate<'_>) -> BTreeSet<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return BTreeSet::new() };
    let names = extension.value.general_names.iter();
    names
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            GeneralName::IPAddress(bytes) => match bytes.len() {
                4 => <[u8; 4]>::try_from(*bytes).ok().map(|bytes| IpAddr::from(bytes).to_string()),
                _ => <[u8; 16]>::try_from(*bytes).ok().map(|bytes| IpAddr::from(bytes).to_string()),
            },
            _ => None,
        })
        .collect()
}

fn params(common_name: &str, now_ms: i64, life_ms: i64, serial: [u8; 16]) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    let from_ms = now_ms.saturating_sub(BACKDATED_MS.min(life_ms / 10));
    set_validity(&mut params, from_ms, now_ms.saturating_add(life_ms));
    // The first bit clear: the number is positive in DER and keeps its 16 bytes.
    let mut serial = serial;
    serial[0] = (serial[0] & 0x7f) | 0x40;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params
}

/// From when on and until when a certificate is to be good.
pub(crate) fn set_validity(params: &mut CertificateParams, from_ms: i64, until_ms: i64) {
    let moment = |ms: i64| {
        date_time_ymd(1970, 1, 1) + Duration::from_millis(ms.clamp(0, LAST_MOMENT_MS).unsigned_abs())
    };
    params.not_before = moment(from_ms);
    params.not_after = moment(until_ms);
}

/// 9999-12-31, the last day a certificate can name.
const LAST_MOMENT_MS: i64 = 253_402_214_400_000;

fn key_pair(key: &SigningKey) -> Result<KeyPair, PkiError> {
    let der = key.to_pkcs8_der();
    Ok(KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(der.as_slice()), &PKCS_ED25519)?)
}

/// A public key in the form that the certificate library takes.
struct RawPublicKey(VerifyingKey);

impl PublicKeyData for RawPublicKey {
    fn der_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ED25519
    }
}
