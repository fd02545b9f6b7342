//! Whatever moment the program or the power stops at, what was reported as saved is there again.

use afterword_kiosk_store::OpenError;
use afterword_model::response::{Outcome, Response};
use afterword_model::summary::Ask;
use afterword_protocol::queue::Take;

use crate::support::{
    assert_sound, complete, crash_image, directory, draft, forget_note, open, save, try_open, with_comment,
};

const ALL: Take = Take { after_seq: 0, records_max: 500, wait_ms: 0 };

#[test]
fn a_first_tap_survives_a_crash() {
    let directory = directory();
    let (store, _) = open(directory.path());
    save(&store, draft(0, 2)).unwrap();
    let image = crash_image(directory.path());

    let (after, opened) = open(image.path());
    assert_eq!((opened.interrupted, opened.boot), (Some(1), 2));
    let run = after.queue().next_blocking(ALL).unwrap().unwrap();
    let response = Response::from_bytes(1, &run.records[0]).unwrap();
    assert_eq!((response.draft, response.outcome, response.took_ms), (draft(0, 2), Outcome::Interrupted, 0));
    assert_sound(&after);
}

#[test]
fn the_newest_answers_are_the_ones_that_survive() {
    let directory = directory();
    let (store, _) = open(directory.path());
    save(&store, draft(0, 2)).unwrap();
    save(&store, with_comment(20)).unwrap();
    drop(store);

    let (store, opened) = open(directory.path());
    assert_eq!(opened.interrupted, Some(1));
    let run = store.queue().next_blocking(ALL).unwrap().unwrap();
    let response = Response::from_bytes(1, &run.records[0]).unwrap();
    assert_eq!((response.draft, response.took_ms), (with_comment(20), 700));
}

#[test]
fn a_frozen_response_is_not_interrupted_as_well() {
    let directory = directory();
    let (store, _) = open(directory.path());
    save(&store, draft(0, 2)).unwrap();
    complete(&store, draft(0, 2));
    let (after, opened) = open(crash_image(directory.path()).path());
    assert_eq!(opened.interrupted, None);
    assert_eq!(after.position().unwrap().last_seq, 1);
}

#[test]
fn an_orderly_restart_keeps_the_whole_queue() {
    let directory = directory();
    let (store, first) = open(directory.path());
    for face in 1..=5 {
        complete(&store, draft(0, face));
    }
    let before = store.position().unwrap();
    let run = store.queue().next_blocking(ALL).unwrap();
    store.close().unwrap();
    assert!(!directory.path().join("kiosk.db-wal").exists(), "the log is in the database");

    let (store, second) = open(directory.path());
    assert_eq!(
        (second.boot, second.epoch, second.interrupted, second.set_aside),
        (2, first.epoch, None, None)
    );
    assert_eq!(store.position().unwrap(), before);
    assert_eq!(store.queue().next_blocking(ALL).unwrap(), run);
}

/// A power cut loses the end of the log, at any byte. What is left is a beginning of what was done. (Nobody noted how
/// far it had come, as with an older program; with the note, see [`crate::salvaging`].)
#[test]
fn a_torn_log_leaves_a_beginning_of_the_chain() {
    let directory = directory();
    let (store, _) = open(directory.path());
    let mut heads = vec![store.position().unwrap().head];
    for face in 1..=4 {
        save(&store, draft(0, face)).unwrap();
        heads.push(complete(&store, draft(0, face)).head);
    }
    let whole = std::fs::read(directory.path().join("kiosk.db-wal")).unwrap();
    let mut seen = 0;
    for length in (0..=whole.len()).step_by(1_777).chain([whole.len()]) {
        let image = crash_image(directory.path());
        std::fs::write(image.path().join("kiosk.db-wal"), &whole[..length]).unwrap();
        forget_note(image.path());
        let (after, opened) = open(image.path());
        assert_eq!(opened.set_aside, None, "cut at {length}");
        let frozen = after.position().unwrap().last_seq - u64::from(opened.interrupted.is_some());
        assert!(frozen >= seen, "a longer log holds no less");
        seen = frozen;
        if opened.interrupted.is_none() {
            assert_eq!(after.position().unwrap().head, heads[usize::try_from(frozen).unwrap()]);
        }
        assert_sound(&after);
    }
    assert_eq!(seen, 4);
}

#[test]
fn a_settled_store_has_moved_a_long_log_into_its_database() {
    let directory = directory();
    let (store, _) = open(directory.path());
    for _ in 0..120 {
        complete(&store, draft(0, 4));
    }
    store.settle().unwrap();
    let image = self::directory();
    for name in ["kiosk.db", "kiosk.lock"] {
        std::fs::copy(directory.path().join(name), image.path().join(name)).unwrap();
    }
    forget_note(image.path());
    let (without_log, _) = open(image.path());
    // The log is moved after a hundred commits; the newest may still stand in it alone.
    assert!(without_log.position().unwrap().last_seq >= 90);
}

#[test]
fn a_second_owner_is_refused_and_the_first_goes_on() {
    let directory = directory();
    let (store, _) = open(directory.path());
    let Err(error) = try_open(directory.path()) else { panic!("two owners") };
    assert!(matches!(error, OpenError::InUse(_)));
    assert!(error.to_string().contains("already uses this data directory"), "{error}");
    assert_eq!(complete(&store, draft(0, 5)).seq, 1);
    store.close().unwrap();
    try_open(directory.path()).unwrap();
}

#[test]
fn handles_outlive_close_and_say_so() {
    let directory = directory();
    let (store, _) = open(directory.path());
    let (other, queue) = (store.clone(), store.queue());
    store.close().unwrap();
    assert!(save(&other, draft(0, 1)).is_err());
    assert!(other.summary(Ask::days(0, 0)).is_err() && other.verify().is_err() && other.position().is_err());
    assert!(queue.next_blocking(Take { wait_ms: 20_000, ..ALL }).is_err(), "and nobody waits for it");
    open(directory.path());
}

#[test]
fn an_answer_may_hold_the_last_handle() {
    let directory = directory();
    let (store, _) = open(directory.path());
    let held = store.clone();
    let (done, answer) = std::sync::mpsc::channel();
    store.save(draft(0, 1), move |result| {
        drop(held);
        done.send(result).unwrap();
    });
    drop(store);
    answer.recv().unwrap().unwrap();
}
