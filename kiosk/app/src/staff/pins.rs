//! Who has a PIN, and how often a wrong one was tried in a row.
//!
//! Three small files beside the database, readable by the kiosk's user alone, so that neither a damaged database nor one that
//! is copied away has a say in who gets in:
//!
//! | file | what is in it |
//! |---|---|
//! | `pins.json` | for each role the Argon2id hash of its PIN, as a PHC string |
//! | `pin-pepper` | 32 bytes of chance that go into each hash and are on this device alone |
//! | `pin-tries` | how many wrong PINs were tried in a row |
//!
//! A million PINs are soon tried where hashes and pepper are both in hand; what keeps them is that the pad counts. A try is
//! counted durably before it is checked, and taken back when it was right; the wrong ones before it are forgiven by a manager's
//! or a technician's, and by that of staff only where nobody else has one. Failure: where the count cannot be written nobody gets
//! in.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use afterword_kiosk_core::gate::{PIN_FIGURES, Role, Verdict};
use afterword_model::ports::Entropy;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Memory of one hash in KiB, passes over it, and lanes: OWASP's second choice for Argon2id ("Password Storage Cheat Sheet"),
/// because a kiosk has 40 MiB in all.
const COST: (u32, u32, u32) = (12 * 1024, 3, 1);

const PEPPER_BYTES: usize = 32;
const SALT_BYTES: usize = 16;

/// The PINs of one device.
pub struct Pins {
    folder: PathBuf,
    /// One try after the other.
    trying: Mutex<()>,
}

/// The files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PinError {
    /// One of them cannot be read or written.
    #[error("cannot {doing} {path}: {reason}; it has to be this user's, with room on its disk", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// `read` or `write`.
        doing: &'static str,
        /// Why.
        reason: io::Error,
    },
    /// One of them holds something else.
    #[error("{path} is not what it was written as; remove it, and set the PINs again with `afterword-kiosk pin set`", path = path.display())]
    Spoilt {
        /// Which.
        path: PathBuf,
    },
    /// Not six figures.
    #[error("a PIN is {PIN_FIGURES} figures, 0 to 9; choose one that is no date")]
    NoPin,
    /// Another role has it.
    #[error("this PIN is another role's; choose one of its own, or nobody could tell the roles apart")]
    Taken,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hashes {
    pins: BTreeMap<String, String>,
}

impl Pins {
    /// Those of the device whose data is in this folder. Nothing is read yet.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), trying: Mutex::new(()) }
    }

    /// Gives a role its PIN, in place of the one it had, and forgets what was tried.
    ///
    /// # Errors
    /// [`PinError`]; then the PINs are as they were.
    pub fn set(&self, role: Role, pin: &str, entropy: &dyn Entropy) -> Result<(), PinError> {
        if pin.len() != PIN_FIGURES || !pin.bytes().all(|figure| figure.is_ascii_digit()) {
            return Err(PinError::NoPin);
        }
        let mut hashes = self.hashes()?;
        let pepper = self.pepper_or_new(entropy)?;
        if self.role_of(pin, &hashes, &pepper)?.is_some_and(|found| found != role) {
            return Err(PinError::Taken);
        }
        let mut salt = [0; SALT_BYTES];
        entropy.fill(&mut salt);
        let spoilt = || PinError::Spoilt { path: self.path("pins.json") };
        let salt = SaltString::encode_b64(&salt).map_err(|_| spoilt())?;
        let hash = hasher(&pepper)
            .and_then(|hasher| hasher.hash_password(pin.as_bytes(), &salt).ok().map(|hash| hash.to_string()));
        hashes.pins.insert(role.name().to_owned(), hash.ok_or_else(spoilt)?);
        self.keep_tries(0)?;
        self.keep(&hashes)
    }

    /// Takes a role's PIN away. Whether it had one.
    ///
    /// # Errors
    /// [`PinError`].
    pub fn remove(&self, role: Role) -> Result<bool, PinError> {
        let mut hashes = self.hashes()?;
        let had = hashes.pins.remove(role.name()).is_some();
        if had {
            self.keep(&hashes)?;
        }
        Ok(had)
    }

    /// The roles that have a PIN.
    ///
    /// # Errors
    /// [`PinError`].
    pub fn roles(&self) -> Result<Vec<Role>, PinError> {
        let hashes = self.hashes()?;
        Ok(Role::ALL.into_iter().filter(|role| hashes.pins.contains_key(role.name())).collect())
    }

    /// How many wrong PINs were tried in a row. A file that holds anything else counts as very many.
    #[must_use]
    pub fn wrong_tries(&self) -> u32 {
        match fs::read_to_string(self.path("pin-tries")) {
            Ok(text) => text.trim().parse().unwrap_or(u32::MAX / 2),
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(_) => u32::MAX / 2,
        }
    }

    /// Tries a PIN. Takes a good part of a second, and is not for the screen's thread.
    #[must_use]
    pub fn judge(&self, pin: &str) -> Verdict {
        let _one_after_the_other = self.trying.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.judged(pin).unwrap_or_else(|error| {
            tracing::error!(%error, "a PIN could not be checked");
            Verdict::Failed
        })
    }

    fn judged(&self, pin: &str) -> Result<Verdict, PinError> {
        let hashes = self.hashes()?;
        if hashes.pins.is_empty() {
            return Ok(Verdict::NoPins);
        }
        let wrong = self.wrong_tries().saturating_add(1);
        self.keep_tries(wrong)?;
        let pepper = self.pepper()?.ok_or_else(|| PinError::Spoilt { path: self.path("pin-pepper") })?;
        match self.role_of(pin, &hashes, &pepper)? {
            Some(role) => {
                // A PIN that many know would else buy as many tries at the manager's as anyone has patience for.
                let forgives = role != Role::Staff || hashes.pins.len() == 1;
                self.keep_tries(if forgives { 0 } else { wrong - 1 })?;
                Ok(Verdict::Right(role))
            }
            None => Ok(Verdict::Wrong(wrong)),
        }
    }

    /// Whose it is. Every hash is tried, so that the time says nothing of whose it nearly was.
    fn role_of(&self, pin: &str, hashes: &Hashes, pepper: &[u8]) -> Result<Option<Role>, PinError> {
        let spoilt = || PinError::Spoilt { path: self.path("pins.json") };
        let hasher = hasher(pepper).ok_or_else(spoilt)?;
        let mut found = None;
        for role in Role::ALL {
            let Some(hash) = hashes.pins.get(role.name()) else { continue };
            let hash = PasswordHash::new(hash).map_err(|_| spoilt())?;
            if hasher.verify_password(pin.as_bytes(), &hash).is_ok() {
                found = Some(role);
            }
        }
        Ok(found)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn hashes(&self) -> Result<Hashes, PinError> {
        match self.read("pins.json")? {
            None => Ok(Hashes::default()),
            Some(bytes) => {
                serde_json::from_slice(&bytes).map_err(|_| PinError::Spoilt { path: self.path("pins.json") })
            }
        }
    }

    fn keep(&self, hashes: &Hashes) -> Result<(), PinError> {
        let json = serde_json::to_vec(hashes).expect("hashes are strings under names");
        self.write("pins.json", &json)
    }

    fn keep_tries(&self, wrong: u32) -> Result<(), PinError> {
        self.write("pin-tries", format!("{wrong}\n").as_bytes())
    }

    fn pepper(&self) -> Result<Option<Zeroizing<Vec<u8>>>, PinError> {
        match self.read("pin-pepper")? {
            Some(bytes) if bytes.len() != PEPPER_BYTES => {
                Err(PinError::Spoilt { path: self.path("pin-pepper") })
            }
            found => Ok(found.map(Zeroizing::new)),
        }
    }

    fn pepper_or_new(&self, entropy: &dyn Entropy) -> Result<Zeroizing<Vec<u8>>, PinError> {
        if let Some(pepper) = self.pepper()? {
            return Ok(pepper);
        }
        let mut pepper = Zeroizing::new(vec![0; PEPPER_BYTES]);
        entropy.fill(&mut pepper);
        self.write("pin-pepper", &pepper)?;
        Ok(pepper)
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, PinError> {
        let path = self.path(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(reason) if reason.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(reason) => Err(PinError::File { path, doing: "read", reason }),
        }
    }

    /// Writes the file whole or not at all, and durably.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), PinError> {
        let (path, draft) = (self.path(name), self.path(&format!("{name}.part")));
        let written = (|| {
            let mut file =
                OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&draft, &path)?;
            File::open(&self.folder)?.sync_all()
        })();
        written.map_err(|reason| PinError::File { path, doing: "write", reason })
    }
}

fn hasher(pepper: &[u8]) -> Option<Argon2<'_>> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).ok()?;
    Argon2::new_with_secret(pepper, Algorithm::Argon2id, Version::V0x13, params).ok()
}

#[cfg(test)]
mod tests {
    use afterword_model::ports::SeededEntropy;

    use super::*;

    fn pins(folder: &Path) -> Pins {
        let pins = Pins::of(folder);
        pins.set(Role::Manager, "314159", &SeededEntropy::new(1)).unwrap();
        pins
    }

    #[test]
    fn the_right_pin_is_its_role_s_and_forgets_the_wrong_ones() {
        let folder = tempfile::tempdir().unwrap();
        let pins = pins(folder.path());
        pins.set(Role::Technician, "271828", &SeededEntropy::new(2)).unwrap();
        assert_eq!(pins.judge("000000"), Verdict::Wrong(1));
        assert_eq!(pins.judge("314150"), Verdict::Wrong(2));
        assert_eq!(Pins::of(folder.path()).wrong_tries(), 2, "whoever starts again still knows");
        assert_eq!(pins.judge("271828"), Verdict::Right(Role::Technician));
        assert_eq!((pins.judge("314159"), pins.wrong_tries()), (Verdict::Right(Role::Manager), 0));
        assert_eq!(pins.roles().unwrap(), [Role::Manager, Role::Technician]);
        assert!(pins.remove(Role::Manager).unwrap() && !pins.remove(Role::Manager).unwrap());
        assert_eq!(pins.judge("314159"), Verdict::Wrong(1));
    }

    #[test]
    fn what_staff_may_do_forgives_nothing_as_long_as_somebody_may_do_more() {
        let folder = tempfile::tempdir().unwrap();
        let pins = pins(folder.path());
        pins.set(Role::Staff, "161803", &SeededEntropy::new(4)).unwrap();
        assert_eq!(pins.judge("000000"), Verdict::Wrong(1));
        assert_eq!((pins.judge("161803"), pins.wrong_tries()), (Verdict::Right(Role::Staff), 1));
        assert_eq!(pins.judge("000001"), Verdict::Wrong(2));
        assert_eq!((pins.judge("314159"), pins.wrong_tries()), (Verdict::Right(Role::Manager), 0));
        pins.remove(Role::Manager).unwrap();
        assert_eq!(pins.judge("000002"), Verdict::Wrong(1));
        assert_eq!((pins.judge("161803"), pins.wrong_tries()), (Verdict::Right(Role::Staff), 0));
    }

    #[test]
    fn a_pin_is_six_figures_and_nobody_else_s() {
        let folder = tempfile::tempdir().unwrap();
        let pins = pins(folder.path());
        for no_pin in ["", "12345", "1234567", "12345a", "١٢٣٤٥٦"] {
            assert!(
                matches!(pins.set(Role::Staff, no_pin, &SeededEntropy::new(3)), Err(PinError::NoPin)),
                "{no_pin}"
            );
        }
        assert!(matches!(pins.set(Role::Staff, "314159", &SeededEntropy::new(3)), Err(PinError::Taken)));
        pins.set(Role::Manager, "314159", &SeededEntropy::new(3)).unwrap();
    }

    #[test]
    fn a_device_without_pins_says_so_and_counts_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let pins = Pins::of(folder.path());
        assert_eq!((pins.judge("123456"), pins.wrong_tries()), (Verdict::NoPins, 0));
    }

    #[test]
    fn hashes_without_this_device_s_pepper_let_nobody_in() {
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        pins(folder.path());
        pins(other.path()).set(Role::Staff, "111112", &SeededEntropy::new(9)).unwrap();
        let pepper = other.path().join("pin-pepper");
        fs::write(&pepper, [7; PEPPER_BYTES]).unwrap();
        fs::copy(folder.path().join("pins.json"), other.path().join("pins.json")).unwrap();
        assert_eq!(Pins::of(other.path()).judge("314159"), Verdict::Wrong(1));
        fs::remove_file(pepper).unwrap();
        assert_eq!(Pins::of(other.path()).judge("314159"), Verdict::Failed);
        let hash = fs::read_to_string(folder.path().join("pins.json")).unwrap();
        assert!(hash.contains("$argon2id$v=19$m=12288,t=3,p=1$") && !hash.contains("314159"), "{hash}");
    }

    #[test]
    fn a_try_that_cannot_be_kept_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let pins = pins(folder.path());
        // A folder stands where the file would be written.
        fs::create_dir(folder.path().join("pin-tries.part")).unwrap();
        assert_eq!(pins.judge("314159"), Verdict::Failed, "not even the right one");
    }

    #[test]
    fn rubbish_in_the_count_is_very_many() {
        let folder = tempfile::tempdir().unwrap();
        let pins = pins(folder.path());
        fs::write(folder.path().join("pin-tries"), "none").unwrap();
        assert!(pins.wrong_tries() > 1_000);
    }
}
