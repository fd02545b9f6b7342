//! What a held letter offers.
//!
//! First the letters that the language itself has, by how often they are written in it; then those of its neighbours,
//! for names. Never a letter that has a key of its own.

use super::language::Language;

/// The most that fit above a row of ten keys with a place to slide the finger to.
pub(super) const ACCENTS_MAX: usize = 9;

/// The accents of a letter, the likeliest first.
pub(super) fn of(language: Language, letter: &str) -> Vec<&'static str> {
    let rows = super::letters::rows(language);
    let has_own_key = |accent: &str| rows.iter().any(|row| row.split(' ').any(|key| key == accent));
    let foreign = if language == Language::Arabic { "" } else { of_neighbours(letter) };
    let mut accents: Vec<&'static str> = Vec::new();
    for accent in own(language, letter).split_whitespace().chain(foreign.split_whitespace()) {
        if !accents.contains(&accent) && !has_own_key(accent) {
            accents.push(accent);
        }
    }
    accents.truncate(ACCENTS_MAX);
    accents
}

/// The language's own.
fn own(language: Language, letter: &str) -> &'static str {
    match language {
        // Loan words: café, naïve, crème, façade, jalapeño, Zoë.
        Language::English => match letter {
            "e" => "é è ê ë",
            "i" => "ï í",
            "o" => "ö ô ó",
            _ => "",
        },
        Language::German => match letter {
            "e" => "é è ê",
            "a" => "ä à",
            "s" => "ß",
            _ => "",
        },
        // Within a letter by frequency in French text.
        Language::French => match letter {
            "a" => "à â æ",
            "c" => "ç",
            "e" => "é è ê ë",
            "i" => "î ï",
            "o" => "ô œ",
            "u" => "û ù ü",
            "y" => "ÿ",
            _ => "",
        },
        Language::Spanish => match letter {
            "a" => "á ª",
            "e" => "é",
            "i" => "í",
            "o" => "ó º",
            "u" => "ú ü",
            _ => "",
        },
        // ż is written far more often than ź.
        Language::Polish => match letter {
            "a" => "ą",
            "c" => "ć",
            "e" => "ę",
            "l" => "ł",
            "n" => "ń",
            "o" => "ó",
            "s" => "ś",
            "z" => "ż ź",
            _ => "",
        },
        Language::Arabic => of_arabic(letter),
    }
}

/// Arabic forms without a key of their own, then the letters of Persian, Urdu and Kurdish names.
fn of_arabic(letter: &str) -> &'static str {
    match letter {
        "ا" => "أ إ آ ٱ",
        "ل" => "لا لأ لإ لآ",
        "ي" => "ئ ى ی",
        "ى" => "ئ",
        "ء" => "ئ أ إ",
        "و" => "ؤ ۆ",
        "ه" => "ة ھ",
        "ب" => "پ",
        "ج" => "چ",
        "ز" => "ژ",
        "ف" => "ڤ",
        "ك" => "گ ک",
        // The vowel signs, on the letter that is held least; they write onto the letter before them.
        "ذ" => "َ ُ ِ ً ّ ْ ٍ ٌ",
        _ => "",
    }
}

/// Letters for the names of neighbours, visitors and dishes.
fn of_neighbours(letter: &str) -> &'static str {
    match letter {
        "a" => "á à ä â ã å æ ą ă",
        "c" => "ç ć č",
        "d" => "đ ð ď",
        "e" => "é è ë ê ę ě ė ē",
        "g" => "ğ",
        "i" => "í ï î ì ı",
        "l" => "ł",
        "n" => "ñ ń ň",
        "o" => "ö ó ø ô ò õ ő œ",
        "r" => "ř",
        "s" => "ß š ś ş",
        "t" => "ť þ",
        "u" => "ü ú û ù ů ű ū",
        "y" => "ý ÿ",
        "z" => "ž ż ź",
        _ => "",
    }
}
