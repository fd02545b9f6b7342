//! Cases on the disk: opened with the response that asks for one, never losing a step, and where they stand is what their steps say.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::channel;

use afterword_kiosk_store::{Store, StoreError};
use afterword_model::case::{
    Action, Author, Case, CaseEvent, CaseId, CasesAsk, Category, EventId, Held, Overview, Reason, Role,
    RootCause, Slas, Stage, Status, Step, StepRefused, Wish,
};
use afterword_model::content::Content;
use afterword_model::record::ServerEpoch;
use afterword_model::response::{Answer, AnswerValue, ClockQuality, Draft, Outcome, Stamp};
use afterword_model::summary::Ask;
use afterword_protocol::case_steps::{CaseMark, CaseSteps};
use afterword_protocol::queue::{Acceptance, BeginReason};
use proptest::collection::vec;
use proptest::prelude::*;
use tempfile::TempDir;

use crate::queue_suite::receipt;
use crate::support::{
    assert_sound, begun_at, complete, crash_image, directory, draft, freeze, held, open, save,
};

const HOUR_MS: u64 = 3_600_000;
const OFFICE: ServerEpoch = ServerEpoch::new([9; 16]);

fn at(mono_ms: u64) -> Stamp {
    let wall_ms = i64::try_from(mono_ms).unwrap();
    Stamp { wall_ms, offset_min: 0, boot: 1, mono_ms, clock: ClockQuality::Synced }
}

/// An answer that opens a case, begun at this millisecond.
fn unhappy(mono_ms: u64, words: &str) -> Draft {
    let mut draft = begun_at(mono_ms, draft(0, 1));
    draft.started.wall_ms += i64::try_from(mono_ms).unwrap();
    for value in [AnswerValue::Choices(vec!["clean".into()]), AnswerValue::Comment(words.into())] {
        draft.answers.push(Answer { question: "more".into(), value, at_ms: 700 });
    }
    draft
}

fn ask(mono_ms: u64) -> CasesAsk {
    CasesAsk { now: at(mono_ms), verified_since_ms: 0, limit: 50, slas: Slas::default() }
}

fn listed(store: &Store, mono_ms: u64) -> Overview {
    store.cases(&ask(mono_ms)).unwrap()
}

fn step(store: &Store, case: CaseId, wish: Wish, mono_ms: u64) -> Result<Status, StoreError> {
    let (done, answer) = channel();
    let by = Author::nameless(Role::Manager);
    store.step(case, wish, (by, at(mono_ms)), move |result| done.send(result).unwrap());
    answer.recv().unwrap().map(|(_, status)| status)
}

fn act() -> Wish {
    Wish::Act { root_cause: RootCause::Supply, action: Action::PutRight, words: "mopped 07700 900123".into() }
}

fn office(case: CaseId, number: u64, step: Step) -> CaseSteps {
    let by = Author { role: Role::HeadOffice, name: Some("Ana".into()) };
    let event =
        CaseEvent { of: case, at: Stamp { boot: 0, ..at(number) }, by, step, masked: Default::default() };
    let held = Held { id: EventId { epoch: OFFICE, seq: number }, event };
    CaseSteps { mark: CaseMark { server_epoch: OFFICE, number }, steps: vec![held] }
}

fn mark(store: &Store) -> CaseMark {
    store.queue().health_blocking("test").unwrap().case_mark.unwrap()
}

/// Every record goes under a receipt, and is let go of.
fn purge_all(store: &Store) {
    let position = store.position().unwrap();
    let signed = receipt(position.epoch, position.last_seq, position.head, 1);
    let accepted = store.queue().accept_blocking(&signed).unwrap();
    assert!(matches!(accepted, Acceptance::Stored | Acceptance::Stale), "{accepted:?}");
    store.purge(0).unwrap();
}

#[test]
fn an_unhappy_answer_with_words_opens_a_case_in_the_same_moment_and_counts_once() {
    let directory = directory();
    let (store, opened) = open(directory.path());
    complete(&store, draft(0, 5));
    let frozen = complete(&store, unhappy(5_000, "spilt milk"));
    assert_eq!(frozen.seq, 2);
    let position = store.position().unwrap();
    assert_eq!(position.last_seq, 3, "the step stands behind the response");
    assert_ne!(position.head, frozen.head);
    let list = listed(&store, 5_000 + HOUR_MS);
    assert_eq!((list.open, list.overdue, list.verified), (1, 0, 0));
    let case = &list.cases[0];
    assert_eq!(case.id, CaseId { epoch: opened.epoch, seq: 2 });
    let said = case.said.as_ref().unwrap();
    assert_eq!((said.words.as_deref(), said.score.unwrap().1), (Some("spilt milk"), 1));
    assert_eq!(case.status.category, Some(Category::Clean));
    assert_eq!(case.status.reasons, [Reason::LowScoreWithComment]);
    // It was opened as the visit ended, a second and a half after it began.
    assert_eq!(case.due.unwrap().passed_ms, HOUR_MS - 1_500);
    assert_eq!(store.summary(Ask::days(0, 0)).unwrap().responses, 2, "a step is no response");
    assert_sound(&store);
    // So does one that was interrupted.
    save(&store, unhappy(9_000, "and again")).unwrap();
    let image = crash_image(directory.path());
    let (store, opened) = open(image.path());
    assert_eq!(opened.interrupted, Some(4));
    assert_eq!(listed(&store, 9_000).open, 2);
    assert_sound(&store);
}

#[test]
fn steps_survive_a_kill_and_go_to_the_collector_as_records() {
    let directory = directory();
    let (store, _) = open(directory.path());
    complete(&store, unhappy(0, "spilt milk"));
    let id = listed(&store, 0).cases[0].id;
    let no_step = |wish| match step(&store, id, wish, 1) {
        Err(StoreError::NoStep(refused)) => refused,
        other => panic!("{other:?}"),
    };
    assert_eq!(no_step(Wish::Verify { words: String::new() }), StepRefused::NotActed);
    assert_eq!(step(&store, id, Wish::Acknowledge, HOUR_MS).unwrap().stage, Stage::Acknowledged);
    assert_eq!(no_step(Wish::Acknowledge), StepRefused::Acknowledged);
    assert_eq!(listed(&store, 80 * HOUR_MS).overdue, 1);
    assert_eq!(step(&store, id, act(), 2 * HOUR_MS).unwrap().stage, Stage::Acted);
    let image = crash_image(directory.path());
    let (store, _) = open(image.path());
    let acted = &listed(&store, 3 * HOUR_MS).cases[0];
    assert_eq!((acted.status.stage, acted.steps.len()), (Stage::Acted, 3));
    assert_eq!(acted.steps[2].event.step.words(), Some("mopped •••"));
    assert_eq!(acted.steps[2].event.masked.phones, 1);
    step(&store, id, Wish::Verify { words: String::new() }, 4 * HOUR_MS).unwrap();
    let list = listed(&store, 5 * HOUR_MS);
    assert_eq!((list.open, list.verified, list.cases.len()), (0, 1, 0));
    // A response, and four steps.
    let records = held(&store);
    assert_eq!(records.len(), 5);
    for record in &records[1..] {
        assert!(matches!(Content::from_bytes(record.origin.seq, &record.bytes), Ok(Content::Case(_))));
    }
    assert_sound(&store);
    assert!(matches!(
        step(&store, CaseId { seq: 77, ..id }, Wish::Acknowledge, 0),
        Err(StoreError::NoStep(StepRefused::NotOpened))
    ));
}

#[test]
fn what_hurries_most_is_first_and_an_alert_hurries_more() {
    let directory = directory();
    let (store, _) = open(directory.path());
    for hours in 0..3 {
        complete(&store, unhappy(hours * HOUR_MS, "slow"));
    }
    let ids: Vec<CaseId> = listed(&store, 3 * HOUR_MS).cases.iter().map(|case| case.id).collect();
    step(&store, ids[0], act(), 3 * HOUR_MS).unwrap();
    let (done, answer) = channel();
    store.open_case(Category::Waiting, "4 of 6 unhappy in 15 minutes", at(3 * HOUR_MS), move |result| {
        done.send(result).unwrap();
    });
    let (alert, status) = answer.recv().unwrap().unwrap();
    assert_eq!((status.stage, &status.reasons[..]), (Stage::Opened, &[Reason::Alert][..]));
    let list = listed(&store, 5 * HOUR_MS);
    let order: Vec<CaseId> = list.cases.iter().map(|case| case.id).collect();
    // The alert's hour is over, the second and the third wait, the first only has to prove itself.
    assert_eq!(order, [alert, ids[1], ids[2], ids[0]]);
    assert_eq!((list.open, list.overdue), (4, 1));
    assert_eq!(list.cases[0].said, None);
    assert_sound(&store);
}

#[test]
fn head_offices_steps_are_kept_once_beside_the_shops() {
    let directory = directory();
    let (store, _) = open(directory.path());
    complete(&store, unhappy(0, "spilt milk"));
    let id = listed(&store, 0).cases[0].id;
    assert_eq!(mark(&store), CaseMark::NONE);
    step(&store, id, act(), HOUR_MS).unwrap();
    let queue = store.queue();
    let (theirs, last) = (
        Step::Acted { root_cause: RootCause::Process, action: Action::PassedOn, words: None },
        store.position().unwrap().last_seq,
    );
    for _ in 0..2 {
        queue.keep_case_steps_blocking(&office(id, 1, theirs.clone())).unwrap();
    }
    let case = listed(&store, HOUR_MS).cases[0].clone();
    assert_eq!((case.status.acts.len(), case.steps.len()), (2, 3), "both are kept, each once");
    assert_eq!(mark(&store), CaseMark { server_epoch: OFFICE, number: 1 });
    assert_eq!(store.position().unwrap().last_seq, last, "what came down does not go up");
    let mut hostile = office(id, 2, Step::Acknowledged);
    hostile.steps[0].event.by.role = Role::Staff;
    assert!(matches!(queue.keep_case_steps_blocking(&hostile), Err(StoreError::NotKept(_))));
    let image = crash_image(directory.path());
    let (store, _) = open(image.path());
    assert_eq!(mark(&store).number, 1);
    let verified = Step::Verified { of: case.status.acts, words: None };
    store.queue().keep_case_steps_blocking(&office(id, 2, verified)).unwrap();
    assert_eq!(listed(&store, HOUR_MS).open, 0);
    let whole = store.case(id, &ask(HOUR_MS)).unwrap().unwrap();
    assert_eq!((whole.status.stage, whole.steps.len()), (Stage::Verified, 4));
    assert_sound(&store);
}

#[test]
fn words_of_an_open_case_outlive_their_record() {
    let directory = directory();
    let (store, _) = open(directory.path());
    complete(&store, unhappy(0, "spilt milk"));
    let before = listed(&store, 0);
    purge_all(&store);
    assert!(held(&store).is_empty());
    assert_eq!(listed(&store, 0), before);
    assert_eq!(step(&store, before.cases[0].id, act(), HOUR_MS).unwrap().stage, Stage::Acted);
    assert_sound(&store);
}

/// What happens to a shop's cases.
#[derive(Debug, Clone)]
enum Operation {
    Happy,
    Unhappy,
    /// A wish about one of the cases.
    Step(prop::sample::Index, u8),
    /// The same of head office.
    Office(prop::sample::Index),
    Purge,
    BeginAnew,
    /// Ended in order, or killed.
    Reopen(bool),
    /// The first page is zeroed.
    Ruin,
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let index = any::<prop::sample::Index>;
    let operation = prop_oneof![
        1 => Just(Operation::Happy),
        3 => Just(Operation::Unhappy),
        6 => (index(), 0_u8..5).prop_map(|(case, wish)| Operation::Step(case, wish)),
        2 => index().prop_map(Operation::Office),
        1 => Just(Operation::Purge),
        1 => Just(Operation::BeginAnew),
        1 => any::<bool>().prop_map(Operation::Reopen),
        1 => Just(Operation::Ruin),
    ];
    vec(operation, 1..30)
}

/// A shop, and everything that was ever done about its cases.
struct Shop {
    directory: TempDir,
    store: Option<Store>,
    cases: BTreeMap<CaseId, Case>,
    from_office: Vec<CaseSteps>,
    responses: u64,
    moments: u64,
}

impl Shop {
    fn new() -> Self {
        let directory = directory();
        let store = Some(open(directory.path()).0);
        Self { directory, store, cases: BTreeMap::new(), from_office: vec![], responses: 0, moments: 0 }
    }

    fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    fn chosen(&self, index: &prop::sample::Index) -> Option<CaseId> {
        (!self.cases.is_empty()).then(|| *self.cases.keys().nth(index.index(self.cases.len())).unwrap())
    }

    /// The step that was chained last.
    fn chained(&mut self, case: CaseId) {
        let position = self.store().position().unwrap();
        let id = EventId { epoch: position.epoch, seq: position.last_seq };
        let steps = self.store().case(case, &ask(self.moments)).unwrap().unwrap().steps;
        let held = steps.iter().find(|held| held.id == id).unwrap().clone();
        assert!(self.cases.entry(case).or_default().add(held), "it is new");
    }

    fn freeze(&mut self, draft: Draft, opens: bool) {
        self.responses += 1;
        let frozen = freeze(self.store(), draft, Outcome::Completed).unwrap();
        let epoch = self.store().position().unwrap().epoch;
        if opens {
            self.chained(CaseId { epoch, seq: frozen.seq });
        }
    }

    fn reopen(&mut self) {
        self.store = Some(open(self.directory.path()).0);
    }

    fn carry_out(&mut self, operation: &Operation) {
        self.moments += 60_000;
        let now = self.moments;
        match operation {
            Operation::Happy => self.freeze(begun_at(now, draft(0, 4)), false),
            Operation::Unhappy => self.freeze(unhappy(now, "slow"), true),
            Operation::Step(index, wish) => {
                let words = String::new();
                let wish = match wish {
                    0 => Wish::Acknowledge,
                    1 => act(),
                    2 => Wish::Verify { words },
                    3 => Wish::Reopen { words },
                    _ => Wish::Note { words: "see the till".into() },
                };
                let Some(id) = self.chosen(index) else { return };
                let expected = self.cases[&id].step(&wish).is_ok();
                assert_eq!(step(self.store(), id, wish, now).is_ok(), expected);
                if expected {
                    self.chained(id);
                }
            }
            Operation::Office(index) => {
                let Some(id) = self.chosen(index) else { return };
                let number = self.from_office.len() as u64 + 1;
                let come = office(id, number, Step::Noted { words: "seen".into() });
                self.store().queue().keep_case_steps_blocking(&come).unwrap();
                self.cases.get_mut(&id).unwrap().add(come.steps[0].clone());
                self.from_office.push(come);
            }
            Operation::Purge => purge_all(self.store()),
            Operation::BeginAnew => {
                self.store().queue().begin_anew_blocking(BeginReason::Forked).unwrap();
            }
            Operation::Reopen(in_order) => {
                let store = self.store.take().unwrap();
                if *in_order {
                    store.close().unwrap();
                } else {
                    drop(store);
                }
                self.reopen();
            }
            Operation::Ruin => self.ruin(),
        }
    }

    /// What was purged and is only in the damaged file's own tables does not come over; everything else does.
    fn ruin(&mut self) {
        let kept: Vec<EventId> = held(self.store()).iter().map(|held| held.origin).collect();
        self.store.take().unwrap().close().unwrap();
        let path = self.directory.path().join("kiosk.db");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[..4096].fill(0);
        std::fs::write(&path, bytes).unwrap();
        self.reopen();
        assert_eq!(mark(self.store()), CaseMark::NONE, "so that head office sends them again");
        for come in &self.from_office {
            self.store().queue().keep_case_steps_blocking(come).unwrap();
        }
        let theirs = |id: &EventId| id.epoch.as_bytes() == OFFICE.as_bytes();
        for case in self.cases.values_mut() {
            let left = case.steps().filter(|held| theirs(&held.id) || kept.contains(&held.id)).cloned();
            *case = left.collect();
        }
        self.cases.retain(|_, case| case.steps().next().is_some());
        self.responses = self.store().summary(Ask::days(-10, 10)).unwrap().responses;
    }

    fn check(&self) {
        assert_sound(self.store());
        let overview = listed(self.store(), self.moments);
        let is_open = |status: &Status| status.category.is_some() && !status.is_closed();
        let expected = self.cases.values().filter(|case| is_open(&case.status())).count();
        assert_eq!(overview.open, expected as u64);
        for (id, case) in &self.cases {
            let found = self.store().case(*id, &ask(self.moments)).unwrap().unwrap();
            assert_eq!(found.status, case.status());
            assert_eq!(found.steps.into_iter().collect::<Case>(), *case);
        }
        assert_eq!(self.store().summary(Ask::days(-10, 10)).unwrap().responses, self.responses);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_to_the_database_no_step_is_lost(operations in operations()) {
        let mut shop = Shop::new();
        for operation in &operations {
            shop.carry_out(operation);
            shop.check();
        }
    }
}

#[test]
fn a_thousand_open_cases_are_listed_at_once() {
    let directory = directory();
    let (store, _) = open(directory.path());
    for number in 0..1_000 {
        complete(&store, unhappy(number, "slow"));
    }
    let list = listed(&store, HOUR_MS);
    assert_eq!((list.open, list.cases.len()), (1_000, 50));
    let path: &Path = directory.path();
    drop(store);
    assert_eq!(listed(&open(path).0, HOUR_MS), list);
}

#[test]
fn hidden_words_are_hidden_from_a_follow_up_too() {
    let directory = directory();
    let (store, _) = open(directory.path());
    complete(&store, unhappy(0, "names somebody"));
    let case = &listed(&store, 0).cases[0];
    let words = |hidden: bool| {
        store.hide_words(case.id, hidden).unwrap();
        let list = listed(&store, 0);
        (list.open, list.cases[0].said.as_ref().unwrap().words.clone())
    };
    assert_eq!(words(true), (1, None), "the case itself stays");
    assert_eq!(words(false), (1, Some("names somebody".into())));
}

#[test]
fn an_alert_that_comes_back_before_anybody_acted_is_the_same_case() {
    let directory = directory();
    let (store, _) = open(directory.path());
    let alert = |mono_ms: u64| {
        let (done, answer) = channel();
        store.open_case(Category::Other, "3 / 4", at(mono_ms), move |opened| done.send(opened).unwrap());
        answer.recv().unwrap().unwrap().0
    };
    let first = alert(0);
    complete(&store, unhappy(1, "spilt milk"));
    step(&store, first, Wish::Acknowledge, HOUR_MS).unwrap();
    assert_eq!(alert(2 * HOUR_MS), first);
    step(&store, first, act(), 3 * HOUR_MS).unwrap();
    assert_ne!(alert(4 * HOUR_MS), first, "what was done did not hold");
    assert_eq!(listed(&store, 4 * HOUR_MS).open, 3);
    assert_sound(&store);
}
