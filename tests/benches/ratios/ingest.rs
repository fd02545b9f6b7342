//! P8 and P12: eight devices deliver at once over mutual TLS; every receipt comes after its records are on the disk.
//!
//! Devices are enrolled as real ones are, and keep their connection. Their batches are encoded before the clock
//! starts; sending, TLS on both ends, checking, storing, signing and reading the receipts are all in the time, on the
//! same cores. The floor writes the same records in as many transactions through one bare connection: inserts into a file of
//! SQLite (P8), a binary COPY into a server of PostgreSQL (P12).

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use afterword_agent::answer::{Answer, classify};
use afterword_agent::{HttpsTransport, Identity, Message, Transport};
use afterword_collector::CHECKPOINT_PAGES;
use afterword_model::ports::{Clock, Entropy, SeededEntropy};
use afterword_model::record::{DeviceId, StoreEpoch};
use afterword_protocol::batch::{BatchHeader, encode};
use afterword_protocol::limits::BATCH_RECORDS_MAX;
use afterword_protocol::queue::Run;
use afterword_protocol::receipt::Nonce;
use afterword_protocol::system::SystemClock;
use afterword_tests::cluster::Cluster;
use afterword_tests::office::{Office, runtime};
use afterword_tests::ratings::{Shoppers, batches_in_memory};
use anyhow::{Context, Result, bail};
use bytes::Bytes;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::Wanted;
use crate::bare::{Bare, Bundle, bundle};
use crate::bare_copy::BareCopy;
use crate::measure::{Better, Figure, Side, number, per_second, timed};
use crate::processor::Spent;

/// Rounds of each side.
const ROUNDS: usize = 7;
/// Devices that deliver at once.
const DEVICES: u64 = 8;
/// Batches of each device in a round.
const BATCHES: usize = 10;
/// Records of a round.
const RECORDS: usize = DEVICES as usize * BATCHES * BATCH_RECORDS_MAX;

/// A device and its open connection.
struct Device {
    identity: Identity,
    transport: HttpsTransport,
}

/// A batch that is ready to go.
type Encoded = (BatchHeader, Bytes);

/// Writes one batch in a transaction of its own; durable when it returns.
type Floor<'a> = &'a mut dyn FnMut(&DeviceId, &StoreEpoch, &Bundle) -> Result<()>;

pub(crate) fn run(folder: &Path, wanted: &Wanted) -> Result<()> {
    let runtime = runtime()?;
    if wanted.has("P8") {
        let own = folder.join("sqlite");
        std::fs::create_dir_all(&own)?;
        let office = runtime.block_on(Office::open(&own))?;
        let mut bare = Bare::create(&own.join("bare.db"), CHECKPOINT_PAGES)?;
        let floor = Side::named("the same records and transactions, bare SQLite, synchronous=FULL");
        let spent = || Spent::here();
        let mut insert = |device: &_, epoch: &_, bundle: &_| bare.insert(device, epoch, bundle);
        compare("P8", &runtime, office, floor, &spent, &mut insert)?;
    }
    if wanted.has("P12") && cfg!(has_postgres) {
        let cluster = Cluster::alone()?;
        let own = folder.join("postgres");
        std::fs::create_dir_all(&own)?;
        let office = runtime.block_on(Office::open_on(&own, &cluster.database()?))?;
        let mut bare = BareCopy::create(&cluster.database()?)?;
        let floor = Side::named("the same records and transactions, bare COPY, synchronous_commit=on");
        let spent = || Ok(Spent::here()? + Spent::with_children(cluster.server()?)?);
        let mut insert = |device: &_, epoch: &_, bundle: &_| bare.insert(device, epoch, bundle);
        compare("P12", &runtime, office, floor, &spent, &mut insert)?;
    } else if wanted.has("P12") {
        println!("P12 was not measured: there is no PostgreSQL server on this machine");
    }
    Ok(())
}

fn compare(
    id: &'static str,
    runtime: &Runtime,
    office: Office,
    floor: Side,
    spent: &dyn Fn() -> Result<Spent>,
    insert: Floor<'_>,
) -> Result<()> {
    let mut devices = Vec::new();
    for number in 0..DEVICES {
        let identity = runtime.block_on(office.enrol(&format!("device-{number}")))?;
        devices.push(Arc::new(Device { transport: office.transport(&identity)?, identity }));
    }
    let mut figure = Figure {
        id,
        what: format!(
            "{RECORDS} records of {DEVICES} devices at once over mutual TLS, in batches of {BATCH_RECORDS_MAX}"
        ),
        unit: "records/s",
        ours: Side::named("from the first byte sent to the last receipt read"),
        floor,
        target: 0.5,
        better: Better::Higher,
    };
    let mut processor = [Duration::ZERO; 2];
    let dice = SeededEntropy::new(8);
    // The first round opens the connections and warms both sides up; it does not count.
    for round in 0..=ROUNDS {
        let runs: Vec<Vec<Run>> = (0..DEVICES)
            .map(|number| {
                let epoch = StoreEpoch::new(dice.bytes());
                batches_in_memory(&mut Shoppers::of_seed(number), epoch, BATCHES)
            })
            .collect();
        let encoded: Vec<Vec<Encoded>> =
            devices.iter().zip(&runs).map(|(device, runs)| encode_all(device, runs, &dice)).collect();
        let before = spent()?;
        let ((), ours) = timed(|| deliver(runtime, &devices, encoded))?;
        let between = spent()?;
        let bundles: Vec<Vec<Bundle>> = runs.iter().map(|runs| runs.iter().map(bundle).collect()).collect();
        let before_floor = spent()?;
        let ((), floor) = timed(|| insert_all(insert, &devices, &runs, &bundles))?;
        let after = spent()?;
        if round > 0 {
            figure.ours.rounds.push(per_second(RECORDS, ours));
            figure.floor.rounds.push(per_second(RECORDS, floor));
            processor[0] += between - before;
            processor[1] += after - before_floor;
        }
    }
    runtime.block_on(office.close());
    let [ours, floor] =
        processor.map(|time| number(time.as_secs_f64() * 1e3 / (RECORDS * ROUNDS) as f64 * 1e3));
    println!(
        "{id} in detail: {ours} ms of processor for 1,000 records, devices and all; the floor {floor} ms"
    );
    figure.report();
    Ok(())
}

fn encode_all(device: &Device, runs: &[Run], dice: &SeededEntropy) -> Vec<Encoded> {
    let identity = &device.identity;
    let encode_one = |run| {
        let (header, body) =
            encode(run, identity.enrolled().device, Nonce::new(dice.bytes()), identity.key());
        (header, body.into())
    };
    runs.iter().map(encode_one).collect()
}

/// All devices at once, each one batch after the other.
fn deliver(runtime: &Runtime, devices: &[Arc<Device>], encoded: Vec<Vec<Encoded>>) -> Result<()> {
    runtime.block_on(async {
        let mut deliveries = JoinSet::new();
        for (device, batches) in devices.iter().zip(encoded) {
            deliveries.spawn(deliver_one(Arc::clone(device), batches));
        }
        while let Some(delivered) = deliveries.join_next().await {
            delivered.context("a device broke down")??;
        }
        Ok(())
    })
}

async fn deliver_one(device: Arc<Device>, batches: Vec<Encoded>) -> Result<()> {
    let clock = SystemClock::start();
    let receipt_key = &device.identity.enrolled().receipt_key;
    for (header, body) in batches {
        let answer = device.transport.post(Message::Batch, body).await?;
        match classify(&answer, &header, receipt_key, clock.wall_ms()) {
            Answer::Receipt(_) => {}
            other => bail!("a batch got no receipt: {other:?}"),
        }
    }
    Ok(())
}

/// The transactions in the order in which taking turns would bring them.
fn insert_all(
    insert: Floor<'_>,
    devices: &[Arc<Device>],
    runs: &[Vec<Run>],
    bundles: &[Vec<Bundle>],
) -> Result<()> {
    for turn in 0..BATCHES {
        for ((device, runs), bundles) in devices.iter().zip(runs).zip(bundles) {
            insert(&device.identity.enrolled().device, &runs[turn].epoch, &bundles[turn])?;
        }
    }
    Ok(())
}
