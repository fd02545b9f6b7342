//! What is promised to shoppers who complained, held against what was done: which share of follow-ups somebody had seen in time.

use afterword_collector::Scope;
use afterword_collector::numbers::Scope as Days;
use afterword_model::case::{Author, CASE_EVENT_VERSION, CaseEvent, CaseId, CaseRecord, Role, Step};
use afterword_model::ports::Clock as _;
use afterword_model::response::{ClockQuality, Stamp};

use crate::api::{Program, device_in};
use crate::browser::Browser;
use crate::cases::{opened, unhappy};
use crate::command_line::{collector, json, stdout};
use crate::support::Server;

const HOUR_MS: i64 = 3_600_000;

/// When those were opened of which the time is over.
const OPENED_MS: i64 = -6 * HOUR_MS;

/// A step that the shop took so long after the server's now, or before it.
fn step(server: &Server, seq: u64, of: CaseId, after_ms: i64, step: Step) -> Vec<u8> {
    let at = Stamp {
        wall_ms: server.clock.wall_ms() + after_ms,
        offset_min: 0,
        boot: 1,
        mono_ms: (after_ms - OPENED_MS).unsigned_abs(),
        clock: ClockQuality::Synced,
    };
    let case = CaseEvent { of, at, by: Author::nameless(Role::Manager), step, masked: Default::default() };
    CaseRecord { v: CASE_EVENT_VERSION, seq, case }.to_bytes()
}

#[tokio::test]
async fn the_share_of_follow_ups_seen_in_time_stands_beside_its_target() {
    let server = Server::start().await;
    let mut device = device_in(&server, "Exit", "Quayside").await;
    // Four are seen after an hour, one after five, one that has just been opened by nobody yet.
    let mut seq = 0;
    for seen_after in [Some(1), Some(1), Some(1), Some(1), Some(5), None] {
        let case = CaseId { epoch: device.epoch, seq: seq + 1 };
        let opened_ms = if seen_after.is_some() { OPENED_MS } else { 0 };
        device.records.extend([unhappy(seq + 1), step(&server, seq + 2, case, opened_ms, opened())]);
        seq += 2;
        if let Some(hours) = seen_after {
            seq += 1;
            device.records.push(step(&server, seq, case, OPENED_MS + hours * HOUR_MS, Step::Acknowledged));
        }
    }
    device.send(device.batch(1, seq)).await.receipt();
    let mut browser = Browser::first(&server).await;
    let page = browser.get("/").await;
    let figure = "Acknowledged in time</dt><dd><b>";
    assert!(page.has(&format!("{figure}80 %</b><span>± 29, target 90</span>")), "{}", page.text);
    let program = Program::of(&server, &[Scope::NumbersRead], None);
    let told = &program.get("/numbers/overview").await.body["acknowledged"];
    assert_eq!((&told["hits"], &told["of"]), (&4.into(), &5.into()), "{told}");

    // The sixth one's time is over now.
    server.clock.advance_ms(5 * HOUR_MS.unsigned_abs());
    let page = browser.get("/").await;
    assert!(page.has(&format!("{figure}67 %</b>")), "{}", page.text);
    assert_eq!(
        server.admin().overview(&around(&server)).unwrap().acknowledged.map(|share| (share.hits, share.of)),
        Some((4, 6))
    );
    let elsewhere = Days { stores: Some(vec!["Mill Lane".into()]), ..around(&server) };
    assert_eq!(server.admin().overview(&elsewhere).unwrap().acknowledged, None);
    let page = browser.get("/?from=2026-01-01&to=2026-01-31").await;
    assert!(page.has(&format!("{figure}–</b><span>too few follow-ups, target 90")), "{}", page.text);

    // The command line goes by the clock of this machine, by which the sixth one's time still runs.
    let range = ["numbers", "--range", "7d"];
    let said = json(&collector(&[&range[..], &["--json"]].concat(), server.folder.path()));
    assert_eq!(
        (&said["acknowledged"]["hits"], &said["acknowledged"]["of"]),
        (&4.into(), &5.into()),
        "{said}"
    );
    let said = stdout(&collector(&range, server.folder.path()));
    assert!(
        said.contains("Seen in time     80.0 % (4 of 5 follow-ups), 95 % interval 37.6 to 96.4 %"),
        "{said}"
    );
}

/// The days around the server's now.
fn around(server: &Server) -> Days {
    let today = server.clock.wall_ms() / (24 * HOUR_MS);
    Days { first_day: today - 1, last_day: today + 1, ..Days::default() }
}
