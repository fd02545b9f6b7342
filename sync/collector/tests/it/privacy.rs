//! What a shopper may ask for: what is held, all of it, and that it goes; and for how long what is kept.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use afterword_collector::{Grant, RetentionField, Role};
use afterword_model::follow_up::FollowUpCode;
use afterword_model::response::{Answer, AnswerValue};
use rusqlite::Connection;

use crate::command_line::{collector, json, stderr, stdout};
use crate::jar::{Browser, between};
use crate::support::{Device, PATIENCE, Server, rating};

const SECRET: &str = "my neighbour Mrs Applewhite";
const CODE: &str = "harbor maple tide";
const DAY_MS: u64 = 24 * 3_600_000;

/// Five records, the third with words and a code.
async fn delivered(server: &Server, name: &str) -> Device {
    let mut device = server.device(name).await.with_records(5);
    let mut response = rating(3);
    response.draft.follow_up_code = Some(FollowUpCode::parse(CODE).unwrap());
    let value = AnswerValue::Comment(SECRET.into());
    response.draft.answers.push(Answer { question: "words".into(), value, at_ms: 9_000 });
    device.records[2] = response.to_bytes();
    device.send(device.batch(1, 5)).await.receipt();
    device
}

fn deeds(server: &Server) -> Vec<String> {
    let all = server.admin().audit(None, 100).unwrap();
    all.into_iter().map(|(_, entry)| format!("{} {}", entry.who, entry.what)).collect()
}

fn secret_is_on_disk(server: &Server) -> bool {
    let files = std::fs::read_dir(server.folder.path()).unwrap().map(|file| file.unwrap().path());
    files.filter(|path| path.is_file()).any(|path| {
        std::fs::read(path).unwrap().windows(SECRET.len()).any(|window| window == SECRET.as_bytes())
    })
}

/// Erases by the words, with this answer to what is asked.
fn erase(server: &Server, answer: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_afterword-collector"));
    command.args(["subject", "erase", "--code", CODE, "--data"]).arg(server.folder.path());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(answer.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[tokio::test]
async fn three_words_at_the_command_line_find_give_out_and_erase_an_answer() {
    let server = Server::start().await;
    let device = delivered(&server, "Exit").await;
    let data = server.folder.path();
    let found = stdout(&collector(&["subject", "find", "--code", CODE], data));
    assert!(found.contains("a comment") && found.contains("in 1 rows") && !found.contains(SECRET), "{found}");
    let file = data.join("answer.json");
    let export = ["subject", "export", "--code", CODE, "--out", file.to_str().unwrap()];
    stdout(&collector(&export, data));
    let given: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(given["record"]["answers"][1]["comment"], SECRET);
    assert_eq!(given["rows"][0]["seq"], 3);
    let again = collector(&export, data);
    assert!(!again.status.success() && stderr(&again).contains("another name"), "{}", stderr(&again));
    assert!(deeds(&server)[0].ends_with("subject.exported"), "{:?}", deeds(&server));
    std::fs::remove_file(&file).unwrap();

    let refused = erase(&server, "yes\n");
    assert!(stderr(&refused).contains("nothing was erased"), "{}", stderr(&refused));
    assert!(secret_is_on_disk(&server));
    let erased = erase(&server, "3\n");
    assert!(stdout(&erased).contains("copies included"), "{}", stderr(&erased));
    assert!(!secret_is_on_disk(&server));
    assert!(deeds(&server)[0].ends_with("response.erased"));
    assert!(stderr(&collector(&["subject", "find", "--code", CODE], data)).contains("no such answer"));
    device.send(device.batch(1, 5)).await.receipt();
    let record = format!("{}/3", device.epoch);
    let left =
        json(&collector(&["subject", "find", "--device", "Exit", "--record", &record, "--json"], data));
    assert_eq!((&left["erased"], &left["comment"]), (&true.into(), &false.into()));
    server.verify();
}

#[tokio::test]
async fn on_the_page_it_is_asked_twice_before_anything_goes() {
    let server = Server::start().await;
    delivered(&server, "Exit").await;
    let mut browser = Browser::of_admin(&server).await;
    assert_eq!(browser.submit("/privacy", "/privacy/find", &[("code", "nonsense")]).await.status, 422);
    let nothing = browser.submit("/privacy", "/privacy/find", &[("code", "jasmine jasmine jasmine")]).await;
    assert!(nothing.text.contains("No answer with these words"), "{}", nothing.text);
    let found = browser.submit("/privacy", "/privacy/find", &[("code", CODE)]).await;
    assert!(found.text.contains("words of a comment") && !found.text.contains(SECRET), "{}", found.text);
    let hidden = |name: &str| between(&found.text, &format!("name=\"{name}\" value=\""), "\"").to_owned();
    let (device, epoch, seq) = (hidden("device"), hidden("epoch"), hidden("seq"));
    let which = [("device", device.as_str()), ("epoch", &epoch), ("seq", &seq)];
    let shown = browser.submit("/privacy", "/privacy/answer", &which).await;
    assert!(shown.text.contains(SECRET) && shown.text.contains("Nothing for a reply"), "{}", shown.text);
    let file = browser.submit("/privacy", "/privacy/export", &which).await;
    let given: serde_json::Value = serde_json::from_str(&file.text).unwrap();
    assert_eq!(given["record"]["answers"][1]["comment"], SECRET);
    let asked = browser.submit("/privacy", "/privacy/erase", &which).await;
    assert!(asked.text.contains("Erase this answer for good?"), "{}", asked.text);
    assert_eq!(browser.submit("/privacy", "/privacy/erase/sure", &which).await.status, 422);
    assert!(secret_is_on_disk(&server));
    let sure = [&which[..], &[("sure", "yes")]].concat();
    let done = browser.submit("/privacy", "/privacy/erase/sure", &sure).await;
    assert!(done.text.contains("It is erased"), "{}", done.text);
    assert!(server.admin().subjects(&FollowUpCode::parse(CODE).unwrap()).unwrap().is_empty());
    let deeds = deeds(&server);
    assert_eq!(
        deeds[..3],
        [
            "root@example.com response.erased",
            "root@example.com subject.exported",
            "root@example.com subject.exported"
        ]
    );
    // Nothing of it is done by an address alone, and nothing without the session's key.
    assert_eq!(browser.get("/privacy/find").await.status, 405);
    assert_eq!(browser.post("/privacy/erase/sure", &sure).await.status, 403);
}

#[tokio::test]
async fn a_lead_gives_out_what_is_in_their_stores_and_erases_nothing() {
    let server = Server::start().await;
    let device = delivered(&server, "Exit").await;
    server.admin().device_replace("Exit", Some("Harbour Street")).unwrap();
    server.admin().device_add("Other", Some("Mill Lane")).unwrap();
    let which = [
        ("device", device.enrolled.device.to_string()),
        ("epoch", device.epoch.to_string()),
        ("seq", "3".into()),
    ];
    let which: Vec<(&str, &str)> = which.iter().map(|(name, value)| (*name, value.as_str())).collect();
    for (login, role, place, may) in [
        ("here@example.com", Role::Lead, "Harbour Street", true),
        ("there@example.com", Role::Lead, "Mill Lane", false),
    ] {
        let link = server.admin().person_invite(login, Grant { role, place: Some(place.into()) }).unwrap();
        let mut browser = Browser::at(&server);
        browser.make_account(&format!("/welcome/{}", link.token.text()), login).await;
        let found = browser.submit("/privacy", "/privacy/find", &[("code", CODE)]).await;
        assert_eq!(found.text.contains("words of a comment"), may, "{}", found.text);
        assert!(!found.text.contains("Erase it"));
        let file = browser.submit("/privacy", "/privacy/export", &which).await;
        assert_eq!((file.status, file.text.contains(SECRET)), if may { (200, true) } else { (404, false) });
        let sure = [&which[..], &[("sure", "yes")]].concat();
        assert_eq!(browser.submit("/privacy", "/privacy/erase/sure", &sure).await.status, 404);
        assert_eq!(browser.get("/settings/retention").await.status, 404);
    }
    let link = server
        .admin()
        .person_invite("m@example.com", Grant { role: Role::Manager, place: Some("Harbour Street".into()) })
        .unwrap();
    let mut browser = Browser::at(&server);
    browser.make_account(&format!("/welcome/{}", link.token.text()), "m@example.com").await;
    assert_eq!(browser.get("/privacy").await.status, 404);
    assert!(secret_is_on_disk(&server));
}

#[tokio::test]
async fn days_are_decided_on_the_page_or_at_the_command_line_and_what_is_over_is_nowhere_on_the_disk() {
    let server = Server::start().await;
    let device = delivered(&server, "Exit").await;
    let data = server.folder.path();
    let mut browser = Browser::of_admin(&server).await;
    let page = browser.submit("/settings/retention", "/settings/retention", &[("comment", "0")]).await;
    assert!(page.status == 422 && page.text.contains("comment is kept for 1 to"), "{}", page.text);
    let page = browser
        .submit("/settings/retention", "/settings/retention", &[("comment", "365"), ("contact", "90")])
        .await;
    assert_eq!((page.status, page.location.as_str()), (303, "/settings/retention"));
    assert!(browser.get("/settings/retention").await.text.contains("value=\"365\""));
    assert!(deeds(&server)[0].ends_with("retention.set"));
    let said = json(&collector(&["retention", "set", "contact", "keep", "--json"], data));
    assert_eq!((&said["comment"], &said["contact"]), (&365.into(), &serde_json::Value::Null));
    let wrong = collector(&["retention", "set", "contact", "36501"], data);
    assert!(stderr(&wrong).contains("1 to 36500 days"), "{}", stderr(&wrong));

    assert_eq!(server.admin().retain().unwrap().values().sum::<u64>(), 0);
    server.clock.advance_ms(366 * DAY_MS);
    assert!(secret_is_on_disk(&server));
    assert_eq!(server.admin().retain().unwrap().values().sum::<u64>(), 1);
    assert!(!secret_is_on_disk(&server));
    let report = server.verify();
    assert_eq!((report.reduced(), report.records()), (1, 5));
    let said = stdout(&collector(&["verify"], data));
    assert!(said.contains("1 reduced by retention"), "{said}");
    let found = json(&collector(&["subject", "find", "--code", CODE, "--json"], data));
    assert_eq!((&found["comment"], &found["taken"]), (&false.into(), &serde_json::json!(["comment"])));
    assert_eq!(found["epoch"], device.epoch.to_string());
}

/// What a running server does by itself each hour; time is told, not waited for.
#[tokio::test]
async fn a_server_that_runs_takes_away_what_is_over_at_its_start() {
    let mut server = Server::start().await;
    delivered(&server, "Exit").await;
    server.admin().retention_set(&[(RetentionField::Comment, Some(1))]).unwrap();
    server.clock.advance_ms(2 * DAY_MS);
    server.restart().await;
    taken_by_itself(&server).await;
    assert_eq!(server.verify().reduced(), 1);
}

async fn taken_by_itself(server: &Server) {
    let done = || deeds(server).iter().any(|deed| deed == "collector retention.done");
    let told = async {
        while !done() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, told).await.expect("it is done at the start");
}

#[tokio::test]
async fn a_field_that_cannot_be_taken_keeps_no_other_one() {
    let mut server = Server::start().await;
    delivered(&server, "Exit").await;
    let database = server.folder.path().join("collector.db");
    let say = |sql: &str| Connection::open(&database).unwrap().execute_batch(sql).unwrap();
    say("create trigger broken before insert on retained when new.field = 'comment'
         begin select raise(abort, 'the disk has a hole'); end");
    let keep = |field| server.admin().retention_set(&[(field, Some(1))]).unwrap();
    keep(RetentionField::Comment);
    keep(RetentionField::FollowUpCode);
    server.clock.advance_ms(2 * DAY_MS);
    server.restart().await;
    taken_by_itself(&server).await;
    let code = FollowUpCode::parse(CODE).unwrap();
    assert!(server.admin().subjects(&code).unwrap().is_empty());
    assert!(secret_is_on_disk(&server));
    // Somebody who asks for it is told why, after all the others were taken.
    server.admin().retention_set(&[(RetentionField::Audit, Some(1))]).unwrap();
    server.clock.advance_ms(2 * DAY_MS);
    let said = server.admin().retain().unwrap_err().to_string();
    assert!(said.contains("the disk has a hole"), "{said}");
    assert!(server.admin().audit_check().unwrap().forgotten > 0);
    say("drop trigger broken");
    assert_eq!(server.admin().retain().unwrap().get(&RetentionField::Comment), Some(&1));
    assert!(!secret_is_on_disk(&server));
}
