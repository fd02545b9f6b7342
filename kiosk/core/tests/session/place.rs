//! What a place decides about a survey: what it may ask there, and how long the screen waits.

use std::sync::Arc;

use afterword_kiosk_core::{Asks, Effect, Event, Screen, Seal, Session, Settings, TimeLimits};
use afterword_model::response::Outcome;
use afterword_model::survey;

use crate::support::{SURVEY, at, session, settings};

/// Seals as if the words were nothing to hide.
struct Glass;

impl Seal for Glass {
    fn seal(&self, details: &str, _: &[u8]) -> Option<String> {
        Some(details.to_owned())
    }
}

/// As the shared survey, with a question for a number after the words.
fn with_contact() -> String {
    SURVEY.replacen(
        "[thanks]",
        "[[questions]]\nid = \"reply\"\nkind = \"contact\"\nshow_if = { question = \"visit\", at_most = 3 }\ntitle = { en = \"May we reply?\" }\nconsent = { en = \"I agree.\" }\nconsent_version = 1\nchannels = [\"phone\"]\n\n[thanks]",
        1,
    )
}

/// The pages that somebody sees who is not quite happy and passes everything over.
fn pages(asks: Asks) -> Vec<&'static str> {
    let survey = Arc::new(survey::parse(&with_contact()).expect("the test survey is whole").survey);
    let mut session = Session::new(survey, Settings { asks, ..settings(0) }).with_seal(Arc::new(Glass));
    let mut now_ms = 10_000;
    let mut seen = Vec::new();
    let mut effects = session.handle(Event::Rate(3), at(now_ms));
    while !effects.iter().any(|effect| matches!(effect, Effect::Freeze { outcome: Outcome::Completed, .. })) {
        now_ms += 1_000;
        effects = session.handle(Event::Tick, at(now_ms));
        match session.screen(now_ms) {
            Screen::Comment { .. } => seen.push("words"),
            Screen::Contact { .. } => seen.push("reply"),
            _ => continue,
        }
        effects = session.handle(Event::Skip, at(now_ms));
    }
    seen
}

#[test]
fn what_may_not_be_asked_here_is_passed_over() {
    let asks = |comments, contacts| Asks { comments, contacts };
    assert_eq!(pages(asks(true, true)), ["words", "reply"]);
    assert_eq!(pages(asks(false, true)), ["reply"]);
    assert_eq!(pages(asks(true, false)), ["words"]);
    assert_eq!(pages(asks(false, false)), [""; 0]);
}

#[test]
fn other_times_hold_from_the_next_visit_on_and_not_in_the_middle_of_one() {
    let mut session = session(0);
    let patient = TimeLimits { idle_ms: 90_000, settle_ms: 0, ..TimeLimits::default() };
    session.go_by(patient.clone(), Asks::default());
    let _saved = session.handle(Event::Rate(2), at(10_000));
    let _next_page = session.handle(Event::Tick, at(10_350));
    session.go_by(TimeLimits::default(), Asks { comments: false, contacts: false });
    let _nothing = session.handle(Event::Tick, at(10_350 + 89_000));
    assert!(
        matches!(session.screen(10_350 + 89_000), Screen::Reasons { .. }),
        "whoever is there keeps their time"
    );
    let _asks = session.handle(Event::Tick, at(10_350 + 90_000));
    assert!(matches!(session.screen(10_350 + 90_000), Screen::StillThere { .. }));
}
