//! Everybody at once.

use std::time::Duration;

use afterword_tests::Desk;
use afterword_tests::herd::{Order, come_back, connections_possible};
use anyhow::Result;

/// Names the environment variable that makes the crowd as large as the table has it: `AFTERWORD_HERD_DEVICES=50000`.
/// The bin `herd` does the same in a release build.
const HERD_DEVICES: &str = "AFTERWORD_HERD_DEVICES";
/// Devices without it: ten times as many as the collector has places for.
const HERD_DEVICES_USUAL: u32 = 9_000;
/// Connections they share: half as many again as the collector has places for.
const CONNECTIONS: usize = 1_350;

/// What the collector may take in memory for all of them, in KiB.
const GROWTH_MAX_KIB: u64 = 200 * 1024;

/// The bystander's deliveries and the overview at head office, but for one in a hundred, take at most this share of the time that the
/// crowd takes: they do not queue up with it. A share and no time, because a slow machine is slow for both.
const BYSTANDER_SHARE: u32 = 8;

#[tokio::test(flavor = "multi_thread")]
async fn f35_a_crowd_that_comes_back_at_once_is_drained_and_neither_a_bystander_nor_head_office_waits_for_it()
-> Result<()> {
    let devices = std::env::var(HERD_DEVICES).map_or(Ok(HERD_DEVICES_USUAL), |text| text.parse())?;
    let mut desk = Desk::new()?;
    let collector = desk.collector()?;
    let order = Order {
        devices,
        connections: connections_possible(CONNECTIONS),
        bystander_every: Duration::from_millis(100),
        reader_every: Duration::from_millis(500),
        alone: 60,
    };
    let outcome = come_back(&desk, &collector, order).await?;
    println!("{outcome}");
    assert_eq!(outcome.drained, devices);
    let grown_kib = outcome.memory_peak_kib - outcome.memory_before_kib;
    assert!(grown_kib < GROWTH_MAX_KIB, "the collector grew by {grown_kib} KiB");
    let p99 = outcome.beside.quantile(0.99);
    assert!(p99 * BYSTANDER_SHARE < outcome.elapsed, "the bystander waited {p99:?} of {:?}", outcome.elapsed);
    let p99 = outcome.read_beside.quantile(0.99);
    assert!(p99 * BYSTANDER_SHARE < outcome.elapsed, "the overview took {p99:?} of {:?}", outcome.elapsed);
    collector.terminate()?;
    let verified = desk.run("afterword-collector", &["verify", "--data", "collector"])?;
    assert_eq!(verified.code, Some(0), "{}", verified.everything());
    Ok(())
}
