//! What is held of one answer, given out and erased by a program.

use afterword_collector::Scope;

use super::{Program, device_in};
use crate::support::Server;

#[tokio::test]
async fn an_answer_is_given_out_and_erased_and_both_stand_in_the_log() {
    let server = Server::start().await;
    let device = device_in(&server, "Exit", "Quayside").await.with_records(3);
    device.send(device.batch(1, 3)).await.receipt();
    let program = Program::of(&server, &[Scope::PrivacyWrite, Scope::ResponsesRead], None);
    let ids = program.all("/responses", "id").await;
    let id = ids[1].clone();
    let held = program.post(&format!("/responses/{id}/export"), &serde_json::Value::Null).await;
    assert_eq!(held.status, 200, "{}", held.body);
    assert_eq!((&held.body["device_name"], &held.body["store"]), (&"Exit".into(), &"Quayside".into()));
    assert_eq!(held.body["record"]["seq"], held.body["first"]["seq"]);

    let elsewhere = Program::of(&server, &[Scope::PrivacyWrite], Some("Quayside"));
    device_in(&server, "Door", "Mill Lane").await;
    let other = Program::of(&server, &[Scope::PrivacyWrite], Some("Mill Lane"));
    let path = format!("/responses/{id}");
    other.send(other.request("DELETE", &path)).await.is_problem(404, None);
    other.post(&format!("{path}/export"), &serde_json::Value::Null).await.is_problem(404, None);
    let erased = elsewhere.send(elsewhere.request("DELETE", &path)).await;
    assert_eq!(
        (erased.status, &erased.body["id"], &erased.body["rows"]),
        (200, &id.clone().into(), &1.into())
    );
    let again = program.send(program.request("DELETE", &path)).await;
    assert_eq!(
        (&again.body["rows"], &again.body["already_erased"]),
        (&0.into(), &true.into()),
        "{}",
        again.body
    );
    assert_eq!(program.all("/responses", "id").await.len(), 2);
    let empty = program.post(&format!("{path}/export"), &serde_json::Value::Null).await;
    assert!(empty.status == 200 && empty.body["record"].is_null(), "{}", empty.body);
    let missing = format!("/responses/{}/{}/99", device.enrolled.device, device.epoch);
    program.send(program.request("DELETE", &missing)).await.is_problem(404, None);
    program.post(&format!("{missing}/export"), &serde_json::Value::Null).await.is_problem(404, None);
    let deeds: Vec<String> =
        server.admin().audit(None, 4).unwrap().into_iter().map(|(_, entry)| entry.what).collect();
    assert_eq!(deeds[..3], ["subject.exported", "response.erased", "response.erased"]);
    server.verify();
}
