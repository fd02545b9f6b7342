//! Passwords: Argon2id, and what a password has to be.
//!
//! Long rather than strange: NIST SP 800-63B asks for length and against rules of composition. What fails is told as one and the same,
//! whether the login or the password was wrong, and takes as long.

use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};

use afterword_model::ports::Entropy;

/// Characters of a password at least; with the tries counted, what is this long is not guessed.
pub(crate) const PASSWORD_CHARS_MIN: usize = 12;
/// Characters at most: more are no safer, and hashing them costs.
pub(crate) const PASSWORD_CHARS_MAX: usize = 256;
/// Memory in KiB, passes, lanes: OWASP's first choice for Argon2id ("Password Storage Cheat Sheet").
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);
const SALT_BYTES: usize = 16;

/// Why a password is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPassword {
    /// Too short.
    #[error("a password has at least {PASSWORD_CHARS_MIN} characters; three or four words make a good one")]
    Short,
    /// Too long.
    #[error("a password has at most {PASSWORD_CHARS_MAX} characters; choose a shorter one")]
    Long,
    /// What everybody would try first.
    #[error(
        "this password is the login, or the same few characters over and over; choose one that nobody guesses"
    )]
    Obvious,
}

/// Whether this can be somebody's password.
pub(crate) fn check(password: &str, login: &str) -> Result<(), BadPassword> {
    let length = password.chars().count();
    if length < PASSWORD_CHARS_MIN {
        return Err(BadPassword::Short);
    }
    if length > PASSWORD_CHARS_MAX {
        return Err(BadPassword::Long);
    }
    let few = password.chars().collect::<std::collections::BTreeSet<_>>().len() < 5;
    if few || password.to_lowercase() == login {
        return Err(BadPassword::Obvious);
    }
    Ok(())
}

/// The hash of a password, as a PHC string. Takes tens of milliseconds and 19 MiB.
pub(crate) fn hash(password: &str, entropy: &dyn Entropy) -> String {
    let mut salt = [0; SALT_BYTES];
    entropy.fill(&mut salt);
    let salt = SaltString::encode_b64(&salt).expect("sixteen bytes make a salt");
    let hash = hasher().hash_password(password.as_bytes(), &salt);
    hash.expect("the password has been checked to be short enough").to_string()
}

/// Whether this is the password. Without a hash, which nobody's is, it takes as long.
pub(crate) fn is(password: &str, hash: Option<&str>) -> bool {
    // Of a password that nobody has: it was drawn and thrown away.
    const NOBODYS: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$c29tZXRoaW5nZWxzZQ$6fmJ3DPwzQ3mlfqOArmQNCfrYZpsiFbNdqPK0NZOFIQ";
    // Nothing that can be typed at the page is longer; what is would only cost.
    if password.chars().count() > PASSWORD_CHARS_MAX {
        return false;
    }
    let somebodys = hash.and_then(|hash| PasswordHash::new(hash).ok());
    let is_somebodys = somebodys.is_some();
    let parsed =
        somebodys.unwrap_or_else(|| PasswordHash::new(NOBODYS).expect("it is a hash, as a test knows"));
    #[cfg(test)]
    tried::note(&parsed);
    let fits = hasher().verify_password(password.as_bytes(), &parsed).is_ok();
    fits && is_somebodys
}

fn hasher() -> Argon2<'static> {
    let (memory_kib, passes, lanes) = COST;
    let params = Params::new(memory_kib, passes, lanes, None).expect("the cost is within Argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// What was tried in a thread, for tests that count instead of taking the time.
#[cfg(test)]
pub(crate) mod tried {
    use std::cell::RefCell;

    use super::PasswordHash;

    thread_local! {
        static COSTS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    }

    /// A password is tried at the cost of this hash.
    pub(super) fn note(hash: &PasswordHash<'_>) {
        COSTS.with_borrow_mut(|costs| costs.push(format!("{} {}", hash.algorithm, hash.params)));
    }

    /// What was since the last time.
    pub(crate) fn take() -> Vec<String> {
        COSTS.take()
    }
}

#[cfg(test)]
mod tests {
    use afterword_model::ports::SeededEntropy;

    use super::*;

    #[test]
    fn only_the_password_opens_its_hash_and_nothing_opens_none() {
        let hash = hash("correct horse battery", &SeededEntropy::new(1));
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(is("correct horse battery", Some(&hash)));
        assert!(!is("correct horse batterz", Some(&hash)));
        assert!(!is("correct horse battery", None));
        assert!(PasswordHash::new("$argon2id$v=19$m=19456,t=2,p=1$c29tZXRoaW5nZWxzZQ$6fmJ3DPwzQ3mlfqOArmQNCfrYZpsiFbNdqPK0NZOFIQ").is_ok());
    }

    #[test]
    fn what_is_short_or_obvious_is_no_password() {
        assert_eq!(check("short", "ada"), Err(BadPassword::Short));
        assert_eq!(check(&"long".repeat(65), "ada"), Err(BadPassword::Long));
        assert_eq!(check("aaaabbbbaaaabbbb", "ada"), Err(BadPassword::Obvious));
        assert_eq!(check("ADA@example.com", "ada@example.com"), Err(BadPassword::Obvious));
        assert_eq!(check("três palavras e uma", "ada"), Ok(()));
    }
}
