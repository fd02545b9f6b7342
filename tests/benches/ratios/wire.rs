//! P7: what a rating without a comment costs on the wire, everything included.
//!
//! A real agent drains a real store to a real collector through a relay that counts the payload of TCP in both
//! directions: handshake, TLS, HTTP, batches and receipts. One connection carries all batches of a round, as on a
//! device that comes back after some days offline. The floor is what `zstd -19` makes of the same records.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use afterword_model::ports::SeededEntropy;
use afterword_model::record::{DeviceId, StoreEpoch};
use afterword_protocol::batch::encode;
use afterword_protocol::keys::SigningKey;
use afterword_protocol::limits::BATCH_RECORDS_MAX;
use afterword_protocol::queue::Run;
use afterword_protocol::receipt::Nonce;
use afterword_tests::office::{Office, by_way_of, runtime};
use afterword_tests::ratings::{Shoppers, batches, batches_in_memory, copy_store, fill, open_store};
use anyhow::Result;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::Wanted;
use crate::measure::{Better, Figure, Side, number, quantile};

/// Rounds, each with a device, a connection and nonces of its own.
const ROUNDS: usize = 5;
/// Batches of a round: over so many the handshake weighs a fraction of a byte.
const BATCHES: usize = 20;
/// The level of zstd that the floor is written with.
const FLOOR_LEVEL: i32 = 19;
/// Bytes that are passed on at once.
const RELAY_BUFFER: usize = 16 * 1024;

pub(crate) fn run(folder: &Path, _: &Wanted) -> Result<()> {
    let filled = folder.join("filled");
    let store = open_store(&filled, 7)?;
    fill(&store, &mut Shoppers::of_seed(7), BATCHES * BATCH_RECORDS_MAX)?;
    let runs = batches(&store)?;
    store.close()?;

    let records = runs.iter().map(|run| run.records.len()).sum::<usize>() as f64;
    let mut figure = Figure {
        id: "P7",
        what: format!(
            "bytes on the wire per rating, {} batches of {BATCH_RECORDS_MAX} on one connection, TLS and HTTP included",
            runs.len()
        ),
        unit: "bytes",
        ours: Side::named("agent to collector and back, through a counting relay"),
        floor: Side { name: "zstd -19 of each batch's records", rounds: compressed(&runs)? },
        target: 40.0,
        better: Better::Lower,
    };
    let runtime = runtime()?;
    let (mut up, mut down) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let bytes = runtime.block_on(one_round(&filled, &folder.join(round.to_string())))?;
        up.push(bytes.0 as f64 / records);
        down.push(bytes.1 as f64 / records);
        figure.ours.rounds.push((bytes.0 + bytes.1) as f64 / records);
    }
    let bytes_per_rating = figure.ours.median();
    print_details(quantile(&up, 0.5), quantile(&down, 0.5));
    figure.report_as(bytes_per_rating);
    Ok(())
}

/// Where the bytes go, and what reasons would add.
fn print_details(up: f64, down: f64) {
    println!(
        "\nP7 in detail: {} bytes up and {} down; the batch's body alone is {}, and {} where half of the dissatisfied choose reasons",
        number(up),
        number(down),
        number(body_bytes(&mut Shoppers::of_seed(7))),
        number(body_bytes(&mut Shoppers::who_say_why(7))),
    );
}

/// Bytes per record of each batch at the floor's level.
fn compressed(runs: &[Run]) -> Result<Vec<f64>> {
    let compressed = |run: &Run| {
        let lines: Vec<u8> =
            run.records.iter().flat_map(|record| [record, b"\n".as_slice()].concat()).collect();
        Ok(zstd::bulk::compress(&lines, FLOOR_LEVEL)?.len() as f64 / run.records.len() as f64)
    };
    runs.iter().map(compressed).collect()
}

/// Bytes per record of batches as they are encoded, without HTTP and TLS.
fn body_bytes(shoppers: &mut Shoppers) -> f64 {
    let key = SigningKey::generate(&SeededEntropy::new(7));
    let runs = batches_in_memory(shoppers, StoreEpoch::new([7; 16]), BATCHES);
    let body = |run| encode(run, DeviceId::new([7; 16]), Nonce::new([7; 16]), &key).1;
    runs.iter().map(|run| body(run).len()).sum::<usize>() as f64 / (BATCHES * BATCH_RECORDS_MAX) as f64
}

/// Bytes up and down of draining a copy of the store in `filled`.
async fn one_round(filled: &Path, folder: &Path) -> Result<(u64, u64)> {
    copy_store(filled, &folder.join("store"))?;
    let store = open_store(&folder.join("store"), 7)?;
    let office = Office::open(folder).await?;
    let relay = Relay::to(office.device_address()).await?;
    let identity = by_way_of(&office.enrol("device").await?, relay.address)?;
    let mut courier = office.courier(&store, identity)?;
    courier.receipts_up_to(store.position()?.last_seq).await?;
    courier.stop().await?;
    let counted = (relay.up.load(Ordering::SeqCst), relay.down.load(Ordering::SeqCst));
    office.close().await;
    store.close()?;
    Ok(counted)
}

/// A relay on loopback that counts.
struct Relay {
    address: SocketAddr,
    /// From the device to the collector.
    up: Arc<AtomicU64>,
    /// Back again.
    down: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Relay {
    async fn to(target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (up, down) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let task = tokio::spawn(accept(listener, target, Arc::clone(&up), Arc::clone(&down)));
        Ok(Self { address, up, down, task })
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, up: Arc<AtomicU64>, down: Arc<AtomicU64>) {
    while let Ok((device, _)) = listener.accept().await {
        let Ok(collector) = TcpStream::connect(target).await else { return };
        let (from_device, to_device) = device.into_split();
        let (from_collector, to_collector) = collector.into_split();
        tokio::spawn(pass(from_device, to_collector, Arc::clone(&up)));
        tokio::spawn(pass(from_collector, to_device, Arc::clone(&down)));
    }
}

/// Passes on what comes until either end hangs up; what is counted has been passed on.
async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, count: Arc<AtomicU64>) {
    let mut buffer = vec![0; RELAY_BUFFER];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        count.fetch_add(length as u64, Ordering::SeqCst);
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
