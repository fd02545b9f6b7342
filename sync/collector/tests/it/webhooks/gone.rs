//! What is taken away here while others know it: what they are sent from then on, and that they are told.

use afterword_collector::RetentionField;
use afterword_model::carried::{Origin, wrap};
use afterword_model::record::StoreEpoch;
use afterword_model::response::{Answer, AnswerValue};

use super::*;
use crate::support::rating;

const SECRET: &str = "my neighbour Mrs Applewhite";
const DAY_MS: u64 = 24 * HOUR_MS;

#[tokio::test]
async fn words_that_were_kept_long_enough_are_in_no_message_table_or_answer_any_more() {
    let server = server().await;
    let receiver = Receiver::start(Says::Status(503)).await;
    let mut device = server.device("Exit").await.with_records(1);
    let mut response = rating(1);
    let value = AnswerValue::Comment(SECRET.into());
    response.draft.answers.push(Answer { question: "words".into(), value, at_ms: 9_000 });
    device.records[0] = response.to_bytes();
    let (webhook, _) = told(&server, &receiver.url, &[EventType::ResponseReceived], None);
    device.send(device.batch(1, 1)).await.receipt();
    tried(&server, webhook, 1).await;
    assert!(receiver.got()[0].body.to_string().contains(SECRET), "it was tried with the words in it");
    server.admin().retention_set(&[(RetentionField::Comment, Some(1))]).unwrap();
    receiver.says(Says::Status(204));
    // Nothing is due before the clock moves, and the words are gone before it is looked again.
    server.admin().webhook_disable(webhook).unwrap();
    server.clock.advance_ms(2 * DAY_MS);
    assert_eq!(server.admin().retain().unwrap()[&RetentionField::Comment], 1);
    server.admin().webhook_enable(webhook).unwrap();
    assert_eq!(server.admin().webhook_resend_parked(webhook).unwrap(), 1);
    let sent = receiver.wait_for(2).await.pop().unwrap();
    assert_eq!(sent.kind(), "response.received");
    assert_eq!(sent.body["data"]["answers"].as_array().unwrap().len(), response.draft.answers.len());
    let program = Program::of(&server, &[Scope::ResponsesRead], None);
    let shown = program.get("/responses").await.body;
    let command =
        ["export", "--format", "csv", "--since", "2026-01-01", "--until", "2027-12-31", "--out", "-"];
    let table = stdout(&collector(&command, server.folder.path()));
    assert_eq!((shown["items"].as_array().unwrap().len(), table.lines().count()), (1, 2), "{table}");
    for (what, text) in [("message", sent.body.to_string()), ("answer", shown.to_string()), ("table", table)]
    {
        assert!(!text.contains("Applewhite"), "the words are in the {what}: {text}");
    }
}

#[tokio::test]
async fn who_was_told_of_a_response_is_told_once_that_it_was_erased() {
    let server = server().await;
    let receiver = Receiver::start(Says::Status(204)).await;
    let mut device = server.device("Exit").await.with_records(2);
    told(&server, &receiver.url, &[EventType::ResponseReceived], None);
    device.send(device.batch(1, 2)).await.receipt();
    let received = receiver.wait_for(2).await;
    // A copy of it goes with it.
    let former = device.epoch;
    device.records = vec![wrap(1, Origin { epoch: former, seq: 1 }, &device.records[0]).unwrap()];
    device.epoch = StoreEpoch::new([8; 16]);
    device.send(device.batch(1, 1)).await.receipt();
    server.admin().erase("Exit", (former, 1)).unwrap();
    server.admin().erase("Exit", (former, 1)).unwrap();
    let erased = receiver.wait_for(3).await.pop().unwrap();
    let id = format!("{}/{former}/1", device.enrolled.device);
    assert!(received.iter().any(|one| one.body["data"]["id"] == *id), "{received:?}");
    assert_eq!((erased.kind(), &erased.body["data"]["id"]), ("response.erased", &json!(id)));
    assert_eq!(erased.body["data"]["device_name"], "Exit");
    // So does what was kept for its time.
    server.admin().retention_set(&[(RetentionField::Response, Some(1))]).unwrap();
    server.clock.advance_ms(2 * DAY_MS);
    server.admin().retain().unwrap();
    let erased = receiver.wait_for(4).await.pop().unwrap();
    let id = format!("{}/{former}/2", device.enrolled.device);
    assert_eq!((erased.kind(), &erased.body["data"]["id"]), ("response.erased", &json!(id)));
    assert_eq!(receiver.got().len(), 4);
}
