//! What the keys of a physical keyboard mean on each page.
//!
//! They do the same as the keys on the screen, so that a kiosk with a keypad, or a person at a desk, can go the same way.

use std::ops::RangeInclusive;

use crate::intent::Intent;
use crate::view::{Page, Question, Rating, ScaleKind};

const BACKSPACE: char = '\u{8}';
const RETURN: char = '\n';

/// The intent of a key that wrote `text`, or `None` if the page has no use for it.
pub(crate) fn intent(page: &Page, text: &str) -> Option<Intent> {
    let first = text.chars().next()?;
    match (page, first) {
        (Page::Question(Question { scale, .. }) | Page::Rating(Rating { scale, .. }), '0'..='9') => {
            Some(first as u8 - b'0').filter(|value| values(scale.kind).contains(value)).map(Intent::Rate)
        }
        (Page::Reasons(_) | Page::Rating(_), RETURN) => Some(Intent::Next),
        (Page::Comment(_), BACKSPACE) => Some(Intent::Backspace),
        (Page::Comment(_) | Page::Thanks(_) | Page::Easier(_), RETURN) => Some(Intent::Done),
        (Page::Comment(_), _) if text.chars().all(is_writing) => Some(Intent::Type(text.to_owned())),
        (Page::Asleep, _) => Some(Intent::Wake),
        _ => None,
    }
}

/// The values that one figure names; ten has none.
fn values(kind: ScaleKind) -> RangeInclusive<u8> {
    match kind {
        ScaleKind::Faces | ScaleKind::Stars => 1..=5,
        ScaleKind::FourFaces => 1..=4,
        ScaleKind::Recommend => 0..=9,
        ScaleKind::Effort => 1..=7,
        ScaleKind::Thumbs => 0..=1,
    }
}

/// Whether a character is writing. Slint reports arrows and the like as control or private characters.
fn is_writing(character: char) -> bool {
    !character.is_control() && !('\u{e000}'..='\u{f8ff}').contains(&character)
}

#[cfg(test)]
mod tests {
    use super::intent;
    use crate::intent::Intent;
    use crate::view::{Comment, Page, Question};

    #[test]
    fn figures_choose_a_face_on_the_question_page_only() {
        let question = Page::Question(Question::default());
        assert_eq!(intent(&question, "1"), Some(Intent::Rate(1)));
        assert_eq!(intent(&question, "5"), Some(Intent::Rate(5)));
        assert_eq!(intent(&question, "6"), None);
        assert_eq!(intent(&question, "a"), None);
    }

    #[test]
    fn the_comment_page_takes_letters_and_leaves_arrows() {
        let comment = Page::Comment(Comment::default());
        assert_eq!(intent(&comment, "ä"), Some(Intent::Type("ä".into())));
        assert_eq!(intent(&comment, "1"), Some(Intent::Type("1".into())));
        assert_eq!(intent(&comment, "\u{8}"), Some(Intent::Backspace));
        assert_eq!(intent(&comment, "\n"), Some(Intent::Done));
        assert_eq!(intent(&comment, "\u{f702}"), None, "an arrow is not writing");
        assert_eq!(intent(&comment, "\u{1b}"), None, "escape is not writing");
    }
}
