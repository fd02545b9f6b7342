//! What becomes of the database itself: damage, rot, growth, large numbers, other programs' schemas.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use afterword_kiosk_store::{OpenError, StoreError};
use afterword_model::record::SEQ_MAX;
use afterword_protocol::queue::{BeginReason, SeqRange, Take};
use afterword_tests::Desk;
use afterword_tests::power_cut::{FIRST_SCHEMA, held};
use afterword_tests::wait::until;
use anyhow::{Context, Result};
use rusqlite::Connection;

use crate::shelf::{Shelf, acknowledge_all, open, sound};

/// Bytes that the log may take on a machine that leaves the writer no quiet moment: the 4,000 pages at which SQLite
/// checkpoints within a commit, and a purge on top. What is written here would fill it more than twice.
const LOG_BYTES_MAX: u64 = 20 * 1024 * 1024;
/// What a database without records may take: its tables and the hours.
const PURGED_BYTES_MAX: u64 = 200_000;

#[test]
fn f03_a_corrupt_database_at_boot_is_set_aside_and_collecting_goes_on() -> Result<()> {
    let desk = Desk::in_memory()?;
    let mut kiosk = desk.kiosk(0)?;
    let collected = kiosk.shoppers(4)?.last_seq;
    kiosk.end_of_input()?;
    let database = desk.path("kiosk/kiosk.db");
    let mut bytes = std::fs::read(&database)?;
    bytes[..4096].fill(0x5A);
    std::fs::write(&database, &bytes)?;

    let mut kiosk = desk.kiosk(0)?;
    let last_seq = kiosk.shoppers(2)?.last_seq;
    assert!(last_seq > collected, "{collected} were carried over, and now there are {last_seq}");
    kiosk.end_of_input()?;
    assert_eq!(std::fs::read(desk.path("kiosk/kiosk.db.corrupt-1"))?, bytes, "it is kept as it was");
    let (store, opened) = open(&desk.path("kiosk"))?;
    assert_eq!(opened.set_aside, None, "once is enough");
    let records = sound(&store)?;
    assert_eq!(records.len() as u64, last_seq);
    let former = store.queue().health_blocking("test")?.former;
    let [over] = &former[..] else { panic!("{former:?}") };
    assert_eq!((over.reason, over.last_seq, &over.lost[..]), (BeginReason::Salvaged, collected, &[][..]));
    let carried = records.iter().filter(|held| held.origin.is_some_and(|origin| origin.epoch == over.epoch));
    assert_eq!(carried.count() as u64, collected);
    Ok(())
}

#[test]
fn f07_writes_that_race_checkpoints_are_all_there() -> Result<()> {
    assert!(rusqlite::version_number() >= 3_051_003, "SQLite {} can lose commits", rusqlite::version());
    let mut shelf = Shelf::new(7)?;
    let (store, _) = shelf.open()?;
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    while !ended.load(Ordering::SeqCst) {
                        let known = store.position()?.last_seq;
                        let seen = held(&store)?.len() as u64;
                        anyhow::ensure!(seen >= known, "{seen} of {known} can be read");
                    }
                    Ok(())
                })
            })
            .collect();
        let checkpoints = scope.spawn(|| {
            let connection = Connection::open(shelf.folder.path().join("kiosk.db"))?;
            let mut moved = 0;
            while !ended.load(Ordering::SeqCst) {
                moved +=
                    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get::<_, i64>(2))?;
            }
            anyhow::Ok(moved)
        });
        let mut writer = Shelf::new(70)?;
        let written = writer.freeze_all(&store, 500, 400);
        ended.store(true, Ordering::SeqCst);
        for reader in readers {
            reader.join().expect("a reader panics nowhere")?;
        }
        assert!(checkpoints.join().expect("nor does a checkpoint")? > 0);
        written
    })?;
    let records = sound(&store)?;
    assert_eq!(records.len(), 500);
    store.close()?;
    let (store, _) = shelf.open()?;
    assert_eq!(sound(&store)?, records);
    assert_eq!(shelf.freeze(&store, 1)?.seq, 501);
    Ok(())
}

#[tokio::test]
async fn f09_a_purge_gives_the_room_back() -> Result<()> {
    let mut shelf = Shelf::new(9)?;
    let (store, _) = shelf.open()?;
    let size = |name: &str| shelf.folder.path().join(name).metadata().map_or(0, |file| file.len());
    let mut writer = Shelf::new(90)?;
    for month in 0..4 {
        writer.freeze_all(&store, 400, 2_000)?;
        acknowledge_all(&store, month)?;
        assert_eq!(store.purge(0)?.records, 400);
        // The writer moves its log into the database as soon as nobody asks for anything.
        until("the file shrinks", || Ok((size("kiosk.db") < PURGED_BYTES_MAX).then_some(()))).await?;
        assert!(size("kiosk.db-wal") < LOG_BYTES_MAX, "the log has {} bytes", size("kiosk.db-wal"));
    }
    assert_eq!(sound(&store)?.len(), 0);
    store.close()?;
    assert!(size("kiosk.db") < PURGED_BYTES_MAX);
    let (store, _) = shelf.open()?;
    assert_eq!(shelf.freeze(&store, 1)?.seq, 1_601);
    Ok(())
}

#[test]
fn f10_one_rotted_record_is_lost_and_named_and_its_neighbours_go() -> Result<()> {
    let mut shelf = Shelf::new(10)?;
    let (store, _) = shelf.open()?;
    shelf.freeze_all(&store, 30, 60)?;
    let before = held(&store)?;
    store.close()?;
    let mut bytes = std::fs::read(shelf.database())?;
    let rotting = &before[11].bytes;
    let place = bytes.windows(rotting.len()).position(|window| window == rotting);
    bytes[place.context("the record is in one piece")? + 40] ^= 0x04;
    std::fs::write(shelf.database(), bytes)?;

    let (store, opened) = shelf.open()?;
    assert_eq!((opened.set_aside, &opened.carried[..]), (None, &[][..]), "nobody has noticed");
    let after = sound_after_rot(&store)?;
    let expected: Vec<_> = before.iter().filter(|&held| held != &before[11]).cloned().collect();
    assert_eq!(after, expected, "all but the one, unchanged and in order");
    let former = store.queue().health_blocking("test")?.former;
    assert_eq!(former.len(), 1);
    assert_eq!(
        (former[0].reason, &former[0].lost[..]),
        (BeginReason::Rotted, &[SeqRange { first: 12, last: 12 }][..])
    );
    shelf.freeze(&store, 1)?;
    assert_eq!(sound(&store)?.len(), 30);
    Ok(())
}

/// The run before the rotted record goes as it is; then a new epoch begins, in which all neighbours go.
fn sound_after_rot(store: &afterword_kiosk_store::Store) -> Result<Vec<afterword_tests::power_cut::Held>> {
    let epoch = store.position()?.epoch;
    let take = Take { after_seq: 11, records_max: 500, wait_ms: 0 };
    store.queue().next_blocking(take)?;
    assert_ne!(store.position()?.epoch, epoch, "a new epoch has begun");
    sound(store)
}

#[test]
fn f11_counters_pass_the_thirty_second_bit_and_end_clearly_at_the_last_number() -> Result<()> {
    let mut shelf = Shelf::new(11)?;
    let set_counter = |last_seq: u64| -> Result<()> {
        let sql = format!("UPDATE store SET last_seq = {last_seq}, purged_seq = {last_seq}");
        Ok(Connection::open(shelf.folder.path().join("kiosk.db"))?.execute_batch(&sql)?)
    };
    open(shelf.folder.path())?.0.close()?;
    set_counter(u64::from(u32::MAX) - 1)?;
    let mut writer = Shelf::new(110)?;
    std::fs::remove_file(shelf.folder.path().join("kiosk.lock"))?;
    let (store, opened) = open(shelf.folder.path())?;
    assert_eq!(opened.set_aside, None);
    let seqs: Vec<u64> =
        (0..3).map(|_| writer.freeze(&store, 1).map(|frozen| frozen.seq)).collect::<Result<_, _>>()?;
    assert_eq!(seqs, [(1 << 32) - 1, 1 << 32, (1 << 32) + 1]);
    let after_seq = u64::from(u32::MAX);
    let run =
        store.queue().next_blocking(Take { after_seq, records_max: 500, wait_ms: 0 })?.context("two more")?;
    assert_eq!((run.first_seq, run.records.len()), (1 << 32, 2));
    acknowledge_all(&store, 1)?;
    assert_eq!(store.purge(0)?.through_seq, (1 << 32) + 1);
    store.close()?;

    set_counter(SEQ_MAX - 1)?;
    std::fs::remove_file(shelf.folder.path().join("kiosk.lock"))?;
    let (store, _) = shelf.open()?;
    assert_eq!(shelf.freeze(&store, 1)?.seq, SEQ_MAX);
    let stopped = shelf.freeze(&store, 1).unwrap_err();
    assert_eq!(stopped, StoreError::Exhausted);
    assert!(stopped.to_string().contains("has given its last number"), "{stopped}");
    acknowledge_all(&store, 2)?;
    assert_eq!(store.position()?.acknowledged_seq, SEQ_MAX);
    store.close()?;
    let (store, opened) = shelf.open()?;
    assert_eq!((opened.set_aside, store.position()?.last_seq), (None, SEQ_MAX));
    // A new epoch counts from the beginning.
    store.queue().begin_anew_blocking(BeginReason::Forked)?;
    assert_eq!(shelf.freeze(&store, 1)?.seq, 2);
    Ok(())
}

#[test]
fn f41_the_previous_program_can_go_on_with_the_newer_schema() -> Result<()> {
    let mut shelf = Shelf::new(41)?;
    let (store, _) = shelf.open()?;
    shelf.freeze(&store, 1)?;
    store.close()?;
    // This program's database, to one of the first schema: what that one names in its statements is there, and what is
    // new it need not give.
    let ours = columns(&Connection::open(shelf.database())?)?;
    let first = Connection::open_in_memory()?;
    first.execute_batch(FIRST_SCHEMA)?;
    let theirs = columns(&first)?;
    for column in theirs.keys() {
        assert!(ours.contains_key(column), "{column:?} is gone");
    }
    for ((table, column), must_be_given) in &ours {
        let is_known = theirs.keys().any(|(known, _)| known == table);
        assert!(
            !is_known || theirs.contains_key(&(table.clone(), column.clone())) || !must_be_given,
            "{table}.{column}"
        );
    }
    let allowed = |sql: &str| -> Result<i64> {
        Ok(Connection::open(shelf.folder.path().join("kiosk.db"))?.query_row(sql, [], |row| row.get(0))?)
    };
    assert!(allowed("SELECT compatible_with FROM store")? <= 1);

    // A database of the next program, to this one: it opens, collects, sends and purges.
    let later = "ALTER TABLE record ADD COLUMN later TEXT; CREATE TABLE later (x TEXT) STRICT; PRAGMA user_version = 99";
    Connection::open(shelf.database())?.execute_batch(later)?;
    let (store, opened) = open(shelf.folder.path())?;
    assert_eq!((opened.set_aside, opened.boot), (None, 2));
    let mut writer = Shelf::new(410)?;
    assert_eq!(writer.freeze(&store, 1)?.seq, 2);
    assert_eq!(sound(&store)?.len(), 2);
    acknowledge_all(&store, 1)?;
    assert_eq!(store.purge(0)?.records, 2);
    store.close()?;
    assert_eq!(allowed("PRAGMA user_version")?, 99, "the roll-forward finds its schema again");

    // One that it would spoil it leaves alone.
    Connection::open(shelf.database())?.execute_batch("UPDATE store SET compatible_with = 99")?;
    let before = std::fs::read(shelf.database())?;
    let Err(refused) = open(shelf.folder.path()) else { panic!("it was opened") };
    assert!(matches!(refused.downcast_ref(), Some(OpenError::NewerSchema { found: 99, .. })), "{refused}");
    assert_eq!(std::fs::read(shelf.database())?, before);
    Ok(())
}

/// Every table's columns, and whether an INSERT has to give them.
fn columns(connection: &Connection) -> Result<BTreeMap<(String, String), bool>> {
    let sql = "SELECT t.name, c.name, c.\"notnull\" AND c.dflt_value IS NULL
        FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table'";
    let mut read = connection.prepare(sql)?;
    let columns = read.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?;
    Ok(columns.collect::<rusqlite::Result<_>>()?)
}
