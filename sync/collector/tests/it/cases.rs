//! Cases: steps that shops send as records, steps of head office from the command line, and what a device hears of those.

use std::process::Output;

use afterword_model::carried::{Origin, wrap};
use afterword_model::case::{
    Action, Author, CASE_EVENT_VERSION, Case, CaseEvent, CaseId, CaseRecord, Category, Reason,
    Role as StepRole, RootCause, Stage, Step, Tier,
};
use afterword_model::ports::Clock as _;
use afterword_model::record::StoreEpoch;
use afterword_model::response::{Answer, AnswerValue, ClockQuality, Stamp};
use afterword_protocol::case_steps::{CaseMark, CaseSteps};
use afterword_protocol::limits::{CASE_STEPS_BYTES_MAX, CASE_STEPS_MAX};
use rusqlite::Connection;
use serde_json::Value;

use afterword_collector::{Grant, Role, Scope};

use crate::api::Program;
use crate::command_line::{collector, json, stderr, stdout};
use crate::heartbeats::heard;
use crate::jar::Browser;
use crate::support::{Device, Server, rating};

/// An unhappy shopper's response.
pub(crate) fn unhappy(seq: u64) -> Vec<u8> {
    let mut response = rating(seq);
    response.draft.answers[0].value = AnswerValue::Face(1);
    let words = AnswerValue::Comment("spilt milk".into());
    response.draft.answers.push(Answer { question: "words".into(), value: words, at_ms: 900 });
    response.to_bytes()
}

/// A step that the shop took about this case.
fn step(server: &Server, seq: u64, of: CaseId, step: Step) -> Vec<u8> {
    let at = Stamp {
        wall_ms: server.clock.wall_ms(),
        offset_min: 60,
        boot: 1,
        mono_ms: seq * 1_000,
        clock: ClockQuality::Synced,
    };
    let case =
        CaseEvent { of, at, by: Author::nameless(StepRole::Manager), step, masked: Default::default() };
    CaseRecord { v: CASE_EVENT_VERSION, seq, case }.to_bytes()
}

pub(crate) fn opened() -> Step {
    Step::Opened {
        reasons: vec![Reason::LowScoreWithComment],
        category: Category::Clean,
        tier: Tier::Normal,
        words: None,
    }
}

fn acted() -> Step {
    Step::Acted { root_cause: RootCause::Supply, action: Action::PutRight, words: None }
}

/// A device whose second record opened a case.
pub(crate) async fn delivered(server: &Server) -> (Device, CaseId) {
    let mut device = server.device("Exit").await.with_records(2);
    let id = CaseId { epoch: device.epoch, seq: 2 };
    device.records[1] = unhappy(2);
    device.records.push(step(server, 3, id, opened()));
    device.send(device.batch(1, 3)).await.receipt();
    (device, id)
}

fn name(id: CaseId) -> String {
    format!("{}/{}", &id.epoch.to_string()[..8], id.seq)
}

fn case(server: &Server, words: &[&str]) -> Output {
    collector(&[&["case"], words].concat(), server.folder.path())
}

/// What a device hears whose kiosk has steps up to this mark.
async fn heard_after(server: &Server, device: &Device, mark: Option<CaseMark>) -> Option<CaseSteps> {
    let mut said = device.heartbeat(0, server.clock.wall_ms());
    said.health.case_mark = mark;
    heard(&device.beat(&said).await).case_steps
}

#[tokio::test]
async fn a_step_is_a_record_like_any_other_and_is_never_parked() {
    let server = Server::start().await;
    let (mut device, id) = delivered(&server).await;
    // Sent again, and with one more.
    device.records.push(step(&server, 4, id, Step::Acknowledged));
    device.send(device.batch(1, 4)).await.receipt();
    let report = server.verify();
    assert_eq!((report.records(), report.stores[0].parked), (4, 0));
    let rows = server.admin().case_list(false).unwrap();
    let [row] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!((row.view.id, row.device_name.as_str()), (id, "Exit"));
    assert_eq!((row.view.status.stage, row.view.steps.len()), (Stage::Acknowledged, 2));
    assert_eq!(row.view.said.as_ref().unwrap().words.as_deref(), Some("spilt milk"));
    assert!(row.view.due.is_some(), "its clock runs");
    let listed = json(&case(&server, &["list", "--json"]));
    assert_eq!(listed[0]["status"]["stage"], "acknowledged");
    assert_eq!(listed[0]["said"]["words"], "spilt milk");
    let table = stdout(&case(&server, &["list"]));
    for word in [&name(id), "clean", "1 of 5, “spilt milk”", "acknowledged", " left"] {
        assert!(table.contains(word), "{word} in {table}");
    }
    assert!(stdout(&case(&server, &["list", "--device", "Door"])).contains("Nothing to follow up"));
}

#[tokio::test]
async fn head_offices_steps_go_down_once_and_stand_beside_the_shops() {
    let server = Server::start().await;
    let (mut device, id) = delivered(&server).await;
    let none = Some(CaseMark::NONE);
    assert_eq!(heard_after(&server, &device, none).await, None, "there is nothing to hear");
    assert!(case(&server, &["acknowledge", &name(id), "--by", "Ana"]).status.success());
    let act = ["act", &name(id), "--root-cause", "process", "--action", "passed_on"];
    let words = ["--words", "Call 07700 900123 about the freezer"];
    let after: Value = json(&case(&server, &[&act[..], &words, &["--json"]].concat()));
    assert_eq!(after["status"]["stage"], "acted");
    // The shop acts meanwhile, without knowing.
    device.records.push(step(&server, 4, id, acted()));
    device.send(device.batch(4, 4)).await.receipt();
    let shown = stdout(&case(&server, &["show", &name(id)]));
    for word in
        ["acted: passed_on (process): Call ••• about", "acted: put_right (supply)", "(head office, Ana)"]
    {
        assert!(shown.contains(word), "{word} in {shown}");
    }
    let steps = heard_after(&server, &device, none).await.expect("there is something to hear");
    steps.check().unwrap();
    assert_eq!(steps.steps.len(), 2);
    assert_eq!(heard_after(&server, &device, Some(steps.mark)).await, None, "it is kept already");
    assert_eq!(heard_after(&server, &device, None).await, None, "a kiosk of before is sent nothing");
    // What the kiosk puts together is what the collector has.
    let here = server.admin().case(&name(id)).unwrap().view;
    let shops = here.steps.iter().filter(|held| held.id.epoch == id.epoch);
    let there: Case = shops.chain(&steps.steps).cloned().collect();
    assert_eq!((there.status(), there.status().acts.len()), (here.status, 2));

    assert!(case(&server, &["verify", &name(id), "--words", "clean for a week"]).status.success());
    assert_eq!(server.admin().case_list(false).unwrap(), []);
    let closed = json(&case(&server, &["list", "--all", "--json"]));
    assert_eq!(closed[0]["status"]["stage"], "verified");
    assert!(case(&server, &["reopen", &name(id)]).status.success());
    assert_eq!(server.admin().case(&name(id)).unwrap().view.status.stage, Stage::Acknowledged);
    let other = server.device("Door").await;
    assert_eq!(heard_after(&server, &other, none).await, None, "they are for one device");
}

#[tokio::test]
async fn as_many_steps_go_down_at_once_as_an_answer_holds() {
    let server = Server::start().await;
    let (device, id) = delivered(&server).await;
    let mut admin = server.admin();
    for number in 0..2 * CASE_STEPS_MAX + 3 {
        let words = format!("{number} {}", "ü".repeat(190));
        admin.case_step(&name(id), &afterword_model::case::Wish::Note { words }, None).unwrap();
    }
    let (mut mark, mut found) = (CaseMark::NONE, Vec::new());
    while let Some(page) = heard_after(&server, &device, Some(mark)).await {
        page.check().unwrap();
        assert!(serde_json::to_vec(&page).unwrap().len() < CASE_STEPS_BYTES_MAX + 256);
        mark = page.mark;
        found.extend(page.steps.into_iter().map(|held| held.id.seq));
    }
    assert_eq!(found, (1..=2 * CASE_STEPS_MAX as u64 + 3).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_was_carried_is_one_step_and_what_was_erased_says_nothing() {
    let server = Server::start().await;
    let (mut device, id) = delivered(&server).await;
    let former = device.epoch;
    device.records.push(step(&server, 4, id, Step::Noted { words: "ask Jo".into() }));
    device.send(device.batch(4, 4)).await.receipt();
    let carried = |(at, seq): (u64, u64)| {
        let origin = Origin { epoch: former, seq };
        wrap(at, origin, &device.records[usize::try_from(seq).unwrap() - 1]).unwrap()
    };
    let records = [(1, 2), (2, 3), (3, 4)].map(carried).to_vec();
    device.epoch = StoreEpoch::new([7; 16]);
    device.records = records;
    device.send(device.batch(1, 3)).await.receipt();
    assert_eq!(server.verify().stores.iter().map(|store| store.parked).sum::<u64>(), 0);
    let row = server.admin().case(&name(id)).unwrap();
    assert_eq!(row.view.steps.len(), 2);
    assert!(row.view.said.is_some());
    server.admin().erase("Exit", (former, 2)).unwrap();
    server.admin().erase("Exit", (former, 4)).unwrap();
    let row = server.admin().case(&name(id)).unwrap();
    assert_eq!((row.view.said, row.view.steps.len()), (None, 1));
}

#[tokio::test]
async fn a_restored_collector_gives_no_name_twice_and_tells_all_again() {
    let mut server = Server::start().await;
    let (device, id) = delivered(&server).await;
    let note = |server: &Server, words: &str| {
        let noted = case(server, &["note", &name(id), "--words", words]);
        assert!(noted.status.success(), "{}", stderr(&noted));
    };
    note(&server, "before");
    let backup = server.folder.path().join("backup.db");
    assert!(collector(&["backup", "--to", backup.to_str().unwrap()], server.folder.path()).status.success());
    note(&server, "after the backup");
    let first = heard_after(&server, &device, Some(CaseMark::NONE)).await.unwrap();
    server.stop().await;
    let restored = collector(&["restore", "--from", backup.to_str().unwrap()], server.folder.path());
    assert!(restored.status.success(), "{}", stderr(&restored));
    server.start_again().await;
    let device = device.at(&server);
    note(&server, "since");
    let again = heard_after(&server, &device, Some(first.mark)).await.expect("it is another life");
    assert_eq!(again.steps.len(), 2);
    assert_eq!(again.steps[0], first.steps[0], "the same step has the same name");
    assert!(!first.steps.contains(&again.steps[1]));
    assert_ne!(again.steps[1].id, first.steps[1].id, "another step has another");
}

#[tokio::test]
async fn a_row_of_another_hand_costs_no_heartbeat() {
    let server = Server::start().await;
    let (device, id) = delivered(&server).await;
    let database = Connection::open(server.folder.path().join("collector.db")).unwrap();
    let insert = "insert into case_steps (device_id, server_epoch, case_epoch, case_seq, event)
                  values (?1, ?2, ?2, 2, ?3)";
    let epoch = id.epoch.as_bytes();
    for event in ["{", "[]", "{\"of\":1}"] {
        database.execute(insert, rusqlite::params![device.enrolled.device.as_bytes(), epoch, event]).unwrap();
    }
    let passed_over = heard_after(&server, &device, Some(CaseMark::NONE)).await.unwrap();
    assert_eq!((passed_over.steps.len(), passed_over.mark.number), (0, 3));
    assert_eq!(heard_after(&server, &device, Some(passed_over.mark)).await, None);
}

#[tokio::test]
async fn what_is_no_step_is_refused_in_one_sentence() {
    let server = Server::start().await;
    let (_, id) = delivered(&server).await;
    let (name, whole) = (name(id), format!("{}/2", id.epoch));
    let long = "x".repeat(201);
    let act = |cause: &'static str| ["act", &name, "--root-cause", cause, "--action", "trained"];
    for (words, said) in [
        (&["show", "milk"][..], "`milk` names no follow-up; write it as"),
        (&["show", "abc/2"], "names no follow-up"),
        (&["show", "00000000/2"], "there is no follow-up 00000000/2 here; its kiosk may not"),
        (&["verify", &name], "nothing was done about this follow-up yet; first say"),
        (&["reopen", &name], "is not closed, so there is nothing to reopen"),
        (&act("other"), "`other` needs a word more"),
        (&["note", &name], "there are no words in the note; write some"),
        (&["note", &name, "--words", &long], "201 characters long, and 200 are kept"),
    ] {
        let refused = case(&server, words);
        assert_eq!((refused.status.code(), refused.stdout.is_empty()), (Some(1), true), "{words:?}");
        let error = stderr(&refused);
        assert!(error.contains(said) && error.trim_end().lines().count() == 1, "{error}");
    }
    assert_eq!(case(&server, &act("weather")).status.code(), Some(2));
    assert!(case(&server, &["show", &whole]).status.success(), "the whole name is one as well");
}

#[tokio::test]
async fn on_the_pages_what_hurries_is_first_and_steps_are_taken_by_who_manages_the_store() {
    let server = Server::start().await;
    let (_, id) = delivered(&server).await;
    server.admin().device_replace("Exit", Some("Harbour Street")).unwrap();
    server.admin().device_add("Other", Some("Mill Lane")).unwrap();
    let at = format!("/cases/{}/{}", id.epoch, id.seq);
    let (root, words) = ("root@example.com", "“spilt milk”");
    let mut admin = Browser::of_admin(&server).await;
    let list = admin.get("/cases").await.text;
    assert!(
        list.contains("One open follow-up") && list.contains("None of them is late") && list.contains(words),
        "{list}"
    );
    let waits = "Follow-ups <b>1</b><span class=\"hidden\"> to acknowledge</span>";
    assert!(list.contains(waits), "{list}");
    server.clock.advance_ms(5 * 3_600_000);
    assert!(admin.get("/cases?state=late").await.text.contains("1 h late"));
    let taken = admin.submit(&at, &at, &[("step", "acknowledged"), ("words", "")]).await;
    assert_eq!((taken.status, taken.location.as_str()), (303, at.as_str()));
    assert!(!admin.get("/").await.text.contains("> to acknowledge<"), "at once");
    let twice = admin.submit(&at, &at, &[("step", "acknowledged")]).await;
    assert!(twice.status == 422 && twice.text.contains("was acknowledged already"), "{}", twice.text);
    let odd =
        admin.submit(&at, &at, &[("step", "acted"), ("root_cause", "bad luck"), ("action", "trained")]).await;
    assert!(odd.status == 422 && odd.text.contains("root_cause is none of those"), "{}", odd.text);
    let act =
        [("step", "acted"), ("root_cause", "supply"), ("action", "put_right"), ("words", "two deliveries")];
    assert_eq!(admin.submit(&at, &at, &act).await.status, 303);
    let shown = admin.get(&at).await.text;
    for said in [words, "Acted", "put right (supply)", "two deliveries", "Confirm it worked", "Somebody"] {
        assert!(shown.contains(said), "{said} in {shown}");
    }
    assert_eq!(admin.submit(&at, &at, &[("step", "verified"), ("words", "it holds")]).await.status, 303);
    assert!(admin.get("/cases").await.text.contains("No open follow-ups"));
    assert!(admin.get("/cases?state=closed").await.text.contains(words));
    assert!(admin.get(&at).await.text.contains("Open it again"));
    assert_eq!(server.admin().audit(None, 1).unwrap()[0].1.who, root);
    assert_eq!(admin.get("/cases/000000/9").await.status, 404);

    for (role, place, status, deed) in [
        (Role::Manager, "Harbour Street", 200, 303),
        (Role::Viewer, "Harbour Street", 200, 404),
        (Role::Manager, "Mill Lane", 404, 404),
    ] {
        let login = format!("{}-{}@example.com", role.name(), place.len());
        let link = server.admin().person_invite(&login, Grant { role, place: Some(place.into()) }).unwrap();
        let mut browser = Browser::at(&server);
        browser.make_account(&format!("/welcome/{}", link.token.text()), &login).await;
        assert_eq!(browser.get(&at).await.status, status, "{login}");
        assert_eq!(browser.get("/cases?state=all").await.text.contains(words), status == 200, "{login}");
        let noted = browser.submit("/cases", &at, &[("step", "noted"), ("words", "seen")]).await;
        assert_eq!(noted.status, deed, "{login}");
    }
}

#[tokio::test]
async fn a_program_takes_steps_where_its_token_may() {
    let server = Server::start().await;
    let (_, id) = delivered(&server).await;
    server.admin().device_replace("Exit", Some("Harbour Street")).unwrap();
    server.admin().device_add("Other", Some("Mill Lane")).unwrap();
    let at = format!("/cases/{}/{}/steps", id.epoch, id.seq);
    let acknowledge = serde_json::json!({ "step": "acknowledged", "by": "Desk" });
    let reader = Program::of(&server, &[Scope::CasesRead], None);
    reader.post(&at, &acknowledge).await.is_problem(403, None);
    let elsewhere = Program::of(&server, &[Scope::CasesWrite], Some("Mill Lane"));
    elsewhere.post(&at, &acknowledge).await.is_problem(404, None);
    let program = Program::of(&server, &[Scope::CasesWrite], Some("Harbour Street"));
    let taken = program.post(&at, &acknowledge).await;
    assert_eq!((taken.status, &taken.body["stage"]), (201, &"acknowledged".into()), "{:?}", taken.body);
    let steps = taken.body["steps"].as_array().unwrap();
    assert!(steps.iter().any(|step| step["by"] == "Desk" && step["role"] == "head_office"), "{steps:?}");
    program.post(&at, &acknowledge).await.is_problem(409, None);
    program.post(&at, &serde_json::json!({ "step": "shouted" })).await.is_problem(422, Some("step"));
    program
        .post(&at, &serde_json::json!({ "step": "acted", "root_cause": "supply" }))
        .await
        .is_problem(422, Some("action"));
    program.post("/cases/abcdef/1/steps", &acknowledge).await.is_problem(404, None);
    program.post("/cases/x/y/steps", &acknowledge).await.is_problem(404, None);
    assert!(server.admin().audit(None, 1).unwrap()[0].1.who.starts_with("token "));
}
