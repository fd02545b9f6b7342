//! The collector's keys and certificates, in the folder `pki` beside its database.
//!
//! | file | what it is |
//! |---|---|
//! | `device-ca.pem`, `.key` | signs devices' certificates, and is trusted for nothing else; a later generation is `device-ca-2` and so on, and the newest one signs |
//! | `server-ca.pem`, `.key` | signs the server's certificate; devices trust it and nobody else; later generations as above |
//! | `server-ca.in-use` | number of the generation that signs the server's certificate; without it the first |
//! | `server.pem`, `.key` | the server's certificate; issued anew when its names change or its end is near |
//! | `receipt.key` | signs receipts |
//! | `courier.key` | opens courier bundles; made at the first start of a program that takes them |
//!
//! Invariants: the folder appears whole or not at all; keys are readable by their owner only; all keys are
//! Ed25519, but the courier's, which is X25519, and drawn from the injected entropy; validity follows the injected clock.
//! On failure nothing is replaced: a file that cannot be read is named, and left for a person to decide.

mod authority;
mod files;
mod generations;
mod keys;
mod rotation;

use std::path::{Path, PathBuf};

use afterword_model::ports::{Clock, Entropy};
use afterword_model::record::DeviceId;
use afterword_protocol::courier::CourierOpeningKey;
use afterword_protocol::heartbeat::{Fingerprint, fingerprint};
use afterword_protocol::keys::{SigningKey, VerifyingKey};
use afterword_protocol::system::CLOCK_FLOOR_MS;
use rustls_pki_types::CertificateDer;

use authority::{Authority, Leaf, Purpose};
use files::{read_certificate, read_key, read_text, write_folder, write_private};
use generations::{Generation, Kind};

/// How long a device's certificate is good, in milliseconds: 90 days, so that one that was forgotten ends by itself.
pub(crate) const DEVICE_CERTIFICATE_LIFE_MS: i64 = 90 * DAY_MS;
/// How long the server's certificate is good, in milliseconds: a year and a month, so that a yearly restart is enough.
const SERVER_CERTIFICATE_LIFE_MS: i64 = 397 * DAY_MS;
/// The server's certificate is issued anew when fewer days than this are left at a start.
const SERVER_CERTIFICATE_RENEWED_DAYS: i64 = 120;
const DAY_MS: i64 = 86_400_000;

const IN_USE_FILE: &str = "server-ca.in-use";
const SERVER_FILE: &str = "server.pem";
const SERVER_KEY_FILE: &str = "server.key";
const RECEIPT_KEY_FILE: &str = "receipt.key";
const COURIER_KEY_FILE: &str = "courier.key";

/// A key or certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// A file or folder cannot be read or written.
    #[error(
        "cannot {what} {path}: {reason}; check that this user may read and write the folder and its disk is not full"
    )]
    Files {
        /// `read`, `write`, `create`, `remove` or `lock`.
        what: &'static str,
        /// Which.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// A file holds something else.
    #[error(
        "{path} is not {expected}; restore it from a backup, or, when there is none, move the folder it lies in away and enrol every device anew"
    )]
    Broken {
        /// Which.
        path: PathBuf,
        /// What it should be.
        expected: &'static str,
    },
    /// The server's own certificate or key is damaged; a new one costs nothing.
    #[error(
        "{path} is not {expected}; delete it and start again: a new one is issued, and devices notice nothing"
    )]
    BrokenServer {
        /// Which.
        path: PathBuf,
        /// What it should be.
        expected: &'static str,
    },
    /// A host name that no certificate can hold.
    #[error(
        "`{0}` is neither a host name nor an IP address; give --host as in collector.example or 192.0.2.7"
    )]
    HostName(String),
    /// The certificate library refused.
    #[error("a certificate could not be made: {0}")]
    Certificate(#[from] rcgen::Error),
}

/// Everything the server signs or proves itself with.
pub(crate) struct Pki {
    /// The oldest first; the newest one signs.
    device_authorities: Vec<Generation>,
    /// What devices shall trust: the authority in use, and the one prepared to follow it.
    server_ca_pem: String,
    server_ca_fingerprints: Vec<Fingerprint>,
    server_certificate: CertificateDer<'static>,
    server_key: SigningKey,
    /// Signs receipts.
    pub(crate) receipt_key: SigningKey,
    /// Opens courier bundles.
    pub(crate) courier_key: CourierOpeningKey,
}

impl Pki {
    /// Reads the folder, creates it where there is none, and sees to a server certificate for these names.
    pub(crate) fn open_or_create(
        folder: &Path,
        names: &[String],
        clock: &dyn Clock,
        entropy: &impl Entropy,
    ) -> Result<Self, PkiError> {
        authority::check_names(names)?;
        if !folder.exists() {
            create(folder, clock.wall_ms(), entropy)?;
        }
        let device_authorities = Kind::Device.read(folder)?;
        let server_authorities = Kind::Server.read(folder)?;
        let current = in_use(folder)?;
        let server_ca = server_authorities.iter().find(|generation| generation.number == current);
        let server_ca = &server_ca.ok_or_else(|| missing(folder, current))?.authority;
        let receipt_key = read_receipt_key(folder)?;
        let courier_key = open_or_make_courier_key(folder, entropy)?;
        let (server_certificate, server_key) = match read_server(folder, server_ca, names, clock.wall_ms())? {
            Some(current) => current,
            None => issue_server(folder, server_ca, names, clock.wall_ms(), entropy)?,
        };
        let trusted = || server_authorities.iter().filter(|generation| generation.number >= current);
        Ok(Self {
            server_ca_pem: trusted().map(|generation| generation.authority.pem()).collect(),
            server_ca_fingerprints: trusted()
                .map(|generation| fingerprint(generation.authority.certificate()))
                .collect(),
            device_authorities,
            server_certificate,
            server_key,
            receipt_key,
            courier_key,
        })
    }

    /// A certificate for a device's key, good for so long from now, in PEM.
    pub(crate) fn issue_device(
        &self,
        device: &DeviceId,
        public_key: &VerifyingKey,
        life_ms: i64,
        now_ms: i64,
        serial: [u8; 16],
    ) -> Result<String, PkiError> {
        let leaf = Leaf { purpose: Purpose::Device(*device), life_ms, now_ms, serial };
        let newest = self.device_authorities.last().expect("a folder without an authority is not read");
        Ok(newest.authority.issue(&leaf, public_key)?.pem())
    }

    /// The authorities whose certificates open the device port.
    pub(crate) fn device_authorities(&self) -> impl Iterator<Item = &CertificateDer<'static>> {
        self.device_authorities.iter().map(|generation| generation.authority.certificate())
    }

    /// The authorities that devices shall trust, in PEM.
    pub(crate) fn server_ca_pem(&self) -> &str {
        &self.server_ca_pem
    }

    /// The same authorities, each as devices name it.
    pub(crate) fn server_ca_fingerprints(&self) -> &[Fingerprint] {
        &self.server_ca_fingerprints
    }

    /// The server's certificate, and the key to it.
    pub(crate) fn server_identity(&self) -> (&CertificateDer<'static>, &SigningKey) {
        (&self.server_certificate, &self.server_key)
    }
}

/// Writes all that lasts; the server's certificate comes with the names at each start.
fn create(folder: &Path, now_ms: i64, entropy: &impl Entropy) -> Result<(), PkiError> {
    let mut files = Vec::new();
    for kind in [Kind::Device, Kind::Server] {
        files.extend(kind.make(1, now_ms, entropy)?);
    }
    let receipt_key = SigningKey::generate(entropy);
    files.push((RECEIPT_KEY_FILE.to_owned(), receipt_key.to_pem().as_bytes().to_vec().into()));
    write_folder(folder, &files)
}

/// The key that this collector signs receipts with.
pub(crate) fn read_receipt_key(folder: &Path) -> Result<SigningKey, PkiError> {
    read_key(&folder.join(RECEIPT_KEY_FILE))
}

/// The key that opens courier bundles; `None` before the first start of a program that takes them.
pub(crate) fn read_courier_key(folder: &Path) -> Result<Option<CourierOpeningKey>, PkiError> {
    let path = folder.join(COURIER_KEY_FILE);
    if !path.exists() {
        return Ok(None);
    }
    let key = CourierOpeningKey::from_pem(&read_text(&path)?);
    key.map(Some).map_err(|_| PkiError::Broken { path, expected: "an X25519 private key in PKCS#8 PEM" })
}

fn open_or_make_courier_key(folder: &Path, entropy: &impl Entropy) -> Result<CourierOpeningKey, PkiError> {
    if let Some(key) = read_courier_key(folder)? {
        return Ok(key);
    }
    let key = CourierOpeningKey::generate(entropy);
    write_private(&folder.join(COURIER_KEY_FILE), key.to_pem().as_bytes())?;
    Ok(key)
}

/// The certificate that devices need for enrolment. Where it cannot be told which that is, it is the first.
pub(crate) fn ca_file_in_use(folder: &Path) -> PathBuf {
    folder.join(Kind::Server.file(in_use(folder).unwrap_or(1)))
}

/// Number of the generation that signs the server's certificate.
fn in_use(folder: &Path) -> Result<u32, PkiError> {
    let path = folder.join(IN_USE_FILE);
    match std::fs::read_to_string(&path) {
        Ok(text) => text
            .trim()
            .parse()
            .map_err(|_| PkiError::Broken { path, expected: "the number of a server authority" }),
        Err(reason) if reason.kind() == std::io::ErrorKind::NotFound => Ok(1),
        Err(reason) => Err(PkiError::Files { what: "read", path, reason }),
    }
}

/// Makes this generation the one that signs the server's certificate.
fn use_from_now_on(folder: &Path, number: u32) -> Result<(), PkiError> {
    write_private(&folder.join(IN_USE_FILE), format!("{number}\n").as_bytes())
}

fn missing(folder: &Path, number: u32) -> PkiError {
    let reason = std::io::Error::from(std::io::ErrorKind::NotFound);
    PkiError::Files { what: "read", path: folder.join(Kind::Server.file(number)), reason }
}

/// The server's certificate and key, if there are any, for just these names, with enough time left.
fn read_server(
    folder: &Path,
    server_ca: &Authority,
    names: &[String],
    now_ms: i64,
) -> Result<Option<(CertificateDer<'static>, SigningKey)>, PkiError> {
    let (certificate_path, key_path) = (folder.join(SERVER_FILE), folder.join(SERVER_KEY_FILE));
    if !certificate_path.exists() || !key_path.exists() {
        return Ok(None);
    }
    let replaceable = |error| match error {
        PkiError::Broken { path, expected } => PkiError::BrokenServer { path, expected },
        other => other,
    };
    let (_, certificate) = read_certificate(&certificate_path).map_err(replaceable)?;
    let key = read_key(&key_path).map_err(replaceable)?;
    let serves = authority::serves(&certificate, &key, server_ca, names);
    // A clock that is surely behind knows nothing of validity.
    let is_behind = now_ms < CLOCK_FLOOR_MS;
    let lasts_until = now_ms.saturating_add(SERVER_CERTIFICATE_RENEWED_DAYS * DAY_MS);
    let lasts = authority::not_after_ms(&certificate).is_some_and(|end_ms| end_ms > lasts_until);
    // One that was made while this clock was ahead is good for nobody until then.
    let begun = authority::not_before_ms(&certificate).is_some_and(|begin_ms| begin_ms <= now_ms);
    Ok((serves && (is_behind || lasts && begun)).then_some((certificate, key)))
}

fn issue_server(
    folder: &Path,
    server_ca: &Authority,
    names: &[String],
    now_ms: i64,
    entropy: &impl Entropy,
) -> Result<(CertificateDer<'static>, SigningKey), PkiError> {
    let key = SigningKey::generate(entropy);
    let purpose = Purpose::Server(names.to_vec());
    // Devices, whose clocks may be right, shall take one that was made before this clock was set.
    let now_ms = now_ms.max(CLOCK_FLOOR_MS);
    let leaf = Leaf { purpose, life_ms: SERVER_CERTIFICATE_LIFE_MS, now_ms, serial: entropy.bytes() };
    let certificate = server_ca.issue(&leaf, &key.verifying_key())?;
    // A crash between the two leaves a certificate that does not fit its key; the next start sees it and issues another.
    write_private(&folder.join(SERVER_KEY_FILE), key.to_pem().as_bytes())?;
    write_private(&folder.join(SERVER_FILE), certificate.pem().as_bytes())?;
    Ok((certificate.der().clone(), key))
}

pub(crate) use authority::{Bearer, check_names, not_after_ms, not_before_ms, read_bearer, set_validity};
pub(crate) use files::{replace, sync_folder};
pub(crate) use keys::Keys;
pub use rotation::{KeyRing, ServerAuthority};

#[cfg(test)]
mod tests;
