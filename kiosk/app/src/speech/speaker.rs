//! The thread that says what it is told to: whoever tells it never waits.
//!
//! One order waits at most, and a newer one takes its place: what a shopper has left behind is not said any more. What comes
//! while the service is away is not kept either.
//!
//! Failure: a service that is not there, dies, or does not answer is tried again with the first prompt after a pause, which
//! grows up to a minute. One that was started anew is found at once.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use afterword_model::ports::Clock;

use super::ssip::{Prompt, Ssip, SsipError};

/// How long the service may take for an answer. One that its socket has started loads its voices first, and one whose voice is
/// a program of its own (`sd_generic`) now and then ends a sentence before it hears of a cancellation. Nobody waits for it here.
const PATIENCE: Duration = Duration::from_secs(15);

/// The pause after a first failure, in milliseconds: a service that restarts takes about as long.
const PAUSE_MS_MIN: u64 = 1_000;

/// The longest pause.
const PAUSE_MS_MAX: u64 = 60_000;

enum Order {
    Say(Prompt),
    Hush,
}

#[derive(Default)]
struct Inbox {
    waiting: Mutex<Waiting>,
    came: Condvar,
}

#[derive(Default)]
struct Waiting {
    order: Option<Order>,
    is_over: bool,
}

/// Whoever is told; see the module. Dropping it lets the thread end.
pub struct Speaker(Arc<Inbox>);

impl Speaker {
    /// Begins to listen. Nothing is connected before the first prompt.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(socket: PathBuf, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let inbox = Arc::new(Inbox::default());
        let orders = Arc::clone(&inbox);
        std::thread::Builder::new().name("speech".into()).spawn(move || {
            let mut voice = Voice { socket, clock, ssip: None, pause_ms: 0, silent_until_ms: 0 };
            while let Some(order) = orders.next() {
                voice.carry_out(&order);
            }
        })?;
        Ok(Self(inbox))
    }

    /// Has this said, in place of whatever is being said.
    pub fn say(&self, prompt: Prompt) {
        self.order(Order::Say(prompt));
    }

    /// Has nothing said any more.
    pub fn hush(&self) {
        self.order(Order::Hush);
    }

    fn order(&self, order: Order) {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner).order = Some(order);
        self.0.came.notify_one();
    }
}

impl Drop for Speaker {
    fn drop(&mut self) {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner).is_over = true;
        self.0.came.notify_one();
    }
}

impl Inbox {
    /// Waits for the next order; none when it is over.
    fn next(&self) -> Option<Order> {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut waiting = self
            .came
            .wait_while(waiting, |waiting| waiting.order.is_none() && !waiting.is_over)
            .unwrap_or_else(PoisonError::into_inner);
        if waiting.is_over { None } else { waiting.order.take() }
    }
}

/// The thread's side.
struct Voice {
    socket: PathBuf,
    clock: Arc<dyn Clock>,
    ssip: Option<Ssip>,
    pause_ms: u64,
    silent_until_ms: u64,
}

impl Voice {
    fn carry_out(&mut self, order: &Order) {
        if let Some(mut ssip) = self.ssip.take() {
            match obey(&mut ssip, order) {
                Ok(()) => self.ssip = Some(ssip),
                // It was started anew, as a rule; the new one is to say it.
                Err(error) if is_gone(&error) => self.begin(order),
                Err(error) => self.fail(&error),
            }
        } else if self.clock.monotonic_ms() >= self.silent_until_ms {
            self.begin(order);
        }
    }

    fn begin(&mut self, order: &Order) {
        // Who is not connected says nothing that had to be stopped.
        if matches!(order, Order::Hush) {
            return;
        }
        let begun =
            Ssip::connect(&self.socket, PATIENCE).and_then(|mut ssip| obey(&mut ssip, order).map(|()| ssip));
        match begun {
            Ok(ssip) => {
                tracing::info!(socket = %self.socket.display(), "prompts are spoken");
                self.ssip = Some(ssip);
                self.pause_ms = 0;
            }
            Err(error) => self.fail(&error),
        }
    }

    fn fail(&mut self, error: &SsipError) {
        if self.pause_ms == 0 {
            warn(&self.socket, error);
        }
        self.pause_ms = (self.pause_ms * 2).clamp(PAUSE_MS_MIN, PAUSE_MS_MAX);
        self.silent_until_ms = self.clock.monotonic_ms().saturating_add(self.pause_ms);
    }
}

fn obey(ssip: &mut Ssip, order: &Order) -> Result<(), SsipError> {
    let done = match order {
        Order::Say(prompt) => ssip.say(prompt),
        Order::Hush => ssip.hush(),
    };
    match done {
        // A language without a voice, as a rule; the next prompt may have one.
        Err(SsipError::Refused(code)) => {
            tracing::debug!(code, "a prompt was refused");
            Ok(())
        }
        done => done,
    }
}

fn is_gone(error: &SsipError) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    matches!(error, SsipError::Line(error) if matches!(error.kind(), BrokenPipe | ConnectionReset | UnexpectedEof))
}

/// Once for a service that stays away. What was to be said is nobody's business.
fn warn(socket: &Path, error: &SsipError) {
    tracing::warn!(socket = %socket.display(), %error, "prompts are silent, since speech-dispatcher does not answer; it is tried again");
}
