//! The collector's own program, killed (SIGKILL) two hundred times while devices deliver over TLS without a pause, on each database.
//!
//! When it dies is decided by what was seen to happen, a receipt or a batch on its way, and by seeded dice. A device whose receipt had lied
//! would be told of a gap by the next start; all of them go on at their last receipt, and at the end each record is held once, and counted once.

use std::sync::Arc;
use std::time::Duration;

use afterword_agent::answer::Answer;
use afterword_model::ports::SeededEntropy;
use afterword_model::record::Seq;
use afterword_tests::cluster::Cluster;
use afterword_tests::wait::patiently;
use afterword_tests::{Desk, Device};
use anyhow::{Context, Result, bail, ensure};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How often it is killed.
const KILLS: u32 = 200;

/// Each sends to its own writer, where there are several.
const DEVICES: u64 = 4;

/// More than anybody delivers meanwhile.
const RECORDS: u64 = 3_000;

/// Days that all of them lie in.
const DAYS: &str = "2025-06-01..2027-12-31";

/// What has happened so far.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    /// The collector was started so often.
    starts: u32,
    begun: u64,
    receipts: u64,
    /// Batches whose connection broke before their answer came.
    broken: u64,
    is_over: bool,
}

/// Delivers one to three records at a time until it is over, the same again when nothing was heard of them. The number of the last record that
/// it has a receipt for.
async fn deliver(device: Arc<Device>, dice: SeededEntropy, seen: watch::Sender<Seen>) -> Result<Seq> {
    let (mut held, mut next) = (0, 0);
    while !(seen.borrow().is_over && next == held) {
        if next == held {
            next = held + 1 + dice.next_u64() % 3;
        }
        ensure!(next <= RECORDS, "more was delivered than there is");
        let starts = seen.borrow().starts;
        let (header, body) = device.batch(held + 1, next);
        seen.send_modify(|seen| seen.begun += 1);
        let Ok(answer) = device.send(body).await else {
            seen.send_modify(|seen| seen.broken += 1);
            // Nothing but a kill breaks a connection.
            let mut later = seen.subscribe();
            patiently("the next start", later.wait_for(|seen| seen.starts > starts)).await??;
            continue;
        };
        match device.meaning(&answer, &header) {
            Answer::Receipt(receipt) => {
                ensure!(receipt.receipt.through_seq == next, "a receipt for something else: {receipt:?}");
                held = next;
                seen.send_modify(|seen| seen.receipts += 1);
            }
            // A database that is away, or still has the lock of who was killed.
            Answer::Wait { .. } | Answer::Transient { .. } => tokio::task::yield_now().await,
            lied => bail!("with a receipt up to {held}, record {} was answered with {lied:?}", held + 1),
        }
    }
    Ok(held)
}

async fn killed_two_hundred_times(mut desk: Desk, cluster: Option<&Cluster>, seed: u64) -> Result<()> {
    let mut collector = desk.collector()?;
    let dice = SeededEntropy::new(seed);
    let (seen, mut watched) = watch::channel(Seen { starts: 1, ..Seen::default() });
    let (mut devices, mut deliveries) = (Vec::new(), JoinSet::new());
    for number in 0..DEVICES {
        let device = Device::enrol(&desk, &format!("till-{number}")).await?;
        let device = Arc::new(device.with_records(RECORDS, seed + number));
        devices.push(Arc::clone(&device));
        let (dice, seen) = (SeededEntropy::new(seed * 100 + number), seen.clone());
        deliveries.spawn(async move { Ok::<_, anyhow::Error>((number, deliver(device, dice, seen).await?)) });
    }
    let (began, mut slowest) = (Instant::now(), Duration::ZERO);
    for kill in 1..=KILLS {
        let (now, more) = (*watched.borrow_and_update(), dice.next_u64() % 6);
        let moment = async {
            // After an answer, or while a batch is on its way, being stored or being answered.
            if dice.next_u64().is_multiple_of(3) {
                watched.wait_for(|seen| seen.receipts > now.receipts + more).await?;
            } else {
                watched.wait_for(|seen| seen.begun > now.begun + more).await?;
                for _ in 0..dice.next_u64() % 400 {
                    tokio::task::yield_now().await;
                }
            }
            Ok::<_, watch::error::RecvError>(())
        };
        tokio::select! {
            reached = patiently("the moment of the next kill", moment) => reached??,
            Some(ended) = deliveries.join_next() => bail!("a device stopped: {:?}", ended?.map(|_| ())),
        }
        collector.kill()?;
        if let Some(cluster) = cluster.filter(|_| kill % 60 == 0) {
            cluster.kill()?;
            cluster.begin()?;
        }
        let starting = Instant::now();
        collector = desk.collector()?;
        slowest = slowest.max(starting.elapsed());
        seen.send_modify(|seen| seen.starts += 1);
    }
    seen.send_modify(|seen| seen.is_over = true);
    let mut held = [0; DEVICES as usize];
    while let Some(ended) = patiently("the last receipts", deliveries.join_next()).await? {
        let (number, last) = ended??;
        held[usize::try_from(number)?] = last;
    }
    let took = began.elapsed();
    collector.kill()?;
    counts_hold(&desk)?;
    let report = desk.told("afterword-collector", &["verify", "--json", "--data", "collector"])?;
    ensure!(report["sound"] == true, "{report}");
    for (device, last) in devices.iter().zip(held) {
        let chains = report["stores"].as_array().context("stores")?;
        let chain = chains.iter().find(|chain| chain["epoch"] == device.epoch.to_string().as_str());
        let chain = chain.context("a device's store")?;
        ensure!(
            chain["records"] == last && chain["head"] == device.head(last).to_string().as_str(),
            "{chain}, and {last}"
        );
    }
    ensure!(report["records"] == held.iter().sum::<u64>(), "{report}, and {held:?}");
    let Seen { receipts, broken, .. } = *seen.borrow();
    ensure!(
        broken >= u64::from(KILLS) / 2,
        "{broken} batches were cut off: it was killed while nobody sent anything"
    );
    println!(
        "{KILLS} kills in {took:?}, the slowest start {slowest:?}; {receipts} receipts, {broken} batches cut off, {held:?} records"
    );
    Ok(())
}

/// What was counted part by part, between one kill and the next, is what comes of counting everything at once.
fn counts_hold(desk: &Desk) -> Result<()> {
    let numbers = |more: &[&str]| {
        let words = ["numbers", "--json", "--range", DAYS, "--data", "collector"];
        desk.told("afterword-collector", &[&words[..], more].concat())
    };
    let both = || Ok::<_, anyhow::Error>((numbers(&[])?, numbers(&["--store", ""])?));
    let before = both()?;
    ensure!(before.0["responses"].as_u64() > Some(0), "nothing was counted: {}", before.0);
    let recounted =
        desk.told("afterword-collector", &["numbers", "recount", "--json", "--data", "collector"])?;
    ensure!(recounted["records"].as_u64() > Some(0), "{recounted}");
    let after = both()?;
    ensure!(before == after, "counted while it was killed: {before:?}, and at once: {after:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_on_a_file_is_killed_two_hundred_times_and_its_receipts_hold() -> Result<()> {
    killed_two_hundred_times(Desk::new()?, None, 41).await
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL's server (apt-get install postgresql)")]
async fn a_collector_on_postgres_is_killed_two_hundred_times_and_its_receipts_hold() -> Result<()> {
    // A server of its own: it is killed as well, three times.
    let cluster = Cluster::alone()?;
    let mut desk = Desk::new()?;
    desk.keep_in(&cluster.database()?);
    killed_two_hundred_times(desk, Some(&cluster), 42).await
}
