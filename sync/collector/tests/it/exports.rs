//! Responses as tables: at the command line, to programs, and from the page of replies.

use std::fs::File;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use afterword_collector::{PlaceKind, Scope};
use afterword_model::carried::{Origin, wrap};
use afterword_model::contact::{Channel, Contact};
use afterword_model::ports::Clock as _;
use afterword_model::record::StoreEpoch;
use afterword_model::response::{Answer, AnswerValue, Response};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::RowAccessor as _;
use serde_json::{Value, json};

use crate::api::{Program, device_in};
use crate::browser::Browser;
use crate::command_line::{collector, stderr, stdout};
use crate::support::{Device, Server, rating};

const DAY_MS: u64 = 86_400_000;

/// The day by the server's clock, as it stands in names.
fn today(server: &Server) -> String {
    chrono::DateTime::from_timestamp_millis(server.clock.wall_ms()).unwrap().date_naive().to_string()
}

/// A rating with words and a way to be reached.
fn told(seq: u64, words: &str) -> Response {
    let mut response = rating(seq);
    let sealed = Contact { channel: Channel::Phone, consent: 2, sealed: "c2VhbGVkIG51bWJlcg".into() };
    for (question, value) in [
        ("why", AnswerValue::Choices(vec!["waiting".into()])),
        ("words", AnswerValue::Comment(words.into())),
        ("reply", AnswerValue::Contact(sealed)),
    ] {
        response.draft.answers.push(Answer { question: question.into(), value, at_ms: 900 });
    }
    response
}

/// A kiosk that delivered four responses, the second with these words; two of them come a second time, carried, and one is erased.
async fn delivered(server: &Server, words: &str) -> Device {
    let mut device = device_in(server, "Exit", "Quayside").await.with_records(4);
    device.records[1] = told(2, words).to_bytes();
    let former = device.epoch;
    device.send(device.batch(1, 4)).await.receipt();
    // Somebody may read just then; the log lets go of it the next time.
    let is_gone = (0..100).any(|_| server.admin().erase("Exit", (former, 3)).is_ok());
    assert!(is_gone, "it stays in the log");
    let carry = |at, seq: u64| {
        let record = &device.records[usize::try_from(seq).unwrap() - 1];
        wrap(at, Origin { epoch: former, seq }, record).unwrap()
    };
    device.records = vec![carry(1, 1), carry(2, 4)];
    device.epoch = StoreEpoch::new([8; 16]);
    device.send(device.batch(1, 2)).await.receipt();
    device.epoch = former;
    device
}

/// What the program writes to standard output.
fn exported(server: &Server, format: &str, more: &[&str]) -> String {
    let today = today(server);
    let command = ["export", "--format", format, "--since", "2026-01-01", "--until", &today, "--out", "-"];
    stdout(&collector(&[&command[..], more].concat(), server.folder.path()))
}

fn lines(ndjson: &str) -> Vec<Value> {
    ndjson.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Numbers of the responses in a Parquet file.
fn numbers(path: &Path) -> Vec<u64> {
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let rows = reader.get_row_iter(None).unwrap();
    rows.map(|row| row.unwrap().get_string(0).unwrap().rsplit('/').next().unwrap().parse().unwrap()).collect()
}

#[tokio::test]
async fn a_table_has_each_response_once_and_nothing_that_a_spreadsheet_would_run() {
    let server = Server::start().await;
    let device = delivered(&server, "=HYPERLINK(\"http://evil\",\"a\nb\")").await;
    let csv = exported(&server, "csv", &[]);
    assert!(csv.starts_with("id,device,device_name,store,received_at,started_at,local_day,"), "{csv}");
    assert_eq!(csv.matches("\r\n").count(), 4, "a heading and three responses: {csv}");
    let words = "\"'=HYPERLINK(\"\"http://evil\"\",\"\"a\nb\"\")\"";
    assert!(csv.contains(words), "{csv}");
    for hidden in ["c2VhbGVkIG51bWJlcg", "phone"] {
        assert!(!csv.contains(hidden), "{hidden}");
    }
    let found = lines(&exported(&server, "ndjson", &["--store", "Quayside"]));
    let id = |seq: u64| json!(format!("{}/{}/{seq}", device.enrolled.device, device.epoch));
    assert_eq!(found.iter().map(|row| row["id"].clone()).collect::<Vec<_>>(), [id(1), id(2), id(4)]);
    let row = &found[1];
    let expected = [
        ("store", json!("Quayside")),
        ("started_at", json!("2026-11-21T22:28:42.014Z")),
        ("local_day", json!("2026-11-21")),
        ("local_time", json!("23:28:42.014")),
        ("utc_offset_min", json!(60)),
        ("touchpoint", json!("exit")),
        ("rating_question", json!("visit")),
        ("rating_scale", json!("faces")),
        ("rating", json!(3)),
        ("comment", json!("=HYPERLINK(\"http://evil\",\"a\nb\")")),
        ("left_contact", json!(true)),
        ("variant", json!(null)),
    ];
    for (column, value) in expected {
        assert_eq!(row[column], value, "{column}: {row}");
    }
    assert_eq!(row["answers"][1]["choices"], json!(["waiting"]));
    assert_eq!(lines(&exported(&server, "ndjson", &["--store", "Mill Lane"])).len(), 0);
}

#[tokio::test]
async fn a_folder_has_a_file_for_each_day_and_a_day_is_replaced_as_a_whole() {
    let server = Server::start().await;
    let device = device_in(&server, "Exit", "Quayside").await.with_records(7);
    let first = today(&server);
    device.send(device.batch(1, 4)).await.receipt();
    server.clock.advance_ms(2 * DAY_MS);
    let second = today(&server);
    device.send(device.batch(5, 7)).await.receipt();
    let folder = server.folder.path().join("warehouse");
    std::fs::create_dir(&folder).unwrap();
    let export = |since: &str, until: &str| {
        let out = folder.to_str().unwrap();
        let command = ["export", "--format", "parquet", "--since", since, "--until", until, "--out", out];
        stdout(&collector(&command, server.folder.path()))
    };
    assert!(export(&first, &second).starts_with("7 responses in "));
    let file = |day: &str| folder.join(format!("day={day}")).join("part-0.parquet");
    assert_eq!((numbers(&file(&first)), numbers(&file(&second))), (vec![1, 2, 3, 4], vec![5, 6, 7]));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2, "a day without responses has no folder");

    let before = std::fs::read(file(&second)).unwrap();
    server.admin().erase("Exit", (device.epoch, 2)).unwrap();
    export(&first, &first);
    assert_eq!(numbers(&file(&first)), [1, 3, 4]);
    assert_eq!(std::fs::read(file(&second)).unwrap(), before, "another day stays as it is");
    assert_eq!(std::fs::read_dir(file(&first).parent().unwrap()).unwrap().count(), 1, "nothing else is left");
    for seq in 5..=7 {
        server.admin().erase("Exit", (device.epoch, seq)).unwrap();
    }
    export(&first, &second);
    assert!(!file(&second).exists() && file(&first).exists(), "what was erased is in no file any more");
}

#[tokio::test]
async fn a_file_is_there_when_it_is_whole_and_what_is_wrong_is_said() {
    let server = Server::start().await;
    delivered(&server, "fine").await;
    server.admin().place_put("North", PlaceKind::Region, None).unwrap();
    let folder = server.folder.path();
    let run = |arguments: &[&str]| {
        let output = collector(&[&["export", "--format", "csv"], arguments].concat(), folder);
        (output.status.code(), stderr(&output))
    };
    let out = folder.join("table.csv");
    std::fs::write(&out, "old").unwrap();
    let path = out.to_str().unwrap();
    let refused = |arguments: &[&str], words: &str| {
        let (code, said) = run(arguments);
        assert!(code == Some(1) && said.contains(words), "{arguments:?}: {code:?} {said}");
        assert_eq!(std::fs::read_to_string(&out).unwrap(), "old", "what was there stays");
    };
    refused(&["--since", "yesterday", "--out", path], "`yesterday` is no day; write one as in 2026-11-28");
    refused(&["--since", "2026-02-02", "--until", "2026-02-01", "--out", path], "give the earlier day first");
    refused(&["--since", "2026-02-02", "--store", "North", "--out", path], "North");
    refused(&["--since", "2026-02-02", "--out", "/nowhere/table.csv"], "/nowhere/table.csv is not exported");
    let until = today(&server);
    assert_eq!(run(&["--since", "2026-11-01", "--until", &until, "--bom", "--out", path]).0, Some(0));
    let table = std::fs::read_to_string(&out).unwrap();
    assert!(table.starts_with("\u{feff}id,device,") && table.contains("fine"), "{table}");
    let audit = stdout(&collector(&["audit"], folder));
    assert!(audit.contains("responses.exported") && audit.contains("csv, 2026-11-01 to "), "{audit}");
    // Who may read it is as it was; a new one is its writer's alone, and what a killed program left goes.
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    std::fs::set_permissions(&out, std::fs::Permissions::from_mode(0o640)).unwrap();
    let new = folder.join("new.csv");
    std::fs::write(folder.join(".new.csv.unfinished"), "words of somebody").unwrap();
    for out in [&out, &new] {
        assert_eq!(run(&["--since", "2026-11-01", "--out", out.to_str().unwrap()]).0, Some(0));
    }
    assert_eq!((mode(&out), mode(&new)), (0o640, 0o600));
    assert!(!folder.join(".new.csv.unfinished").exists());
    assert!(std::fs::read_to_string(&new).unwrap().starts_with("id,device,"));
}

/// More than are looked at in one go, on each of three days.
#[tokio::test]
async fn a_day_of_the_past_is_found_among_thousands_that_came_later() {
    let server = Server::start().await;
    Browser::first(&server).await;
    let mut device = device_in(&server, "Exit", "Quayside").await.with_records(3_600);
    let mut days = Vec::new();
    for (day, words) in [(0, "first day"), (1, "second day"), (2, "third day")] {
        days.push(today(&server));
        device.records[day * 1_200 + 7] = told(day as u64 * 1_200 + 8, words).to_bytes();
        for begin in (day as u64 * 1_200..(day as u64 + 1) * 1_200).step_by(400) {
            device.send(device.batch(begin + 1, begin + 400)).await.receipt();
        }
        server.clock.advance_ms(DAY_MS);
    }
    let mut browser = Browser::first_again(&server).await;
    for (day, words) in days.iter().zip(["first day", "second day", "third day"]) {
        let page = browser.get(&format!("/responses?only=comment&from={day}&to={day}")).await;
        let others = page.text.matches("first day").count()
            + page.text.matches("second day").count()
            + page.text.matches("third day").count();
        assert!(page.has(words) && others == page.text.matches(words).count(), "{day}: {}", page.text);
    }
    let page = browser.get(&format!("/responses?only=comment&from={}", days[1])).await;
    assert!(page.has("second day") && page.has("third day") && !page.has("first day"), "{}", page.text);
}

#[tokio::test]
async fn a_program_is_sent_as_a_table_what_it_may_see() {
    let server = Server::start().await;
    delivered(&server, "fine").await;
    let till = device_in(&server, "Till", "Bridge End").await.with_records(2);
    till.send(till.batch(1, 2)).await.receipt();
    let program = Program::of(&server, &[Scope::ResponsesRead], None);
    let get = async |program: &Program, query: &str| {
        let request = program.request("GET", &format!("/exports/responses?{query}"));
        let answer = request.bearer_auth(&program.secret).send().await.unwrap();
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        let (media_type, named) = (header("content-type"), header("content-disposition"));
        assert_eq!(answer.status(), 200);
        (media_type, named, answer.bytes().await.unwrap())
    };
    let (media_type, named, body) = get(&program, "format=ndjson").await;
    assert_eq!(
        (media_type.as_str(), named.as_str()),
        ("application/x-ndjson", "attachment; filename=\"responses.ndjson\"")
    );
    let sent = lines(std::str::from_utf8(&body).unwrap());
    let shown = program.get("/responses").await.body["items"].as_array().unwrap().clone();
    assert_eq!(sent.len(), 5);
    for (row, item) in sent.iter().zip(&shown) {
        for (name, value) in item.as_object().unwrap().iter().filter(|(name, _)| *name != "flags") {
            assert_eq!(row[name], *value, "{name}");
        }
    }
    let (_, _, csv) = get(&program, "format=csv&store=Bridge%20End").await;
    assert_eq!(csv.iter().filter(|byte| **byte == b'\n').count(), 3);
    let (media_type, _, parquet) = get(&program, "format=parquet").await;
    assert_eq!((media_type.as_str(), &parquet[..4]), ("application/vnd.apache.parquet", &b"PAR1"[..]));
    let reader = SerializedFileReader::new(parquet).unwrap();
    assert_eq!(reader.metadata().file_metadata().num_rows(), 5);

    let own = Program::of(&server, &[Scope::ResponsesRead], Some("Bridge End"));
    let (_, _, body) = get(&own, "format=ndjson").await;
    assert_eq!(lines(std::str::from_utf8(&body).unwrap()).len(), 2, "of its place alone");
    let (_, _, body) = get(&own, "format=ndjson&store=Quayside").await;
    assert!(body.is_empty());

    program.get("/exports/responses").await.is_problem(422, Some("format"));
    program.get("/exports/responses?format=xml").await.is_problem(422, Some("format"));
    program.get("/exports/responses?format=csv&since=x").await.is_problem(422, Some("since"));
    let request =
        program.request("GET", "/exports/responses?format=csv").header("accept", "application/json");
    program.send(request).await.is_problem(406, None);
    let other = Program::of(&server, &[Scope::FleetRead], None);
    other.get("/exports/responses?format=csv").await.is_problem(403, None);
    let audit = server.admin().audit(None, 20).unwrap();
    let entries = audit.iter().filter(|(_, entry)| entry.what == "responses.exported");
    let (count, newest) = (entries.clone().count(), entries.clone().next().unwrap().1.clone());
    assert!(count == 5 && newest.who.starts_with("token program") && newest.on == "Quayside", "{newest:?}");
}

#[tokio::test]
async fn what_is_shown_on_the_page_of_replies_is_exported_from_it() {
    let server = Server::start().await;
    let mut browser = Browser::first(&server).await;
    delivered(&server, "No salt").await;
    let till = device_in(&server, "Till", "Bridge End").await.with_records(2);
    server.clock.advance_ms(2 * DAY_MS);
    till.send(till.batch(1, 2)).await.receipt();
    browser.sign_in("ada@example.com", crate::browser::PASSWORD).await;
    let day = today(&server);
    let page = browser.get(&format!("/responses?from={day}&to={day}")).await;
    assert_eq!(page.text.matches("<tr><th scope=\"row\">").count(), 2, "{}", page.text);
    assert!(page.has(&format!("name=\"from\" value=\"{day}\"")) && page.has("Export all of these as"));
    assert_eq!(
        browser.get(&format!("/responses?to={day}")).await.text.matches("<tr><th scope=\"row\">").count(),
        5
    );
    assert_eq!(browser.get("/responses?from=today").await.status, 400);
    assert_eq!(browser.get(&format!("/responses?from={day}&to=2026-01-01")).await.status, 409);

    browser.get("/responses").await;
    let rows = |text: &str| text.matches("\r\n").count() - 1;
    let table = browser.post("/responses/export", &[("format", "csv"), ("from", &day)]).await;
    assert_eq!((table.status, rows(&table.text)), (200, 2));
    assert_eq!(table.headers["content-disposition"], "attachment; filename=\"responses.csv\"");
    assert!(table.text.starts_with('\u{feff}'), "a spreadsheet is told that it is UTF-8");
    let table = browser.post("/responses/export", &[("format", "ndjson"), ("words", "SALT")]).await;
    assert!(table.text.lines().count() == 1 && table.has("No salt"), "{}", table.text);
    let table = browser.post("/responses/export", &[("format", "parquet"), ("only", "comment")]).await;
    assert!(table.text.starts_with("PAR1"));
    assert_eq!(browser.post("/responses/export", &[("format", "xml")]).await.status, 400);

    let mut viewer = Browser::invited(&server, "bob@example.com", "viewer", "Bridge End").await;
    viewer.get("/responses").await;
    let table = viewer.post("/responses/export", &[("format", "csv")]).await;
    assert!(rows(&table.text) == 2 && !table.has("Quayside"), "{}", table.text);
    let table = viewer.post("/responses/export", &[("format", "csv"), ("place", "Quayside")]).await;
    assert_eq!(rows(&table.text), 0);
    viewer.key = "another".into();
    assert_eq!(viewer.post("/responses/export", &[("format", "csv")]).await.status, 403);

    let audit = server.admin().audit(None, 20).unwrap();
    let entries: Vec<_> =
        audit.iter().map(|(_, entry)| entry).filter(|entry| entry.what == "responses.exported").collect();
    assert_eq!(entries.len(), 5);
    assert_eq!((entries[0].who.as_str(), entries[0].on.as_str()), ("bob@example.com", "Quayside"));
    assert!(entries[3].more.ends_with(", with certain words"), "{:?}", entries[3]);
    assert!(!format!("{entries:?}").contains("SALT"), "what was looked for may be a shopper's name");
}
