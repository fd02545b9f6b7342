//! A disk that takes back what it had confirmed: the note beside the database tells of it.

use std::path::Path;

use afterword_model::response::Outcome;
use afterword_model::summary::Ask;
use afterword_protocol::queue::SeqRange;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::queue_suite::receipt;
use crate::support::{
    assert_sound, begun_at, complete, crash_image, directory, draft, freeze, held, open, save,
};

/// A kiosk with one answer and another one begun.
fn with_an_open_response() -> TempDir {
    let directory = directory();
    let (store, _) = open(directory.path());
    complete(&store, begun_at(5, draft(0, 1)));
    save(&store, begun_at(900, draft(0, 4))).unwrap();
    crash_image(directory.path())
}

/// Puts the database of one directory into another, beside the note that is there.
fn take_back(before: &Path, now: &Path) {
    for name in ["kiosk.db", "kiosk.db-wal"] {
        std::fs::copy(before.join(name), now.join(name)).unwrap();
    }
}

#[test]
fn a_draft_that_comes_back_is_not_frozen_again() {
    let damages: [fn(&mut [u8]); 2] = [|_| (), |bytes| bytes[..16].fill(b'?')];
    for damage in damages {
        let before = with_an_open_response();
        let now = directory();
        take_back(before.path(), now.path());
        std::fs::copy(before.path().join("kiosk.lock"), now.path().join("kiosk.lock")).unwrap();
        let (store, opened) = open(now.path());
        assert_eq!(opened.interrupted, Some(2), "it is frozen here once");
        drop(store);

        take_back(before.path(), now.path());
        let database = now.path().join("kiosk.db");
        let mut bytes = std::fs::read(&database).unwrap();
        damage(&mut bytes);
        std::fs::write(&database, bytes).unwrap();
        let (store, again) = open(now.path());
        let [over] = &again.carried[..] else { panic!("{:?}", again.carried) };
        assert_eq!(over.former.lost, [SeqRange { first: 2, last: 2 }], "what was taken back is named");
        assert_eq!((again.interrupted, held(&store).len()), (None, 1));
        assert_sound(&store);
    }
}

#[test]
fn an_epoch_that_is_taken_back_whole_is_named() {
    let now = directory();
    let (store, first) = open(now.path());
    complete(&store, begun_at(1, draft(0, 1)));
    let early = crash_image(now.path());
    complete(&store, begun_at(2, draft(0, 2)));
    drop(store);

    take_back(early.path(), now.path());
    let (store, second) = open(now.path());
    assert_eq!(second.carried[0].former.lost, [SeqRange { first: 2, last: 2 }]);
    complete(&store, begun_at(3, draft(0, 3)));
    drop(store);

    // Of the second epoch and of what it said of the first, nothing is left but the note.
    take_back(early.path(), now.path());
    let (store, third) = open(now.path());
    let former = store.queue().health_blocking("test").unwrap().former;
    let over: Vec<_> =
        former.iter().map(|former| (former.epoch, former.last_seq, &former.lost[..])).collect();
    let beyond_copies = SeqRange { first: 2, last: 2 };
    assert_eq!(over, [(first.epoch, 1, &[][..]), (second.epoch, 2, &[beyond_copies][..])]);
    assert_eq!((third.interrupted, held(&store).len()), (None, 1));
    assert_sound(&store);
    drop(store);
    assert_eq!(open(now.path()).1.carried, [], "it is over once");
}

#[test]
fn an_opening_that_was_taken_back_was_one() {
    let before = with_an_open_response();
    let now = directory();
    take_back(before.path(), now.path());
    assert_eq!(open(now.path()).1.boot, 2);
    take_back(before.path(), now.path());
    let (store, opened) = open(now.path());
    assert_eq!(opened.boot, 3);
    // So a response of the new opening is newer than any that was frozen in the old one.
    let mut early = begun_at(1, draft(0, 2));
    early.started.boot = opened.boot;
    save(&store, early).unwrap();
    assert!(open(crash_image(now.path()).path()).1.interrupted.is_some());
}

#[test]
fn a_number_of_purged_records_that_has_rotted_hides_none() {
    let directory = directory();
    let (store, opened) = open(directory.path());
    let heads: Vec<_> = (1..=6)
        .map(|count| freeze(&store, begun_at(count, draft(0, 3)), Outcome::Completed).unwrap().head)
        .collect();
    store.queue().accept_blocking(&receipt(opened.epoch, 2, heads[1], 1)).unwrap();
    assert_eq!(store.purge(0).unwrap().through_seq, 2);
    let before = held(&store);
    store.close().unwrap();
    for rotted in [0, 1, 3, 6] {
        let image = self::directory();
        for name in ["kiosk.db", "kiosk.lock"] {
            std::fs::copy(directory.path().join(name), image.path().join(name)).unwrap();
        }
        let connection = Connection::open(image.path().join("kiosk.db")).unwrap();
        connection.execute("UPDATE store SET purged_seq = ?1", [rotted]).unwrap();
        drop(connection);
        let (store, again) = open(image.path());
        assert!(again.set_aside.is_some(), "{rotted}: it was not noticed");
        assert_eq!(again.carried[0].former.lost, [], "{rotted}");
        assert_eq!(held(&store), before, "{rotted}");
        assert_sound(&store);
    }
}

#[test]
fn hours_that_count_what_was_taken_back_are_counted_anew() {
    let directory = directory();
    let (store, _) = open(directory.path());
    (1..=6).for_each(|count| assert!(complete(&store, begun_at(count, draft(0, 3))).seq > 0));
    let before = held(&store);
    store.close().unwrap();
    // The last record's page was never written, the hours' page was.
    let connection = Connection::open(directory.path().join("kiosk.db")).unwrap();
    let take_back = "DELETE FROM record WHERE seq = 6;
         UPDATE store SET last_seq = 5, head = (SELECT head FROM record WHERE seq = 5), clean = 0";
    connection.execute_batch(take_back).unwrap();
    drop(connection);
    let (store, again) = open(directory.path());
    assert_eq!(again.carried[0].former.lost, [SeqRange { first: 6, last: 6 }]);
    assert_eq!(held(&store), before[..5]);
    assert_eq!(store.summary(Ask::days(0, 0)).unwrap().responses, 5);
    assert_sound(&store);
}
