//! The loop: records from the kiosk's [`Queue`] go over a [`Transport`], receipts go back.
//!
//! Invariants: one batch is under way at a time; it keeps its nonce and bytes until it is settled, so a
//! receipt whose answer was lost comes back byte for byte; the cursor moves only as [`Plan`] allows; a receipt
//! reaches the queue only after [`classify`] has checked it. Everything may be dropped at any await point and
//! begun again from the queue's position: that is how it is stopped, and how it survives a crash.
//!
//! No failure ends the loop. It waits, longer each time, says so in its [`Status`], and goes on.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use afterword_model::ports::{Clock, Entropy};
use afterword_model::record::Seq;
use afterword_protocol::batch::{BatchHeader, encode};
use afterword_protocol::limits::{BATCH_BYTES_MAX, BATCH_RECORDS_MAX, RETRY_MAX_MS};
use afterword_protocol::queue::{Acceptance, Position, Queue, QueueError, Run};
use afterword_protocol::receipt::{Nonce, SignedReceipt};
use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::answer::{Answer, classify};
use crate::backoff::{Backoff, uniform_ms};
use crate::identity::Identity;
use crate::plan::Plan;
use crate::report::Report;
use crate::status::{State, Status};
use crate::timing::Timing;
use crate::transport::Transport;

/// How long any queue may take beyond the wait it was given, in milliseconds. Above the socket's own time-out,
/// so that its more exact error comes first.
const QUEUE_ANSWER_MAX_MS: u64 = 20_000;

/// While waiting, the numbers in the status are brought up to date this often, in milliseconds.
const REFRESH_MS: u64 = 30_000;

/// Shortest pause after a busy answer, in milliseconds, also when it says zero.
const BUSY_LEAST_MS: u64 = 1_000;

/// After "nothing new", in milliseconds: a queue that says so without waiting must not make the loop spin.
const IDLE_PAUSE_MS: u64 = 50;

/// Everything the loop works with.
pub struct Agent<Q, T> {
    /// Where records come from and receipts go.
    pub queue: Q,
    /// The way to the collector.
    pub transport: T,
    /// Who the device is.
    pub identity: Arc<Identity>,
    /// How long to wait for what.
    pub timing: Timing,
    /// For nonces and jitter.
    pub entropy: Arc<dyn Entropy>,
    /// For the times in the status, and the length of an outage.
    pub clock: Arc<dyn Clock>,
    /// Where to say what it is doing.
    pub status: watch::Sender<Status>,
}

/// Why the loop is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Somebody asked for it, or nobody is left who could.
    Shutdown,
}

/// Brings records over until `shutdown` turns true. Work in progress is dropped, which loses nothing.
pub async fn run<Q: Queue, T: Transport>(agent: Agent<Q, T>, mut shutdown: watch::Receiver<bool>) -> Ended {
    let mut work = Work::new(agent);
    tokio::select! {
        _ = shutdown.wait_for(|&asked| asked) => {}
        never = work.forever() => match never {},
    }
    work.report.state(State::Stopped);
    Ended::Shutdown
}

/// A batch as it goes out, each time the same.
struct Outgoing {
    run: Run,
    header: BatchHeader,
    body: Bytes,
}

/// Why the loop begins again from the queue's position.
enum Restart {
    /// The kiosk could not be asked.
    Kiosk(QueueError),
    /// The queue holds another store now.
    NewStore,
    /// Device and collector disagree; asking fast does not help.
    Conflict(String),
}

impl From<QueueError> for Restart {
    fn from(error: QueueError) -> Self {
        Self::Kiosk(error)
    }
}

struct Work<Q, T> {
    agent: Agent<Q, T>,
    report: Report,
    retry: Backoff,
    paused: Backoff,
    kiosk: Backoff,
    /// The batch that has been sent and is not settled.
    outgoing: Option<Arc<Outgoing>>,
    /// When the present row of failures began, by the monotonic clock.
    failing_since_ms: Option<u64>,
    /// Whether the wait at the start is over.
    entered: bool,
}

impl<Q: Queue, T: Transport> Work<Q, T> {
    fn new(agent: Agent<Q, T>) -> Self {
        let timing = agent.timing;
        Self {
            report: Report::new(agent.status.clone(), agent.clock.clone()),
            agent,
            retry: Backoff::new(timing.retry_least_ms, timing.retry_most_ms),
            paused: Backoff::new(timing.paused_least_ms, timing.retry_most_ms),
            kiosk: Backoff::new(timing.kiosk_retry_least_ms, timing.kiosk_retry_most_ms),
            outgoing: None,
            failing_since_ms: None,
            entered: false,
        }
    }

    async fn forever(&mut self) -> Infallible {
        loop {
            let Err(restart) = self.begin_at_position().await;
            match restart {
                Restart::Kiosk(error) => {
                    let delay = self.kiosk.next_delay(&*self.agent.entropy);
                    self.wait(State::KioskAway, error.to_string(), delay).await;
                }
                Restart::NewStore => {
                    self.outgoing = None;
                    let delay = self.kiosk.next_delay(&*self.agent.entropy);
                    self.wait(
                        State::KioskAway,
                        "the kiosk has begun a new store; it is read again".into(),
                        delay,
                    )
                    .await;
                }
                Restart::Conflict(problem) => {
                    self.outgoing = None;
                    let delay = self.with_jitter(self.agent.timing.conflict_retry_ms);
                    self.wait(State::Conflict, problem, delay).await;
                }
            }
        }
    }

    async fn begin_at_position(&mut self) -> Result<Infallible, Restart> {
        let position = self.position().await?;
        let mut plan = Plan::after(position.acknowledged_seq);
        if position.last_seq == position.acknowledged_seq {
            self.report.state(State::Idle);
        }
        // What was settled without our hearing of it is not sent again.
        self.outgoing.take_if(|batch| {
            batch.run.epoch != position.epoch || batch.run.last_seq() <= position.acknowledged_seq
        });
        if !std::mem::replace(&mut self.entered, true) && position.last_seq > position.acknowledged_seq {
            self.spread("there are records to send since before the start").await;
        }
        loop {
            let batch = match self.outgoing.clone() {
                Some(batch) => batch,
                None => match self.next(&plan, &position).await? {
                    Some(run) => self.prepare(run),
                    None => {
                        self.idle().await?;
                        continue;
                    }
                },
            };
            self.send(&batch, &mut plan).await?;
        }
    }

    /// One attempt, and everything its answer asks for.
    async fn send(&mut self, batch: &Arc<Outgoing>, plan: &mut Plan) -> Result<(), Restart> {
        if self.failing_since_ms.is_none() {
            // While it fails, the reason stays to be seen until something works.
            self.report.state(State::Sending);
        }
        let answer = match self.agent.transport.send(batch.body.clone()).await {
            Ok(raw) => {
                let receipt_key = &self.agent.identity.enrolled().receipt_key;
                classify(&raw, &batch.header, receipt_key, self.agent.clock.wall_ms())
            }
            Err(failure) => Answer::Transient { problem: failure.to_string() },
        };
        match answer {
            Answer::Receipt(receipt) => self.settle(batch, &receipt, plan).await?,
            Answer::Rewind { mark } => {
                self.outgoing = None;
                let last_seq = self.position().await?.last_seq;
                plan.rewind(batch.run.first_seq, mark, last_seq)
                    .map_err(|error| Restart::Conflict(error.to_string()))?;
                tracing::warn!(
                    mark,
                    from = batch.run.first_seq,
                    "the collector holds less than it had: sending again"
                );
            }
            Answer::Conflict { problem } => return Err(Restart::Conflict(problem)),
            Answer::Split { seq, problem } => match plan.refused(&batch.run, seq) {
                Some(count) => {
                    tracing::warn!(%problem, count, "a batch was not taken: sending a part of it");
                    self.prepare(batch.run.prefix(count));
                }
                None => {
                    self.failed();
                    let delay = self.retry.next_delay(&*self.agent.entropy);
                    self.wait(State::Refused, problem, delay).await;
                }
            },
            Answer::Paused { problem } => {
                self.failed();
                let delay = self.paused.next_delay(&*self.agent.entropy);
                self.wait(State::Paused, problem, delay).await;
            }
            Answer::Wait { wait_ms, problem } => {
                self.failed();
                let delay = self.with_jitter(wait_ms.clamp(BUSY_LEAST_MS, RETRY_MAX_MS));
                self.wait(State::Busy, problem, delay).await;
            }
            Answer::Transient { problem } => {
                self.failed();
                let delay = self.retry.next_delay(&*self.agent.entropy);
                self.wait(State::Retrying, problem, delay).await;
            }
        }
        Ok(())
    }

    /// Hands a verified receipt over and moves on.
    async fn settle(
        &mut self,
        batch: &Outgoing,
        receipt: &SignedReceipt,
        plan: &mut Plan,
    ) -> Result<(), Restart> {
        match within(0, self.agent.queue.accept(receipt)).await? {
            Acceptance::Stored | Acceptance::Stale => {}
            Acceptance::WrongStore if self.position().await?.epoch != batch.run.epoch => {
                return Err(Restart::NewStore);
            }
            Acceptance::WrongStore => {
                return Err(Restart::Conflict(
                    "the collector gave a receipt for records this device does not have; everything is kept, tell whoever runs the collector".into(),
                ));
            }
            Acceptance::WrongHead => {
                return Err(Restart::Conflict(
                    "the collector gave a receipt for other records than this device has; everything is kept, tell whoever runs the collector".into(),
                ));
            }
        }
        self.outgoing = None;
        plan.passed(batch.run.last_seq());
        self.retry.reset();
        self.paused.reset();
        self.kiosk.reset();
        let receipt = &receipt.receipt;
        self.agent.transport.time_is_at_least(receipt.received_ms);
        self.report.receipt(receipt);
        tracing::info!(through_seq = receipt.through_seq, records = batch.run.records.len(), "receipt");
        let all_sent = self.report.unsent() == 0;
        self.report.state(if all_sent { State::Idle } else { State::Sending });
        let down_ms =
            self.failing_since_ms.take().map_or(0, |since_ms| self.now_ms().saturating_sub(since_ms));
        if down_ms >= self.agent.timing.outage_ms && !all_sent {
            self.spread("the collector is back after an outage").await;
        }
        Ok(())
    }

    /// Gives a run its nonce and signature, and remembers it until it is settled.
    fn prepare(&mut self, run: Run) -> Arc<Outgoing> {
        let nonce = Nonce::new(self.agent.entropy.bytes());
        let identity = &self.agent.identity;
        let (header, body) = encode(&run, identity.enrolled().device, nonce, identity.key());
        let batch = Arc::new(Outgoing { run, header, body: body.into() });
        self.outgoing = Some(batch.clone());
        batch
    }

    /// The next run, when one came within the wait.
    async fn next(&mut self, plan: &Plan, position: &Position) -> Result<Option<Run>, Restart> {
        let take = plan.take(self.agent.timing.queue_wait_ms);
        let Some(run) = within(take.wait_ms, self.agent.queue.next(take)).await? else { return Ok(None) };
        if run.epoch != position.epoch {
            return Err(Restart::NewStore);
        }
        if let Some(what) = misfit(&run, plan.cursor()) {
            return Err(QueueError::Refused(format!(
                "its records do not fit ({what}); update the older program"
            ))
            .into());
        }
        self.report.newest(run.last_seq());
        Ok(Some(run))
    }

    /// There is nothing to send.
    async fn idle(&mut self) -> Result<(), QueueError> {
        self.position().await?;
        self.kiosk.reset();
        self.report.state(State::Idle);
        sleep(Duration::from_millis(IDLE_PAUSE_MS)).await;
        Ok(())
    }

    /// Asks the queue how far it is, and brings the status up to date.
    async fn position(&mut self) -> Result<Position, QueueError> {
        let position = within(0, self.agent.queue.position()).await?;
        self.report.numbers(position.acknowledged_seq, position.last_seq);
        Ok(position)
    }

    /// Lets a part of the entry spread pass.
    async fn spread(&mut self, why: &str) {
        let delay_ms = uniform_ms(&*self.agent.entropy, 0, self.agent.timing.entry_spread_ms);
        if delay_ms > 0 {
            let problem = format!("{why}: it waits for its turn, so that not all devices come at once");
            self.wait(State::Spreading, problem, Duration::from_millis(delay_ms)).await;
        }
    }

    /// Says why, waits, and keeps the numbers in the status fresh meanwhile.
    async fn wait(&mut self, state: State, problem: String, delay: Duration) {
        let delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(?state, %problem, delay_ms, "waiting");
        self.report.waiting(state, &problem, delay_ms);
        let mut left_ms = delay_ms;
        while left_ms > REFRESH_MS {
            sleep(Duration::from_millis(REFRESH_MS)).await;
            left_ms -= REFRESH_MS;
            // A kiosk that is away shows in its own wait; here only the numbers stay old.
            let _ = self.position().await;
        }
        sleep(Duration::from_millis(left_ms)).await;
    }

    fn failed(&mut self) {
        let now_ms = self.now_ms();
        self.failing_since_ms.get_or_insert(now_ms);
    }

    fn now_ms(&self) -> u64 {
        self.agent.clock.monotonic_ms()
    }

    /// At least as long as asked, and up to a quarter longer, so that devices told the same do not return together.
    fn with_jitter(&self, wait_ms: u64) -> Duration {
        Duration::from_millis(uniform_ms(&*self.agent.entropy, wait_ms, wait_ms.saturating_add(wait_ms / 4)))
    }
}

/// What is wrong with a run, when it is not one that was asked for.
fn misfit(run: &Run, cursor: Seq) -> Option<&'static str> {
    if run.records.is_empty() {
        Some("none at all")
    } else if run.records.len() > BATCH_RECORDS_MAX
        || run.records.iter().map(Vec::len).sum::<usize>() > BATCH_BYTES_MAX
    {
        Some("more than a batch holds")
    } else if run.first_seq <= cursor {
        Some("older than asked")
    } else {
        None
    }
}

async fn within<A>(
    wait_ms: u64,
    asked: impl Future<Output = Result<A, QueueError>>,
) -> Result<A, QueueError> {
    let most = Duration::from_millis(wait_ms.saturating_add(QUEUE_ANSWER_MAX_MS));
    timeout(most, asked).await.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
}

#[cfg(test)]
mod tests;
