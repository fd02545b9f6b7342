//! What a disk does under a database: forgets, lies, refuses and fills up.

use afterword_kiosk_store::StoreError;
use afterword_protocol::queue::{BeginReason, SeqRange};
use afterword_sim::disk::{Failing, Image, LossyDisk, Policy};
use afterword_tests::desk::folder_in_memory;
use afterword_tests::power_cut::{Held, Order, cut_everywhere, held};
use anyhow::Result;

use crate::shelf::{Shelf, freeze, noted_seq, open, probe, save, sound};

/// Seeded cuts in each run of the tests; the long run is `--bin power-cuts`.
const CUTS: u64 = 300;

/// What a disk that lies may make of what it was told.
fn policies() -> Vec<Policy> {
    let seeded =
        (0..12).flat_map(|seed| [Policy::Beginning(seed), Policy::Scattered(seed), Policy::Torn(seed)]);
    [Policy::Dropped, Policy::Kept].into_iter().chain(seeded).collect()
}

/// What a kiosk finds that starts on these files; they must be sound.
fn found(image: &Image) -> Result<Vec<Held>> {
    let folder = folder_in_memory()?;
    image.restore(folder.path())?;
    let (store, _) = open(folder.path())?;
    sound(&store)
}

#[test]
fn f01_power_cut_at_every_write() -> Result<()> {
    let report = cut_everywhere(Order { seed: 1, cuts: CUTS, one_in: 90 }, |_| ())?;
    println!("{report}");
    assert!(report.cuts >= CUTS, "{report}");
    assert!(report.lost.is_empty() && report.doubled.is_empty(), "{report}");
    Ok(())
}

#[test]
fn f02_after_a_lying_fsync_there_is_a_beginning_and_the_gap_is_named() -> Result<()> {
    let mut shelf = Shelf::new(2)?;
    let disk = LossyDisk::on(shelf.path())?;
    let (store, _) = shelf.open()?;
    shelf.freeze_all(&store, 6, 50)?;
    disk.fail(|faults| faults.lying = true);
    shelf.freeze_all(&store, 14, 50)?;
    let before = held(&store)?;
    let (mut shorter, mut named) = (0, 0);
    for policy in policies() {
        let image = disk.image(policy);
        let folder = folder_in_memory()?;
        image.restore(folder.path())?;
        let (after, opened) = open(folder.path())?;
        let records = sound(&after)?;
        assert!((6..=20).contains(&records.len()), "{policy}: {} records", records.len());
        assert_eq!(records, before[..records.len()], "{policy}");
        let count = records.len() as u64;
        shorter += u64::from(count < 20);
        let noted = image.file("kiosk.lock").and_then(|lock| noted_seq(lock).ok()).unwrap_or(0);
        if noted > count {
            named += 1;
            let [over] = &opened.carried[..] else { panic!("{policy}: {opened:?}") };
            assert_eq!(over.former.reason, BeginReason::Forked);
            assert_eq!(over.former.lost, [SeqRange { first: count + 1, last: noted }], "{policy}");
        } else {
            assert_eq!(opened.carried, [], "{policy}");
        }
    }
    assert!(shorter > 5 && named > 0, "{shorter} lost something, of which {named} are named");
    Ok(())
}

#[test]
fn f04_a_full_disk_takes_the_answer_being_given_and_then_refuses_clearly() -> Result<()> {
    let mut shelf = Shelf::new(4)?;
    let disk = LossyDisk::on(shelf.path())?;
    let (store, _) = shelf.open()?;
    shelf.freeze_all(&store, 5, 3_000)?;
    assert_eq!(store.short_of_room(), None);
    disk.fail(|faults| faults.room_bytes = Some(0));
    let draft = shelf.draft(3_000);
    save(&store, draft.clone())?;
    freeze(&store, draft)?;
    assert!(!shelf.path().join("kiosk.reserve").exists(), "the reserve made room for it");
    assert!(matches!(store.short_of_room(), Some(StoreError::ReserveUsed(_))));

    disk.fail(|faults| faults.room_bytes = Some(0));
    let refused = shelf.freeze(&store, 3_000).unwrap_err();
    assert!(matches!(refused, StoreError::Full(_)), "{refused}");
    assert!(refused.to_string().contains("the disk is full, so nothing was saved"), "{refused}");
    assert!(probe(&store).is_err());
    assert_eq!(store.purge(0)?.records, 0, "what is unsent makes no room");
    assert_eq!(sound(&store)?.len(), 6);
    for policy in policies() {
        assert_eq!(found(&disk.image(policy))?.len(), 6, "{policy}");
    }

    disk.fail(|faults| faults.room_bytes = None);
    probe(&store)?;
    assert_eq!(store.short_of_room(), None);
    assert!(shelf.path().join("kiosk.reserve").exists(), "it is set aside again");
    assert_eq!(shelf.freeze(&store, 3_000)?.seq, 7);
    assert_eq!(sound(&store)?.len(), 7);
    Ok(())
}

#[test]
fn f04_a_full_disk_gives_no_number_twice_when_some_were_taken_back() -> Result<()> {
    let mut shelf = Shelf::new(44)?;
    let disk = LossyDisk::on(shelf.path())?;
    let (store, _) = shelf.open()?;
    shelf.freeze_all(&store, 5, 30_000)?;
    let (before, epoch) = (held(&store)?, store.position()?.epoch);
    let five = disk.image(Policy::Kept);
    shelf.freeze_all(&store, 2, 30_000)?;
    drop(store);
    let noted = std::fs::read(shelf.path().join("kiosk.lock"))?;
    five.restore(shelf.path())?;
    std::fs::write(shelf.path().join("kiosk.lock"), noted)?;
    drop(disk);

    let disk = LossyDisk::on(shelf.path())?;
    for _ in 0..2 {
        disk.fail(|faults| faults.room_bytes = Some(60_000));
        let (store, opened) = shelf.open()?;
        assert_eq!(opened.carried, [], "there is no room to begin anew");
        assert!(store.short_of_room().is_some());
        std::fs::remove_file(shelf.path().join("kiosk.reserve"))?;
        // The disk sees what is removed outside SQLite at its next operation.
        let _ = disk.image(Policy::Kept);
        disk.fail(|faults| faults.room_bytes = Some(0));
        let refused = shelf.freeze(&store, 10).unwrap_err();
        assert!(matches!(refused, StoreError::Full(_)), "{refused}");
        assert_eq!((held(&store)?, store.position()?.epoch), (before.clone(), epoch));
    }
    disk.fail(|faults| faults.room_bytes = None);
    let (store, opened) = shelf.open()?;
    let [over] = &opened.carried[..] else { panic!("{opened:?}") };
    assert_eq!((over.former.epoch, &over.former.lost[..]), (epoch, &[SeqRange { first: 6, last: 7 }][..]));
    assert_eq!(held(&store)?, before);
    assert_eq!(shelf.freeze(&store, 10)?.seq, 6);
    assert_eq!(sound(&store)?.len(), 6);
    Ok(())
}

#[test]
fn f04_room_that_comes_while_the_kiosk_runs_is_enough_to_name_what_was_taken_back() -> Result<()> {
    let mut shelf = Shelf::new(45)?;
    let (store, _) = shelf.open()?;
    shelf.freeze_all(&store, 5, 30_000)?;
    store.close()?;
    let five = std::fs::read(shelf.database())?;
    let (store, _) = shelf.open()?;
    shelf.freeze_all(&store, 2, 30_000)?;
    store.close()?;
    std::fs::write(shelf.database(), five)?;

    let disk = LossyDisk::on(shelf.path())?;
    disk.fail(|faults| faults.room_bytes = Some(60_000));
    let (store, opened) = shelf.open()?;
    assert_eq!(opened.carried, []);
    disk.fail(|faults| faults.room_bytes = None);
    assert_eq!(shelf.freeze(&store, 10)?.seq, 6, "five are carried over");
    let former = store.queue().health_blocking("test")?.former;
    assert_eq!(former[0].lost, [SeqRange { first: 6, last: 7 }]);
    assert_eq!(sound(&store)?.len(), 6);
    probe(&store)?;
    assert_eq!(store.short_of_room(), None);
    Ok(())
}

#[test]
fn f05_a_disk_that_goes_read_only_gets_no_thanks_and_can_still_be_read() -> Result<()> {
    let mut shelf = Shelf::new(5)?;
    let disk = LossyDisk::on(shelf.path())?;
    let (store, _) = shelf.open()?;
    shelf.freeze_all(&store, 5, 10)?;
    let before = held(&store)?;
    disk.fail(|faults| faults.read_only = true);
    let first = shelf.freeze(&store, 10).unwrap_err();
    assert!(matches!(first, StoreError::Io { .. } | StoreError::ReadOnly(_)), "{first}");
    for _ in 0..3 {
        let draft = shelf.draft(10);
        let refused = save(&store, draft).unwrap_err();
        assert!(refused.to_string().contains("nothing was saved"), "{refused}");
        assert!(probe(&store).is_err());
    }
    assert_eq!((held(&store)?, store.position()?.last_seq), (before, 5), "the agent goes on sending");
    disk.fail(|faults| faults.read_only = false);
    probe(&store)?;
    assert_eq!(shelf.freeze(&store, 10)?.seq, 6);
    assert_eq!(sound(&store)?.len(), 6);
    Ok(())
}

#[test]
fn f06_what_a_failed_fsync_was_for_is_lost_and_not_tried_again() -> Result<()> {
    let mut shelf = Shelf::new(6)?;
    let disk = LossyDisk::on(shelf.path())?;
    let (store, _) = shelf.open()?;
    shelf.freeze_all(&store, 3, 10)?;
    for round in 0..5 {
        let before = held(&store)?;
        let syncs = disk.counts().syncs;
        disk.fail(|faults| faults.syncs = Failing::next(1));
        let error = shelf.freeze(&store, 10).unwrap_err();
        assert!(matches!(error, StoreError::Io { .. }), "{error}");
        assert_eq!(disk.counts().syncs, syncs + 1, "one sync failed and no second one was hoped for");
        assert_eq!(store.position()?.last_seq, before.len() as u64);
        for policy in policies() {
            let after = found(&disk.image(policy))?;
            assert!(after == before, "round {round}, {policy}: {} records", after.len());
        }
        // The next one is written, synced and kept.
        let next = shelf.freeze(&store, 10)?;
        assert_eq!(next.seq, before.len() as u64 + 1);
        let now = sound(&store)?;
        for policy in policies() {
            assert!(found(&disk.image(policy))? == now, "round {round}, {policy}");
        }
    }
    Ok(())
}

/// A commit whose sync failed still stands in the log for programs, and never reaches the disk.
#[test]
fn f06_nothing_is_built_on_what_a_failed_fsync_left_in_the_log() -> Result<()> {
    for (times, is_restarted) in (1..=3).flat_map(|times| [(times, false), (times, true)]) {
        let mut shelf = Shelf::new(6)?;
        let disk = LossyDisk::on(shelf.path())?;
        let (mut store, _) = shelf.open()?;
        shelf.freeze_all(&store, 2, 10)?;
        disk.fail(|faults| faults.syncs = Failing::next(times));
        while disk.faults().syncs.times > 0 {
            let _refused = shelf.freeze(&store, 10);
            if is_restarted {
                drop(store);
                (store, _) =
                    std::iter::repeat_with(|| shelf.open()).find_map(Result::ok).expect("there is no end");
            }
        }
        shelf.freeze(&store, 10)?;
        let now = sound(&store)?;
        for policy in policies() {
            let after = found(&disk.image(policy))?;
            assert!(after == now, "{times} {is_restarted} {policy}: {} of {}", after.len(), now.len());
        }
    }
    Ok(())
}
