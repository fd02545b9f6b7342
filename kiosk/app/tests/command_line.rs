//! `afterword-kiosk` as a person at the command line meets it.

#![expect(clippy::unwrap_used, reason = "a test says by a panic that it cannot go on")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use std::sync::mpsc::channel;

use afterword_kiosk::moments::Moments;
use afterword_kiosk::socket::Socket;
use afterword_kiosk_store::{Options, Store};
use afterword_model::alerts::{Cause, Count, Rule, Wish};
use afterword_model::response::{Answer, AnswerValue, ClockQuality, Draft, Outcome, Stamp};
use afterword_protocol::system::{SystemClock, SystemEntropy};

use support::kiosk;

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const SURVEY: &str = include_str!("../surveys/grocery-exit.toml");
const CONFIG: &str = "format = 1\nstore_name = \"Harbour Street\"\ntime_zone = \"Europe/London\"\n";
const PLACES: [&str; 6] = ["--config", "kiosk.toml", "--data", "data", "--socket", "kiosk.sock"];

#[test]
fn the_shipped_survey_is_usable() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("survey.toml"), SURVEY).unwrap();
    let output = kiosk(folder.path(), &["survey", "check", "survey.toml"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(stdout(&output).contains("usable. grocery-exit version 1"), "{output:?}");
    assert!(!stdout(&output).contains("warning"), "{output:?}");
}

#[test]
fn a_broken_survey_is_refused_with_file_line_field_and_hint() {
    let folder = tempfile::tempdir().unwrap();
    let broken =
        SURVEY.replacen("version = 1", "version = 0", 1).replacen("kind = \"faces\"", "kind = \"facs\"", 1);
    fs::write(folder.path().join("broken.toml"), &broken).unwrap();
    let output = kiosk(folder.path(), &["survey", "check", "broken.toml"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let line = broken.lines().position(|line| line.starts_with("version")).unwrap() + 1;
    assert!(stdout(&output).contains(&format!("broken.toml:{line}:")), "{}", stdout(&output));
    assert!(stdout(&output).contains("did you mean `faces`?"), "{}", stdout(&output));

    let json = kiosk(folder.path(), &["survey", "check", "--json", "broken.toml"]);
    let json: serde_json::Value = serde_json::from_str(&stdout(&json)).unwrap();
    assert_eq!(json["usable"], false);
    assert_eq!(json["found"][0]["field"], "version");
}

#[test]
fn a_question_that_needs_a_key_is_named_with_the_way_to_one() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("nps.toml"), include_str!("../surveys/pharmacy-nps.toml")).unwrap();
    let output = kiosk(folder.path(), &["survey", "check", "nps.toml"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(
        stdout(&output).contains("`afterword-collector contact new-key` makes a key"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn doctor_says_how_a_colour_was_corrected_and_why_a_logo_cannot_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let doctor = |brand: &str| {
        fs::write(folder.path().join("kiosk.toml"), format!("{CONFIG}[brand]\n{brand}\n")).unwrap();
        kiosk(folder.path(), &[&["doctor"], &PLACES[..]].concat())
    };
    let pale = stdout(&doctor("accent = \"#F0E0FF\""));
    assert!(
        pale.contains("look   brand          brand.accent, corrected: White words on this colour"),
        "{pale}"
    );
    fs::write(folder.path().join("logo.png"), "no picture").unwrap();
    let output = doctor("logo = \"logo.png\"");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stdout(&output).contains("WRONG  brand          cannot use the logo ./logo.png")
            || stdout(&output).contains("logo.png; a PNG of at most 256 KiB is meant"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn a_configuration_with_a_mistake_leaves_no_database() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("kiosk.toml"), CONFIG.replace("store_name", "store_nam")).unwrap();
    let output = kiosk(folder.path(), &[&["doctor"], &PLACES[..]].concat());
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(stdout(&output).contains("kiosk.toml:2:"), "{}", stdout(&output));
    assert!(!folder.path().join("data").exists());
}

/// A database of three answers, as an orderly end leaves it.
fn collect(data: &Path) {
    let options = Options {
        clock: Arc::new(SystemClock::start()),
        entropy: Arc::new(SystemEntropy),
        opens_cases: true,
    };
    let (store, _) = Store::open(data, options).unwrap();
    let started = Stamp { wall_ms: 0, offset_min: 0, boot: 1, mono_ms: 0, clock: ClockQuality::Unset };
    for _ in 0..3 {
        let mut draft = Draft::begun("grocery-exit", 1, "en", started);
        draft.answers.push(Answer { question: "visit".into(), value: AnswerValue::Face(4), at_ms: 0 });
        let (done, frozen) = channel();
        store.freeze(draft, Outcome::Completed, 1, move |result| done.send(result).unwrap());
        frozen.recv().unwrap().unwrap();
    }
    store.close().unwrap();
}

#[test]
fn doctor_tells_what_became_of_a_damaged_database() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("kiosk.toml"), CONFIG).unwrap();
    let data = folder.path().join("data");
    collect(&data);
    let doctor = || stdout(&kiosk(folder.path(), &[&["doctor"], &PLACES[..]].concat()));
    let healthy = doctor();
    assert!(healthy.contains("records collected: 3, not yet received by the collector: 3"), "{healthy}");
    assert!(healthy.contains("MiB free on the disk") && !healthy.contains("former epoch"), "{healthy}");

    for told in [
        "agent          the kiosk does not run",
        "network test   the kiosk does not run",
        "start `afterword-kiosk run`",
    ] {
        assert!(healthy.contains(told), "{healthy}");
    }

    let mut bytes = fs::read(data.join("kiosk.db")).unwrap();
    bytes[..4096].fill(0);
    fs::write(data.join("kiosk.db"), bytes).unwrap();
    let damaged = doctor();
    for told in [
        "set aside as data/kiosk.db.corrupt-1; keep that file",
        "is over after record 3 because its file was damaged or is gone; lost: none",
        "chain and roll-ups whole; records collected: 3,",
    ] {
        assert!(damaged.contains(told), "{damaged}");
    }
    let afterwards = doctor();
    assert!(!afterwards.contains("set aside") && afterwards.contains("lost: none"), "{afterwards}");

    fs::remove_file(data.join("kiosk.db")).unwrap();
    let gone = doctor();
    assert!(gone.contains("lost: 1 to 3"), "{gone}");
}

#[test]
fn without_a_display_run_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("kiosk.toml"), CONFIG).unwrap();
    let output = kiosk(folder.path(), &[&["run"], &PLACES[..]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("no display") && stderr(&output).contains("afterword-sim demo --headless"),
        "{output:?}"
    );
    assert!(!folder.path().join("data").exists(), "nothing is half-made");
}

#[test]
fn a_summary_without_a_database_says_where_it_looked() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("kiosk.toml"), CONFIG).unwrap();
    let output = kiosk(folder.path(), &[&["summary"], &PLACES[..]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("no database in data"), "{output:?}");
}

/// A store with one closed alert and one that is open.
fn alerted(data: &Path) -> Store {
    let options = Options {
        clock: Arc::new(SystemClock::start()),
        entropy: Arc::new(SystemEntropy),
        opens_cases: true,
    };
    let (store, _) = Store::open(data, options).unwrap();
    let at = |mono_ms| Stamp {
        wall_ms: 1_795_876_200_000,
        offset_min: 0,
        boot: 1,
        mono_ms,
        clock: ClockQuality::Synced,
    };
    let opens = |at| Wish::Open {
        touchpoint: "exit".into(),
        cause: Cause::UnhappyShare { window_min: 15 },
        count: Count { answers: 6, unhappy: 4 },
        at,
    };
    let closes = Wish::Close { touchpoint: "exit".into(), rule: Rule::UnhappyShare, at: at(1) };
    for wish in [opens(at(0)), closes, opens(at(2))] {
        let (done, changed) = channel();
        store.change_alert(wish, move |result| done.send(result).unwrap());
        changed.recv().unwrap().unwrap().unwrap();
    }
    store
}

#[test]
fn alerts_are_listed_by_the_running_kiosk_and_from_its_database() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("kiosk.toml"), CONFIG).unwrap();
    let store = alerted(&folder.path().join("data"));
    let alerts = |arguments: &[&str]| {
        let output = kiosk(folder.path(), &[&["alerts"], arguments, &PLACES[..]].concat());
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        stdout(&output)
    };
    let socket = Socket::serve(&folder.path().join("kiosk.sock"), &store, &Moments::default()).unwrap();
    let running = [alerts(&[]), alerts(&["--open"]), alerts(&["--json", "--newest", "1"])];
    drop(socket);
    store.close().unwrap();
    let stopped = [alerts(&[]), alerts(&["--open"]), alerts(&["--json", "--newest", "1"])];
    assert_eq!(running, stopped);
    let [all, open, json] = running;
    assert_eq!(all.lines().count(), 2);
    assert!(all.contains("    1  2026-11-28 14:30  exit: 4 of 6 unhappy within 15 minutes  closed"), "{all}");
    assert_eq!(open, "    2  2026-11-28 14:30  exit: 4 of 6 unhappy within 15 minutes  OPEN\n");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 1);
    assert_eq!((&json[0]["id"], &json[0]["rule"]), (&2.into(), &"unhappy_share".into()));
    assert!(json[0].get("closed").is_none());
}

#[test]
fn doctor_says_when_the_program_for_alerts_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let doctor = |alerts: &str| {
        fs::write(folder.path().join("kiosk.toml"), format!("{CONFIG}[alerts]\n{alerts}\n")).unwrap();
        stdout(&kiosk(folder.path(), &[&["doctor"], &PLACES[..]].concat()))
    };
    let usual = doctor("");
    assert!(usual.contains("good   alerts         one opens when 50 % of at least 4 ratings"), "{usual}");
    let missing = doctor("command = [\"/nowhere/lamp\"]");
    assert!(
        missing.contains("WRONG  alerts         cannot find the program /nowhere/lamp of `alerts.command`"),
        "{missing}"
    );
    assert!(doctor("command = [\"/bin/sh\"]").contains("/bin/sh is told"));
    assert!(doctor("enabled = false").contains("good   alerts         off"));
}

#[test]
fn a_preview_draws_every_page_of_a_survey_in_every_language() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("washroom.toml"), include_str!("../surveys/airport-washroom.toml")).unwrap();
    let output = kiosk(
        folder.path(),
        &["survey", "preview", "washroom.toml", "--panel", "800x480", "--out", "pictures"],
    );
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let told = stdout(&output);
    for language in ["en", "de", "fr", "es", "pl", "ar"] {
        for page in told.lines().filter(|line| line.ends_with(&format!("-{language}.png"))) {
            let picture = fs::read(folder.path().join(page)).unwrap();
            // A PNG's header: its width and height, in pixels.
            assert_eq!((&picture[1..4], &picture[16..24]), (&b"PNG"[..], &[0, 0, 3, 32, 0, 0, 1, 224][..]));
        }
    }
    assert!(told.lines().count() >= 6 * 3, "{told}");
    let one_language = |tag: &str| {
        let preview = ["survey", "preview", "washroom.toml", "--language", tag, "--out", "pictures"];
        kiosk(folder.path(), &preview)
    };
    let german = stdout(&one_language("de"));
    assert!(german.lines().count() >= 3 && german.lines().all(|line| line.ends_with("-de.png")), "{german}");
    let unknown = one_language("it");
    assert_eq!(unknown.status.code(), Some(1), "{unknown:?}");
    let told = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert!(told.contains("has no language `it`; name one of en, de, fr, es, pl, ar"), "{told}");
    let broken = kiosk(folder.path(), &["survey", "preview", "none.toml", "--out", "pictures"]);
    assert_eq!(broken.status.code(), Some(1), "{broken:?}");
}

#[test]
fn a_preview_wears_the_colours_of_the_store_it_is_for() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("survey.toml"), SURVEY).unwrap();
    let config = format!("{CONFIG}panel = \"800x480\"\n[brand]\naccent = \"#7A1FA2\"\n");
    fs::write(folder.path().join("kiosk.toml"), config).unwrap();
    let preview = ["survey", "preview", "survey.toml", "--config", "kiosk.toml", "--out", "pictures"];
    let output = kiosk(folder.path(), &preview);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let told = stdout(&output);
    let reasons = told.lines().find(|line| line.contains("02-") && line.ends_with("-en.png")).unwrap();
    let picture = image::open(folder.path().join(reasons)).unwrap().to_rgb8();
    assert_eq!(picture.dimensions(), (800, 480), "the panel is the store's");
    assert!(
        picture.pixels().any(|pixel| pixel.0 == [0x7A, 0x1F, 0xA2]),
        "{reasons} has nothing of the colour"
    );
}

#[test]
fn doctor_says_what_is_asked_today_and_that_a_season_has_no_end() {
    let folder = tempfile::tempdir().unwrap();
    let doctor = |days: &str| {
        fs::write(
            folder.path().join("season.toml"),
            SURVEY.replacen("version = 1\n", &format!("version = 7\n{days}\n"), 1),
        )
        .unwrap();
        fs::write(folder.path().join("kiosk.toml"), format!("{CONFIG}seasonal = [\"season.toml\"]\n"))
            .unwrap();
        stdout(&kiosk(folder.path(), &[&["doctor"], &PLACES[..]].concat()))
    };
    let over = doctor("valid_until = 2020-01-01");
    assert!(over.contains("grocery-exit version 1") && !over.contains("no last day"), "{over}");
    let endless = doctor("valid_from = 2020-01-01");
    assert!(endless.contains("grocery-exit version 7"), "{endless}");
    assert!(endless.contains("season.toml is in `seasonal` and has no last day"), "{endless}");
}

/// A database with an unhappy answer in it.
fn collect_unhappy(data: &Path) -> Store {
    let options = Options {
        clock: Arc::new(SystemClock::start()),
        entropy: Arc::new(SystemEntropy),
        opens_cases: true,
    };
    let (store, opened) = Store::open(data, options).unwrap();
    // An hour and a half ago, by a clock that was set.
    let wall_ms = afterword_model::ports::Clock::wall_ms(&SystemClock::start()) - 5_400_000;
    let started = Stamp { wall_ms, offset_min: 0, boot: opened.boot, mono_ms: 0, clock: ClockQuality::Free };
    let answers = [
        AnswerValue::Face(1),
        AnswerValue::Choices(vec!["clean".into()]),
        AnswerValue::Comment("spilt \u{1b}[31mmilk".into()),
    ];
    let answers =
        answers.into_iter().map(|value| Answer { question: "visit".into(), value, at_ms: 0 }).collect();
    let (done, answer) = channel();
    store.freeze(
        Draft { answers, ..Draft::begun("grocery-exit", 1, "en", started) },
        Outcome::Completed,
        0,
        move |frozen| done.send(frozen).unwrap(),
    );
    answer.recv().unwrap().unwrap();
    store
}

#[test]
fn follow_ups_are_listed_from_the_database_and_from_the_running_kiosk() {
    let folder = tempfile::tempdir().unwrap();
    let config = format!("{CONFIG}[follow_ups]\nacknowledge_h = 2\n");
    fs::write(folder.path().join("kiosk.toml"), config).unwrap();
    let list = |more: &[&str]| {
        let output = kiosk(folder.path(), &[&["follow-ups"], more, &PLACES[..]].concat());
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        stdout(&output)
    };
    let store = collect_unhappy(&folder.path().join("data"));
    let socket = Socket::serve(&folder.path().join("kiosk.sock"), &store, &Moments::default()).unwrap();
    let running = list(&[]);
    drop(socket);
    store.close().unwrap();
    let closed = list(&[]);
    for page in [&running, &closed] {
        assert!(page.starts_with("1 open, 0 overdue, 0 verified this month\n"), "{page}");
        assert!(page.contains("opened       clean         0 h 29 min left to acknowledge"), "{page}");
        assert!(page.contains("1 of 5  \"spilt \\u{1b}[31mmilk\""), "{page}");
    }
    let json: serde_json::Value = serde_json::from_str(&list(&["--json"])).unwrap();
    assert_eq!((&json["open"], &json["cases"][0]["said"]["reasons"][0]), (&1.into(), &"clean".into()));
    // A step is no answer: the table of them has one row, and the doctor finds nothing wrong.
    let export = kiosk(folder.path(), &[&["export", "--out", "out.csv"], &PLACES[..]].concat());
    assert!(stdout(&export).starts_with("1 responses in out.csv"), "{export:?}");
    let doctor = stdout(&kiosk(folder.path(), &[&["doctor"], &PLACES[..]].concat()));
    assert!(!doctor.contains("WRONG  database"), "{doctor}");
}
