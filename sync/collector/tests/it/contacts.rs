//! What shoppers leave for a reply: sealed on the device, opened by whoever has the key, and by nobody else.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use afterword_model::carried::{Origin, wrap};
use afterword_model::contact::{Channel, ConsentGiven, Contact};
use afterword_model::ports::SeededEntropy;
use afterword_model::record::StoreEpoch;
use afterword_model::response::{Answer, AnswerValue};
use afterword_protocol::seal::SealingKey;

use crate::command_line::{collector, json, stderr, stdout};
use crate::support::{Device, Server, rating};

const NUMBER: &str = "+44 7700 900142";

fn new_key(file: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_afterword-collector"));
    command.args(["contact", "new-key", "--out"]).arg(file).output().unwrap()
}

/// Makes a key as head office does, and gives its file and what goes into the kiosks' configuration.
fn key(server: &Server, name: &str) -> (PathBuf, SealingKey) {
    let file = server.folder.path().join(name);
    let line = stdout(&new_key(&file));
    let text = line.trim().strip_prefix("contact_key = \"").and_then(|rest| rest.strip_suffix('"'));
    (file, SealingKey::parse(text.expect("a line of a configuration")).unwrap())
}

/// A record with a number in it, sealed as a kiosk does.
fn record(seq: u64, key: &SealingKey) -> Vec<u8> {
    let mut response = rating(seq);
    let channel = Channel::Phone;
    let (survey, survey_version) = (response.draft.survey.clone(), response.draft.survey_version);
    let given = ConsentGiven { survey: &survey, survey_version, question: "reply", consent: 2, channel };
    let sealed = key.seal(NUMBER, &given.to_bytes(), &SeededEntropy::new(seq)).unwrap();
    let value = AnswerValue::Contact(Contact { channel, consent: 2, sealed });
    response.draft.answers.push(Answer { question: "reply".into(), value, at_ms: 9_000 });
    response.to_bytes()
}

/// Of three shoppers the second wants a reply.
async fn delivered(server: &Server, key: &SealingKey) -> Device {
    let mut device = server.device("Exit").await.with_records(3);
    device.records[1] = record(2, key);
    device.send(device.batch(1, 3)).await.receipt();
    device
}

fn list(server: &Server, key: &Path, format: &[&str]) -> Output {
    let arguments = [&["contact", "list", "--key", key.to_str().unwrap()], format].concat();
    collector(&arguments, server.folder.path())
}

#[tokio::test]
async fn head_office_reads_the_number_and_the_collectors_files_do_not_hold_it() {
    let server = Server::start().await;
    let (file, key) = key(&server, "contact-key.pem");
    delivered(&server, &key).await;
    let shown = stdout(&list(&server, &file, &[]));
    assert!(shown.contains(NUMBER) && shown.contains("record 2 of Exit, consent 2"), "{shown}");
    let line = json(&list(&server, &file, &["--json"]));
    assert_eq!((&line["details"], &line["channel"]), (&NUMBER.into(), &"phone".into()));
    for entry in std::fs::read_dir(server.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let holds = |bytes: Vec<u8>| bytes.windows(NUMBER.len()).any(|window| window == NUMBER.as_bytes());
        assert!(!path.is_file() || !holds(std::fs::read(&path).unwrap()), "{}", path.display());
    }
}

#[tokio::test]
async fn a_record_that_was_carried_into_another_epoch_is_one_wish_for_a_reply() {
    let server = Server::start().await;
    let (file, key) = key(&server, "contact-key.pem");
    let mut device = delivered(&server, &key).await;
    let origin = Origin { epoch: device.epoch, seq: 2 };
    device.epoch = StoreEpoch::new([7; 16]);
    device.records = vec![wrap(1, origin, &device.records[1]).unwrap()];
    device.send(device.batch(1, 1)).await.receipt();
    assert_eq!(stdout(&list(&server, &file, &[])).lines().count(), 1);
}

#[tokio::test]
async fn another_key_opens_nothing_and_says_which_one_would() {
    let server = Server::start().await;
    let (_, key_in_use) = key(&server, "contact-key.pem");
    let (other, _) = key(&server, "another-key.pem");
    delivered(&server, &key_in_use).await;
    let refused = list(&server, &other, &[]);
    assert_eq!(refused.status.code(), Some(1));
    let said = stderr(&refused);
    assert!(said.contains("record 2 of Exit") && said.contains(&key_in_use.id().to_string()), "{said}");
    assert!(refused.stdout.is_empty());
}

#[tokio::test]
async fn what_was_erased_asks_for_no_reply_any_more() {
    let server = Server::start().await;
    let (file, key) = key(&server, "contact-key.pem");
    let device = delivered(&server, &key).await;
    server.admin().erase("Exit", (device.epoch, 2)).unwrap();
    assert!(stdout(&list(&server, &file, &[])).contains("Nobody has asked for a reply yet"));
}

#[tokio::test]
async fn a_keys_file_is_its_owners_alone_and_is_never_overwritten() {
    let server = Server::start().await;
    let (file, key) = key(&server, "contact-key.pem");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let before = std::fs::read(&file).unwrap();
    let again = new_key(&file);
    assert!(!again.status.success() && stderr(&again).contains("is there already"), "{}", stderr(&again));
    assert_eq!(std::fs::read(&file).unwrap(), before);
    let mut command = Command::new(env!("CARGO_BIN_EXE_afterword-collector"));
    let shown = stdout(&command.args(["contact", "key"]).arg(&file).output().unwrap());
    assert_eq!(shown.trim(), format!("contact_key = \"{key}\""));
    std::fs::write(&file, "no key").unwrap();
    let refused = list(&server, &file, &[]);
    assert!(!refused.status.success() && stderr(&refused).contains("no private contact key"));
}

#[tokio::test]
async fn an_opening_stands_in_the_audit_log_before_anything_is_shown_and_nothing_of_the_shopper_with_it() {
    let server = Server::start().await;
    let (file, key) = key(&server, "contact-key.pem");
    let (other, _) = self::key(&server, "another-key.pem");
    let device = delivered(&server, &key).await;
    let openings = || {
        let all = server.admin().audit(None, 100).unwrap();
        all.into_iter()
            .map(|(_, entry)| entry)
            .filter(|entry| entry.what == "contact.opened")
            .collect::<Vec<_>>()
    };
    list(&server, &other, &[]);
    assert!(openings().is_empty(), "what stayed closed was not opened");
    stdout(&list(&server, &file, &[]));
    let [opening] = &openings()[..] else { panic!("{:?}", openings()) };
    assert!(opening.who.starts_with("command line ("), "{opening:?}");
    assert_eq!(opening.more, format!("{} 2", device.epoch));
    assert!(!serde_json::to_string(opening).unwrap().contains("7700"));
    // Where nothing can be put down nothing is shown.
    let database = rusqlite::Connection::open(server.folder.path().join("collector.db")).unwrap();
    database
        .execute_batch(
            "create trigger no_entry before insert on audit begin select raise(abort, 'no room'); end",
        )
        .unwrap();
    let refused = list(&server, &file, &[]);
    assert!(!refused.status.success() && refused.stdout.is_empty(), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("no room"), "{}", stderr(&refused));
}
