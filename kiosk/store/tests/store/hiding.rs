//! Words that are hidden stay hidden, whatever becomes of the database, and nothing else changes by it.

use std::collections::HashSet;

use afterword_kiosk_store::{Said, Store, Which, WordsAsk};
use afterword_model::carried::Origin;
use afterword_model::contact::{Channel, Contact};
use afterword_model::response::{Answer, AnswerValue, Draft, Flag};
use afterword_model::summary::Ask;
use afterword_protocol::queue::{Acceptance, BeginReason, Begun};
use proptest::prelude::*;
use rusqlite::Connection;

use crate::queue_suite::receipt_at;
use crate::support::{assert_sound, complete, crash_image, directory, draft, held, open};

const DAYS: (i64, i64) = (0, 9);

fn says(mut draft: Draft, words: &str) -> Draft {
    let value = AnswerValue::Comment(words.into());
    draft.answers.push(Answer { question: "words".into(), value, at_ms: 700 });
    draft
}

fn ask(which: Which) -> WordsAsk {
    WordsAsk { days: DAYS, which, without_flagged: false, skip: 0, count: 100 }
}

fn found(store: &Store, which: Which) -> Vec<Said> {
    store.words(&ask(which)).unwrap().said
}

fn words(said: &Said) -> &str {
    let comment = said.response.draft.answers.iter().find_map(|answer| match &answer.value {
        AnswerValue::Comment(words) => Some(words.as_str()),
        _ => None,
    });
    comment.unwrap()
}

fn texts(store: &Store, which: Which) -> Vec<String> {
    found(store, which).iter().map(|said| words(said).to_owned()).collect()
}

/// The response that says this.
fn origin(store: &Store, text: &str) -> Origin {
    found(store, Which::All).iter().find(|said| words(said) == text).unwrap().origin
}

fn begin_anew(store: &Store) {
    assert_eq!(store.queue().begin_anew_blocking(BeginReason::Forked).unwrap(), Begun::Anew);
}

#[test]
fn words_are_found_by_day_by_what_they_say_and_page_by_page() {
    let directory = directory();
    let (store, _) = open(directory.path());
    complete(&store, says(draft(0, 1), "first"));
    complete(&store, draft(1, 5));
    complete(&store, says(draft(2, 4), "  "));
    let mut flagged = says(draft(2, 2), "flagged");
    flagged.flags.push(Flag::Repeat);
    complete(&store, flagged);
    let mut asks = says(draft(3, 3), "asks");
    let sealed = Contact { channel: Channel::Phone, consent: 1, sealed: "c2VhbGVk".into() };
    asks.answers.push(Answer { question: "reply".into(), value: AnswerValue::Contact(sealed), at_ms: 900 });
    complete(&store, asks);
    complete(&store, says(draft(20, 1), "later"));

    assert_eq!(texts(&store, Which::All), ["asks", "flagged", "first"], "the newest first, of these days");
    assert_eq!(texts(&store, Which::Unhappy), ["flagged", "first"]);
    assert_eq!(texts(&store, Which::WantsReply), ["asks"]);
    assert_eq!(texts(&store, Which::Hidden), Vec::<String>::new());
    let page = store.words(&WordsAsk { skip: 1, count: 1, ..ask(Which::All) }).unwrap();
    assert_eq!((words(&page.said[0]), page.total, page.is_partial), ("flagged", 3, false));
    let without = store.words(&WordsAsk { without_flagged: true, ..ask(Which::All) }).unwrap();
    assert_eq!(without.total, 2);

    store.hide_words(origin(&store, "flagged"), true).unwrap();
    assert_eq!(texts(&store, Which::All), ["asks", "first"]);
    assert_eq!(texts(&store, Which::Unhappy), ["first"]);
    assert_eq!(texts(&store, Which::Hidden), ["flagged"]);
}

#[test]
fn hidden_words_stay_hidden_after_a_crash_a_purge_a_new_epoch_and_damage() {
    let directory = directory();
    let (store, opened) = open(directory.path());
    let first = complete(&store, says(draft(0, 1), "sent"));
    complete(&store, says(draft(0, 2), "hidden"));
    complete(&store, says(draft(0, 3), "shown"));
    for origin in [origin(&store, "hidden"), origin(&store, "sent"), origin(&store, "hidden")] {
        store.hide_words(origin, true).unwrap();
    }
    let before = held(&store);

    let crashed = crash_image(directory.path());
    drop(store);
    let (store, _) = open(crashed.path());
    assert_eq!(texts(&store, Which::Hidden), ["hidden", "sent"]);

    let signed = receipt_at(opened.epoch, 1, first.head, 1, 86_400_000);
    assert_eq!(store.queue().accept_blocking(&signed).unwrap(), Acceptance::Stored);
    assert_eq!(store.purge(0).unwrap().records, 1);
    begin_anew(&store);
    begin_anew(&store);
    assert_eq!(texts(&store, Which::Hidden), ["hidden"], "what was purged has no words here any more");
    assert_eq!(texts(&store, Which::All), ["shown"]);
    assert_eq!(held(&store), before[1..], "no byte of a record has changed");
    store.close().unwrap();

    let connection = Connection::open(crashed.path().join("kiosk.db")).unwrap();
    let damage = "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'counts', 'cuonts') WHERE name = 'tally'; UPDATE store SET clean = 0";
    connection.execute_batch(damage).unwrap();
    drop(connection);
    let (store, opened) = open(crashed.path());
    assert!(opened.set_aside.is_some(), "it was taken for damaged");
    assert_eq!(
        (texts(&store, Which::All), texts(&store, Which::Hidden)),
        (vec!["shown".into()], vec!["hidden".into()])
    );
    store.hide_words(found(&store, Which::Hidden)[0].origin, false).unwrap();
    assert_eq!(texts(&store, Which::All), ["shown", "hidden"]);
    assert_sound(&store);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is hidden and shown again, in any order, with answers and a new epoch in between: the last word on each counts,
    /// and the numbers are those of a store in which nobody hid anything.
    #[test]
    fn hiding_in_any_order_leaves_counts_alone(
        steps in proptest::collection::vec((0_usize..12, any::<bool>(), 0_u8..8), 1..40)
    ) {
        let (one, other) = (directory(), directory());
        let (store, plain) = (open(one.path()).0, open(other.path()).0);
        let mut origins: Vec<Origin> = Vec::new();
        let mut hidden = HashSet::new();
        for (place, is_hidden, step) in steps {
            match step {
                0 | 1 => {
                    let text = format!("word {}", origins.len());
                    let said = says(draft(1, step + 1), &text);
                    complete(&store, said.clone());
                    complete(&plain, said);
                    origins.push(origin(&store, &text));
                }
                2 => begin_anew(&store),
                _ => {
                    let Some(&origin) = origins.get(place) else { continue };
                    store.hide_words(origin, is_hidden).unwrap();
                    if is_hidden { hidden.insert(origin); } else { hidden.remove(&origin); }
                }
            }
        }
        prop_assert_eq!(store.hidden_words().unwrap(), hidden.clone());
        let shown: HashSet<Origin> = found(&store, Which::All).iter().map(|said| said.origin).collect();
        let expected: HashSet<Origin> = origins.iter().copied().filter(|origin| !hidden.contains(origin)).collect();
        prop_assert_eq!(shown, expected);
        let days = || Ask::days(0, 9);
        prop_assert_eq!(store.summary(days()).unwrap(), plain.summary(days()).unwrap());
        assert_sound(&store);
    }
}
