//! The loop: records from the kiosk's [`Queue`] go over a [`Transport`], receipts go back.
//!
//! | file | what it does |
//! |---|---|
//! | `delivery` | one batch under way, the next one made ready meanwhile, the last receipt handed over |
//! | `contact` | heartbeats, and what their answers ask for |
//! | `renewing` | a new certificate, tried before the old one is let go |
//!
//! Invariants: one batch is unanswered at a time; it keeps its nonce and bytes until it is settled, so a
//! receipt whose answer was lost comes back byte for byte; the cursor moves only as [`Plan`] allows; a receipt
//! reaches the queue only after [`classify`](crate::answer::classify) has checked it. Everything may be dropped at any
//! await point and begun again from the queue's position: that is how it is stopped, and how it survives a crash.
//!
//! No failure ends the loop. It waits, longer each time, says so in its [`Status`], and goes on.

mod contact;
mod delivery;
mod renewing;

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use afterword_model::ports::{Clock, Entropy};
use afterword_protocol::queue::{BeginReason, Begun, Position, Queue, QueueError};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::backoff::{Backoff, uniform_ms};
use crate::identity::{Identity, Keep};
use crate::plan::Plan;
use crate::report::Report;
use crate::status::{State, Status};
use crate::timing::Timing;
use crate::transport::Transport;
use contact::Contact;
use delivery::Desk;

/// How long any queue may take beyond the wait it was given, in milliseconds. Above the socket's own time-out,
/// so that its more exact error comes first.
const QUEUE_ANSWER_MAX_MS: u64 = 20_000;

/// While waiting, the numbers in the status are brought up to date this often, in milliseconds.
const REFRESH_MS: u64 = 30_000;

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
    /// Where a renewed identity is kept.
    pub keep: Keep,
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
        // In this order, so that a simulation with the same seed takes the same way.
        biased;
        _ = shutdown.wait_for(|&asked| asked) => {}
        never = work.forever() => match never {},
    }
    work.report.state(State::Stopped);
    Ended::Shutdown
}

/// Why the loop begins again from the queue's position.
enum Restart {
    /// The kiosk could not be asked.
    Kiosk(QueueError),
    /// The queue holds another store now.
    NewStore,
    /// The store has lost a receipt that it had kept.
    ReceiptLost,
    /// Device and collector disagree; asking fast does not help.
    Conflict(String),
    /// The collector holds another history than this store; it goes on in a new epoch.
    Forked(String),
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
    desk: Desk,
    contact: Contact,
    /// When the present row of failures began, by the monotonic clock.
    failing_since_ms: Option<u64>,
    /// Whether the wait at the start is over.
    entered: bool,
    /// When a new store epoch was last begun, by the monotonic clock.
    begun_anew_ms: Option<u64>,
}

impl<Q: Queue, T: Transport> Work<Q, T> {
    fn new(agent: Agent<Q, T>) -> Self {
        let timing = agent.timing;
        Self {
            report: Report::new(agent.status.clone(), agent.clock.clone()),
            retry: Backoff::new(timing.retry_least_ms, timing.retry_most_ms),
            paused: Backoff::new(timing.paused_least_ms, timing.retry_most_ms),
            kiosk: Backoff::new(timing.kiosk_retry_least_ms, timing.kiosk_retry_most_ms),
            desk: Desk::default(),
            contact: Contact::starting(&agent),
            failing_since_ms: None,
            entered: false,
            begun_anew_ms: None,
            agent,
        }
    }

    async fn forever(&mut self) -> Infallible {
        loop {
            let Err(restart) = self.begin_at_position().await;
            match restart {
                Restart::Kiosk(error) => self.kiosk_away(error.to_string()).await,
                Restart::NewStore => {
                    self.desk.clear();
                    self.kiosk_away("the kiosk has begun a new store; it is read again".into()).await;
                }
                Restart::ReceiptLost => {
                    self.desk.clear();
                    let problem =
                        "the kiosk has lost a receipt; what it was for is sent again to get it again";
                    self.kiosk_away(problem.into()).await;
                }
                Restart::Conflict(problem) => self.disputed(problem).await,
                Restart::Forked(problem) => match self.begin_anew().await {
                    Ok(true) => tracing::warn!(%problem, "the store goes on in a new epoch"),
                    Ok(false) => self.disputed(problem).await,
                    Err(error) => self.kiosk_away(error.to_string()).await,
                },
            }
        }
    }

    async fn begin_at_position(&mut self) -> Result<Infallible, Restart> {
        let position = self.position().await?;
        let mut plan = Plan::after(position.acknowledged_seq);
        if position.last_seq == position.acknowledged_seq {
            self.report.state(State::Idle);
        }
        self.desk.keep_if_still_unsettled(&position);
        if !std::mem::replace(&mut self.entered, true) && position.last_seq > position.acknowledged_seq {
            self.spread("there are records to send since before the start").await;
        }
        loop {
            self.keep_contact(&mut plan).await?;
            match self.next_batch(&plan, &position).await? {
                Some(batch) => self.deliver(&batch, &mut plan, &position).await?,
                None => self.idle(&plan, &position).await?,
            }
        }
    }

    /// Asks the kiosk to go on in a new store epoch. `false` when it can't, or did so not long ago: a collector that
    /// finds fault with every epoch must not make the device carry its records over and over.
    async fn begin_anew(&mut self) -> Result<bool, QueueError> {
        self.desk.clear();
        let now_ms = self.now_ms();
        let pause_ms = self.agent.timing.begin_anew_pause_ms;
        if self.begun_anew_ms.is_some_and(|begun_ms| now_ms - begun_ms < pause_ms) {
            return Ok(false);
        }
        // The store bounds the time this takes; it is asked without a limit of ours.
        // One that fails counts too: carrying over and over would wear the card out.
        self.begun_anew_ms = Some(now_ms);
        let begun = self.agent.queue.begin_anew(BeginReason::Forked).await?;
        Ok(begun == Begun::Anew)
    }

    async fn kiosk_away(&mut self, problem: String) {
        let delay = self.kiosk.next_delay(&*self.agent.entropy);
        self.wait(State::KioskAway, problem, delay).await;
    }

    async fn disputed(&mut self, problem: String) {
        self.desk.clear();
        let delay = self.with_jitter(self.agent.timing.conflict_retry_ms);
        self.wait(State::Conflict, problem, delay).await;
    }

    /// There is nothing to send.
    async fn idle(&mut self, plan: &Plan, position: &Position) -> Result<(), Restart> {
        let now = self.position().await?;
        if now.epoch != position.epoch {
            return Err(Restart::NewStore);
        }
        // Without it nothing is purged, and the device would tell of unsent records until the next one comes.
        if now.acknowledged_seq < plan.cursor() {
            return Err(Restart::ReceiptLost);
        }
        self.kiosk.reset();
        // No delivery is left to find out whether somebody answers again; the next heartbeat does.
        self.contact.is_out_of_reach = false;
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

    /// Says why, waits, and meanwhile keeps the numbers in the status fresh and tells a collector that can be reached how
    /// the device is.
    async fn wait(&mut self, state: State, problem: String, delay: Duration) {
        let delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(?state, %problem, delay_ms, "waiting");
        self.report.waiting(state, &problem, delay_ms);
        let is_answered = !matches!(state, State::KioskAway | State::Spreading);
        let mut left_ms = delay_ms;
        while left_ms > REFRESH_MS {
            sleep(Duration::from_millis(REFRESH_MS)).await;
            left_ms -= REFRESH_MS;
            // A kiosk that is away shows in its own wait; here only the numbers stay old.
            let _ = self.position().await;
            if is_answered {
                self.give_sign_of_life().await;
            }
        }
        sleep(Duration::from_millis(left_ms)).await;
        // The batch that is tried again is not asked for again: in a row of short waits nobody else would ask.
        if !matches!(state, State::KioskAway | State::Conflict) {
            let _ = self.position().await;
        }
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

async fn within<A>(
    wait_ms: u64,
    asked: impl Future<Output = Result<A, QueueError>>,
) -> Result<A, QueueError> {
    let most = Duration::from_millis(wait_ms.saturating_add(QUEUE_ANSWER_MAX_MS));
    timeout(most, asked).await.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
}

#[cfg(test)]
mod tests;
