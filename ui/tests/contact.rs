//! The page that asks for a number or an address, as whoever wants a reply uses it.

mod support;

use std::path::Path;

use afterword_ui::Intent;
use afterword_ui::intent::Caret;
use afterword_ui::view::{Channel, Contact, ContactNotice, Page, View};
use i_slint_backend_testing::{ElementHandle, ElementRoot};
use support::{Screen, is_key, view};

const CONSENT: &str = "Yes, Harbour Street may contact me about this visit, and nothing else.";

fn screen(name: &str) -> Screen {
    Screen::showing(&view(name), &Path::new(env!("CARGO_TARGET_TMPDIR")).join("fonts"))
}

fn changed(name: &str, change: impl FnOnce(&mut Contact)) -> View {
    let mut view = view(name);
    let Page::Contact(contact) = &mut view.page else { unreachable!("a contact page") };
    change(contact);
    view
}

fn find(screen: &Screen, label: &str) -> Option<ElementHandle> {
    ElementHandle::find_by_accessible_label(screen.ui.component(), label).find(is_key)
}

/// Taps the middle of the control with this label and returns what came of it.
fn tap(screen: &Screen, label: &str) -> Vec<Intent> {
    let Some(control) = find(screen, label) else { panic!("there is no {label:?}") };
    let (position, size) = (control.absolute_position(), control.size());
    screen.tap(position.x + size.width / 2.0, position.y + size.height / 2.0);
    screen.intents()
}

fn says(screen: &Screen, sentence: &str) -> bool {
    let elements = screen.ui.component().root_element().query_descendants().find_all();
    elements.iter().any(|element| element.accessible_label().is_some_and(|said| said == sentence))
}

#[test]
fn nobody_has_agreed_to_anything_and_nothing_can_be_sent_at_first() {
    let screen = screen("kiosk-08c-contact-empty");
    assert_eq!(find(&screen, CONSENT).unwrap().accessible_checked(), Some(false));
    assert_eq!(tap(&screen, "Send"), []);
    assert_eq!(tap(&screen, CONSENT), [Intent::Consent(true)]);
    assert_eq!(tap(&screen, "No thanks"), [Intent::Skip]);
    assert!(says(&screen, "Locked on this device. Only head office can open it."));
}

#[test]
fn a_number_is_typed_on_the_pad_and_sent() {
    let screen = screen("kiosk-08-contact");
    for figure in ["0", "7", "+"] {
        assert_eq!(tap(&screen, figure), [Intent::Type(figure.into())]);
    }
    assert_eq!(tap(&screen, "Delete the last letter"), [Intent::Backspace]);
    assert_eq!(tap(&screen, CONSENT), [Intent::Consent(false)], "taken back");
    assert_eq!(tap(&screen, "Send"), [Intent::Done]);
    screen.tap(70.0, 420.0);
    assert_eq!(screen.intents(), [Intent::MoveCaret(Caret::At(0))], "a finger before the first figure");
}

#[test]
fn an_address_is_typed_on_the_keyboard_with_its_own_signs() {
    let screen = screen("kiosk-08-contact");
    assert_eq!(tap(&screen, "E-mail"), [Intent::Channel(Channel::Email)]);
    screen.ui.show(&view("kiosk-08b-contact-email"));
    screen.draw();
    assert_eq!(find(&screen, "E-mail").unwrap().accessible_checked(), Some(true));
    assert_eq!(tap(&screen, "Phone"), [Intent::Channel(Channel::Phone)]);
    for (key, typed) in [("a", "a"), ("@", "@"), ("full stop", ".")] {
        assert_eq!(tap(&screen, key), [Intent::Type(typed.into())]);
    }
    assert_eq!(tap(&screen, "123"), []);
    assert_eq!(tap(&screen, "_"), [Intent::Type("_".into())]);
    assert_eq!(tap(&screen, "Send"), [Intent::Done]);

    screen.ui.show(&changed("kiosk-08b-contact-email", |contact| {
        (contact.text, contact.caret, contact.can_send) = (String::new(), 0, false);
    }));
    assert_eq!(tap(&screen, "ABC"), []);
    assert!(find(&screen, "a").is_some(), "an address begins with no capital");
    assert_eq!(tap(&screen, "Send"), []);
}

#[test]
fn where_there_is_one_way_there_is_no_choice_of_it() {
    let screen = screen("kiosk-08j-contact-phone-alone");
    assert!(find(&screen, "Phone").is_none() && find(&screen, "E-mail").is_none());
    assert_eq!(tap(&screen, "5"), [Intent::Type("5".into())]);
}

#[test]
fn what_became_of_it_is_said_beside_the_lock() {
    let screen = screen("kiosk-08d-contact-failed");
    assert!(says(&screen, "It could not be locked, so nothing was kept."));
    screen.ui.show(&view("kiosk-08e-contact-sent"));
    assert!(says(&screen, "Your number is locked. You can type another."));
    assert_eq!(tap(&screen, "Next"), [Intent::Skip], "what was sent stays sent");
    screen.ui.show(&changed("kiosk-08b-contact-email", |contact| {
        contact.notice = ContactNotice::Sent(Channel::Email);
    }));
    assert!(says(&screen, "Your address is locked. You can type another."));
}

#[test]
fn a_physical_keyboard_writes_an_address_and_sends_it() {
    let screen = screen("kiosk-08b-contact-email");
    screen.key("ü");
    screen.key("\u{8}");
    screen.key("\n");
    assert_eq!(screen.intents(), [Intent::Type("ü".into()), Intent::Backspace, Intent::Done]);
}
