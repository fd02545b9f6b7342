//! "You said → we did": from the command line to what a device hears at its next heartbeat.

use std::path::Path;

use afterword_model::ports::Clock as _;
use afterword_protocol::changes::Changes;
use afterword_protocol::limits::{CHANGE_TEXT_CHARS_MAX, CHANGES_SHOWN_MAX};
use rusqlite::Connection;

use crate::command_line::{collector, json, stderr, stdout};
use crate::heartbeats::heard;
use crate::support::{Device, Server};

/// Adds a change from the command line and gives its number.
fn add(data: &Path, more: &[&str]) -> i64 {
    let english =
        ["change", "add", "--json", "--said", "en=Queues too long", "--did", "en=Two more tills are open"];
    json(&collector(&[&english[..], more].concat(), data))["id"].as_i64().unwrap()
}

/// What a device hears that keeps this list.
async fn sent(server: &Server, device: &Device, kept: Option<&Changes>) -> Option<Changes> {
    let mut said = device.heartbeat(0, server.clock.wall_ms());
    said.health.changes = kept.map(|list| list.version);
    heard(&device.beat(&said).await).changes
}

/// What a device of this store is to show, in English.
async fn shown(server: &Server, device: &Device) -> Vec<String> {
    let list = sent(server, device, Some(&Changes::none())).await.unwrap_or_else(Changes::none);
    list.check().unwrap();
    list.items.into_iter().map(|item| item.said["en"].clone()).collect()
}

/// A device that stands in a store.
async fn device_in(server: &Server, name: &str, store: Option<&str>) -> Device {
    let code = server.admin().device_add(name, store).unwrap().code.to_string();
    Device::enrol(name, &server.enrolment_url(), &server.ca_pem(), &code).await
}

#[tokio::test]
async fn a_change_is_heard_once_and_its_withdrawal_too() {
    let server = Server::start().await;
    let device = server.device("Exit").await;
    let none = Changes::none();
    assert_eq!(sent(&server, &device, Some(&none)).await, None, "there is nothing to say");
    let id = add(server.folder.path(), &["--said", "de=Zu lange Schlangen", "--did", "de=Zwei Kassen mehr"]);
    let list = sent(&server, &device, Some(&none)).await.expect("it has another list");
    assert_eq!(list.items.len(), 1);
    assert_eq!(
        (&*list.items[0].said["de"], &*list.items[0].did["en"]),
        ("Zu lange Schlangen", "Two more tills are open")
    );
    assert_eq!(sent(&server, &device, Some(&list)).await, None, "it is kept already");
    assert_eq!(sent(&server, &device, None).await, None, "a kiosk of before is sent nothing");
    let withdraw = || collector(&["change", "withdraw", &id.to_string(), "--json"], server.folder.path());
    assert_eq!(json(&withdraw())["already_withdrawn"], false);
    assert_eq!(sent(&server, &device, Some(&list)).await, Some(none), "the strip is to be cleared");
    assert_eq!(json(&withdraw())["already_withdrawn"], true);
}

#[tokio::test]
async fn the_newest_of_what_is_for_a_device_is_what_it_hears() {
    let server = Server::start().await;
    let data = server.folder.path();
    let exit = device_in(&server, "Exit", Some("main-street")).await;
    let counter = device_in(&server, "Counter", Some("main-street")).await;
    let elsewhere = device_in(&server, "Door", Some("harbour")).await;
    let nowhere = device_in(&server, "Spare", None).await;
    let say = |words: &str, date: &str, more: &[&str]| {
        let said = format!("en={words}");
        let typed = ["change", "add", "--said", &said, "--did", "en=done", "--date", date];
        stdout(&collector(&[&typed[..], more].concat(), data))
    };
    assert!(say("all", "2026-11-10", &[]).contains("Every device shows it"));
    assert!(say("main", "2026-11-12", &["--store", "main-street"]).contains("main-street"));
    assert!(say("exit", "2026-11-11", &["--device", "Exit"]).contains("Exit shows it"));
    assert_eq!(shown(&server, &exit).await, ["main", "exit", "all"]);
    assert_eq!(shown(&server, &counter).await, ["main", "all"]);
    assert_eq!(shown(&server, &elsewhere).await, ["all"]);
    assert_eq!(shown(&server, &nowhere).await, ["all"]);
    for number in 0..CHANGES_SHOWN_MAX {
        say(&format!("new {number}"), "2026-11-20", &[]);
    }
    assert_eq!(shown(&server, &exit).await, ["new 4", "new 3", "new 2", "new 1", "new 0"]);
}

#[tokio::test]
async fn what_is_over_everywhere_makes_room_for_what_is_not() {
    let server = Server::start().await;
    let device = server.device("Exit").await;
    let until = |day: i64| {
        let days_from_now = chrono::TimeDelta::days(day);
        let now = chrono::DateTime::from_timestamp_millis(server.clock.wall_ms()).unwrap();
        (now.date_naive() + days_from_now).to_string()
    };
    let today = until(0);
    add(server.folder.path(), &["--until", &until(1), "--date", &today]);
    assert_eq!(shown(&server, &device).await.len(), 1);
    // Tomorrow is over in UTC, and still goes on somewhere: the kiosk knows where it stands.
    server.clock.advance_ms(2 * 86_400_000 - u64::try_from(server.clock.wall_ms() % 86_400_000).unwrap());
    assert_eq!(shown(&server, &device).await.len(), 1);
    server.clock.advance_ms(12 * 3_600_000);
    assert_eq!(shown(&server, &device).await.len(), 0);
    let listed = server.admin().change_list().unwrap();
    assert!(listed[0].is_over, "it can be seen why nobody shows it");
}

#[tokio::test]
async fn a_restored_collector_is_followed() {
    let server = Server::start().await;
    let device = server.device("Exit").await;
    add(server.folder.path(), &[]);
    let later = sent(&server, &device, Some(&Changes::none())).await.unwrap();
    let mut server = server;
    let backup = server.folder.path().join("backup.db");
    let copied = collector(&["backup", "--to", backup.to_str().unwrap()], server.folder.path());
    assert!(copied.status.success(), "{}", stderr(&copied));
    add(server.folder.path(), &["--date", "2026-11-12"]);
    let newer = sent(&server, &device, Some(&later)).await.expect("there is more to show");
    assert_eq!(newer.items.len(), 2);
    server.stop().await;
    let restored = collector(&["restore", "--from", backup.to_str().unwrap()], server.folder.path());
    assert!(restored.status.success(), "{}", stderr(&restored));
    server.start_again().await;
    let device = device.at(&server);
    assert_eq!(
        sent(&server, &device, Some(&newer)).await,
        Some(later),
        "what it does not know of is shown no more"
    );
}

#[tokio::test]
async fn a_row_of_another_hand_costs_no_heartbeat() {
    let server = Server::start().await;
    let device = server.device("Exit").await;
    let words = r#"{"en":"words"}"#;
    let database = Connection::open(server.folder.path().join("collector.db")).unwrap();
    let insert = "insert into changes (added_ms, day, said, did) values (0, 20781, ?1, ?2)";
    for said in ["{", "[]", "{\"en\":\"\u{202e}olleh\"}", "{\"en\":\"a\\nb\"}", "{\"de\":\"x\"}"] {
        database.execute(insert, [said, words]).unwrap();
    }
    assert_eq!(shown(&server, &device).await, [""; 0]);
}

#[tokio::test]
async fn what_no_screen_can_show_is_refused_in_one_sentence() {
    let server = Server::start().await;
    let data = server.folder.path();
    server.device("Exit").await;
    let long = format!("en={}", "x".repeat(CHANGE_TEXT_CHARS_MAX + 1));
    let tried: [(&[&str], &str); 10] = [
        (&["--said", "en=a\nb", "--did", "en=x"], "U+000A"),
        (&["--said", "en=\u{202e}olleh", "--did", "en=x"], "U+202E"),
        (&["--said", &long, "--did", "en=x"], "49 characters long"),
        (&["--said", "en=x", "--did", "de=x"], "only one half"),
        (&["--said", "en=x", "--said", "en=y", "--did", "en=x"], "given twice for en"),
        (&["--said", "en= ", "--did", "en=x"], "show nothing"),
        (&["--said", "e n=x", "--did", "e n=x"], "`e n` is no language"),
        (&["--said", "en=x", "--did", "en=x", "--until", "2020-01-01"], "last day"),
        (
            &["--said", "en=x", "--did", "en=x", "--store", "man-street"],
            "no device stands in the store `man-street`",
        ),
        (&["--said", "en=x", "--did", "en=x", "--device", "Exi"], "no device has the id or name `Exi`"),
    ];
    for (words, expected) in tried {
        let refused = collector(&[&["change", "add"], words].concat(), data);
        let said = stderr(&refused);
        assert_eq!(refused.status.code(), Some(1), "{words:?}: {said}");
        assert!(said.contains(expected) && said.trim_end().lines().count() == 1, "{words:?}: {said}");
    }
    let over = collector(
        &[
            "change",
            "add",
            "--said",
            "en=x",
            "--did",
            "en=x",
            "--date",
            "2020-01-01",
            "--until",
            "2020-01-02",
        ],
        data,
    );
    assert!(stderr(&over).contains("over everywhere"), "{}", stderr(&over));
    for (misspelt, expected) in [
        (&["change", "add", "--said", "Queues", "--did", "en=x"][..], "en=\"Queues too long\""),
        (&["change", "add", "--said", "en=x", "--did", "en=x", "--date", "12.11.2026"], "YYYY-MM-DD"),
        (
            &["change", "add", "--said", "en=x", "--did", "en=x", "--store", "a", "--device", "b"],
            "cannot be used with",
        ),
        (&["change", "add", "--said", "en=x"], "--did"),
    ] {
        let refused = collector(misspelt, data);
        assert_eq!(refused.status.code(), Some(2), "{misspelt:?}: {}", stderr(&refused));
        assert!(stderr(&refused).contains(expected), "{}", stderr(&refused));
    }
    assert_eq!(json(&collector(&["change", "list", "--json"], data)), serde_json::json!([]));
    assert!(stdout(&collector(&["change", "list"], data)).contains("change add --help"));
    let unknown = collector(&["change", "withdraw", "7"], data);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(stderr(&unknown).contains("there is no change 7"), "{}", stderr(&unknown));
}

#[tokio::test]
async fn ten_thousand_stand_and_no_more() {
    let server = Server::start().await;
    let data = server.folder.path();
    let device = server.device("Exit").await;
    let mut database = Connection::open(data.join("collector.db")).unwrap();
    let transaction = database.transaction().unwrap();
    for _ in 0..10_000 {
        let insert = "insert into changes (added_ms, day, said, did) values (0, 20781, ?1, ?1)";
        transaction.execute(insert, [r#"{"en":"words"}"#]).unwrap();
    }
    transaction.commit().unwrap();
    let refused = collector(&["change", "add", "--said", "en=x", "--did", "en=x"], data);
    assert!(stderr(&refused).contains("10000 stand already; withdraw"), "{}", stderr(&refused));
    assert_eq!(shown(&server, &device).await.len(), CHANGES_SHOWN_MAX);
    server.admin().change_withdraw(1).unwrap();
    add(data, &[]);
}

#[tokio::test]
async fn the_list_says_what_is_shown_where() {
    let server = Server::start().await;
    let data = server.folder.path();
    device_in(&server, "Exit", Some("main-street")).await;
    let first = add(data, &["--date", "2026-11-12", "--until", "2999-12-31", "--store", "main-street"]);
    let second = add(data, &["--date", "2026-11-13", "--device", "Exit"]);
    let listed = json(&collector(&["change", "list", "--json"], data));
    let of = |place: usize, field: &str| listed[place][field].clone();
    assert_eq!((of(0, "id"), of(1, "id")), (second.into(), first.into()), "the newest first");
    assert_eq!((of(1, "date"), of(1, "until")), ("2026-11-12".into(), "2999-12-31".into()));
    assert_eq!((of(1, "store"), of(0, "device_name")), ("main-street".into(), "Exit".into()));
    assert_eq!(
        (of(0, "until"), of(1, "said")["en"].clone()),
        (serde_json::Value::Null, "Queues too long".into())
    );
    let table = stdout(&collector(&["change", "list"], data));
    for word in ["2026-11-12", "until 2999-12-31", "store main-street", "Exit", "en: Queues too long"] {
        assert!(table.contains(word), "{word} in {table}");
    }
    collector(&["change", "withdraw", &first.to_string()], data);
    let listed = json(&collector(&["change", "list", "--json"], data));
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
}
