//! What a voice says: the words on the screen, and nothing that was typed.

mod support;

use std::path::Path;
use std::time::Duration;

use afterword_ui::preview;
use afterword_ui::spoken::Keypad;
use afterword_ui::view::{ContactNotice, Page, Thanks, View};
use i_slint_backend_testing::{ElementHandle, ElementRoot};
use slint::platform::Key;
use support::{Screen, is_field, is_key, view};

fn screen(name: &str) -> Screen {
    Screen::showing(&view(name), &Path::new(env!("CARGO_TARGET_TMPDIR")).join("fonts"))
}

fn press(screen: &Screen, key: Key) {
    screen.key(&slint::SharedString::from(key));
}

fn elements(screen: &Screen) -> Vec<ElementHandle> {
    screen.ui.component().root_element().query_descendants().find_all()
}

/// What a screen reader would say of each key, and whether it is chosen.
fn names(screen: &Screen) -> Vec<(String, Option<bool>)> {
    let is_key = |element: &ElementHandle| {
        (is_key(element) || is_field(element)) && element.accessible_enabled() != Some(false)
    };
    let name = |element: ElementHandle| {
        let state = element.accessible_checked().filter(|_| element.accessible_checkable() == Some(true));
        (element.accessible_label().unwrap_or_default().to_string(), state)
    };
    elements(screen).into_iter().filter(is_key).map(name).collect()
}

/// Presses Tab until the ring is around a key with this name.
fn goes_to(screen: &Screen, name: &str) {
    for _ in 0..80 {
        press(screen, Key::Tab);
        if screen.said().last().is_some_and(|said| said == name || said.starts_with(&format!("{name}. "))) {
            return;
        }
    }
    panic!("Tab does not lead to {name:?}");
}

/// What nobody is spoken to on.
fn is_silent(page: &Page) -> bool {
    matches!(
        page,
        Page::Asleep
            | Page::Pin(_)
            | Page::Numbers(_)
            | Page::FollowUps(_)
            | Page::Act(_)
            | Page::Device(_)
            | Page::Words(_)
            | Page::Parts(_)
            | Page::Days(_)
            | Page::Export(_)
    )
}

#[test]
fn the_ring_says_of_every_key_on_every_page_what_a_screen_reader_would() {
    let screen = screen("kiosk-01-idle-rating");
    for (page, view) in preview::pages().into_iter().filter(|(_, view)| view.page != Page::Asleep) {
        screen.ui.show(&view);
        screen.draw();
        let names = names(&screen);
        screen.said();
        let mut said = Vec::new();
        for _ in 0..names.len() {
            press(&screen, Key::Tab);
            said.extend(screen.said());
        }
        assert_eq!(said.len(), names.len(), "{page}: {said:?}");
        let english = view.look.language == "en";
        for (name, state) in names {
            // What stands in two lines is said in one breath.
            let name = name.replace('\n', " ");
            let is_it = |said: &&String| {
                let rest = said.strip_prefix(&name).map(|rest| rest.trim_start_matches(['.', ' ']));
                match state {
                    None => rest == Some(""),
                    Some(_) if !english => rest.is_some_and(|rest| !rest.is_empty()),
                    Some(true) => rest.is_some_and(|rest| rest == "selected" || rest.starts_with("on. ")),
                    Some(false) => {
                        rest.is_some_and(|rest| rest == "not selected" || rest.starts_with("off. "))
                    }
                }
            };
            assert!(said.iter().any(|said| is_it(&said)), "{page}: nobody says {name:?} {state:?}: {said:?}");
        }
        press(&screen, Key::Escape);
    }
}

#[test]
fn a_page_is_said_in_the_words_on_it() {
    let screen = screen("kiosk-01-idle-rating");
    for (name, view) in preview::pages() {
        screen.ui.show(&view);
        screen.draw();
        let words = screen.ui.page_words();
        // What staff do is nobody else's to hear.
        let is_silent = is_silent(&view.page);
        assert_eq!(words.words.is_empty(), is_silent, "{name}");
        assert_eq!(
            words.is_warning,
            matches!(view.page, Page::StillThere(_) | Page::OutOfService(_)),
            "{name}"
        );
        let mut labels: Vec<String> = elements(&screen)
            .iter()
            .filter_map(ElementHandle::accessible_label)
            .map(|label| label.replace('\n', " ").trim_end_matches('.').to_owned())
            .filter(|label| label.chars().count() > 2)
            .collect();
        labels.sort_by_key(|label| std::cmp::Reverse(label.len()));
        let said = format!("{}\n{}", words.words, words.notice);
        let rest = labels.iter().fold(said.clone(), |rest, label| rest.replace(label.as_str(), ""));
        // What is left are pauses, and the figures of a scale.
        assert!(!rest.chars().any(char::is_alphabetic), "{name} does not show {rest:?} of {said:?}");
    }
}

#[test]
fn the_title_of_every_page_is_said() {
    let screen = screen("kiosk-01-idle-rating");
    for (name, starts) in [
        ("kiosk-01-idle-rating", "How was your visit today?"),
        ("kiosk-04-idle-arabic", "كيف كانت زيارتك اليوم؟"),
        (
            "kiosk-07-comment",
            "Tell us in your own words. Optional. Leave it blank to skip. Please leave out names",
        ),
        ("kiosk-16-easier-to-use", "Make it easier to use. For you, for now."),
        (
            "kiosk-17-still-there",
            "Still there? Your rating is already saved. If you leave now, what you were typing",
        ),
        (
            "kiosk-18-out-of-service",
            "Sorry, this screen is resting. It can’t keep your answer just now. If you want",
        ),
    ] {
        screen.ui.show(&view(name));
        let words = screen.ui.page_words().words;
        assert!(words.starts_with(starts), "{name}: {words}");
    }
}

#[test]
fn words_to_take_along_are_said_with_what_they_are_for() {
    let screen = screen("kiosk-09e-thanks-code");
    for (name, line) in [
        ("kiosk-09e-thanks-code", "To ask later what came of it: "),
        ("kiosk-09g-thanks-code-german", "Um später zu fragen, was daraus wurde: "),
    ] {
        let view = view(name);
        screen.ui.show(&view);
        let Page::Thanks(Thanks { follow_up: Some(code), .. }) = view.page else { panic!("{name}") };
        let words = screen.ui.page_words().words;
        assert!(words.contains(&format!(" {}", code.words)), "{name}: {words}");
        let line = if code.text.is_empty() { line } else { &code.text };
        assert!(words.contains(line), "{name}: {words}");
    }
}

#[test]
fn a_key_that_stands_otherwise_says_how_and_a_page_in_another_language_speaks_for_itself() {
    let screen = screen("kiosk-06-reasons");
    goes_to(&screen, "Price");
    let mut chosen = view("kiosk-06-reasons");
    let Page::Reasons(page) = &mut chosen.page else { panic!("it is the page of reasons") };
    let was = page.options[4].chosen;
    page.options[4].chosen = !was;
    screen.ui.show(&chosen);
    screen.draw();
    screen.advance(Duration::from_millis(150));
    assert_eq!(screen.said(), [if was { "not selected" } else { "selected" }], "once");

    let mut german = chosen;
    german.look.language = "de".into();
    screen.ui.show(&german);
    screen.draw();
    screen.advance(Duration::from_millis(150));
    assert_eq!(screen.said(), [] as [String; 0]);
    press(&screen, Key::Tab);
    assert_eq!(screen.said().len(), 1);
}

#[test]
fn a_finger_and_a_key_are_told_apart() {
    let screen = screen("kiosk-01-idle-rating");
    screen.tap(640.0, 250.0);
    assert_eq!(screen.keypad(), [Keypad::Finger]);
    screen.key("3");
    assert_eq!(screen.keypad(), [Keypad::Struck]);
    press(&screen, Key::Tab);
    let told = screen.keypad();
    assert!(matches!(told.as_slice(), [Keypad::Struck, Keypad::Ring(_)]), "{told:?}");
    screen.ui.show(&view("kiosk-18-out-of-service"));
    screen.draw();
    press(&screen, Key::Tab);
    assert_eq!(screen.keypad(), [Keypad::Struck, Keypad::Ring(String::new())], "no key to speak of");
}

#[test]
fn a_key_that_something_lies_on_is_nobody_s() {
    let screen = screen("kiosk-01-idle-rating");
    screen.key("x");
    assert_eq!(screen.keypad(), [Keypad::Struck]);
    for _ in 0..100 {
        screen.repeat("x");
    }
    assert_eq!(screen.keypad(), []);
}

/// Every page with a field, with something in it that would be noticed.
fn typed() -> Vec<View> {
    let mut views: Vec<View> =
        ["kiosk-07-comment", "kiosk-08-contact", "kiosk-08b-contact-email"].map(view).into();
    for view in &mut views {
        match &mut view.page {
            Page::Comment(page) => (page.text, page.caret) = ("zq7xv".into(), 5),
            Page::Contact(page) => {
                (page.text, page.caret, page.notice) = ("zq7xv".into(), 5, ContactNotice::Failed);
            }
            _ => panic!("no field"),
        }
    }
    views
}

#[test]
fn what_was_typed_is_never_said() {
    let screen = screen("kiosk-07-comment");
    for view in typed() {
        screen.ui.show(&view);
        screen.draw();
        let words = screen.ui.page_words();
        let mut said = format!("{} {}", words.words, words.notice);
        for _ in 0..60 {
            press(&screen, Key::Tab);
            said.push_str(&screen.said().concat());
        }
        screen.key("w");
        assert_eq!(screen.said(), [] as [String; 0], "a letter that is typed is not said");
        assert!(said.contains("Delete the last letter") && !said.contains("zq7xv"), "{said}");
        press(&screen, Key::Escape);
    }
}
