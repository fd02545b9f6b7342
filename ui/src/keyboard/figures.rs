//! The 123 page, and the marks that the full stop and the e-mail row offer.

use super::key::Key;
use super::language::Language;
use super::layout::Variant;

/// The three rows of the 123 page without shift and backspace.
pub(super) fn rows(language: Language, variant: Variant) -> [Vec<Key>; 3] {
    let third = third_row(language, variant);
    [figures(language), keys("- / : ; ( ) £ € & @", language), keys(third, language)]
}

/// What the held full stop of the bottom row offers: what else ends or divides a sentence.
pub(super) fn beside_full_stop(language: Language) -> Vec<&'static str> {
    let others = match language {
        Language::Arabic => "، ؟ ! ؛ :",
        Language::Spanish => ", ? ! ¿ ¡ : ;",
        Language::French => ", ? ! ' : ; …",
        Language::English | Language::German | Language::Polish => ", ? ! ' : ; -",
    };
    others.split(' ').collect()
}

/// The figures; each offers the same figure of the other writing on the Arabic page.
fn figures(language: Language) -> Vec<Key> {
    let western = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0"];
    let arabic = ["١", "٢", "٣", "٤", "٥", "٦", "٧", "٨", "٩", "٠"];
    if language == Language::Arabic {
        arabic.into_iter().zip(western).map(|(figure, other)| Key::letter(figure, vec![other])).collect()
    } else {
        western.into_iter().map(|figure| Key::letter(figure, held(figure, language))).collect()
    }
}

/// Plus is not in the design's list; telephone numbers in comments begin with it, and the key is free.
/// Nobody quotes in an address, but many have an underscore.
const fn third_row(language: Language, variant: Variant) -> &'static str {
    match (language, variant) {
        (_, Variant::Email) => "_ . , ? ! ' +",
        (Language::Arabic, Variant::Text) => "\" . ، ؟ ! ' +",
        (_, Variant::Text) => "\" . , ? ! ' +",
    }
}

fn keys(row: &'static str, language: Language) -> Vec<Key> {
    row.split(' ').map(|mark| Key::letter(mark, held(mark, language))).collect()
}

/// What a held mark offers: the language's own quotation marks, the opening marks of Spanish, other currencies.
fn held(mark: &str, language: Language) -> Vec<&'static str> {
    let marks = match (mark, language) {
        ("\"", Language::German | Language::Polish) => "„ “ ” » «",
        ("\"", Language::French | Language::Spanish | Language::Arabic) => "« » “ ”",
        ("\"", Language::English) => "“ ” « »",
        ("'", _) => "’ ‘",
        ("-", _) => "– —",
        (".", _) => "…",
        ("?", Language::Spanish) => "¿",
        ("!", Language::Spanish) => "¡",
        ("؟", _) => "?",
        ("،", _) => ",",
        (";", Language::Arabic) => "؛",
        ("£", _) => "$",
        ("0", _) => "° %",
        _ => "",
    };
    marks.split_whitespace().collect()
}
