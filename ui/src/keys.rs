//! What the keys of a physical keyboard mean on each page.
//!
//! They do the same as the keys on the screen, so that a kiosk with a keypad, or a person at a desk, can go the same way.
//! With a ring around a key ([`crate::focus`]), Enter and Space strike that key; without one they mean what they mean on the page.

use slint::platform::Key;

use crate::focus::{Stops, Way};
use crate::intent::{Browse, Caret, FollowUpsIntent, Intent, Place, StaffIntent};
use crate::intents::Intents;
use crate::scale::values;
use crate::view::{Page, Question, Rating, View};

const BACKSPACE: char = '\u{8}';
const DELETE: char = '\u{7f}';
const RETURN: char = '\n';
const ESCAPE: char = '\u{1b}';

/// Does what a key that wrote `text` means. Whether it means anything.
pub(crate) fn press(
    view: &View,
    text: &str,
    shift: bool,
    repeats: bool,
    stops: &Stops,
    intents: &Intents,
) -> bool {
    let Some(first) = text.chars().next() else { return false };
    let is = |key: Key| first == char::from(key);
    let from_right = crate::kiosk_ui::runs_from_right(&view.look.language);
    let on_key = stops.is_shown() && !stops.is_on_field();
    let writes = matches!(view.page, Page::Comment(_) | Page::Contact(_)) && !on_key;
    if view.page == Page::Asleep {
        if !repeats {
            intents.send(Intent::Wake);
        }
        return true;
    }
    if is(Key::Backtab) || is(Key::Tab) {
        stops.go(if is(Key::Backtab) || shift { Way::Previous } else { Way::Next });
        return true;
    }
    if writes && let Some(intent) = caret(&is, from_right) {
        intents.send(intent);
        return true;
    }
    let way = [
        (Key::LeftArrow, Way::Left),
        (Key::RightArrow, Way::Right),
        (Key::UpArrow, Way::Up),
        (Key::DownArrow, Way::Down),
    ];
    if let Some((_, way)) = way.into_iter().find(|(key, _)| is(*key)) {
        stops.go(way);
        return true;
    }
    if first == ESCAPE && stops.is_shown() {
        stops.hide();
        return true;
    }
    // A key that is held down goes on writing and deleting; it does not go on choosing on page after page.
    let is_enter = first == RETURN || (first == ' ' && !writes);
    if is_enter && (repeats || on_key) {
        if !repeats {
            stops.strike();
        }
        return true;
    }
    let intent = intent(&view.page, text).filter(|intent| !repeats || !matches!(intent, Intent::Rate(_)));
    let known = intent.is_some();
    intent.into_iter().for_each(|intent| intents.send(intent));
    known
}

/// What a key does to the caret.
fn caret(is: &impl Fn(Key) -> bool, from_right: bool) -> Option<Intent> {
    let moved = |caret| Some(Intent::MoveCaret(caret));
    let (left, right) =
        if from_right { (Caret::Forward, Caret::Back) } else { (Caret::Back, Caret::Forward) };
    match () {
        () if is(Key::LeftArrow) => moved(left),
        () if is(Key::RightArrow) => moved(right),
        () if is(Key::Home) => moved(Caret::Start),
        () if is(Key::End) => moved(Caret::End),
        () => None,
    }
}

/// The intent of a key that wrote `text`, or `None` if the page has no use for it.
fn intent(page: &Page, text: &str) -> Option<Intent> {
    let first = text.chars().next()?;
    match (page, first) {
        (Page::Question(Question { scale, .. }) | Page::Rating(Rating { scale, .. }), '0'..='9') => {
            Some(first as u8 - b'0').filter(|value| values(scale.kind).contains(value)).map(Intent::Rate)
        }
        (Page::Pin(_), '0'..='9') => Some(Intent::Staff(StaffIntent::Figure(first as u8 - b'0'))),
        (Page::Pin(_), BACKSPACE) => Some(Intent::Staff(StaffIntent::Erase)),
        (Page::Pin(_), RETURN) => Some(Intent::Staff(StaffIntent::Enter)),
        (Page::Act(_), ESCAPE) => Some(Intent::Staff(StaffIntent::FollowUps(FollowUpsIntent::Cancel))),
        (Page::Pin(_) | Page::Numbers(_) | Page::FollowUps(_) | Page::Device(_), ESCAPE) => {
            Some(Intent::Staff(StaffIntent::Leave))
        }
        (Page::Words(_) | Page::Parts(_) | Page::Days(_) | Page::Export(_), ESCAPE) => {
            Some(Intent::Staff(StaffIntent::Browse(Browse::Open(Place::Numbers))))
        }
        (Page::Reasons(_) | Page::Rating(_), RETURN) => Some(Intent::Next),
        (Page::Comment(_) | Page::Contact(_), BACKSPACE) => Some(Intent::Backspace),
        (Page::Comment(_) | Page::Contact(_), DELETE) => Some(Intent::Delete),
        (Page::Comment(_) | Page::Contact(_) | Page::Thanks(_) | Page::Easier(_), RETURN) => {
            Some(Intent::Done)
        }
        (Page::Comment(_) | Page::Contact(_), _) if text.chars().all(is_writing) => {
            Some(Intent::Type(text.to_owned()))
        }
        _ => None,
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
