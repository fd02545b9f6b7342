//! The whole kiosk by the keys of a keypad: Tab, arrows, Enter and Space, with a ring around the key they are on.

mod support;

use std::path::Path;
use std::time::Duration;

use afterword_ui::intent::{Caret, Intent};
use afterword_ui::preview;
use afterword_ui::view::Page;
use i_slint_backend_testing::{ElementHandle, ElementRoot};
use slint::platform::{Key, WindowEvent};
use support::{Screen, is_field, is_key, view};

const FOCUS: (u8, u8, u8) = (0xFF, 0xD2, 0x1F);

fn screen(name: &str) -> Screen {
    Screen::showing(&view(name), &Path::new(env!("CARGO_TARGET_TMPDIR")).join("fonts"))
}

fn press(screen: &Screen, key: Key) {
    screen.key(&slint::SharedString::from(key));
}

/// What a shopper can touch: label, and left, top, right and bottom.
fn controls(screen: &Screen) -> Vec<(String, [f32; 4])> {
    let is_control = |element: &ElementHandle| {
        (is_key(element) || is_field(element)) && element.accessible_enabled() != Some(false)
    };
    let mut controls = Vec::new();
    let elements = screen.ui.component().root_element().query_descendants().find_all();
    for element in elements.into_iter().filter(is_control) {
        let (edge, size) = (element.absolute_position(), element.size());
        let place = [edge.x, edge.y, edge.x + size.width, edge.y + size.height];
        let control = (element.accessible_label().unwrap_or_default().to_string(), place);
        if !controls.contains(&control) {
            controls.push(control);
        }
    }
    controls
}

/// The label of the key that has the ring.
fn ringed(screen: &Screen, controls: &[(String, [f32; 4])]) -> Option<String> {
    let [left, top, width, height] = screen.ui.ring()?;
    let (x, y) = (left + width / 2.0, top + height / 2.0);
    let is_under = |place: &[f32; 4]| place[0] <= x && x <= place[2] && place[1] <= y && y <= place[3];
    controls.iter().find(|(_, place)| is_under(place)).map(|(label, _)| label.clone())
}

/// Presses Tab until the ring is around this key.
fn goes_to(screen: &Screen, label: &str) {
    let controls = controls(screen);
    for _ in 0..controls.len() {
        press(screen, Key::Tab);
        if ringed(screen, &controls).as_deref() == Some(label) {
            return;
        }
    }
    panic!("Tab does not lead to {label:?}");
}

#[test]
fn tab_leads_to_everything_that_can_be_touched_on_every_page_and_round() {
    let screen = screen("kiosk-01-idle-rating");
    for (name, view) in preview::pages() {
        screen.ui.show(&view);
        screen.draw();
        let controls = controls(&screen);
        if view.page == Page::Asleep {
            // There any key does what a touch does.
            press(&screen, Key::Tab);
            assert_eq!(screen.intents(), [Intent::Wake]);
            continue;
        }
        let mut expected: Vec<_> = controls.iter().map(|(label, _)| label.clone()).collect();
        let mut reached = Vec::new();
        for _ in 0..controls.len() {
            press(&screen, Key::Tab);
            reached.extend(ringed(&screen, &controls));
        }
        expected.sort();
        reached.sort();
        assert_eq!(reached, expected, "{name}");
        press(&screen, Key::Escape);
    }
}

#[test]
fn no_ring_is_shown_until_a_key_is_used_and_a_touch_takes_it_away() {
    let screen = screen("kiosk-01-idle-rating");
    assert_eq!(screen.ui.ring(), None);
    screen.key("3");
    assert_eq!((screen.ui.ring(), screen.intents()), (None, vec![Intent::Rate(3)]), "figures need no ring");
    goes_to(&screen, "Awful");
    screen.draw();
    assert_eq!(screen.pixel(34, 450), FOCUS);
    assert_eq!(screen.pixel(29, 450), (0x14, 0x18, 0x1A), "a line of ink keeps it from the stone");
    screen.advance(Duration::from_secs(5));
    assert_eq!(ringed(&screen, &controls(&screen)).as_deref(), Some("Awful"), "it does not move by itself");
    screen.tap(640.0, 250.0);
    screen.draw();
    assert_eq!(screen.ui.ring(), None);
    assert_ne!(screen.pixel(34, 450), FOCUS);
    assert_eq!(screen.intents(), []);
}

#[test]
fn enter_and_space_strike_the_key_on_release_and_once_however_long_they_are_held() {
    let screen = screen("kiosk-01-idle-rating");
    goes_to(&screen, "Great");
    let window = screen.ui.window();
    window.dispatch_event(WindowEvent::KeyPressed { text: "\n".into() });
    for _ in 0..5 {
        window.dispatch_event(WindowEvent::KeyPressRepeated { text: "\n".into() });
    }
    screen.draw();
    assert_eq!(screen.intents(), []);
    assert_eq!(screen.pixel(1100, 310), (0x14, 0x18, 0x1A), "it is held down");
    window.dispatch_event(WindowEvent::KeyReleased { text: "\n".into() });
    assert_eq!(screen.intents(), [Intent::Rate(5)]);

    screen.ui.show(&view("kiosk-06-reasons"));
    screen.draw();
    assert_eq!(screen.ui.ring(), None, "a new page has none");
    goes_to(&screen, "Price");
    screen.key(" ");
    screen.key("\n");
    assert_eq!(screen.intents(), [Intent::ToggleReason(4), Intent::ToggleReason(4)]);
}

#[test]
fn arrows_lead_to_the_nearest_key_that_way() {
    let screen = screen("kiosk-06-reasons");
    let controls = controls(&screen);
    let go = |key| {
        press(&screen, key);
        ringed(&screen, &controls).unwrap()
    };
    while go(Key::Tab) != "Waiting" {}
    assert_eq!(go(Key::RightArrow), "Checkout");
    assert_eq!(go(Key::DownArrow), "Finding things");
    assert_eq!(go(Key::LeftArrow), "Cleanliness");
    assert_eq!(go(Key::UpArrow), "Waiting");
    assert_eq!(go(Key::Backtab), "Staff");
}

#[test]
fn right_to_left_reads_from_the_right() {
    let screen = screen("kiosk-04-idle-arabic");
    let controls = controls(&screen);
    goes_to(&screen, "سيئة جدًا");
    press(&screen, Key::Tab);
    assert_eq!(ringed(&screen, &controls).as_deref(), Some("سيئة"));
    press(&screen, Key::LeftArrow);
    assert_eq!(ringed(&screen, &controls).as_deref(), Some("عادية"));
}

#[test]
fn in_the_field_arrows_move_the_caret_and_on_a_key_they_move_the_ring() {
    let screen = screen("kiosk-07-comment");
    press(&screen, Key::LeftArrow);
    assert_eq!((screen.intents(), screen.ui.ring()), (vec![Intent::MoveCaret(Caret::Back)], None));
    goes_to(&screen, "Tell us in your own words");
    press(&screen, Key::RightArrow);
    screen.key(" ");
    assert_eq!(screen.intents(), [Intent::MoveCaret(Caret::Forward), Intent::Type(" ".into())]);
    goes_to(&screen, "g");
    press(&screen, Key::RightArrow);
    assert_eq!(ringed(&screen, &controls(&screen)).as_deref(), Some("h"));
    screen.key("\n");
    screen.key("x");
    assert_eq!(
        screen.intents(),
        [Intent::Type("h".into()), Intent::Type("x".into())],
        "letters need no ring"
    );
}

#[test]
fn a_held_enter_offers_the_accents_of_a_letter() {
    let screen = screen("kiosk-07-comment");
    goes_to(&screen, "e");
    let window = screen.ui.window();
    window.dispatch_event(WindowEvent::KeyPressed { text: "\n".into() });
    screen.advance(Duration::from_millis(450));
    window.dispatch_event(WindowEvent::KeyReleased { text: "\n".into() });
    screen.draw();
    press(&screen, Key::UpArrow);
    screen.key("\n");
    assert_eq!(screen.intents(), [Intent::Type("é".into())]);
    screen.draw();
    assert_eq!(ringed(&screen, &controls(&screen)).as_deref(), Some("e"), "back where it was");
}

#[test]
fn the_ring_goes_with_a_key_that_moves_and_goes_away_with_one_that_does() {
    let screen = screen("kiosk-08-contact");
    goes_to(&screen, "E-mail");
    let before = screen.ui.ring();
    screen.ui.show(&view("kiosk-08b-contact-email"));
    screen.draw();
    assert_eq!(ringed(&screen, &controls(&screen)).as_deref(), Some("E-mail"));
    assert_ne!(screen.ui.ring(), before);
    goes_to(&screen, "space");
    screen.ui.show(&view("kiosk-08-contact"));
    screen.draw();
    screen.advance(Duration::from_millis(150));
    assert_eq!(screen.ui.ring(), None);
}
