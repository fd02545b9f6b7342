//! What makes the screen easier lasts as long as the shopper.

use afterword_kiosk_core::{Aid, Aids, Event, Screen};

use crate::scenarios::Shopper;
use crate::support::session;

#[test]
fn the_key_of_the_aids_shows_them_and_then_switches_all_of_them_off() {
    let mut shopper = Shopper::arrives();
    shopper.does(Event::EasierToUse);
    shopper.does(Event::Aid(Aid::BiggerWords));
    shopper.does(Event::Aid(Aid::MoreTime));
    let on = Aids { bigger_words: true, more_time: true, ..Aids::default() };
    assert_eq!(shopper.sees(), Screen::Easier(on));
    shopper.does(Event::Done);
    assert_eq!(shopper.session.aids(), on);
    shopper.then(Event::EasierToUse);
    assert_eq!(shopper.session.aids(), Aids::default());
    assert!(matches!(shopper.sees(), Screen::Question { .. }));
}

#[test]
fn an_untouched_page_of_aids_goes_back_to_the_question() {
    let mut shopper = Shopper::arrives();
    shopper.does(Event::EasierToUse);
    shopper.does(Event::Aid(Aid::HighContrast));
    assert_eq!(shopper.waits(), []);
    // A finger on its way to an aid must not rate the visit.
    assert_eq!(shopper.waits(), []);
    assert_eq!(shopper.session, session(250));
}

#[test]
fn more_time_asks_after_five_minutes_and_not_after_thirty_seconds() {
    let mut shopper = Shopper::arrives();
    shopper.does(Event::EasierToUse);
    shopper.does(Event::Aid(Aid::MoreTime));
    shopper.does(Event::Done);
    shopper.rates(2);
    let came_ms = shopper.now_ms;
    shopper.waits();
    assert!(matches!(shopper.sees(), Screen::StillThere { .. }));
    assert!(shopper.now_ms >= came_ms + 300_000 - 1_000, "{} ms", shopper.now_ms - came_ms);
}

#[test]
fn a_keypad_is_known_from_its_first_key_until_a_finger_comes_or_the_kiosk_rests() {
    let mut shopper = Shopper::arrives();
    assert!(!shopper.session.is_by_keypad());
    shopper.does(Event::Keypad);
    assert!(shopper.session.is_by_keypad());
    shopper.does(Event::Finger);
    assert!(!shopper.session.is_by_keypad());

    shopper.does(Event::Keypad);
    shopper.does(Event::EasierToUse);
    shopper.does(Event::Done);
    assert!(shopper.session.is_by_keypad(), "the page of aids is on the way");
    assert_eq!((shopper.waits(), shopper.waits()), (vec![], vec![]));
    assert_eq!(shopper.session, session(250), "whoever went away is forgotten");
}

#[test]
fn whoever_looks_around_with_a_keypad_is_there() {
    let mut shopper = Shopper::arrives();
    shopper.rates(2);
    shopper.does(Event::Keypad);
    let came_ms = shopper.now_ms;
    let due_ms = shopper.session.deadline_ms().expect("a page does not stay for ever");
    shopper.now_ms = due_ms - 1;
    shopper.does(Event::Keypad);
    assert!(shopper.session.deadline_ms() > Some(due_ms), "{came_ms} to {due_ms}");
    shopper.waits();
    assert!(matches!(shopper.sees(), Screen::StillThere { .. }));
    let due_ms = shopper.session.deadline_ms();
    shopper.does(Event::Keypad);
    assert_eq!(shopper.session.deadline_ms(), due_ms, "the warning wants an answer");
    assert!(shopper.session.is_by_keypad());
}

#[test]
fn whoever_listens_to_the_thanks_has_them_for_as_long_as_they_look_around() {
    let mut shopper = Shopper::arrives();
    shopper.rates(5);
    shopper.does(Event::Keypad);
    shopper.then(Event::Finish);
    shopper.does(Event::Frozen);
    assert_eq!(
        shopper.session.deadline_ms(),
        Some(shopper.now_ms + 30_000),
        "not the eight seconds of who reads"
    );
    shopper.now_ms += 29_000;
    shopper.does(Event::Keypad);
    assert_eq!(shopper.session.deadline_ms(), Some(shopper.now_ms + 30_000));
    // Enter is a key too: it must not put off what it asks for.
    shopper.does(Event::Done);
    assert!(matches!(shopper.sees(), Screen::Question { .. }));
}

#[test]
fn a_finger_on_the_thanks_of_who_listened_does_not_end_them_at_once() {
    let mut shopper = Shopper::arrives();
    shopper.rates(5);
    shopper.does(Event::Keypad);
    shopper.then(Event::Finish);
    shopper.does(Event::Frozen);
    shopper.now_ms += 20_000;
    shopper.does(Event::Finger);
    assert_eq!(shopper.session.deadline_ms(), Some(shopper.now_ms + 8_000));
}

#[test]
fn a_finger_meant_for_what_lay_over_the_question_rates_nothing() {
    let mut shopper = Shopper::arrives();
    shopper.session.uncovered(shopper.now_ms);
    shopper.now_ms += 400;
    assert_eq!(shopper.does(Event::Rate(1)), []);
    shopper.waits();
    assert_eq!(shopper.does(Event::Rate(1)).len(), 1);
}

#[test]
fn a_second_tap_on_done_below_the_aids_rates_nothing_and_keeps_them() {
    let mut shopper = Shopper::arrives();
    shopper.does(Event::EasierToUse);
    shopper.does(Event::Aid(Aid::BiggerWords));
    shopper.does(Event::Done);
    shopper.now_ms += 200;
    assert_eq!(shopper.does(Event::Rate(1)), []);
    shopper.waits();
    assert!(shopper.session.aids().bigger_words, "whoever chose them is about to answer");
    assert_eq!(shopper.does(Event::Rate(1)).len(), 1);
}
