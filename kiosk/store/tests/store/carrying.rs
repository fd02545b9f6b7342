//! A new epoch in the same database: what is whole comes along, and only that.

use std::path::Path;
use std::sync::Arc;

use afterword_kiosk_store::{Options, Store, StoreError};
use afterword_model::carried::Origin;
use afterword_model::ports::ManualClock;
use afterword_model::record::{RECORD_BYTES_MAX, Seq, genesis};
use afterword_model::summary::Ask;
use afterword_protocol::limits::BEGIN_ANEW_PAUSE_MS;
use afterword_protocol::queue::{Acceptance, BeginReason, Begun, FormerEpoch, Queue, SeqRange, Take};
use afterword_protocol::system::SystemEntropy;
use rusqlite::Connection;

use crate::queue_suite::{SOON, receipt, receipt_at};
use crate::support::{
    assert_sound, begun_at, complete, crash_image, directory, draft, held, open, save, waiting_thread,
    with_comment,
};

const ALL: Take = Take { after_seq: 0, records_max: 500, wait_ms: 0 };

fn begin_anew(store: &Store) {
    assert_eq!(store.queue().begin_anew_blocking(BeginReason::Forked).unwrap(), Begun::Anew);
}

fn former(store: &Store) -> Vec<FormerEpoch> {
    store.queue().health_blocking("test").unwrap().former
}

/// Changes a record's bytes on the disk, behind the store's back.
fn rot(directory: &Path, seq: Seq) {
    let connection = Connection::open(directory.join("kiosk.db")).unwrap();
    let rot = "UPDATE record SET bytes = CAST(replace(CAST(bytes AS TEXT), 'outcome', 'outcame') AS BLOB) WHERE seq = ?1";
    assert_eq!(connection.execute(rot, [i64::try_from(seq).unwrap()]).unwrap(), 1);
}

#[test]
fn what_is_carried_keeps_its_bytes_and_its_first_place() {
    let directory = directory();
    let (store, opened) = open(directory.path());
    for face in 1..=5 {
        complete(&store, draft(0, face));
    }
    let before = held(&store);
    let old = store.position().unwrap();
    let summary = store.summary(Ask::days(0, 0)).unwrap();
    begin_anew(&store);
    complete(&store, draft(0, 5));
    begin_anew(&store);

    let after = held(&store);
    assert_eq!(after[..5], before[..], "carried twice, it still names its first place");
    let now = store.position().unwrap();
    assert_eq!((now.last_seq, now.acknowledged_seq, now.server_epoch), (6, 0, None));
    let former = former(&store);
    let expected = FormerEpoch {
        epoch: opened.epoch,
        last_seq: 5,
        head: old.head,
        reason: BeginReason::Forked,
        lost: vec![],
    };
    assert_eq!(former[0], expected);
    assert_eq!(after[5].origin, Origin { epoch: former[1].epoch, seq: 6 });
    assert_eq!(
        store.summary(Ask::days(0, 0)).unwrap().responses,
        summary.responses + 1,
        "each is counted once"
    );
    assert_sound(&store);
    store.close().unwrap();
    let (store, again) = open(directory.path());
    assert_eq!((again.epoch, again.boot, again.carried), (now.epoch, 2, vec![]));
    assert_eq!(held(&store), after);
}

#[test]
fn the_open_response_stays_open() {
    let directory = directory();
    let (store, _) = open(directory.path());
    complete(&store, draft(0, 1));
    let open_draft = begun_at(9, draft(0, 4));
    save(&store, open_draft.clone()).unwrap();
    begin_anew(&store);
    let image = crash_image(directory.path());
    let (after, opened) = open(image.path());
    assert_eq!(opened.interrupted, Some(2));
    assert_eq!(complete(&store, open_draft).seq, 2);
    assert_eq!(held(&store)[1].origin.seq, 2);
    assert_sound(&after);
    assert_sound(&store);
}

#[test]
fn receipts_and_purges_end_with_their_epoch() {
    let directory = directory();
    let (store, opened) = open(directory.path());
    let heads: Vec<_> = (1..=5).map(|face| complete(&store, draft(0, face)).head).collect();
    let accept = |signed| store.queue().accept_blocking(&signed).unwrap();
    assert_eq!(accept(receipt(opened.epoch, 3, heads[2], 1)), Acceptance::Stored);
    assert_eq!(store.purge(0).unwrap().records, 3);
    begin_anew(&store);

    assert_eq!(accept(receipt(opened.epoch, 5, heads[4], 1)), Acceptance::WrongStore, "it came too late");
    let run = store.queue().next_blocking(ALL).unwrap().unwrap();
    assert_eq!((run.first_seq, run.previous_head, run.records.len()), (1, genesis(&run.epoch), 2));
    assert_eq!(held(&store).iter().map(|held| held.origin.seq).collect::<Vec<_>>(), [4, 5]);
    assert_eq!(former(&store)[0].lost, [], "what was purged under a receipt is not lost");
    assert_eq!(store.summary(Ask::days(0, 0)).unwrap().responses, 5, "the numbers outlive the records");
    assert_sound(&store);
    // Under a new receipt the carried ones may go too.
    assert_eq!(store.purge(0).unwrap().records, 0);
    assert_eq!(accept(receipt_at(run.epoch, 2, run.last_head(), 1, 0)), Acceptance::Stored);
    assert_eq!(store.purge(0).unwrap().records, 2);
    complete(&store, draft(0, 1));
    assert_sound(&store);
}

#[test]
fn a_wait_ends_with_the_epoch() {
    let directory = directory();
    let (store, opened) = open(directory.path());
    for face in 1..=3 {
        complete(&store, draft(0, face));
    }
    let waiting = waiting_thread(store.queue(), 1_000);
    // The thread may not have asked yet when the first of these begins.
    let run = (0..100).find_map(|_| {
        begin_anew(&store);
        waiting.recv_timeout(SOON / 100).ok()
    });
    let run = run.expect("it need not wait any longer").unwrap().unwrap();
    assert_ne!(run.epoch, opened.epoch);
    assert_eq!((run.first_seq, run.records.len()), (1, 3), "it is the beginning, whatever was asked for");
}

#[test]
fn one_rotted_record_is_quarantined_and_its_neighbours_go() {
    let directory = directory();
    let (store, opened) = open(directory.path());
    for face in [1, 2, 3, 4, 5] {
        complete(&store, draft(0, face));
    }
    let before = held(&store);
    rot(directory.path(), 3);
    let take = |after_seq| store.queue().next_blocking(Take { after_seq, ..ALL }).unwrap();
    let sound = take(0).unwrap();
    assert_eq!((sound.epoch, sound.records.len()), (opened.epoch, 2), "what is before it goes as ever");
    let healed = take(2).expect("another epoch");
    assert_ne!(healed.epoch, opened.epoch);
    assert_eq!((healed.first_seq, healed.records.len()), (1, 4));

    assert_eq!(held(&store), [&before[..2], &before[3..]].concat());
    let former = former(&store);
    let only = vec![SeqRange { first: 3, last: 3 }];
    assert_eq!((former[0].reason, former[0].last_seq, &former[0].lost), (BeginReason::Rotted, 5, &only));
    let connection = Connection::open(directory.path().join("kiosk.db")).unwrap();
    let quarantined: (i64, Vec<u8>) = connection
        .query_row("SELECT seq, bytes FROM damaged_record", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    assert_eq!(quarantined.0, 3);
    assert!(String::from_utf8(quarantined.1).unwrap().contains("outcame"), "its bytes are kept");
    assert_sound(&store);
    assert_eq!(complete(&store, draft(0, 1)).seq, 5);
    assert_sound(&store);
}

/// Everything carried anew for every record that rots would wear out what is left of the disk.
#[tokio::test]
async fn a_disk_that_goes_on_rotting_is_not_written_over_and_over() {
    let directory = directory();
    let clock = Arc::new(ManualClock::at(1_000));
    let options = Options { clock: clock.clone(), entropy: Arc::new(SystemEntropy), opens_cases: true };
    let (store, _) = Store::open(directory.path(), options).unwrap();
    for face in 1..=3 {
        complete(&store, draft(0, face));
    }
    let mut queue = store.queue();
    rot(directory.path(), 1);
    assert_eq!(queue.next(ALL).await.unwrap().unwrap().records.len(), 2);
    let healed = store.position().unwrap().epoch;
    rot(directory.path(), 1);
    let refused = queue.next(ALL).await.unwrap_err().to_string();
    assert!(refused.contains("record 1 is damaged"), "{refused}");
    assert_eq!(queue.next_blocking(ALL), Err(StoreError::DamagedRecord(1)));
    assert_eq!(store.position().unwrap().epoch, healed);
    clock.advance_ms(BEGIN_ANEW_PAUSE_MS);
    assert_eq!(queue.next(ALL).await.unwrap().unwrap().records.len(), 1);
    assert_eq!(former(&store).len(), 2);
    assert_sound(&store);
}

#[test]
fn the_longest_record_can_be_carried() {
    let directory = directory();
    let (store, _) = open(directory.path());
    let fits = |less: &usize| save(&store, with_comment(RECORD_BYTES_MAX - less)).is_ok();
    let less = (0..4_000).find(fits).unwrap();
    complete(&store, with_comment(RECORD_BYTES_MAX - less));
    begin_anew(&store);
    assert_eq!(former(&store)[0].lost, []);
    let run = store.queue().next_blocking(ALL).unwrap().unwrap();
    assert!(run.records[0].len() <= RECORD_BYTES_MAX, "{} bytes", run.records[0].len());
}

/// More than a handful at a time, and numbers that move because the first are purged.
#[test]
fn a_long_history_moves_to_the_front() {
    let directory = directory();
    let (store, opened) = open(directory.path());
    let frozen: Vec<_> = (0..700).map(|count| complete(&store, with_comment(count % 300 * 20))).collect();
    let signed = receipt(opened.epoch, 123, frozen[122].head, 1);
    assert_eq!(store.queue().accept_blocking(&signed).unwrap(), Acceptance::Stored);
    store.purge(0).unwrap();
    let before = held(&store);
    begin_anew(&store);
    assert_eq!(store.position().unwrap().last_seq, 577);
    assert_eq!(held(&store), before);
    assert_sound(&store);
}

#[test]
fn health_names_the_newest_former_epochs() {
    let directory = directory();
    let (store, _) = open(directory.path());
    complete(&store, draft(0, 1));
    let mut epochs = Vec::new();
    for _ in 0..10 {
        epochs.push(store.position().unwrap().epoch);
        begin_anew(&store);
    }
    let named: Vec<_> = former(&store).iter().map(|former| former.epoch).collect();
    assert_eq!(named, epochs[2..]);
    let health = store.queue().health_blocking("1.2.3").unwrap();
    assert_eq!((health.position, health.boot, health.purged_seq), (store.position().unwrap(), 1, 0));
    assert_eq!((health.oldest_unsent_ms, health.kiosk_version.as_str()), (Some(1_000), "1.2.3"));
    assert!(health.disk_free_bytes > Some(0));
}
