//! The loop against a scripted collector and a small queue, on a clock that jumps to the next wait.

use std::collections::VecDeque;
use std::sync::Mutex;

use afterword_model::ports::SeededEntropy;
use afterword_model::record::{Head, SEQ_MAX, ServerEpoch, StoreEpoch, genesis, next_head};
use afterword_protocol::batch::decode;
use afterword_protocol::problem::{Problem, ProblemType};
use afterword_protocol::queue::Take;
use afterword_protocol::receipt::Receipt;
use tokio::time::Instant;

use super::*;
use crate::testing::{COLLECTOR_SEED, identity, key, problem_answer, receipt_answer};
use crate::transport::{Cause, RawAnswer, TransportFailure};

/// What a shop is given to reach its end in, of virtual time: a day.
const PATIENCE: Duration = Duration::from_secs(24 * 3_600);

/// Both ends, as a test may look at and disturb them.
struct World {
    began: Instant,
    // the device
    epoch: StoreEpoch,
    records: Vec<Vec<u8>>,
    purged_through: Seq,
    acknowledged_seq: Seq,
    kiosk_failures: u32,
    accept_failures: u32,
    acceptance: Option<Acceptance>,
    // the collector
    held: Vec<Head>,
    poison: Vec<Seq>,
    names_poison: bool,
    script: VecDeque<Step>,
    sent: Vec<(Duration, Bytes)>,
}

/// What becomes of one request.
#[derive(Clone)]
enum Step {
    /// It does not arrive.
    Lost,
    /// It is dealt with, and the answer does not arrive.
    AnswerLost,
    /// Something else answers.
    Other(RawAnswer),
    /// It is dealt with, and the receipt is changed before it is signed.
    Forged(fn(&mut Receipt)),
    /// It is dealt with, and the receipt is signed by somebody else.
    SignedByAnother,
    /// The link stays down from here on until the moment, counted from the beginning.
    DownUntil(Duration),
}

#[derive(Clone)]
struct Shared(Arc<Mutex<World>>);

impl Shared {
    fn with<R>(&self, look: impl FnOnce(&mut World) -> R) -> R {
        look(&mut self.0.lock().unwrap())
    }

    fn play(&self, steps: impl IntoIterator<Item = Step>) {
        self.with(|world| world.script.extend(steps));
    }

    fn bodies(&self) -> Vec<Bytes> {
        self.with(|world| world.sent.iter().map(|(_, body)| body.clone()).collect())
    }

    /// How many records each request carried.
    fn counts(&self) -> Vec<usize> {
        self.bodies().iter().map(|body| decode(body).unwrap().records.len()).collect()
    }

    /// The waits between requests, in seconds.
    fn gaps(&self) -> Vec<f64> {
        let at: Vec<Duration> = self.with(|world| world.sent.iter().map(|(at, _)| *at).collect());
        at.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect()
    }
}

impl World {
    fn head(&self, seq: Seq) -> Head {
        self.records[..seq as usize].iter().fold(genesis(&self.epoch), |head, bytes| next_head(&head, bytes))
    }

    fn position(&self) -> Position {
        let last_seq = self.records.len() as Seq;
        Position {
            epoch: self.epoch,
            last_seq,
            head: self.head(last_seq),
            acknowledged_seq: self.acknowledged_seq,
            server_epoch: None,
        }
    }

    fn take(&self, take: Take) -> Option<Run> {
        let after = take.after_seq.max(self.purged_through);
        let records: Vec<_> =
            self.records.iter().skip(after as usize).take(take.records_max).cloned().collect();
        let run = Run { epoch: self.epoch, first_seq: after + 1, previous_head: self.head(after), records };
        (!run.records.is_empty()).then_some(run)
    }

    /// An honest collector.
    fn ingest(&mut self, body: &[u8]) -> Result<Receipt, Problem> {
        let batch = decode(body).map_err(|error| ProblemType::Malformed.with_detail(error.to_string()))?;
        let header = batch.header;
        assert!(header.is_signed_by(&key(1).verifying_key()), "each batch is signed");
        if header.first_seq > self.held.len() as Seq + 1 {
            return Err(ProblemType::NotContiguous.with_detail("a gap").at_mark(self.held.len() as Seq));
        }
        let poison = self.poison.iter().find(|&&seq| (header.first_seq..=header.last_seq()).contains(&seq));
        if let Some(&seq) = poison.filter(|_| header.count > 1) {
            let problem = ProblemType::RecordUnreadable.with_detail("unreadable");
            return Err(if self.names_poison { problem.about(seq) } else { problem });
        }
        for (seq, record) in (header.first_seq..).zip(&batch.records) {
            match self.held.get(seq as usize - 1) {
                Some(held) => assert_eq!(*held, record.head, "record {seq} arrives as it was"),
                None => self.held.push(record.head),
            }
        }
        Ok(Receipt {
            device: header.device,
            epoch: header.epoch,
            through_seq: header.last_seq(),
            head: header.last_head,
            server_epoch: ServerEpoch::new([7; 16]),
            nonce: header.nonce,
            received_ms: 1_000,
        })
    }

    fn answer(&mut self, body: &Bytes) -> Result<RawAnswer, TransportFailure> {
        let now = self.began.elapsed();
        self.sent.push((now, body.clone()));
        let lost = || TransportFailure { cause: Cause::TimedOut, host: "host".into(), detail: String::new() };
        let step = self.script.pop_front();
        let mut signer = key(COLLECTOR_SEED);
        let mut change: fn(&mut Receipt) = |_| {};
        match step {
            Some(Step::Lost) => return Err(lost()),
            Some(Step::DownUntil(moment)) if now < moment => {
                self.script.push_front(Step::DownUntil(moment));
                return Err(lost());
            }
            Some(Step::AnswerLost) => {
                let _ = self.ingest(body);
                return Err(lost());
            }
            Some(Step::Other(answer)) => return Ok(answer),
            Some(Step::Forged(forge)) => change = forge,
            Some(Step::SignedByAnother) => signer = key(COLLECTOR_SEED + 1),
            Some(Step::DownUntil(_)) | None => {}
        }
        Ok(match self.ingest(body) {
            Ok(mut receipt) => {
                change(&mut receipt);
                receipt_answer(&receipt.sign(&signer))
            }
            Err(problem) => problem_answer(&problem),
        })
    }
}

impl Queue for Shared {
    async fn position(&mut self) -> Result<Position, QueueError> {
        self.with(|world| match world.kiosk_failures.checked_sub(1) {
            Some(left) => {
                world.kiosk_failures = left;
                Err(io::Error::from(io::ErrorKind::ConnectionRefused).into())
            }
            None => Ok(world.position()),
        })
    }

    async fn next(&mut self, take: Take) -> Result<Option<Run>, QueueError> {
        let deadline = Instant::now() + Duration::from_millis(take.wait_ms);
        loop {
            let run = self.with(|world| world.take(take));
            if run.is_some() || Instant::now() >= deadline {
                return Ok(run);
            }
            sleep(Duration::from_millis(500)).await;
        }
    }

    async fn accept(&mut self, receipt: &SignedReceipt) -> Result<Acceptance, QueueError> {
        self.with(|world| {
            if let Some(left) = world.accept_failures.checked_sub(1) {
                world.accept_failures = left;
                return Err(io::Error::from(io::ErrorKind::BrokenPipe).into());
            }
            if let Some(acceptance) = world.acceptance {
                return Ok(acceptance);
            }
            let receipt = &receipt.receipt;
            if receipt.epoch != world.epoch || receipt.through_seq > world.records.len() as Seq {
                return Ok(Acceptance::WrongStore);
            }
            assert_eq!(
                receipt.head,
                world.head(receipt.through_seq),
                "only a right receipt reaches the queue"
            );
            if receipt.through_seq <= world.acknowledged_seq {
                return Ok(Acceptance::Stale);
            }
            world.acknowledged_seq = receipt.through_seq;
            Ok(Acceptance::Stored)
        })
    }
}

impl Transport for Shared {
    async fn send(&self, body: Bytes) -> Result<RawAnswer, TransportFailure> {
        self.with(|world| world.answer(&body))
    }
}

/// Monotonic time that goes with tokio's paused clock.
struct VirtualClock(Instant);

impl Clock for VirtualClock {
    fn wall_ms(&self) -> i64 {
        1_700_000_000_000 + i64::try_from(self.monotonic_ms()).unwrap()
    }
    fn monotonic_ms(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap()
    }
}

/// A shop with its agent at work.
struct Shop {
    world: Shared,
    status: watch::Receiver<Status>,
    shutdown: watch::Sender<bool>,
    agent: tokio::task::JoinHandle<Ended>,
}

fn world(records: usize) -> Shared {
    let records = (1..=records).map(|number| format!("{{\"record\":{number}}}").into_bytes()).collect();
    Shared(Arc::new(Mutex::new(World {
        began: Instant::now(),
        epoch: StoreEpoch::new([9; 16]),
        records,
        purged_through: 0,
        acknowledged_seq: 0,
        kiosk_failures: 0,
        accept_failures: 0,
        acceptance: None,
        held: Vec::new(),
        poison: Vec::new(),
        names_poison: false,
        script: VecDeque::new(),
        sent: Vec::new(),
    })))
}

/// Opens the shop, without the wait at the start.
fn open(world: &Shared) -> Shop {
    open_with(world, Timing { entry_spread_ms: 0, ..Timing::default() })
}

fn open_with(world: &Shared, timing: Timing) -> Shop {
    let identity = Arc::new(identity(1));
    let (status, changes) = watch::channel(Status::starting(&identity));
    let (shutdown, asked) = watch::channel(false);
    let agent = Agent {
        queue: world.clone(),
        transport: world.clone(),
        identity,
        timing,
        entropy: Arc::new(SeededEntropy::new(4)),
        clock: Arc::new(VirtualClock(Instant::now())),
        status,
    };
    Shop { world: world.clone(), status: changes, shutdown, agent: tokio::spawn(run(agent, asked)) }
}

impl Shop {
    /// Waits until the status is as wished, and gives it.
    async fn until(&mut self, wish: impl FnMut(&Status) -> bool) -> Status {
        timeout(PATIENCE, self.status.wait_for(wish)).await.expect("it comes within the day").unwrap().clone()
    }

    async fn all_sent(&mut self) -> Status {
        let last_seq = self.world.with(|world| world.records.len() as Seq);
        let status =
            self.until(|status| status.acknowledged_seq == last_seq && status.state == State::Idle).await;
        self.world.with(|world| {
            assert_eq!(world.held.len(), world.records.len(), "each record is held once");
            assert_eq!(world.held.last().copied(), Some(world.head(last_seq)));
        });
        status
    }

    async fn close(self) {
        self.shutdown.send(true).unwrap();
        assert_eq!(self.agent.await.unwrap(), Ended::Shutdown);
    }
}

fn html() -> RawAnswer {
    RawAnswer {
        status: 200,
        content_type: Some("text/html".into()),
        body: b"<p>Wi-Fi".to_vec(),
        ..Default::default()
    }
}

fn busy(retry_after: &str) -> Step {
    Step::Other(RawAnswer { status: 503, retry_after: Some(retry_after.into()), ..Default::default() })
}

fn problem(kind: ProblemType) -> Step {
    Step::Other(problem_answer(&kind.with_detail("x")))
}

#[tokio::test(start_paused = true)]
async fn a_backlog_goes_in_full_batches_and_a_new_record_at_once() {
    let world = world(1_200);
    let mut shop = open(&world);
    let status = shop.all_sent().await;
    assert_eq!(world.counts(), [500, 500, 200]);
    assert_eq!((status.unsent, status.problem), (0, None));
    world.with(|world| world.records.push(b"{}".to_vec()));
    let asked = Instant::now();
    shop.all_sent().await;
    // The queue wakes within its half second, and the last record of the day needs no next one.
    assert!(asked.elapsed() < Duration::from_secs(40));
    shop.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_asked_for_again_with_the_same_bytes() {
    let world = world(3);
    world.play([Step::Lost, Step::AnswerLost, Step::AnswerLost]);
    let mut shop = open(&world);
    shop.until(|status| status.state == State::Retrying).await;
    // What comes in meanwhile waits for its own batch.
    world.with(|world| world.records.push(b"{}".to_vec()));
    shop.all_sent().await;
    let bodies = world.bodies();
    assert!(bodies[..4].iter().all(|body| *body == bodies[0]));
    assert_eq!(world.counts(), [3, 3, 3, 3, 1]);
}

#[tokio::test(start_paused = true)]
async fn only_a_right_receipt_counts() {
    let world = world(2);
    world.play([
        Step::Other(html()),
        Step::SignedByAnother,
        Step::Forged(|receipt| receipt.nonce = Nonce::new([0; 16])),
        Step::Forged(|receipt| receipt.head = Head::new([0; 32])),
        Step::Forged(|receipt| receipt.through_seq = SEQ_MAX),
        Step::Forged(|receipt| receipt.epoch = StoreEpoch::new([0; 16])),
        problem(ProblemType::Internal),
        problem(ProblemType::NotFound),
    ]);
    let mut shop = open(&world);
    shop.until(|status| status.state == State::Retrying).await;
    while world.with(|world| !world.script.is_empty()) {
        assert_eq!(world.with(|world| world.acknowledged_seq), 0);
        shop.status.changed().await.unwrap();
    }
    shop.all_sent().await;
    assert_eq!(world.bodies().len(), 9);
}

#[tokio::test(start_paused = true)]
async fn failures_are_retried_for_ever_ever_more_slowly_and_success_starts_over() {
    let world = world(1);
    world.play([Step::DownUntil(Duration::from_secs(10 * 3_600))]);
    let mut shop = open(&world);
    let status = shop.until(|status| status.state == State::Retrying).await;
    assert!(status.problem.unwrap().contains("host"));
    assert!(status.next_try_ms.unwrap() > 1_700_000_000_000);
    shop.all_sent().await;
    let gaps = world.gaps();
    assert!(gaps.iter().all(|gap| (1.0..=900.1).contains(gap)), "{gaps:?}");
    assert!(gaps[0] <= 2.1 && gaps.iter().any(|&gap| gap > 300.0), "{gaps:?}");
    // Ten hours at seven and a half minutes each on average.
    assert!(gaps.len() < 150, "{}", gaps.len());

    world.play([Step::Lost]);
    world.with(|world| world.records.push(b"{}".to_vec()));
    shop.all_sent().await;
    assert!(*world.gaps().last().unwrap() <= 2.1);
}

#[tokio::test(start_paused = true)]
async fn a_busy_collector_is_obeyed_up_to_a_quarter_of_an_hour() {
    let world = world(1);
    world.play([busy("30"), busy("0"), busy("31536000"), busy("99999999999999999999")]);
    let mut shop = open(&world);
    let status = shop.until(|status| status.state == State::Busy).await;
    assert!(status.next_try_ms.is_some());
    shop.all_sent().await;
    let ranges = [(30.0, 37.6), (1.0, 1.3), (900.0, 1_125.1), (900.0, 1_125.1)];
    for (gap, (least, most)) in world.gaps().into_iter().zip(ranges) {
        assert!((least..=most).contains(&gap), "{gap} is not from {least} to {most}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_poison_record_is_isolated_and_its_neighbours_pass() {
    for poison in [1, 250, 500] {
        let world = world(500);
        world.with(|world| world.poison = vec![poison]);
        let mut shop = open(&world);
        shop.all_sent().await;
        let counts = world.counts();
        // 2 * log2(500) is 17.9.
        assert!(counts.len() <= 18, "{poison}: {counts:?}");
        assert!(world.gaps().iter().all(|&gap| gap == 0.0), "nobody waits for it");
        shop.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_poison_record_that_is_named_is_sent_alone_at_once() {
    let world = world(500);
    world.with(|world| (world.poison, world.names_poison) = (vec![300], true));
    let mut shop = open(&world);
    shop.all_sent().await;
    assert_eq!(world.counts(), [500, 299, 1, 200]);
}

#[tokio::test(start_paused = true)]
async fn a_single_record_that_is_refused_is_kept_and_shown() {
    let world = world(1);
    world.play(std::iter::repeat_n(problem(ProblemType::Malformed), 5));
    let mut shop = open(&world);
    let status = shop.until(|status| status.state == State::Refused).await;
    assert_eq!(status.unsent, 1);
    shop.all_sent().await;
    assert_eq!(world.counts(), [1; 6]);
    assert!(world.gaps()[0] >= 1.0);
}

#[tokio::test(start_paused = true)]
async fn a_collector_restored_from_a_backup_gets_everything_again() {
    let world = world(900);
    let mut shop = open(&world);
    shop.all_sent().await;
    world.with(|world| {
        world.held.truncate(120);
        world.records.push(b"{}".to_vec());
    });
    shop.all_sent().await;
    assert_eq!(world.counts(), [500, 400, 1, 500, 281]);
    shop.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_collector_that_asks_for_purged_records_is_a_conflict_that_is_tried_slowly() {
    let world = world(10);
    world.with(|world| (world.purged_through, world.acknowledged_seq) = (6, 8));
    let mut shop = open(&world);
    let status = shop.until(|status| status.state == State::Conflict).await;
    assert!(status.problem.unwrap().contains("no longer on this device"));
    let before = world.bodies().len();
    assert!(before <= 5, "{before}");
    // Somebody restores the collector.
    world.with(|world| world.held = (1..=8).map(|seq| world.head(seq)).collect());
    shop.all_sent().await;
    assert!((900.0..=1_125.1).contains(&world.gaps()[before - 1]));
}

#[tokio::test(start_paused = true)]
async fn a_mark_beyond_the_store_is_a_conflict() {
    let world = world(2);
    world.play([Step::Other(problem_answer(&ProblemType::NotContiguous.with_detail("x").at_mark(9)))]);
    let mut shop = open(&world);
    let status = shop.until(|status| status.state == State::Conflict).await;
    assert!(status.problem.unwrap().contains("up to 9"));
    shop.all_sent().await;
}

#[tokio::test(start_paused = true)]
async fn other_bytes_at_the_collector_are_a_conflict_that_renumbers_nothing() {
    let world = world(2);
    world.play([problem(ProblemType::ChainConflict), problem(ProblemType::ChainConflict)]);
    let mut shop = open(&world);
    shop.until(|status| status.state == State::Conflict).await;
    shop.all_sent().await;
    assert!(world.gaps().iter().all(|gap| (900.0..=1_125.1).contains(gap)), "{:?}", world.gaps());
    let numbers: Vec<Seq> =
        world.bodies().iter().map(|body| decode(body).unwrap().header.first_seq).collect();
    assert_eq!(numbers, [1, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_receipt_the_kiosk_will_not_have_stops_the_trust() {
    for acceptance in [Acceptance::WrongHead, Acceptance::WrongStore] {
        let world = world(2);
        world.with(|world| world.acceptance = Some(acceptance));
        let mut shop = open(&world);
        let status = shop.until(|status| status.state == State::Conflict).await;
        assert_eq!(status.acknowledged_seq, 0);
        world.with(|world| world.acceptance = None);
        shop.all_sent().await;
        assert!(world.gaps()[0] >= 900.0);
        shop.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_device_that_is_not_let_in_keeps_everything_and_asks_slowly() {
    let world = world(1);
    world.play(std::iter::repeat_n(problem(ProblemType::NotAllowed), 12));
    let mut shop = open(&world);
    let status = shop.until(|status| status.state == State::Paused).await;
    assert_eq!(status.unsent, 1);
    shop.all_sent().await;
    assert!(world.gaps().iter().all(|gap| (60.0..=900.1).contains(gap)), "{:?}", world.gaps());
    let bodies = world.bodies();
    assert!(bodies.iter().all(|body| *body == bodies[0]));
}

#[tokio::test(start_paused = true)]
async fn a_kiosk_that_restarts_is_asked_again_and_nothing_sent_twice() {
    let world = world(3);
    world.with(|world| world.kiosk_failures = 6);
    let began = Instant::now();
    let mut shop = open(&world);
    shop.until(|status| status.state == State::KioskAway).await;
    shop.all_sent().await;
    assert_eq!(world.counts(), [3]);
    assert!(began.elapsed() <= Duration::from_secs(6 * 30 + 31));
}

#[tokio::test(start_paused = true)]
async fn a_kiosk_that_dies_before_it_stores_a_receipt_gets_the_same_one_again() {
    let world = world(3);
    world.with(|world| world.accept_failures = 2);
    let mut shop = open(&world);
    shop.all_sent().await;
    let bodies = world.bodies();
    assert_eq!(bodies.len(), 3);
    assert!(bodies.iter().all(|body| *body == bodies[0]));
}

#[tokio::test(start_paused = true)]
async fn a_new_store_begins_at_its_own_first_record() {
    let world = world(3);
    let mut shop = open(&world);
    shop.all_sent().await;
    world.with(|world| {
        world.epoch = StoreEpoch::new([8; 16]);
        world.records = vec![b"{\"new\":1}".to_vec(); 5];
        (world.acknowledged_seq, world.held) = (0, Vec::new());
    });
    shop.all_sent().await;
    assert_eq!(world.with(|world| world.held.len()), 5);
}

#[tokio::test(start_paused = true)]
async fn a_backlog_at_the_start_waits_for_its_turn_once() {
    let world = world(2);
    let mut shop = open_with(&world, Timing::default());
    let status = shop.until(|status| status.state == State::Spreading).await;
    assert!(status.next_try_ms.is_some());
    shop.all_sent().await;
    let first = world.with(|world| world.sent[0].0);
    assert!(first > Duration::ZERO && first <= Duration::from_secs(120), "{first:?}");
}

#[tokio::test(start_paused = true)]
async fn after_a_long_outage_the_backlog_waits_for_its_turn() {
    let world = world(0);
    let mut shop = open_with(&world, Timing::default());
    shop.until(|status| status.state == State::Idle).await;
    world.play([Step::DownUntil(Duration::from_secs(3_600))]);
    world.with(|world| world.records.push(b"{}".to_vec()));
    shop.until(|status| status.state == State::Retrying).await;
    world.with(|world| world.records.extend(std::iter::repeat_n(b"{}".to_vec(), 700)));
    shop.until(|status| status.state == State::Spreading).await;
    shop.all_sent().await;
    assert_eq!(world.counts()[world.counts().len() - 3..], [1, 500, 200]);
}

#[tokio::test(start_paused = true)]
async fn a_link_that_flaps_makes_progress_without_duplicates() {
    let world = world(3_000);
    let flapping = [Step::Lost, Step::AnswerLost, Step::Other(html()), Step::AnswerLost];
    world.play(flapping.iter().cycle().take(40).cloned());
    open(&world).all_sent().await;
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_any_wait() {
    let world = world(1);
    world.play([problem(ProblemType::ChainConflict)]);
    let mut shop = open(&world);
    shop.until(|status| status.state == State::Conflict).await;
    let asked = Instant::now();
    let status = shop.status.clone();
    shop.close().await;
    assert_eq!(asked.elapsed(), Duration::ZERO);
    assert_eq!(status.borrow().state, State::Stopped);
}
