//! The keyboard as a shopper types on it: capitals, accents, languages, and every key within a finger's reach.

mod support;

use std::path::Path;
use std::time::Duration;

use afterword_ui::view::{Page, View};
use afterword_ui::{Intent, Panel};
use i_slint_backend_testing::{AccessibleRole, ElementHandle, ElementRoot};
use support::{Screen, view};

const SHIFT: &str = "Capital letter";

fn screen() -> Screen {
    Screen::showing(&with("", "en"), &Path::new(env!("CARGO_TARGET_TMPDIR")).join("fonts"))
}

/// The comment page with these words, in that language.
fn with(text: &str, language: &str) -> View {
    let mut view = view("kiosk-07-comment");
    let Page::Comment(comment) = &mut view.page else { unreachable!("a comment page") };
    comment.text = text.into();
    comment.caret = text.len();
    comment.count = text.chars().count();
    view.look.language = language.into();
    view
}

fn keys(screen: &Screen) -> Vec<ElementHandle> {
    let elements = screen.ui.component().root_element().query_descendants().find_all();
    elements.into_iter().filter(|element| element.accessible_role() == Some(AccessibleRole::Button)).collect()
}

/// Left, top, width and height of the one key with this label, if it is there.
fn place(screen: &Screen, label: &str) -> Option<[f32; 4]> {
    let is_called = |element: &ElementHandle| element.accessible_label().is_some_and(|found| found == label);
    let mut places: Vec<_> = keys(screen)
        .into_iter()
        .filter(is_called)
        .map(|key| (key.absolute_position(), key.size()))
        .map(|(position, size)| [position.x, position.y, size.width, size.height])
        .collect();
    // A component's own element and the one it is made of both answer; they lie at the same place.
    places.dedup();
    assert!(places.len() < 2, "{label:?} stands on {} keys", places.len());
    places.first().copied()
}

fn middle(screen: &Screen, label: &str) -> (f32, f32) {
    let Some([left, top, width, height]) = place(screen, label) else { panic!("there is no key {label:?}") };
    (left + width / 2.0, top + height / 2.0)
}

/// Taps these keys one after another, as fast as anybody would, and returns what was written.
fn types(screen: &Screen, labels: &[&str]) -> String {
    for label in labels {
        let (x, y) = middle(screen, label);
        screen.tap(x, y);
    }
    written(screen)
}

fn written(screen: &Screen) -> String {
    let typed = |intent| if let Intent::Type(text) = intent { Some(text) } else { None };
    screen.intents().into_iter().filter_map(typed).collect()
}

fn holds(screen: &Screen, label: &str) {
    let (x, y) = middle(screen, label);
    screen.press(x, y);
    screen.advance(Duration::from_millis(450));
    screen.draw();
}

#[test]
fn a_sentence_begins_with_a_capital_and_goes_on_without() {
    let screen = screen();
    assert_eq!(types(&screen, &["W"]), "W");
    screen.ui.show(&with("W", "en"));
    assert_eq!(types(&screen, &["a"]), "a");
    screen.ui.show(&with("Waited. ", "en"));
    assert_eq!(types(&screen, &["W"]), "W");
    screen.ui.show(&with("Waited. ", "ar"));
    assert!(place(&screen, "ش").is_some(), "Arabic has no capitals");
}

#[test]
fn two_taps_on_shift_are_capitals_until_the_next_tap() {
    let screen = screen();
    screen.ui.show(&with("on", "en"));
    assert_eq!(types(&screen, &[SHIFT, "T", "t"]), "Tt", "one tap is for one letter");
    assert_eq!(types(&screen, &[SHIFT, SHIFT, "T", "I", "L", "L"]), "TILL");
    assert_eq!(types(&screen, &[SHIFT, "s"]), "s");
    types(&screen, &[SHIFT]);
    screen.advance(Duration::from_millis(600));
    assert_eq!(types(&screen, &[SHIFT, "s"]), "s", "two slow taps are on and off");
}

#[test]
fn every_language_has_its_own_letters_and_a_switch_changes_them_at_once() {
    let screen = screen();
    for (language, row, own) in [
        ("en", ["q", "w", "e"], "p"),
        ("de", ["q", "w", "e"], "ü"),
        ("fr", ["a", "z", "e"], "m"),
        ("es", ["q", "w", "e"], "ñ"),
        ("pl", ["q", "w", "e"], "p"),
        ("ar", ["ض", "ص", "ث"], "ج"),
        ("de-AT", ["q", "w", "e"], "ß"),
    ] {
        screen.ui.show(&with("on", language));
        let left: Vec<f32> = row.iter().map(|letter| middle(&screen, letter).0).collect();
        assert!(left.is_sorted(), "{language}: {left:?}");
        assert_eq!(types(&screen, &[own]), own, "{language}");
    }
}

#[test]
fn the_figures_have_marks_and_lead_back_to_the_letters() {
    let screen = screen();
    assert_eq!(types(&screen, &["123", "7", "£", "(", "?"]), "7£(?");
    assert_eq!(place(&screen, "q"), None);
    assert!(types(&screen, &["ABC"]).is_empty() && place(&screen, "Q").is_some());
}

#[test]
fn a_held_letter_offers_its_accents_and_a_tap_chooses_one() {
    let screen = screen();
    screen.ui.show(&with("caf", "en"));
    let (x, y) = middle(&screen, "e");
    holds(&screen, "e");
    screen.release(x, y);
    assert_eq!(written(&screen), "", "the letter itself is not written");
    assert_eq!(types(&screen, &["é"]), "é");
    assert_eq!(place(&screen, "é"), None, "they are gone with the choice");
    assert_eq!(types(&screen, &["e"]), "e", "a short tap is the letter");
}

#[test]
fn a_held_letter_lets_the_finger_slide_to_an_accent() {
    let screen = screen();
    screen.ui.show(&with("caf", "en"));
    holds(&screen, "e");
    let (x, y) = middle(&screen, "ê");
    screen.slide(x, y);
    screen.draw();
    assert_eq!(screen.pixel(x as u32 - 30, y as u32 - 30), (0xC3, 0xC7, 0xC0), "it is held now");
    screen.release(x, y);
    assert_eq!(written(&screen), "ê");
    assert_eq!(place(&screen, "ê"), None);
}

#[test]
fn a_touch_elsewhere_takes_the_accents_away_and_writes_nothing() {
    let screen = screen();
    screen.ui.show(&with("caf", "en"));
    let (x, y) = middle(&screen, "e");
    holds(&screen, "e");
    screen.release(x, y);
    let (x, y) = middle(&screen, "m");
    screen.tap(x, y);
    assert_eq!((written(&screen).as_str(), place(&screen, "é")), ("", None));
    assert_eq!(types(&screen, &["m"]), "m");
}

#[test]
fn a_finger_that_leaves_a_letter_in_time_is_offered_nothing() {
    let screen = screen();
    screen.ui.show(&with("caf", "en"));
    let (x, y) = middle(&screen, "e");
    screen.press(x, y);
    screen.slide(x, y + 150.0);
    screen.advance(Duration::from_millis(600));
    assert_eq!(place(&screen, "é"), None);
    screen.release(x, y + 150.0);
    assert_eq!(written(&screen), "");
}

#[test]
fn capitals_offer_capital_accents() {
    let screen = screen();
    screen.ui.show(&with("", "pl"));
    let (x, y) = middle(&screen, "Z");
    holds(&screen, "Z");
    screen.release(x, y);
    assert_eq!(types(&screen, &["Ż"]), "Ż");
    assert!(place(&screen, "z").is_some(), "the capital is used up");
}

/// On each panel and in each language, the accents of every letter are on the glass, as large as letters, and clear of it.
fn the_accents_of_every_letter_are_on_the_glass(panel: Panel) {
    let screen = screen();
    screen.fit(panel);
    let width = panel.pixels().0 as f32;
    for language in ["en", "de", "fr", "es", "pl", "ar"] {
        screen.ui.show(&with("on", language));
        screen.draw();
        let before = keys(&screen);
        let mut offered = 0;
        for key in &before {
            let letter = key.accessible_label().unwrap_or_default();
            if letter.chars().count() != 1 {
                continue;
            }
            let (edge, size) = (key.absolute_position(), key.size());
            let (x, y) = (edge.x + size.width / 2.0, edge.y + size.height / 2.0);
            screen.press(x, y);
            screen.advance(Duration::from_millis(450));
            screen.release(x, y);
            let accents = keys(&screen).split_off(before.len());
            for accent in &accents {
                let (position, size) = (accent.absolute_position(), accent.size());
                let place = format!("{letter} on {panel:?} in {language}: {position:?} {size:?}");
                assert!(position.x >= 0.0 && position.x + size.width <= width, "{place}");
                assert!(position.y >= 0.0 && position.y + size.height <= edge.y, "{place}");
                let mm = (size.width / panel.pixels_per_mm(), size.height / panel.pixels_per_mm());
                assert!(mm.0 >= 6.9 && mm.1 >= 10.3, "{place}");
            }
            if !accents.is_empty() {
                offered += 1;
                // Elsewhere: the corner of the glass holds nothing.
                screen.tap(1.0, panel.pixels().1 as f32 - 1.0);
            }
        }
        assert!(offered >= 7, "{offered} letters offer something on {panel:?} in {language}");
    }
}

#[test]
fn the_accents_of_every_letter_are_on_the_wide_panel() {
    the_accents_of_every_letter_are_on_the_glass(Panel::Wide);
}

#[test]
fn the_accents_of_every_letter_are_on_the_small_panel() {
    the_accents_of_every_letter_are_on_the_glass(Panel::Small);
}

#[test]
fn the_accents_of_every_letter_are_on_the_tall_panel() {
    the_accents_of_every_letter_are_on_the_glass(Panel::Tall);
}
