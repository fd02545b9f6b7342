//! Responses one by one: what is in them, what never is, and which are left out.

use afterword_collector::Scope;
use afterword_model::carried::{Origin, wrap};
use afterword_model::contact::{Channel, Contact};
use afterword_model::ports::Clock as _;
use afterword_model::record::StoreEpoch;
use afterword_model::response::{Answer, AnswerValue};
use serde_json::{Value, json};

use super::{Program, device_in};
use crate::support::{Server, rating};

#[tokio::test]
async fn a_response_says_what_was_answered_and_never_how_to_reply() {
    let server = Server::start().await;
    let mut device = device_in(&server, "Exit", "Quayside").await.with_records(2);
    let mut response = rating(2);
    let sealed = Contact { channel: Channel::Phone, consent: 2, sealed: "c2VhbGVkIG51bWJlcg".into() };
    for (question, value) in [
        ("why", AnswerValue::Choices(vec!["waiting".into()])),
        ("words", AnswerValue::Comment("call [number]".into())),
        ("reply", AnswerValue::Contact(sealed)),
    ] {
        response.draft.answers.push(Answer { question: question.into(), value, at_ms: 900 });
    }
    let bytes = String::from_utf8(response.to_bytes()).unwrap();
    let code = r#""follow_up_code":["amber","lantern","river"],"answers""#;
    device.records[1] = bytes.replace("\"answers\"", code).into_bytes();
    device.send(device.batch(1, 2)).await.receipt();
    let reply = Program::of(&server, &[Scope::ResponsesRead], None).get("/responses").await;
    let item = &reply.body["items"][1];
    assert_eq!(
        (&item["device_name"], &item["store"], &item["outcome"]),
        (&json!("Exit"), &json!("Quayside"), &json!("completed")),
        "{item}"
    );
    assert_eq!(item["id"], format!("{}/{}/2", device.enrolled.device, device.epoch));
    let answers = item["answers"].as_array().unwrap();
    assert_eq!((&answers[0]["kind"], &answers[0]["rating"]), (&json!("faces"), &json!(3)));
    assert_eq!(answers[1]["choices"], json!(["waiting"]));
    assert_eq!(answers[2]["comment"], "call [number]");
    assert_eq!(
        (&answers[3]["kind"], &answers[3]["comment"], &answers[3]["choices"]),
        (&json!("contact"), &Value::Null, &Value::Null)
    );
    for hidden in ["c2VhbGVkIG51bWJlcg", "phone", "amber", "follow_up"] {
        assert!(!reply.body.to_string().contains(hidden), "{hidden}");
    }
}

#[tokio::test]
async fn what_was_erased_is_absent_and_what_was_carried_is_there_once() {
    let server = Server::start().await;
    let mut device = device_in(&server, "Exit", "Quayside").await.with_records(4);
    let former = device.epoch;
    device.send(device.batch(1, 3)).await.receipt();
    server.admin().erase("Exit", (former, 2)).unwrap();
    // Of what is carried, 1 is held and 4 is news; then both are carried once more.
    let origin = |seq| Origin { epoch: former, seq };
    let carry =
        |at, seq: u64| wrap(at, origin(seq), &device.records[usize::try_from(seq).unwrap() - 1]).unwrap();
    let carried = vec![carry(1, 1), carry(2, 4)];
    device.records = carried;
    device.epoch = StoreEpoch::new([8; 16]);
    device.send(device.batch(1, 2)).await.receipt();
    device.epoch = StoreEpoch::new([9; 16]);
    device.send(device.batch(1, 2)).await.receipt();
    let program = Program::of(&server, &[Scope::ResponsesRead], None);
    let mut found = program.all("/responses?limit=1", "id").await;
    found.sort();
    let id = |seq: u64| format!("{}/{former}/{seq}", device.enrolled.device);
    assert_eq!(found, [1, 3, 4].map(id));
}

#[tokio::test]
async fn responses_are_found_by_moment_store_and_kiosk_page_by_page() {
    let server = Server::start().await;
    let exit = device_in(&server, "Exit", "Quayside").await.with_records(7);
    let till = device_in(&server, "Till", "Bridge End").await.with_records(2);
    exit.send(exit.batch(1, 4)).await.receipt();
    till.send(till.batch(1, 2)).await.receipt();
    server.clock.advance_ms(60_000);
    let then = chrono::DateTime::from_timestamp_millis(server.clock.wall_ms()).unwrap();
    let then = then.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    exit.send(exit.batch(5, 7)).await.receipt();
    let program = Program::of(&server, &[Scope::ResponsesRead], None);
    let ids = async |query: &str| program.all(&format!("/responses?{query}"), "id").await;
    let of = |device: &crate::support::Device, seqs: std::ops::RangeInclusive<u64>| {
        seqs.map(|seq| format!("{}/{}/{seq}", device.enrolled.device, device.epoch)).collect::<Vec<_>>()
    };
    let mut everything = [of(&exit, 1..=7), of(&till, 1..=2)];
    everything.sort();
    assert_eq!(ids("limit=2").await, everything.concat());
    assert_eq!(ids("limit=500").await, everything.concat());
    assert_eq!(ids(&format!("since={then}&limit=2")).await, of(&exit, 5..=7));
    assert_eq!(ids(&format!("until={then}&store=Quayside&limit=3")).await, of(&exit, 1..=4));
    assert_eq!(ids(&format!("device={}", till.enrolled.device)).await, of(&till, 1..=2));
    assert!(ids("store=Mill%20Lane").await.is_empty());
    let own = Program::of(&server, &[Scope::ResponsesRead], Some("Bridge End"));
    assert_eq!(own.all("/responses", "id").await, of(&till, 1..=2));
    assert!(own.all(&format!("/responses?device={}", exit.enrolled.device), "id").await.is_empty());
}
