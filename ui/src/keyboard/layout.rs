//! A keyboard's pages, row by row.

use super::accents;
use super::figures;
use super::key::{Action, Key};
use super::language::Language;
use super::letters;

/// What is being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variant {
    /// Words.
    Text,
    /// An e-mail address.
    Email,
}

/// The two sides of a keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    /// Letters.
    Letters,
    /// Figures and marks, behind the `123` key.
    Figures,
}

/// A keyboard. Rows and keys are listed as they lie on the glass, from the top and from the left, in every language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    language: Language,
    variant: Variant,
    letters: Vec<Vec<Key>>,
    figures: Vec<Vec<Key>>,
}

impl Layout {
    /// The keyboard of a language, by the first part of its BCP 47 tag: `ar`, `de`, `en`, `es`, `fr` or `pl`. Any other
    /// gets the English one. Arabic has the English one for e-mail addresses, which are written in Latin letters.
    pub(crate) fn of(language_tag: &str, variant: Variant) -> Self {
        let language = match (Language::of(language_tag), variant) {
            (Language::Arabic, Variant::Email) => Language::English,
            (language, _) => language,
        };
        let (letters, figures) = (letters_page(language, variant), figures_page(language, variant));
        Self { language, variant, letters, figures }
    }

    /// The tag of the language whose keys these are: `ar`, `de`, `en`, `es`, `fr` or `pl`.
    #[cfg(test)]
    pub(super) fn language_tag(&self) -> &'static str {
        self.language.tag()
    }

    /// The rows of a page, four of keys each.
    pub(crate) fn rows(&self, page: Page) -> &[Vec<Key>] {
        match page {
            Page::Letters => &self.letters,
            Page::Figures => &self.figures,
        }
    }

    /// Whether the keyboard makes capitals by itself at the beginning of a sentence.
    pub(crate) fn makes_capitals(&self) -> bool {
        self.language != Language::Arabic && self.variant == Variant::Text
    }
}

fn letters_page(language: Language, variant: Variant) -> Vec<Vec<Key>> {
    let mut rows: Vec<Vec<Key>> = letters::rows(language)
        .into_iter()
        .map(|row| row.split(' ').map(|letter| Key::letter(letter, accents::of(language, letter))).collect())
        .collect();
    if let Some(last) = rows.last_mut() {
        if language != Language::Arabic {
            last.insert(0, Key::function(Action::Shift, ""));
        }
        last.push(Key::function(Action::Backspace, ""));
    }
    rows.push(bottom_row(language, variant, Key::function(Action::Show(Page::Figures), "123")));
    rows
}

fn figures_page(language: Language, variant: Variant) -> Vec<Vec<Key>> {
    let mut rows = Vec::from(figures::rows(language, variant));
    if let Some(last) = rows.last_mut() {
        last.insert(0, Key::function(Action::Nothing, ""));
        last.push(Key::function(Action::Backspace, ""));
    }
    let label = if language == Language::Arabic { "أ ب ج" } else { "ABC" };
    rows.push(bottom_row(language, variant, Key::function(Action::Show(Page::Letters), label)));
    rows
}

fn bottom_row(language: Language, variant: Variant, page_key: Key) -> Vec<Key> {
    let mut row = vec![page_key, Key::function(Action::NextLanguage, "")];
    match variant {
        Variant::Text => row.extend([Key::space(), Key::mark(".", figures::beside_full_stop(language))]),
        Variant::Email => {
            row.extend([Key::mark("@", Vec::new()), Key::space(), Key::mark(".", vec!["-", "_", "+"])]);
        }
    }
    row.push(Key::function(Action::Done, ""));
    row
}
