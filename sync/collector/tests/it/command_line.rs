//! The program itself: what it prints, how it ends, what it says when it can't.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

pub(crate) fn collector(arguments: &[&str], data: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_afterword-collector"));
    command.args(arguments).arg("--data").arg(data).output().unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", stderr(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub(crate) fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", stderr(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

const LOOPBACK: [&str; 7] =
    ["serve", "--listen", "127.0.0.1:0", "--enrol-listen", "127.0.0.1:0", "--web-listen", "127.0.0.1:0"];

#[test]
fn serve_says_when_it_is_ready_and_ends_in_order_on_sigterm() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("made/by/serve");
    let mut server = Command::new(env!("CARGO_BIN_EXE_afterword-collector"))
        .args(LOOPBACK)
        .arg("--data")
        .arg(&data)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("afterword-collector is ready: devices 127.0.0.1:"), "{line}");

    let mode = std::fs::metadata(data.join("collector.db")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "what shoppers wrote is nobody else's business");
    let added = json(&collector(&["device", "add", "Exit", "--json"], &data));
    let command = added["command"].as_str().unwrap();
    assert!(command.starts_with("afterword-sync enrol --collector https://localhost:"), "{command}");
    assert!(
        command.ends_with(&format!("--code {} --ca server-ca.pem", added["code"].as_str().unwrap())),
        "{command}"
    );
    assert!(added["ca_file"].as_str().unwrap().ends_with("made/by/serve/pki/server-ca.pem"), "{added}");
    let again = json(&collector(&["device", "replace", "Exit", "--json"], &data));
    assert_eq!(again["device"], added["device"]);
    let devices = json(&collector(&["device", "list", "--json"], &data));
    assert_eq!((&devices[0]["name"], &devices[0]["state"]), (&"Exit".into(), &"waiting".into()));
    assert!(devices[0]["last_received_ms"].is_null());
    let table = collector(&["device", "list"], &data);
    assert!(String::from_utf8(table.stdout).unwrap().contains("waiting for"));
    assert_eq!(json(&collector(&["verify", "--json"], &data))["sound"], true);
    let revoked = json(&collector(&["device", "revoke", "Exit", "--json"], &data));
    assert_eq!(revoked["device"], devices[0]["device"]);

    let id = server.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let mut log = String::new();
    server.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(server.wait().unwrap().success(), "{log}");
    assert!(log.contains("ended in order"), "{log}");
    assert!(!log.contains("--host"), "on loopback the certificate is right: {log}");
}

#[test]
fn serve_for_other_machines_without_a_name_warns_of_its_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Command::new(env!("CARGO_BIN_EXE_afterword-collector"))
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--enrol-listen",
            "0.0.0.0:0",
            "--web-listen",
            "127.0.0.1:0",
            "--data",
        ])
        .arg(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    let mut log = String::new();
    server.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(log.contains("WARN") && log.contains("give --host"), "{log}");
}

#[test]
fn a_port_in_use_is_named_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data = folder.path().join("data");
    let output = collector(&["serve", "--listen", "127.0.0.1:0", "--enrol-listen", &address], &data);
    let port = taken.local_addr().unwrap().port().to_string();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains(&port) && stderr(&output).contains("--enrol-listen"),
        "{}",
        stderr(&output)
    );
    assert!(!data.exists());
}

#[test]
fn what_is_no_collector_s_folder_is_said_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let missing = collector(&["device", "list"], folder.path());
    assert_eq!(missing.status.code(), Some(1));
    assert!(stderr(&missing).contains("there is no collector in"), "{}", stderr(&missing));

    std::fs::write(folder.path().join("collector.db"), "shopping list: milk, bread, butter").unwrap();
    let foreign = collector(&LOOPBACK, folder.path());
    assert_eq!(foreign.status.code(), Some(1));
    assert!(stderr(&foreign).contains("is not a collector's database"), "{}", stderr(&foreign));

    let file = folder.path().join("collector.db");
    let not_a_folder = collector(&LOOPBACK, &file);
    assert_eq!(not_a_folder.status.code(), Some(1));
    assert!(stderr(&not_a_folder).contains("cannot use the data folder"), "{}", stderr(&not_a_folder));

    let wrong_name = collector(&[&LOOPBACK[..], &["--host", "no host"]].concat(), &folder.path().join("new"));
    assert_eq!(wrong_name.status.code(), Some(1));
    assert!(stderr(&wrong_name).contains("`no host`"), "{}", stderr(&wrong_name));
    assert_eq!(collector(&["serve", "--no-such-option"], folder.path()).status.code(), Some(2));
}

#[tokio::test]
async fn a_server_authority_is_not_used_while_devices_do_not_trust_it() {
    let server = crate::support::Server::start().await;
    server.device("Exit").await;
    let data = server.folder.path();
    let rotate = |more: &[&str]| collector(&[&["pki", "rotate", "server-ca"], more].concat(), data);
    let early = rotate(&["--finish"]);
    assert!(stderr(&early).contains("no server authority is prepared"), "{}", stderr(&early));
    assert!(rotate(&[]).status.success());
    let status = json(&collector(&["pki", "status", "--json"], data));
    assert_eq!(status["devices_without_newest"], serde_json::json!(["Exit"]));
    let refused = rotate(&["--finish"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stderr(&refused).contains("server authority 2") && stderr(&refused).contains("Exit"),
        "{}",
        stderr(&refused)
    );
    assert!(rotate(&["--finish", "--anyway"]).status.success());
    let added = json(&collector(&["device", "add", "Another", "--json"], data));
    let named = |field: &str| added[field].as_str().unwrap().to_owned();
    assert!(named("ca_file").ends_with("server-ca-2.pem"), "the one in use: {added}");
    assert!(named("command").ends_with("--ca server-ca-2.pem"), "{added}");
    let status = json(&collector(&["pki", "status", "--json"], data));
    assert_eq!(status["server_authorities"][1]["in_use"], true);
    assert!(collector(&["pki", "rotate", "device-ca"], data).status.success());
    assert!(collector(&["pki", "rotate", "server"], data).status.success());
}
