//! A line of text with a caret, edited by what a reader takes for a character.
//!
//! Text is kept in the order in which it is read, and the caret is a place in that order, so that writing from right to left,
//! and both in one line, need nothing special here. Everything stands in one allocation that never grows and is
//! overwritten when the field goes: the field leaves no copy of what was typed behind.

use std::fmt;

use afterword_model::survey::is_refused;
use unicode_segmentation::UnicodeSegmentation;
use zeroize::Zeroizing;

use crate::event::Caret;

/// The text and its caret.
#[derive(PartialEq, Eq)]
pub(crate) struct Field {
    text: Zeroizing<String>,
    /// Byte offset in `text`, always where a character begins or ends.
    caret: usize,
    bytes_max: usize,
}

/// Whoever prints a session prints nothing that was typed.
impl fmt::Debug for Field {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Field").field("count", &self.count()).finish_non_exhaustive()
    }
}

/// With the same room, which a copied string would not have.
impl Clone for Field {
    fn clone(&self) -> Self {
        let mut copy = Self::new(self.bytes_max);
        copy.text.push_str(&self.text);
        copy.caret = self.caret;
        copy
    }
}

impl Field {
    /// An empty field with room for so many bytes.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { text: Zeroizing::new(String::with_capacity(bytes_max)), caret: 0, bytes_max }
    }

    /// A field that holds an earlier text, with the caret at its end.
    pub(crate) fn holding(text: &str, bytes_max: usize) -> Self {
        let mut field = Self::new(bytes_max);
        field.type_in(text, usize::MAX);
        field
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The caret's place in bytes of [`Self::text`].
    pub(crate) fn caret(&self) -> usize {
        self.caret
    }

    /// Length in grapheme clusters.
    pub(crate) fn count(&self) -> usize {
        self.text.graphemes(true).count()
    }

    /// Writes at the caret what fits, character by character, up to `limit` of them in the whole field. A line feed becomes a
    /// space; other control characters and direction overrides are left out.
    pub(crate) fn type_in(&mut self, typed: &str, limit: usize) {
        let spaced = typed.chars().map(|character| if character == '\n' { ' ' } else { character });
        let clean: Zeroizing<String> =
            Zeroizing::new(spaced.filter(|&character| !is_refused(character)).collect());
        let mut end = self.caret;
        for cluster in clean.graphemes(true) {
            if !self.insert(end, cluster, limit) {
                break;
            }
            end += cluster.len();
        }
        // Only now: half-way, the caret would jump over the letters behind it where they join what was typed so far.
        self.stand(end);
    }

    /// Takes the character before the caret away.
    pub(crate) fn backspace(&mut self) {
        if let Some(start) = self.before() {
            self.text.drain(start..self.caret);
            self.stand(start);
        }
    }

    /// Takes the character behind the caret away.
    pub(crate) fn delete(&mut self) {
        if let Some(end) = self.after() {
            self.text.drain(self.caret..end);
            self.stand(self.caret);
        }
    }

    /// Moves the caret; past either end it stays there.
    pub(crate) fn move_caret(&mut self, caret: Caret) {
        match caret {
            Caret::At(offset) => self.stand(offset),
            Caret::Back => self.caret = self.before().unwrap_or(0),
            Caret::Forward => self.caret = self.after().unwrap_or(self.text.len()),
            Caret::Start => self.caret = 0,
            Caret::End => self.caret = self.text.len(),
        }
    }

    /// Where the character before the caret begins.
    fn before(&self) -> Option<usize> {
        self.ends().map(|(start, _)| start).take_while(|&start| start < self.caret).last()
    }

    /// Where the character behind the caret ends.
    fn after(&self) -> Option<usize> {
        self.ends().map(|(_, end)| end).find(|&end| end > self.caret)
    }

    /// Where each character begins and ends.
    fn ends(&self) -> impl Iterator<Item = (usize, usize)> {
        self.text.grapheme_indices(true).map(|(start, cluster)| (start, start + cluster.len()))
    }

    /// Writes one character at a place; false where it does not fit, and then nothing has changed.
    fn insert(&mut self, at: usize, cluster: &str, limit: usize) -> bool {
        if self.text.len() + cluster.len() > self.bytes_max {
            return false;
        }
        self.text.insert_str(at, cluster);
        // Counted as a whole, because a combining mark joins what stands before it and half a flag what follows.
        let fits = self.count() <= limit;
        if !fits {
            self.text.drain(at..at + cluster.len());
        }
        fits
    }

    /// Puts the caret there, or at the end of the character that has grown together across the place.
    fn stand(&mut self, offset: usize) {
        let at =
            if offset == 0 { Some(0) } else { self.ends().map(|(_, end)| end).find(|&end| end >= offset) };
        self.caret = at.unwrap_or(self.text.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A field with the caret between the two.
    fn around(before: &str, after: &str) -> Field {
        let mut field = Field::holding(&format!("{before}{after}"), 1_000);
        field.move_caret(Caret::At(before.len()));
        field
    }

    #[test]
    fn words_go_in_at_the_caret() {
        let mut field = around("the ", "till");
        field.type_in("slow ", 200);
        assert_eq!((field.text(), field.caret()), ("the slow till", 9));
    }

    #[test]
    fn a_full_field_refuses_letters_and_keeps_what_is_behind_the_caret() {
        let mut field = around("ab", "yz");
        field.type_in("c", 4);
        assert_eq!((field.text(), field.caret()), ("abyz", 2));
        field.type_in("cdef", 6);
        assert_eq!((field.text(), field.caret()), ("abcdyz", 4));
        field.type_in("\u{301}", 6);
        assert_eq!(
            (field.text(), field.count()),
            ("abcd\u{301}yz", 6),
            "a mark on the last letter is no letter"
        );
    }

    #[test]
    fn one_press_takes_what_a_reader_takes_for_one_character() {
        for one in ["e\u{301}\u{323}", "بِّ", "👨‍👩‍👧‍👦", "👩🏽‍🚀", "🇬🇧", "❤️", "한"]
        {
            let mut field = around(&format!("a{one}"), "z");
            field.backspace();
            assert_eq!((field.text(), field.caret()), ("az", 1), "{one}");
            let mut field = around("a", &format!("{one}z"));
            field.delete();
            assert_eq!((field.text(), field.caret()), ("az", 1), "{one}");
        }
    }

    #[test]
    fn at_the_ends_there_is_nothing_to_take_and_nowhere_to_go() {
        let mut field = around("", "ab");
        field.backspace();
        field.move_caret(Caret::Back);
        assert_eq!((field.text(), field.caret()), ("ab", 0));
        field.move_caret(Caret::End);
        field.delete();
        field.move_caret(Caret::Forward);
        assert_eq!((field.text(), field.caret()), ("ab", 2));
    }

    #[test]
    fn the_caret_goes_by_characters_and_a_finger_never_puts_it_inside_one() {
        let mut field = around("", "a👨‍👩‍👧🇬🇧é");
        let mut places = Vec::new();
        for _ in 0..5 {
            places.push(field.caret());
            field.move_caret(Caret::Forward);
        }
        assert_eq!(places, [0, 1, 19, 27, 29]);
        field.move_caret(Caret::At(5));
        assert_eq!(field.caret(), 19, "the end of the family");
        field.move_caret(Caret::Back);
        assert_eq!(field.caret(), 1);
        field.move_caret(Caret::At(usize::MAX));
        assert_eq!(field.caret(), 29);
        field.move_caret(Caret::Start);
        assert_eq!(field.caret(), 0);
    }

    #[test]
    fn flags_that_grow_together_keep_the_caret_between_characters() {
        let mut field = around("🇬🇧", "🇫🇷");
        field.type_in("🇩", 200);
        assert_eq!((field.count(), field.caret()), (3, "🇬🇧🇩🇫".len()));
        let mut field = around("🇬a", "🇧");
        field.backspace();
        assert_eq!((field.text(), field.caret()), ("🇬🇧", "🇬🇧".len()));
    }

    #[test]
    fn arabic_and_latin_mix_in_the_order_of_reading() {
        let mut field = Field::new(200);
        for typed in ["ا", "ل", " ", "T", "i", "l", "l", " ", "ب", "\u{650}"] {
            field.type_in(typed, 200);
        }
        assert_eq!((field.text(), field.count()), ("ال Till بِ", 9));
        field.move_caret(Caret::At("ال".len()));
        field.type_in("ع", 200);
        assert_eq!((field.text(), field.caret()), ("الع Till بِ", "الع".len()));
    }

    #[test]
    fn the_field_and_its_copies_never_outgrow_their_first_allocation() {
        let mut field = around("ab", "cd").clone();
        let (start, capacity) = (field.text().as_ptr(), field.text.capacity());
        for step in 0..1_000 {
            field.type_in("👨‍👩‍👧a\u{301}\n\u{202E}", 10_000);
            field.move_caret(Caret::At(step % 7));
        }
        assert!(field.text().len() <= 1_000 && !field.text().contains(['\n', '\u{202E}']));
        assert_eq!((field.text().as_ptr(), field.text.capacity()), (start, capacity));
    }

    #[test]
    fn a_field_prints_nothing_of_what_is_in_it() {
        assert!(!format!("{:?}", around("112", "233")).contains("112"));
    }
}
