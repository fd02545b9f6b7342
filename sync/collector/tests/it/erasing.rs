//! What is erased is gone, and stays gone whatever is sent again.

use afterword_collector::Erasure;
use afterword_model::carried::{Origin, wrap};
use afterword_model::record::StoreEpoch;
use afterword_protocol::problem::ProblemType;
use rusqlite::Connection;

use crate::support::{Device, Server};

/// What nobody may find any more.
const SECRET: &str = "my neighbour Mrs Applewhite";

/// Five records, the third of which holds the secret.
async fn device(server: &Server) -> Device {
    let mut device = server.device("Exit").await.with_records(5);
    let told = String::from_utf8(device.records[2].clone()).unwrap();
    let comment = format!(r#"{{"question":"words","comment":"{SECRET}","at_ms":5}}],"outcome""#);
    device.records[2] = told.replace(r#"],"outcome""#, &format!(",{comment}")).into_bytes();
    device
}

fn secret_is_on_disk(server: &Server) -> bool {
    let files = std::fs::read_dir(server.folder.path()).unwrap();
    files.map(|file| file.unwrap().path()).filter(|path| path.is_file()).any(|path| {
        std::fs::read(path).unwrap().windows(SECRET.len()).any(|window| window == SECRET.as_bytes())
    })
}

fn erase_third(server: &Server, device: &Device) -> Erasure {
    server.admin().erase("Exit", (device.epoch, 3)).unwrap()
}

#[tokio::test]
async fn an_erased_record_is_nowhere_on_the_disk_and_the_chain_still_verifies() {
    let server = Server::start().await;
    let device = device(&server).await;
    device.send(device.batch(1, 5)).await.receipt();
    assert!(secret_is_on_disk(&server));
    assert_eq!(erase_third(&server, &device), Erasure::Erased { rows: 1 });
    assert!(!secret_is_on_disk(&server));
    let report = server.verify();
    assert_eq!((report.records(), report.stores[0].erased), (5, 1));
    assert_eq!(erase_third(&server, &device), Erasure::AlreadyErased);
    assert_eq!(server.admin().erase("Exit", (device.epoch, 6)).unwrap(), Erasure::NoSuchRecord);
}

#[tokio::test]
async fn what_an_old_file_kept_between_its_rows_goes_too() {
    let server = Server::start().await;
    let device = device(&server).await;
    device.send(device.batch(1, 5)).await.receipt();
    // As a version left it that did not yet write zeros over what it deleted.
    let database = Connection::open(server.folder.path().join("collector.db")).unwrap();
    database
        .execute_batch(&format!(
            "pragma secure_delete = off; create table old (said); insert into old values ('{SECRET}'); drop table old"
        ))
        .unwrap();
    drop(database);
    assert_eq!(erase_third(&server, &device), Erasure::Erased { rows: 1 });
    assert!(!secret_is_on_disk(&server));
}

#[tokio::test]
async fn erasing_that_a_reader_held_up_is_finished_by_asking_again() {
    let server = Server::start().await;
    let device = device(&server).await;
    device.send(device.batch(1, 5)).await.receipt();
    let reader = Connection::open(server.folder.path().join("collector.db")).unwrap();
    reader.execute_batch("begin; select count(*) from records").unwrap();
    let error = server.admin().erase("Exit", (device.epoch, 3)).unwrap_err();
    assert!(error.to_string().contains("run this again"), "{error}");
    assert!(secret_is_on_disk(&server));
    reader.execute_batch("rollback").unwrap();
    assert_eq!(erase_third(&server, &device), Erasure::AlreadyErased);
    assert!(!secret_is_on_disk(&server));
}

#[tokio::test]
async fn a_copy_that_is_sent_again_is_acknowledged_and_stays_erased() {
    let server = Server::start().await;
    let device = device(&server).await;
    let first = device.send(device.batch(1, 5)).await.receipt();
    erase_third(&server, &device);
    assert_eq!(device.send(device.batch(1, 5)).await.receipt(), first, "the same receipt, byte for byte");
    assert_eq!(device.send(device.batch(3, 3)).await.receipt().receipt.through_seq, 3);
    assert!(!secret_is_on_disk(&server));
    server.verify();
}

#[tokio::test]
async fn a_copy_that_is_carried_into_another_epoch_is_stored_erased() {
    let server = Server::start().await;
    let mut device = device(&server).await;
    device.send(device.batch(1, 5)).await.receipt();
    erase_third(&server, &device);
    let former = std::mem::replace(&mut device.epoch, StoreEpoch::new([8; 16]));
    device.records = (1..=5)
        .zip(&device.records)
        .map(|(seq, record)| wrap(seq, Origin { epoch: former, seq }, record).unwrap())
        .collect();
    device.send(device.batch(1, 5)).await.receipt();
    assert!(!secret_is_on_disk(&server));
    let report = server.verify();
    let erased: Vec<u64> = report.stores.iter().map(|store| store.erased).collect();
    assert_eq!(erased, [1, 1]);
    assert_eq!((report.records(), report.counted()), (10, 5), "an erased copy is still a copy");
}

/// Two copies of a card freeze the same draft, each in an epoch of its own.
#[tokio::test]
async fn the_same_bytes_frozen_in_another_epoch_go_too_before_and_after() {
    let server = Server::start().await;
    let mut device = device(&server).await;
    let first = device.epoch;
    for epoch in [first, StoreEpoch::new([8; 16])] {
        device.epoch = epoch;
        device.send(device.batch(1, 5)).await.receipt();
    }
    assert_eq!(server.admin().erase("Exit", (first, 3)).unwrap(), Erasure::Erased { rows: 2 });
    device.epoch = StoreEpoch::new([9; 16]);
    device.send(device.batch(1, 5)).await.receipt();
    assert!(!secret_is_on_disk(&server));
    let erased: Vec<u64> = server.verify().stores.iter().map(|store| store.erased).collect();
    assert_eq!(erased, [1, 1, 1]);
}

#[tokio::test]
async fn copies_that_are_there_already_go_with_it() {
    let server = Server::start().await;
    let mut device = device(&server).await;
    device.send(device.batch(1, 5)).await.receipt();
    let former = std::mem::replace(&mut device.epoch, StoreEpoch::new([8; 16]));
    device.records = vec![wrap(1, Origin { epoch: former, seq: 3 }, &device.records[2]).unwrap()];
    device.send(device.batch(1, 1)).await.receipt();
    // Asked for under the number it was carried to, the first one goes as well.
    let erasure = server.admin().erase("Exit", (device.epoch, 1)).unwrap();
    assert_eq!(erasure, Erasure::Erased { rows: 2 });
    assert!(!secret_is_on_disk(&server));
    server.verify();
}

#[tokio::test]
async fn a_batch_that_contradicts_does_not_bring_it_back() {
    let server = Server::start().await;
    let mut device = device(&server).await;
    device.send(device.batch(1, 5)).await.receipt();
    erase_third(&server, &device);
    let told = String::from_utf8(device.records[4].clone()).unwrap();
    device.records[4] = told.replace("completed", "finished").into_bytes();
    device.send(device.batch(1, 5)).await.problem(ProblemType::ChainConflict);
    assert!(!secret_is_on_disk(&server));
    server.verify();
}

#[tokio::test]
async fn a_carried_copy_that_was_kept_aside_goes_too_and_what_others_said_stays() {
    let server = Server::start().await;
    let mut device = device(&server).await;
    device.send(device.batch(1, 5)).await.receipt();
    let (former, told) = (device.epoch, device.records.clone());
    // Another history of the same numbers: the third is another response, and nobody has asked for it to be erased.
    let other = String::from_utf8(told[3].clone()).unwrap().replace("\"seq\":4", "\"seq\":3");
    device.records[2] = other.into_bytes();
    device.send(device.batch(1, 5)).await.problem(ProblemType::ChainConflict);
    // A later epoch that contradicts itself: the copy of the third is kept aside.
    device.epoch = StoreEpoch::new([8; 16]);
    let wrapped = |seq: u64, from: u64| {
        wrap(seq, Origin { epoch: former, seq: from }, &told[from as usize - 1]).unwrap()
    };
    device.records = vec![wrapped(1, 1), wrapped(2, 2)];
    device.send(device.batch(1, 2)).await.receipt();
    device.records = vec![wrapped(1, 2), wrapped(2, 3)];
    device.send(device.batch(1, 2)).await.problem(ProblemType::ChainConflict);
    let quarantined = || server.verify().stores.iter().map(|store| store.quarantined).sum::<u64>();
    let before = quarantined();
    assert_eq!(server.admin().erase("Exit", (former, 3)).unwrap(), Erasure::Erased { rows: 2 });
    assert!(!secret_is_on_disk(&server));
    assert_eq!(quarantined(), before - 1, "only the copy");
}
