//! The follow-up code: three words that a shopper takes along, to ask later what came of it.
//!
//! It names nobody and is made of nothing: 33 bits from the entropy that is handed in, so that neither a record's number nor
//! its time leads to it. Whoever has the words has the answer's status, so they are in no log: printed for a debugger
//! ([`std::fmt::Debug`]) a code says nothing.
//!
//! **Twice the same.** Of *n* codes that are in use two are the same with a probability of about *n*² / 2³⁴: one in 17,000
//! for 1,000 of them, one in 170 for 10,000, and nearly one in two for 100,000. A device does not know the codes of the others, so
//! none is drawn anew for that; whoever looks a code up is shown all that it belongs to. Somebody who tries codes finds one of *n* with
//! every 2³³ / *n*th: for 10,000 in use every 860,000th.
//!
//! **The words** (`follow_up/words.txt`) are 2,048, of three to seven letters, each known by its first four. 1,163 are from the
//! English list of BIP 39 (as in the crate `bip39`, CC0), without its words of eight letters, without everything in
//! `follow_up/refused.txt`, and without little words that would make sentences; the others were chosen for things that are
//! easily spelt: food, plants, animals, weather, the house, games. A shopper stands in a shop, and three words stand beside one
//! another by chance: so there is nothing of violence, illness, drink, bodies, peoples and beliefs, and nothing that one may
//! call somebody. The list is part of the protocol and does not change: a word that was taken out could no longer be asked for.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::closest::closest;
use crate::ports::Entropy;

/// How many words make a code.
pub const CODE_WORDS: usize = 3;

/// So many first letters tell each word from every other.
pub const LETTERS_ENOUGH: usize = 4;

/// Bits that choose a word.
const WORD_BITS: u32 = 11;

/// A quoted word is cut after this many letters, so that a message stays one line.
const QUOTED_LETTERS_MAX: usize = 40;

/// Every word there is, one a line, in the order of the alphabet.
const WORDS: &str = include_str!("follow_up/words.txt");

/// Three words.
///
/// What a record says is taken as it is, whatever the words: a record is not unreadable for a word that this program does not
/// know.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FollowUpCode([String; CODE_WORDS]);

/// Why something that was typed is no code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoFollowUpCode {
    /// More words, or fewer.
    #[error("a follow-up code has {CODE_WORDS} words and this has {0}; write it as in harbor-maple-tide")]
    Count(usize),
    /// A word that is none of the list, and near to one of them.
    #[error("`{word}` is not one of the words; did you mean `{near}`?")]
    Misspelt {
        /// What was typed.
        word: String,
        /// The nearest word.
        near: &'static str,
    },
    /// A word that is none of the list, and near to none.
    #[error("`{0}` is not one of the words; compare it with what the kiosk had shown")]
    Unknown(String),
}

impl FollowUpCode {
    /// A new one, by chance alone.
    #[must_use]
    pub fn draw(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 8];
        entropy.fill(&mut bytes);
        let mut bits = u64::from_le_bytes(bytes);
        Self(std::array::from_fn(|_| {
            let place = bits & ((1 << WORD_BITS) - 1);
            bits >>= WORD_BITS;
            let word = usize::try_from(place).ok().and_then(|place| WORDS.lines().nth(place));
            word.expect("there are as many words as the bits can choose").to_owned()
        }))
    }

    /// Reads what somebody typed: upper case does not count, between the words may stand anything that is no letter, and the
    /// first four letters of a word are enough.
    ///
    /// # Errors
    /// [`NoFollowUpCode`], which names the nearest word.
    pub fn parse(typed: &str) -> Result<Self, NoFollowUpCode> {
        let typed: Vec<String> = typed
            .split(|character: char| !character.is_alphabetic())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
        let words = typed.iter().map(|word| meant(word)).collect::<Result<Vec<_>, _>>()?;
        let count = words.len();
        let words: [&str; CODE_WORDS] = words.try_into().map_err(|_| NoFollowUpCode::Count(count))?;
        Ok(Self(words.map(str::to_owned)))
    }

    /// Its words, in their order.
    #[must_use]
    pub fn words(&self) -> &[String; CODE_WORDS] {
        &self.0
    }
}

/// As it is written: `harbor-maple-tide`.
impl fmt::Display for FollowUpCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.join("-"))
    }
}

/// Without its words: what is printed for a debugger ends up in logs.
impl fmt::Debug for FollowUpCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("FollowUpCode(…)")
    }
}

/// The word of the list that is typed so, or begun so.
fn meant(typed: &str) -> Result<&'static str, NoFollowUpCode> {
    let is_begun = |word: &&str| typed.len() >= LETTERS_ENOUGH && word.starts_with(typed);
    WORDS.lines().find(|word| *word == typed).or_else(|| WORDS.lines().find(is_begun)).ok_or_else(|| {
        let word = typed.chars().take(QUOTED_LETTERS_MAX).collect();
        match closest(typed, WORDS.lines()) {
            Some(near) => NoFollowUpCode::Misspelt { word, near },
            None => NoFollowUpCode::Unknown(word),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::ports::SeededEntropy;

    /// What a shop does not want to have shown to its shoppers.
    const REFUSED: &str = include_str!("follow_up/refused.txt");

    fn first_letters(word: &str) -> &str {
        &word[..word.len().min(LETTERS_ENOUGH)]
    }

    #[test]
    fn the_words_are_as_many_as_the_bits_choose_short_and_in_order() {
        let words: Vec<&str> = WORDS.lines().collect();
        assert_eq!(words.len(), 1 << WORD_BITS);
        assert!(words.is_sorted());
        for word in &words {
            let is_plain = word.bytes().all(|letter| letter.is_ascii_lowercase());
            assert!(is_plain && (3..=7).contains(&word.len()), "{word}");
        }
        assert!(WORDS.ends_with('\n') && !WORDS.contains('\r'));
    }

    #[test]
    fn the_first_four_letters_tell_each_word_from_every_other() {
        let firsts: BTreeSet<&str> = WORDS.lines().map(first_letters).collect();
        assert_eq!(firsts.len(), 1 << WORD_BITS);
    }

    #[test]
    fn no_word_offends_a_shopper_and_none_is_typed_as_one_that_does() {
        let refused: BTreeSet<&str> = REFUSED.split_whitespace().collect();
        assert!(
            refused.len() > 800
                && ["abuse", "kill", "gun", "drunk"].iter().all(|word| refused.contains(word))
        );
        let offends = |word: &&str| refused.contains(word) || refused.contains(first_letters(word));
        assert_eq!(WORDS.lines().filter(offends).collect::<Vec<_>>(), [""; 0]);
    }

    fn parsed(typed: &str) -> Result<String, String> {
        FollowUpCode::parse(typed).map(|code| code.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_code_is_read_as_people_write_it() {
        for typed in [
            "harbor-maple-tide",
            "HARBOR MAPLE TIDE",
            "  Harbor.Maple.Tide. ",
            "harb mapl tide",
            "harbo\u{a0}maple\u{2011}tide",
            "harbor, maple,\ntide",
        ] {
            assert_eq!(parsed(typed), Ok("harbor-maple-tide".into()), "{typed}");
        }
        // A word of three letters is whole by itself.
        assert_eq!(parsed("act acti acto"), Ok("act-action-actor".into()));
    }

    #[test]
    fn what_is_no_code_says_what_was_meant() {
        for (typed, said) in [
            ("harbr maple tide", "`harbr` is not one of the words; did you mean `harbor`?"),
            ("har maple tide", "`har` is not one of the words; did you mean"),
            ("harbor maple xqzvwk", "`xqzvwk` is not one of the words; compare it with"),
            ("harbor maple", "a follow-up code has 3 words and this has 2; write it as in harbor-maple-tide"),
            ("harbor maple tide tide", "has 3 words and this has 4"),
            ("harbormapletide", "`harbormapletide` is not one of the words; compare"),
            ("", "this has 0"),
            ("\u{202e}-…!", "this has 0"),
        ] {
            let error = parsed(typed).expect_err(typed);
            assert!(error.contains(said), "{typed}: {error}");
        }
        let long = parsed(&"ü".repeat(100_000)).unwrap_err();
        assert!(long.len() < 200, "{long}");
    }

    #[test]
    fn a_code_says_nothing_to_a_log() {
        let code = FollowUpCode::parse("harbor-maple-tide").unwrap();
        assert_eq!(format!("{code:?}"), "FollowUpCode(…)");
    }

    /// Dice that fall as they are told to.
    struct Loaded(u64);

    impl Entropy for Loaded {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.copy_from_slice(&self.0.to_le_bytes());
        }
    }

    #[test]
    fn every_word_has_its_place_in_what_chance_gives() {
        for (place, (word, mirrored)) in (0..).zip(WORDS.lines().zip(WORDS.lines().rev())) {
            let code =
                FollowUpCode::draw(&Loaded(place | (2047 - place) << 11 | place << 22 | u64::MAX << 33));
            assert_eq!(code.words(), &[word, mirrored, word]);
        }
        assert_eq!(FollowUpCode::draw(&Loaded(0)).to_string(), "abacus-abacus-abacus");
    }

    proptest! {
        #[test]
        fn what_is_drawn_is_read_back_from_its_first_letters(seed in any::<u64>()) {
            let code = FollowUpCode::draw(&SeededEntropy::new(seed));
            let begun: Vec<&str> = code.words().iter().map(|word| first_letters(word)).collect();
            prop_assert_eq!(FollowUpCode::parse(&begun.join(" ")), Ok(code.clone()));
            prop_assert_eq!(FollowUpCode::parse(&code.to_string().to_uppercase()), Ok(code));
        }

        #[test]
        fn anything_at_all_can_be_typed(typed in prop_oneof![any::<String>(), "[a-zéłع ]{0,120}"]) {
            let _read_or_refused = FollowUpCode::parse(&typed);
        }
    }
}
