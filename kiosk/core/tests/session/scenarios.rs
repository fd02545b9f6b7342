//! One shopper after another, told step by step.

use std::sync::Arc;

use afterword_kiosk_core::{Aid, Aids, Caret, Effect, Event, Flow, Screen, Session, Settings, TimeLimits};
use afterword_model::moment::Moment;
use afterword_model::response::{AnswerValue, Draft, Flag, Outcome};

use crate::support::{SURVEY, at, session, settings, survey};

/// A shopper's hands, and a clock that moves only when told to.
pub(crate) struct Shopper {
    pub(crate) session: Session,
    pub(crate) now_ms: u64,
}

impl Shopper {
    pub(crate) fn arrives() -> Self {
        Self { session: session(250), now_ms: 10_000 }
    }

    pub(crate) fn does(&mut self, event: Event) -> Vec<Effect> {
        self.session.handle(event, at(self.now_ms))
    }

    /// Lets the page settle, then acts.
    pub(crate) fn then(&mut self, event: Event) -> Vec<Effect> {
        self.now_ms += 300;
        self.does(event)
    }

    /// Does nothing until the next deadline.
    pub(crate) fn waits(&mut self) -> Vec<Effect> {
        self.now_ms = self.session.deadline_ms().expect("something runs out");
        self.does(Event::Tick)
    }

    /// Taps a face and waits until the key has come up.
    pub(crate) fn rates(&mut self, face: u8) -> Vec<Effect> {
        let mut effects = self.then(Event::Rate(face));
        effects.extend(self.waits());
        effects
    }

    pub(crate) fn sees(&self) -> Screen {
        self.session.screen(self.now_ms)
    }

    pub(crate) fn types(&mut self, text: &str) {
        assert_eq!(self.then(Event::Type(text.into())), []);
    }
}

pub(crate) fn saved(effects: &[Effect]) -> &Draft {
    match effects {
        [Effect::Save(draft)] => draft,
        other => panic!("expected one save, found {other:?}"),
    }
}

fn frozen(effects: &[Effect]) -> (&Draft, Outcome, u64) {
    match effects {
        [Effect::Freeze { draft, outcome, took_ms }] => (draft, *outcome, *took_ms),
        other => panic!("expected one freeze, found {other:?}"),
    }
}

fn chosen(ids: &[&str]) -> AnswerValue {
    AnswerValue::Choices(ids.iter().map(|id| (*id).into()).collect())
}

fn comment(text: &str) -> AnswerValue {
    AnswerValue::Comment(text.into())
}

pub(crate) const AT_REST: Screen =
    Screen::Question { question: 0, chosen: None, changing: false, flow: None };

#[test]
fn an_unhappy_shopper_says_why_and_is_thanked_once_the_record_is_on_disk() {
    let mut shopper = Shopper::arrives();
    assert_eq!((shopper.sees(), shopper.session.deadline_ms()), (AT_REST, None));

    let effects = shopper.does(Event::Rate(2));
    let first = saved(&effects);
    assert_eq!(first.answer("visit"), Some(&AnswerValue::Face(2)));
    assert_eq!((first.survey.as_str(), first.survey_version, first.language.as_str()), ("test", 7, "en"));
    assert_eq!((first.touchpoint.as_deref(), first.started), (Some("exit"), at(10_000)));
    let down = Screen::Question { question: 0, chosen: Some(2), changing: false, flow: None };
    assert_eq!(shopper.sees(), down);

    assert_eq!(shopper.session.deadline_ms(), Some(10_350));
    shopper.now_ms = 10_349;
    assert_eq!((shopper.does(Event::Tick), shopper.sees()), (vec![], down));
    assert_eq!(shopper.waits(), []);
    let flow = Flow { rating: 2, step: 2, steps: 3, can_go_back: true, time_left: 1.0 };
    assert_eq!(shopper.sees(), Screen::Reasons { question: 1, chosen: vec![], single: false, flow });

    shopper.then(Event::ToggleOption(2));
    let effects = shopper.then(Event::ToggleOption(0));
    assert_eq!(saved(&effects).answer("reasons"), Some(&chosen(&["staff", "price"])));
    let effects = shopper.then(Event::ToggleOption(2));
    assert_eq!(saved(&effects).answer("reasons"), Some(&chosen(&["staff"])));

    assert_eq!(shopper.then(Event::Next), []);
    shopper.types("slow!!!");
    let Screen::Comment { text, count, limit, flow, .. } = shopper.sees() else {
        panic!("{:?}", shopper.sees())
    };
    assert_eq!((text.as_str(), count, limit, flow.step, flow.steps), ("slow!", 5, 5, 3, 3));

    let effects = shopper.then(Event::Done);
    let (draft, outcome, took_ms) = frozen(&effects);
    assert_eq!(outcome, Outcome::Completed);
    assert_eq!(took_ms, shopper.now_ms - 10_000);
    let questions: Vec<_> =
        draft.answers.iter().map(|answer| (answer.question.as_str(), answer.at_ms)).collect();
    assert_eq!(questions, [("visit", 0), ("reasons", 1_250), ("words", took_ms)]);
    assert_eq!(draft.answer("words"), Some(&comment("slow!")));

    assert!(matches!(shopper.sees(), Screen::Comment { .. }), "no thanks before the commit");
    assert_eq!(shopper.then(Event::Done), [], "the page stands still");
    shopper.does(Event::Saved);
    assert!(matches!(shopper.sees(), Screen::Comment { .. }), "a save is no freeze");
    shopper.does(Event::Frozen);
    assert_eq!(shopper.sees(), Screen::Thanks { rating_only: false, follow_up_code: None, time_left: 1.0 });
    shopper.now_ms += 6_000;
    assert_eq!(shopper.sees(), Screen::Thanks { rating_only: false, follow_up_code: None, time_left: 0.25 });
    assert_eq!(shopper.waits(), []);
    assert_eq!(shopper.waits(), []);
    assert_eq!(shopper.session, session(250));
}

#[test]
fn a_happy_shopper_is_done_with_one_tap() {
    let mut shopper = Shopper::arrives();
    shopper.does(Event::Rate(5));
    let effects = shopper.waits();
    let (draft, outcome, took_ms) = frozen(&effects);
    assert_eq!((draft.answers.len(), outcome, took_ms), (1, Outcome::Completed, 350));
    assert!(matches!(shopper.sees(), Screen::Question { chosen: Some(5), .. }));
    shopper.does(Event::Frozen);
    assert!(matches!(shopper.sees(), Screen::Thanks { rating_only: true, .. }));
    shopper.then(Event::Done);
    assert_eq!(shopper.sees(), AT_REST);
}

#[test]
fn a_double_tap_does_nothing_twice() {
    let mut shopper = Shopper::arrives();
    shopper.does(Event::Rate(1));
    shopper.now_ms += 120;
    assert_eq!(shopper.does(Event::Rate(3)), [], "the key is down");
    shopper.waits();
    shopper.now_ms += 10;
    assert_eq!(shopper.does(Event::ToggleOption(0)), [], "the second tap lands on the next page");
    shopper.then(Event::Next);
    shopper.now_ms += 100;
    assert_eq!(shopper.does(Event::Done), [], "the keyboard's Done lies under Next");
    assert!(matches!(shopper.sees(), Screen::Comment { .. }));
    shopper.then(Event::Done);
    shopper.does(Event::Frozen);
    shopper.now_ms += 100;
    shopper.does(Event::Done);
    assert!(matches!(shopper.sees(), Screen::Thanks { .. }), "the thanks can be read");
}

#[test]
fn skip_keeps_what_was_chosen_and_notes_what_was_left_empty() {
    let mut shopper = Shopper::arrives();
    shopper.rates(1);
    shopper.then(Event::ToggleOption(1));
    assert_eq!(shopper.then(Event::Skip), []);
    let effects = shopper.then(Event::Skip);
    let (draft, outcome, _) = frozen(&effects);
    assert_eq!((draft.answer("reasons"), draft.answer("words")), (Some(&chosen(&["waiting"])), None));
    assert_eq!(outcome, Outcome::Completed);

    let mut shopper = Shopper::arrives();
    shopper.rates(1);
    let effects = shopper.then(Event::Skip);
    assert_eq!(saved(&effects).answer("reasons"), Some(&chosen(&[])));
    shopper.then(Event::Skip);
    shopper.does(Event::Frozen);
    assert!(matches!(shopper.sees(), Screen::Thanks { rating_only: true, .. }));
}

#[test]
fn back_keeps_the_words_and_brings_them_again() {
    let mut shopper = Shopper::arrives();
    shopper.rates(2);
    shopper.then(Event::ToggleOption(0));
    shopper.then(Event::Next);
    shopper.types(" ab ");
    let effects = shopper.then(Event::Back);
    assert_eq!(saved(&effects).answer("words"), Some(&comment("ab")));
    assert!(matches!(shopper.sees(), Screen::Reasons { ref chosen, .. } if chosen == &["staff"]));
    assert_eq!(shopper.then(Event::Back), []);
    assert!(matches!(
        shopper.sees(),
        Screen::Question { question: 0, chosen: Some(2), changing: true, flow: None }
    ));
    shopper.rates(1);
    shopper.then(Event::Next);
    assert!(matches!(shopper.sees(), Screen::Comment { ref text, .. } if text == "ab"));
    shopper.then(Event::Backspace);
    shopper.then(Event::Backspace);
    let effects = shopper.then(Event::Back);
    assert_eq!(saved(&effects).answer("words"), None, "deleted words are withdrawn");
}

#[test]
fn a_word_is_mended_where_the_caret_stands() {
    let mut shopper = Shopper::arrives();
    shopper.rates(3);
    shopper.types("slw");
    shopper.then(Event::MoveCaret(Caret::At(2)));
    shopper.types("o");
    assert!(matches!(shopper.sees(), Screen::Comment { ref text, caret: 3, count: 4, .. } if text == "slow"));
    shopper.then(Event::MoveCaret(Caret::Start));
    shopper.then(Event::Delete);
    shopper.types("g");
    shopper.types("rab");
    assert!(
        matches!(shopper.sees(), Screen::Comment { ref text, caret: 2, .. } if text == "grlow"),
        "five fit"
    );
    let effects = shopper.then(Event::Back);
    assert_eq!(saved(&effects).answer("words"), Some(&comment("grlow")));
    shopper.rates(3);
    assert!(matches!(shopper.sees(), Screen::Comment { caret: 5, .. }), "behind what was written before");
}

#[test]
fn another_rating_drops_what_its_branch_does_not_ask_and_keeps_the_rest() {
    let mut shopper = Shopper::arrives();
    shopper.rates(2);
    shopper.then(Event::ToggleOption(0));
    shopper.then(Event::Next);
    shopper.types("hm");
    let effects = shopper.then(Event::Change);
    assert_eq!(saved(&effects).answer("words"), Some(&comment("hm")));
    let effects = shopper.then(Event::Rate(3));
    let draft = saved(&effects);
    assert_eq!((draft.answer("visit"), draft.answer("reasons")), (Some(&AnswerValue::Face(3)), None));
    assert_eq!(draft.answer("words"), Some(&comment("hm")));
    shopper.waits();
    assert!(
        matches!(shopper.sees(), Screen::Comment { ref text, flow: Flow { step: 2, steps: 2, .. }, .. } if text == "hm")
    );
    shopper.then(Event::Change);
    let effects = shopper.rates(5);
    let [Effect::Save(_), Effect::Freeze { draft, outcome: Outcome::Completed, .. }] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!(draft.answers.len(), 1);
}

#[test]
fn a_second_faces_question_is_a_step_like_any_other() {
    let mut shopper = Shopper::arrives();
    shopper.rates(4);
    let Screen::Question { question: 3, chosen: None, changing: false, flow: Some(flow) } = shopper.sees()
    else {
        panic!("{:?}", shopper.sees())
    };
    assert_eq!((flow.rating, flow.step, flow.steps), (4, 2, 2));
    let effects = shopper.then(Event::Rate(1));
    assert_eq!(saved(&effects).answer("staff"), Some(&AnswerValue::Face(1)));
    shopper.waits();
    assert!(matches!(
        shopper.sees(),
        Screen::Comment { question: 4, limit: 200, flow: Flow { step: 3, steps: 3, .. }, .. }
    ));
    shopper.then(Event::Back);
    shopper.rates(5);
    shopper.does(Event::Frozen);
    assert!(matches!(shopper.sees(), Screen::Thanks { rating_only: true, .. }));
}

#[test]
fn finish_freezes_what_is_there_words_included() {
    let mut shopper = Shopper::arrives();
    shopper.rates(3);
    shopper.types("meh");
    let effects = shopper.then(Event::Finish);
    let (draft, outcome, _) = frozen(&effects);
    assert_eq!((draft.answer("words"), outcome), (Some(&comment("meh")), Outcome::Finished));
    shopper.does(Event::Frozen);
    assert!(matches!(shopper.sees(), Screen::Thanks { rating_only: false, .. }));
}

#[test]
fn who_walks_away_leaves_the_rating_and_no_half_typed_words() {
    let mut shopper = Shopper::arrives();
    shopper.rates(3);
    shopper.types("half");
    shopper.now_ms += 15_000;
    assert!(matches!(shopper.sees(), Screen::Comment { flow: Flow { time_left: 0.5, .. }, .. }));
    assert_eq!(shopper.waits(), []);
    assert_eq!(shopper.sees(), Screen::StillThere { seconds_left: 20, time_left: 1.0, unsent_words: true });
    shopper.now_ms += 9_001;
    assert!(matches!(shopper.sees(), Screen::StillThere { seconds_left: 11, .. }));
    let effects = shopper.waits();
    let (draft, outcome, _) = frozen(&effects);
    assert_eq!((draft.answers.len(), outcome), (1, Outcome::TimedOut));
    assert_eq!(shopper.sees(), AT_REST);
    shopper.does(Event::Frozen);
    assert_eq!(shopper.waits(), []);
    assert_eq!(shopper.session, session(250));
}

#[test]
fn a_finger_that_comes_too_late_for_the_warning_rates_nothing() {
    let mut shopper = Shopper::arrives();
    shopper.rates(3);
    shopper.waits();
    frozen(&shopper.waits());
    shopper.does(Event::Frozen);
    // "I need more time" was where the second face is now.
    for late in [Event::Rate(2), Event::Language(2), Event::EasierToUse] {
        assert_eq!((shopper.does(late), shopper.sees()), (vec![], AT_REST));
    }
    assert_eq!((shopper.session.language().tag.as_str(), shopper.session.aids().any()), ("en", false));
    shopper.now_ms += 499;
    assert_eq!((shopper.does(Event::Rate(2)), shopper.sees()), (vec![], AT_REST));
    // Half a second on, a face is meant, though the tick has not come yet.
    shopper.now_ms += 1;
    assert_eq!(saved(&shopper.does(Event::Rate(2))).answer("visit"), Some(&AnswerValue::Face(2)));
}

#[test]
fn more_time_goes_back_to_the_page_and_leave_finishes() {
    let mut shopper = Shopper::arrives();
    shopper.rates(3);
    shopper.types("half");
    shopper.waits();
    shopper.then(Event::MoreTime);
    assert!(
        matches!(shopper.sees(), Screen::Comment { ref text, flow: Flow { time_left: 1.0, .. }, .. } if text == "half")
    );
    assert_eq!(shopper.session.deadline_ms(), Some(shopper.now_ms + 30_000));
    shopper.waits();
    assert_eq!(shopper.then(Event::Type("x".into())), []);
    let effects = shopper.then(Event::Leave);
    let (draft, outcome, _) = frozen(&effects);
    assert_eq!((draft.answer("words"), outcome), (Some(&comment("half")), Outcome::Finished));
    assert!(matches!(shopper.sees(), Screen::StillThere { .. }));
    shopper.does(Event::Frozen);
    assert!(matches!(shopper.sees(), Screen::Thanks { .. }));
}

#[test]
fn every_touch_restarts_the_clock_and_a_senseless_one_does_not() {
    let mut shopper = Shopper::arrives();
    shopper.rates(3);
    shopper.now_ms += 20_000;
    shopper.does(Event::Backspace);
    assert_eq!(shopper.session.deadline_ms(), Some(shopper.now_ms + 30_000));
    let deadline = shopper.session.deadline_ms();
    for senseless in
        [Event::Rate(5), Event::ToggleOption(0), Event::MoreTime, Event::Leave, Event::Language(3)]
    {
        assert_eq!(shopper.then(senseless), []);
    }
    assert_eq!(shopper.session.deadline_ms(), deadline);
}

#[test]
fn the_question_asked_again_also_times_out() {
    let mut shopper = Shopper::arrives();
    shopper.rates(2);
    shopper.then(Event::Change);
    shopper.waits();
    assert_eq!(shopper.sees(), Screen::StillThere { seconds_left: 20, time_left: 1.0, unsent_words: false });
    assert_eq!(frozen(&shopper.waits()).1, Outcome::TimedOut);
}

#[test]
fn language_and_contrast_last_as_long_as_the_shopper() {
    let mut shopper = Shopper::arrives();
    shopper.does(Event::Language(2));
    shopper.does(Event::EasierToUse);
    assert_eq!(shopper.sees(), Screen::Easier(Aids::default()));
    shopper.does(Event::Aid(Aid::HighContrast));
    shopper.does(Event::Done);
    assert_eq!((shopper.session.language().name.as_str(), shopper.session.aids().any()), ("Français", true));
    let effects = shopper.rates(2);
    assert_eq!(saved(&effects).language, "fr");
    shopper.then(Event::NextLanguage);
    assert_eq!(shopper.session.language().tag, "en");
    shopper.then(Event::NextLanguage);
    assert_eq!(saved(&shopper.then(Event::ToggleOption(0))).language, "de");
    shopper.then(Event::Finish);
    shopper.does(Event::Frozen);
    assert_eq!(shopper.session.language().tag, "de", "thanks in the shopper's language");
    shopper.waits();
    assert_eq!((shopper.session.language().tag.as_str(), shopper.session.aids().any()), ("en", false));
}

#[test]
fn the_next_shopper_does_not_wait_for_the_last_ones_record() {
    let mut shopper = Shopper::arrives();
    shopper.rates(2);
    shopper.waits();
    assert_eq!(frozen(&shopper.waits()).1, Outcome::TimedOut);
    // The disk is slow; the next shopper comes as soon as the question listens.
    shopper.waits();
    let effects = shopper.does(Event::Rate(5));
    assert_eq!(saved(&effects).answer("visit"), Some(&AnswerValue::Face(5)));
    shopper.waits();
    shopper.does(Event::Frozen);
    assert!(matches!(shopper.sees(), Screen::Question { .. }), "that was the record of the first");
    shopper.does(Event::Frozen);
    assert!(matches!(shopper.sees(), Screen::Thanks { .. }));
}

#[test]
fn a_store_that_says_nothing_leaves_nobody_standing_and_thanks_nobody() {
    let mut shopper = Shopper::arrives();
    shopper.rates(5);
    assert_eq!(shopper.waits(), []);
    assert_eq!(shopper.sees(), AT_REST);
}

#[test]
fn a_failed_store_means_out_of_service_and_no_thanks() {
    let mut shopper = Shopper::arrives();
    shopper.rates(3);
    shopper.types("half");
    let effects = shopper.then(Event::StorageFailed);
    let (draft, outcome, _) = frozen(&effects);
    assert_eq!((draft.answers.len(), outcome), (1, Outcome::Interrupted));
    assert_eq!((shopper.sees(), shopper.session.deadline_ms()), (Screen::OutOfService, None));
    assert_eq!(shopper.then(Event::Rate(5)), []);
    assert_eq!(shopper.then(Event::StorageFailed), []);
    shopper.does(Event::StorageRecovered);
    assert_eq!(shopper.session, session(250));
    // Freezes lost to the failure are not waited for.
    shopper.rates(5);
    shopper.does(Event::Frozen);
    assert!(matches!(shopper.sees(), Screen::Thanks { .. }));
}

#[test]
fn a_freeze_that_fails_is_not_thanked_for_and_not_asked_for_twice() {
    let mut shopper = Shopper::arrives();
    shopper.rates(5);
    assert_eq!(shopper.does(Event::StorageFailed), []);
    assert_eq!(shopper.sees(), Screen::OutOfService);
    shopper.does(Event::Frozen);
    assert_eq!(shopper.sees(), Screen::OutOfService);
}

#[test]
fn a_voucher_can_be_photographed() {
    let limits = TimeLimits { has_voucher: true, ..TimeLimits::default() };
    let mut session = Session::new(survey(), Settings { limits, ..settings(250) });
    for (event, mono_ms) in [(Event::Rate(5), 0), (Event::Tick, 350), (Event::Frozen, 400)] {
        let _ = session.handle(event, at(mono_ms));
    }
    assert_eq!(session.deadline_ms(), Some(20_400));
}

#[test]
fn a_face_that_does_not_exist_is_not_a_tap() {
    let mut shopper = Shopper::arrives();
    for face in [0, 6, u8::MAX] {
        assert_eq!(shopper.then(Event::Rate(face)), []);
    }
    assert_eq!(shopper.session, session(250));
}

#[test]
fn a_hand_that_taps_again_and_again_is_flagged_and_kept() {
    let mut shopper = Shopper::arrives();
    let mut flags = Vec::new();
    for _ in 0..8 {
        flags.push(saved(&shopper.does(Event::Rate(1))).flags.clone());
        shopper.waits();
        let effects = shopper.then(Event::Finish);
        assert_eq!(frozen(&effects).0.flags, flags[flags.len() - 1], "a flag stays with its response");
        shopper.does(Event::Frozen);
        shopper.then(Event::Done);
        assert_eq!(shopper.waits(), []);
        shopper.now_ms += 250;
    }
    assert_eq!(flags[..2], [vec![], vec![Flag::Repeat]]);
    assert_eq!(flags[6..], [vec![Flag::Repeat, Flag::Burst], vec![Flag::Repeat, Flag::Burst]]);
    assert_eq!(shopper.session, session(250));

    // The next shopper is nobody's repeat.
    shopper.now_ms += 60_000;
    assert_eq!(saved(&shopper.does(Event::Rate(5))).flags, []);
}

fn checkout(lane: &str) -> Moment {
    Moment::new("checkout", [("lane".to_owned(), lane.to_owned())].into()).expect("it is a moment")
}

#[test]
fn the_next_response_carries_what_the_till_told_and_the_one_after_does_not() {
    let mut shopper = Shopper::arrives();
    shopper.does(Event::Moment(checkout("2")));
    shopper.does(Event::Moment(checkout("3")));
    assert_eq!(saved(&shopper.does(Event::Rate(4))).moment, Some(checkout("3")), "the newer one counts");
    shopper.waits();
    let effects = shopper.then(Event::Finish);
    assert_eq!(frozen(&effects).0.moment, Some(checkout("3")));
    shopper.does(Event::Frozen);
    shopper.then(Event::Done);
    assert_eq!(shopper.waits(), []);
    assert_eq!(shopper.session, session(250));
    assert_eq!(saved(&shopper.then(Event::Rate(4))).moment, None);
}

#[test]
fn a_moment_waits_a_minute_for_its_shopper() {
    let mut shopper = Shopper::arrives();
    shopper.does(Event::Moment(checkout("3")));
    assert_eq!(shopper.session.deadline_ms(), Some(70_000));
    shopper.now_ms = 69_999;
    assert_eq!(saved(&shopper.does(Event::Rate(4))).moment, Some(checkout("3")));

    let mut shopper = Shopper::arrives();
    shopper.does(Event::Moment(checkout("3")));
    assert_eq!(shopper.waits(), []);
    assert_eq!((&shopper.session, shopper.session.deadline_ms()), (&session(250), None), "and is forgotten");
    shopper.does(Event::Moment(checkout("3")));
    shopper.now_ms += 60_000;
    assert_eq!(saved(&shopper.does(Event::Rate(4))).moment, None, "the tick was late");
}

#[test]
fn a_moment_that_comes_during_a_visit_is_the_next_ones() {
    let mut shopper = Shopper::arrives();
    shopper.does(Event::Rate(1));
    shopper.waits();
    shopper.does(Event::Moment(checkout("3")));
    let effects = shopper.then(Event::Finish);
    assert_eq!(frozen(&effects).0.moment, None);
    shopper.does(Event::Frozen);
    shopper.then(Event::Done);
    assert_eq!(saved(&shopper.then(Event::Rate(4))).moment, Some(checkout("3")));
}

#[test]
fn what_names_a_person_is_masked_before_anything_is_written() {
    let wordy = SURVEY.replace("limit = 5\n", "");
    let wordy = Arc::new(afterword_model::survey::parse(&wordy).expect("it is whole").survey);
    let mut shopper = Shopper { session: Session::new(wordy, settings(250)), now_ms: 10_000 };
    shopper.does(Event::Rate(3));
    shopper.waits();
    shopper.types("call 07700 900123 or jo@example.com");
    let effects = shopper.then(Event::Done);
    let (draft, ..) = frozen(&effects);
    assert_eq!(draft.answer("words"), Some(&comment("call ••• or •••")));
    assert_eq!((draft.masked.phones, draft.masked.emails, draft.masked.cards), (1, 1, 0));
    assert!(!format!("{effects:?}").contains("900123"));
}
