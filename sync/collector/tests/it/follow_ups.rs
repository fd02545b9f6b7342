//! What became of an answer is told to whoever has its three words, and to nobody else.

use std::process::Output;

use afterword_model::carried::{Origin, wrap};
use afterword_model::follow_up::FollowUpCode;
use afterword_model::record::StoreEpoch;
use rusqlite::Connection;
use serde_json::Value;

use crate::command_line::{collector, json, stderr, stdout};
use crate::support::{Device, Server, rating};

/// A record with that code.
fn record(seq: u64, code: &str) -> Vec<u8> {
    let mut response = rating(seq);
    response.draft.follow_up_code = FollowUpCode::parse(code).ok();
    assert!(response.draft.follow_up_code.is_some());
    response.to_bytes()
}

/// Of five shoppers the second and the fourth were given a code.
async fn delivered(server: &Server) -> Device {
    let mut device = server.device("Exit").await.with_records(5);
    device.records[1] = record(2, "harbor-maple-tide");
    device.records[3] = record(4, "harbor-maple-tiger");
    device.send(device.batch(1, 5)).await.receipt();
    device
}

fn find(server: &Server, words: &[&str]) -> Output {
    collector(&[&["follow-up", "find"], words].concat(), server.folder.path())
}

/// The numbers of the records that the words belong to.
fn found(server: &Server, words: &str) -> Vec<u64> {
    let found = server.admin().follow_ups(&FollowUpCode::parse(words).unwrap()).unwrap();
    found.iter().map(|record| record.seq).collect()
}

#[tokio::test]
async fn three_words_find_their_record_and_say_how_it_stands() {
    let server = Server::start().await;
    let device = delivered(&server).await;
    let line = json(&find(&server, &["harbor-maple-tide", "--json"]));
    let names = ["device_name", "seq", "survey", "survey_version", "question", "rating", "rating_max"];
    let said: Vec<&Value> = names.iter().map(|name| &line[name]).collect();
    let expected = [
        Value::from("Exit"),
        2.into(),
        "grocery-exit".into(),
        1.into(),
        "visit".into(),
        line["rating"].clone(),
        5.into(),
    ];
    assert_eq!(said, expected.iter().collect::<Vec<_>>());
    assert_eq!(line["epoch"], device.epoch.to_string());
    assert!(line["received_ms"].as_i64() > Some(0) && line["rating"].as_i64() > Some(0), "{line}");

    let shown = stdout(&find(&server, &["HARB", "MAPL", "TIDE"]));
    assert!(shown.contains("visit ") && shown.contains(" of 5  grocery-exit 1  (received "), "{shown}");
    assert!(shown.trim_end().ends_with(&format!("record {}/2 of Exit)", device.epoch)), "{shown}");
    assert_eq!(shown.lines().count(), 1);
    assert_eq!(
        (found(&server, "harbor maple tiger"), found(&server, "tide maple harbor")),
        (vec![4], vec![])
    );
}

#[tokio::test]
async fn words_that_find_nothing_say_why_that_may_be() {
    let server = Server::start().await;
    delivered(&server).await;
    for (words, said) in [
        (
            "harbor-maple-timber",
            "no record with these words is here; its kiosk may not have delivered it yet",
        ),
        ("harbr-maple-tide", "`harbr` is not one of the words; did you mean `harbor`?"),
        ("harbor-maple", "a follow-up code has 3 words and this has 2"),
    ] {
        let refused = find(&server, &[words]);
        assert_eq!((refused.status.code(), refused.stdout.is_empty()), (Some(1), true), "{words}");
        assert!(stderr(&refused).contains(said), "{}", stderr(&refused));
    }
}

#[tokio::test]
async fn two_shoppers_with_the_same_words_are_both_shown() {
    let server = Server::start().await;
    delivered(&server).await;
    let mut other = server.device("Till 4").await.with_records(1);
    other.records[0] = record(1, "harbor-maple-tide");
    other.send(other.batch(1, 1)).await.receipt();
    let mut both = found(&server, "harbor-maple-tide");
    both.sort_unstable();
    assert_eq!(both, [1, 2]);
    assert_eq!(stdout(&find(&server, &["harbor-maple-tide"])).lines().count(), 2);
}

#[tokio::test]
async fn a_record_that_was_carried_into_another_epoch_is_one() {
    let server = Server::start().await;
    let mut device = delivered(&server).await;
    let origin = Origin { epoch: device.epoch, seq: 2 };
    device.epoch = StoreEpoch::new([7; 16]);
    device.records = vec![wrap(1, origin, &device.records[1]).unwrap()];
    device.send(device.batch(1, 1)).await.receipt();
    assert_eq!(found(&server, "harbor-maple-tide").len(), 1);

    // Of a card whose first life never came here, the carried one is what there is.
    let mut other = server.device("Till 4").await.with_records(1);
    let origin = Origin { epoch: StoreEpoch::new([9; 16]), seq: 8 };
    other.records = vec![wrap(1, origin, &record(8, "olive-cloud-march")).unwrap()];
    other.send(other.batch(1, 1)).await.receipt();
    assert_eq!(found(&server, "olive-cloud-march"), [1]);
}

#[tokio::test]
async fn what_was_erased_is_found_by_nobody_and_its_words_are_nowhere_on_the_disk() {
    let server = Server::start().await;
    let device = delivered(&server).await;
    let words = b"[\"harbor\",\"maple\",\"tide\"]";
    let are_on_disk = || {
        let files = std::fs::read_dir(server.folder.path()).unwrap().map(|file| file.unwrap().path());
        files
            .filter(|path| path.is_file())
            .any(|path| std::fs::read(path).unwrap().windows(words.len()).any(|window| window == words))
    };
    assert!(are_on_disk());
    server.admin().erase("Exit", (device.epoch, 2)).unwrap();
    assert_eq!(found(&server, "harbor-maple-tide"), [0; 0]);
    assert!(!are_on_disk());
    // Sent again it stays unknown.
    device.send(device.batch(1, 5)).await.receipt();
    assert_eq!(
        (found(&server, "harbor-maple-tide"), found(&server, "harbor-maple-tiger")),
        (vec![], vec![4])
    );
    assert!(!are_on_disk());
    server.verify();
}

#[tokio::test]
async fn what_shoppers_and_tills_say_is_taken_for_no_code() {
    let server = Server::start().await;
    let mut device = server.device("Exit").await.with_records(2);
    let told = String::from_utf8(record(1, "harbor-maple-tide")).unwrap();
    let sly = r#""follow_up_code\":[\"olive\",\"cloud\",\"march\"]""#;
    let told = told
        .replace(
            r#""started""#,
            r#""moment":{"name":"checkout","context":{"follow_up_code":"[olive"}},"started""#,
        )
        .replace(
            r#"],"outcome""#,
            &format!(r#",{{"question":"words","comment":{sly},"at_ms":5}}],"outcome""#),
        );
    device.records[0] = told.into_bytes();
    device.send(device.batch(1, 2)).await.receipt();
    assert_eq!((found(&server, "harbor-maple-tide"), found(&server, "olive-cloud-march")), (vec![1], vec![]));
}

/// A collector of before took records of kiosks that were newer than it.
#[tokio::test]
async fn what_an_older_collector_took_in_is_found_after_its_update() {
    let mut server = Server::start().await;
    delivered(&server).await;
    server.stop().await;
    let database = Connection::open(server.folder.path().join("collector.db")).unwrap();
    database
        .execute_batch(
            "drop table case_steps; drop index records_by_case; drop index records_by_follow_up_code;
             alter table server drop column receipt_key;
             drop table counted; drop table boot_times; drop table former_stores; drop table cells;
             drop table store_tallies; drop table store_days; drop table all_days;
             pragma user_version = 9",
        )
        .unwrap();
    drop(database);
    server.start_again().await;
    assert_eq!(found(&server, "harbor-maple-tide"), [2]);
}
