//! A damaged database loses what was on the damaged place and nothing else, and what is lost is named.
//!
//! Every scenario counts: what comes over and what is named as lost are together all that was thanked for.

use std::collections::BTreeSet;
use std::path::Path;

use afterword_kiosk_store::{CarriedOver, Opened, Store};
use afterword_model::record::{Seq, StoreEpoch};
use afterword_model::response::{Draft, Outcome, Response};
use afterword_model::summary::Ask;
use afterword_protocol::queue::{Acceptance, BeginReason, SeqRange};
use proptest::collection::vec;
use proptest::prelude::*;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::queue_suite::receipt;
use crate::support::{
    Held, assert_sound, begun_at, complete, crash_image, directory, draft, forget_note, held, open, save,
    with_comment,
};

const PAGE: usize = 4096;

/// A shop whose kiosk was ended in order.
struct Shop {
    directory: TempDir,
    epoch: StoreEpoch,
    before: Vec<Held>,
}

impl Shop {
    /// With so many answers, some of which are longer than a page.
    fn of(count: usize) -> Self {
        let directory = directory();
        let (store, opened) = open(directory.path());
        for number in 0..count {
            complete(&store, with_comment(if number % 40 == 7 { 9_000 } else { number % 300 }));
        }
        let before = held(&store);
        store.close().unwrap();
        Self { directory, epoch: opened.epoch, before }
    }

    /// Another such shop, of which all are lost or kept by themselves.
    fn copy(&self) -> Self {
        let directory = directory();
        for name in ["kiosk.db", "kiosk.lock"] {
            std::fs::copy(self.path().join(name), directory.path().join(name)).unwrap();
        }
        Self { directory, epoch: self.epoch, before: self.before.clone() }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn last_seq(&self) -> Seq {
        self.before.len() as Seq
    }

    /// Pages of a table, of this kind (`leaf`, `internal`, `overflow`), from 1.
    fn pages(&self, table: &str, kind: &str) -> Vec<usize> {
        let connection = Connection::open(self.path().join("kiosk.db")).unwrap();
        let pages = "SELECT pageno FROM dbstat WHERE name = ?1 AND pagetype = ?2 ORDER BY pageno";
        let mut read = connection.prepare(pages).unwrap();
        let pages = read.query_map([table, kind], |row| row.get::<_, u32>(0)).unwrap();
        pages.map(|page| page.unwrap() as usize).collect()
    }

    /// Changes the file's bytes, and leaves it as after a crash, so that it is looked through.
    fn damage(&self, damage: impl FnOnce(&mut Vec<u8>)) {
        let path = self.path().join("kiosk.db");
        Connection::open(&path).unwrap().execute_batch("UPDATE store SET clean = 0").unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        damage(&mut bytes);
        std::fs::write(&path, bytes).unwrap();
    }

    /// Opens what is left, and checks what must hold whatever was damaged. Gives the numbers that are lost.
    fn reopened(&self) -> (Store, Opened, Vec<Seq>) {
        let (store, opened) = open(self.path());
        let lost = self.accounted_for(&store, &opened.carried);
        assert!(opened.set_aside.is_some() && opened.waiting.is_empty());
        assert_eq!(opened.carried[0].file, opened.set_aside);
        assert_eq!(opened.carried[0].former.reason, BeginReason::Salvaged);
        (store, opened, lost)
    }

    fn accounted_for(&self, store: &Store, carried: &[CarriedOver]) -> Vec<Seq> {
        let [over] = carried else { panic!("{carried:?}") };
        assert_eq!((over.former.epoch, over.former.last_seq), (self.epoch, self.last_seq()));
        let lost: BTreeSet<Seq> =
            over.former.lost.iter().flat_map(|range| range.first..=range.last).collect();
        let expected: Vec<Held> =
            self.before.iter().filter(|held| !lost.contains(&held.origin.seq)).cloned().collect();
        assert_eq!(held(store), expected, "all that is not named as lost is here, unchanged and in order");
        assert_eq!(over.records, expected.len() as u64);
        let last_day = i64::from(i32::MAX);
        assert_eq!(
            store.summary(Ask::days(-last_day, last_day)).unwrap().responses,
            over.records,
            "the hours count it anew"
        );
        assert_sound(store);
        assert_eq!(store.queue().health_blocking("test").unwrap().former, std::slice::from_ref(&over.former));
        complete(store, draft(0, 1));
        assert_sound(store);
        lost.into_iter().collect()
    }
}

fn flip(bytes: &mut [u8], at: usize) {
    bytes[at] ^= 0x10;
}

/// Where on a page a text stands.
fn find(bytes: &[u8], page: usize, text: &str) -> usize {
    let start = (page - 1) * PAGE;
    let place = bytes[start..start + PAGE].windows(text.len()).position(|window| window == text.as_bytes());
    start + place.unwrap()
}

const NONE: [Seq; 0] = [];

#[test]
fn a_zeroed_first_page_loses_nothing() {
    let shop = Shop::of(300);
    shop.damage(|bytes| bytes[..PAGE].fill(0));
    assert_eq!(shop.reopened().2, NONE);
}

#[test]
fn a_flipped_bit_in_a_header_loses_nothing() {
    // Magic, page size, both versions, reserved bytes, schema format, encoding, application id.
    for at in [3, 16, 18, 19, 20, 47, 59, 70] {
        let shop = Shop::of(20);
        shop.damage(|bytes| flip(bytes, at));
        assert_eq!(shop.reopened().2, NONE, "byte {at}");
    }
}

#[test]
fn a_flipped_bit_in_a_record_loses_that_record() {
    let shop = Shop::of(300);
    let leaf = shop.pages("record", "leaf")[4];
    let mut seq = 0;
    shop.damage(|bytes| {
        let at = find(bytes, leaf, "\"survey\"");
        let before = String::from_utf8_lossy(&bytes[at - 12..at]).into_owned();
        seq = before.split_once("seq\":").unwrap().1.trim_end_matches(',').parse().unwrap();
        flip(bytes, at + 3);
        // That alone SQLite would not notice.
        bytes[PAGE + 200..PAGE + 300].fill(0x5A);
    });
    let (store, opened, lost) = shop.reopened();
    assert_eq!(lost, [seq]);
    store.close().unwrap();
    let connection = Connection::open(shop.path().join("kiosk.db")).unwrap();
    let kept: i64 = connection.query_row("SELECT seq FROM damaged_record", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, i64::try_from(seq).unwrap(), "its bytes are kept, {opened:?}");
}

#[test]
fn a_leaf_that_is_gone_loses_its_records_and_the_one_that_hung_on_them() {
    let shop = Shop::of(300);
    let leaves = shop.pages("record", "leaf");
    shop.damage(|bytes| bytes[(leaves[5] - 1) * PAGE..leaves[5] * PAGE].fill(0x5A));
    let (_, opened, lost) = shop.reopened();
    assert_eq!(opened.carried[0].former.lost.len(), 1, "one range");
    assert!((2..20).contains(&lost.len()), "{lost:?}");
}

#[test]
fn damaged_trees_lose_nothing() {
    let shop = Shop::of(300);
    let inner = shop.pages("record", "internal");
    assert_eq!(inner.len(), 1);
    for at in [0, 3, 5, 8, 9, 13, 4000] {
        let copy = shop.copy();
        copy.damage(|bytes| {
            flip(bytes, (inner[0] - 1) * PAGE + at);
            // In case that bit means nothing.
            bytes[(inner[0] - 1) * PAGE + 10..(inner[0] - 1) * PAGE + 40].fill(0);
        });
        assert_eq!(copy.reopened().2, NONE, "byte {at}");
    }
    for table in ["face_hour", "response_hour", "store", "former_epoch"] {
        let copy = shop.copy();
        let root = copy.pages(table, "leaf")[0];
        copy.damage(|bytes| bytes[(root - 1) * PAGE..root * PAGE].fill(0x5A));
        assert_eq!(copy.reopened().2, NONE, "{table}");
    }
}

#[test]
fn a_cut_file_keeps_what_is_before_the_cut() {
    let shop = Shop::of(300);
    shop.damage(|bytes| bytes.truncate(bytes.len() / 2 + 1_234));
    let (_, opened, lost) = shop.reopened();
    // Each table and index has a page of its own before those of most records.
    assert!((40..250).contains(&opened.carried[0].records), "{opened:?}");
    assert_eq!(lost.last(), Some(&300), "the end is known from the note");
}

#[test]
fn an_emptied_file_is_named_whole() {
    let shop = Shop::of(20);
    shop.damage(Vec::clear);
    assert_eq!(shop.reopened().2, (1..=20).collect::<Vec<Seq>>());
}

#[test]
fn a_database_that_somebody_removed_is_named_whole() {
    let shop = Shop::of(20);
    std::fs::remove_file(shop.path().join("kiosk.db")).unwrap();
    let (store, opened) = open(shop.path());
    assert_eq!((opened.set_aside, &opened.carried[0].file), (None, &None));
    assert_eq!(shop.accounted_for(&store, &opened.carried).len(), 20);
}

/// Ten answers in the database, ten more in the log, and a program that was killed.
fn with_log() -> Shop {
    let directory = directory();
    let (store, opened) = open(directory.path());
    (0..10).for_each(|count| assert!(complete(&store, with_comment(count)).seq > 0));
    store.close().unwrap();
    let (store, _) = open(directory.path());
    (0..10).for_each(|count| assert!(complete(&store, with_comment(count)).seq > 0));
    Shop { directory: crash_image(directory.path()), epoch: opened.epoch, before: held(&store) }
}

#[test]
fn an_unreadable_log_loses_what_was_in_it_and_says_so() {
    let damages: [fn(&mut Vec<u8>); 3] = [|log| log.fill(0x5A), Vec::clear, |log| flip(log, 9)];
    for damage in damages {
        let shop = with_log();
        let path = shop.path().join("kiosk.db-wal");
        let mut log = std::fs::read(&path).unwrap();
        damage(&mut log);
        std::fs::write(&path, log).unwrap();
        let (store, opened) = open(shop.path());
        assert_eq!((opened.set_aside, opened.carried[0].former.reason), (None, BeginReason::Forked));
        let lost = shop.accounted_for(&store, &opened.carried);
        assert_eq!(lost, (11..=20).collect::<Vec<Seq>>());
        store.close().unwrap();
        assert_eq!(open(shop.path()).1.carried, [], "once is enough");
    }
}

#[test]
fn a_log_with_a_flipped_bit_counts_up_to_there() {
    let shop = with_log();
    let path = shop.path().join("kiosk.db-wal");
    let mut log = std::fs::read(&path).unwrap();
    let middle = log.len() / 2;
    flip(&mut log, middle);
    std::fs::write(&path, log).unwrap();
    let (store, opened) = open(shop.path());
    let lost = shop.accounted_for(&store, &opened.carried);
    assert!(lost.len() > 2 && lost.len() < 9, "{lost:?}");
    assert_eq!(lost, (lost[0]..=20).collect::<Vec<Seq>>());
}

#[test]
fn a_damaged_file_is_read_together_with_its_log() {
    let shop = with_log();
    let path = shop.path().join("kiosk.db");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[..PAGE].fill(0);
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(shop.reopened().2, NONE);
}

#[test]
fn what_was_purged_is_not_lost() {
    let shop = Shop::of(30);
    let (store, _) = open(shop.path());
    let seq_10 = store.queue().next_blocking(afterword_protocol::queue::Take {
        after_seq: 0,
        records_max: 10,
        wait_ms: 0,
    });
    let run = seq_10.unwrap().unwrap();
    let signed = receipt(run.epoch, 10, run.last_head(), 1);
    assert_eq!(store.queue().accept_blocking(&signed).unwrap(), Acceptance::Stored);
    store.purge(0).unwrap();
    store.close().unwrap();
    let purged = Shop { before: shop.before[10..].to_vec(), ..shop };
    purged.damage(|bytes| bytes[..PAGE].fill(0));
    let (store, opened) = open(purged.path());
    assert_eq!((opened.carried[0].records, &opened.carried[0].former.lost), (20, &vec![]));
    assert_eq!(held(&store), purged.before);
    assert_sound(&store);
}

#[test]
fn a_flipped_bit_in_the_epoch_is_seen_through_by_the_first_record() {
    let shop = Shop::of(40);
    let root = shop.pages("store", "leaf")[0];
    let epoch = *shop.epoch.as_bytes();
    shop.damage(|bytes| {
        let page = &mut bytes[(root - 1) * PAGE..root * PAGE];
        let at = page.windows(16).position(|window| window == epoch).unwrap();
        flip(page, at + 5);
    });
    assert_eq!(shop.reopened().2, NONE);
}

#[test]
fn an_epoch_that_nothing_names_gets_a_name_of_its_own() {
    let shop = Shop::of(40);
    forget_note(shop.path());
    let root = shop.pages("store", "leaf")[0];
    shop.damage(|bytes| bytes[(root - 1) * PAGE..root * PAGE].fill(0));
    let twin = shop.copy();
    let over = [shop.path(), twin.path()].map(|path| {
        let (store, opened) = open(path);
        assert_sound(&store);
        opened.carried[0].clone()
    });
    assert_eq!(over[0].records, 39, "the first has no head before it that anybody knows");
    assert_ne!(over[0].former.epoch, shop.epoch);
    assert_eq!(over[0].former, over[1].former, "and the same name each time");
}

#[test]
fn an_epoch_is_known_from_a_receipt() {
    let shop = Shop::of(40);
    let (store, _) = open(shop.path());
    let position = store.position().unwrap();
    store.queue().accept_blocking(&receipt(position.epoch, 40, position.head, 1)).unwrap();
    store.close().unwrap();
    forget_note(shop.path());
    let root = shop.pages("store", "leaf")[0];
    shop.damage(|bytes| bytes[(root - 1) * PAGE..root * PAGE].fill(0));
    assert_eq!(shop.reopened().2, NONE);
}

#[test]
fn the_open_response_comes_over_too() {
    let (image, open_draft) = damaged_with_an_open_response();
    let (store, opened) = open(image.path());
    assert_eq!((opened.interrupted, opened.carried[0].records), (Some(2), 1));
    let found = Response::from_bytes(2, &held(&store)[1].bytes).unwrap();
    assert_eq!((found.draft, found.outcome), (open_draft, Outcome::Interrupted));
    assert_sound(&store);
}

/// One frozen response, and one that was open when the power went and the file was damaged.
fn damaged_with_an_open_response() -> (TempDir, Draft) {
    let directory = directory();
    let (store, _) = open(directory.path());
    complete(&store, draft(0, 1));
    let open_draft = begun_at(5_000, draft(0, 4));
    save(&store, open_draft.clone()).unwrap();
    let image = crash_image(directory.path());
    let path = image.path().join("kiosk.db");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[..PAGE].fill(0);
    std::fs::write(&path, bytes).unwrap();
    (image, open_draft)
}

#[test]
fn the_open_response_of_a_file_that_had_to_wait_comes_over_after_newer_ones() {
    let (image, open_draft) = damaged_with_an_open_response();
    let noted = std::fs::read_to_string(image.path().join("kiosk.lock")).unwrap();
    let noted = noted.lines().nth(1).unwrap();
    let newer = directory();
    let (store, _) = open(newer.path());
    complete(&store, begun_at(9_000, draft(0, 2)));
    store.close().unwrap();
    for suffix in ["", "-wal"] {
        let aside = newer.path().join(format!("kiosk.db.corrupt-1{suffix}"));
        std::fs::copy(image.path().join(format!("kiosk.db{suffix}")), aside).unwrap();
    }
    let waits = "INSERT INTO unsalvaged (name, noted, aside_ms) VALUES ('kiosk.db.corrupt-1', ?1, 0)";
    Connection::open(newer.path().join("kiosk.db")).unwrap().execute(waits, [noted]).unwrap();
    let (store, opened) = open(newer.path());
    assert_eq!((opened.interrupted, opened.carried[0].records), (Some(3), 1));
    let found = Response::from_bytes(3, &held(&store)[2].bytes).unwrap();
    assert_eq!((found.draft, found.outcome), (open_draft, Outcome::Interrupted));
    assert_sound(&store);
}

#[test]
fn a_power_cut_on_the_way_to_the_new_database_loses_nothing() {
    // Set aside, and no further; and with its log left behind.
    for names in [&["kiosk.db", "kiosk.db-wal"][..], &["kiosk.db"]] {
        let shop = with_log();
        for name in names {
            let aside = name.replace("kiosk.db", "kiosk.db.corrupt-1");
            std::fs::rename(shop.path().join(name), shop.path().join(aside)).unwrap();
        }
        assert_eq!(shop.reopened().2, NONE, "{names:?}");
        assert!(shop.path().join("kiosk.db.corrupt-1-wal").exists());
    }
}

#[test]
fn a_second_salvage_keeps_the_first_places() {
    let shop = Shop::of(30);
    shop.damage(|bytes| bytes[..PAGE].fill(0));
    let (store, first, _) = shop.reopened();
    let before = held(&store);
    store.close().unwrap();
    let again = Shop { epoch: first.epoch, before, ..shop };
    again.damage(|bytes| bytes[..PAGE].fill(0));
    let (store, opened) = open(again.path());
    assert_eq!(held(&store), again.before);
    assert_sound(&store);
    let former: Vec<_> =
        store.queue().health_blocking("test").unwrap().former.iter().map(|former| former.epoch).collect();
    assert_eq!(former, [first.carried[0].former.epoch, first.epoch], "and the former epochs");
    assert_eq!(opened.set_aside, Some(again.path().join("kiosk.db.corrupt-2")));
}

#[test]
fn what_an_older_program_set_aside_is_salvaged_when_its_database_is_migrated() {
    let shop = Shop::of(30);
    let aside = shop.path().join("kiosk.db.corrupt-1");
    std::fs::rename(shop.path().join("kiosk.db"), &aside).unwrap();
    forget_note(shop.path());
    let path = shop.path().join("kiosk.db");
    Connection::open(&path).unwrap().execute_batch(include_str!("../fixtures/schema-0001.sql")).unwrap();
    let (store, opened) = open(shop.path());
    assert_eq!((opened.boot, opened.interrupted), (4, Some(3)));
    let [over] = &opened.carried[..] else { panic!("{opened:?}") };
    assert_eq!((over.former.epoch, over.records, &over.former.lost), (shop.epoch, 30, &vec![]));
    assert_eq!(held(&store)[3..], shop.before);
    assert_sound(&store);
    store.close().unwrap();
    assert_eq!(open(shop.path()).1.carried, []);
}

#[test]
fn the_same_file_is_never_carried_twice() {
    let shop = Shop::of(30);
    shop.damage(|bytes| bytes[..PAGE].fill(0));
    let (store, _, _) = shop.reopened();
    let before = held(&store);
    store.close().unwrap();
    let connection = Connection::open(shop.path().join("kiosk.db")).unwrap();
    let again = "INSERT INTO unsalvaged (name, aside_ms) VALUES ('kiosk.db.corrupt-1', 0)";
    connection.execute_batch(again).unwrap();
    drop(connection);
    let (store, opened) = open(shop.path());
    assert_eq!((opened.carried[0].records, &opened.carried[0].former.lost), (0, &vec![]));
    assert_eq!(held(&store), before);
    assert_eq!(store.queue().health_blocking("test").unwrap().former.len(), 1, "and it was over before");
    assert_sound(&store);
}

/// A card that was restored from a copy, or a disk that took back what it had confirmed.
#[test]
fn a_database_older_than_its_note_begins_anew() {
    let shop = Shop::of(10);
    let old = std::fs::read(shop.path().join("kiosk.db")).unwrap();
    let (store, _) = open(shop.path());
    for _ in 0..5 {
        complete(&store, draft(0, 2));
    }
    let newer = Shop { before: held(&store), ..shop };
    store.close().unwrap();
    std::fs::write(newer.path().join("kiosk.db"), old).unwrap();
    let (store, opened) = open(newer.path());
    assert_ne!(opened.epoch, newer.epoch);
    assert_eq!(newer.accounted_for(&store, &opened.carried), (11..=15).collect::<Vec<Seq>>());
    assert_eq!(opened.carried[0].former.lost, [SeqRange { first: 11, last: 15 }]);
}

#[test]
fn a_database_of_a_superseded_epoch_begins_anew() {
    let shop = Shop::of(10);
    let old = std::fs::read(shop.path().join("kiosk.db")).unwrap();
    let (store, _) = open(shop.path());
    store.queue().begin_anew_blocking(BeginReason::Forked).unwrap();
    store.close().unwrap();
    std::fs::write(shop.path().join("kiosk.db"), old).unwrap();
    let (store, opened) = open(shop.path());
    assert_ne!(opened.epoch, shop.epoch);
    assert_eq!(shop.accounted_for(&store, &opened.carried), NONE);
    store.close().unwrap();
    assert_eq!(open(shop.path()).1.carried, []);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// Whatever bits flip, in the database and its log: the kiosk starts, what it hands out was given to it and is
    /// unchanged, and what is missing is named.
    #[test]
    fn whatever_bits_flip(flips in vec((any::<bool>(), any::<prop::sample::Index>(), 0..8), 1..12)) {
        let shop = with_log();
        let files = ["kiosk.db", "kiosk.db-wal"].map(|name| shop.path().join(name));
        let mut bytes = files.clone().map(|path| std::fs::read(path).unwrap());
        for (is_log, place, bit) in flips {
            let bytes = &mut bytes[usize::from(is_log)];
            let at = place.index(bytes.len());
            bytes[at] ^= 1_u8 << bit;
        }
        for (path, bytes) in files.iter().zip(bytes) {
            std::fs::write(path, bytes).unwrap();
        }
        let (store, opened) = open(shop.path());
        let held = held(&store);
        let lost: BTreeSet<Seq> = opened
            .carried
            .iter()
            .chain(&former_of(&store))
            .flat_map(|over| &over.former.lost)
            .flat_map(|range| range.first..=range.last)
            .collect();
        for given in &shop.before {
            let found = held.iter().filter(|held| held.origin.seq == given.origin.seq).collect::<Vec<_>>();
            if lost.contains(&given.origin.seq) {
                prop_assert!(found.is_empty(), "{given:?} is not lost: {opened:?}");
            } else {
                prop_assert_eq!(found, [given], "{:?}", opened);
            }
        }
        prop_assert_eq!(held.len() + lost.len(), shop.before.len());
    }
}

/// What the store has come to know since it was opened: a record that rotted shows when it is handed out.
fn former_of(store: &Store) -> Vec<CarriedOver> {
    let former = store.queue().health_blocking("test").unwrap().former;
    former.into_iter().map(|former| CarriedOver { former, records: 0, file: None }).collect()
}
