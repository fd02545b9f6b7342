//! The side of the kiosk that is staff's, at work: the gate, the PINs behind it, and the numbers behind those.
//!
//! Nothing here waits: PINs are checked and numbers read on threads of their own, and what they found is taken by
//! [`Desk::pump`]. While the desk is open the shopper's session rests under it.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use afterword_kiosk_core::gate::{Gate, Notice, Stage, Verdict};
use afterword_kiosk_store::{Store, StoreError};
use afterword_model::response::{Response, Stamp};
use afterword_model::summary::{Ask, Summary};
use afterword_ui::intent::StaffIntent;
use afterword_ui::view::staff::{Pin, PinNotice};

use super::pins::Pins;
use crate::kiosk::Wake;

/// Words that are shown at most.
const WORDS: usize = 3;

/// Days before today that the ranges begin with, in the order of their keys.
const DAYS_BEFORE: [i64; 3] = [0, 6, 29];

/// What was read for the page of numbers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sheet {
    pub(crate) range: usize,
    pub(crate) summary: Summary,
    /// The newest first.
    pub(crate) words: Vec<Response>,
    /// When the collector confirmed last, in milliseconds since 1970-01-01T00:00:00Z.
    pub(crate) confirmed_ms: Option<i64>,
    /// Responses that it has not confirmed.
    pub(crate) waiting: u64,
}

enum News {
    Judged(Verdict),
    /// How many wrong PINs in a row the files tell of.
    Tries(u32),
    Read(Result<Box<Sheet>, StoreError>),
}

/// See the module.
pub(crate) struct Desk {
    gate: Gate,
    pins: Arc<Pins>,
    store: Store,
    wake: Wake,
    sheet: Option<Box<Sheet>>,
    /// The range that was asked for last.
    wanted: usize,
    /// Whether numbers are being read.
    reads: bool,
    /// Whether the last ones could not be.
    failed: bool,
    news: (Sender<News>, Receiver<News>),
    /// Threads that have not told anything yet.
    asked: Cell<usize>,
}

/// What is to be shown.
pub(crate) enum Shown<'d> {
    /// The pad.
    Pin(Pin),
    /// The numbers, where there are any yet, and whether they could not be read.
    Numbers(Option<&'d Sheet>, bool),
}

impl Desk {
    pub(crate) fn new(pins: Pins, store: Store, wake: Wake, now_ms: u64) -> Self {
        let gate = Gate::new(pins.wrong_tries(), now_ms);
        Self {
            gate,
            pins: Arc::new(pins),
            store,
            wake,
            sheet: None,
            wanted: 0,
            reads: false,
            failed: false,
            news: channel(),
            asked: Cell::default(),
        }
    }

    /// Whether staff are at it, or trying to be.
    pub(crate) fn is_open(&self, now_ms: u64) -> bool {
        self.gate.stage(now_ms) != Stage::Closed
    }

    pub(crate) fn intend(&mut self, intent: StaffIntent, now: &Stamp) {
        let now_ms = now.mono_ms;
        match intent {
            StaffIntent::Knock => {
                self.gate.knock(now_ms);
                // Who has set a PIN meanwhile has forgiven what was tried.
                let pins = Arc::clone(&self.pins);
                self.aside(move || News::Tries(pins.wrong_tries()));
            }
            StaffIntent::Figure(figure) => self.gate.figure(figure, now_ms),
            StaffIntent::Erase => self.gate.erase(now_ms),
            StaffIntent::Enter => {
                if let Some(pin) = self.gate.enter(now_ms) {
                    let pins = Arc::clone(&self.pins);
                    let failed = self.aside(move || News::Judged(pins.judge(&pin)));
                    if failed {
                        self.gate.judged(Verdict::Failed, now_ms);
                    }
                }
            }
            StaffIntent::Leave => self.close(),
            StaffIntent::Range(range) => {
                if matches!(self.gate.stage(now_ms), Stage::Open(_)) {
                    self.gate.touched(now_ms);
                    self.wanted = range.min(DAYS_BEFORE.len() - 1);
                    self.read(now);
                }
            }
        }
    }

    /// Takes what has come, and lets time pass.
    pub(crate) fn pump(&mut self, now: &Stamp) {
        while let Ok(news) = self.news.1.try_recv() {
            self.asked.set(self.asked.get().saturating_sub(1));
            match news {
                News::Judged(verdict) => {
                    self.gate.judged(verdict, now.mono_ms);
                    if matches!(self.gate.stage(now.mono_ms), Stage::Open(_)) {
                        self.wanted = 0;
                        self.read(now);
                    }
                }
                News::Tries(0) => self.gate.forgiven(),
                News::Tries(_) => {}
                News::Read(read) => {
                    self.reads = false;
                    self.failed = read.is_err();
                    match read {
                        Ok(sheet) => self.sheet = Some(sheet),
                        Err(error) => tracing::error!(%error, "the numbers could not be read"),
                    }
                    // Another key was tapped meanwhile.
                    if self.sheet.as_ref().is_some_and(|sheet| sheet.range != self.wanted) && !self.failed {
                        self.read(now);
                    }
                }
            }
        }
        self.gate.tick(now.mono_ms);
        if self.gate.stage(now.mono_ms) == Stage::Closed {
            self.sheet = None;
        }
    }

    /// Whether everything that was asked aside has been answered.
    pub(crate) fn is_settled(&self) -> bool {
        self.asked.get() == 0
    }

    /// When [`Self::pump`] is due without being woken. A lock is told in minutes, so it is looked at now and then.
    pub(crate) fn deadline_ms(&self, now_ms: u64) -> Option<u64> {
        let lock = match self.gate.stage(now_ms) {
            Stage::Pad { notice: Notice::Locked(_), .. } => Some(now_ms.saturating_add(1_000)),
            _ => None,
        };
        [self.gate.deadline_ms(), lock].into_iter().flatten().min()
    }

    /// What is to be shown; nothing while it is closed.
    pub(crate) fn shown(&self, now_ms: u64) -> Option<Shown<'_>> {
        match self.gate.stage(now_ms) {
            Stage::Closed => None,
            Stage::Open(_) => Some(Shown::Numbers(self.sheet.as_deref(), self.failed)),
            Stage::Pad { typed, checking, notice } => Some(Shown::Pin(Pin {
                typed,
                checking,
                notice: match notice {
                    Notice::None => PinNotice::None,
                    Notice::Wrong(left) => PinNotice::Wrong(left),
                    Notice::Locked(minutes) => PinNotice::Locked(minutes),
                    Notice::NoPins => PinNotice::NoPins,
                    Notice::Failed => PinNotice::Failed,
                },
            })),
        }
    }

    fn close(&mut self) {
        self.gate.close();
        self.sheet = None;
    }

    /// Reads what is wanted; one after the other.
    fn read(&mut self, now: &Stamp) {
        if self.reads {
            return;
        }
        let (range, today) = (self.wanted, now.local_day());
        let before = DAYS_BEFORE.get(range).copied().unwrap_or(0);
        let (store, ask) = (self.store.clone(), Ask::days(today.saturating_sub(before), today));
        let failed = self.aside(move || News::Read(read(&store, ask, range).map(Box::new)));
        (self.reads, self.failed) = (!failed, failed);
    }

    /// Does it on a thread of its own; whether there was none.
    fn aside(&self, work: impl FnOnce() -> News + Send + 'static) -> bool {
        let (news, wake) = (self.news.0.clone(), Arc::clone(&self.wake));
        let thread = std::thread::Builder::new().name("desk".into()).spawn(move || {
            // Nobody listens any more only when the kiosk itself is gone.
            if news.send(work()).is_ok() {
                wake();
            }
        });
        self.asked.set(self.asked.get() + usize::from(thread.is_ok()));
        thread.inspect_err(|error| tracing::error!(%error, "there is no thread for the desk")).is_err()
    }
}

fn read(store: &Store, ask: Ask, range: usize) -> Result<Sheet, StoreError> {
    let position = store.position()?;
    Ok(Sheet {
        range,
        summary: store.summary(ask)?,
        words: store.newest_words(WORDS)?,
        confirmed_ms: store.confirmed_ms()?,
        waiting: position.last_seq.saturating_sub(position.acknowledged_seq),
    })
}
