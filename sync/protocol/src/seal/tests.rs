//! What is sealed opens with its key and its consent, and with nothing else.

use afterword_model::ports::SeededEntropy;

use super::*;

const CONSENT: &[u8] = b"afterword-contact-v1\nvisit\n1\nreply\n1\nphone\n";

fn key(seed: u64) -> OpeningKey {
    OpeningKey::generate(&SeededEntropy::new(seed))
}

fn seal(key: &OpeningKey, text: &str) -> String {
    key.public().seal(text, CONSENT, &SeededEntropy::new(9)).unwrap()
}

#[test]
fn what_is_sealed_is_opened_by_the_private_key_alone() {
    let (ours, theirs) = (key(1), key(2));
    let sealed = seal(&ours, "+44 7700 900142");
    assert_eq!(*ours.open(&sealed, CONSENT).unwrap(), "+44 7700 900142");
    assert_eq!(theirs.open(&sealed, CONSENT).unwrap_err(), SealError::OtherKey(ours.public().id()));
}

#[test]
fn it_does_not_open_under_another_consent_or_when_a_bit_was_changed() {
    let key = key(1);
    let sealed = seal(&key, "a@b.example");
    assert_eq!(key.open(&sealed, b"another consent").unwrap_err(), SealError::Changed);
    let bytes = STANDARD.decode(&sealed).unwrap();
    for at in (0..bytes.len()).step_by(7) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert!(key.open(&STANDARD.encode(changed), CONSENT).is_err(), "byte {at}");
    }
    for rubbish in ["", "AAAA", "no base64!", &sealed[..sealed.len() - 4]] {
        assert_eq!(key.open(rubbish, CONSENT).unwrap_err(), SealError::NotSealed);
    }
}

#[test]
fn its_length_says_nothing_of_the_text_and_the_same_text_never_looks_the_same() {
    let key = key(1);
    let entropy = SeededEntropy::new(3);
    let seal = |text: &str| key.public().seal(text, CONSENT, &entropy).unwrap();
    let longest = "a".repeat(SEALED_TEXT_BYTES_MAX);
    assert_eq!(seal("").len(), seal(&longest).len());
    assert_ne!(seal("112233"), seal("112233"));
    assert_eq!(*key.open(&seal(&longest), CONSENT).unwrap(), longest);
    let too_long = "a".repeat(SEALED_TEXT_BYTES_MAX + 1);
    assert_eq!(key.public().seal(&too_long, CONSENT, &entropy).unwrap_err(), SealError::TooLong);
}

#[test]
fn a_mistyped_key_is_refused_whatever_letter_it_is() {
    let text = key(1).public().to_string();
    assert_eq!(SealingKey::parse(&text).unwrap(), *key(1).public());
    for at in 0..text.len() {
        let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
        let mut mistyped = text.clone();
        mistyped.replace_range(at..=at, other);
        assert_eq!(SealingKey::parse(&mistyped).unwrap_err(), SealError::NoPublicKey, "letter {at}");
    }
}

#[test]
fn a_private_key_is_read_back_from_its_file() {
    let key = key(1);
    let read = OpeningKey::from_pem(&key.to_pem()).unwrap();
    assert_eq!(read.public(), key.public());
    for rubbish in
        ["", "afterword-contact-1-AAAA", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"]
    {
        assert_eq!(OpeningKey::from_pem(rubbish).unwrap_err(), SealError::NoPrivateKey);
    }
    assert!(!format!("{key:?}").contains(key.to_pem().lines().nth(1).unwrap()));
}

/// Sealed from the description above with another library (pyhpke): whoever has the key needs none of our programs. And what
/// devices seal today has to open in a program of later.
#[test]
fn what_another_library_sealed_opens() {
    let key = OpeningKey::from_pem(include_str!("tests/key.pem")).unwrap();
    let text = "afterword-contact-1-N-NpWTWUIhn7V8YYxOty94BjGGOEk1kXlahcukPzMyfdMFrf";
    assert_eq!(key.public().to_string(), text);
    assert_eq!(*key.open(include_str!("tests/sealed.txt").trim(), CONSENT).unwrap(), "+44 7700 900142");
}
