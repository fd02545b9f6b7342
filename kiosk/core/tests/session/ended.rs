//! The record says at which question a visit ended, where that was not its last step, and which were shown without an answer.

use afterword_kiosk_core::{Effect, Event};
use afterword_model::response::{Draft, Outcome};

use crate::scenarios::Shopper;

fn ended(effects: &[Effect]) -> (Outcome, Option<&str>) {
    match effects {
        [.., Effect::Freeze { draft, outcome, .. }] => (*outcome, draft.left_at.as_deref()),
        other => panic!("expected the end of a visit, found {other:?}"),
    }
}

#[test]
fn whoever_finishes_early_or_walks_away_left_at_the_page_they_saw() {
    let mut finishing = Shopper::arrives();
    finishing.rates(2);
    assert_eq!(ended(&finishing.then(Event::Finish)), (Outcome::Finished, Some("reasons")));

    let mut walking = Shopper::arrives();
    walking.rates(2);
    walking.then(Event::Next);
    assert_eq!(walking.waits(), []);
    assert_eq!(ended(&walking.waits()), (Outcome::TimedOut, Some("words")));

    let mut unlucky = Shopper::arrives();
    unlucky.rates(2);
    assert_eq!(ended(&unlucky.then(Event::StorageFailed)), (Outcome::Interrupted, Some("reasons")));
}

#[test]
fn whoever_comes_to_the_end_left_nowhere() {
    let mut shopper = Shopper::arrives();
    shopper.rates(2);
    shopper.then(Event::Next);
    assert_eq!(ended(&shopper.then(Event::Done)), (Outcome::Completed, None));
}

fn record(effects: &[Effect]) -> &Draft {
    match effects {
        [.., Effect::Freeze { draft, .. }] => draft,
        other => panic!("expected the end of a visit, found {other:?}"),
    }
}

/// The questions passed over, and when.
fn passed(draft: &Draft) -> Vec<(&str, u64)> {
    draft.passed.iter().map(|passed| (passed.question.as_str(), passed.at_ms)).collect()
}

#[test]
fn words_and_faces_that_are_passed_over_were_shown() {
    let mut quiet = Shopper::arrives();
    quiet.rates(3);
    let effects = quiet.then(Event::Skip);
    assert_eq!(passed(record(&effects)), [("words", 650)], "a page without an answer leaves none behind");

    // A face that is passed over on the way to the end, and one that is not.
    let mut hasty = Shopper::arrives();
    hasty.rates(4);
    assert_eq!(passed(record(&hasty.then(Event::Skip))), [("staff", 650)]);
    let mut kind = Shopper::arrives();
    kind.rates(4);
    assert_eq!(passed(record(&kind.rates(5))), []);

    // Options left empty have an answer of their own that says so.
    let mut shopper = Shopper::arrives();
    shopper.rates(2);
    shopper.then(Event::Skip);
    assert_eq!(passed(record(&shopper.then(Event::Done))), [("words", 950)]);
}

#[test]
fn a_page_that_is_left_backwards_was_shown_unless_its_branch_is_gone() {
    let mut unsure = Shopper::arrives();
    unsure.rates(2);
    unsure.then(Event::Next);
    unsure.then(Event::Back);
    unsure.then(Event::Back);
    assert_eq!(unsure.waits(), []);
    let effects = unsure.waits();
    assert_eq!(ended(&effects), (Outcome::TimedOut, Some("visit")));
    assert_eq!(passed(record(&effects)), [("words", 950)]);

    // Another face leads elsewhere: nothing is left of the questions that are asked of nobody happy.
    let mut glad = Shopper::arrives();
    glad.rates(2);
    glad.then(Event::Next);
    glad.then(Event::Change);
    assert_eq!(passed(record(&glad.rates(5))), []);

    // Whoever comes back and writes has answered, and whoever leaves there has left.
    let mut back = Shopper::arrives();
    back.rates(2);
    back.then(Event::Next);
    back.then(Event::Back);
    back.then(Event::Next);
    let effects = back.then(Event::Finish);
    assert_eq!((ended(&effects), passed(record(&effects))), ((Outcome::Finished, Some("words")), vec![]));
}
