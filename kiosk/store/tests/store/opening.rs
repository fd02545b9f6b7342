//! What may stand where the database should be, and what becomes of it.

use std::path::Path;

use afterword_kiosk_store::{OpenError, StoreError};
use afterword_model::summary::Ask;
use rusqlite::Connection;

use crate::support::{self, assert_sound, complete, crash_image, directory, draft, open, try_open};

fn refusal(directory: &Path) -> OpenError {
    match try_open(directory) {
        Ok(_) => panic!("it was opened"),
        Err(error) => error,
    }
}

/// How many migrations there are.
const SCHEMA: i64 = 11;

#[test]
fn a_new_database_is_set_up_as_it_should_be() {
    let parent = directory();
    let directory = parent.path().join("data/kiosk");
    let (store, opened) = open(&directory);
    assert_eq!((opened.boot, opened.interrupted, opened.set_aside), (1, None, None));
    store.close().unwrap();
    let connection = Connection::open(directory.join("kiosk.db")).unwrap();
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(pragma("application_id"), 0x4157_6B64);
    assert_eq!(pragma("auto_vacuum"), 2);
    assert_eq!(pragma("user_version"), SCHEMA);
    // What a salvage reads by itself.
    assert_eq!(pragma("page_size"), 4096);
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

#[test]
fn another_programs_database_is_left_byte_for_byte() {
    let directory = directory();
    let path = directory.path().join("kiosk.db");
    for application_id in [0, 7] {
        let connection = Connection::open(&path).unwrap();
        connection.pragma_update(None, "application_id", application_id).unwrap();
        connection
            .execute_batch("CREATE TABLE IF NOT EXISTS theirs (x); INSERT INTO theirs VALUES (1)")
            .unwrap();
        drop(connection);
        let before = std::fs::read(&path).unwrap();
        let error = refusal(directory.path());
        assert!(matches!(error, OpenError::ForeignDatabase(_)));
        assert!(error.to_string().contains("belongs to another program"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
        let names = std::fs::read_dir(directory.path()).unwrap().count();
        assert_eq!(names, 2, "only the lock file was added");
    }
}

#[test]
fn a_file_that_is_no_database_is_left_too() {
    for content in [&b"a shopping list"[..], &[0; 8192], b"SQLite format 3"] {
        let directory = directory();
        let path = directory.path().join("kiosk.db");
        std::fs::write(&path, content).unwrap();
        assert!(matches!(refusal(directory.path()), OpenError::ForeignDatabase(_)));
        assert_eq!(std::fs::read(&path).unwrap(), content);
    }
}

#[test]
fn an_empty_file_is_nobodys() {
    let directory = directory();
    std::fs::write(directory.path().join("kiosk.db"), b"").unwrap();
    assert_eq!(open(directory.path()).1.boot, 1);
}

#[test]
fn what_was_half_made_is_made_again() {
    let directory = directory();
    std::fs::write(directory.path().join("kiosk.db.new"), b"SQLite format 3\0 and no more").unwrap();
    let (store, _) = open(directory.path());
    assert_eq!(complete(&store, draft(0, 1)).seq, 1);
    assert!(!directory.path().join("kiosk.db.new").exists());
}

#[test]
fn a_damaged_database_is_set_aside_and_collecting_goes_on() {
    /// Damage, as an edit of the file's bytes.
    type Damage = fn(&mut Vec<u8>);
    let damages: [(&str, Damage); 5] = [
        ("the header's magic", |bytes| bytes[..16].fill(b'?')),
        ("the whole header", |bytes| bytes[..4096].fill(0)),
        ("the pages", |bytes| bytes[4096..].fill(0x5A)),
        ("the end", |bytes| bytes.truncate(bytes.len() / 2)),
        ("everything", Vec::clear),
    ];
    for (what, damage) in damages {
        let directory = directory();
        let (store, first) = open(directory.path());
        for face in [1, 2, 3] {
            complete(&store, draft(0, face));
        }
        store.close().unwrap();
        // Not an orderly end, so that the file is looked through; that alone harms nothing.
        let path = directory.path().join("kiosk.db");
        Connection::open(&path).unwrap().execute_batch("UPDATE store SET clean = 0").unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        damage(&mut bytes);
        std::fs::write(&path, &bytes).unwrap();

        let (store, second) = open(directory.path());
        let aside = second.set_aside.unwrap_or_else(|| panic!("{what}: it was not noticed"));
        assert_eq!(aside, directory.path().join("kiosk.db.corrupt-1"), "{what}");
        assert_eq!(std::fs::read(&aside).unwrap(), bytes, "{what}: nothing of it is lost");
        assert_ne!(second.epoch, first.epoch, "{what}");
        let [carried] = &second.carried[..] else { panic!("{what}: {:?}", second.carried) };
        let lost: u64 = carried.former.lost.iter().map(|range| range.last + 1 - range.first).sum();
        assert_eq!((carried.former.epoch, carried.former.last_seq), (first.epoch, 3), "{what}");
        assert_eq!(carried.records + lost, 3, "{what}: all are accounted for");
        let next = complete(&store, draft(0, 4)).seq;
        assert_eq!((second.boot, next), (2, carried.records + 1), "{what}");
        assert_sound(&store);
        store.close().unwrap();
        assert_eq!(open(directory.path()).1.set_aside, None, "{what}: the new one is whole");
    }
}

#[test]
fn damage_that_no_first_glance_shows_is_found_after_a_crash() {
    let directory = directory();
    let (store, _) = open(directory.path());
    complete(&store, draft(0, 1));
    drop(store);
    let path = directory.path().join("kiosk.db");
    let connection = Connection::open(&path).unwrap();
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'face_hour'";
    let page = usize::from(connection.query_row(root, [], |row| row.get::<_, u16>(0)).unwrap());
    drop(connection);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[(page - 1) * 4096..page * 4096].fill(0x5A);
    std::fs::write(&path, &bytes).unwrap();
    assert!(open(directory.path()).1.set_aside.is_some());
}

#[test]
fn a_counter_that_lost_its_record_is_damage() {
    let directory = directory();
    let (store, _) = open(directory.path());
    complete(&store, draft(0, 1));
    complete(&store, draft(0, 2));
    store.close().unwrap();
    let connection = Connection::open(directory.path().join("kiosk.db")).unwrap();
    connection.execute_batch("DELETE FROM record WHERE seq = 2").unwrap();
    drop(connection);
    assert!(open(directory.path()).1.set_aside.is_some());
}

#[test]
fn a_log_without_its_database_is_not_played_into_the_new_one() {
    let directory = directory();
    let (store, first) = open(directory.path());
    complete(&store, draft(0, 1));
    let image = crash_image(directory.path());
    std::fs::remove_file(image.path().join("kiosk.db")).unwrap();
    let (after, opened) = open(image.path());
    assert_ne!(opened.epoch, first.epoch);
    let aside = opened.set_aside.unwrap();
    assert!(aside.with_extension("corrupt-1-wal").exists());
    // It is read, though: the log had not been moved into the database yet.
    assert_eq!(opened.carried[0].records, 1);
    assert_sound(&after);
}

#[test]
fn a_database_of_the_first_schema_is_still_read() {
    let directory = directory();
    std::fs::create_dir_all(directory.path()).unwrap();
    let path = directory.path().join("kiosk.db");
    Connection::open(&path).unwrap().execute_batch(include_str!("../fixtures/schema-0001.sql")).unwrap();
    let (store, opened) = open(directory.path());
    assert_eq!((opened.boot, opened.interrupted, opened.set_aside), (4, Some(3), None));
    assert_sound(&store);
    let summary = store.summary(Ask::days(0, 0)).unwrap();
    assert_eq!((summary.responses, summary.questions[0].counts.as_slice()), (3, &[0, 1, 0, 1, 1][..]));
    assert_eq!(store.position().unwrap().acknowledged_seq, 1);
    assert_eq!(complete(&store, draft(0, 1)).seq, 4);
    assert_sound(&store);

    // A migration that was shipped never changes: the old database is as a new one is.
    let new = support::directory();
    open(new.path());
    assert_eq!(schema(directory.path()), schema(new.path()));
}

/// Every statement of the schema, without comments and line ends.
fn schema(directory: &Path) -> Vec<String> {
    let connection = Connection::open(directory.join("kiosk.db")).unwrap();
    let mut read =
        connection.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").unwrap();
    let statements = read.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let plain = |sql: String| {
        let lines = sql.lines().map(str::trim).filter(|line| !line.starts_with("--"));
        lines.collect::<Vec<_>>().join(" ")
    };
    statements.map(|sql| plain(sql.unwrap())).collect()
}

#[test]
fn a_newer_schema_is_used_where_it_says_that_it_may_be() {
    let directory = directory();
    let (store, _) = open(directory.path());
    complete(&store, draft(0, 1));
    store.close().unwrap();
    let path = directory.path().join("kiosk.db");
    let newer =
        "ALTER TABLE record ADD COLUMN extra TEXT; CREATE TABLE later (x) STRICT; PRAGMA user_version = 99";
    let newer = newer.replace("(x)", "(x TEXT)");
    Connection::open(&path).unwrap().execute_batch(&newer).unwrap();
    let (store, _) = open(directory.path());
    assert_eq!(complete(&store, draft(0, 2)).seq, 2);
    assert_sound(&store);
    store.close().unwrap();

    Connection::open(&path).unwrap().execute_batch("UPDATE store SET compatible_with = 99").unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = refusal(directory.path());
    assert!(
        matches!(error, OpenError::NewerSchema { found: 99, known, .. } if known == SCHEMA as usize),
        "{error}"
    );
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_database_that_somebody_keeps_locked_is_not_waited_for_for_ever() {
    let directory = directory();
    open(directory.path()).0.close().unwrap();
    let other = Connection::open(directory.path().join("kiosk.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = refusal(directory.path());
    assert!(matches!(error, OpenError::Store(StoreError::Locked(_))), "{error}");
    drop(other);
    assert_eq!(open(directory.path()).1.set_aside, None);
}
