//! What is counted is what the records say, whatever happened to clocks, flags, records and the program meanwhile.

use std::collections::BTreeMap;

use afterword_kiosk_store::Store;
use afterword_model::record::{Head, StoreEpoch};
use afterword_model::response::{ClockQuality, Draft, Flag, Outcome, RESPONSE_VERSION, Response, Stamp};
use afterword_model::summary::Ask;
use afterword_model::tally::{Cell, Tally};
use proptest::collection::vec;
use proptest::prelude::*;
use rusqlite::{Connection, params};
use tempfile::TempDir;

use crate::queue_suite::receipt_at;
use crate::support::{assert_sound, complete, directory, draft, freeze, open};

const DAY_MS: i64 = 86_400_000;

/// A response of a boot whose clock stood at its zero as it began.
fn unclocked(boot: u32, mono_ms: u64, face: u8) -> Draft {
    let mut draft = draft(0, face);
    let wall_ms = i64::try_from(mono_ms).unwrap();
    draft.started = Stamp { wall_ms, offset_min: 0, boot, mono_ms, clock: ClockQuality::Unset };
    draft
}

/// The same of one that knew that its zero fell on the beginning of this day, in a store an hour east.
fn clocked(boot: u32, mono_ms: u64, zero_day: i64, face: u8) -> Draft {
    let mut draft = unclocked(boot, mono_ms, face);
    draft.started.wall_ms += zero_day * DAY_MS;
    (draft.started.offset_min, draft.started.clock) = (60, ClockQuality::Synced);
    draft
}

fn responses(store: &Store, day: i64) -> u64 {
    store.summary(Ask::days(day, day)).unwrap().responses
}

#[test]
fn responses_before_the_clock_was_known_are_counted_on_their_day_once_it_is() {
    let directory = directory();
    let (store, opened) = open(directory.path());
    complete(&store, unclocked(opened.boot, 1_000, 1));
    complete(&store, unclocked(opened.boot, 2_000, 2));
    assert_eq!((responses(&store, 0), responses(&store, 20_000)), (2, 0));
    complete(&store, clocked(opened.boot, 3_000, 20_000, 5));
    assert_eq!((responses(&store, 0), responses(&store, 20_000)), (0, 3));
    let day = store.summary(Ask::days(20_000, 20_000)).unwrap();
    assert_eq!((day.hours.len(), day.hours[0].name.as_str()), (1, "1"), "an hour east of the zero");
    // The clock is lost again and the boot still known.
    complete(&store, unclocked(opened.boot, 4_000, 3));
    assert_eq!((responses(&store, 0), responses(&store, 20_000)), (0, 4));
    assert_sound(&store);
    store.close().unwrap();

    let (store, opened) = open(directory.path());
    complete(&store, unclocked(opened.boot, 1_000, 4));
    assert_eq!((responses(&store, 0), responses(&store, 20_000)), (1, 4), "of another boot nothing is known");
    assert_sound(&store);
}

#[test]
fn what_an_older_program_counted_by_the_hour_is_still_counted() {
    let directory = directory();
    let (store, opened) = open(directory.path());
    let heads: Vec<Head> = (1..=3).map(|face| complete(&store, draft(0, face)).head).collect();
    let flags = vec![Flag::Repeat];
    complete(&store, Draft { flags, language: "de".into(), ..draft(1, 4) });
    let receipt = receipt_at(opened.epoch, 2, heads[1], 1, DAY_MS);
    store.queue().accept_blocking(&receipt).unwrap();
    assert_eq!(store.purge(0).unwrap().records, 2);
    store.close().unwrap();
    // As a program of the schema before would have left it.
    let connection = Connection::open(directory.path().join("kiosk.db")).unwrap();
    connection
        .execute_batch(
            "DELETE FROM cell;
             INSERT INTO response_hour VALUES (0, 0, 'grocery-exit', 'completed', 3), (1, 0, 'grocery-exit', 'completed', 1);
             INSERT INTO face_hour VALUES (0, 0, 'grocery-exit', 'visit', 'en', 1, 1), (0, 0, 'grocery-exit', 'visit', 'en', 2, 1),
                 (0, 0, 'grocery-exit', 'visit', 'en', 3, 1), (1, 0, 'grocery-exit', 'visit', 'de', 4, 1);
             INSERT INTO flagged_response_hour VALUES (1, 0, 'grocery-exit', 'completed', 1);
             INSERT INTO flagged_face_hour VALUES (1, 0, 'grocery-exit', 'visit', 'de', 4, 1);",
        )
        .unwrap();
    drop(connection);
    let (store, _) = open(directory.path());
    assert_sound(&store);
    let summary = store.summary(Ask::days(0, 1)).unwrap();
    assert_eq!((summary.responses, summary.flagged), (4, 1));
    assert_eq!(summary.questions[0].counts, [1, 1, 1, 1, 0]);
    assert_eq!(summary.hours[0].counts, [1, 1, 1, 1, 0], "in their hour");
    let languages: Vec<_> =
        summary.languages.iter().map(|part| (part.name.as_str(), part.responses)).collect();
    assert_eq!(languages, [("", 2), ("de", 1), ("en", 1)], "of what is purged the hours told no language");
}

/// A store in which another program counts the third of three records and the flagged fourth: none of them in a cell.
fn rolled_back() -> (TempDir, Connection) {
    let directory = directory();
    let (store, _) = open(directory.path());
    complete(&store, draft(0, 1));
    complete(&store, draft(0, 2));
    store.close().unwrap();
    let path = directory.path().join("kiosk.db");
    let kept = directory.path().join("kept.db");
    let keep = format!("ATTACH '{}' AS aside; CREATE TABLE aside.kept AS SELECT * FROM cell", kept.display());
    Connection::open(&path).unwrap().execute_batch(&keep).unwrap();
    let (store, _) = open(directory.path());
    complete(&store, draft(0, 5));
    complete(&store, Draft { flags: vec![Flag::Repeat], ..draft(0, 4) });
    store.close().unwrap();
    let connection = Connection::open(&path).unwrap();
    let back = format!(
        "ATTACH '{}' AS aside; DELETE FROM cell; INSERT INTO cell SELECT * FROM aside.kept; DETACH aside",
        kept.display()
    );
    connection.execute_batch(&back).unwrap();
    (directory, connection)
}

/// Opens it again and again; what the other program counted is counted, and once.
fn is_taken_over(directory: &TempDir) {
    let (store, _) = open(directory.path());
    assert_sound(&store);
    let summary = store.summary(Ask::days(0, 0)).unwrap();
    assert_eq!((summary.responses, summary.flagged), (4, 1));
    assert_eq!(summary.questions[0].counts, [1, 1, 0, 1, 1]);
    complete(&store, draft(0, 5));
    store.close().unwrap();
    let (store, _) = open(directory.path());
    assert_eq!(store.summary(Ask::days(0, 0)).unwrap().questions[0].counts, [1, 1, 0, 1, 2]);
    assert_sound(&store);
}

#[test]
fn what_a_program_of_the_first_schemas_counted_after_a_roll_back_is_counted_once() {
    let (directory, connection) = rolled_back();
    connection
        .execute_batch(
            "INSERT INTO response_hour VALUES (0, 0, 'grocery-exit', 'completed', 2);
             INSERT INTO face_hour VALUES (0, 0, 'grocery-exit', 'visit', 'en', 5, 1),
                 (0, 0, 'grocery-exit', 'visit', 'en', 4, 1);
             INSERT INTO flagged_response_hour VALUES (0, 0, 'grocery-exit', 'completed', 1);
             INSERT INTO flagged_face_hour VALUES (0, 0, 'grocery-exit', 'visit', 'en', 4, 1);",
        )
        .unwrap();
    drop(connection);
    is_taken_over(&directory);
}

/// Rows of JSON, as a program of schema 5 writes them.
fn as_json(connection: &Connection, flagged: bool, face: u8) {
    let mut tally = Tally::default();
    let mut draft = draft(0, face);
    draft.flags.extend(flagged.then_some(Flag::Repeat));
    let response = Response { v: RESPONSE_VERSION, seq: 1, draft, outcome: Outcome::Completed, took_ms: 0 };
    tally.add(&response, 0);
    let Cell { day, survey, touchpoint, language, flagged } = Cell::of(&response, 0);
    connection
        .execute(
            "INSERT INTO tally (day, survey, touchpoint, language, flagged, responses, counts)
             VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6)",
            params![day, survey, touchpoint, language, flagged, serde_json::to_string(&tally).unwrap()],
        )
        .unwrap();
}

#[test]
fn what_a_program_that_counts_in_json_counted_after_a_roll_back_is_counted_once() {
    let (directory, connection) = rolled_back();
    as_json(&connection, false, 5);
    as_json(&connection, true, 4);
    drop(connection);
    is_taken_over(&directory);
    let left = "SELECT count(*) FROM tally";
    let connection = Connection::open(directory.path().join("kiosk.db")).unwrap();
    assert_eq!(connection.query_row(left, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
}

#[test]
fn counts_that_rotted_are_named_and_stop_no_start() {
    let (directory, connection) = rolled_back();
    as_json(&connection, false, 5);
    as_json(&connection, true, 4);
    connection.execute_batch("UPDATE tally SET counts = '{\"outcomes\":'").unwrap();
    drop(connection);
    let (store, _) = open(directory.path());
    assert_eq!(store.summary(Ask::days(0, 0)).unwrap().responses, 2, "what cannot be read is not");
    let problems = store.verify().unwrap().problems.join("\n");
    assert!(problems.contains("do not add up"), "{problems}");
    store.close().unwrap();

    let connection = Connection::open(directory.path().join("kiosk.db")).unwrap();
    connection.execute_batch("UPDATE cell SET counts = x'01ff'").unwrap();
    drop(connection);
    let (store, _) = open(directory.path());
    let problems = store.verify().unwrap().problems.join("\n");
    assert!(problems.contains("a cell's counts cannot be read"), "{problems}");
    // Whoever comes then is kept all the same.
    let last_seq = complete(&store, draft(0, 5)).seq;
    assert!(store.summary(Ask::days(0, 0)).is_err(), "no number is made up");
    store.close().unwrap();
    let (store, opened) = open(directory.path());
    assert_eq!((opened.set_aside, complete(&store, draft(0, 5)).seq), (None, last_seq + 1));
    store.close().unwrap();

    // Where others of the cell are counted again, so is what rotted, from its record.
    let (directory, connection) = rolled_back();
    as_json(&connection, false, 5);
    as_json(&connection, true, 4);
    connection.execute_batch("UPDATE tally SET counts = '{\"outcomes\":' WHERE flagged").unwrap();
    drop(connection);
    let (store, _) = open(directory.path());
    assert_eq!(store.summary(Ask::days(0, 0)).unwrap().responses, 4);
    assert_sound(&store);
}

#[derive(Debug, Clone)]
enum Operation {
    /// A face, whether it is flagged, and whether the clock is known.
    Freeze(u8, bool, bool),
    /// A receipt for this share of the records of former boots, in tenths, and what it allows to go.
    Purge(u64),
    /// Ended in order, or killed.
    Reopen(bool),
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let operation = prop_oneof![
        6 => (1_u8..=5, any::<bool>(), any::<bool>()).prop_map(|(face, flagged, clocked)| {
            Operation::Freeze(face, flagged, clocked)
        }),
        1 => (0_u64..=10).prop_map(Operation::Purge),
        1 => any::<bool>().prop_map(Operation::Reopen),
    ];
    vec(operation, 0..40)
}

/// What was answered in one boot.
#[derive(Default)]
struct Boot {
    /// Face, flagged, whether the clock was known then.
    answers: Vec<(u8, bool, bool)>,
}

struct Shop {
    directory: TempDir,
    store: Option<Store>,
    epoch: StoreEpoch,
    boot: u32,
    boots: BTreeMap<u32, Boot>,
    heads: Vec<Head>,
    of_former_boots: u64,
    receipts: i64,
}

impl Shop {
    fn opens() -> Self {
        let directory = directory();
        let (store, opened) = open(directory.path());
        Self {
            directory,
            store: Some(store),
            epoch: opened.epoch,
            boot: opened.boot,
            boots: BTreeMap::new(),
            heads: Vec::new(),
            of_former_boots: 0,
            receipts: 0,
        }
    }

    fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    fn carry_out(&mut self, operation: &Operation) {
        match *operation {
            Operation::Freeze(face, flagged, is_clocked) => {
                let boot = self.boots.entry(self.boot).or_default();
                let mono_ms = 1_000 * (1 + boot.answers.len() as u64);
                let mut draft = if is_clocked {
                    clocked(self.boot, mono_ms, 20_000 + i64::from(self.boot), face)
                } else {
                    unclocked(self.boot, mono_ms, face)
                };
                draft.flags.extend(flagged.then_some(Flag::Burst));
                boot.answers.push((face, flagged, is_clocked));
                self.heads.push(freeze(self.store(), draft, Outcome::Completed).unwrap().head);
            }
            Operation::Purge(tenths) => {
                let through = self.of_former_boots * tenths / 10;
                let Some(head) = (through as usize).checked_sub(1).map(|place| self.heads[place]) else {
                    return;
                };
                self.receipts += 1;
                let receipt = receipt_at(self.epoch, through, head, 1, self.receipts * DAY_MS);
                self.store().queue().accept_blocking(&receipt).unwrap();
                self.store().purge(0).unwrap();
            }
            Operation::Reopen(in_order) => {
                let store = self.store.take().unwrap();
                if in_order {
                    store.close().unwrap();
                } else {
                    drop(store);
                }
                let (store, opened) = open(self.directory.path());
                (self.store, self.boot) = (Some(store), opened.boot);
                self.of_former_boots = self.heads.len() as u64;
            }
        }
    }

    /// Faces by day, of all and of what is not flagged.
    fn expected(&self) -> BTreeMap<i64, [Vec<u64>; 2]> {
        let mut days: BTreeMap<i64, [Vec<u64>; 2]> = BTreeMap::new();
        for (boot, Boot { answers }) in &self.boots {
            let is_known = answers.iter().any(|(_, _, is_clocked)| *is_clocked);
            let day = if is_known { 20_000 + i64::from(*boot) } else { 0 };
            let counts = days.entry(day).or_insert_with(|| [vec![0; 5], vec![0; 5]]);
            for (face, flagged, _) in answers {
                counts[0][usize::from(*face) - 1] += 1;
                counts[1][usize::from(*face) - 1] += u64::from(!flagged);
            }
        }
        days
    }

    fn check(&self) {
        let mut total = 0;
        for (day, expected) in self.expected() {
            for (without_flagged, expected) in [false, true].into_iter().zip(&expected) {
                let ask = Ask { without_flagged, ..Ask::days(day, day) };
                let summary = self.store().summary(ask).unwrap();
                assert_eq!(summary.responses, expected.iter().sum::<u64>(), "day {day}");
                let found = summary.questions.first().map(|question| question.counts.clone());
                assert_eq!(found.unwrap_or_else(|| vec![0; 5]), *expected, "day {day}");
                total += if without_flagged { 0 } else { summary.responses };
            }
        }
        assert_eq!(total, self.heads.len() as u64);
        assert_sound(self.store());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn what_is_counted_equals_a_recount_after_anything(operations in operations()) {
        let mut shop = Shop::opens();
        for operation in &operations {
            shop.carry_out(operation);
        }
        shop.check();
    }
}
