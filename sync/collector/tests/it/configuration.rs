//! Settings from a file and the environment, and the log: the program as an operator meets it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::JoinHandle;

use serde_json::Value;
use tempfile::TempDir;

use crate::cases::unhappy;
use crate::command_line::{stderr, stdout};
use crate::jar::{Browser, PASSWORD};
use crate::support::Device;

/// A folder with a file of settings.
struct Shelf {
    folder: TempDir,
    file: PathBuf,
}

impl Shelf {
    fn with(settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("collector.toml");
        std::fs::write(&file, settings).unwrap();
        Self { folder, file }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_afterword-collector"));
        // A relative path shall be from the file on and not from here.
        command.args(arguments).current_dir("/");
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).env("AFTERWORD_CONFIG", &self.file).output().unwrap()
    }
}

/// A server that was started with `--json`, and what it said.
struct Started {
    child: Child,
    ready: Value,
    /// Reads the log while it is written: a pipe that nobody reads is full soon, and whoever writes to it waits.
    log: JoinHandle<String>,
}

impl Started {
    fn by(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let log = std::thread::spawn(move || {
            let mut log = String::new();
            stderr.read_to_string(&mut log).unwrap();
            log
        });
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let started = Self { child, ready: serde_json::from_str(&line).unwrap_or_default(), log };
        if line.is_empty() {
            panic!("{}", started.log());
        }
        started
    }

    /// Ends it; the whole log.
    fn log(mut self) -> String {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        self.child.wait().unwrap();
        self.log.join().unwrap()
    }
}

const PORTS: &str =
    "listen = '127.0.0.1:0'\nenrol-listen = '127.0.0.1:0'\nweb-listen = '127.0.0.1:0'\njson = true\n";

#[test]
fn the_command_line_goes_before_the_environment_that_before_the_file_and_that_before_the_defaults() {
    let shelf = Shelf::with(&format!(
        "{PORTS}data = 'beside'\nweb-url = 'https://file.example'\nhost = ['one.example', 'two.example']"
    ));
    let file = shelf.file.to_str().unwrap();
    let url = |command: Command| {
        let started = Started::by(command);
        let urls = started.ready.clone();
        started.log();
        urls["web_url"].as_str().unwrap().to_owned()
    };
    assert_eq!(url(shelf.command(&["serve", "--config", file])), "https://file.example");
    let mut told = shelf.command(&["serve", "--config", file]);
    told.env("AFTERWORD_WEB_URL", "https://environment.example");
    assert_eq!(url(told), "https://environment.example");
    let mut told = shelf.command(&["serve", "--config", file]);
    told.env("AFTERWORD_WEB_URL", "").env("AFTERWORD_DATABASE_URL", "");
    assert_eq!(url(told), "https://file.example", "a variable without a word says nothing");
    let mut told = shelf.command(&["serve", "--config", file, "--web-url", "https://line.example"]);
    told.env("AFTERWORD_WEB_URL", "https://environment.example");
    assert_eq!(url(told), "https://line.example");
    let started = Started::by(shelf.command(&["serve", "--config", file, "--host", "three.example"]));
    assert!(started.ready["device_url"].as_str().unwrap().starts_with("https://three.example:"));
    started.log();
    // Other commands find the same folder, which lies beside the file.
    assert!(shelf.path("beside/collector.db").exists());
    assert!(stdout(&shelf.run(&["verify"])).contains("0 records"), "{}", stdout(&shelf.run(&["verify"])));
    // What it says of a server is nothing to them.
    assert!(stdout(&shelf.run(&["device", "add", "Exit"])).contains("Exit"));
}

#[test]
fn a_file_with_a_mistake_starts_nothing_and_its_line_is_named() {
    for (settings, line, said) in [
        ("\nlsten = '127.0.0.1:0'", 2, "there is no setting `lsten`, perhaps listen is meant"),
        ("json = true\nlisten = 'nowhere'", 2, "listen cannot be `nowhere`: invalid socket address"),
        ("\n\nlog-format = 'xml'", 3, "log-format cannot be `xml`, but one of text, json"),
        ("oidc-role = ['x=chief']", 1, "oidc-role cannot be `x=chief`: `x=chief` is no role of a group"),
    ] {
        let shelf = Shelf::with(settings);
        for arguments in [&["serve"][..], &["config", "check"]] {
            let refused = shelf.run(arguments);
            assert_eq!(refused.status.code(), Some(1), "{settings}");
            let expected = format!("afterword-collector: {}:{line}: {said}", shelf.file.display());
            assert!(stderr(&refused).starts_with(&expected), "{}", stderr(&refused));
            assert!(stderr(&refused).trim_end().ends_with("correct the line and start again"));
            assert_eq!(stderr(&refused).lines().count(), 1, "{}", stderr(&refused));
        }
    }
    let shelf = Shelf::with("");
    let missing = shelf.command(&["serve", "--config", "/nowhere.toml"]).output().unwrap();
    assert!(stderr(&missing).contains("cannot read the configuration /nowhere.toml"), "{}", stderr(&missing));
}

#[test]
fn a_file_is_checked_without_starting_anything() {
    let check = |settings: &str| {
        let shelf = Shelf::with(settings);
        let output = shelf.run(&["config", "check"]);
        assert!(!shelf.path("data").exists());
        (output.status.code(), format!("{}{}", stderr(&output), String::from_utf8(output.stdout).unwrap()))
    };
    let (code, said) = check("data = 'data'\nlog = 'warn'");
    assert!(code == Some(0) && said.ends_with("collector.toml can be used: 2 settings.\n"), "{said}");
    for (settings, reason) in [
        ("host = 'no host'", "`no host`"),
        ("web-url = 'https://a.example/path'", "no address for people"),
        ("web-key = 'key.pem'", "web-key is given without web-certificate"),
        ("web-key = 'key.pem'\nweb-certificate = 'chain.pem'", "chain.pem"),
        ("oidc-client-id = 'x'", "oidc-client-id is given without oidc-issuer"),
        ("oidc-client-id = 'x'\noidc-issuer = 'http://far.example'", "no address of a sign-in"),
        ("database-url = 'mysql://x'", "it does not begin with postgres://"),
        (
            "database-url = 'postgres://x'\ndatabase-url-file = 'url'",
            "both database-url and database-url-file",
        ),
        ("database-url-file = 'missing'", "missing, which database-url-file names"),
        ("kiosk-program = 'nowhere'", "nowhere is no program, which kiosk-program names"),
        ("log = 'a=b=c'", "`a=b=c` is no filter of the log"),
    ] {
        let (code, said) = check(settings);
        assert!(code == Some(1) && said.contains(reason) && said.lines().count() == 1, "{settings}: {said}");
    }
    let example = Shelf::with("").run(&["config", "example"]);
    let (code, said) = check(&stdout(&example));
    assert!(code == Some(0) && said.contains(" 0 settings"), "{said}");
}

#[test]
fn a_secret_in_a_file_of_its_own_is_read_and_not_quoted() {
    let shelf = Shelf::with(&format!("{PORTS}data = 'data'\ndatabase-url-file = 'url'"));
    std::fs::write(shelf.path("url"), "postgres://afterword:tell-nobody@127.0.0.1:1/none\n").unwrap();
    let refused = shelf.run(&["serve"]);
    assert_eq!(refused.status.code(), Some(1));
    let said = stderr(&refused);
    assert!(said.contains("127.0.0.1:1") && !said.contains("tell-nobody"), "{said}");
}

/// The file as RFC 8259 and RFC 3339 have it, line by line.
fn lines(log: &str) -> Vec<Value> {
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect();
    for line in &lines {
        let moment = line["timestamp"].as_str().unwrap();
        chrono::DateTime::parse_from_rfc3339(moment).unwrap();
        assert!(moment.ends_with('Z'), "{moment}");
        for member in ["level", "target"] {
            assert!(line[member].is_string(), "{line}");
        }
    }
    lines
}

fn add(shelf: &Shelf, words: &[&str]) -> Value {
    let output = shelf.run(&[words, &["--json"]].concat());
    serde_json::from_str(&stdout(&output)).unwrap()
}

#[tokio::test]
async fn the_log_is_lines_of_json_in_which_no_words_and_no_secrets_stand() {
    let shelf = Shelf::with(&format!("{PORTS}data = 'data'\nlog-format = 'json'\nlog = 'trace'"));
    let mut command = shelf.command(&["serve"]);
    command.env("AFTERWORD_CONFIG", &shelf.file);
    let started = Started::by(command);
    let ready = |name: &str| started.ready[name].as_str().unwrap().to_owned();
    let mut browser = Browser::at_url(&ready("web_url"));
    let link = ready("first_link").replace(&ready("web_url"), "");
    browser.make_account(&link, "root@example.com").await;
    let wrong = [("login", "root@example.com"), ("password", "wrong horse battery")];
    browser.post("/sign-in", &wrong).await;
    let token = add(&shelf, &["token", "add", "Watch", "--scope", "metrics:read"])["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let client = crate::support::client("", None);
    let metrics =
        client.get(format!("{}/metrics", ready("web_url"))).bearer_auth(&token).send().await.unwrap();
    assert_eq!(metrics.status(), 200);
    let request_id = metrics.headers()["x-request-id"].to_str().unwrap().to_owned();
    let device = add(&shelf, &["device", "add", "Exit"]);
    let ca = std::fs::read_to_string(Path::new(device["ca_file"].as_str().unwrap())).unwrap();
    let code = device["code"].as_str().unwrap().to_owned();
    let url = format!("{}/v1/enrolments", ready("enrol_url"));
    let mut device = Device::enrol("Exit", &url, &ca, &code).await.with_records(2);
    device.records[1] = unhappy(2);
    device.send(device.batch(1, 2)).await.receipt();
    device.send(b"{ \"words\": \"spilt milk\" }".to_vec()).await;
    let session: Vec<String> = browser.cookies.values().cloned().collect();
    let log = started.log();
    let lines = lines(&log);
    assert!(lines.iter().any(|line| line["message"] == "ended in order" && line["level"] == "INFO"), "{log}");
    assert!(lines.iter().any(|line| line["level"] == "TRACE"), "more could not be asked for");
    let of_it: Vec<&Value> = lines.iter().filter(|line| line["span"]["id"] == *request_id).collect();
    let answered = of_it.iter().find(|line| line["message"] == "answered").unwrap_or_else(|| panic!("{log}"));
    assert_eq!((&answered["route"], &answered["status"]), (&"/metrics".into(), &200.into()), "{answered}");
    let secrets =
        ["spilt milk", PASSWORD, "wrong horse battery", &token, &code, link.rsplit('/').next().unwrap()];
    for secret in secrets.into_iter().chain(session.iter().map(String::as_str)) {
        let found = log.lines().find(|line| line.contains(secret));
        assert!(found.is_none(), "`{secret}` is in {found:?}");
    }
}
