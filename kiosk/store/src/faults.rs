//! What the store does when the disk does not do its part. The faults are set on the writer's own connection.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use afterword_model::ports::{ManualClock, SeededEntropy};
use afterword_model::record::SEQ_MAX;
use afterword_model::response::{
    Answer as Given, AnswerValue, ClockQuality, Draft, Outcome, Response, Stamp,
};
use afterword_model::summary::Ask;
use afterword_protocol::queue::{BeginReason, Take};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::command::{Answer, Command, Meddling};
use crate::{Frozen, Options, Store, StoreError};
use afterword_protocol::limits::{RESERVE_BYTES, STORE_COMMANDS_MAX};

fn store() -> (TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let store = reopen(&directory);
    (directory, store)
}

fn reopen(directory: &TempDir) -> Store {
    let options = Options {
        clock: Arc::new(ManualClock::at(0)),
        entropy: Arc::new(SeededEntropy::new(1)),
        opens_cases: true,
    };
    Store::open(directory.path(), options).unwrap().0
}

fn draft(comment_bytes: usize) -> Draft {
    let started = Stamp { wall_ms: 0, offset_min: 0, boot: 1, mono_ms: 0, clock: ClockQuality::Free };
    let comment = AnswerValue::Comment("x".repeat(comment_bytes));
    let answers = vec![
        Given { question: "visit".into(), value: AnswerValue::Face(4), at_ms: 0 },
        Given { question: "words".into(), value: comment, at_ms: 5 },
    ];
    Draft { answers, ..Draft::begun("s", 1, "en", started) }
}

fn save(store: &Store, draft: Draft) -> Result<(), StoreError> {
    let (done, answer) = channel();
    store.save(draft, move |result| done.send(result).unwrap());
    answer.recv().unwrap()
}

fn freeze(store: &Store, draft: Draft) -> Result<Frozen, StoreError> {
    let (done, answer) = channel();
    store.freeze(draft, Outcome::Completed, 10, move |result| done.send(result).unwrap());
    answer.recv().unwrap()
}

fn on_connection(store: &Store, run: impl FnOnce(&Connection) + Send + 'static) {
    store.inner.ask(|done| Command::Run(Box::new(run), done)).unwrap();
}

fn limit_pages(store: &Store, pages: &'static str) {
    on_connection(store, move |connection| {
        connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).unwrap();
    });
}

#[test]
fn a_full_disk_gives_an_error_and_nothing_saved_is_lost() {
    let (directory, store) = store();
    let first = freeze(&store, draft(10)).unwrap();
    // SQLite takes any number below the present size for the present size.
    limit_pages(&store, "1");
    assert!(matches!(save(&store, draft(30_000)), Err(StoreError::Full(_))));
    assert!(matches!(freeze(&store, draft(30_000)), Err(StoreError::Full(_))));
    assert_eq!(store.position().unwrap().last_seq, 1);
    limit_pages(&store, "100000");
    assert_eq!(freeze(&store, draft(30_000)).unwrap().seq, 2);
    let verified = store.verify().unwrap();
    assert_eq!((verified.records, verified.problems), (2, vec![]));
    assert_ne!(verified.head, first.head);
    store.close().unwrap();
    assert_eq!(reopen(&directory).position().unwrap().last_seq, 2);
}

#[test]
fn the_answer_being_given_when_the_disk_runs_full_is_saved_from_the_reserve() {
    let (directory, store) = store();
    let reserve = directory.path().join("kiosk.reserve");
    let room_when_released = |store: &Store| {
        let give: Meddling = Box::new(|connection| {
            connection.query_row("PRAGMA max_page_count = 100000", [], |_| Ok(())).unwrap();
        });
        store.inner.ask(|done| Command::WhenReleased(give, done)).unwrap();
    };
    assert_eq!(reserve.metadata().unwrap().len(), RESERVE_BYTES);
    save(&store, draft(10)).unwrap();
    limit_pages(&store, "1");
    room_when_released(&store);
    assert_eq!(freeze(&store, draft(30_000)).unwrap().seq, 1, "the shopper is thanked");
    assert!(!reserve.exists());
    let problem = store.short_of_room().unwrap().to_string();
    assert!(problem.contains("every answer so far is saved"), "{problem}");
    // Without a reserve a full disk is what it was.
    limit_pages(&store, "1");
    assert!(matches!(save(&store, draft(30_000)), Err(StoreError::Full(_))));
    limit_pages(&store, "100000");
    store.purge(0).unwrap();
    assert_eq!((store.short_of_room(), reserve.exists()), (None, true), "it is set aside again");
    // A first tap is a shopper's answer as well.
    limit_pages(&store, "1");
    room_when_released(&store);
    save(&store, draft(40_000)).unwrap();
    assert!(store.short_of_room().is_some());
    assert_eq!(store.verify().unwrap().problems, Vec::<String>::new());
    assert_eq!(store.summary(Ask::days(0, 0)).unwrap().responses, 1, "one answer, once");
}

#[test]
fn a_new_epoch_for_which_there_is_no_room_has_not_begun() {
    let (directory, store) = store();
    for _ in 0..40 {
        // On one page each, and carried on two.
        freeze(&store, draft(3_750)).unwrap();
    }
    let before = store.position().unwrap();
    limit_pages(&store, "1");
    let refused = store.queue().begin_anew_blocking(BeginReason::Forked);
    assert!(matches!(refused, Err(StoreError::Full(_))), "{refused:?}");
    assert_eq!(store.position().unwrap(), before);
    assert_eq!(store.short_of_room(), None, "the reserve is for shoppers");
    assert_eq!(store.verify().unwrap().problems, Vec::<String>::new());
    limit_pages(&store, "100000");
    store.queue().begin_anew_blocking(BeginReason::Forked).unwrap();
    assert_eq!(store.verify().unwrap().records, 40);
    store.close().unwrap();
    assert_ne!(reopen(&directory).position().unwrap().epoch, before.epoch);
}

#[test]
fn a_read_only_database_gives_an_error_and_no_thanks() {
    let (_directory, store) = store();
    save(&store, draft(1)).unwrap();
    on_connection(&store, |connection| connection.pragma_update(None, "query_only", true).unwrap());
    let error = freeze(&store, draft(2)).unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly(_)), "{error}");
    assert_eq!(store.position().unwrap().last_seq, 0);
}

#[test]
fn after_a_failed_commit_the_next_response_takes_the_same_number() {
    let (_directory, store) = store();
    freeze(&store, draft(1)).unwrap();
    on_connection(&store, |connection| {
        // Fails the last statement of a freeze, when everything else of it is in the transaction already.
        let trigger =
            "CREATE TEMP TRIGGER fault BEFORE DELETE ON draft BEGIN SELECT RAISE(ABORT, 'fault'); END";
        connection.execute_batch(trigger).unwrap();
    });
    save(&store, draft(2)).unwrap();
    assert!(matches!(freeze(&store, draft(2)), Err(StoreError::Unexpected { .. })));
    // The trigger went with the connection, which is not used again after such an error.
    assert_eq!(freeze(&store, draft(3)).unwrap().seq, 2);
    assert_eq!(store.verify().unwrap().problems, Vec::<String>::new());
    assert_eq!(store.summary(Ask::days(0, 0)).unwrap().responses, 2);
}

#[test]
fn a_response_whose_freezing_failed_is_not_written_over_by_the_next() {
    let (_directory, store) = store();
    let begun_at = |mono_ms| {
        let mut draft = draft(10);
        draft.started.mono_ms = mono_ms;
        draft
    };
    for (first, next, next_saves) in [(1, 2, true), (3, 4, false)] {
        save(&store, begun_at(first)).unwrap();
        on_connection(&store, |connection| connection.pragma_update(None, "query_only", true).unwrap());
        assert!(freeze(&store, begun_at(first)).is_err());
        if next_saves {
            save(&store, begun_at(next)).unwrap();
        }
        freeze(&store, begun_at(next)).unwrap();
    }
    let take = Take { after_seq: 0, records_max: 10, wait_ms: 0 };
    let run = store.queue().next_blocking(take).unwrap().unwrap();
    let found: Vec<_> =
        (1..).zip(&run.records).map(|(seq, bytes)| Response::from_bytes(seq, bytes).unwrap()).collect();
    let found: Vec<_> = found.iter().map(|found| (found.draft.started.mono_ms, found.outcome)).collect();
    let (interrupted, completed) = (Outcome::Interrupted, Outcome::Completed);
    assert_eq!(found, [(1, interrupted), (2, completed), (3, interrupted), (4, completed)]);
    assert_eq!(store.verify().unwrap().problems, Vec::<String>::new());
}

#[test]
fn a_probe_tells_when_there_is_room_again() {
    let (_directory, store) = store();
    let probe = || {
        let (done, answer) = channel();
        store.probe(move |result| done.send(result).unwrap());
        answer.recv().unwrap()
    };
    save(&store, draft(1)).unwrap();
    limit_pages(&store, "1");
    save(&store, draft(60_000)).unwrap_err();
    assert!(matches!(probe(), Err(StoreError::Full(_))));
    limit_pages(&store, "100000");
    assert!(store.short_of_room().is_some(), "the reserve was given up for the answer");
    assert_eq!(probe(), Ok(()));
    assert_eq!(store.short_of_room(), None, "and is there again");
    assert_eq!(freeze(&store, draft(60_000)).unwrap().seq, 1);
    assert_eq!(store.verify().unwrap().problems, Vec::<String>::new());
}

#[test]
fn the_last_number_is_a_clear_stop() {
    let (directory, store) = store();
    on_connection(&store, |connection| {
        let end = "UPDATE store SET last_seq = 9223372036854775806, purged_seq = 9223372036854775806";
        connection.execute_batch(end).unwrap();
    });
    store.close().unwrap();
    let store = reopen(&directory);
    assert_eq!(freeze(&store, draft(1)).unwrap().seq, SEQ_MAX);
    assert_eq!(freeze(&store, draft(1)), Err(StoreError::Exhausted));
    assert_eq!(store.position().unwrap().last_seq, SEQ_MAX);
    let mut next = draft(1);
    next.started.mono_ms = 1;
    save(&store, next).unwrap();
    store.close().unwrap();
    // A draft for which there is no number is kept aside and does not stop the start.
    let store = reopen(&directory);
    assert!(store.verify().unwrap().problems.iter().any(|problem| problem.contains("unfrozen_draft")));
}

#[test]
fn the_counter_goes_past_the_thirty_second_bit() {
    let (directory, store) = store();
    on_connection(&store, |connection| {
        connection.execute_batch("UPDATE store SET last_seq = 4294967295, purged_seq = 4294967295").unwrap();
    });
    store.close().unwrap();
    let store = reopen(&directory);
    assert_eq!(freeze(&store, draft(1)).unwrap().seq, 1 << 32);
}

#[test]
fn whoever_comes_when_the_disk_stands_still_hears_that_it_is_busy() {
    let (_directory, store) = store();
    let (go_on, held) = channel::<()>();
    let hold: Meddling = Box::new(move |_| held.recv().unwrap());
    let (entered, inside) = channel();
    let run = Command::Run(
        Box::new(move |connection| {
            entered.send(()).unwrap();
            hold(connection);
        }),
        Answer::new(|_| ()),
    );
    store.inner.send(run);
    inside.recv().unwrap();
    let answers: Vec<Receiver<_>> = (0..=STORE_COMMANDS_MAX)
        .map(|_| {
            let (done, answer) = channel();
            store.save(draft(1), move |result| done.send(result).unwrap());
            answer
        })
        .collect();
    assert_eq!(answers[STORE_COMMANDS_MAX].recv().unwrap(), Err(StoreError::Busy));
    go_on.send(()).unwrap();
    for answer in &answers[..STORE_COMMANDS_MAX] {
        assert_eq!(answer.recv().unwrap(), Ok(()));
    }
}

#[test]
fn when_the_writer_is_gone_every_call_says_so() {
    let (_directory, store) = store();
    let other = store.clone();
    let (done, answer) = channel::<()>();
    store.save(draft(1), move |_| {
        let _gone = done;
        panic!("a fault in the screen's code");
    });
    assert!(answer.recv().is_err(), "the callback has unwound");
    assert_eq!(save(&other, draft(1)), Err(StoreError::Stopped));
    assert_eq!(freeze(&other, draft(1)), Err(StoreError::Stopped));
    assert_eq!(store.close(), Err(StoreError::Stopped));
}

#[test]
fn a_checkpoint_keeps_the_log_short() {
    let (directory, store) = store();
    for _ in 0..400 {
        freeze(&store, draft(300)).unwrap();
    }
    let log = directory.path().join("kiosk.db-wal").metadata().unwrap().len();
    assert!(log < 6 * 1024 * 1024, "{log} bytes");
}
