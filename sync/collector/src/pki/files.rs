//! Keys and certificates on disk: written whole or not at all, for their owner's eyes only.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use afterword_protocol::keys::SigningKey;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use super::PkiError;

/// Only the owner reads and writes.
const FILE_MODE: u32 = 0o600;
/// Only the owner looks inside.
const FOLDER_MODE: u32 = 0o700;

/// A certificate in PEM: its text and its bytes.
pub(super) fn read_certificate(path: &Path) -> Result<(String, CertificateDer<'static>), PkiError> {
    let broken = || PkiError::Broken { path: path.to_owned(), expected: "a certificate in PEM" };
    let pem = read_text(path)?;
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| broken())?;
    x509_parser::parse_x509_certificate(&certificate).map_err(|_| broken())?;
    Ok((pem, certificate))
}

/// A private key in PEM.
pub(super) fn read_key(path: &Path) -> Result<SigningKey, PkiError> {
    let broken =
        || PkiError::Broken { path: path.to_owned(), expected: "an Ed25519 private key in PKCS#8 PEM" };
    SigningKey::from_pem(&read_text(path)?).map_err(|_| broken())
}

/// A file's name and content.
pub(super) type NamedFile = (String, Box<[u8]>);

/// Makes a folder with these files appear at once: written beside it, made durable, then renamed.
pub(super) fn write_folder(folder: &Path, files: &[NamedFile]) -> Result<(), PkiError> {
    let unfinished = beside(folder);
    let failed = |reason| PkiError::Files { what: "create", path: folder.to_owned(), reason };
    // What an earlier start left unfinished was never used.
    match fs::remove_dir_all(&unfinished) {
        Err(reason) if reason.kind() != io::ErrorKind::NotFound => return Err(failed(reason)),
        _ => {}
    }
    DirBuilder::new().mode(FOLDER_MODE).create(&unfinished).map_err(failed)?;
    for (name, content) in files {
        create_synced(&unfinished.join(name), content).map_err(failed)?;
    }
    sync_folder(&unfinished).map_err(failed)?;
    fs::rename(&unfinished, folder).map_err(failed)?;
    sync_folder(folder.parent().unwrap_or(folder)).map_err(failed)
}

/// Writes or replaces one file at once.
pub(super) fn write_private(path: &Path, content: &[u8]) -> Result<(), PkiError> {
    replace(path, content).map_err(|reason| PkiError::Files { what: "write", path: path.to_owned(), reason })
}

/// The same: the file is the old one or the new one, never a part, and durable when this returns.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let unfinished = beside(path);
    match fs::remove_file(&unfinished) {
        Err(reason) if reason.kind() != io::ErrorKind::NotFound => return Err(reason),
        _ => {}
    }
    create_synced(&unfinished, content)?;
    fs::rename(&unfinished, path)?;
    sync_folder(path.parent().unwrap_or(path))
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".unfinished");
    path.with_file_name(name)
}

fn create_synced(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    // The parent of a bare name is the empty path, which stands for the working folder.
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

/// A text in PEM, whatever it says.
pub(super) fn read_text(path: &Path) -> Result<String, PkiError> {
    fs::read_to_string(path).map_err(|reason| match reason.kind() {
        io::ErrorKind::InvalidData => PkiError::Broken { path: path.to_owned(), expected: "a text in PEM" },
        _ => PkiError::Files { what: "read", path: path.to_owned(), reason },
    })
}
