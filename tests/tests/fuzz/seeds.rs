//! What the corpora begin with: one of everything that is sent, in the program's own words, and a few classics of malice.

use std::path::Path;

use afterword_model::carried::{Origin, wrap};
use afterword_model::case::{Author, CaseEvent, Held, Role};
use afterword_model::content::Content;
use afterword_model::ports::SeededEntropy;
use afterword_model::record::{DeviceId, Head, ServerEpoch, StoreEpoch, genesis};
use afterword_model::settings::Settings;
use afterword_model::summary::Ask;
use afterword_protocol::batch::encode;
use afterword_protocol::case_steps::{CaseMark, CaseSteps};
use afterword_protocol::changes::{Change, Changes};
use afterword_protocol::courier::CourierWriter;
use afterword_protocol::errand::{Errand, ErrandKind, ErrandResult, Parcel};
use afterword_protocol::heartbeat::{Fingerprint, Heartbeat, HeartbeatAnswer};
use afterword_protocol::local::{LOCAL_VERSION, Reply, Request};
use afterword_protocol::network_test::{Finding, NetworkTest, Outcome, Step, StepName};
use afterword_protocol::problem::ProblemType;
use afterword_protocol::queue::{
    Acceptance, BeginReason, Begun, FormerEpoch, Health, Position, Run, SeqRange, Take,
};
use afterword_protocol::receipt::{Nonce, Receipt, SignedReceipt};
use afterword_protocol::renewal::{RenewalRequest, Renewed};
use afterword_protocol::settings::{
    Envelope, NO_SETTINGS, SettingsHeld, SettingsRefused, SettingsVersion, SignedSettings,
};

use crate::targets::{courier_key, key, sent};

type Files = Vec<Vec<u8>>;

/// Every corpus by its target's name.
pub(crate) fn all() -> Vec<(&'static str, Files)> {
    vec![
        ("batch", batches()),
        ("receipt", receipts()),
        ("courier", bundles()),
        ("survey", surveys()),
        ("configuration", configurations()),
        ("socket", socket_messages()),
        ("heartbeat", heartbeats()),
        ("record", records()),
    ]
}

fn plain(seq: u64, comment: &str) -> Vec<u8> {
    let started =
        r#""started":{"wall_ms":1795300061007,"offset_min":60,"boot":1,"mono_ms":61007,"clock":"synced"}"#;
    let comment = serde_json::to_string(comment).unwrap();
    format!(
        r#"{{"v":1,"seq":{seq},"survey":"grocery-exit","survey_version":1,"language":"en",{started},"answers":[{{"question":"visit","face":2,"at_ms":0}},{{"question":"why","choices":["waiting"],"at_ms":2100}},{{"question":"words","comment":{comment},"at_ms":9000}}],"outcome":"completed","took_ms":9400}}"#
    )
    .into_bytes()
}

fn bundles() -> Files {
    let bundle = |bodies: &[Vec<u8>]| {
        let device = DeviceId::new([1; 16]);
        let mut writer =
            CourierWriter::begin(Vec::new(), device, courier_key().public(), &SeededEntropy::new(9)).unwrap();
        for body in bodies {
            writer.batch(body).unwrap();
        }
        writer.finish(&key()).unwrap()
    };
    let bodies = batches();
    let whole = bundle(&bodies[..1]);
    let cut = whole[..whole.len() - 70].to_vec();
    vec![whole, cut, bundle(&bodies), bundle(&[]), bodies[0].clone(), b"afterword-courier-1\n".to_vec()]
}

fn records() -> Files {
    let origin = Origin { epoch: StoreEpoch::new([9; 16]), seq: 4_812 };
    let once = wrap(7, origin, &plain(4_812, "slow")).unwrap();
    let twice = wrap(1, Origin { epoch: StoreEpoch::new([1; 16]), seq: 7 }, &once).unwrap();
    let hostile = "\u{202e}z\u{0300}\u{0301}\u{0}=cmd|' /C calc'!A0<script>\u{1F469}\u{200d}\u{1F52C}";
    vec![
        plain(7, "slow"),
        plain(1, hostile),
        once,
        twice,
        STEP.into(),
        b"{}".to_vec(),
        b"{\"v\":2}".to_vec(),
        b"[".repeat(500),
    ]
}

fn run(records: Files) -> Run {
    let epoch = StoreEpoch::new([2; 16]);
    Run { epoch, first_seq: 1, previous_head: genesis(&epoch), records }
}

fn batches() -> Files {
    let encoded = |records| encode(&run(records), DeviceId::new([1; 16]), Nonce::new([5; 16]), &key()).1;
    let three = encoded(vec![plain(1, ""), plain(2, "slow"), plain(3, "\u{1F600}")]);
    let mut files = vec![encoded(vec![plain(1, "")]), encoded(records())];
    // The same before compression, which is where a mutation does most.
    files.push(zstd::bulk::decompress(&three, 1 << 20).unwrap());
    files.push(three);
    files.push(zstd::bulk::compress(&vec![0; 1 << 22], 1).unwrap());
    files.push(Vec::new());
    files
}

fn receipt() -> SignedReceipt {
    let sent = sent();
    let receipt = Receipt {
        device: sent.device,
        epoch: sent.epoch,
        through_seq: sent.last_seq(),
        head: sent.last_head,
        server_epoch: ServerEpoch::new([6; 16]),
        nonce: sent.nonce,
        received_ms: 1_795_300_200_000,
    };
    receipt.sign(&key())
}

fn receipts() -> Files {
    let json = |value: &dyn erased::Json| value.bytes();
    vec![
        json(&receipt()),
        json(&ProblemType::NotContiguous.with_detail("send from 5").at_mark(4)),
        json(&ProblemType::RecordUnreadable.with_detail("record 3").about(3)),
        json(&ProblemType::ChainConflict.with_detail("x\u{1b}[2J").at_mark(u64::MAX)),
        b"<html>Welcome to our Wi-Fi</html>".to_vec(),
        b"30".to_vec(),
        b"Sun, 22 Nov 2026 01:27:07 GMT".to_vec(),
        b"99999999999999999999999".to_vec(),
    ]
}

fn position() -> Position {
    Position {
        epoch: StoreEpoch::new([2; 16]),
        last_seq: 4_812,
        head: Head::new([4; 32]),
        acknowledged_seq: 4_800,
        server_epoch: Some(ServerEpoch::new([6; 16])),
    }
}

fn health() -> Health {
    let former = FormerEpoch {
        epoch: StoreEpoch::new([1; 16]),
        last_seq: 99,
        head: Head::new([3; 32]),
        reason: BeginReason::Rotted,
        lost: vec![SeqRange { first: 7, last: 7 }, SeqRange { first: 40, last: 52 }],
    };
    Health {
        position: position(),
        purged_seq: 1_000,
        boot: 17,
        oldest_unsent_ms: Some(1_795_300_000_000),
        disk_free_bytes: Some(1 << 33),
        former: vec![former],
        kiosk_version: "0.1.0".into(),
        changes: Some(Changes::none().version),
        case_mark: Some(CaseMark { server_epoch: ServerEpoch::new([6; 16]), number: 7 }),
        settings: Some(SettingsHeld { kept: SettingsVersion::new([5; 16]), runs: NO_SETTINGS }),
    }
}

/// What head office decided for a device.
fn settings() -> SignedSettings {
    let decided = Settings { store_name: Some("Mill Lane".into()), ..Settings::default() };
    Envelope::pack(&decided, DeviceId::new([1; 16]), 0).expect("it is short").sign(&key())
}

/// What head office did about a case.
fn case_steps() -> CaseSteps {
    let mark = CaseMark { server_epoch: ServerEpoch::new([6; 16]), number: 8 };
    let Content::Case(record) = Content::from_bytes(7, STEP.as_bytes()).expect("it is a step") else {
        panic!("it is a response")
    };
    let by = Author { role: Role::HeadOffice, name: Some("Ana".into()) };
    let event = CaseEvent { by, ..record.case };
    CaseSteps { mark, steps: vec![Held { id: Origin { epoch: mark.server_epoch, seq: 8 }, event }] }
}

/// A step of a case as a shop froze it.
const STEP: &str = concat!(
    r#"{"v":1,"seq":7,"case":{"of":{"epoch":"01010101010101010101010101010101","seq":6},"#,
    r#""at":{"wall_ms":1795300000123,"offset_min":60,"boot":3,"mono_ms":5000,"clock":"synced"},"#,
    r#""by":{"role":"manager"},"step":{"acted":{"root_cause":"supply","action":"put_right","words":"salt"}}}}"#
);

fn changes() -> Changes {
    let words = |english: &str, german: &str| {
        [("en", english), ("de", german)].map(|(tag, text)| (tag.to_owned(), text.to_owned())).into()
    };
    let change = Change {
        said: words("Queues too long", "Zu lange Schlangen"),
        did: words("Two more tills are open", "Zwei Kassen mehr"),
        day: 20_769,
        until_day: Some(20_818),
    };
    Changes::of(vec![change.clone(), Change { until_day: None, ..change }])
}

fn network_step() -> Step {
    let finding = Finding::Wireless {
        interface: "wlan0".into(),
        signal_dbm: Some(-54),
        network: Some("store-iot".into()),
        channel: Some(36),
    };
    Step { step: StepName::Link, outcome: Outcome::Ok, took_ms: 1, finding }
}

fn network_test() -> NetworkTest {
    NetworkTest { begun_ms: 0, took_ms: 1, steps: vec![network_step()] }
}

fn parcel() -> Parcel {
    let files = vec!["afterword-01010101010101010101010101010101-4801-4812.courier".into()];
    Parcel { files, records: 12, confirmed: 4_800, refused: 0 }
}

fn socket_messages() -> Files {
    let requests = [
        Request::Hello { version: LOCAL_VERSION, program: "afterword-sync".into() },
        Request::Position,
        Request::Next(Take { after_seq: 4_800, records_max: 500, wait_ms: 30_000 }),
        Request::Accept(receipt()),
        Request::Health,
        Request::BeginAnew { of: Some(position().epoch), reason: BeginReason::Forked },
        Request::Summary(Ask::days(20_000, 20_029)),
        Request::KeepChanges(changes()),
        Request::Errand { wait_ms: 30_000, agent: Box::default() },
        Request::ErrandStep { id: 1, step: network_step() },
        Request::ErrandDone { id: 1, result: Box::new(ErrandResult::NetworkTested { test: network_test() }) },
        Request::Device,
        Request::TestNetwork,
        Request::KeepCaseSteps(case_steps()),
        Request::KeepSettings(Box::new(settings())),
        Request::ErrandDone { id: 2, result: Box::new(ErrandResult::Packed { parcel: parcel() }) },
    ];
    let replies = [
        Reply::Hello { version: LOCAL_VERSION, program_version: "0.1.0".into(), errands: true },
        Reply::Position(position()),
        Reply::Next { run: Some(run(vec![plain(1, ""), vec![0xff, b'\n', 0]]).into()) },
        Reply::Next { run: None },
        Reply::Accepted { acceptance: Acceptance::Stored },
        Reply::Health(health()),
        Reply::BegunAnew { begun: Begun::Anew },
        Reply::Refused { detail: "the disk is full".into() },
        Reply::Errand { errand: Some(Errand { id: 1, kind: ErrandKind::TestNetwork }) },
        Reply::Errand {
            errand: Some(Errand {
                id: 2,
                kind: ErrandKind::Pack { folder: "/media/STICK".into(), file_system: 2_065 },
            }),
        },
    ];
    let mut files: Files = requests.iter().map(|request| serde_json::to_vec(request).unwrap()).collect();
    files.extend(replies.iter().map(|reply| serde_json::to_vec(reply).unwrap()));
    files.push(vec![0xff; 8]);
    files
}

fn heartbeats() -> Files {
    let heartbeat = Heartbeat {
        v: 1,
        device: DeviceId::new([1; 16]),
        health: health(),
        agent_version: "0.1.0".into(),
        wall_ms: 1_795_300_200_000,
        certificate_expires_ms: 1_803_000_000_000,
        trusted: vec![Fingerprint::new([8; 32])],
        courier_key: None,
        settings_refused: Some(SettingsRefused::of(
            SettingsVersion::new([5; 16]),
            "hours: the shop never opens",
        )),
    };
    let answer = HeartbeatAnswer {
        server_epoch: ServerEpoch::new([6; 16]),
        mark: 4_800,
        head: Head::new([4; 32]),
        wall_ms: 1_795_300_200_000,
        collector_ca_pem: Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".into()),
        changes: Some(changes()),
        courier_key: "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=".parse().ok(),
        case_steps: Some(case_steps()),
        settings: Some(settings()),
    };
    let renewal = RenewalRequest {
        signing_request_pem: "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"
            .into(),
        agent_version: "0.1.0".into(),
    };
    let renewed = Renewed { certificate_pem: "x".into(), collector_ca_pem: "y".into() };
    let json = |value: &dyn erased::Json| value.bytes();
    vec![json(&heartbeat), json(&answer), json(&renewal), json(&renewed)]
}

fn shipped(path: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

fn surveys() -> Files {
    let small =
        b"format = 1\nid = \"s\"\nversion = 1\n[[questions]]\nid = \"visit\"\nkind = \"faces\"\n".to_vec();
    vec![
        shipped("kiosk/app/surveys/grocery-exit.toml"),
        small,
        "format = 1\nid = \"\u{202e}\"\n".into(),
        b"a.".repeat(300),
        b"[".repeat(2_000),
        b"\xff\xfe".to_vec(),
    ]
}

fn configurations() -> Files {
    vec![
        shipped("kiosk/app/examples/kiosk.toml"),
        b"format = 1\nstore_name = \"Harbour Street\"\ntime_zone = \"Europe/London\"\n".to_vec(),
        b"format = 2\nstore_name = \"\"\ntime_zone = \"Mars/Olympus\"\n".to_vec(),
        b"store_name = \"\"\"\n\n\"\"\"\n".to_vec(),
        b"x = { a = { b = { c = 1 } } }\n".to_vec(),
    ]
}

/// Writing values of several types in one list.
mod erased {
    pub(super) trait Json {
        fn bytes(&self) -> Vec<u8>;
    }

    impl<T: serde::Serialize> Json for T {
        fn bytes(&self) -> Vec<u8> {
            serde_json::to_vec(self).unwrap()
        }
    }
}
