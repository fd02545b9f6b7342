//! A collector, a kiosk and the line between them, as far as the loop can tell them from real ones.

use std::collections::VecDeque;
use std::sync::Mutex;

use afterword_model::ports::SeededEntropy;
use afterword_model::record::{Head, Seq, ServerEpoch, StoreEpoch, genesis, next_head};
use afterword_protocol::batch::decode;
use afterword_protocol::case_steps::{CaseMark, CaseSteps};
use afterword_protocol::changes::Changes;
use afterword_protocol::courier::CourierKey;
use afterword_protocol::heartbeat::{HEARTBEAT_ANSWER_MEDIA_TYPE, Heartbeat, HeartbeatAnswer};
use afterword_protocol::problem::{Problem, ProblemType};
use afterword_protocol::queue::{Acceptance, Health, Run, Take};
use afterword_protocol::receipt::{Receipt, SignedReceipt};
use afterword_protocol::renewal::{RENEWAL_MEDIA_TYPE, RenewalRequest, Renewed};
use afterword_protocol::settings::{NO_SETTINGS, SettingsHeld, SignedSettings};
use bytes::Bytes;
use tokio::time::Instant;

use super::super::*;
use crate::heartbeat::of_position;
use crate::testing::{COLLECTOR_SEED, certificate, identity, key, problem_answer, receipt_answer};
use crate::tls::TlsError;
use crate::transport::{Cause, Message, RawAnswer, TransportFailure};

/// What a shop is given to reach its end in, of virtual time: a day.
pub(super) const PATIENCE: Duration = Duration::from_secs(24 * 3_600);

/// The wall time at which every test begins: 2023-11-14T22:13:20Z.
pub(super) const WALL_MS: i64 = 1_700_000_000_000;

/// Both ends, as a test may look at and disturb them.
pub(super) struct World {
    pub(super) began: Instant,
    // the device
    pub(super) epoch: StoreEpoch,
    pub(super) records: Vec<Vec<u8>>,
    pub(super) purged_through: Seq,
    pub(super) acknowledged_seq: Seq,
    pub(super) kiosk_failures: u32,
    pub(super) accept_failures: u32,
    pub(super) acceptance: Option<Acceptance>,
    /// Whether the kiosk program can begin a new store epoch.
    pub(super) begins_anew: bool,
    pub(super) begun: Vec<(Duration, BeginReason)>,
    pub(super) kept: Vec<Identity>,
    /// Every list it was given to show; `None` when its kiosk program is too old to show any.
    pub(super) shown: Option<Vec<Changes>>,
    pub(super) show_failures: u32,
    // the collector
    pub(super) held: Vec<Head>,
    pub(super) poison: Vec<Seq>,
    pub(super) names_poison: bool,
    pub(super) script: VecDeque<Step>,
    pub(super) sent: Vec<(Duration, Bytes)>,
    /// Whether it knows of heartbeats and renewals; one of the version before does not.
    pub(super) hears: bool,
    pub(super) heard: Vec<(Duration, Heartbeat)>,
    /// The CA certificates it hands out, to whoever trusts another number of them.
    pub(super) ca_pem: Option<String>,
    /// What bundles have to be sealed to.
    pub(super) courier_key: Option<CourierKey>,
    /// What the device shall show.
    pub(super) changes: Option<Changes>,
    /// What head office decided, what the kiosk has of it, and why it takes no more.
    pub(super) settings: Option<SignedSettings>,
    pub(super) decided: Option<Vec<SignedSettings>>,
    pub(super) undecided: Option<&'static str>,
    /// Steps of head office that the collector has for the device.
    pub(super) case_steps: Option<CaseSteps>,
    /// What the kiosk keeps of them; `None` for one of before.
    pub(super) steps_kept: Option<Vec<CaseSteps>>,
    pub(super) renewals: u32,
    /// A certificate that it will not let in.
    pub(super) refuses: Option<fn(&Heartbeat) -> bool>,
}

/// What becomes of one request.
#[derive(Clone)]
pub(super) enum Step {
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
pub(super) struct Shared(pub(super) Arc<Mutex<World>>);

impl Shared {
    pub(super) fn with<R>(&self, look: impl FnOnce(&mut World) -> R) -> R {
        look(&mut self.0.lock().unwrap())
    }

    pub(super) fn play(&self, steps: impl IntoIterator<Item = Step>) {
        self.with(|world| world.script.extend(steps));
    }

    pub(super) fn bodies(&self) -> Vec<Bytes> {
        self.with(|world| world.sent.iter().map(|(_, body)| body.clone()).collect())
    }

    /// How many records each request carried.
    pub(super) fn counts(&self) -> Vec<usize> {
        self.bodies().iter().map(|body| decode(body).unwrap().records.len()).collect()
    }

    /// The waits between requests, in seconds.
    pub(super) fn gaps(&self) -> Vec<f64> {
        let at: Vec<Duration> = self.with(|world| world.sent.iter().map(|(at, _)| *at).collect());
        at.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect()
    }
}

impl World {
    pub(super) fn head(&self, seq: Seq) -> Head {
        self.records[..seq as usize].iter().fold(genesis(&self.epoch), |head, bytes| next_head(&head, bytes))
    }

    pub(super) fn position(&self) -> Position {
        let last_seq = self.records.len() as Seq;
        Position {
            epoch: self.epoch,
            last_seq,
            head: self.head(last_seq),
            acknowledged_seq: self.acknowledged_seq,
            server_epoch: None,
        }
    }

    pub(super) fn take(&self, take: Take) -> Option<Run> {
        let after = take.after_seq.max(self.purged_through);
        let records: Vec<_> =
            self.records.iter().skip(after as usize).take(take.records_max).cloned().collect();
        let run = Run { epoch: self.epoch, first_seq: after + 1, previous_head: self.head(after), records };
        (!run.records.is_empty()).then_some(run)
    }

    /// An honest collector.
    pub(super) fn ingest(&mut self, body: &[u8]) -> Result<Receipt, Problem> {
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

    pub(super) fn answer(&mut self, body: &Bytes) -> Result<RawAnswer, TransportFailure> {
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

    fn hear(&mut self, body: &Bytes) -> Result<RawAnswer, TransportFailure> {
        if !self.hears {
            return Ok(problem_answer(&ProblemType::NotFound.with_detail("nothing here")));
        }
        let heartbeat: Heartbeat = serde_json::from_slice(body).unwrap();
        if self.refuses.is_some_and(|refuses| refuses(&heartbeat)) {
            return Ok(problem_answer(&ProblemType::NotAuthenticated.with_detail("expired")));
        }
        let mark = self.held.len() as Seq;
        let answer = HeartbeatAnswer {
            server_epoch: ServerEpoch::new([7; 16]),
            mark,
            head: self.held.last().copied().unwrap_or_else(|| genesis(&self.epoch)),
            wall_ms: WALL_MS + i64::try_from(self.began.elapsed().as_millis()).unwrap(),
            collector_ca_pem: self
                .ca_pem
                .clone()
                .filter(|pem| pem.matches("BEGIN CERTIFICATE").count() != heartbeat.trusted.len()),
            changes: self
                .changes
                .clone()
                .filter(|list| heartbeat.health.changes.is_some_and(|kept| kept != list.version)),
            courier_key: self.courier_key.clone().filter(|key| heartbeat.courier_key.as_ref() != Some(key)),
            case_steps: self.case_steps.clone().filter(|steps| {
                heartbeat.health.case_mark.is_some_and(|mark| mark.number < steps.mark.number)
            }),
            settings: self.settings.clone().filter(|settings| {
                let version = settings.envelope.version;
                let refused = heartbeat.settings_refused.as_ref();
                heartbeat.health.settings.is_none_or(|held| held.kept != version)
                    && refused.is_none_or(|refused| refused.version != version)
            }),
        };
        self.heard.push((self.began.elapsed(), heartbeat));
        Ok(RawAnswer {
            status: 200,
            content_type: Some(HEARTBEAT_ANSWER_MEDIA_TYPE.into()),
            body: serde_json::to_vec(&answer).unwrap(),
            ..RawAnswer::default()
        })
    }

    fn renew(&mut self, body: &Bytes) -> Result<RawAnswer, TransportFailure> {
        let request: RenewalRequest = serde_json::from_slice(body).unwrap();
        assert!(request.signing_request_pem.contains("CERTIFICATE REQUEST"));
        self.renewals += 1;
        let renewed = Renewed {
            certificate_pem: certificate(&key(1), 2027 + i32::try_from(self.renewals).unwrap()),
            collector_ca_pem: certificate(&key(1), 2090),
        };
        Ok(RawAnswer {
            status: 200,
            content_type: Some(RENEWAL_MEDIA_TYPE.into()),
            body: serde_json::to_vec(&renewed).unwrap(),
            ..RawAnswer::default()
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

    async fn health(&mut self) -> Result<Option<Health>, QueueError> {
        Ok(Some(self.with(|world| {
            let shown = world.shown.as_ref();
            let changes =
                shown.map(|shown| shown.last().map_or(Changes::none().version, |list| list.version));
            let steps = world.steps_kept.as_ref();
            let case_mark = steps.map(|kept| kept.last().map_or(CaseMark::NONE, |steps| steps.mark));
            let decided = world.decided.as_ref();
            let settings = decided.map(|decided| {
                let kept = decided.last().map_or(NO_SETTINGS, |settings| settings.envelope.version);
                SettingsHeld { kept, runs: kept }
            });
            let position = of_position(world.position());
            Health { purged_seq: world.purged_through, changes, case_mark, settings, ..position }
        })))
    }

    async fn keep_changes(&mut self, changes: &Changes) -> Result<(), QueueError> {
        self.with(|world| {
            if let Some(left) = world.show_failures.checked_sub(1) {
                world.show_failures = left;
                return Err(QueueError::Refused("the disk is full".into()));
            }
            world
                .shown
                .as_mut()
                .expect("only a kiosk that names its list is given one")
                .push(changes.clone());
            Ok(())
        })
    }

    async fn keep_case_steps(&mut self, steps: &CaseSteps) -> Result<(), QueueError> {
        self.with(|world| {
            if let Some(left) = world.show_failures.checked_sub(1) {
                world.show_failures = left;
                return Err(QueueError::Refused("the disk is full".into()));
            }
            world
                .steps_kept
                .as_mut()
                .expect("only a kiosk that names its mark is given steps")
                .push(steps.clone());
            Ok(())
        })
    }

    async fn keep_settings(&mut self, settings: &SignedSettings) -> Result<(), QueueError> {
        self.with(|world| {
            if let Some(reason) = world.undecided {
                return Err(QueueError::Refused(reason.into()));
            }
            world
                .decided
                .as_mut()
                .expect("only a kiosk that names what it has is given settings")
                .push(settings.clone());
            Ok(())
        })
    }

    async fn begin_anew(&mut self, reason: BeginReason) -> Result<Begun, QueueError> {
        Ok(self.with(|world| {
            world.begun.push((world.began.elapsed(), reason));
            if !world.begins_anew {
                return Begun::Unsupported;
            }
            world.epoch = StoreEpoch::new([world.epoch.as_bytes()[0] + 1; 16]);
            world.records.drain(..world.purged_through as usize);
            (world.purged_through, world.acknowledged_seq, world.held) = (0, 0, Vec::new());
            Begun::Anew
        }))
    }
}

impl Transport for Shared {
    async fn post(&self, message: Message, body: Bytes) -> Result<RawAnswer, TransportFailure> {
        match message {
            Message::Batch => self.with(|world| world.answer(&body)),
            Message::Heartbeat => self.with(|world| world.hear(&body)),
            Message::Renewal => self.with(|world| world.renew(&body)),
        }
    }

    fn with_identity(&self, _identity: &Identity) -> Result<Self, TlsError> {
        Ok(self.clone())
    }
}

/// Monotonic time that goes with tokio's paused clock.
pub(super) struct VirtualClock(pub(super) Instant);

impl Clock for VirtualClock {
    fn wall_ms(&self) -> i64 {
        WALL_MS + i64::try_from(self.monotonic_ms()).unwrap()
    }
    fn monotonic_ms(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap()
    }
}

/// A shop with its agent at work.
pub(super) struct Shop {
    pub(super) world: Shared,
    pub(super) status: watch::Receiver<Status>,
    pub(super) shutdown: watch::Sender<bool>,
    pub(super) agent: tokio::task::JoinHandle<Ended>,
}

pub(super) fn world(records: usize) -> Shared {
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
        begins_anew: false,
        begun: Vec::new(),
        kept: Vec::new(),
        shown: Some(Vec::new()),
        show_failures: 0,
        held: Vec::new(),
        poison: Vec::new(),
        names_poison: false,
        script: VecDeque::new(),
        sent: Vec::new(),
        hears: false,
        heard: Vec::new(),
        ca_pem: None,
        courier_key: None,
        changes: None,
        settings: None,
        decided: Some(Vec::new()),
        undecided: None,
        case_steps: None,
        steps_kept: Some(Vec::new()),
        renewals: 0,
        refuses: None,
    })))
}

/// Opens the shop, without the wait at the start.
pub(super) fn open(world: &Shared) -> Shop {
    open_with(world, Timing { entry_spread_ms: 0, ..Timing::default() })
}

pub(super) fn open_with(world: &Shared, timing: Timing) -> Shop {
    open_as(world, timing, identity(1))
}

pub(super) fn open_as(world: &Shared, timing: Timing, identity: Identity) -> Shop {
    let identity = Arc::new(identity);
    let keeper = world.clone();
    let (status, changes) = watch::channel(Status::starting(&identity));
    let (shutdown, asked) = watch::channel(false);
    let agent = Agent {
        queue: world.clone(),
        transport: world.clone(),
        identity,
        keep: Box::new(move |identity| {
            keeper.with(|world| world.kept.push(identity.clone()));
            Ok(())
        }),
        timing,
        entropy: Arc::new(SeededEntropy::new(4)),
        clock: Arc::new(VirtualClock(Instant::now())),
        status,
    };
    Shop { world: world.clone(), status: changes, shutdown, agent: tokio::spawn(run(agent, asked)) }
}

impl Shop {
    /// Waits until the status is as wished, and gives it.
    pub(super) async fn until(&mut self, wish: impl FnMut(&Status) -> bool) -> Status {
        timeout(PATIENCE, self.status.wait_for(wish)).await.expect("it comes within the day").unwrap().clone()
    }

    pub(super) async fn all_sent(&mut self) -> Status {
        let last_seq = self.world.with(|world| world.records.len() as Seq);
        let status =
            self.until(|status| status.acknowledged_seq == last_seq && status.state == State::Idle).await;
        self.world.with(|world| {
            assert_eq!(world.held.len(), world.records.len(), "each record is held once");
            assert_eq!(world.held.last().copied(), Some(world.head(last_seq)));
        });
        status
    }

    pub(super) async fn close(self) {
        self.shutdown.send(true).unwrap();
        assert_eq!(self.agent.await.unwrap(), Ended::Shutdown);
    }
}

pub(super) fn html() -> RawAnswer {
    RawAnswer {
        status: 200,
        content_type: Some("text/html".into()),
        body: b"<p>Wi-Fi".to_vec(),
        ..Default::default()
    }
}

pub(super) fn busy(retry_after: &str) -> Step {
    Step::Other(RawAnswer { status: 503, retry_after: Some(retry_after.into()), ..Default::default() })
}

pub(super) fn problem(kind: ProblemType) -> Step {
    Step::Other(problem_answer(&kind.with_detail("x")))
}
