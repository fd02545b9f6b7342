//! Words in every language of a survey.

use unicode_segmentation::UnicodeSegmentation;

/// A language of a survey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Language {
    /// BCP 47 tag (`en`, `pt-BR`).
    pub tag: String,
    /// The language's name in itself (`Deutsch`), as it stands on the language key.
    pub name: String,
}

/// One text in the survey's languages. Never blank: a language without its own falls back to the default one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    default: String,
    translations: Vec<(String, String)>,
}

impl Text {
    /// A text from its default wording and its translations by tag.
    pub(super) fn new(default: String, translations: Vec<(String, String)>) -> Self {
        Self { default, translations }
    }

    /// The wording in that language, else in the survey's default language.
    #[must_use]
    pub fn in_language(&self, tag: &str) -> &str {
        self.translations.iter().find(|(language, _)| language == tag).map_or(&self.default, |(_, text)| text)
    }
}

/// Whether a character has no place in a text: controls, line and paragraph separators, and the bidirectional
/// embeddings, overrides and isolates, which can make a text read as something else than it says. The plain
/// direction marks U+200E and U+200F stay allowed; Arabic and Hebrew need them.
#[must_use]
pub fn is_refused(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Whether a text shows nothing at all: white space and characters that have no width or no ink.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|character| {
        character.is_whitespace()
            || is_refused(character)
            || matches!(
                character,
                '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{2800}' | '\u{3164}' | '\u{FEFF}'
            )
    })
}

/// What somebody typed as one line: white space as single spaces, without what no line shows.
#[must_use]
pub fn on_one_line(typed: &str) -> String {
    let line = typed.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().filter(|character| !is_refused(*character)).collect()
}

/// What a reader counts as characters: grapheme clusters.
#[must_use]
pub fn graphemes(text: &str) -> usize {
    text.graphemes(true).count()
}
