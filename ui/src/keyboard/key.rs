//! One key.

use super::layout::Page;

/// What a touch does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Writes this text, or its capital form; see [`Key::typed`].
    Type(&'static str),
    /// The same beside the space bar, where keys do not follow the letters' measure.
    Mark(&'static str),
    /// A space that is no key: it keeps the marks of the 123 page where the letters are.
    Nothing,
    /// Asks for a capital letter.
    Shift,
    /// Takes the character before the caret away; repeats when held for 500 ms.
    Backspace,
    /// Shows the other page of keys.
    Show(Page),
    /// Changes to the shop's next language.
    NextLanguage,
    /// Ends the writing.
    Done,
}

/// One key of a [`super::Layout`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    /// What a touch does.
    pub(crate) action: Action,
    /// The word on the key; empty for keys with an icon (shift, backspace) or with a translated word of the view
    /// (space, Done, the language's name).
    label: &'static str,
    accents: Vec<&'static str>,
}

impl Key {
    /// A key that types what stands on it.
    pub(super) fn letter(text: &'static str, accents: Vec<&'static str>) -> Self {
        Self { action: Action::Type(text), label: text, accents }
    }

    /// The same beside the space bar.
    pub(super) fn mark(text: &'static str, accents: Vec<&'static str>) -> Self {
        Self { action: Action::Mark(text), label: text, accents }
    }

    /// A key with another label than what it types, or that types nothing.
    pub(super) fn function(action: Action, label: &'static str) -> Self {
        Self { action, label, accents: Vec::new() }
    }

    /// The space bar.
    pub(super) fn space() -> Self {
        Self::function(Action::Type(" "), "")
    }

    /// What stands on the key while `capital` letters are on.
    pub(crate) fn label(&self, capital: bool) -> String {
        match self.action {
            Action::Type(_) if capital => capital_form(self.label),
            _ => self.label.to_owned(),
        }
    }

    /// What a touch writes while `capital` letters are on; `None` for a key that writes nothing.
    pub(crate) fn typed(&self, capital: bool) -> Option<String> {
        match self.action {
            Action::Type(text) if capital => Some(capital_form(text)),
            Action::Type(text) | Action::Mark(text) => Some(text.to_owned()),
            _ => None,
        }
    }

    /// What is offered when the key is held for 400 ms, the likeliest first. Each is at once the label and what is
    /// written. At most nine, so that they fit above a row of ten.
    pub(crate) fn accents(&self, capital: bool) -> Vec<String> {
        self.accents
            .iter()
            .map(|accent| if capital { capital_form(accent) } else { (*accent).to_owned() })
            .collect()
    }
}

/// The capital form that stays one letter: Unicode makes two of ß, German spelling since 2017 has ẞ.
fn capital_form(text: &str) -> String {
    if text == "ß" { "ẞ".to_owned() } else { text.to_uppercase() }
}
