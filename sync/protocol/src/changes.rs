//! "You said → we did": what a store changed because of feedback, on its way from the collector to the idle screen.
//!
//! A heartbeat names the version of what the kiosk keeps; where the collector has another, its answer carries the whole
//! list, which replaces the kiosk's. So a change that is withdrawn goes with the next heartbeat, and so does what a
//! restored collector knows nothing of. A version is the collector's own word and means nothing but "the same as before".
//!
//! Invariants: [`Changes::check`] is asked wherever a list arrives, by the agent, at the device's socket and when the kiosk
//! reads what it kept; a list that does not pass is refused whole, and what was kept stays. Nothing here is signed: the
//! collector is known by its certificate, and no record and no promise hangs on these words.

use std::collections::BTreeMap;

use afterword_model::hex::Hex;
use afterword_model::survey::limits::{LANGUAGE_TAG_CHARS_MAX, LANGUAGES_MAX};
use afterword_model::survey::{is_blank, is_refused};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::limits::{ANSWER_BODY_MAX, CHANGE_BYTES_MAX, CHANGE_TEXT_CHARS_MAX, CHANGES_SHOWN_MAX};

/// The last day a date can be, 9999-12-31.
pub const CHANGE_DAY_MAX: i64 = 2_932_896;

// What else an answer holds, two certificates among it, is under 4 KiB.
const _: () = assert!(CHANGES_SHOWN_MAX * CHANGE_BYTES_MAX + 4 * 1024 <= ANSWER_BODY_MAX);

#[doc(hidden)]
pub enum ChangesVersionKind {}
/// Tells one list from another; all zeros for an empty one.
pub type ChangesVersion = Hex<16, ChangesVersionKind>;

/// Words by language tag.
pub type Words = BTreeMap<String, String>;

/// One change. Days are counted from 1970-01-01 and are the store's local ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What shoppers said, by language.
    pub said: Words,
    /// What the store did, in the same languages.
    pub did: Words,
    /// When.
    pub day: i64,
    /// The last day on which it is shown; as long as it stands when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_day: Option<i64>,
}

/// What a device shows, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// The collector's word for this list.
    pub version: ChangesVersion,
    /// At most [`CHANGES_SHOWN_MAX`].
    pub items: Vec<Change>,
}

/// Why something is no change to show. Each says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// No words at all.
    #[error("there are no words in it; say what shoppers said and what was done, at least in one language")]
    Silent,
    /// More languages than a survey has.
    #[error("it is in {0} languages, and a survey has at most {LANGUAGES_MAX}; leave some out")]
    Languages(usize),
    /// No language tag.
    #[error("`{0}` is no language; write its tag, as in en, de or pt-BR")]
    Tag(String),
    /// Said in a language, and not done in it, or the other way round.
    #[error("in {0} only one half is written; a language needs both what shoppers said and what was done")]
    Half(String),
    /// Nothing to be seen.
    #[error("the words in {0} show nothing; write them, or leave the language out")]
    Blank(String),
    /// Longer than the strip.
    #[error(
        "the words in {0} are {1} characters long, and the strip holds {CHANGE_TEXT_CHARS_MAX}; shorten them"
    )]
    Long(String, usize),
    /// A character that makes a text read as something else.
    #[error("the words in {0} hold {1}, which would play with the screen; take it out")]
    Character(String, String),
    /// All languages together.
    #[error(
        "all its languages together take {0} bytes, and {CHANGE_BYTES_MAX} are allowed; leave a language out"
    )]
    Bytes(usize),
    /// A day that no calendar shows.
    #[error("its date is not between 1970 and 9999; correct it")]
    Day,
    /// Over before it began.
    #[error("its last day is before the day of the change; correct one of the two")]
    Until,
}

/// Why a list is not shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangesError {
    /// More than are shown.
    #[error("the list holds {0} changes, and at most {CHANGES_SHOWN_MAX} are shown; none is taken over")]
    Many(usize),
    /// One of them is none.
    #[error("change {0} of the list cannot be shown, so none is taken over: {1}")]
    One(usize, ChangeError),
}

impl Change {
    /// Whether it can be shown as it is.
    ///
    /// # Errors
    /// [`ChangeError`], the first that is found.
    pub fn check(&self) -> Result<(), ChangeError> {
        let days = 0..=CHANGE_DAY_MAX;
        if !days.contains(&self.day) || self.until_day.is_some_and(|day| !days.contains(&day)) {
            return Err(ChangeError::Day);
        }
        if self.until_day.is_some_and(|until_day| until_day < self.day) {
            return Err(ChangeError::Until);
        }
        let languages = self.said.len().max(self.did.len());
        if languages == 0 {
            return Err(ChangeError::Silent);
        }
        if languages > LANGUAGES_MAX {
            return Err(ChangeError::Languages(languages));
        }
        for (tag, text) in self.said.iter().chain(&self.did) {
            if !is_tag(tag) {
                return Err(ChangeError::Tag(shown(tag)));
            }
            check_text(tag, text)?;
        }
        let one_sided =
            |here: &Words, there: &Words| here.keys().find(|tag| !there.contains_key(*tag)).cloned();
        if let Some(tag) = one_sided(&self.said, &self.did).or_else(|| one_sided(&self.did, &self.said)) {
            return Err(ChangeError::Half(tag));
        }
        let bytes = json(self).len();
        if bytes > CHANGE_BYTES_MAX { Err(ChangeError::Bytes(bytes)) } else { Ok(()) }
    }

    /// Whether its last day is over on this one.
    #[must_use]
    pub fn is_over(&self, day: i64) -> bool {
        self.until_day.is_some_and(|until_day| until_day < day)
    }
}

impl Changes {
    /// An empty list: the one of a collector without changes, and of a kiosk that has heard of none.
    #[must_use]
    pub fn none() -> Self {
        Self { version: ChangesVersion::new([0; 16]), items: Vec::new() }
    }

    /// A list with its version, as a collector makes it.
    #[must_use]
    pub fn of(items: Vec<Change>) -> Self {
        if items.is_empty() {
            return Self::none();
        }
        let digest = Sha256::digest(json(&items));
        let version = ChangesVersion::from_slice(&digest[..16]).expect("a digest has 32 bytes");
        Self { version, items }
    }

    /// Whether it can be shown as it is.
    ///
    /// # Errors
    /// [`ChangesError`]; nothing of it is to be used then.
    pub fn check(&self) -> Result<(), ChangesError> {
        if self.items.len() > CHANGES_SHOWN_MAX {
            return Err(ChangesError::Many(self.items.len()));
        }
        let checked = (1..).zip(&self.items);
        checked
            .into_iter()
            .try_for_each(|(place, item)| item.check().map_err(|error| ChangesError::One(place, error)))
    }
}

fn json(value: &(impl Serialize + ?Sized)) -> Vec<u8> {
    serde_json::to_vec(value).expect("a change holds only texts and numbers")
}

fn is_tag(tag: &str) -> bool {
    (2..=LANGUAGE_TAG_CHARS_MAX).contains(&tag.len())
        && tag.starts_with(|first: char| first.is_ascii_alphabetic())
        && !tag.ends_with('-')
        && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn check_text(tag: &str, text: &str) -> Result<(), ChangeError> {
    // Counted first: of a megabyte nobody wants to know what is in it.
    let length = text.chars().count();
    if length > CHANGE_TEXT_CHARS_MAX {
        return Err(ChangeError::Long(tag.to_owned(), length));
    }
    if let Some(refused) = text.chars().find(|&character| is_refused(character)) {
        return Err(ChangeError::Character(tag.to_owned(), format!("U+{:04X}", u32::from(refused))));
    }
    if is_blank(text) { Err(ChangeError::Blank(tag.to_owned())) } else { Ok(()) }
}

/// What is no tag, so that it can be shown in a message.
fn shown(tag: &str) -> String {
    tag.chars().take(LANGUAGE_TAG_CHARS_MAX).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(pairs: &[(&str, &str)]) -> Words {
        pairs.iter().map(|&(tag, text)| (tag.to_owned(), text.to_owned())).collect()
    }

    fn change() -> Change {
        Change {
            said: words(&[("en", "Queues too long"), ("de", "Zu lange Schlangen")]),
            did: words(&[("en", "Two more tills are open"), ("de", "Zwei Kassen mehr")]),
            day: 20_769,
            until_day: Some(20_818),
        }
    }

    fn saying(text: &str) -> Result<(), ChangeError> {
        Change { said: words(&[("en", text)]), did: words(&[("en", "done")]), ..change() }.check()
    }

    #[test]
    fn a_change_is_read_as_it_was_written() {
        let changes = Changes::of(vec![change(), Change { until_day: None, ..change() }]);
        let json = serde_json::to_string(&changes).unwrap();
        assert!(
            json.contains(r#""day":20769,"until_day":20818}"#) && json.contains(r#""day":20769}]"#),
            "{json}"
        );
        assert_eq!(serde_json::from_str::<Changes>(&json).unwrap(), changes);
        assert_eq!(changes.check(), Ok(()));
        // What a collector of later adds is passed over.
        let later = json.replacen("{\"said\"", "{\"icon\":\"till\",\"said\"", 1);
        assert_eq!(serde_json::from_str::<Changes>(&later).unwrap(), changes);
    }

    #[test]
    fn a_version_tells_lists_apart_and_an_empty_one_has_none() {
        let one = Changes::of(vec![change()]);
        assert_eq!(one.version, Changes::of(vec![change()]).version);
        assert_ne!(one.version, Changes::of(vec![Change { until_day: None, ..change() }]).version);
        assert_eq!(Changes::of(Vec::new()), Changes::none());
    }

    #[test]
    fn words_that_play_with_the_screen_are_refused() {
        assert_eq!(saying(&"x".repeat(CHANGE_TEXT_CHARS_MAX)), Ok(()));
        let long = saying(&"x".repeat(1_000_000));
        assert_eq!(long, Err(ChangeError::Long("en".into(), 1_000_000)));
        for refused in ["a\nb", "a\0", "\u{1b}[2J", "\u{202e}olleh", "\u{2066}x", "\u{2028}"] {
            let error = saying(refused).unwrap_err();
            assert!(matches!(error, ChangeError::Character(..)), "{refused:?}: {error}");
            assert!(!error.to_string().contains(is_refused), "{error:?}");
        }
        for blank in ["", "  ", "\u{200b}\u{feff}"] {
            assert_eq!(saying(blank), Err(ChangeError::Blank("en".into())), "{blank:?}");
        }
        // Arabic and Hebrew need these marks.
        assert_eq!(saying("طوابير\u{200f} طويلة"), Ok(()));
    }

    #[test]
    fn languages_come_in_pairs_and_have_tags() {
        let half = Change { did: words(&[("en", "done")]), ..change() };
        assert_eq!(half.check(), Err(ChangeError::Half("de".into())));
        let none = Change { said: Words::new(), did: Words::new(), ..change() };
        assert_eq!(none.check(), Err(ChangeError::Silent));
        for tag in ["", "e", "-en", "en-", "e n", "\u{202e}en", "\u{1b}[2J", &"x".repeat(36)] {
            let one = Change { said: words(&[(tag, "x")]), did: words(&[(tag, "x")]), ..change() };
            let error = one.check().unwrap_err();
            assert!(matches!(error, ChangeError::Tag(_)), "{tag:?}: {error}");
            assert!(!error.to_string().contains(is_refused), "{error:?}");
        }
        let many: Words = (0..13).map(|number| (format!("x{number}"), "x".to_owned())).collect();
        let many = Change { said: many.clone(), did: many, ..change() };
        assert_eq!(many.check(), Err(ChangeError::Languages(13)));
        let wide: Words = (0..12).map(|number| (format!("x{number}"), "漢".repeat(48))).collect();
        let wide = Change { said: wide.clone(), did: wide, ..change() };
        assert!(matches!(wide.check(), Err(ChangeError::Bytes(_))));
    }

    #[test]
    fn days_are_ones_that_a_calendar_has() {
        for (day, until_day, expected) in [
            (0, None, Ok(())),
            (CHANGE_DAY_MAX, Some(CHANGE_DAY_MAX), Ok(())),
            (-1, None, Err(ChangeError::Day)),
            (i64::MAX, None, Err(ChangeError::Day)),
            (5, Some(i64::MAX), Err(ChangeError::Day)),
            (5, Some(4), Err(ChangeError::Until)),
        ] {
            assert_eq!(Change { day, until_day, ..change() }.check(), expected, "{day} {until_day:?}");
        }
        let change = change();
        assert!(!change.is_over(20_818) && change.is_over(20_819));
        assert!(!Change { until_day: None, ..change }.is_over(i64::MAX));
    }

    #[test]
    fn a_list_is_taken_whole_or_not_at_all() {
        let many = Changes::of(vec![change(); 10_000]);
        assert_eq!(many.check(), Err(ChangesError::Many(10_000)));
        let bad = Change { day: -1, ..change() };
        let second = Changes::of(vec![change(), bad]);
        assert_eq!(second.check(), Err(ChangesError::One(2, ChangeError::Day)));
    }
}
