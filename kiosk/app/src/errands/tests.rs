//! The desk, errand by errand.

use std::sync::atomic::{AtomicUsize, Ordering};

use afterword_model::ports::ManualClock;
use afterword_protocol::network_test::{Finding, NetworkTest, Outcome, StepName};

use super::*;

fn desk() -> (Errands, Arc<ManualClock>, Arc<AtomicUsize>) {
    let (clock, woken) = (Arc::new(ManualClock::at(0)), Arc::new(AtomicUsize::new(0)));
    let errands = Errands::new(clock.clone());
    let count = Arc::clone(&woken);
    errands.wake_with(Arc::new(move || {
        count.fetch_add(1, Ordering::SeqCst);
    }));
    (errands, clock, woken)
}

fn code() -> EnrolmentCode {
    EnrolmentCode::parse("K7QM-2XJP-9WTD").unwrap()
}

fn taken(errands: &Errands) -> Option<Errand> {
    errands.take(AgentStatus::default(), 0)
}

fn step(step: StepName) -> Step {
    Step { step, outcome: Outcome::Ok, took_ms: 1, finding: Finding::NotNeeded }
}

fn test(steps: Vec<Step>) -> NetworkTest {
    NetworkTest { begun_ms: 0, took_ms: 1, steps }
}

#[test]
fn a_test_is_followed_step_by_step_and_its_result_kept() {
    let (errands, _, woken) = desk();
    assert_eq!(errands.network_test(), TestState::Never);
    assert_eq!(taken(&errands), None);
    errands.test_network();
    errands.test_network();
    assert_eq!(errands.network_test(), TestState::Waiting);
    let Errand { id, kind } = taken(&errands).unwrap();
    assert_eq!(kind, ErrandKind::TestNetwork);
    assert_eq!(taken(&errands), None, "it is handed out once, however often it was asked for");
    errands.step(id, step(StepName::Link));
    errands.step(id, step(StepName::Link));
    let steps = vec![step(StepName::Link)];
    assert_eq!(errands.network_test(), TestState::UnderWay { steps: steps.clone() });
    errands.done(id, ErrandResult::NetworkTested { test: test(steps.clone()) });
    assert_eq!(errands.network_test(), TestState::Done { test: test(steps) });
    assert_eq!(woken.load(Ordering::SeqCst), 3);
    assert_eq!(errands.deadline_ms(), None);
}

#[test]
fn nobody_waits_for_an_agent_that_does_not_come_or_not_back() {
    let (errands, clock, _) = desk();
    errands.test_network();
    assert_eq!(errands.deadline_ms(), Some(TAKEN_WITHIN_MS));
    clock.advance_ms(TAKEN_WITHIN_MS);
    let TestState::Failed { detail } = errands.network_test() else { panic!("it is over") };
    assert!(detail.starts_with("the sync program does not answer: "), "{detail}");
    assert_eq!(taken(&errands), None, "it is no longer wanted");

    errands.enrol(code());
    let Errand { id, .. } = taken(&errands).unwrap();
    clock.advance_ms(ENROLMENT_MAX_MS + SLACK_MS);
    let EnrolmentState::AgentAway { detail } = errands.enrolment() else { panic!("it is over") };
    assert!(detail.contains("did not come back"), "{detail}");
    errands.enrol(code());
    let (reason, detail) = (EnrolmentFailure::CodeRefused, "no".to_owned());
    errands.done(id, ErrandResult::NotEnrolled { reason, detail });
    assert_eq!(errands.enrolment(), EnrolmentState::UnderWay, "that was the result of the one before");
}

#[test]
fn an_errand_that_could_not_be_handed_over_goes_to_the_next_who_asks() {
    let (errands, _, _) = desk();
    errands.test_network();
    errands.enrol(code());
    let enrolment = taken(&errands).unwrap();
    assert!(matches!(enrolment.kind, ErrandKind::Enrol { .. }), "the typed code goes first");
    errands.give_back(enrolment.clone());
    assert_eq!(taken(&errands), Some(enrolment));
    let tested = taken(&errands).unwrap();
    errands.give_back(tested.clone());
    assert_eq!(errands.network_test(), TestState::Waiting);
    assert_eq!(taken(&errands), Some(tested));
}

#[test]
fn a_result_that_cannot_be_one_is_none() {
    let (errands, _, _) = desk();
    errands.test_network();
    let Errand { id, .. } = taken(&errands).unwrap();
    let twice = vec![step(StepName::Dns), step(StepName::Dns)];
    errands.done(id, ErrandResult::NetworkTested { test: test(twice) });
    assert!(matches!(errands.network_test(), TestState::Failed { .. }));
    errands.enrol(code());
    let Errand { id, .. } = taken(&errands).unwrap();
    errands.done(id, ErrandResult::NetworkTested { test: test(Vec::new()) });
    assert!(matches!(errands.enrolment(), EnrolmentState::AgentAway { .. }));
}

#[test]
fn how_the_agent_is_and_when_it_said_so() {
    let (errands, clock, _) = desk();
    assert_eq!(errands.agent(), None);
    errands.take(AgentStatus { problem: Some("\u{1b}[2J".repeat(999)), ..AgentStatus::default() }, 0);
    clock.advance_ms(7);
    let heard = errands.agent().unwrap();
    assert_eq!(heard.age_ms, 7);
    let problem = heard.status.problem.unwrap();
    assert!(problem.chars().count() == SENTENCE_MAX && !problem.contains('\u{1b}'));
}

#[test]
fn whoever_waits_is_woken_by_the_errand() {
    let (errands, _, _) = desk();
    let (waiting, (tell, told)) = (errands.clone(), std::sync::mpsc::channel());
    std::thread::spawn(move || tell.send(waiting.take(AgentStatus::default(), QUEUE_WAIT_MAX_MS)));
    // Once it was heard it waits: it keeps the desk to itself in between.
    while errands.agent().is_none() {
        std::thread::yield_now();
    }
    errands.test_network();
    let taken = told.recv_timeout(Duration::from_millis(QUEUE_WAIT_MAX_MS / 2)).unwrap();
    assert!(matches!(taken, Some(Errand { kind: ErrandKind::TestNetwork, .. })), "{taken:?}");
}
