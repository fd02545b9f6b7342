//! Thousands of devices that come back at once, as after a power cut in a whole region.
//!
//! Each is a device of its own for the collector: a row in its table, a certificate of its own from the collector's
//! device CA, a connection with mutual TLS, and a batch of one to three records. Rows and certificates are made
//! beside the collector, in its folder, because enrolling so many one by one is not what is looked at. Every device
//! does what a real one does with the collector's answers: it waits as told, and after a failure comes back later,
//! with jitter. The devices share so many connections, as many as one machine has ports and files for.
//!
//! Two bystanders have nothing to do with all this: one more device, which delivers a record now and then and wants it
//! taken as soon as on any other day, and a person at head office, who wants to read the overview.

mod bystander;
mod member;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use afterword_agent::answer::Answer;
use afterword_model::ports::SeededEntropy;
use anyhow::{Context, Result, bail, ensure};
use rusqlite::Connection;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::desk::Desk;
use crate::device::Device;
use crate::program::Program;
use bystander::{Bystander, Reader};
use member::{Attempt, Herd, Member};

/// Longest wait of a device after a failure; a real one's is longer, and nobody wants to look on for so long.
const BACKOFF_MAX: Duration = Duration::from_secs(8);

/// And looks at the overview.
const READ_ALONE: usize = 20;

/// Looks at the overview in all.
const READ_MAX: u64 = 20_000;

/// Records of the bystander in all.
const BYSTANDER_RECORDS: u64 = 20_000;

/// Whatever goes wrong, it ends: so long for each device, and so long for all.
const DEADLINE_EACH: Duration = Duration::from_millis(40);
/// See [`DEADLINE_EACH`].
const DEADLINE_ALL: Duration = Duration::from_secs(240);

/// Who comes, and how.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    /// How many devices.
    pub devices: u32,
    /// Connections they have open at the same time.
    pub connections: usize,
    /// The bystander delivers once in this time.
    pub bystander_every: Duration,
    /// The person reads once in this time.
    pub reader_every: Duration,
    /// Records of the bystander before the others come.
    pub alone: usize,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Devices that hold a receipt for everything they had: all of them.
    pub drained: u32,
    /// From the first connection to the last receipt.
    pub elapsed: Duration,
    /// Connections that were begun.
    pub connections: u64,
    /// Answers "busy".
    pub busy: u64,
    /// Connections that were closed, refused or too slow, by what was said of them.
    pub failures: BTreeMap<String, u64>,
    /// What the bystander waited before the others came.
    pub alone: Latencies,
    /// What it waited while they were there.
    pub beside: Latencies,
    /// What the person waited for the overview before the others came.
    pub read_alone: Latencies,
    /// And while they were there.
    pub read_beside: Latencies,
    /// The collector's most resident memory before, in KiB.
    pub memory_before_kib: u64,
    /// And in all, in KiB.
    pub memory_peak_kib: u64,
}

/// How long it took, from the wish to the receipt or to the whole page.
#[derive(Debug, Clone)]
pub struct Latencies(Vec<Duration>);

impl Latencies {
    /// The time within which this share of the deliveries was done.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Duration {
        let rank = (share * self.0.len() as f64).ceil() as usize;
        self.0.get(rank.clamp(1, self.0.len().max(1)) - 1).copied().unwrap_or_default()
    }

    fn of(mut all: Vec<Duration>) -> Self {
        all.sort_unstable();
        Self(all)
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |share| self.quantile(share).as_secs_f64() * 1_000.0;
        write!(
            f,
            "{} times, median {:.1} ms, p99 {:.1} ms, longest {:.1} ms",
            self.0.len(),
            ms(0.5),
            ms(0.99),
            ms(1.0)
        )
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.elapsed.as_secs_f64();
        writeln!(
            f,
            "{} devices drained in {seconds:.1} s ({:.0} a second), {} connections, {} told to come back, {} broken off",
            self.drained,
            f64::from(self.drained) / seconds,
            self.connections,
            self.busy,
            self.failures.values().sum::<u64>()
        )?;
        for (why, count) in &self.failures {
            writeln!(f, "  {count} x {why}")?;
        }
        writeln!(f, "bystander alone:  {}", self.alone)?;
        writeln!(f, "bystander beside: {}", self.beside)?;
        writeln!(f, "overview alone:   {}", self.read_alone)?;
        writeln!(f, "overview beside:  {}", self.read_beside)?;
        let (before, peak) = (self.memory_before_kib / 1_024, self.memory_peak_kib / 1_024);
        write!(f, "collector's memory: {before} MiB before, {peak} MiB at the peak")
    }
}

/// Lets them come, all at once, to the collector that runs on this desk.
///
/// # Errors
/// When a device is not drained in time, or the collector holds anything else than what they had.
pub async fn come_back(desk: &Desk, collector: &Program, order: Order) -> Result<Outcome> {
    let herd = Arc::new(Herd::gather(desk, order.devices).await?);
    // As many records as it can need; one costs little.
    let device = Device::enrol(desk, "Bystander").await?.with_records(BYSTANDER_RECORDS, 35);
    let every = order.bystander_every;
    let bystander = Bystander::on_a_thread_of_its_own("bystander", device, every, BYSTANDER_RECORDS)?;
    let reader = Reader::at(desk).await?;
    let reader = Bystander::on_a_thread_of_its_own("reader", reader, order.reader_every, READ_MAX)?;
    let memory_before_kib = collector.peak_memory_kib()?;
    let alone = bystander.next_latencies(order.alone)?;
    let read_alone = reader.next_latencies(READ_ALONE)?;
    // What was read meanwhile was read alone, too.
    reader.forget();

    let began = Instant::now();
    let tally = watch::Sender::new(Tally::default());
    let deadline = DEADLINE_ALL + DEADLINE_EACH * order.devices;
    let all = drain_all(&herd, order, &tally);
    let Ok(drained) = tokio::time::timeout(deadline, all).await else {
        bail!("after {} s: {:?} of {} devices", deadline.as_secs(), *tally.borrow(), order.devices)
    };
    drained?;
    let elapsed = began.elapsed();
    let beside = bystander.latencies_so_far()?;
    let read_beside = reader.latencies_so_far()?;
    herd.is_held(desk)?;
    let Tally { drained, connections, busy, failures } = tally.borrow().clone();
    let memory_peak_kib = collector.peak_memory_kib()?;
    let (alone, beside) = (Latencies::of(alone), Latencies::of(beside));
    let (read_alone, read_beside) = (Latencies::of(read_alone), Latencies::of(read_beside));
    Ok(Outcome {
        drained,
        elapsed,
        connections,
        busy,
        failures,
        alone,
        beside,
        read_alone,
        read_beside,
        memory_before_kib,
        memory_peak_kib,
    })
}

/// What has happened so far.
#[derive(Debug, Clone, Default)]
struct Tally {
    drained: u32,
    connections: u64,
    busy: u64,
    failures: BTreeMap<String, u64>,
}

async fn drain_all(herd: &Arc<Herd>, order: Order, tally: &watch::Sender<Tally>) -> Result<()> {
    let connections = Arc::new(Semaphore::new(order.connections));
    let mut devices = JoinSet::new();
    for number in 0..herd.members.len() {
        devices.spawn(drain(Arc::clone(herd), number, Arc::clone(&connections), tally.clone()));
    }
    while let Some(drained) = devices.join_next().await {
        drained.context("a device broke down")??;
    }
    Ok(())
}

/// One device, until it holds its receipt.
async fn drain(
    herd: Arc<Herd>,
    number: usize,
    connections: Arc<Semaphore>,
    tally: watch::Sender<Tally>,
) -> Result<()> {
    let member: &Member = &herd.members[number];
    let dice = SeededEntropy::new(number as u64);
    let mut failures = 0;
    let mut kept = None;
    loop {
        let (place, connection) = match kept.take() {
            Some((place, connection)) => (place, Some(connection)),
            None => (connections.acquire().await?, None),
        };
        tally.send_modify(|tally| tally.connections += u64::from(connection.is_none()));
        // Boxed, so that the thousands that wait take little room.
        let Attempt { answer, connection } = Box::pin(member.attempt(&herd, connection)).await;
        let wait = match answer {
            Ok(Answer::Receipt(_)) => {
                tally.send_modify(|tally| tally.drained += 1);
                return Ok(());
            }
            Ok(Answer::Wait { wait_ms, .. }) => {
                tally.send_modify(|tally| tally.busy += 1);
                Duration::from_millis(wait_ms)
            }
            Ok(Answer::Transient { problem }) => {
                failures += 1;
                after_failure(&tally, problem, failures)
            }
            Err(error) => {
                failures += 1;
                after_failure(&tally, format!("{error:#}"), failures)
            }
            Ok(other) => bail!("device {number} was told {other:?}"),
        };
        // As a real agent does: a connection that the collector did not close is used again.
        kept = connection.map(|connection| (place, connection));
        sleep(wait + wait.mul_f64((dice.next_u64() % 1_000) as f64 / 1_000.0)).await;
    }
}

/// How long a device waits after so many failures.
fn after_failure(tally: &watch::Sender<Tally>, why: String, failures: u32) -> Duration {
    tally.send_modify(|tally| *tally.failures.entry(why).or_default() += 1);
    BACKOFF_MAX.min(Duration::from_millis(500 << failures.min(10)))
}

/// Whether this machine gives a process files for so many connections, and for what else it needs.
#[must_use]
pub fn connections_possible(wanted: usize) -> usize {
    const OTHERS: usize = 200;
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let files = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files")?.split_whitespace().next()?.parse().ok());
    wanted.min(files.unwrap_or(1_024_usize).saturating_sub(OTHERS))
}

impl Herd {
    /// That the collector holds exactly what every device had.
    fn is_held(&self, desk: &Desk) -> Result<()> {
        let connection = Connection::open(desk.path("collector/collector.db"))?;
        let mut read = connection.prepare("select mark, head from stores where device_id = ?1")?;
        for member in &self.members {
            let (mark, head): (i64, Vec<u8>) =
                read.query_row([member.device.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))?;
            ensure!(
                mark.unsigned_abs() == member.header.last_seq() && head == member.header.last_head.as_bytes(),
                "device {} has other records than the collector",
                member.device
            );
        }
        Ok(())
    }
}
