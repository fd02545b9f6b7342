//! Thousands of devices that come back at once, against one real collector (F35).
//!
//! Ends with what is measured for P10 (the collector's memory) and P11 (the 99th percentile of a bystander's wait, beside and alone).
//!
//! `cargo build --release --workspace`, then `cargo run --release -p afterword-tests --bin herd -- 50000`. The second
//! argument, when given, is the number of connections they share.

use std::time::Duration;

use afterword_tests::Desk;
use afterword_tests::herd::{Order, come_back, connections_possible};
use anyhow::{Context, Result};

/// As many as the table asks for.
const DEVICES: u32 = 50_000;
/// More than the collector's places, so that some have to wait for one.
const CONNECTIONS: usize = 1_500;

/// Records of the bystander before they come: enough for a hundredth of them to be some.
const ALONE: usize = 500;
/// The collector's memory, in MiB, is to stay below this (P10).
const MEMORY_MIB: f64 = 200.0;

#[tokio::main(flavor = "multi_thread")]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let number = |text: Option<String>, usual: usize| {
        text.map_or(Ok(usual), |text| {
            text.parse().with_context(|| format!("`{text}` is no number of devices"))
        })
    };
    let devices = u32::try_from(number(arguments.next(), DEVICES as usize)?)?;
    let connections = connections_possible(number(arguments.next(), CONNECTIONS)?);
    let mut desk = Desk::new()?;
    let collector = desk.collector()?;
    let order = Order {
        devices,
        connections,
        bystander_every: Duration::from_millis(100),
        reader_every: Duration::from_millis(500),
        alone: ALONE,
    };
    println!("{devices} devices over {connections} connections at a time");
    let came = come_back(&desk, &collector, order).await?;
    println!("{came}");
    let beside = came.beside.quantile(0.99).as_secs_f64() / came.alone.quantile(0.99).as_secs_f64();
    println!("ratio P10 {:.2} target 1 lower", came.memory_peak_kib as f64 / 1_024.0 / MEMORY_MIB);
    println!("ratio P11 {beside:.2} target 5 lower");
    collector.terminate()
}
