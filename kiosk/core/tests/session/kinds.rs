//! Every kind of question as a shopper meets it, and what is left to chance.

use std::sync::{Arc, Mutex};

use afterword_kiosk_core::{Caret, Effect, Event, Flow, Screen, Seal, Session, Settings};
use afterword_model::contact::{Channel, Contact};
use afterword_model::response::{AnswerValue, Draft, Outcome};
use afterword_model::survey::{self, Survey};
use proptest::prelude::*;

use crate::support::{at, settings};

/// Every kind of question, and branches on everything that can be told of a visit.
const SURVEY: &str = r#"
format = 1
id = "kinds"
version = 4
default_language = "en"
languages = [{ tag = "en", name = "English" }, { tag = "de", name = "Deutsch" }]
variants = [{ id = "warm", share = 0.5 }, { id = "short", share = 0.5 }]

[[questions]]
id = "recommend"
kind = "nps"
title.en = "Would you recommend us?"
variants = [{ id = "warm", title.en = "Would you tell a friend?", hint.en = "Be honest." }]
ends.en = ["No", "Yes"]

[[questions]]
id = "main"
kind = "choices"
pick = "single"
show_if = { question = "recommend", at_most = 6 }
title.en = "What was it mostly?"
options = [
    { id = "staff", icon = "staff", label.en = "Staff" },
    { id = "waiting", icon = "waiting", label.en = "Waiting" },
]

[[questions]]
id = "staff"
kind = "effort"
show_if = { question = "main", chosen = "staff" }
title.en = "How easy was it to find help?"
ends.en = ["Hard", "Easy"]

[[questions]]
id = "german"
kind = "faces"
show_if = { language = "de", not = { question = "recommend", at_most = 6 } }
title.en = "How is our German?"
words.en = ["Awful", "Poor", "Good", "Great"]

[[questions]]
id = "also"
kind = "choices"
show_if = { question = "recommend", at_least = 9 }
sample = 0.5
title.en = "What else?"
options = [{ id = "price", icon = "price", label.en = "Price" }]

[[questions]]
id = "good"
kind = "thumbs"
show_if = { variant = "short", any = [{ question = "recommend", at_least = 7 }, { question = "staff", answered = true }] }
title.en = "Was it clean?"
words.en = ["No", "Yes"]

[[questions]]
id = "words"
kind = "comment"
show_if = { question = "recommend", at_most = 6, not = { question = "main", chosen = "staff" } }
title.en = "In your own words?"

[[questions]]
id = "reply"
kind = "contact"
channels = ["email", "phone"]
consent_version = 3
consent.en = "You may write to me."
show_if = { question = "recommend", at_most = 6 }
title.en = "May we reply?"

[thanks]
title.en = "Thank you"
message.en = "Saved."
"#;

/// Seals to anybody who can count, and remembers what it was asked.
#[derive(Default)]
struct CountingSeal {
    fails: bool,
    asked: Mutex<Vec<(String, String)>>,
}

impl Seal for CountingSeal {
    fn seal(&self, details: &str, bound_to: &[u8]) -> Option<String> {
        let bound_to = String::from_utf8(bound_to.to_vec()).expect("a consent is text");
        self.asked.lock().expect("nobody panics with it").push((details.into(), bound_to));
        (!self.fails).then(|| format!("c2VhbGVk{}", details.len()))
    }
}

fn parsed(text: &str) -> Arc<Survey> {
    match survey::parse(text) {
        Ok(parsed) => Arc::new(parsed.survey),
        Err(found) => panic!("{}", found[0]),
    }
}

/// A kiosk and the hands of whoever stands before it.
struct Kiosk {
    session: Session,
    now_ms: u64,
}

impl Kiosk {
    fn with(text: &str, seed: u64, seal: Option<Arc<CountingSeal>>) -> Self {
        let session = Session::new(parsed(text), Settings { seed, ..settings(0) });
        let session = match seal {
            Some(seal) => session.with_seal(seal),
            None => session,
        };
        Self { session, now_ms: 10_000 }
    }

    fn sealing() -> (Self, Arc<CountingSeal>) {
        let seal = Arc::new(CountingSeal::default());
        (Self::with(SURVEY, 0, Some(Arc::clone(&seal))), seal)
    }

    fn does(&mut self, event: Event) -> Vec<Effect> {
        self.now_ms += 300;
        self.session.handle(event, at(self.now_ms))
    }

    fn waits(&mut self) -> Vec<Effect> {
        self.now_ms = self.session.deadline_ms().expect("something runs out");
        self.session.handle(Event::Tick, at(self.now_ms))
    }

    fn rates(&mut self, value: u8) -> Vec<Effect> {
        let mut effects = self.does(Event::Rate(value));
        effects.extend(self.waits());
        effects
    }

    fn sees(&self) -> Screen {
        self.session.screen(self.now_ms)
    }

    /// Goes to the contact page by the way of those who had to wait.
    fn comes_to_contact(&mut self) {
        self.rates(3);
        self.does(Event::Choose(1));
        self.waits();
        self.does(Event::Skip);
        assert!(matches!(self.sees(), Screen::Contact { question: 7, .. }), "{:?}", self.sees());
    }

    fn is_frozen(&mut self) {
        assert_eq!(self.session.handle(Event::Frozen, at(self.now_ms)), []);
    }
}

fn last_draft(effects: &[Effect]) -> &Draft {
    match effects.last() {
        Some(Effect::Save(draft) | Effect::Freeze { draft, .. }) => draft,
        None => panic!("nothing was saved"),
    }
}

fn sent(draft: &Draft) -> Option<&Contact> {
    match draft.answer("reply") {
        Some(AnswerValue::Contact(contact)) => Some(contact),
        None => None,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_first_tap_counts_on_every_scale() {
    let ends = "ends.en = [\"No\", \"Yes\"]";
    let four = "words.en = [\"1\", \"2\", \"3\", \"4\"]";
    for (kind, fields, values, answer) in [
        ("nps", ends, 0..=10, AnswerValue::Nps as fn(u8) -> AnswerValue),
        ("effort", ends, 1..=7, AnswerValue::Effort),
        ("stars", "", 1..=5, AnswerValue::Stars),
        ("faces", four, 1..=4, AnswerValue::Face4),
        ("thumbs", "words.en = [\"No\", \"Yes\"]", 0..=1, AnswerValue::Thumbs),
    ] {
        let text = format!(
            "format = 1\nid = \"t\"\nversion = 1\ndefault_language = \"en\"\n\
             languages = [{{ tag = \"en\", name = \"English\" }}]\n\
             [[questions]]\nid = \"first\"\nkind = \"{kind}\"\ntitle.en = \"?\"\n{fields}\n\
             [thanks]\ntitle.en = \"T\"\nmessage.en = \"M\"\n"
        );
        for value in 0..=11 {
            let mut kiosk = Kiosk::with(&text, 0, None);
            let effects = kiosk.does(Event::Rate(value));
            if !values.contains(&value) {
                assert_eq!(effects, [], "{kind} has no {value}");
                continue;
            }
            let draft = last_draft(&effects);
            assert_eq!(draft.answer("first"), Some(&answer(value)));
            assert_eq!((draft.draw, draft.variant.as_deref()), (None, None), "nothing is left to chance");
            let [Effect::Freeze { outcome: Outcome::Completed, .. }] = &kiosk.waits()[..] else {
                panic!("{kind} {value}")
            };
            kiosk.is_frozen();
            assert!(matches!(kiosk.sees(), Screen::Thanks { rating_only: true, .. }));
        }
    }
}

#[test]
fn a_single_choice_goes_on_by_itself_after_it_was_seen() {
    let (mut kiosk, _) = Kiosk::sealing();
    kiosk.rates(6);
    assert!(matches!(kiosk.sees(), Screen::Reasons { question: 1, single: true, .. }));
    assert_eq!(kiosk.does(Event::ToggleOption(0)), [], "this page has no options to toggle");
    assert_eq!(kiosk.does(Event::Choose(2)), [], "there is no third option");
    let effects = kiosk.does(Event::Choose(0));
    assert_eq!(last_draft(&effects).answer("main"), Some(&AnswerValue::Choices(vec!["staff".into()])));
    assert!(matches!(kiosk.sees(), Screen::Reasons { ref chosen, .. } if chosen == &["staff"]));
    assert_eq!(kiosk.waits(), []);
    let Screen::Question { question: 2, chosen: None, flow: Some(Flow { rating: 6, step: 3, .. }), .. } =
        kiosk.sees()
    else {
        panic!("{:?}", kiosk.sees())
    };
    let effects = kiosk.does(Event::Rate(7));
    assert_eq!(last_draft(&effects).answer("staff"), Some(&AnswerValue::Effort(7)));
    kiosk.waits();
    kiosk.does(Event::Back);
    kiosk.does(Event::Back);
    let effects = kiosk.does(Event::Choose(1));
    let draft = last_draft(&effects);
    assert_eq!(draft.answer("main"), Some(&AnswerValue::Choices(vec!["waiting".into()])));
    assert_eq!(draft.answer("staff"), None, "another choice leads another way");
}

#[test]
fn a_choice_among_many_is_not_made_by_choose() {
    let mut kiosk = Kiosk::with(&SURVEY.replace("sample = 0.5\n", ""), 0, None);
    kiosk.rates(9);
    assert!(matches!(kiosk.sees(), Screen::Reasons { question: 4, single: false, .. }));
    assert_eq!(kiosk.does(Event::Choose(0)), []);
    let effects = kiosk.does(Event::ToggleOption(0));
    assert_eq!(last_draft(&effects).answer("also"), Some(&AnswerValue::Choices(vec!["price".into()])));
}

#[test]
fn a_contact_is_sealed_under_a_consent_before_it_goes_anywhere() {
    let (mut kiosk, seal) = Kiosk::sealing();
    kiosk.comes_to_contact();
    kiosk.does(Event::Type("ann@shop.exampl".into()));
    kiosk.does(Event::Type("es".into()));
    kiosk.does(Event::Backspace);
    assert!(matches!(
        kiosk.sees(),
        Screen::Contact { channel: Channel::Email, can_send: false, count: 16, .. }
    ));
    assert_eq!((kiosk.does(Event::Send), kiosk.does(Event::Done)), (vec![], vec![]), "nobody has agreed");
    assert!(seal.asked.lock().unwrap().is_empty());
    assert_eq!(kiosk.does(Event::Consent(true)), []);
    assert!(matches!(kiosk.sees(), Screen::Contact { consented: true, can_send: true, sent: None, .. }));

    let effects = kiosk.does(Event::Send);
    let [Effect::Freeze { draft, outcome: Outcome::Completed, .. }] = &effects[..] else {
        panic!("{effects:?}")
    };
    let contact = Contact { channel: Channel::Email, consent: 3, sealed: "c2VhbGVk16".into() };
    assert_eq!(sent(draft), Some(&contact));
    let asked = seal.asked.lock().unwrap().clone();
    let bound_to = "afterword-contact-v1\nkinds\n4\nreply\n3\nemail\n";
    assert_eq!(asked, [("ann@shop.example".to_owned(), bound_to.to_owned())]);
    assert!(
        matches!(kiosk.sees(), Screen::Contact { ref text, .. } if text.is_empty()),
        "it is gone at once"
    );
    kiosk.is_frozen();
    assert!(matches!(kiosk.sees(), Screen::Thanks { rating_only: false, .. }));
}

#[test]
fn what_is_not_sent_is_gone_when_the_page_is_left() {
    for leaves in [Event::Skip, Event::Next, Event::Finish, Event::Back, Event::Change] {
        let (mut kiosk, seal) = Kiosk::sealing();
        kiosk.comes_to_contact();
        kiosk.does(Event::Type("ann@shop.example".into()));
        kiosk.does(Event::Consent(true));
        for effect in kiosk.does(leaves.clone()) {
            let (Effect::Save(draft) | Effect::Freeze { draft, .. }) = effect;
            assert_eq!(sent(&draft), None, "{leaves:?}");
        }
        assert!(seal.asked.lock().unwrap().is_empty(), "{leaves:?}");
        if matches!(leaves, Event::Back | Event::Change) {
            for _ in 0..4 {
                match kiosk.sees() {
                    Screen::Contact { .. } => break,
                    Screen::Question { .. } => drop(kiosk.rates(3)),
                    _ => drop(kiosk.does(Event::Skip)),
                }
            }
        }
        assert!(matches!(kiosk.sees(), Screen::Contact { ref text, .. } if text.is_empty()), "{leaves:?}");
    }
}

#[test]
fn an_address_is_mended_where_the_caret_stands() {
    let (mut kiosk, _) = Kiosk::sealing();
    kiosk.comes_to_contact();
    kiosk.does(Event::Type("an@shop.example".into()));
    kiosk.does(Event::MoveCaret(Caret::At(2)));
    kiosk.does(Event::Type("n".into()));
    kiosk.does(Event::Consent(true));
    assert!(matches!(kiosk.sees(), Screen::Contact { caret: 3, can_send: true, .. }), "{:?}", kiosk.sees());
    kiosk.does(Event::Delete);
    assert!(matches!(kiosk.sees(), Screen::Contact { can_send: false, .. }), "the @ is gone");
}

#[test]
fn somebody_who_walks_away_leaves_no_number() {
    let (mut kiosk, _) = Kiosk::sealing();
    kiosk.comes_to_contact();
    kiosk.does(Event::Channel(Channel::Phone));
    kiosk.does(Event::Type("0171 5551234".into()));
    kiosk.waits();
    assert!(matches!(kiosk.sees(), Screen::StillThere { unsent_words: true, .. }));
    kiosk.does(Event::MoreTime);
    assert!(matches!(kiosk.sees(), Screen::Contact { ref text, .. } if text == "0171 5551234"));
    kiosk.waits();
    let effects = kiosk.waits();
    let [Effect::Freeze { draft, outcome: Outcome::TimedOut, .. }] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!(sent(draft), None);
}

#[test]
fn a_consent_taken_back_withdraws_what_was_sent() {
    let text = SURVEY.replace(
        "show_if = { question = \"recommend\", at_most = 6 }\ntitle.en = \"May we reply?\"",
        "show_if = { question = \"recommend\", at_most = 6 }\ntitle.en = \"May we reply?\"\n\
         [[questions]]\nid = \"last\"\nkind = \"comment\"\nshow_if = { question = \"reply\", answered = true }\n\
         title.en = \"When?\"",
    );
    let mut kiosk = Kiosk::with(&text, 0, Some(Arc::new(CountingSeal::default())));
    kiosk.comes_to_contact();
    kiosk.does(Event::Channel(Channel::Phone));
    kiosk.does(Event::Type("0171 5551234".into()));
    kiosk.does(Event::Consent(true));
    let effects = kiosk.does(Event::Done);
    assert_eq!(sent(last_draft(&effects)).map(|contact| contact.channel), Some(Channel::Phone));
    assert!(matches!(kiosk.sees(), Screen::Comment { question: 8, .. }), "{:?}", kiosk.sees());
    kiosk.does(Event::Back);
    let Screen::Contact { sent: Some(Channel::Phone), consented: true, text, .. } = kiosk.sees() else {
        panic!("{:?}", kiosk.sees())
    };
    assert_eq!(text, "", "it cannot be read back");
    let effects = kiosk.does(Event::Consent(false));
    assert_eq!(sent(last_draft(&effects)), None);
    assert!(matches!(kiosk.sees(), Screen::Contact { sent: None, .. }));
    assert_eq!(kiosk.does(Event::Consent(false)), [], "there is nothing more to withdraw");
}

#[test]
fn a_seal_that_fails_keeps_nothing_and_says_so() {
    let seal = Arc::new(CountingSeal { fails: true, ..CountingSeal::default() });
    let mut kiosk = Kiosk::with(SURVEY, 0, Some(seal));
    kiosk.comes_to_contact();
    kiosk.does(Event::Type("ann@shop.example".into()));
    kiosk.does(Event::Consent(true));
    assert_eq!(kiosk.does(Event::Send), []);
    assert!(matches!(kiosk.sees(), Screen::Contact { failed: true, .. }));
    kiosk.does(Event::Backspace);
    assert!(matches!(kiosk.sees(), Screen::Contact { failed: false, .. }));
    let effects = kiosk.does(Event::Skip);
    assert_eq!(sent(last_draft(&effects)), None);
}

#[test]
fn a_kiosk_that_cannot_seal_asks_for_no_contact() {
    let mut kiosk = Kiosk::with(SURVEY, 0, None);
    kiosk.rates(3);
    kiosk.does(Event::Choose(1));
    kiosk.waits();
    assert!(matches!(kiosk.sees(), Screen::Comment { flow: Flow { step: 3, steps: 3, .. }, .. }));
    let effects = kiosk.does(Event::Skip);
    assert!(matches!(&effects[..], [Effect::Freeze { outcome: Outcome::Completed, .. }]));
}

#[test]
fn whoever_changes_the_language_half_way_stays_on_the_branch() {
    let (mut kiosk, _) = Kiosk::sealing();
    kiosk.does(Event::Language(1));
    kiosk.rates(8);
    assert!(matches!(kiosk.sees(), Screen::Question { question: 3, .. }), "{:?}", kiosk.sees());
    kiosk.does(Event::Language(0));
    let effects = kiosk.does(Event::Rate(4));
    let draft = last_draft(&effects);
    assert_eq!(draft.answer("german"), Some(&AnswerValue::Face4(4)), "the answer is kept");
    assert_eq!((draft.language.as_str(), draft.language_at_first.as_deref()), ("en", Some("de")));
    kiosk.waits();
    kiosk.does(Event::Language(1));
    kiosk.does(Event::Change);
    let effects = kiosk.does(Event::Rate(8));
    let draft = last_draft(&effects);
    assert_eq!((draft.language.as_str(), draft.language_at_first.as_deref()), ("de", None));
}

#[test]
fn the_variant_that_is_read_at_rest_is_the_one_in_the_record() {
    let mut kiosk = Kiosk::with(SURVEY, 11, None);
    let mut seen = [0; 2];
    for _ in 0..100 {
        let variant = kiosk.session.variant().unwrap().to_owned();
        let title = kiosk.session.title(0).in_language("en").to_owned();
        let hint = kiosk.session.hint(0).map(|hint| hint.in_language("en").to_owned());
        let expected = if variant == "warm" {
            ("Would you tell a friend?", Some("Be honest."))
        } else {
            ("Would you recommend us?", None)
        };
        assert_eq!((title.as_str(), hint.as_deref()), expected);
        let effects = kiosk.does(Event::Rate(8));
        assert_eq!(last_draft(&effects).variant.as_deref(), Some(variant.as_str()));
        assert_eq!(kiosk.session.variant(), Some(variant.as_str()), "it stays for the whole visit");
        seen[usize::from(variant == "warm")] += 1;
        kiosk.waits();
        kiosk.does(Event::Finish);
        kiosk.is_frozen();
        assert!(matches!(kiosk.sees(), Screen::Thanks { .. }), "{:?}", kiosk.sees());
        kiosk.does(Event::Done);
    }
    // 3 sigma of a hundred throws of a coin.
    assert!((35..=65).contains(&seen[0]), "{seen:?}");
}

#[test]
fn the_seed_decides_and_nothing_else_does() {
    let drafts = |seed: u64| -> Vec<Draft> {
        let mut kiosk = Kiosk::with(SURVEY, seed, None);
        let mut drafts = Vec::new();
        for _ in 0..20 {
            drafts.push(last_draft(&kiosk.does(Event::Rate(9))).clone());
            assert_eq!(kiosk.does(Event::StorageFailed).len(), 1, "the visit is over");
            assert_eq!(kiosk.does(Event::StorageRecovered), []);
        }
        drafts
    };
    assert_eq!(drafts(5), drafts(5));
    assert_ne!(drafts(5), drafts(6));
    assert!(drafts(5).iter().all(|draft| draft.draw.is_some()));
}

/// What no draft may hold: the letters of every address that is typed.
const SECRET: char = 'ω';

#[derive(Debug, Clone)]
enum Happening {
    Does(Event),
    /// What the page invites to, so that random shoppers get far.
    DoesWhatTheyCan(u8),
    Waits,
    StoreWorks,
}

fn happening() -> impl Strategy<Value = Happening> {
    let event = prop_oneof![
        3 => (0u8..12).prop_map(Event::Rate),
        2 => (0usize..3).prop_map(Event::Choose),
        1 => (0usize..3).prop_map(Event::ToggleOption),
        1 => any::<bool>().prop_map(Event::Consent),
        1 => prop_oneof![Just(Channel::Phone), Just(Channel::Email)].prop_map(Event::Channel),
        1 => (0usize..3).prop_map(Event::Language),
        5 => prop_oneof![
            Just(Event::Send), Just(Event::Backspace), Just(Event::Delete), Just(Event::MoveCaret(Caret::Back)), Just(Event::Next), Just(Event::Skip), Just(Event::Back),
            Just(Event::Change), Just(Event::Finish), Just(Event::Done), Just(Event::MoreTime), Just(Event::Leave),
            Just(Event::StorageFailed), Just(Event::StorageRecovered),
        ],
    ];
    prop_oneof![
        4 => event.prop_map(Happening::Does),
        10 => any::<u8>().prop_map(Happening::DoesWhatTheyCan),
        4 => Just(Happening::Waits),
        3 => Just(Happening::StoreWorks),
    ]
}

fn sensible(screen: &Screen, choice: u8) -> Event {
    let events = match screen {
        Screen::Question { .. } => vec![Event::Rate(choice % 8), Event::Rate(choice % 4), Event::Rate(9)],
        Screen::Reasons { single: true, .. } => vec![Event::Choose(0), Event::Choose(1)],
        Screen::Reasons { .. } => vec![Event::ToggleOption(0), Event::Next],
        Screen::Comment { .. } => vec![Event::Type("ab".into()), Event::Next, Event::Back],
        Screen::Contact { .. } => vec![
            Event::Type(format!("{SECRET}@{SECRET}.{SECRET}")),
            Event::Consent(true),
            Event::Channel(Channel::Email),
            Event::Send,
        ],
        Screen::StillThere { .. } => vec![Event::MoreTime, Event::Leave],
        Screen::Thanks { .. } | Screen::Easier(_) => vec![Event::Done],
        Screen::OutOfService | Screen::Asleep => vec![Event::StorageRecovered],
    };
    events[usize::from(choice) % events.len()].clone()
}

fn check(session: &Session, effects: &[Effect], screen: &Screen, visits: &mut (usize, usize)) {
    for effect in effects {
        let (Effect::Save(draft) | Effect::Freeze { draft, .. }) = effect;
        let steps = session.survey().steps(draft);
        assert!((1..=6).contains(&steps.len()), "{} steps", steps.len());
        let asked: Vec<_> = steps.iter().map(|question| question.id.as_str()).collect();
        let places: Vec<_> = draft
            .answers
            .iter()
            .map(|answer| asked.iter().position(|id| *id == answer.question).expect("asked on this branch"))
            .collect();
        assert!(places.is_sorted_by(|left, right| left < right), "in their order, once each");
        assert!(!format!("{draft:?}").contains(SECRET), "in the clear: {draft:?}");
        assert!(draft.draw.is_some() && draft.variant.is_some());
        match effect {
            Effect::Save(_) if draft.answers.len() == 1 && draft.answers[0].at_ms == 0 => visits.0 += 1,
            Effect::Freeze { .. } => visits.1 += 1,
            Effect::Save(_) => {}
        }
    }
    let flow = match screen {
        Screen::Reasons { flow, .. } | Screen::Comment { flow, .. } | Screen::Contact { flow, .. } => {
            Some(*flow)
        }
        Screen::Question { flow, .. } => *flow,
        _ => None,
    };
    if let Some(flow) = flow {
        assert!(1 < flow.step && flow.step <= flow.steps && flow.steps <= 6, "{flow:?}");
    }
    if !matches!(screen, Screen::Contact { .. }) {
        assert!(!format!("{screen:?}").contains(SECRET), "on another page: {screen:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    /// Never more than five steps, answers on the branch alone, nothing in the clear, and nothing left at rest.
    #[test]
    fn whatever_happens_on_whatever_kind(
        seed in any::<u64>(),
        seals in any::<bool>(),
        happenings in prop::collection::vec(happening(), 0..80),
    ) {
        let seal = || seals.then(|| Arc::new(CountingSeal::default()));
        let mut kiosk = Kiosk::with(SURVEY, seed, seal());
        let mut visits = (0, 0);
        let mut freezes = 0;
        for happening in happenings {
            let effects = match happening {
                Happening::Does(event) => kiosk.does(event),
                Happening::DoesWhatTheyCan(choice) => {
                    let event = sensible(&kiosk.sees(), choice);
                    kiosk.does(event)
                }
                Happening::Waits if kiosk.session.deadline_ms().is_some() => kiosk.waits(),
                Happening::StoreWorks if freezes > 0 => {
                    freezes -= 1;
                    kiosk.does(Event::Frozen)
                }
                Happening::Waits | Happening::StoreWorks => Vec::new(),
            };
            freezes += effects.iter().filter(|effect| matches!(effect, Effect::Freeze { .. })).count();
            check(&kiosk.session, &effects, &kiosk.sees(), &mut visits);
        }
        kiosk.does(Event::StorageRecovered);
        // Hold, still there, time-out or thanks, the pause after it, and some to spare.
        for _ in 0..8 {
            let Some(due_ms) = kiosk.session.deadline_ms() else { break };
            kiosk.now_ms = kiosk.now_ms.max(due_ms);
            let effects = kiosk.session.handle(Event::Tick, at(kiosk.now_ms));
            freezes += effects.iter().filter(|effect| matches!(effect, Effect::Freeze { .. })).count();
            check(&kiosk.session, &effects, &kiosk.sees(), &mut visits);
            for _ in 0..std::mem::take(&mut freezes) {
                kiosk.is_frozen();
            }
        }
        for _ in 0..freezes {
            kiosk.is_frozen();
        }
        prop_assert!(visits.1 <= visits.0, "{visits:?}: no record without a visit");
        let fresh = Kiosk::with(SURVEY, seed, seal()).session;
        prop_assert_eq!(&kiosk.session, &fresh, "something of the last shopper is left");
        let left = format!("{:?}", kiosk.session);
        prop_assert!(!left.contains(SECRET), "{left}");
    }
}
