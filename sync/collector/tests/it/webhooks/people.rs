//! People who come, change and go, as a receiver is told of them.

use afterword_collector::{EventType, Grant, Identity, Role};
use serde_json::json;

use super::receiver::{Got, Receiver, Says};
use super::{server, told};
use crate::jar::Browser;

const TYPES: [EventType; 4] =
    [EventType::PersonAdded, EventType::PersonChanged, EventType::PersonRemoved, EventType::SignInBlocked];

fn said(got: &[Got]) -> Vec<(&str, &str)> {
    let mut said: Vec<_> =
        got.iter().map(|one| (one.kind(), one.body["data"]["login"].as_str().unwrap())).collect();
    said.sort_unstable();
    said
}

#[tokio::test]
async fn who_comes_changes_and_goes_is_told_and_that_nothing_changed_is_not() {
    let server = server().await;
    let receiver = Receiver::start(Says::Status(204)).await;
    told(&server, &receiver.url, &TYPES, None);
    let _root = Browser::of_admin(&server).await;
    let viewer = Grant { role: Role::Viewer, place: None };
    let link = server.admin().person_invite("ada@example.com", viewer.clone()).unwrap();
    let mut ada = Browser::at(&server);
    ada.make_account(&format!("/welcome/{}", link.token.text()), "ada@example.com").await;
    let got = receiver.wait_for(2).await;
    assert_eq!(said(&got), [("person.added", "ada@example.com"), ("person.added", "root@example.com")]);
    let data = |got: &[Got]| got.last().unwrap().body["data"].clone();

    let mut admin = server.admin();
    admin.person_grant("ada@example.com", &viewer).unwrap();
    admin.person_grant("ada@example.com", &Grant { role: Role::Lead, place: None }).unwrap();
    let got = receiver.wait_for(3).await;
    let lead = json!({ "login": "ada@example.com", "name": "Somebody", "roles": [{ "role": "lead", "place": null }] });
    assert_eq!((got[2].kind(), data(&got)), ("person.changed", lead));
    admin.person_disable("ada@example.com", true).unwrap();
    admin.person_disable("ada@example.com", true).unwrap();
    assert_eq!(receiver.wait_for(4).await[3].kind(), "person.removed");
    admin.person_disable("ada@example.com", false).unwrap();
    assert_eq!(receiver.wait_for(5).await[4].kind(), "person.changed");
    // A new password by a link is a way in that is another.
    let link = admin.person_renew("ada@example.com").unwrap();
    ada.make_account(&format!("/welcome/{}", link.token.text()), "ada@example.com").await;
    assert_eq!(receiver.wait_for(6).await[5].kind(), "person.changed");

    for _ in 0..5 {
        admin.sign_in("ada@example.com", "something else").unwrap_err();
    }
    admin.sign_in("ada@example.com", "something else").unwrap_err();
    let got = receiver.wait_for(7).await;
    assert_eq!(got[6].kind(), "sign_in.blocked");
    assert_eq!(data(&got)["login"], "ada@example.com");
    let (at, until) = (&got[6].body["timestamp"], &data(&got)["until"]);
    let moment =
        |text: &serde_json::Value| chrono::DateTime::parse_from_rfc3339(text.as_str().unwrap()).unwrap();
    assert_eq!((moment(until) - moment(at)).num_seconds(), 60);
    let text = serde_json::to_string(&got.iter().map(|one| &one.body).collect::<Vec<_>>()).unwrap();
    assert!(!text.contains("something else") && !text.contains("argon2"), "{text}");
}

#[tokio::test]
async fn whom_the_organisation_vouches_for_is_told_when_they_come_and_when_their_groups_change() {
    let server = server().await;
    let receiver = Receiver::start(Says::Status(204)).await;
    told(&server, &receiver.url, &TYPES, None);
    let come = |role: Role| {
        let identity = Identity {
            issuer: "https://login.example".into(),
            subject: "u-1".into(),
            login: "ada".into(),
            name: "Ada".into(),
            grants: Some(vec![Grant { role, place: None }]),
        };
        server.admin().identity_sign_in(&identity, None).unwrap();
    };
    come(Role::Viewer);
    come(Role::Viewer);
    come(Role::Lead);
    let got = receiver.wait_for(2).await;
    assert_eq!(said(&got), [("person.added", "ada"), ("person.changed", "ada")]);
    let roles =
        |kind| got.iter().find(|one| one.kind() == kind).unwrap().body["data"]["roles"][0]["role"].clone();
    assert_eq!((roles("person.added"), roles("person.changed")), ("viewer".into(), "lead".into()));
}
