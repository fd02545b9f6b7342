//! Devices that are replaced or retired, and what they still owe.

use afterword_collector::{AdminError, DeviceState, Retirement};
use afterword_model::ports::Clock as _;
use afterword_model::record::StoreEpoch;
use afterword_protocol::problem::ProblemType;
use serde_json::json;

use crate::command_line::{collector, json, stderr, stdout};
use crate::heartbeats::{former, heard};
use crate::support::{Device, Server, request_enrolment, signing_request};

/// A device of which 12 records are here; by its own word it has 8 more, and one of a store that it left.
async fn indebted(server: &Server) -> Device {
    let device = server.device("Exit").await.with_records(20);
    device.send(device.batch(1, 12)).await.receipt();
    let mut said = device.heartbeat(20, server.clock.wall_ms());
    said.health.former = vec![former(StoreEpoch::new([8; 16]), 3, &[(1, 2)])];
    heard(&device.beat(&said).await);
    device
}

#[tokio::test]
async fn with_the_code_for_a_replacement_it_is_said_what_the_old_device_still_owes() {
    let server = Server::start().await;
    let data = server.folder.path();
    let device = server.device("Exit").await.with_records(3);
    let replace = || stdout(&collector(&["device", "replace", "Exit"], data));
    assert!(replace().contains("How much the old device collected is not known"), "{}", replace());

    heard(&device.beat(&device.heartbeat(3, server.clock.wall_ms())).await);
    device.send(device.batch(1, 2)).await.receipt();
    let said = replace();
    assert!(said.contains("The old device has 1 record that was not received: 3; it stays there."), "{said}");
    let code = json(&collector(&["device", "replace", "Exit", "--json"], data));
    assert_eq!(code["device"], json!(device.enrolled.device));
    assert_eq!(code["owed"]["records"], 1);
    let owed = json!([{ "epoch": device.epoch, "missing": [{ "first": 3, "last": 3 }] }]);
    assert_eq!(code["owed"]["stores"], owed);

    device.send(device.batch(3, 3)).await.receipt();
    assert!(replace().contains("Everything the old device collected has been received"), "{}", replace());
}

#[tokio::test]
async fn a_device_with_records_that_were_not_received_is_retired_only_by_an_express_wish() {
    let server = Server::start().await;
    let data = server.folder.path();
    let device = indebted(&server).await;
    let retire = ["device", "retire", "Exit", "--reason", "broken"];
    let refused = collector(&retire, data);
    let reason = stderr(&refused);
    assert_eq!(refused.status.code(), Some(1), "{reason}");
    assert!(reason.contains("has 9 records that were not received"), "{reason}");
    assert!(reason.contains("13–20 of store") && reason.contains("3 of store 08080808…"), "{reason}");
    device.send(device.batch(13, 14)).await.receipt();

    let retired = stdout(&collector(&[&retire[..], &["--anyway"]].concat(), data));
    assert!(retired.contains("is retired") && retired.contains("15–20 of store"), "{retired}");
    let batch = device.send(device.batch(15, 20)).await;
    let beat = device.beat(&device.heartbeat(20, server.clock.wall_ms())).await;
    for refused in [batch, beat] {
        let detail = refused.problem(ProblemType::NotAllowed).detail;
        assert!(detail.contains("retired for good") && !detail.contains("revoked"), "{detail}");
    }
    let listed = stdout(&collector(&["device", "list"], data));
    assert!(listed.contains("retired (broken)") && !listed.contains("received yet"), "{listed}");
    let row = server.admin().device_list().unwrap().remove(0);
    assert_eq!((row.state, row.retired_ms.is_some()), (DeviceState::Retired, true));
    let again = json(&collector(&["device", "retire", "Exit", "--json"], data));
    assert_eq!((&again["already_retired"], &again["owed"]["records"]), (&json!(true), &json!(7)));
}

#[tokio::test]
async fn no_code_brings_a_retired_device_back_and_its_name_is_free() {
    let server = Server::start().await;
    let mut admin = server.admin();
    let device = server.device("Exit").await;
    let id = device.enrolled.device;
    let open = admin.device_replace("Exit", None).unwrap().code.to_string();
    let retired = admin.device_retire("Exit", false, None).unwrap();
    assert!(matches!(retired, Retirement::Retired(found, _) if found == id), "{retired:?}");
    let enrolment = signing_request(&device.key);
    request_enrolment(&server.enrolment_url(), &server.ca_pem(), &open, &enrolment)
        .await
        .problem(ProblemType::NotAuthenticated);
    let back = admin.device_replace("Exit", None);
    assert!(matches!(back, Err(AdminError::IsRetired { device, .. }) if device == id));
    assert!(matches!(admin.device_retire("Entrance", true, None), Err(AdminError::NoSuchDevice(_))));

    let next = admin.device_add("Exit", None).unwrap().device;
    assert_ne!(next, id);
    assert_eq!(admin.device_replace("Exit", None).unwrap().device, next, "the name is the next one's alone");
    admin.device_revoke("Exit", None).unwrap();
    let found = admin.device_retire("Exit", false, None).unwrap();
    assert!(matches!(found, Retirement::Retired(found, _) if found == next), "a revoked one is meant first");
    let states: Vec<DeviceState> = admin.device_list().unwrap().iter().map(|row| row.state).collect();
    assert_eq!(states, [DeviceState::Retired; 2]);
}
