//! Clocks that are not set, jump, or are behind a certificate.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use afterword_agent::{Identity, SocketQueue, State};
use afterword_model::ports::{Clock, ManualClock};
use afterword_model::response::{ClockQuality, Response, Stamp};
use afterword_protocol::system::SystemClock;
use afterword_tests::office::{Courier, Office};
use afterword_tests::ratings::{Shoppers, fill, open_store, responses as all_responses};
use afterword_tests::{Behaviour, Desk, Program, Proxy};
use anyhow::{Context, Result, ensure};
use serde_json::Value;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

fn now_ms() -> i64 {
    SystemClock::start().wall_ms()
}

/// A kiosk whose clock says this at its start.
fn kiosk_at(desk: &Desk, clock_ms: i64) -> Result<Program> {
    let mut command = desk.kiosk_command(0);
    command.args(["--clock", &clock_ms.to_string()]);
    let kiosk = Program::start(command)?;
    kiosk.line(|line| (line == "ready").then_some(()))?;
    Ok(kiosk)
}

/// The records of a kiosk that has ended, read from a copy: opening a store counts as a boot.
fn records(desk: &Desk) -> Result<Vec<Response>> {
    let copy = tempfile::tempdir()?;
    copy_files(&desk.path("kiosk"), copy.path())?;
    let store = open_store(copy.path(), 1)?;
    ensure!(store.verify()?.problems.is_empty(), "{:?}", store.verify()?);
    Ok(all_responses(&store)?.into_iter().map(|(_, response)| response).collect())
}

/// The database's own files; fonts lie beside them.
fn copy_files(from: &Path, to: &Path) -> Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// Responses by local day, as `afterword-kiosk summary` says them.
fn summary(desk: &Desk, day: i64) -> Result<Value> {
    let config = "format = 1\nstore_name = \"Harbour Street\"\ntime_zone = \"Europe/London\"\n";
    std::fs::write(desk.path("kiosk.toml"), config)?;
    let date = chrono::DateTime::from_timestamp(day * 86_400, 0).context("a day")?.format("%Y-%m-%d");
    let date = date.to_string();
    let places = ["--config", "kiosk.toml", "--data", "kiosk", "--socket", "kiosk.sock"];
    let days = ["summary", "--json", "--from", &date, "--to", &date];
    let output = desk.run("afterword-kiosk", &[&days[..], &places[..]].concat())?;
    ensure!(output.code == Some(0), "{}", output.everything());
    Ok(serde_json::from_str(&output.stdout)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn f14_a_device_without_a_clock_collects_for_a_week_and_syncs() -> Result<()> {
    let mut desk = Desk::new()?;
    let line = Proxy::open()?;
    let collector = desk.collector_behind(&line)?;
    desk.enrol()?;
    line.set(Behaviour::Refuse);
    // 1970, and every morning 1970 again: the battery is gone.
    let identity = Identity::load(&desk.path("sync"))?;
    let no_clock = Arc::new(ManualClock::at(0));
    let mut courier = Courier::between(SocketQueue::at(desk.socket()), identity, no_clock.clone())?;
    let mut last_seq = 0;
    for _ in 0..7 {
        let mut kiosk = kiosk_at(&desk, 0)?;
        for _ in 0..3 {
            last_seq = kiosk.shoppers(2)?.last_seq;
            kiosk.hand(&format!("wait {}", 4 * HOUR_MS))?;
        }
        kiosk.end_of_input()?;
    }
    let mut kiosk = kiosk_at(&desk, 0)?;
    courier.says(|status| status.state == State::Retrying && status.acknowledged_seq == 0).await?;
    line.set(Behaviour::Pass);
    courier.receipts_up_to(last_seq).await?;

    // The clock is set at last.
    kiosk.hand(&format!("clock {}", now_ms()))?;
    no_clock.jump_to(now_ms());
    last_seq = kiosk.shoppers(2)?.last_seq;
    courier.receipts_up_to(last_seq).await?;
    courier.stop().await?;
    kiosk.end_of_input()?;
    collector.terminate()?;
    assert_eq!(desk.proven()?, last_seq);

    // Each record says how far its time can be believed, and boot and monotonic time from which it can be told later.
    let started: Vec<_> = records(&desk)?.into_iter().map(|response| response.draft.started).collect();
    let (unset, set): (Vec<Stamp>, Vec<Stamp>) =
        started.iter().copied().partition(|stamp| stamp.clock == ClockQuality::Unset);
    assert!(unset.iter().all(|stamp| stamp.wall_ms < DAY_MS) && unset.len() >= 42, "{unset:?}");
    assert!(set.iter().all(|stamp| stamp.wall_ms > 50 * 365 * DAY_MS) && set.len() >= 2, "{set:?}");
    let order: Vec<_> = started.iter().map(|stamp| (stamp.boot, stamp.mono_ms)).collect();
    assert!(order.is_sorted() && order.windows(2).all(|pair| pair[0] != pair[1]), "{order:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn f15_a_clock_that_jumps_ten_years_forward_expires_and_purges_nothing() -> Result<()> {
    let mut desk = Desk::new()?;
    let collector = desk.collector()?;
    desk.enrol()?;
    let mut kiosk = desk.kiosk(0)?;
    let sent = kiosk.shoppers(4)?.last_seq;
    let identity = Identity::load(&desk.path("sync"))?;
    let clock = Arc::new(ManualClock::at(now_ms()));
    let mut courier = Courier::between(SocketQueue::at(desk.socket()), identity, clock.clone())?;
    courier.receipts_up_to(sent).await?;

    let in_ten_years_ms = now_ms() + 3_652 * DAY_MS;
    clock.jump_to(in_ten_years_ms);
    kiosk.hand(&format!("clock {in_ten_years_ms}"))?;
    let last_seq = kiosk.shoppers(4)?.last_seq;
    kiosk.end_of_input()?;
    // Whatever is cleaned up at a start is cleaned up by that clock.
    let kiosk = kiosk_at(&desk, in_ten_years_ms)?;
    let held = records_in(&desk.path("kiosk/kiosk.db"))?;
    assert_eq!(held, last_seq, "something was purged");

    // And when somebody sets the clock right, everything goes.
    clock.jump_to(now_ms());
    courier.receipts_up_to(last_seq).await?;
    courier.stop().await?;
    kiosk.end_of_input()?;
    collector.terminate()?;
    assert_eq!(desk.proven()?, last_seq);
    Ok(())
}

/// Records in a database that somebody else has open.
fn records_in(database: &Path) -> Result<u64> {
    let connection =
        rusqlite::Connection::open_with_flags(database, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let count: i64 = connection.query_row("SELECT count(*) FROM record", [], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

#[tokio::test(flavor = "multi_thread")]
async fn f16_a_clock_that_jumps_back_keeps_the_order_and_the_days() -> Result<()> {
    let mut desk = Desk::new()?;
    let collector = desk.collector()?;
    desk.enrol()?;
    let agent = desk.agent()?;
    let noon_ms = now_ms() / DAY_MS * DAY_MS + 12 * HOUR_MS;
    let mut kiosk = kiosk_at(&desk, noon_ms)?;
    // Back by days, by an hour within one, over midnight, and forth again.
    let clocks = [0, -3 * DAY_MS, -HOUR_MS, -12 * HOUR_MS - 1_000, 2 * DAY_MS, -2 * DAY_MS];
    let mut last_seq = 0;
    for offset_ms in clocks {
        kiosk.hand(&format!("clock {}", noon_ms + offset_ms))?;
        last_seq = kiosk.shoppers(4)?.last_seq;
    }
    desk.everything_received(last_seq).await?;
    kiosk.end_of_input()?;
    agent.terminate()?;
    collector.terminate()?;
    assert_eq!(desk.proven()?, last_seq, "numbers go on and none is twice");

    let responses = records(&desk)?;
    let mut by_day: BTreeMap<i64, u64> = BTreeMap::new();
    for response in &responses {
        *by_day.entry(response.draft.started.local_day()).or_default() += 1;
    }
    assert!(by_day.len() >= 4, "{by_day:?}");
    assert!(!responses.is_sorted_by_key(|response| response.draft.started.wall_ms), "the clock did go back");
    assert!(responses.is_sorted_by_key(|response| response.draft.started.mono_ms), "the order stays");
    for (day, count) in by_day {
        assert_eq!(summary(&desk, day)?["responses"], count, "day {day}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn f17_a_certificate_that_is_not_yet_valid_by_somebody_s_clock_shuts_nobody_out() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let collectors_clock = Arc::new(ManualClock::at(now_ms()));
    let office = Office::open_at(folder.path(), collectors_clock.clone()).await?;
    let identity = office.enrol("Exit").await?;
    let not_before_ms = identity.certificate_not_before_ms();
    let store = open_store(&folder.path().join("store"), 17)?;
    fill(&store, &mut Shoppers::of_seed(17), 10)?;

    // By the device's own clock nothing is valid yet, its own certificate least of all: the floor lifts it.
    for device_ms in [0, not_before_ms - 400 * DAY_MS, not_before_ms - 1] {
        let before = store.position()?.last_seq;
        fill(&store, &mut Shoppers::of_seed(18), 3)?;
        let clock = Arc::new(ManualClock::at(device_ms));
        let mut courier = Courier::between(store.queue(), identity.clone(), clock)?;
        courier.receipts_up_to(before + 3).await?;
        courier.stop().await?;
    }

    // By the collector's clock it is not, because that was ahead when it signed it and has been set right since: the date
    // is its own error, and the device is not shut out for it.
    collectors_clock.jump_to(not_before_ms - 300 * DAY_MS);
    fill(&store, &mut Shoppers::of_seed(19), 3)?;
    let last_seq = store.position()?.last_seq;
    let mut courier = Courier::between(store.queue(), identity, Arc::new(SystemClock::start()))?;
    courier.receipts_up_to(last_seq).await?;
    courier.stop().await?;
    store.close()?;
    office.close().await;
    Ok(())
}
