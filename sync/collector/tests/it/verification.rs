//! `verify`, and what is left after a kill.

use std::io::BufRead as _;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use afterword_collector::Admin;
use afterword_model::carried::{Origin, wrap};
use afterword_model::ports::Clock;
use afterword_model::record::StoreEpoch;
use afterword_protocol::system::{SystemClock, SystemEntropy};
use rusqlite::Connection;

use crate::support::{Device, Server};

#[tokio::test]
async fn a_changed_or_missing_record_is_found() {
    let server = Server::start().await;
    let device = server.device("Exit").await.with_records(10);
    device.send(device.batch(1, 10)).await.receipt();
    server.verify();
    let database = Connection::open(server.folder.path().join("collector.db")).unwrap();
    let broken_at = |statement: &str| {
        database.execute_batch(&format!("savepoint damage; {statement}")).unwrap();
        database.execute_batch("release damage").unwrap();
        let report = server.admin().verify().unwrap();
        assert!(!report.is_sound());
        report.stores[0].broken.as_ref().unwrap().seq
    };
    assert_eq!(broken_at("update stores set mark = 12"), 11);
    assert_eq!(broken_at("update stores set mark = 10, head = zeroblob(32)"), 11);
    assert_eq!(broken_at("update records set bytes = cast('x' as blob) where seq = 7"), 7);
    assert_eq!(broken_at("delete from records where seq = 4"), 4);
}

#[tokio::test]
async fn a_list_of_carried_records_that_says_other_than_the_records_is_found() {
    let server = Server::start().await;
    let mut device = server.device("Exit").await.with_records(5);
    device.send(device.batch(1, 5)).await.receipt();
    let former = std::mem::replace(&mut device.epoch, StoreEpoch::new([8; 16]));
    device.records = (1..=4)
        .zip(&device.records)
        .map(|(seq, record)| wrap(seq, Origin { epoch: former, seq }, record).unwrap())
        .chain([device.records[4].clone()])
        .collect();
    device.send(device.batch(1, 5)).await.receipt();
    server.admin().erase("Exit", (former, 4)).unwrap();
    assert_eq!((server.verify().records(), server.verify().counted()), (10, 6));

    let database = Connection::open(server.folder.path().join("collector.db")).unwrap();
    let broken_at = |statement: &str| {
        database.execute_batch("create temp table kept as select * from main.carried").unwrap();
        database.execute_batch(statement).unwrap();
        let report = server.admin().verify().unwrap();
        let after = "delete from carried; insert into carried select * from temp.kept; drop table temp.kept";
        database.execute_batch(after).unwrap();
        report.stores.iter().find_map(|store| store.broken.as_ref()).map(|found| found.seq)
    };
    assert_eq!(broken_at("update carried set origin_seq = 9 where seq = 2"), Some(2));
    assert_eq!(broken_at("update carried set digest = zeroblob(32) where seq = 1"), Some(1));
    assert_eq!(broken_at("delete from carried where seq = 3"), Some(3));
    assert_eq!(broken_at("update carried set digest = zeroblob(32) where seq = 4"), Some(4), "an erased one");
    let one_more = "insert into carried select device_id, epoch, seq + 1, origin_epoch, 5, digest from carried where seq = 4";
    assert_eq!(broken_at(one_more), Some(5), "this one was never carried");
    assert_eq!(broken_at(&one_more.replace("seq + 1", "seq + 8")), Some(12), "nor is there any such record");
    server.verify();
}

#[tokio::test]
async fn every_receipt_for_new_records_is_kept_and_held_against_the_chain_and_the_key() {
    let server = Server::start().await;
    let device = server.device("Exit").await.with_records(10);
    let first = device.send(device.batch(1, 4)).await.receipt();
    server.clock.advance_ms(1_000);
    device.send(device.batch(3, 10)).await.receipt();
    device.send(device.batch(1, 10)).await.receipt();
    assert_eq!(server.verify().stores[0].receipts, 2, "a batch sent again leaves no row");
    let database = Connection::open(server.folder.path().join("collector.db")).unwrap();
    let kept: Vec<u8> = database
        .query_row("select signature from receipts where through_seq = 4", [], |row| row.get(0))
        .unwrap();
    assert_eq!(kept, first.signature.as_bytes());

    let false_at = |column: &str, value: &str| {
        let before = "create temp table kept as select * from main.receipts";
        let after =
            "delete from receipts; insert into receipts select * from temp.kept; drop table temp.kept";
        database.execute_batch(before).unwrap();
        database
            .execute_batch(&format!("update receipts set {column} = {value} where through_seq = 10"))
            .unwrap();
        let report = server.admin().verify().unwrap();
        database.execute_batch(after).unwrap();
        assert!(!report.is_sound() && report.stores[0].broken.is_none(), "{report:?}");
        report.stores[0].false_receipt.clone().unwrap()
    };
    assert_eq!(false_at("received_ms", "7").seq, 10);
    assert_eq!(false_at("nonce", "zeroblob(16)").seq, 10);
    assert!(false_at("head", "zeroblob(32)").reason.contains("another chain"));
    assert_eq!(false_at("through_seq", "12").seq, 12);
    server.verify();
}

#[tokio::test]
async fn one_store_under_two_devices_is_found() {
    let server = Server::start().await;
    let device = server.device("Exit").await.with_records(4);
    device.send(device.batch(1, 4)).await.receipt();
    let code = server.admin().device_add("Exit, new", None).unwrap().code.to_string();
    let other = device.enrol_anew(&server.enrolment_url(), &server.ca_pem(), &code).await;
    other.send(other.batch(1, 4)).await.receipt();
    let report = server.admin().verify().unwrap();
    assert!(!report.is_sound() && report.stores.iter().all(|store| store.broken.is_none()));
    let [doubled] = report.doubled.try_into().unwrap();
    assert_eq!((doubled.epoch, doubled.devices.len()), (device.epoch, 2));
}

/// A collector in a process of its own, so that it can be killed.
struct Process(Child);

impl Process {
    fn start(data: &std::path::Path) -> (Self, serde_json::Value) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_afterword-collector"))
            .args([
                "serve",
                "--json",
                "--listen",
                "127.0.0.1:0",
                "--enrol-listen",
                "127.0.0.1:0",
                "--web-listen",
                "127.0.0.1:0",
                "--data",
            ])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        (Self(child), serde_json::from_str(&line).unwrap())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f26_a_kill_loses_nothing_that_was_signed_for() {
    const ROUNDS: u64 = 6;
    const RECORDS: u64 = 400;
    let folder = tempfile::tempdir().unwrap();
    let (mut process, mut ready) = Process::start(folder.path());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let admin = || Admin::open(folder.path(), clock.clone(), Arc::new(SystemEntropy)).unwrap();
    let ca_pem = std::fs::read_to_string(admin().ca_file()).unwrap();
    let url = format!("{}/v1/enrolments", ready["enrol_url"].as_str().unwrap());
    let code = admin().device_add("Exit", None).unwrap().code.to_string();
    let mut device = Device::enrol("Exit", &url, &ca_pem, &code).await.with_records(ROUNDS * RECORDS);

    let mut signed_for = 0;
    for round in 1..=ROUNDS {
        device.enrolled.collector_url = ready["device_url"].as_str().unwrap().to_owned();
        // Killed after another number of batches each time, with the next one under way.
        for _ in 0..round {
            let next = device.send(device.batch(signed_for + 1, signed_for + 20)).await;
            signed_for = next.receipt().receipt.through_seq;
        }
        let under_way = device.client.post(device.url());
        let under_way = under_way.header("content-type", afterword_protocol::batch::BATCH_MEDIA_TYPE);
        let under_way = under_way.header("content-encoding", "zstd");
        let body = device.batch(signed_for + 1, signed_for + 300);
        let unanswered = tokio::spawn(under_way.body(body).send());
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        drop(process);
        let _ = unanswered.await;
        let report = admin().verify().unwrap();
        assert!(report.is_sound() && report.records() >= signed_for, "{report:?}");
        (process, ready) = Process::start(folder.path());
    }
    drop(process);
}
