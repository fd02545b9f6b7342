//! The store as the agent's queue.

use std::sync::Arc;
use std::sync::mpsc::channel;

use afterword_model::hex::Hex;
use afterword_protocol::changes::Changes;
use afterword_protocol::limits::QUEUE_WAIT_MAX_MS;
use afterword_protocol::queue::{Acceptance, Queue, Take};
use rusqlite::Connection;

use crate::queue_suite::{self, SOON, change, receipt, receipt_at};
use crate::support::{
    assert_sound, complete, crash_image, directory, draft, open, waiting_thread, with_comment,
};

#[tokio::test]
async fn the_store_is_a_queue() {
    queue_suite::holds(|| {
        let directory = Arc::new(directory());
        let (store, _) = open(directory.path());
        (store.queue(), move |comment_bytes| {
            // The directory lives as long as the way to add.
            let _ = &directory;
            complete(&store, with_comment(comment_bytes));
        })
    })
    .await;
}

#[test]
fn a_thread_that_waits_is_woken_by_a_record() {
    let directory = directory();
    let (store, _) = open(directory.path());
    let waiting = waiting_thread(store.queue(), 0);
    complete(&store, draft(0, 3));
    let run = waiting.recv_timeout(SOON).expect("the record ends the wait, not the time");
    assert_eq!(run.unwrap().unwrap().first_seq, 1);
}

#[tokio::test]
async fn a_task_that_waits_hears_of_the_end() {
    let directory = directory();
    let (store, _) = open(directory.path());
    let mut queue = store.queue();
    let take = Take { after_seq: 0, records_max: 1, wait_ms: QUEUE_WAIT_MAX_MS };
    let woken = tokio::time::timeout(SOON, async { tokio::join!(queue.next(take), async { store.close() }) });
    let (waited, closed) = woken.await.expect("the end ends the wait, not the time");
    closed.unwrap();
    let error = waited.unwrap_err().to_string();
    assert!(error.contains("the store is closed"), "{error}");
}

#[test]
fn a_receipt_survives_a_restart() {
    let directory = directory();
    let (store, opened) = open(directory.path());
    let frozen = complete(&store, draft(0, 3));
    let signed = receipt(opened.epoch, 1, frozen.head, 1);
    assert_eq!(store.queue().accept_blocking(&signed).unwrap(), Acceptance::Stored);
    drop(store);
    let (store, _) = open(directory.path());
    let position = store.position().unwrap();
    assert_eq!((position.acknowledged_seq, position.server_epoch), (1, Some(Hex::new([1; 16]))));
    assert_eq!(store.queue().accept_blocking(&signed).unwrap(), Acceptance::Stale);
    assert_sound(&store);
}

#[test]
fn receipts_do_not_pile_up() {
    let directory = directory();
    let (store, opened) = open(directory.path());
    for count in 0..300 {
        let frozen = complete(&store, draft(0, 3));
        // Three a day in the first life of the collector, then one a day in the second.
        let (life, day) = if count < 30 { (1, count / 3) } else { (2, count) };
        let signed = receipt_at(opened.epoch, frozen.seq, frozen.head, life, day * 86_400_000);
        assert_eq!(store.queue().accept_blocking(&signed).unwrap(), Acceptance::Stored);
        if count == 29 || count == 30 || count == 299 {
            let expected = [(29, 10), (30, 2), (299, 128)];
            let reader = Connection::open(directory.path().join("kiosk.db")).unwrap();
            let kept: i64 = reader.query_row("SELECT count(*) FROM receipt", [], |row| row.get(0)).unwrap();
            assert!(expected.contains(&(count, kept)), "{kept} kept after {count}");
        }
    }
    assert_eq!(store.position().unwrap().acknowledged_seq, 300);
}

#[test]
fn what_is_to_be_shown_survives_a_restart_and_is_told_when_it_comes() {
    let directory = directory();
    let (store, _) = open(directory.path());
    let (told, heard) = channel();
    store.when_changes_come(move || told.send(()).unwrap());
    let list = Changes::of(vec![change("Queues too long")]);
    store.queue().keep_changes_blocking(&list).unwrap();
    heard.recv_timeout(SOON).expect("whoever shows it is told");
    assert_eq!(*store.changes(), list);
    // Without an orderly end, as when the power goes.
    let image = crash_image(directory.path());
    let (store, _) = open(image.path());
    assert_eq!(*store.changes(), list);
    assert_eq!(store.queue().health_blocking("1").unwrap().changes, Some(list.version));
    assert_sound(&store);
}

#[test]
fn what_cannot_be_read_is_as_good_as_none_and_is_sent_again() {
    let directory = directory();
    let (store, _) = open(directory.path());
    let list = Changes::of(vec![change("Queues too long")]);
    store.queue().keep_changes_blocking(&list).unwrap();
    store.close().unwrap();
    for spoiled in ["{", "{\"version\":\"\",\"items\":[]}"] {
        let database = Connection::open(directory.path().join("kiosk.db")).unwrap();
        database.execute("UPDATE changes SET json = ?1", [spoiled]).unwrap();
        database.close().unwrap();
        let (store, _) = open(directory.path());
        assert_eq!(*store.changes(), Changes::none());
        store.queue().keep_changes_blocking(&list).unwrap();
        assert_eq!(*store.changes(), list);
        store.close().unwrap();
    }
}
