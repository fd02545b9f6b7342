//! Who is given a follow-up code, and when it is seen.

use std::sync::Arc;

use afterword_kiosk_core::{Aid, Effect, Event, Screen, Session};
use afterword_model::follow_up::FollowUpCode;
use afterword_model::ports::SeededEntropy;
use afterword_model::response::Outcome;

use crate::scenarios::Shopper;
use crate::support::{SURVEY, settings};

/// What whoever was not content is given.
const TO_THE_UNHAPPY: &str = "[thanks.follow_up_code]\nshow_if = { question = \"visit\", at_most = 3 }\n";

/// A shopper of the test survey with this at its end.
fn shopper(thanks: &str) -> Shopper {
    let survey = afterword_model::survey::parse(&[SURVEY, thanks].concat()).expect("it is whole").survey;
    let session = Session::new(Arc::new(survey), settings(250));
    Shopper { session: session.with_entropy(Arc::new(SeededEntropy::new(1))), now_ms: 10_000 }
}

/// The code in the record that these effects ask for, and how it ended; no other effect holds one.
fn frozen(effects: &[Effect]) -> (Option<FollowUpCode>, Outcome) {
    match effects {
        [Effect::Freeze { draft, outcome, .. }] => (draft.follow_up_code.clone(), *outcome),
        other => panic!("expected one freeze, found {other:?}"),
    }
}

fn shown(shopper: &Shopper) -> Option<FollowUpCode> {
    match shopper.sees() {
        Screen::Thanks { follow_up_code, .. } => follow_up_code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_code_on_the_glass_is_the_one_that_the_record_has_and_comes_after_it() {
    let mut shopper = shopper(TO_THE_UNHAPPY);
    let saves = [shopper.rates(2), shopper.then(Event::ToggleOption(0))].concat();
    for effect in &saves {
        assert!(matches!(effect, Effect::Save(draft) if draft.follow_up_code.is_none()), "{effect:?}");
    }
    let (code, outcome) = frozen(&shopper.then(Event::Finish));
    assert_eq!((code.is_some(), outcome), (true, Outcome::Finished));
    assert!(matches!(shopper.sees(), Screen::Reasons { .. }), "nothing is shown that is not on disk");
    shopper.does(Event::Frozen);
    assert_eq!(shown(&shopper), code);
    shopper.then(Event::Done);
    shopper.waits();
    assert_eq!(shopper.session, self::shopper(TO_THE_UNHAPPY).session, "the next shopper does not see it");
}

#[test]
fn who_is_content_is_given_none_where_the_survey_says_so() {
    for (thanks, is_given) in [(TO_THE_UNHAPPY, false), ("", false), ("[thanks.follow_up_code]", true)] {
        let mut shopper = shopper(thanks);
        let (code, outcome) = frozen(&shopper.rates(5)[1..]);
        assert_eq!((code.is_some(), outcome), (is_given, Outcome::Completed), "{thanks}");
        shopper.does(Event::Frozen);
        assert_eq!(shown(&shopper), code);
    }
}

#[test]
fn whoever_walks_away_takes_no_code_along() {
    let mut shopper = shopper(TO_THE_UNHAPPY);
    shopper.rates(1);
    assert_eq!(shopper.waits(), []);
    assert_eq!(frozen(&shopper.waits()), (None, Outcome::TimedOut));

    shopper.now_ms += 60_000;
    shopper.rates(1);
    assert_eq!(frozen(&shopper.does(Event::StorageFailed)), (None, Outcome::Interrupted));
}

#[test]
fn whoever_says_that_they_are_finished_is_given_one() {
    let mut shopper = shopper(TO_THE_UNHAPPY);
    shopper.rates(1);
    assert_eq!(shopper.waits(), []);
    let (code, outcome) = frozen(&shopper.then(Event::Leave));
    assert_eq!((code.is_some(), outcome), (true, Outcome::Finished));
}

#[test]
fn two_shoppers_have_two_codes_and_the_draws_of_the_survey_lead_to_neither() {
    let code_of = |seed: u64, dice: u64| {
        let mut shopper = shopper(TO_THE_UNHAPPY);
        let survey = Arc::clone(shopper.session.survey());
        let settings = afterword_kiosk_core::Settings { seed, ..settings(250) };
        shopper.session = Session::new(survey, settings).with_entropy(Arc::new(SeededEntropy::new(dice)));
        [1, 2].map(|face| {
            shopper.rates(face);
            let (code, _) = frozen(&shopper.then(Event::Finish));
            shopper.does(Event::Frozen);
            shopper.then(Event::Done);
            code
        })
    };
    let [first, second] = code_of(1, 1);
    assert_ne!(first, second);
    assert_eq!(code_of(2, 1), [first.clone(), second], "what is left to chance has its own numbers");
    assert_ne!(code_of(1, 2)[0], first);
}

#[test]
fn a_code_stands_as_long_as_it_takes_to_write_it_down() {
    let mut shopper = shopper(TO_THE_UNHAPPY);
    shopper.rates(2);
    shopper.then(Event::Finish);
    shopper.does(Event::Frozen);
    assert_eq!(shopper.session.deadline_ms(), Some(shopper.now_ms + 20_000));
    shopper.now_ms += 19_000;
    assert!(matches!(shopper.sees(), Screen::Thanks { time_left, .. } if (0.04..0.06).contains(&time_left)));

    let mut patient = self::shopper(TO_THE_UNHAPPY);
    patient.does(Event::EasierToUse);
    patient.does(Event::Aid(Aid::MoreTime));
    patient.does(Event::Done);
    patient.rates(2);
    patient.then(Event::Finish);
    patient.does(Event::Frozen);
    assert_eq!(patient.session.deadline_ms(), Some(patient.now_ms + 300_000));
}

#[test]
fn a_kiosk_without_chance_gives_none() {
    let mut shopper = shopper(TO_THE_UNHAPPY);
    shopper.session = Session::new(Arc::clone(shopper.session.survey()), settings(250));
    shopper.rates(2);
    assert_eq!(frozen(&shopper.then(Event::Finish)).0, None);
}
