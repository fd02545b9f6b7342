//! P9: a device with a long backlog brings everything over, to receipts that are durable on both ends.
//!
//! The store is filled once, through the same freezes as from a kiosk, on a disk that takes no time to sync; each round drains a copy of it with the real
//! agent's loop to a new collector. In the time: reading, compressing, signing, TLS, the collector's checks and
//! commits, the receipts, and the device's commit of each. The floor inserts the same batches through one bare
//! connection.

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use afterword_collector::CHECKPOINT_PAGES;
use afterword_model::ports::SeededEntropy;
use afterword_model::record::DeviceId;
use afterword_protocol::batch::encode;
use afterword_protocol::keys::SigningKey;
use afterword_protocol::queue::Run;
use afterword_protocol::receipt::Nonce;
use afterword_sim::disk::LossyDisk;
use afterword_tests::office::{Office, runtime};
use afterword_tests::ratings::{Shoppers, batches, copy_store, fill, open_store};
use anyhow::{Context, Result, ensure};

use crate::Wanted;
use crate::bare::{Bare, Bundle, bundle};
use crate::measure::{Better, Figure, Side, now, number, per_second, quantile, timed};

/// Rounds of each side.
const ROUNDS: usize = 5;
/// Records of the backlog: more than half a year of a busy kiosk.
const RECORDS: usize = 100_000;
/// The backlog's beginning and end, as a share of it, whose rates are shown beside the whole.
const PART: usize = 10;

/// What one round took.
struct Drained {
    all: Duration,
    first_part: Duration,
    last_part: Duration,
}

pub(crate) fn run(folder: &Path, _: &Wanted) -> Result<()> {
    let filled = folder.join("filled");
    let (runs, fill_time) = timed(|| fill_quickly(&filled))?;
    let count: usize = runs.iter().map(|run| run.records.len()).sum();
    println!("\nP9: filled a store with {count} records in {:.0} s", fill_time.as_secs_f64());
    let encoding = timed(|| {
        encode_all(&runs);
        Ok(())
    })?
    .1;
    println!("P9: compressing and signing alone goes at {} records/s", number(per_second(count, encoding)));
    let bundles: Vec<Bundle> = runs.iter().map(bundle).collect();
    let mut figure = Figure {
        id: "P9",
        what: format!("one device drains {count} records to receipts over mutual TLS"),
        unit: "records/s",
        ours: Side::named("the agent's loop, until the last receipt is durable on the device"),
        floor: Side::named("the same records and transactions, bare SQLite, synchronous=FULL"),
        target: 0.4,
        better: Better::Higher,
    };
    let (mut first, mut last) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let own = folder.join(round.to_string());
        let drained = runtime()?.block_on(drain(&filled, &own, count))?;
        figure.ours.rounds.push(per_second(count, drained.all));
        first.push(per_second(count / PART, drained.first_part));
        last.push(per_second(count / PART, drained.last_part));
        let mut bare = Bare::create(&own.join("bare.db"), CHECKPOINT_PAGES)?;
        let ((), floor) = timed(|| insert_all(&mut bare, &runs, &bundles))?;
        figure.floor.rounds.push(per_second(count, floor));
        drop(bare);
        std::fs::remove_dir_all(&own)?;
    }
    println!(
        "P9: the first tenth at {} records/s, the last at {}",
        number(quantile(&first, 0.5)),
        number(quantile(&last, 0.5))
    );
    figure.report();
    Ok(())
}

/// What the device's processor does before a batch can leave; the part of the drain that no disk or wire explains.
fn encode_all(runs: &[Run]) {
    let key = SigningKey::generate(&SeededEntropy::new(9));
    for run in runs {
        black_box(encode(run, DeviceId::new([9; 16]), Nonce::new([9; 16]), &key));
    }
}

/// Fills a store, and gives the batches it will leave in. What is prepared is not timed, so the machine's disk is spared
/// a sync for each freeze: everything goes through the same code as from a kiosk.
fn fill_quickly(folder: &Path) -> Result<Vec<Run>> {
    std::fs::create_dir_all(folder)?;
    let disk = LossyDisk::on(folder)?;
    let store = open_store(folder, 9)?;
    fill(&store, &mut Shoppers::of_seed(9), RECORDS)?;
    let runs = batches(&store)?;
    store.close()?;
    drop(disk);
    Ok(runs)
}

async fn drain(filled: &Path, folder: &Path, count: usize) -> Result<Drained> {
    copy_store(filled, &folder.join("store"))?;
    let store = open_store(&folder.join("store"), 9)?;
    let last_seq = store.position()?.last_seq;
    ensure!(last_seq == count as u64, "the copy holds {last_seq} records of {count}");
    let office = Office::open(folder).await?;
    let identity = office.enrol("device").await?;

    let start = now();
    let mut courier = office.courier(&store, identity)?;
    courier.receipts_up_to((count / PART) as u64).await?;
    let first_part = start.elapsed();
    courier.receipts_up_to((count - count / PART) as u64).await?;
    let before_last = start.elapsed();
    courier.receipts_up_to(last_seq).await?;
    let all = start.elapsed();

    courier.stop().await?;
    let acknowledged_seq = store.position()?.acknowledged_seq;
    ensure!(acknowledged_seq == last_seq, "the store knows of receipts up to {acknowledged_seq} alone");
    office.close().await;
    store.close()?;
    Ok(Drained { all, first_part, last_part: all - before_last })
}

fn insert_all(bare: &mut Bare, runs: &[Run], bundles: &[Bundle]) -> Result<()> {
    let device = DeviceId::new([9; 16]);
    let epoch = runs.first().context("a filled store has batches")?.epoch;
    bundles.iter().try_for_each(|bundle| bare.insert(&device, &epoch, bundle))
}
