//! The report for whoever helps: how the device is, and nothing of the people in front of it.

#![expect(clippy::unwrap_used, reason = "a test says by a panic that it cannot go on")]

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;

use afterword_kiosk::staff::pins::Pins;
use afterword_kiosk_core::gate::Role;
use afterword_kiosk_store::{Options, Store};
use afterword_model::response::{Answer, AnswerValue, ClockQuality, Draft, Outcome, Stamp};
use afterword_protocol::system::{SystemClock, SystemEntropy};
use serde_json::Value;

use support::kiosk;

const CONFIG: &str = "format = 1\nstore_name = \"Harbour Street\"\ntime_zone = \"Europe/London\"\n";
const PLACES: [&str; 6] = ["--config", "kiosk.toml", "--data", "data", "--socket", "kiosk.sock"];
const COMMENT: &str = "my name is Violet Undertree";
const PIN: &str = "314159";

fn collect(data: &Path) {
    let options = Options {
        clock: Arc::new(SystemClock::start()),
        entropy: Arc::new(SystemEntropy),
        opens_cases: true,
    };
    let (store, _) = Store::open(data, options).unwrap();
    let started = Stamp { wall_ms: 0, offset_min: 0, boot: 1, mono_ms: 0, clock: ClockQuality::Unset };
    let mut draft = Draft::begun("grocery-exit", 1, "en", started);
    let comment = AnswerValue::Comment(COMMENT.into());
    draft.answers.push(Answer { question: "comment".into(), value: comment, at_ms: 0 });
    let (done, frozen) = channel();
    store.freeze(draft, Outcome::Completed, 1, move |result| done.send(result).unwrap());
    frozen.recv().unwrap().unwrap();
    store.close().unwrap();
}

/// Everything in a folder, as bytes; so the markers of a test are known to be there.
fn holds(folder: &Path, marker: &[u8]) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        path.is_file() && fs::read(path).unwrap().windows(marker.len()).any(|window| window == marker)
    })
}

#[test]
fn a_report_says_how_the_device_is_and_nothing_of_anybody() {
    let folder = tempfile::tempdir().unwrap();
    let (config, data) = (folder.path().join("kiosk.toml"), folder.path().join("data"));
    fs::write(config, CONFIG).unwrap();
    collect(&data);
    Pins::of(&data).set(Role::Manager, PIN, &SystemEntropy).unwrap();
    let pepper = fs::read(data.join("pin-pepper")).unwrap();
    let hash: Value = serde_json::from_slice(&fs::read(data.join("pins.json")).unwrap()).unwrap();
    let hash = hash["pins"]["manager"].as_str().unwrap().to_owned();
    let salt = hash.split('$').nth(4).unwrap().to_owned();
    assert!(holds(&data, COMMENT.as_bytes()) && holds(&data, salt.as_bytes()));

    // A word of the record rots; what the database then says of it may quote it.
    for spoilt in [false, true] {
        if spoilt {
            let path = data.join("kiosk.db");
            let mut bytes = fs::read(&path).unwrap();
            let key = b"\"comment\":\"";
            let at = bytes.windows(key.len()).position(|window| window == key).unwrap();
            bytes[at + 1..at + 8].copy_from_slice(b"cxmment");
            fs::write(&path, bytes).unwrap();
        }
        let name = format!("report-{spoilt}.json");
        let output = kiosk(folder.path(), &[&["doctor", "--json", "--report", &name], &PLACES[..]].concat());
        let report = fs::read_to_string(folder.path().join(&name)).unwrap();
        for marker in ["Violet", "Undertree", PIN, &hash, &salt] {
            assert!(!report.contains(marker), "{marker} in {report}");
        }
        assert!(!report.as_bytes().windows(pepper.len()).any(|window| window == pepper));

        let report: Value = serde_json::from_str(&report).unwrap();
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        let names = |json: &Value| {
            let checks = json["checks"].as_array().unwrap().iter();
            checks.map(|check| (check["name"].clone(), check["state"].clone())).collect::<Vec<_>>()
        };
        assert_eq!(names(&report), names(&said), "the report has what doctor says");
        let check = |name: &str| {
            let checks = report["checks"].as_array().unwrap();
            checks
                .iter()
                .find(|check| check["name"] == name)
                .unwrap_or_else(|| panic!("no {name} in {report:#}"))
        };
        assert_eq!(check("PINs")["values"]["roles"][0], "manager");
        if spoilt {
            assert_eq!(report["healthy"], false, "{report:#}");
        } else {
            assert_eq!(check("waiting")["values"]["waiting_count"], 1);
            assert!(check("waiting")["values"]["waiting_bytes"].as_u64().unwrap() > COMMENT.len() as u64);
            assert!(check("room")["values"]["disk_free_bytes"].as_u64().unwrap() > 0);
            assert!(check("database")["values"]["database_bytes"].as_u64().unwrap() > 4_096);
            assert_eq!(check("agent")["state"], "unknown", "no kiosk runs that could say");
        }
    }
    let again = kiosk(folder.path(), &[&["doctor", "--report", "report-true.json"], &PLACES[..]].concat());
    let told = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(again.status.code() == Some(1) && told.contains("not there yet"), "{told}");
}
