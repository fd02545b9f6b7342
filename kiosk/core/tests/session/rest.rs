//! The question comes back, and no finger that was meant for something else answers it.

use afterword_kiosk_core::{Aid, Event};
use afterword_model::response::AnswerValue;

use crate::scenarios::{AT_REST, Shopper, saved};
use crate::support::session;

#[test]
fn the_question_pauses_after_a_thanks_that_ran_out_and_for_a_second_tap_on_done() {
    let mut shopper = Shopper::arrives();
    shopper.rates(5);
    shopper.does(Event::Frozen);
    shopper.waits();
    assert_eq!((shopper.does(Event::Rate(2)), shopper.sees()), (vec![], AT_REST));
    assert_eq!(shopper.waits(), []);
    assert_eq!((&shopper.session, shopper.session.deadline_ms()), (&session(250), None));

    shopper.rates(5);
    shopper.does(Event::Frozen);
    shopper.then(Event::Done);
    shopper.now_ms += 200;
    assert_eq!(
        (shopper.does(Event::Rate(1)), shopper.sees()),
        (vec![], AT_REST),
        "a face lies where Done did"
    );
    assert_eq!(saved(&shopper.then(Event::Rate(4))).answer("visit"), Some(&AnswerValue::Face(4)));
}

#[test]
fn a_question_that_rested_already_takes_the_first_tap_as_its_language_goes_back() {
    let mut shopper = Shopper::arrives();
    shopper.does(Event::NextLanguage);
    assert_eq!(shopper.waits(), []);
    assert_eq!(saved(&shopper.does(Event::Rate(2))).language, "en");
}

#[test]
fn a_language_chosen_by_nobody_who_stayed_goes_back_too() {
    let mut shopper = Shopper::arrives();
    shopper.does(Event::NextLanguage);
    assert_eq!(shopper.session.deadline_ms(), Some(shopper.now_ms + 30_000));
    assert_eq!(shopper.waits(), []);
    assert_eq!(shopper.session, session(250));
    shopper.does(Event::EasierToUse);
    shopper.does(Event::Aid(Aid::Reach));
    shopper.does(Event::Aid(Aid::Reach));
    shopper.does(Event::Done);
    assert_eq!(shopper.waits(), []);
    assert_eq!(shopper.session.deadline_ms(), None);
}
