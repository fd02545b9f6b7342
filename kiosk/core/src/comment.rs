//! The words being typed: bounded, on one line, edited by what a reader takes for a character.
//!
//! They live here only. They become an answer when the page is left on purpose, and are gone otherwise.

use afterword_model::survey::is_blank;
use afterword_model::survey::limits::COMMENT_BYTES_MAX;

use crate::field::Field;

/// The comment field's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommentField(pub(crate) Field);

impl Default for CommentField {
    fn default() -> Self {
        Self(Field::new(COMMENT_BYTES_MAX))
    }
}

impl CommentField {
    /// A field that holds an earlier answer.
    pub(crate) fn holding(text: &str) -> Self {
        Self(Field::holding(text, COMMENT_BYTES_MAX))
    }

    /// The answer these words make; none where they show nothing.
    pub(crate) fn answer(&self) -> Option<&str> {
        let text = self.0.text();
        (!is_blank(text)).then(|| text.trim())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str, limit: usize) -> CommentField {
        let mut field = CommentField::default();
        field.0.type_in(text, limit);
        field
    }

    #[test]
    fn letters_over_the_limit_are_refused_and_marks_on_the_last_letter_are_not() {
        let mut field = typed("abcde", 3);
        assert_eq!(field.0.text(), "abc");
        field.0.type_in("\u{301}", 3);
        assert_eq!((field.0.text(), field.0.count()), ("abc\u{301}", 3));
        field.0.type_in("d", 3);
        assert_eq!(field.0.text(), "abc\u{301}");
    }

    #[test]
    fn a_character_is_what_a_reader_takes_for_one() {
        let mut field = typed("👨‍👩‍👧🇬🇧é", 200);
        assert_eq!(field.0.count(), 3);
        field.0.backspace();
        assert_eq!(field.0.text(), "👨‍👩‍👧🇬🇧");
        field.0.backspace();
        assert_eq!(field.0.text(), "👨‍👩‍👧");
        field.0.backspace();
        field.0.backspace();
        assert_eq!(field.0.text(), "");
    }

    #[test]
    fn controls_and_direction_overrides_are_refused_and_a_line_feed_is_a_space() {
        assert_eq!(typed("a\nb\r\n\u{7}c\u{202E}d\te", 200).0.text(), "a b cde");
    }

    #[test]
    fn a_cluster_without_end_does_not_fill_the_record() {
        let mut field = typed(&format!("a{}", "\u{301}".repeat(100_000)), 200);
        assert_eq!(field.0.text(), "");
        for _ in 0..300 {
            field.0.type_in("a\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}", 200);
            field.0.type_in("\u{301}", 200);
        }
        assert!(field.0.text().len() <= COMMENT_BYTES_MAX && field.0.count() <= 200);
    }

    #[test]
    fn only_visible_words_make_an_answer() {
        assert_eq!(typed("  slow \n", 200).answer(), Some("slow"));
        assert_eq!(typed(" \u{200B} ", 200).answer(), None);
    }
}
