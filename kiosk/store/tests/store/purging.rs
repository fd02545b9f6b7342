//! Purging takes only what the collector has held for long enough, and gives the room back.

use afterword_kiosk_store::{Purged, Store};
use afterword_model::record::{Head, StoreEpoch};
use afterword_model::summary::Ask;
use afterword_protocol::queue::{Acceptance, Take};

use crate::queue_suite::{SOON, receipt_at};
use crate::support::{assert_sound, complete, directory, draft, open, waiting_thread, with_comment};

const DAY_MS: i64 = 86_400_000;
const WEEK_MS: u64 = 7 * 86_400_000;

fn acknowledge(store: &Store, epoch: StoreEpoch, (through_seq, head): (u64, Head), life: u8, day: i64) {
    let signed = receipt_at(epoch, through_seq, head, life, day * DAY_MS);
    assert_eq!(store.queue().accept_blocking(&signed).unwrap(), Acceptance::Stored);
}

/// Ten records; the first three under a receipt of day 1, five under one of day 9.
fn ten(directory: &std::path::Path) -> (Store, StoreEpoch, Vec<Head>) {
    let (store, opened) = open(directory);
    let heads: Vec<Head> = (0..10).map(|_| complete(&store, draft(0, 4)).head).collect();
    acknowledge(&store, opened.epoch, (3, heads[2]), 1, 1);
    acknowledge(&store, opened.epoch, (5, heads[4]), 1, 9);
    (store, opened.epoch, heads)
}

#[test]
fn only_what_is_old_and_under_a_receipt_goes() {
    let directory = directory();
    let (store, epoch, heads) = ten(directory.path());
    assert_eq!(store.purge(WEEK_MS * 2).unwrap(), Purged { records: 0, through_seq: 0 });
    assert_eq!(store.purge(WEEK_MS).unwrap(), Purged { records: 3, through_seq: 3 });
    assert_eq!(store.purge(0).unwrap(), Purged { records: 2, through_seq: 5 });
    assert_eq!(store.purge(0).unwrap(), Purged { records: 0, through_seq: 5 }, "nothing unsent ever goes");
    assert_sound(&store);
    let summary = store.summary(Ask::days(0, 0)).unwrap();
    assert_eq!(summary.responses, 10, "the numbers outlive the records");

    let run =
        store.queue().next_blocking(Take { after_seq: 0, records_max: 500, wait_ms: 0 }).unwrap().unwrap();
    assert_eq!((run.first_seq, run.previous_head, run.last_head()), (6, heads[4], heads[9]));
    // What is purged can be vouched for only where a receipt remembers its head.
    let accept = |through_seq, head| {
        store.queue().accept_blocking(&receipt_at(epoch, through_seq, head, 2, 10 * DAY_MS)).unwrap()
    };
    assert_eq!(accept(4, heads[3]), Acceptance::WrongHead);
    assert_eq!(accept(3, heads[2]), Acceptance::Stored);
    assert_eq!(store.position().unwrap().acknowledged_seq, 3);
}

#[test]
fn the_chain_goes_on_after_a_purge_and_a_restart() {
    let directory = directory();
    let (store, epoch, heads) = ten(directory.path());
    acknowledge(&store, epoch, (10, heads[9]), 1, 10);
    assert_eq!(store.purge(0).unwrap().records, 10);
    assert_eq!(store.verify().unwrap().records, 0);
    store.close().unwrap();
    let (store, opened) = open(directory.path());
    assert_eq!((opened.epoch, opened.set_aside), (epoch, None));
    assert_eq!(complete(&store, draft(0, 1)).seq, 11);
    assert_sound(&store);
}

#[test]
fn receipts_of_a_former_life_purge_nothing() {
    let directory = directory();
    let (store, epoch, heads) = ten(directory.path());
    // The restored collector holds four since day 20; that the former one had five on day 9 helps nobody.
    acknowledge(&store, epoch, (4, heads[3]), 2, 20);
    assert_eq!(store.purge(WEEK_MS).unwrap(), Purged { records: 0, through_seq: 0 });
    assert_eq!(store.purge(0).unwrap(), Purged { records: 4, through_seq: 4 });
}

#[test]
fn when_all_is_purged_a_wait_is_still_a_wait() {
    let directory = directory();
    let (store, epoch, heads) = ten(directory.path());
    acknowledge(&store, epoch, (10, heads[9]), 1, 10);
    store.purge(0).unwrap();
    let waiting = waiting_thread(store.queue(), 0);
    complete(&store, draft(0, 1));
    let run = waiting.recv_timeout(SOON).unwrap().unwrap();
    assert_eq!(run.expect("it waited for the record").first_seq, 11);
}

#[test]
fn the_file_shrinks() {
    let directory = directory();
    let (store, opened) = open(directory.path());
    let mut newest = complete(&store, with_comment(2_000));
    while newest.seq < 1_200 {
        newest = complete(&store, with_comment(2_000));
    }
    acknowledge(&store, opened.epoch, (newest.seq, newest.head), 1, 1);
    let size = |name: &str| directory.path().join(name).metadata().map_or(0, |file| file.len());
    let before = size("kiosk.db");
    assert_eq!(store.purge(0).unwrap(), Purged { records: 1_200, through_seq: 1_200 });
    // One more command: by then the writer had its quiet moment.
    store.purge(0).unwrap();
    assert!(size("kiosk.db-wal") < 8 * 1024 * 1024, "the log is bounded");
    store.close().unwrap();
    let after = size("kiosk.db");
    assert!(after < before / 10, "{before} bytes before, {after} after");
}
