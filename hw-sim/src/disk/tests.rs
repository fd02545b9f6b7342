//! The disk as a test meets it: through SQLite, and through the file system beside it.

use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;

use rusqlite::{Connection, ErrorCode};
use tempfile::TempDir;

use super::{Counts, Failing, Faults, Image, LossyDisk, Operation, Policy};

/// A database in write-ahead mode that syncs every commit, on a disk of its own.
struct Fixture {
    disk: LossyDisk,
    directory: TempDir,
    connection: Connection,
}

fn fixture() -> Fixture {
    let directory = tempfile::tempdir().unwrap();
    let disk = LossyDisk::on(directory.path()).unwrap();
    let connection = open(&directory.path().join("a.db"));
    connection.execute_batch("CREATE TABLE t (x INTEGER PRIMARY KEY, y BLOB)").unwrap();
    Fixture { disk, directory, connection }
}

fn open(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL").unwrap();
    connection
}

impl Fixture {
    fn add(&self, x: i64) -> rusqlite::Result<()> {
        self.connection.execute("INSERT INTO t VALUES (?1, randomblob(3000))", [x]).map(|_| ())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

/// How many rows a database in such an image has; `None` when it is damaged.
fn rows(image: &Image) -> Option<i64> {
    let directory = tempfile::tempdir().unwrap();
    image.restore(directory.path()).unwrap();
    let connection = open(&directory.path().join("a.db"));
    let sound: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).ok()?;
    if sound != "ok" {
        return None;
    }
    connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).ok()
}

/// Every policy, the seeded ones a few times.
fn policies() -> Vec<Policy> {
    let seeded =
        (0..8).flat_map(|seed| [Policy::Beginning(seed), Policy::Scattered(seed), Policy::Torn(seed)]);
    [Policy::Dropped, Policy::Kept].into_iter().chain(seeded).collect()
}

#[test]
fn a_synced_commit_is_in_every_image_and_one_that_was_not_in_some() {
    let fixture = fixture();
    fixture.add(1).unwrap();
    for policy in policies() {
        assert_eq!(rows(&fixture.disk.image(policy)), Some(1), "{policy}");
    }
    fixture.connection.execute_batch("PRAGMA synchronous = OFF").unwrap();
    fixture.add(2).unwrap();
    assert_eq!(rows(&fixture.disk.image(Policy::Dropped)), Some(1));
    assert_eq!(rows(&fixture.disk.image(Policy::Kept)), Some(2));
    let torn: Vec<_> = (0..50).map(|seed| rows(&fixture.disk.image(Policy::Torn(seed)))).collect();
    assert!(torn.contains(&Some(1)) && torn.iter().all(Option::is_some), "{torn:?}");
}

#[test]
fn the_same_seed_leaves_the_same_image() {
    let fixture = fixture();
    fixture.connection.execute_batch("PRAGMA synchronous = OFF").unwrap();
    fixture.add(1).unwrap();
    for policy in policies() {
        assert_eq!(fixture.disk.image(policy), fixture.disk.image(policy), "{policy}");
    }
    assert_ne!(fixture.disk.image(Policy::Torn(1)), fixture.disk.image(Policy::Torn(2)));
}

#[test]
fn torn_means_that_every_sector_is_old_or_new() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("a.db"), vec![0; 8192]).unwrap();
    let disk = LossyDisk::on(directory.path()).unwrap();
    // As SQLite would, but with bytes that can be told apart.
    let mut state = disk.disk.lock();
    let file = state.medium.open("a.db", &directory.path().join("a.db"));
    state.medium.write(file, 100, &[7; 4000]);
    drop(state);
    let (mut some, mut beginning) = (false, false);
    for seed in 0..100 {
        let of = |policy| disk.image(policy).file("a.db").unwrap().to_vec();
        let torn = of(Policy::Torn(seed));
        for (place, sector) in torn.chunks(512).enumerate() {
            let written = |at: usize| (100..4100).contains(&(place * 512 + at));
            let (new, old) = (|at: usize| if written(at) { 7 } else { 0 }, |_: usize| 0);
            let is = |expected: &dyn Fn(usize) -> u8| {
                sector.iter().enumerate().all(|(at, &byte)| byte == expected(at))
            };
            assert!(is(&new) || is(&old), "sector {place} of seed {seed}");
        }
        some |= torn[600] != torn[1200];
        let begun = of(Policy::Beginning(seed));
        let end = begun.iter().rposition(|&byte| byte == 7).map_or(100, |last| last + 1);
        assert!(begun[100..end].iter().all(|&byte| byte == 7), "no hole in a beginning");
        beginning |= (101..4100).contains(&end);
    }
    assert!(some && beginning, "a hundred seeds tear something");
}

#[test]
fn a_name_is_there_after_its_directorys_sync() {
    let fixture = fixture();
    let connection = Connection::open(fixture.path("b.db")).unwrap();
    connection.execute_batch("PRAGMA journal_mode = OFF; CREATE TABLE t (x)").unwrap();
    let dropped = fixture.disk.image(Policy::Dropped);
    assert_eq!(
        dropped.names().collect::<Vec<_>>(),
        ["a.db", "a.db-wal"],
        "b.db was synced, its name was not"
    );
    drop(connection);
    // A rollback journal is removed with a sync of the directory when that is asked of it.
    let connection = Connection::open(fixture.path("b.db")).unwrap();
    connection.execute_batch("PRAGMA synchronous = EXTRA; INSERT INTO t VALUES (1)").unwrap();
    let dropped = fixture.disk.image(Policy::Dropped);
    assert_eq!(dropped.names().collect::<Vec<_>>(), ["a.db", "a.db-wal", "b.db"]);
}

#[test]
fn the_logs_index_is_in_no_image() {
    let fixture = fixture();
    assert!(fixture.path("a.db-shm").exists());
    assert_eq!(fixture.disk.image(Policy::Kept).names().collect::<Vec<_>>(), ["a.db", "a.db-wal"]);
}

#[test]
fn a_lie_is_made_up_for_by_the_next_honest_sync() {
    let fixture = fixture();
    fixture.disk.fail(|faults| faults.lying = true);
    fixture.add(1).unwrap();
    fixture.add(2).unwrap();
    assert_eq!(rows(&fixture.disk.image(Policy::Dropped)), Some(0));
    // Of another file, that is: a card has one cache for all of them.
    fixture.disk.fail(|faults| faults.lying = false);
    Connection::open(fixture.path("b.db")).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    assert_eq!(rows(&fixture.disk.image(Policy::Dropped)), Some(2));
}

#[test]
fn what_a_failed_sync_was_to_save_is_lost_though_programs_see_it() {
    let fixture = fixture();
    fixture.disk.fail(|faults| faults.syncs = Failing::next(1));
    let error = fixture.add(1).unwrap_err();
    assert_eq!(error.sqlite_error_code(), Some(ErrorCode::SystemIoFailure));
    let before = std::fs::read(fixture.path("a.db-wal")).unwrap();
    let image = fixture.disk.image(Policy::Kept);
    let kept = image.file("a.db-wal").unwrap();
    assert!(
        kept.len() < before.len(),
        "the system shows {} bytes, the disk has {}",
        before.len(),
        kept.len()
    );
}

#[test]
fn a_change_beside_the_database_saves_nothing_of_it() {
    let fixture = fixture();
    fixture.connection.execute_batch("PRAGMA synchronous = OFF").unwrap();
    fixture.add(1).unwrap();
    std::fs::write(fixture.path("note"), "one").unwrap();
    drop(Connection::open(fixture.path("b.db")).unwrap().execute_batch("SELECT 1 FROM sqlite_schema"));
    let image = fixture.disk.image(Policy::Dropped);
    assert_eq!((image.file("note"), rows(&image)), (Some(&b"one"[..]), Some(0)));
}

#[test]
fn reads_and_writes_fail_as_often_as_they_are_told() {
    let fixture = fixture();
    fixture.add(1).unwrap();
    fixture.disk.fail(|faults| faults.writes = Failing { after: 1, times: 1 });
    assert_eq!(fixture.add(2).unwrap_err().sqlite_error_code(), Some(ErrorCode::SystemIoFailure));
    fixture.add(2).unwrap();
    let other = Connection::open(fixture.path("a.db")).unwrap();
    fixture.disk.fail(|faults| faults.reads = Failing::next(1));
    let read = |connection: &Connection| {
        connection.query_row("SELECT count(y) FROM t", [], |row| row.get::<_, i64>(0))
    };
    assert_eq!(read(&other).unwrap_err().sqlite_error_code(), Some(ErrorCode::SystemIoFailure));
    assert_eq!(read(&other), Ok(2));
    assert_eq!(fixture.disk.faults(), Faults::default());
}

#[test]
fn a_full_disk_takes_no_more_until_there_is_room() {
    let fixture = fixture();
    std::fs::write(fixture.path("reserve"), vec![0; 100_000]).unwrap();
    fixture.disk.fail(|faults| faults.room_bytes = Some(20_000));
    let added = (1..100).take_while(|&x| fixture.add(x).is_ok()).count();
    assert!((1..5).contains(&added), "{added} rows of some thousand bytes each");
    assert_eq!(fixture.add(100).unwrap_err().sqlite_error_code(), Some(ErrorCode::DiskFull));
    std::fs::remove_file(fixture.path("reserve")).unwrap();
    fixture.add(100).unwrap();
    assert_eq!(rows(&fixture.disk.image(Policy::Dropped)), Some(i64::try_from(added).unwrap() + 1));
}

#[test]
fn a_read_only_disk_is_read() {
    let fixture = fixture();
    fixture.add(1).unwrap();
    fixture.disk.fail(|faults| faults.read_only = true);
    assert!(fixture.add(2).is_err());
    let other = Connection::open(fixture.path("a.db")).unwrap();
    assert_eq!(other.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0)), Ok(1));
    let error = other.execute_batch("DELETE FROM t").unwrap_err();
    assert_eq!(error.sqlite_error_code(), Some(ErrorCode::ReadOnly));
}

#[test]
fn a_flipped_bit_is_read_until_it_is_written_over() {
    let fixture = fixture();
    fixture.add(1).unwrap();
    fixture.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let sound = fixture.disk.image(Policy::Kept).file("a.db").unwrap().to_vec();
    let at = sound.len() as u64 - 100;
    fixture.disk.flip("a.db", at, 0x10);
    let image = fixture.disk.image(Policy::Kept);
    let spoilt = image.file("a.db").unwrap();
    let different: Vec<usize> = (0..sound.len()).filter(|&place| sound[place] != spoilt[place]).collect();
    assert_eq!(different, [usize::try_from(at).unwrap()]);
    let blob = |connection: &Connection| {
        connection.query_row("SELECT y FROM t", [], |row| row.get::<_, Vec<u8>>(0)).unwrap()
    };
    let other = Connection::open(fixture.path("a.db")).unwrap();
    assert_ne!(blob(&other), blob(&fixture.connection), "one of the two has it in its cache still");
    fixture
        .connection
        .execute_batch("UPDATE t SET y = randomblob(3000); PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    let fresh = Connection::open(fixture.path("a.db")).unwrap();
    assert_eq!(blob(&fresh), blob(&fixture.connection));
}

#[test]
fn without_power_everything_fails_and_with_it_the_past_is_back() {
    let fixture = fixture();
    fixture.add(1).unwrap();
    let number = fixture.disk.counts().total() + 2;
    fixture.disk.cut_power_at(number, Policy::Dropped);
    assert!(fixture.disk.is_on());
    assert!(fixture.add(2).is_err());
    assert!(!fixture.disk.is_on());
    assert_eq!(fixture.disk.counts().total(), number, "nothing happened afterwards");
    assert!(
        Connection::open(fixture.path("a.db"))
            .and_then(|other| other.execute_batch("SELECT 1 FROM t"))
            .is_err()
    );
    let Fixture { disk, directory, connection } = fixture;
    drop(connection);
    disk.restore_power().unwrap();
    let connection = open(&directory.path().join("a.db"));
    assert_eq!(connection.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0)), Ok(1));
}

#[test]
fn what_is_done_without_sqlite_is_torn_at_its_moment_and_durable_afterwards() {
    let fixture = fixture();
    fixture.add(1).unwrap();
    let (send, seen) = channel();
    fixture.disk.observe(move |moment| {
        if matches!(moment.operation, Operation::Outside { .. }) {
            let (before, after) = (moment.image(Policy::Dropped), moment.image(Policy::Kept));
            send.send((moment.operation.to_string(), before, after)).unwrap();
        }
    });
    std::fs::write(fixture.path("draft"), "one").unwrap();
    fixture.add(2).unwrap();
    std::fs::rename(fixture.path("draft"), fixture.path("final")).unwrap();
    fixture.add(3).unwrap();
    std::fs::write(fixture.path("final"), "three").unwrap();
    fixture.add(4).unwrap();
    std::fs::remove_file(fixture.path("final")).unwrap();
    fixture.add(5).unwrap();
    let mut found = Vec::new();
    while let Ok((what, before, after)) = seen.try_recv() {
        let of =
            |image: &Image, name| image.file(name).map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
        found.push((
            what,
            of(&before, "draft").or(of(&before, "final")),
            of(&after, "draft").or(of(&after, "final")),
        ));
    }
    let text = |text: &str| Some(text.to_owned());
    let change = |name: &str| format!("change of {name} without SQLite");
    assert_eq!(
        found,
        [
            (change("draft"), None, text("one")),
            (change("final"), text("one"), text("one")),
            (change("final"), text("one"), text("three")),
            (change("final"), text("three"), None),
        ]
    );
    assert_eq!(fixture.disk.image(Policy::Dropped).names().collect::<Vec<_>>(), ["a.db", "a.db-wal"]);
}

#[test]
fn a_database_that_was_changed_while_closed_is_seen() {
    let Fixture { disk, directory, connection } = fixture();
    drop(connection);
    let path = directory.path().join("a.db");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[60] = 9;
    std::fs::write(&path, &bytes).unwrap();
    let connection = Connection::open(&path).unwrap();
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_ne!(version, 0);
    assert_eq!(disk.image(Policy::Dropped).file("a.db").unwrap(), bytes);
}

#[test]
fn everything_is_counted_and_only_under_a_disk() {
    let fixture = fixture();
    let before = fixture.disk.counts();
    fixture.add(1).unwrap();
    fixture.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let after = fixture.disk.counts();
    assert!(after.writes > before.writes && after.syncs > before.syncs && after.truncates > before.truncates);
    let elsewhere = tempfile::tempdir().unwrap();
    let other = open(&elsewhere.path().join("a.db"));
    other.execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1)").unwrap();
    assert_eq!(fixture.disk.counts(), after);
    let Fixture { disk, directory, connection } = fixture;
    connection.close().unwrap();
    assert!(disk.counts().unlinks > after.unlinks, "the log goes with its last connection");
    drop(disk);
    let again = LossyDisk::on(directory.path()).unwrap();
    assert_eq!(again.counts(), Counts::default());
}
