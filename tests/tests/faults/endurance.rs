//! What takes many records or many kills to show.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use afterword_agent::answer::Answer;
use afterword_model::ports::{Clock as _, Entropy as _, ManualClock, SeededEntropy};
use afterword_model::record::{Head, Seq, genesis};
use afterword_protocol::batch::encode;
use afterword_protocol::queue::Run;
use afterword_protocol::receipt::Nonce;
use afterword_protocol::system::SystemClock;
use afterword_tests::office::Office;
use afterword_tests::program::Program;
use afterword_tests::ratings::{Shoppers, fill, open_store};
use afterword_tests::wait::{patiently, until};
use afterword_tests::{Desk, Device};
use anyhow::{Context, Result, bail, ensure};
use rusqlite::Connection;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Names the environment variable that makes the long drain as long as the table has it: `AFTERWORD_DRAIN_RECORDS=100000`.
const DRAIN_RECORDS: &str = "AFTERWORD_DRAIN_RECORDS";
/// Records of the long drain without it: enough for forty full batches.
const DRAIN_RECORDS_USUAL: usize = 20_000;
/// What either process may take more, at its peak, for all records than for the first tenth, in KiB. A queue in memory
/// would show: 100,000 records are 35 MB.
const DRAIN_GROWTH_MAX_KIB: u64 = 20 * 1024;

/// How often the collector is killed.
const COLLECTOR_KILLS: u32 = 200;
/// Devices that deliver meanwhile.
const DEVICES: u64 = 4;

/// How often a kiosk is killed while it purges.
const PURGE_KILLS: u32 = 12;
/// Records to be purged: twelve transactions.
const PURGED_RECORDS: usize = 12_000;

const DAY_MS: u64 = 86_400_000;

#[tokio::test(flavor = "multi_thread")]
async fn f25_sixty_days_offline_arrive_whole_in_flat_memory() -> Result<()> {
    let records = std::env::var(DRAIN_RECORDS).map_or(Ok(DRAIN_RECORDS_USUAL), |text| text.parse())?;
    let mut desk = Desk::in_memory()?;
    let collector = desk.collector()?;
    desk.enrol()?;
    let store = open_store(&desk.path("kiosk"), 25)?;
    fill(&store, &mut Shoppers::of_seed(25), records)?;
    store.close()?;

    let began = tokio::time::Instant::now();
    let kiosk = desk.kiosk(0)?;
    let agent = desk.agent()?;
    let peaks = || -> Result<[u64; 3]> {
        Ok([agent.peak_memory_kib()?, collector.peak_memory_kib()?, kiosk.peak_memory_kib()?])
    };
    let a_tenth = records as u64 / 10;
    let past_a_tenth =
        |status: &serde_json::Value| (status["acknowledged_seq"].as_u64() >= Some(a_tenth)).then_some(());
    desk.agent_says("a tenth is received", past_a_tenth).await?;
    let early = peaks()?;
    desk.everything_received(records as u64).await?;
    let late = peaks()?;
    println!(
        "{records} records in {:?}; KiB at the peak, agent, collector, kiosk: {early:?} after a tenth, {late:?} after all",
        began.elapsed()
    );
    for (early_kib, late_kib) in early.into_iter().zip(late) {
        // The kernel counts pages in handfuls: a peak may be told a little lower than before.
        assert!(
            late_kib.saturating_sub(early_kib) < DRAIN_GROWTH_MAX_KIB,
            "memory grew: {early:?} KiB, then {late:?}"
        );
    }
    kiosk.end_of_input()?;
    agent.terminate()?;
    collector.terminate()?;
    assert_eq!(desk.proven()?, records as u64);
    Ok(())
}

/// A device that delivers for ever, and what it was promised.
struct Sender {
    device: Device,
    shoppers: Shoppers,
    dice: SeededEntropy,
    next_seq: Seq,
    head: Head,
    promised: Arc<AtomicU64>,
}

impl Sender {
    /// The next one to three records as a run.
    fn next_run(&mut self) -> Run {
        let count = 1 + self.dice.next_u64() % 3;
        let records = (self.next_seq..).take(usize::try_from(count).expect("three at most"));
        Run {
            epoch: self.device.epoch,
            first_seq: self.next_seq,
            previous_head: self.head,
            records: records.map(|seq| self.shoppers.next_visit().into_record(seq)).collect(),
        }
    }

    /// Delivers until it is told to end; gives what it has delivered.
    async fn deliver(
        mut self,
        mut collectors: watch::Receiver<u32>,
        ending: watch::Receiver<bool>,
    ) -> Result<(Device, Seq, Head)> {
        while !*ending.borrow() {
            let run = self.next_run();
            let identity = &self.device.identity;
            let nonce = Nonce::new(self.dice.bytes());
            let (header, body) = encode(&run, identity.enrolled().device, nonce, identity.key());
            let body = bytes::Bytes::from(body);
            loop {
                let collector = *collectors.borrow_and_update();
                let Ok(answer) = self.device.send(body.clone()).await else {
                    // It was killed; the same bytes go to the next one.
                    if *collectors.borrow() == collector {
                        patiently("another collector", collectors.changed()).await??;
                    }
                    continue;
                };
                match self.device.meaning(&answer, &header) {
                    Answer::Receipt(_) => break,
                    Answer::Wait { .. } | Answer::Transient { .. } => tokio::task::yield_now().await,
                    other => bail!("after {} records it was told {other:?}", self.next_seq - 1),
                }
            }
            self.next_seq = run.last_seq() + 1;
            self.head = run.last_head();
            self.promised.fetch_add(run.records.len() as u64, Ordering::SeqCst);
        }
        Ok((self.device, self.next_seq - 1, self.head))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f26_a_collector_killed_two_hundred_times_holds_what_it_acknowledged() -> Result<()> {
    let mut desk = Desk::in_memory()?;
    let mut collector = desk.collector()?;
    let dice = SeededEntropy::new(26);
    let promised = Arc::new(AtomicU64::new(0));
    let (started, collectors) = watch::channel(0);
    let (end, ending) = watch::channel(false);
    let mut senders = JoinSet::new();
    for number in 0..DEVICES {
        let device = Device::enrol(&desk, &format!("Device {number}")).await?;
        let sender = Sender {
            head: genesis(&device.epoch),
            device,
            shoppers: Shoppers::of_seed(number),
            dice: SeededEntropy::new(number),
            next_seq: 1,
            promised: Arc::clone(&promised),
        };
        senders.spawn(sender.deliver(collectors.clone(), ending.clone()));
    }
    for kill in 1..=COLLECTOR_KILLS {
        // The others are somewhere within their transactions then.
        let enough = promised.load(Ordering::SeqCst) + 1 + dice.next_u64() % 9;
        until("receipts from this collector", || {
            if let Some(ended) = senders.try_join_next() {
                // A sender ends early only with a broken promise.
                ended??;
            }
            Ok((promised.load(Ordering::SeqCst) >= enough).then_some(()))
        })
        .await?;
        collector.kill()?;
        collector = desk.collector()?;
        started.send_replace(kill);
    }
    end.send_replace(true);
    let delivered = patiently("the senders' end", senders.join_all()).await?;
    collector.terminate()?;

    let verified = desk.run("afterword-collector", &["verify", "--data", "collector"])?;
    ensure!(verified.code == Some(0), "{}", verified.everything());
    let connection = Connection::open(desk.path("collector/collector.db"))?;
    let mut total = 0;
    for delivered in delivered {
        let (device, last_seq, head) = delivered?;
        let id = device.identity.enrolled().device;
        let (mark, held, count): (i64, Vec<u8>, i64) = connection.query_row(
            "select mark, head, (select count(*) from records where device_id = ?1) from stores where device_id = ?1",
            [id.as_bytes()],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        assert_eq!((mark.unsigned_abs(), count.unsigned_abs()), (last_seq, last_seq), "of {id}");
        assert_eq!(held, head.as_bytes(), "the bytes are another story than what was sent");
        total += last_seq;
    }
    assert_eq!(total, promised.load(Ordering::SeqCst));
    println!("{COLLECTOR_KILLS} kills, {total} records promised and held");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_a_crash_while_purging_is_harmless() -> Result<()> {
    let desk = Desk::in_memory()?;
    let kiosk = desk.path("kiosk");
    let collectors_clock = Arc::new(ManualClock::at(SystemClock::start().wall_ms()));
    let office = Office::open_at(&desk.path("office"), collectors_clock.clone()).await?;
    let identity = office.enrol("Exit").await?;
    let store = open_store(&kiosk, 12)?;
    let mut shoppers = Shoppers::of_seed(12);
    fill(&store, &mut shoppers, PURGED_RECORDS)?;
    let mut courier = office.courier(&store, identity)?;
    courier.receipts_up_to(PURGED_RECORDS as u64).await?;
    // Forty days later by the collector's clock: what is under the first receipt may go, the rest not.
    collectors_clock.advance_ms(40 * DAY_MS);
    fill(&store, &mut shoppers, 5)?;
    let last_seq = PURGED_RECORDS as u64 + 5;
    courier.receipts_up_to(last_seq).await?;
    courier.stop().await?;
    fill(&store, &mut shoppers, 3)?;
    store.close()?;
    office.close().await;

    // A kiosk cleans up at its start. Every kill comes a little later than the one before.
    let mut first_seqs = Vec::new();
    let mut wait = Duration::from_millis(1);
    while first_seqs.len() < PURGE_KILLS as usize {
        let running = Program::start(desk.kiosk_command(0))?;
        let database = kiosk.join("kiosk.db");
        let boot = boots(&database)?;
        until("it is open", || Ok((boots(&database)? > boot).then_some(()))).await?;
        tokio::time::sleep(wait).await;
        wait *= 2;
        running.kill()?;
        first_seqs.push(check(&database)?);
        if first_seqs.last() == Some(&(PURGED_RECORDS as u64 + 1)) {
            break;
        }
    }
    assert!(first_seqs.is_sorted(), "records came back: {first_seqs:?}");
    println!("the first record left after each kill: {first_seqs:?}");
    desk.kiosk(0)?.end_of_input()?;
    let store = open_store(&kiosk, 12)?;
    assert_eq!(store.verify()?.problems, Vec::<String>::new());
    let position = store.position()?;
    assert_eq!((position.acknowledged_seq, position.last_seq), (last_seq, last_seq + 3));
    Ok(())
}

fn boots(database: &Path) -> Result<i64> {
    Ok(Connection::open(database)?.query_row("SELECT boot FROM store", [], |row| row.get(0))?)
}

/// That a killed kiosk's file says one thing; gives the first record left.
fn check(database: &Path) -> Result<Seq> {
    let (purged, first, last, count, last_seq): (i64, i64, i64, i64, i64) = Connection::open(database)?
        .query_row(
            "SELECT purged_seq, min(seq), max(seq), count(*), last_seq FROM store, record",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)),
        )?;
    ensure!(
        first == purged + 1 && last == last_seq && count == last - first + 1,
        "{purged} {first} {last} {count}"
    );
    u64::try_from(first).context("a number")
}
