//! A salvage for which there is no room, at the moment there is none.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::channel;

use afterword_model::ports::{ManualClock, SeededEntropy};
use afterword_model::record::StoreEpoch;
use afterword_model::response::{Answer, AnswerValue, ClockQuality, Draft, Outcome, Stamp};
use tempfile::TempDir;

use super::*;
use crate::connection::open_writer;
use crate::{Options, Store, schema};

/// A database of fifty answers that was set aside, and the path of the one that is to come after it.
fn set_aside() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let options = Options {
        clock: Arc::new(ManualClock::at(0)),
        entropy: Arc::new(SeededEntropy::new(1)),
        opens_cases: true,
    };
    let (store, _) = Store::open(directory.path(), options).unwrap();
    let started = Stamp { wall_ms: 0, offset_min: 0, boot: 1, mono_ms: 0, clock: ClockQuality::Free };
    let words = Answer { question: "words".into(), value: AnswerValue::Comment("x".repeat(500)), at_ms: 0 };
    for _ in 0..50 {
        let draft = Draft { answers: vec![words.clone()], ..Draft::begun("s", 1, "en", started) };
        let (done, frozen) = channel();
        store.freeze(draft, Outcome::Completed, 1, move |result| done.send(result).unwrap());
        frozen.recv().unwrap().unwrap();
    }
    store.close().unwrap();
    let path = directory.path().join("kiosk.db");
    std::fs::rename(&path, directory.path().join("kiosk.db.corrupt-1")).unwrap();
    (directory, path)
}

#[test]
fn without_room_a_file_waits_and_the_database_is_as_it_was() {
    let (_directory, path) = set_aside();
    let mut connection = Connection::open(&path).unwrap();
    schema::create(&mut connection, &StoreEpoch::new([9; 16])).unwrap();
    connection.close().unwrap();
    let mut connection = open_writer(&path).unwrap();
    wait_for(&connection, "kiosk.db.corrupt-1", None, 0).unwrap();
    let mut state = State::read(&connection, &path).unwrap();
    let (before, mut salvaged) = (state.clone(), Salvaged::default());
    let limit = |connection: &Connection, pages: u32| {
        connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).unwrap();
    };
    limit(&connection, 1);
    let refused = carry_waiting(&mut connection, &path, &mut state, 0, &mut salvaged);
    assert!(matches!(refused, Err(StoreError::Full(_))), "{refused:?}");
    assert_eq!((&state, State::read(&connection, &path).unwrap()), (&before, before.clone()));
    assert_eq!(waiting(&connection).unwrap(), ["kiosk.db.corrupt-1"]);
    limit(&connection, 100_000);
    carry_waiting(&mut connection, &path, &mut state, 0, &mut salvaged).unwrap();
    assert_eq!((salvaged.carried[0].records, state.last_seq), (50, 50));
    assert_eq!(State::read(&connection, &path).unwrap(), state);
    assert!(waiting(&connection).unwrap().is_empty());
}
