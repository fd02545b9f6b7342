//! Every layout, key by key.

use std::collections::HashSet;

use unicode_segmentation::UnicodeSegmentation;

use super::accents::ACCENTS_MAX;
use super::capital::capital_is_due;
use super::key::{Action, Key};
use super::language::Language;
use super::layout::{Layout, Page, Variant};
use super::shift::Shift;

fn text(tag: &str) -> Layout {
    Layout::of(tag, Variant::Text)
}

fn labels(row: &[Key]) -> String {
    row.iter().filter_map(|key| key.typed(false)).collect::<Vec<_>>().join(" ")
}

fn every_layout() -> Vec<Layout> {
    let variants = [Variant::Text, Variant::Email];
    Language::ALL
        .iter()
        .flat_map(|language| variants.map(|variant| Layout::of(language.tag(), variant)))
        .collect()
}

fn keys(layout: &Layout) -> impl Iterator<Item = &Key> {
    [Page::Letters, Page::Figures].into_iter().flat_map(|page| layout.rows(page)).flatten()
}

/// All that can be typed, held keys included.
fn reachable(layout: &Layout) -> HashSet<String> {
    keys(layout)
        .flat_map(|key| {
            [true, false]
                .into_iter()
                .flat_map(|capital| key.typed(capital).into_iter().chain(key.accents(capital)))
        })
        .collect()
}

fn held<'a>(layout: &'a Layout, letter: &str) -> &'a Key {
    keys(layout).find(|key| key.label(false) == letter).unwrap()
}

#[test]
fn the_first_letters_are_where_people_look_for_them() {
    for (tag, first_row) in [
        ("en", "q w e r t y u i o p"),
        ("de", "q w e r t z u i o p ü"),
        ("fr", "a z e r t y u i o p"),
        ("es", "q w e r t y u i o p"),
        ("pl", "q w e r t y u i o p"),
        ("ar", "ض ص ث ق ف غ ع ه خ ح ج"),
    ] {
        assert_eq!(labels(&text(tag).rows(Page::Letters)[0]), first_row, "{tag}");
    }
}

#[test]
fn a_tag_with_a_region_finds_its_language_and_an_unknown_one_gets_english() {
    for (tag, language) in [("de-AT", "de"), ("PL", "pl"), ("fr_CA", "fr"), ("ar-EG", "ar"), ("es-419", "es")]
    {
        assert_eq!(text(tag).language_tag(), language);
    }
    for tag in ["", "-", "xx", "english", "d", "\u{0}", "zh-Hant", "ß"] {
        assert_eq!(text(tag).language_tag(), "en", "{tag}");
    }
}

#[test]
fn every_page_has_three_rows_and_a_bottom_row() {
    for layout in every_layout() {
        for page in [Page::Letters, Page::Figures] {
            let rows = layout.rows(page);
            assert_eq!(rows.len(), 4);
            assert!(rows.iter().all(|row| row.len() <= 11), "{layout:?}");
            assert_eq!(rows[2].last().unwrap().action, Action::Backspace);
            let bottom = &rows[3];
            assert!(matches!(bottom[0].action, Action::Show(other) if other != page));
            assert_eq!(bottom[1].action, Action::NextLanguage);
            assert_eq!(bottom.last().unwrap().action, Action::Done);
            assert!(bottom.iter().any(|key| key.action == Action::Type(" ")));
        }
    }
}

#[test]
fn arabic_has_eleven_keys_a_row_and_no_capitals() {
    let layout = text("ar");
    assert!(layout.rows(Page::Letters)[..3].iter().all(|row| row.len() == 11));
    assert!(!layout.makes_capitals());
    assert!(keys(&layout).all(|key| key.action != Action::Shift));
}

#[test]
fn every_alphabet_is_complete() {
    for (tag, alphabet) in [
        ("en", "abcdefghijklmnopqrstuvwxyzABCXYZéÉ"),
        ("de", "abcdefghijklmnopqrstuvwxyzäöüßÄÖÜẞ"),
        ("fr", "abcdefghijklmnopqrstuvwxyzàâæçéèêëîïôœùûüÿÀÂÆÇÉÈÊËÎÏÔŒÙÛÜŸ'«»"),
        ("es", "abcdefghijklmnopqrstuvwxyzáéíñóúüÁÉÍÑÓÚÜ¿¡ªº"),
        ("pl", "aąbcćdeęfghijklłmnńoópqrsśtuvwxyzźżĄĆĘŁŃÓŚŹŻ„”"),
        (
            "ar",
            "ابتثجحخدذرزسشصضطظعغفقكلمنهويءأإآؤئةى،؟؛٠١٢٣٤٥٦٧٨٩0123456789\u{64e}\u{64f}\u{650}\u{651}\u{652}\u{64b}",
        ),
    ] {
        let reachable = reachable(&text(tag));
        for letter in alphabet.chars().map(String::from) {
            assert!(reachable.contains(&letter), "{tag} lacks {letter}");
        }
    }
}

#[test]
fn the_123_page_has_the_marks_of_the_design() {
    for tag in ["en", "de", "fr", "es", "pl", "ar"] {
        let reachable = reachable(&text(tag));
        for mark in "0123456789-/:;()£&@\".,?!'€".chars().map(String::from) {
            assert!(reachable.contains(&mark), "{tag} lacks {mark}");
        }
    }
    assert_eq!(labels(&text("ar").rows(Page::Figures)[0]), "١ ٢ ٣ ٤ ٥ ٦ ٧ ٨ ٩ ٠");
}

#[test]
fn held_letters_offer_the_likeliest_first() {
    for (tag, letter, first) in [
        ("pl", "z", "ż"),
        ("pl", "a", "ą"),
        ("fr", "e", "é"),
        ("es", "u", "ú"),
        ("en", "e", "é"),
        ("de", "s", "š"),
        ("ar", "ا", "أ"),
    ] {
        let layout = text(tag);
        assert_eq!(held(&layout, letter).accents(false)[0], first, "{tag} {letter}");
    }
    assert_eq!(held(&text("pl"), "z").accents(true)[..2], ["Ż", "Ź"]);
    assert_eq!(held(&text("fr"), "e").accents(false)[..4], ["é", "è", "ê", "ë"]);
}

#[test]
fn what_is_held_is_short_different_and_not_on_the_keyboard_already() {
    for layout in every_layout() {
        for page in [Page::Letters, Page::Figures] {
            let row_of = layout.rows(page);
            let plain: Vec<String> = row_of.iter().flatten().filter_map(|key| key.typed(false)).collect();
            let letters = row_of.iter().take(3).flatten();
            for key in letters.clone() {
                let accents = key.accents(false);
                assert!(accents.len() <= ACCENTS_MAX);
                assert_eq!(accents.iter().collect::<HashSet<_>>().len(), accents.len(), "{accents:?}");
                assert!(accents.iter().all(|accent| !plain.contains(accent)), "{key:?}");
            }
            // The bottom row repeats the marks of the 123 page.
            let letters: Vec<_> = letters.filter_map(|key| key.typed(false)).collect();
            assert_eq!(letters.iter().collect::<HashSet<_>>().len(), letters.len(), "{letters:?}");
        }
    }
}

#[test]
fn a_touch_types_one_character_small_or_capital() {
    for layout in every_layout() {
        for key in keys(&layout) {
            for capital in [false, true] {
                for typed in key.typed(capital).into_iter().chain(key.accents(capital)) {
                    let clusters = typed.graphemes(true).count();
                    assert!(clusters == 1 || typed.starts_with('ل'), "{typed}");
                }
            }
        }
    }
}

#[test]
fn a_key_that_types_shows_what_it_types() {
    for layout in every_layout() {
        for key in keys(&layout).filter(|key| key.action != Action::Type(" ")) {
            for capital in [false, true] {
                if let Some(typed) = key.typed(capital) {
                    assert_eq!(key.label(capital), typed);
                }
            }
        }
    }
}

#[test]
fn an_email_keyboard_has_its_marks_beside_the_space_bar_and_no_capitals() {
    for language in Language::ALL {
        let layout = Layout::of(language.tag(), Variant::Email);
        assert_eq!(labels(&layout.rows(Page::Letters)[3]), "@   .");
        assert!(!layout.makes_capitals());
        assert!(reachable(&layout).is_superset(&["-", "_", "+"].map(String::from).into()));
    }
    assert_eq!(Layout::of("ar", Variant::Email).language_tag(), "en");
}

#[test]
fn a_sentence_typed_key_by_key_gets_its_capitals() {
    let layout = text("en");
    let (mut text, mut shift) = (String::new(), Shift::default());
    shift.follow(capital_is_due(&text));
    for letter in "too slow. why".chars().map(String::from) {
        let key = keys(&layout).find(|key| key.typed(false).as_ref() == Some(&letter)).unwrap();
        let typed = key.typed(shift.is_capital()).unwrap();
        text.push_str(&typed);
        shift.wrote(&typed);
        shift.follow(capital_is_due(&text));
    }
    assert_eq!(text, "Too slow. Why");
}
