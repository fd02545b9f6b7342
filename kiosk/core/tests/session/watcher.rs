//! A store that answers late or fails, and somebody who watches the screen and notes what was answered.
//!
//! The watcher knows nothing of the session's inside. It believes the screen: a face that is down, an option that is
//! ticked, words that stood there when the page was left are answers, and it demands them in what is saved.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use afterword_kiosk_core::{Aids, Effect, Event, Flow, Screen, Session, TimeLimits};
use afterword_model::response::{Answer, AnswerValue, Draft, Outcome};

use crate::support::{at, session};

/// A store that carries things out when it is told to.
#[derive(Debug, Default)]
struct Store {
    queue: VecDeque<Effect>,
    failed: bool,
    /// The store forgets its queue when it fails, instead of trying again.
    drops_when_failed: bool,
    records: usize,
}

/// What has been answered so far in the open visit, by place of the question.
#[derive(Debug, Default)]
struct Visit {
    answers: BTreeMap<usize, AnswerValue>,
    /// Questions that were on the screen and that the branch still has.
    seen: BTreeSet<usize>,
    /// What stands in the comment field of that question.
    field: Option<(usize, String)>,
    began_ms: u64,
    last_saved: Option<Draft>,
}

pub(crate) struct Watcher {
    pub(crate) session: Session,
    pub(crate) now_ms: u64,
    settle_ms: u64,
    store: Store,
    visit: Option<Visit>,
    /// Freezes asked for in all visits.
    freezes: usize,
    /// Records the session has been told of.
    told: usize,
    /// The session waits for its own record: pages stand still.
    waiting: bool,
    /// Until then the resting question, which has just come back, takes no touch.
    deaf_until_ms: u64,
}

impl Watcher {
    pub(crate) fn new(settle_ms: u64, drops_when_failed: bool) -> Self {
        Self {
            session: session(settle_ms),
            now_ms: 1_000,
            settle_ms,
            store: Store { drops_when_failed, ..Store::default() },
            visit: None,
            freezes: 0,
            told: 0,
            waiting: false,
            deaf_until_ms: 0,
        }
    }

    /// The store carries out the oldest effect, if it can.
    pub(crate) fn store_works(&mut self) {
        if !self.store.failed {
            self.carry_out_oldest();
        }
    }

    fn carry_out_oldest(&mut self) {
        match self.store.queue.pop_front() {
            Some(Effect::Save(_)) => self.event(&Event::Saved),
            Some(Effect::Freeze { .. }) => {
                self.store.records += 1;
                self.told += 1;
                self.event(&Event::Frozen);
            }
            None => {}
        }
    }

    pub(crate) fn store_fails(&mut self) {
        if !self.store.failed {
            self.store.failed = true;
            self.event(&Event::StorageFailed);
        }
    }

    pub(crate) fn store_recovers(&mut self) {
        if !self.store.failed {
            return;
        }
        if self.store.drops_when_failed {
            self.store.queue.clear();
        }
        while !self.store.queue.is_empty() {
            self.carry_out_oldest();
        }
        self.store.failed = false;
        self.event(&Event::StorageRecovered);
        self.told = self.freezes;
    }

    /// Hands an event over and checks everything that can be seen.
    pub(crate) fn event(&mut self, event: &Event) {
        let before = self.session.screen(self.now_ms);
        let look = (self.session.language().tag.clone(), self.session.aids());
        let effects = self.session.handle(event.clone(), at(self.now_ms));
        let after = self.session.screen(self.now_ms);

        if self.now_ms < self.deaf_until_ms {
            self.check_deaf((&before, &look), event, &effects, &after);
        } else {
            self.check_first_tap(&before, event, &effects);
        }
        let came_by_itself = *event == Event::Tick && !at_rest(&before) && at_rest(&after);
        let came_by_done = *event == Event::Done && !at_rest(&before) && at_rest(&after);
        if came_by_itself {
            self.check_forgotten();
            self.deaf_until_ms = self.now_ms + TimeLimits::default().rest_settle_ms;
        } else if came_by_done {
            self.deaf_until_ms = self.now_ms + self.settle_ms;
        } else if !at_rest(&after) {
            self.deaf_until_ms = 0;
        }
        self.check_standing_still(&before, event, &effects, &after);
        if matches!(&effects[..], [Effect::Save(_)]) && at_rest(&before) {
            self.visit = Some(Visit { began_ms: self.now_ms, ..Visit::default() });
        }
        self.note_answers(&before, event, &effects, &after);
        for effect in &effects {
            self.check_effect(effect, event, &before);
        }
        self.check_kept();
        self.check_screen(&after);
        self.store.queue.extend(effects);
    }

    /// Whoever came by itself is nobody's any more.
    fn check_forgotten(&self) {
        let (language, aided) = (&self.session.language().tag, self.session.aids().any());
        assert_eq!((language.as_str(), aided), ("en", false));
    }

    /// Whoever touches the question as it comes back meant the page before.
    fn check_deaf(
        &self,
        (before, look): (&Screen, &(String, Aids)),
        event: &Event,
        effects: &[Effect],
        after: &Screen,
    ) {
        if !matches!(event, Event::StorageFailed) {
            assert_eq!((effects, before), (&[][..], after), "{event:?} on a question that has just come");
            assert_eq!((&look.0, look.1), (&self.session.language().tag, self.session.aids()), "{event:?}");
        }
    }

    fn check_first_tap(&self, before: &Screen, event: &Event, effects: &[Effect]) {
        if let (true, &Event::Rate(face @ 1..=5)) = (at_rest(before), event) {
            let [Effect::Save(draft)] = effects else {
                panic!("a first tap is saved at once, found {effects:?}")
            };
            assert_eq!(
                draft.answers,
                [Answer { question: "visit".into(), value: AnswerValue::Face(face), at_ms: 0 }]
            );
            assert_eq!(draft.started, at(self.now_ms));
            assert_eq!(draft.language, self.session.language().tag);
        }
    }

    fn check_standing_still(&mut self, before: &Screen, event: &Event, effects: &[Effect], after: &Screen) {
        if !self.waiting {
            return;
        }
        match event {
            Event::Frozen | Event::Tick | Event::StorageFailed => self.waiting = before == after,
            _ => assert_eq!((effects, before), (&[][..], after), "{event:?} while the record is written"),
        }
    }

    /// What the screen says is answered.
    fn note_answers(&mut self, before: &Screen, event: &Event, effects: &[Effect], after: &Screen) {
        let Some(visit) = &mut self.visit else { return };
        let nobody_there =
            matches!((before, event), (Screen::StillThere { .. }, Event::Tick)) && at_rest(after);
        if nobody_there || *event == Event::StorageFailed {
            visit.field = None;
        }
        let ended = matches!(effects, [Effect::Freeze { .. }]);
        let still_there = match after {
            // The page is only covered.
            Screen::StillThere { .. } => true,
            Screen::Comment { question, .. } => visit.field.as_ref().is_some_and(|(at, _)| at == question),
            _ => false,
        };
        if ended || !still_there {
            visit.keep_words();
        }
        if let Screen::Question { question, .. }
        | Screen::Reasons { question, .. }
        | Screen::Comment { question, .. } = after
        {
            visit.seen.insert(*question);
        }
        match after {
            Screen::Question { question, chosen: Some(face), .. } => {
                visit.answers.insert(*question, AnswerValue::Face(*face));
                visit.withdraw_other_branches();
            }
            Screen::Reasons { question, chosen, .. } => {
                visit.answers.insert(*question, AnswerValue::Choices(chosen.clone()));
            }
            Screen::Comment { question, text, .. } => {
                if *event == Event::MoreTime {
                    assert_eq!(
                        visit.field,
                        Some((*question, text.clone())),
                        "words are kept for whoever needs time"
                    );
                }
                visit.field = Some((*question, text.clone()));
            }
            _ => {}
        }
    }

    fn check_effect(&mut self, effect: &Effect, event: &Event, before: &Screen) {
        let now_ms = self.now_ms;
        let visit = self.visit.as_mut().expect("effects belong to an open visit");
        let draft = match effect {
            Effect::Save(draft) | Effect::Freeze { draft, .. } => draft,
        };
        let said: BTreeMap<usize, &AnswerValue> = draft
            .answers
            .iter()
            .map(|answer| (place(&answer.question), &answer.value))
            .filter(|(_, value)| !is_empty(value))
            .collect();
        let seen: BTreeMap<usize, &AnswerValue> = visit
            .answers
            .iter()
            .map(|(at, value)| (*at, value))
            .filter(|(_, value)| !is_empty(value))
            .collect();
        assert_eq!(said, seen, "what was seen is what is saved, after {event:?} on {before:?}");
        assert!(draft.answers.is_sorted_by_key(|answer| place(&answer.question)));
        visit.last_saved = Some(draft.clone());

        if let Effect::Freeze { outcome, took_ms, .. } = effect {
            assert_eq!(*took_ms, now_ms - visit.began_ms);
            let expected = match event {
                Event::StorageFailed => Outcome::Interrupted,
                Event::Finish | Event::Leave => Outcome::Finished,
                Event::Tick if matches!(before, Screen::StillThere { .. }) => Outcome::TimedOut,
                Event::Tick | Event::Next | Event::Skip | Event::Done => Outcome::Completed,
                other => panic!("{other:?} ends no visit"),
            };
            assert_eq!(*outcome, expected);
            let unanswered = visit
                .seen
                .iter()
                .map(|at| ID[*at])
                .filter(|id| draft.answer(id).is_none() && draft.left_at.as_deref() != Some(id));
            let passed = draft.passed.iter().map(|passed| passed.question.as_str());
            assert!(passed.clone().eq(unanswered), "{:?} passed over, seen {:?}", draft.passed, visit.seen);
            if let (Outcome::Completed, Some(flow)) = (expected, flow(before)) {
                assert_eq!(flow.step, flow.steps, "completed before the last step");
            }
            self.visit = None;
            self.freezes += 1;
            self.waiting = matches!(expected, Outcome::Completed | Outcome::Finished);
        }
    }

    /// Nothing that is seen to be chosen waits to be saved; only typed words may.
    fn check_kept(&self) {
        let Some(visit) = &self.visit else { return };
        let saved = visit.last_saved.as_ref().expect("an open visit is saved");
        for (at, value) in visit.answers.iter().filter(|(_, value)| !is_empty(value)) {
            assert_eq!(saved.answer(ID[*at]), Some(value), "seen and not saved");
        }
    }

    fn check_screen(&self, screen: &Screen) {
        if let Some(flow) = flow(screen) {
            assert!(1 < flow.step && flow.step <= flow.steps && flow.steps <= 6, "{flow:?}");
            assert!((1..=5).contains(&flow.rating) && (0.0..=1.0).contains(&flow.time_left), "{flow:?}");
        }
        match screen {
            Screen::Thanks { time_left, .. } => {
                assert!((0.0..=1.0).contains(time_left));
                assert_eq!(self.told, self.freezes, "thanks before the record was on disk");
                assert!(self.visit.is_none());
            }
            Screen::StillThere { seconds_left, time_left, .. } => {
                assert!(*seconds_left <= 20 && (0.0..=1.0).contains(time_left));
            }
            Screen::Comment { count, limit, text, .. } => {
                assert!(count <= limit && !text.contains(char::is_control));
            }
            Screen::OutOfService => assert!(self.store.failed && self.visit.is_none()),
            Screen::Asleep => panic!("this kiosk has no hours"),
            Screen::Contact { .. } => panic!("this survey asks for no contact"),
            Screen::Easier(_) => assert!(self.visit.is_none(), "aids in the middle of a visit"),
            Screen::Question { .. } | Screen::Reasons { .. } => {}
        }
        if at_rest(screen) {
            assert!(self.visit.is_none(), "at rest with an open visit: {:?}", self.visit);
        }
    }

    /// Everybody goes away; the store does its work. The kiosk must come to rest as if nobody had ever been there.
    pub(crate) fn is_left_alone(&mut self) {
        self.store_recovers();
        // Hold, still there, time-out or thanks, the pause after it: four, and some to spare.
        for _ in 0..8 {
            while !self.store.queue.is_empty() {
                self.store_works();
            }
            let Some(due_ms) = self.session.deadline_ms() else { break };
            self.now_ms = self.now_ms.max(due_ms);
            self.event(&Event::Tick);
        }
        while !self.store.queue.is_empty() {
            self.store_works();
        }
        assert_eq!(self.session, session(self.settle_ms), "something of the last shopper is left");
        assert!(self.visit.is_none(), "a visit was saved and never frozen");
        if !self.store.drops_when_failed {
            assert_eq!(self.store.records, self.freezes, "one record a visit");
        }
    }
}

const ID: [&str; 5] = ["visit", "reasons", "words", "staff", "who"];

fn place(id: &str) -> usize {
    ID.iter().position(|known| *known == id).expect("a question of the survey")
}

fn is_empty(value: &AnswerValue) -> bool {
    matches!(value, AnswerValue::Choices(chosen) if chosen.is_empty())
}

fn at_rest(screen: &Screen) -> bool {
    matches!(screen, Screen::Question { question: 0, chosen: None, .. })
}

fn flow(screen: &Screen) -> Option<Flow> {
    match screen {
        Screen::Reasons { flow, .. } | Screen::Comment { flow, .. } => Some(*flow),
        Screen::Question { flow, .. } => *flow,
        _ => None,
    }
}

impl Visit {
    fn face(&self, at: usize) -> u8 {
        match self.answers.get(&at) {
            Some(AnswerValue::Face(face)) => *face,
            _ => 0,
        }
    }

    /// The words in the field are an answer now; an empty field withdraws it.
    fn keep_words(&mut self) {
        if let Some((at, text)) = self.field.take() {
            match text.trim() {
                "" => drop(self.answers.remove(&at)),
                words => drop(self.answers.insert(at, AnswerValue::Comment(words.into()))),
            }
        }
    }

    /// The test survey's branches, written out a second time.
    fn withdraw_other_branches(&mut self) {
        let (visit, staff) = (self.face(0), self.face(3));
        let is_asked = |at: &usize| match at {
            0 => true,
            1 => visit <= 2,
            2 => visit <= 3,
            3 => visit == 4,
            4 => visit == 4 && (1..=2).contains(&staff),
            _ => false,
        };
        self.answers.retain(|at, _| is_asked(at));
        self.seen.retain(is_asked);
    }
}
