//! The side of the kiosk that is staff's, at work: the gate, the PINs behind it, and the numbers behind those.
//!
//! Nothing here waits: PINs are checked and numbers read on threads of their own, and what they found is taken by
//! [`Desk::pump`]. While the desk is open the shopper's session rests under it.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use afterword_kiosk_core::gate::{Gate, Notice, Role, Stage, Verdict};
use afterword_kiosk_store::{Store, StoreError, WordsFound};
use afterword_model::carried::Origin;
use afterword_model::response::Stamp;
use afterword_model::summary::Summary;
use afterword_ui::intent::{Browse, Place, StaffIntent};
use afterword_ui::view::staff::{Pin, PinNotice};

use super::browsing::{Browsing, Wish};
use super::pins::Pins;
use super::{parts, words};
use crate::kiosk::Wake;

/// A page of words that has just come takes no hiding for this long, in milliseconds: a second tap of the finger that hid one
/// row would hide the row that came in its place.
const SETTLE_MS: u64 = 400;

/// What was read for a page of numbers or words.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sheet {
    /// What was asked for.
    pub(crate) wish: Wish,
    pub(crate) summary: Summary,
    pub(crate) words: WordsFound,
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
    /// When it came, by the monotonic clock.
    sheet_ms: u64,
    browsing: Browsing,
    /// Words that are to be hidden, or shown again, before anything is read.
    hides: Vec<Hide>,
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
    /// The numbers, or a page behind them.
    Numbers(Seen<'d>),
}

/// What there is to be seen of the numbers.
pub(crate) struct Seen<'d> {
    /// What was read last, if anything.
    pub(crate) sheet: Option<&'d Sheet>,
    /// Whether something could not be read, or not be hidden.
    pub(crate) failed: bool,
    pub(crate) browsing: &'d Browsing,
    /// Whether this person may hide words.
    pub(crate) can_hide: bool,
}

impl Seen<'_> {
    /// What was read for the page of the moment.
    pub(crate) fn sheet_of_place(&self) -> Option<&Sheet> {
        self.sheet.filter(|sheet| sheet.wish.place == self.browsing.place)
    }
}

/// The response whose words are to be hidden, or else shown again.
type Hide = (Origin, bool);

impl Desk {
    pub(crate) fn new(pins: Pins, store: Store, wake: Wake, now_ms: u64) -> Self {
        let gate = Gate::new(pins.wrong_tries(), now_ms);
        Self {
            gate,
            pins: Arc::new(pins),
            store,
            wake,
            sheet: None,
            sheet_ms: now_ms,
            browsing: Browsing::default(),
            hides: Vec::new(),
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
                    self.browsing.range(range);
                    self.read(now);
                }
            }
            StaffIntent::Browse(browse) => {
                if let Stage::Open(role) = self.gate.stage(now_ms) {
                    self.gate.touched(now_ms);
                    self.browse(browse, role, now);
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
                        self.browsing = Browsing::default();
                        self.read(now);
                    }
                }
                News::Tries(0) => self.gate.forgiven(),
                News::Tries(_) => {}
                News::Read(read) => {
                    self.reads = false;
                    self.failed = read.is_err();
                    match read {
                        Ok(sheet) => {
                            let is_of_page = (sheet.wish.place, sheet.wish.filter)
                                == (Place::Words, self.browsing.wish(now.local_day()).filter);
                            if is_of_page {
                                self.browsing.keep_within(words::pages(sheet.words.total));
                            }
                            (self.sheet, self.sheet_ms) = (Some(sheet), now.mono_ms);
                        }
                        Err(error) => tracing::error!(%error, "the numbers could not be read"),
                    }
                    // Another key was tapped meanwhile.
                    let wish = self.browsing.wish(now.local_day());
                    let is_other = self.sheet.as_ref().is_some_and(|sheet| sheet.wish != wish);
                    if (is_other && !self.failed) || !self.hides.is_empty() {
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
            Stage::Open(role) => Some(Shown::Numbers(Seen {
                sheet: self.sheet.as_deref(),
                failed: self.failed,
                browsing: &self.browsing,
                can_hide: may_hide(role),
            })),
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

    fn browse(&mut self, browse: Browse, role: Role, now: &Stamp) {
        if let Browse::Hide { row, hidden } = browse {
            let is_settled = now.mono_ms >= self.sheet_ms.saturating_add(SETTLE_MS);
            let sheet = self.sheet.as_deref().filter(|sheet| sheet.wish.place == Place::Words);
            let said = sheet.and_then(|sheet| sheet.words.said.get(row));
            if let Some(said) = said.filter(|_| may_hide(role) && is_settled && !self.failed) {
                tracing::info!(
                    seq = said.response.seq,
                    hidden,
                    role = role.name(),
                    "words were hidden or shown again"
                );
                self.hides.push((said.origin, hidden));
            }
        }
        let pages = self.sheet.as_deref().map_or(1, |sheet| match self.browsing.place {
            Place::Words => words::pages(sheet.words.total),
            Place::Parts => parts::pages(&sheet.summary, self.browsing.kind),
            Place::Numbers | Place::Days => 1,
        });
        self.browsing.browse(browse, pages, now.local_day());
        // A range that is being set is read when it is to be shown.
        if self.browsing.place != Place::Days {
            self.read(now);
        }
    }

    /// Reads what is wanted; one after the other.
    fn read(&mut self, now: &Stamp) {
        if self.reads {
            return;
        }
        let (store, wish) = (self.store.clone(), self.browsing.wish(now.local_day()));
        let hides = std::mem::take(&mut self.hides);
        let failed = self.aside(move || News::Read(read(&store, wish, &hides).map(Box::new)));
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

/// Staff see the numbers; who answers for the store, or for the device, decides what of the words is to be seen.
fn may_hide(role: Role) -> bool {
    matches!(role, Role::Manager | Role::Technician)
}

fn read(store: &Store, mut wish: Wish, hides: &[Hide]) -> Result<Sheet, StoreError> {
    for (origin, is_hidden) in hides {
        store.hide_words(*origin, *is_hidden)?;
    }
    let position = store.position()?;
    let mut words = store.words(&wish.words)?;
    // The last row of the last page was hidden.
    let pages = words::pages(words.total);
    if wish.place == Place::Words && wish.turn >= pages {
        wish.turn = pages - 1;
        wish.words.skip = wish.turn * wish.words.count;
        words = store.words(&wish.words)?;
    }
    Ok(Sheet {
        summary: store.summary(wish.ask.clone())?,
        words,
        confirmed_ms: store.confirmed_ms()?,
        waiting: position.last_seq.saturating_sub(position.acknowledged_seq),
        wish,
    })
}
