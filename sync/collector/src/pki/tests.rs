//! The folder of keys over several starts, and with damage.

use std::os::unix::fs::PermissionsExt as _;

use afterword_model::ports::{ManualClock, SeededEntropy};

use super::*;

const NOW_MS: i64 = 1_795_300_000_000;

fn open(folder: &Path, names: &[&str], clock: &ManualClock) -> Result<Pki, PkiError> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    Pki::open_or_create(&folder.join("pki"), &names, clock, &SeededEntropy::new(NOW_MS.unsigned_abs()))
}

#[test]
fn a_second_start_finds_the_same_keys() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::at(NOW_MS);
    let first = open(folder.path(), &["localhost", "::1"], &clock).unwrap();
    let second = open(folder.path(), &["::1", "localhost"], &clock).unwrap();
    assert_eq!(first.server_ca_pem(), second.server_ca_pem());
    assert_eq!(first.server_identity().0, second.server_identity().0);
    assert_eq!(first.receipt_key.verifying_key(), second.receipt_key.verifying_key());
    assert_eq!(first.courier_key.public(), second.courier_key.public());
}

#[test]
fn only_the_owner_may_look() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path(), &["localhost"], &ManualClock::at(NOW_MS)).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let pki = folder.path().join("pki");
    assert_eq!(mode(&pki), 0o700);
    for entry in std::fs::read_dir(&pki).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}

#[test]
fn the_server_certificate_follows_its_names_and_its_age() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::at(NOW_MS);
    let certificate =
        |names: &[&str]| open(folder.path(), names, &clock).unwrap().server_identity().0.clone();
    let first = certificate(&["localhost"]);
    let renamed = certificate(&["collector.example"]);
    assert_ne!(first, renamed);
    clock.advance_ms(300 * 86_400_000);
    let aged = certificate(&["collector.example"]);
    assert_ne!(aged, renamed);
    // Set right after it was ahead, a clock leaves no certificate that begins only later.
    clock.jump_to(NOW_MS);
    assert_ne!(certificate(&["collector.example"]), aged);
}

#[test]
fn a_clock_that_is_behind_leaves_the_server_certificate_and_makes_none_of_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::at(1);
    let certificate = || open(folder.path(), &["localhost"], &clock).unwrap().server_identity().0.clone();
    let made_behind = certificate();
    clock.jump_to(NOW_MS);
    assert_eq!(certificate(), made_behind, "good since the collector was built");
    clock.jump_to(1);
    assert_eq!(certificate(), made_behind);
}

#[test]
fn a_device_certificate_names_its_bearer() {
    let folder = tempfile::tempdir().unwrap();
    let pki = open(folder.path(), &["localhost"], &ManualClock::at(NOW_MS)).unwrap();
    let (device, key) =
        (DeviceId::new([7; 16]), SigningKey::generate(&SeededEntropy::new(1)).verifying_key());
    let pem = pki.issue_device(&device, &key, DEVICE_CERTIFICATE_LIFE_MS, NOW_MS, [1; 16]).unwrap();
    let der =
        <CertificateDer<'_> as rustls_pki_types::pem::PemObject>::from_pem_slice(pem.as_bytes()).unwrap();
    let not_after_ms = NOW_MS + 90 * 86_400_000;
    assert_eq!(read_bearer(&der), Some(Bearer { device, public_key: key, not_after_ms }));
}

#[test]
fn a_damaged_file_is_named_and_left() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::at(NOW_MS);
    open(folder.path(), &["localhost"], &clock).unwrap();
    for file in ["device-ca.pem", "server-ca.key", "receipt.key", "courier.key", "server.pem"] {
        let path = folder.path().join("pki").join(file);
        let good = std::fs::read(&path).unwrap();
        std::fs::write(&path, b"damaged \xff").unwrap();
        let error = open(folder.path(), &["localhost"], &clock).err().unwrap().to_string();
        assert!(error.contains(file), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), b"damaged \xff");
        std::fs::write(&path, good).unwrap();
    }
    assert!(matches!(open(folder.path(), &["no host"], &clock), Err(PkiError::HostName(_))));
}
