//! The record says at which question a visit ended, where that was not its last step.

use afterword_kiosk_core::{Effect, Event};
use afterword_model::response::Outcome;

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
