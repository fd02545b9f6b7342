//! Steps in any order, known by anybody, any number of times: everybody who knows the same sees the same.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::carried::wrap;
use crate::content::Content;
use crate::record::StoreEpoch;
use crate::response::{Answer, AnswerValue, ClockQuality, Draft, Outcome, RESPONSE_VERSION, Response, Stamp};
use crate::scale::ScaleKind;

const SHOP: StoreEpoch = StoreEpoch::new([1; 16]);
const OFFICE: StoreEpoch = StoreEpoch::new([2; 16]);
const CASE: CaseId = CaseId { epoch: SHOP, seq: 7 };
const HOUR_MS: u64 = 3_600_000;

fn at(boot: u32, mono_ms: u64) -> Stamp {
    let wall_ms = 1_795_300_000_000 + i64::try_from(mono_ms).unwrap();
    Stamp { wall_ms, offset_min: 60, boot, mono_ms, clock: ClockQuality::Synced }
}

fn held(id: EventId, at: Stamp, step: Step) -> Held {
    let by = Author::nameless(if id.epoch == SHOP { Role::Manager } else { Role::HeadOffice });
    Held { id, event: CaseEvent { of: CASE, at, by, step, masked: Default::default() } }
}

fn opened() -> Held {
    let step = Step::Opened {
        reasons: vec![Reason::LowScoreWithComment],
        category: Category::Clean,
        tier: Tier::Normal,
        words: None,
    };
    held(EventId { epoch: SHOP, seq: 8 }, at(3, 0), step)
}

/// Two who work on one case, each on what is known there, and now and then hear of what the other did.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Does { office: bool, wish: u8 },
    Hears { office: bool },
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        4 => (any::<bool>(), 0_u8..5).prop_map(|(office, wish)| Deed::Does { office, wish }),
        1 => any::<bool>().prop_map(|office| Deed::Hears { office }),
    ];
    vec(deed, 0..24)
}

fn wish(kind: u8) -> Wish {
    let words = String::new();
    match kind {
        0 => Wish::Acknowledge,
        1 => Wish::Act { root_cause: RootCause::Supply, action: Action::PutRight, words },
        2 => Wish::Verify { words },
        3 => Wish::Reopen { words },
        _ => Wish::Note { words: "call back".into() },
    }
}

/// Plays them; gives what the shop knows at the end, what head office knows, and every step that was taken.
fn played(deeds: &[Deed]) -> (Case, Case, Vec<Held>) {
    let mut shop: Case = [opened()].into_iter().collect();
    let mut office = shop.clone();
    let mut all = vec![opened()];
    for (number, deed) in (10..).zip(deeds) {
        match *deed {
            Deed::Hears { office: true } => office.merge(&shop),
            Deed::Hears { office: false } => shop.merge(&office),
            Deed::Does { office: is_office, wish: kind } => {
                let here = if is_office { &mut office } else { &mut shop };
                let Ok((step, _)) = here.step(&wish(kind)) else { continue };
                let id = EventId { epoch: if is_office { OFFICE } else { SHOP }, seq: number };
                let taken = held(id, at(3, number * 60_000), step);
                assert!(here.add(taken.clone()), "a step that is taken is new");
                all.push(taken);
            }
        }
    }
    (shop, office, all)
}

proptest! {
    #[test]
    fn whoever_knows_the_same_steps_sees_the_same_case(
        deeds in deeds(),
        order in any::<prop::sample::Index>(),
        twice in vec(any::<prop::sample::Index>(), 0..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let (shop, office, all) = played(&deeds);
        let whole: Case = all.iter().cloned().collect();
        prop_assert_eq!(whole.steps().count(), all.len(), "no step is lost");

        let mut there = shop.clone();
        there.merge(&office);
        let mut here = office;
        here.merge(&shop);
        prop_assert_eq!(&there, &here);
        prop_assert_eq!(&there, &whole);

        // Another order, some of them twice, and put together from two parts that overlap.
        let mut mixed = all.clone();
        mixed.rotate_left(order.index(all.len()));
        mixed.extend(twice.iter().map(|which| all[which.index(all.len())].clone()));
        mixed.reverse();
        let (front, back) = mixed.split_at(cut.index(mixed.len()));
        let mut parts: Case = back.iter().cloned().collect();
        for one in front.iter().chain(back.iter().take(2)) {
            parts.add(one.clone());
        }
        prop_assert_eq!(parts.status(), whole.status());
        prop_assert_eq!(&parts, &whole);
        let shown = |case: &Case| case.in_order().into_iter().cloned().collect::<Vec<_>>();
        prop_assert_eq!(shown(&parts), shown(&whole));
    }

    #[test]
    fn stages_do_not_contradict(deeds in deeds(), some in any::<prop::sample::Index>()) {
        let (.., all) = played(&deeds);
        // Also what is known half-way, of whatever part.
        for known in [&all[..], &all[..some.index(all.len())], &all[some.index(all.len())..]] {
            let case: Case = known.iter().cloned().collect();
            let status = case.status();
            let has = |wanted: fn(&Step) -> bool| case.steps().any(|held| wanted(&held.event.step));
            prop_assert_eq!(status.is_closed(), !status.verifications.is_empty());
            prop_assert!(status.acts.is_empty() || status.stage >= Stage::Acted);
            prop_assert!(status.stage != Stage::Acted || status.acted_at.is_some());
            if status.is_closed() {
                let is_verified = has(|step| matches!(step, Step::Verified { .. }));
                prop_assert!(is_verified);
            }
            if status.stage == Stage::Opened {
                let is_seen = has(|step| !matches!(step, Step::Opened { .. } | Step::Noted { .. }));
                prop_assert!(!is_seen);
            }
            // What counts is one of the steps.
            let ids: Vec<_> = case.steps().map(|held| held.id).collect();
            prop_assert!(status.acts.iter().chain(&status.verifications).all(|id| ids.contains(id)));
        }
    }

    #[test]
    fn a_step_comes_out_of_its_record_as_it_went_in(deeds in deeds(), seq in 1_u64..1 << 40) {
        let (.., all) = played(&deeds);
        for one in all {
            let record = CaseRecord { v: CASE_EVENT_VERSION, seq, case: one.event };
            let bytes = record.to_bytes();
            prop_assert_eq!(CaseRecord::from_bytes(seq, &bytes).unwrap(), record.clone());
            let content = Content::from_bytes(seq, &bytes).unwrap();
            prop_assert_eq!(content, Content::Case(Box::new(record.clone())));
            prop_assert!(Response::from_bytes(seq, &bytes).is_err());
            let carried = wrap(3, EventId { epoch: SHOP, seq }, &bytes).unwrap();
            prop_assert_eq!(CaseRecord::from_bytes(3, &carried).unwrap(), record);
            prop_assert!(CaseRecord::from_bytes(seq + 1, &bytes).is_err());
        }
    }
}

fn act() -> Wish {
    wish(1)
}

/// A case on which somebody did these, one after the other.
fn after(wishes: &[Wish]) -> Case {
    let mut case: Case = [opened()].into_iter().collect();
    for (number, wish) in (10..).zip(wishes) {
        let (step, _) = case.step(wish).unwrap();
        case.add(held(EventId { epoch: SHOP, seq: number }, at(3, number * 1_000), step));
    }
    case
}

fn office(case: &mut Case, seq: u64, step: Step) {
    case.add(held(EventId { epoch: OFFICE, seq }, at(0, 50_000), step));
}

#[test]
fn what_two_did_at_the_same_time_is_both_kept() {
    let mut case = after(&[act()]);
    office(
        &mut case,
        1,
        Step::Acted { root_cause: RootCause::Process, action: Action::PassedOn, words: None },
    );
    let status = case.status();
    assert_eq!((status.stage, status.acts.len()), (Stage::Acted, 2));
}

#[test]
fn what_was_verified_without_knowing_of_the_reopening_does_not_close_it() {
    let mut case = after(&[act(), wish(2)]);
    assert!(case.status().is_closed());
    let acts = case.status().acts;
    let (reopened, _) = case.step(&Wish::Reopen { words: "again".into() }).unwrap();
    office(&mut case, 1, Step::Verified { of: acts, words: None });
    case.add(held(EventId { epoch: SHOP, seq: 20 }, at(3, 60_000), reopened));
    let status = case.status();
    assert_eq!((status.stage, status.acts.len()), (Stage::Acknowledged, 0));
    // What nobody had seen who reopened it, stands.
    office(
        &mut case,
        2,
        Step::Acted { root_cause: RootCause::Supply, action: Action::PutRight, words: None },
    );
    assert_eq!(case.status().stage, Stage::Acted);
    assert_eq!(case.status().clock_from, Some(at(3, 60_000)));
}

#[test]
fn what_is_not_to_be_done_is_refused_with_what_to_do() {
    let refused = |case: &Case, wish: Wish| case.step(&wish).unwrap_err();
    let (new, acted, closed) = (after(&[]), after(&[act()]), after(&[act(), wish(2)]));
    assert_eq!(refused(&Case::default(), Wish::Acknowledge), StepRefused::NotOpened);
    assert_eq!(refused(&new, wish(2)), StepRefused::NotActed);
    assert_eq!(refused(&acted, Wish::Acknowledge), StepRefused::Acknowledged);
    assert_eq!(refused(&acted, wish(3)), StepRefused::Open);
    for kind in 0..3 {
        assert_eq!(refused(&closed, wish(kind)), StepRefused::Verified);
    }
    let other = |words: &str| Wish::Act {
        root_cause: RootCause::Other,
        action: Action::PutRight,
        words: words.into(),
    };
    assert_eq!(refused(&new, other(" \n ")), StepRefused::Silent);
    assert_eq!(refused(&new, Wish::Note { words: "\u{7}".into() }), StepRefused::Empty);
    assert_eq!(refused(&new, other(&"ü".repeat(201))), StepRefused::Long(201));
    assert!(new.step(&other(&"ü".repeat(200))).is_ok());
}

#[test]
fn what_is_typed_is_masked_and_stands_on_one_line() {
    let case = after(&[]);
    let (step, spans) =
        case.step(&Wish::Note { words: "call\n07700 900123\u{202e} or jo@example.com".into() }).unwrap();
    assert_eq!(step.words(), Some("call ••• or •••"));
    assert_eq!((spans.phones, spans.emails), (1, 1));
}

fn answered(values: &[AnswerValue]) -> Said {
    let answers = values.iter().map(|value| Answer { question: "q".into(), value: value.clone(), at_ms: 0 });
    let draft = Draft { answers: answers.collect(), ..Draft::begun("exit", 1, "en", at(1, 0)) };
    Said::of(&Response { v: RESPONSE_VERSION, seq: 1, draft, outcome: Outcome::Completed, took_ms: 1 })
}

#[test]
fn a_low_rating_with_words_and_a_wish_for_a_reply_open_a_case() {
    let comment = |text: &str| AnswerValue::Comment(text.into());
    let contact = AnswerValue::Contact(
        serde_json::from_str(r#"{"channel":"phone","consent":1,"sealed":"eA=="}"#).unwrap(),
    );
    let opens = |values: &[AnswerValue]| match opening(&answered(values)) {
        Some(Step::Opened { reasons, .. }) => reasons,
        _ => Vec::new(),
    };
    assert_eq!(opens(&[AnswerValue::Face(2), comment("slow")]), [Reason::LowScoreWithComment]);
    assert_eq!(opens(&[AnswerValue::Face(3), comment("slow")]), []);
    assert_eq!(opens(&[AnswerValue::Face(1), comment("  ")]), []);
    assert_eq!(opens(&[AnswerValue::Face(1)]), []);
    assert_eq!(opens(&[AnswerValue::Face(5), contact.clone()]), [Reason::ContactWanted]);
    assert_eq!(
        opens(&[AnswerValue::Nps(6), comment("no"), contact]),
        [Reason::LowScoreWithComment, Reason::ContactWanted]
    );
    for (scale, highest) in LOW_RATINGS {
        assert!(is_low(scale, highest) && !is_low(scale, highest + 1), "{scale:?}");
    }
    assert_eq!(LOW_RATINGS.map(|(scale, _)| scale), ScaleKind::ALL);
}

#[test]
fn a_case_is_about_the_first_reason_that_is_about_something() {
    let chosen = |ids: &[&str]| {
        answered(&[AnswerValue::Choices(ids.iter().map(|&id| id.to_owned()).collect())]).category()
    };
    assert_eq!(chosen(&["other", "queue", "price"]), Category::Waiting);
    assert_eq!(chosen(&["our-own-word"]), Category::Other);
    assert_eq!(chosen(&[]), Category::Other);
    for category in Category::ALL {
        assert_eq!(Category::of_option(category.id()), category);
    }
}

#[test]
fn words_of_a_later_program_cost_no_record() {
    let read: Step =
        serde_json::from_str(r#"{"opened":{"reasons":["weather"],"category":"parking","tier":"high"}}"#)
            .unwrap();
    let expected = Step::Opened {
        reasons: vec![Reason::Another],
        category: Category::Other,
        tier: Tier::Normal,
        words: None,
    };
    assert_eq!(read, expected);
    assert_eq!(serde_json::from_str::<Role>("\"auditor\"").unwrap(), Role::Another);
    for (id, name) in RootCause::ALL.map(|one| (serde_json::to_value(one).unwrap(), one.id())) {
        assert_eq!(id, name);
    }
    for (id, name) in Action::ALL.map(|one| (serde_json::to_value(one).unwrap(), one.id())) {
        assert_eq!(id, name);
    }
}

#[test]
fn the_clock_runs_by_stage_and_stands_still_for_nobody_who_sets_it() {
    let slas = Slas::default();
    let due_at = |case: &Case, now: &Stamp| due(&case.status(), &slas, now);
    let new = after(&[]);
    let running = due_at(&new, &at(3, HOUR_MS)).unwrap();
    assert_eq!((running.next, running.left_ms(), running.over_ms()), (Stage::Acknowledged, 3 * HOUR_MS, 0));
    // Somebody sets the wall clock; the boot is the same.
    let set = Stamp { wall_ms: 0, ..at(3, 5 * HOUR_MS) };
    assert_eq!(due_at(&new, &set).unwrap().over_ms(), HOUR_MS);
    // After a restart wall clocks tell, if they were set.
    assert_eq!(due_at(&new, &at(4, 2 * HOUR_MS)).unwrap().passed_ms, 2 * HOUR_MS);
    let unset = Stamp { clock: ClockQuality::Unset, ..at(4, 2 * HOUR_MS) };
    assert_eq!(due_at(&new, &unset), None);
    let seen = after(&[Wish::Acknowledge]);
    assert_eq!(due_at(&seen, &at(3, 77 * HOUR_MS)).unwrap().over_ms(), 5 * HOUR_MS);
    let acted = due_at(&after(&[act()]), &at(3, 200 * HOUR_MS)).unwrap();
    assert_eq!((acted.next, acted.left_ms(), acted.is_over()), (Stage::Verified, 0, false));
    assert_eq!(due_at(&after(&[act(), wish(2)]), &at(3, 0)), None);
}

#[test]
fn a_case_is_acknowledged_in_time_by_the_first_who_has_seen_it() {
    let in_time = |steps: &[(u64, Stamp, Step)], now: Stamp| {
        let steps =
            steps.iter().map(|(seq, at, step)| held(EventId { epoch: SHOP, seq: *seq }, *at, step.clone()));
        let case: Case = std::iter::once(opened()).chain(steps).collect();
        acknowledged(&case, &Slas::default(), &now).map(|found| found.in_time)
    };
    let note = |hours| (9, at(3, hours * HOUR_MS), Step::Noted { words: "call back".into() });
    let seen = |seq, hours| (seq, at(3, hours * HOUR_MS), Step::Acknowledged);
    let acted = |seq, hours| {
        let step = Step::Acted { root_cause: RootCause::Supply, action: Action::PutRight, words: None };
        (seq, at(3, hours * HOUR_MS), step)
    };
    let (soon, late) = (at(3, 4 * HOUR_MS), at(3, 4 * HOUR_MS + 1));
    assert_eq!((in_time(&[note(1)], soon), in_time(&[note(1)], late)), (None, Some(false)), "its time runs");
    assert_eq!(in_time(&[seen(10, 4)], late), Some(true));
    assert_eq!(in_time(&[seen(10, 5)], late), Some(false));
    assert_eq!(in_time(&[seen(10, 9), acted(11, 3)], late), Some(true), "who acts has seen it");
    let unset = Stamp { clock: ClockQuality::Unset, ..at(4, 0) };
    assert_eq!(in_time(&[seen(10, 9), (11, unset, Step::Acknowledged)], late), None, "nobody knows when");
    let day =
        acknowledged(&after(&[Wish::Acknowledge]), &Slas::default(), &late).map(|found| found.opened_day);
    assert_eq!(day, Some(at(3, 0).local_day()));
    assert_eq!(acknowledged(&Case::default(), &Slas::default(), &late), None);
}

#[test]
fn the_format_is_fixed() {
    let record = CaseRecord { v: CASE_EVENT_VERSION, seq: 8, case: opened().event };
    let (epoch, stamp) = ("01".repeat(16), serde_json::to_string(&at(3, 0)).unwrap());
    let expected = format!(
        r#"{{"v":1,"seq":8,"case":{{"of":{{"epoch":"{epoch}","seq":7}},"at":{stamp},"by":{{"role":"manager"}},"step":{{"opened":{{"reasons":["low_score_with_comment"],"category":"clean","tier":"normal"}}}}}}}}"#
    );
    assert_eq!(String::from_utf8(record.to_bytes()).unwrap(), expected);
}
