//! What is reckoned is written once or not at all, whoever is killed in between and whoever comes first.

use std::path::Path;

use afterword_model::ports::{ManualClock, SeededEntropy};
use afterword_model::record::{DeviceId, StoreEpoch};
use afterword_model::response::{
    Answer, AnswerValue, ClockQuality, Draft, Outcome, RESPONSE_VERSION, Response, Stamp,
};

use super::pending::Pending;
use super::read::{holdings, of_all, plain};
use super::{Waiting, apply, take_back};
use crate::storage::erase;
use crate::storage::sql::{Connection, values};
use crate::storage::{Database, DatabaseUrl};

const DEVICE: DeviceId = DeviceId::new([1; 16]);
const EPOCH: StoreEpoch = StoreEpoch::new([2; 16]);

/// A database with so many happy ratings of 1970-01-11; it ends with the first of what is given.
fn database(records: i64) -> (DatabaseUrl, Connection) {
    let url = DatabaseUrl::in_memory().unwrap();
    let database = Database::of(Path::new(""), Some(&url));
    let connection = database.create(&ManualClock::at(0), &SeededEntropy::new(1)).unwrap();
    enrol(&connection, DEVICE, "Exit");
    hold(&connection, 1, records);
    (url, connection)
}

fn enrol(connection: &Connection, device: DeviceId, name: &str) {
    connection
        .execute(
            "insert into devices (device_id, name, store, created_ms, code_digest, code_expires_ms)
             values (?1, ?2, 'Harbour Street', 0, ?3, 0)",
            values![device.as_bytes(), name, &[device.as_bytes()[0]; 32]],
        )
        .unwrap();
}

/// Holds records from one to another.
fn hold(connection: &Connection, first: i64, last: i64) {
    hold_of(connection, DEVICE, first, last);
}

fn hold_of(connection: &Connection, device: DeviceId, first: i64, last: i64) {
    for seq in first..=last {
        let started =
            Stamp { wall_ms: 864_000_000, offset_min: 0, boot: 1, mono_ms: 0, clock: ClockQuality::Synced };
        let answers = vec![Answer { question: "visit".into(), value: AnswerValue::Face(5), at_ms: 0 }];
        let draft = Draft { answers, ..Draft::begun("exit", 1, "en", started) };
        let outcome = Outcome::Completed;
        let bytes =
            Response { v: RESPONSE_VERSION, seq: seq.unsigned_abs(), draft, outcome, took_ms: 0 }.to_bytes();
        connection
            .execute(
                "insert into records (device_id, epoch, seq, received_ms, head, bytes) values (?1, ?2, ?3, 0, ?4, ?5)",
                values![device.as_bytes(), EPOCH.as_bytes(), seq, &[0_u8; 32], &bytes],
            )
            .unwrap();
    }
    connection
        .execute(
            "insert into stores (device_id, epoch, mark, head, first_received_ms, last_received_ms)
             values (?1, ?2, ?3, ?4, 0, 0) on conflict (device_id, epoch) do update set mark = excluded.mark",
            values![device.as_bytes(), EPOCH.as_bytes(), last, &[0_u8; 32]],
        )
        .unwrap();
}

fn pending(connection: &Connection) -> Vec<Pending> {
    Waiting::default().next_part(connection, 64).unwrap()
}

/// Responses as each of the tables has them.
fn counted(connection: &Connection) -> [u64; 2] {
    let all = of_all(connection, (10, 10)).unwrap();
    let stores = plain(connection, (10, 10), false).unwrap();
    [
        all.iter().map(|(_, tally)| tally.outcomes.total()).sum(),
        stores.values().map(|store| store.responses).sum(),
    ]
}

#[test]
fn what_a_kill_took_back_is_counted_afterwards_and_once() {
    let (_url, connection) = database(8);
    let reckoned = pending(&connection);
    let killed = connection.transaction().unwrap();
    assert_eq!(apply(&killed, &reckoned).unwrap().records, 8);
    drop(killed);
    assert_eq!((counted(&connection), holdings(&connection).unwrap().looked_at), ([0, 0], 0));
    let transaction = connection.transaction().unwrap();
    apply(&transaction, &reckoned).unwrap();
    transaction.commit().unwrap();
    assert_eq!((counted(&connection), holdings(&connection).unwrap().looked_at), ([8, 8], 8));
}

#[test]
fn who_sends_all_the_time_keeps_nobody_waiting_for_longer_than_a_round() {
    let (_url, connection) = database(1);
    // It comes after the first one in every list.
    let other = DeviceId::new([9; 16]);
    enrol(&connection, other, "Entrance");
    hold_of(&connection, other, 1, 1);
    let mut waiting = Waiting::default();
    waiting.looked_for_max = 1;
    let mut turns = Vec::new();
    for seq in 2..=5 {
        let part = waiting.next_part(&connection, 1).unwrap();
        turns.extend(part.iter().map(Pending::device));
        apply(&connection, &part).unwrap();
        hold(&connection, seq, seq);
    }
    assert_eq!(turns, [DEVICE, other, DEVICE, DEVICE]);
    assert_eq!(counted(&connection), [5, 5]);
}

#[test]
fn what_somebody_else_has_counted_or_erased_meanwhile_is_reckoned_again() {
    let (_url, connection) = database(8);
    let (one, other) = (pending(&connection), pending(&connection));
    apply(&connection, &one).unwrap();
    let late = apply(&connection, &other).unwrap();
    assert_eq!((late.records, late.again, counted(&connection)), (0, 1, [8, 8]));
    hold(&connection, 9, 12);
    let reckoned = pending(&connection);
    erase::erase(&connection, &DEVICE, (EPOCH, 10), 0).unwrap();
    let late = apply(&connection, &reckoned).unwrap();
    assert_eq!((late.records, late.again, counted(&connection)), (0, 1, [8, 8]));
    let reckoned = pending(&connection);
    assert_eq!(apply(&connection, &reckoned).unwrap().records, 4);
    assert_eq!(counted(&connection), [11, 11]);
    // What waits to be counted is not taken back when it goes.
    hold(&connection, 13, 14);
    take_back(&connection, &DEVICE, &[(EPOCH, 13), (EPOCH, 14)]).unwrap();
    assert_eq!(counted(&connection), [11, 11]);
}
