//! Another survey is asked from some moment on, and never in the middle of a visit.

use std::sync::Arc;

use afterword_kiosk_core::{Effect, Event};
use afterword_model::survey::{self, Survey};

use crate::scenarios::Shopper;
use crate::support::SURVEY;

/// The season's: it speaks English alone.
fn other() -> Arc<Survey> {
    let text = SURVEY.replacen("id = \"test\"", "id = \"season\"", 1).replacen(
        r#"languages = [{ tag = "en", name = "English" }, { tag = "de", name = "Deutsch" }, { tag = "fr", name = "Français" }]"#,
        r#"languages = [{ tag = "en", name = "English" }]"#,
        1,
    );
    Arc::new(survey::parse(&text).expect("the test survey is whole").survey)
}

fn asks(shopper: &mut Shopper) -> String {
    shopper.session.ask(other());
    shopper.session.survey().id.clone()
}

#[test]
fn a_kiosk_at_rest_asks_the_other_survey_from_the_next_tap_on() {
    let mut shopper = Shopper::arrives();
    assert_eq!(asks(&mut shopper), "season");
    let effects = shopper.does(Event::Rate(4));
    assert!(matches!(&effects[..], [Effect::Save(draft)] if draft.survey == "season"), "{effects:?}");
}

#[test]
fn whoever_stands_there_at_midnight_finishes_the_survey_that_they_began() {
    let mut shopper = Shopper::arrives();
    shopper.rates(2);
    assert_eq!(asks(&mut shopper), "test");
    let effects = shopper.then(Event::Finish);
    assert!(matches!(&effects[..], [Effect::Freeze { draft, .. }] if draft.survey == "test"), "{effects:?}");
    assert_eq!(asks(&mut shopper), "test", "the thanks are the first survey's too");
    shopper.does(Event::Frozen);
    shopper.then(Event::Done);
    assert_eq!(asks(&mut shopper), "test", "the screen is about to take a touch");
    shopper.waits();
    assert_eq!(asks(&mut shopper), "season");
}

#[test]
fn a_language_that_the_other_survey_lacks_is_never_on_the_screen() {
    let mut shopper = Shopper::arrives();
    shopper.does(Event::Language(2));
    assert_eq!(asks(&mut shopper), "test", "somebody is reading");
    shopper.waits();
    assert_eq!(asks(&mut shopper), "season");
    assert_eq!(shopper.session.language().tag, "en");
    shopper.does(Event::Language(2));
    assert_eq!(shopper.session.language().tag, "en");
}
