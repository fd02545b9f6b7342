//! The words being typed: bounded, on one line, edited by what a reader takes for a character.
//!
//! They live here only. They become an answer when the page is left on purpose, and are gone otherwise.

use afterword_model::survey::limits::COMMENT_BYTES_MAX;
use afterword_model::survey::{is_blank, is_refused};
use unicode_segmentation::UnicodeSegmentation;

/// The comment field's content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CommentField {
    text: String,
}

impl CommentField {
    /// A field that holds an earlier answer.
    pub(crate) fn holding(text: &str) -> Self {
        Self { text: text.into() }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Length in grapheme clusters.
    pub(crate) fn count(&self) -> usize {
        self.text.graphemes(true).count()
    }

    /// Adds what fits, cluster by cluster, up to `limit` clusters and [`COMMENT_BYTES_MAX`] bytes.
    pub(crate) fn type_in(&mut self, typed: &str, limit: usize) {
        let spaced = typed.chars().map(|character| if character == '\n' { ' ' } else { character });
        let clean: String = spaced.filter(|&character| !is_refused(character)).collect();
        for cluster in clean.graphemes(true) {
            let before = self.text.len();
            self.text.push_str(cluster);
            // Counted as a whole, because a combining mark joins the cluster before it.
            if self.text.len() > COMMENT_BYTES_MAX || self.count() > limit {
                self.text.truncate(before);
                return;
            }
        }
    }

    /// Takes the last cluster away.
    pub(crate) fn backspace(&mut self) {
        if let Some((start, _)) = self.text.grapheme_indices(true).next_back() {
            self.text.truncate(start);
        }
    }

    /// The answer these words make; none where they show nothing.
    pub(crate) fn answer(&self) -> Option<&str> {
        (!is_blank(&self.text)).then(|| self.text.trim())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str, limit: usize) -> CommentField {
        let mut field = CommentField::default();
        field.type_in(text, limit);
        field
    }

    #[test]
    fn letters_over_the_limit_are_refused_and_marks_on_the_last_letter_are_not() {
        let mut field = typed("abcde", 3);
        assert_eq!(field.text(), "abc");
        field.type_in("\u{301}", 3);
        assert_eq!((field.text(), field.count()), ("abc\u{301}", 3));
        field.type_in("d", 3);
        assert_eq!(field.text(), "abc\u{301}");
    }

    #[test]
    fn a_character_is_what_a_reader_takes_for_one() {
        let mut field = typed("👨‍👩‍👧🇬🇧é", 200);
        assert_eq!(field.count(), 3);
        field.backspace();
        assert_eq!(field.text(), "👨‍👩‍👧🇬🇧");
        field.backspace();
        assert_eq!(field.text(), "👨‍👩‍👧");
        field.backspace();
        field.backspace();
        assert_eq!(field.text(), "");
    }

    #[test]
    fn controls_and_direction_overrides_are_refused_and_a_line_feed_is_a_space() {
        assert_eq!(typed("a\nb\r\n\u{7}c\u{202E}d\te", 200).text(), "a b cde");
    }

    #[test]
    fn a_cluster_without_end_does_not_fill_the_record() {
        let mut field = typed(&format!("a{}", "\u{301}".repeat(100_000)), 200);
        assert_eq!(field.text(), "");
        for _ in 0..300 {
            field.type_in("a\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}", 200);
            field.type_in("\u{301}", 200);
        }
        assert!(field.text().len() <= COMMENT_BYTES_MAX && field.count() <= 200);
    }

    #[test]
    fn only_visible_words_make_an_answer() {
        assert_eq!(typed("  slow \n", 200).answer(), Some("slow"));
        assert_eq!(typed(" \u{200B} ", 200).answer(), None);
    }
}
