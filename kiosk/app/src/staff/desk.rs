//! The side of the kiosk that is staff's, at work: the gate, the PINs behind it, and the numbers behind those.
//!
//! Nothing here waits: PINs are checked and numbers read on threads of their own, and what they found is taken by
//! [`Desk::pump`]. While the desk is open the shopper's session rests under it.

use std::sync::Arc;

use afterword_kiosk_core::gate::{Gate, Notice, Role, Stage, Verdict};
use afterword_kiosk_store::{Store, StoreError, WordsFound};
use afterword_model::carried::Origin;
use afterword_model::response::Stamp;
use afterword_model::summary::Summary;
use afterword_ui::intent::{Browse, Place, StaffIntent};
use afterword_ui::view::staff::{Network, Pin, PinNotice, Tab};

use super::browsing::{Browsing, Wish};
use super::device::DeviceDesk;
use super::export::ExportDesk;
use super::follow_ups::FollowUpsDesk;
use super::pins::Pins;
use super::{parts, words};
use crate::aside::Aside;
use crate::config::Config;
use crate::device_status::Sources;
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
    /// What is free on the disk; none where the system does not say.
    pub(crate) free_bytes: Option<u64>,
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
    tab: Tab,
    follow_ups: FollowUpsDesk,
    device: DeviceDesk,
    /// `None` where nothing is exported from the screen.
    export: Option<ExportDesk>,
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
    aside: Aside<News>,
}

/// What is to be shown.
pub(crate) enum Shown<'d> {
    /// The pad.
    Pin(Pin),
    /// The numbers, or a page behind them.
    Numbers(Seen<'d>, Top),
    /// What is to be done.
    FollowUps(&'d FollowUpsDesk, Top),
    /// The device.
    Device(&'d DeviceDesk, Top),
}

/// What stands at the top of every page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Top {
    pub(crate) tab: Tab,
    /// Follow-ups that are open.
    pub(crate) open: u64,
    /// Whether this person may see to the device.
    pub(crate) has_device: bool,
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
    /// How the way to the collector stands.
    pub(crate) network: Network,
    /// What goes onto a stick; `None` where this person puts nothing on one.
    pub(crate) export: Option<&'d ExportDesk>,
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
    pub(crate) fn new(pins: Pins, sources: Sources, wake: &Wake, now_ms: u64) -> Self {
        let gate = Gate::new(pins.wrong_tries(), now_ms);
        let (store, config) = (sources.store.clone(), &sources.config);
        let rules = config.follow_ups.clone();
        let exports = !config.export.folders.is_empty();
        let export = exports.then(|| ExportDesk::new(&sources, Arc::clone(wake)));
        let follow_ups = FollowUpsDesk::new(rules, config.time_zone, store.clone(), Arc::clone(wake));
        Self {
            gate,
            pins: Arc::new(pins),
            store,
            tab: Tab::Summary,
            follow_ups,
            device: DeviceDesk::new(sources, Arc::clone(wake)),
            export,
            sheet: None,
            sheet_ms: now_ms,
            browsing: Browsing::default(),
            hides: Vec::new(),
            reads: false,
            failed: false,
            aside: Aside::new("desk", Arc::clone(wake)),
        }
    }

    /// Goes by another configuration from now on; nobody is at it.
    pub(crate) fn go_by(&mut self, config: &Config) {
        self.follow_ups.go_by(config.follow_ups.clone());
        self.device.go_by(config.clone());
        if let Some(export) = &mut self.export {
            export.go_by(config);
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
                self.aside.run(move || News::Tries(pins.wrong_tries()));
            }
            StaffIntent::Figure(figure) => self.gate.figure(figure, now_ms),
            StaffIntent::Erase => self.gate.erase(now_ms),
            StaffIntent::Enter => {
                if let Some(pin) = self.gate.enter(now_ms) {
                    let pins = Arc::clone(&self.pins);
                    if !self.aside.run(move || News::Judged(pins.judge(&pin))) {
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
            StaffIntent::Go(tab) => {
                if let Stage::Open(role) = self.gate.stage(now_ms) {
                    self.gate.touched(now_ms);
                    self.go(tab, role, now);
                }
            }
            StaffIntent::Export(intent) => {
                if let Stage::Open(role) = self.gate.stage(now_ms) {
                    self.gate.touched(now_ms);
                    let days = self.browsing.days(now.local_day());
                    let is_here = self.is_at_export();
                    if let Some(export) = self.export.as_mut().filter(|_| is_here && may_export(role)) {
                        tracing::info!(?intent, role = role.name(), "something is put on a stick");
                        export.intend(intent, days);
                    }
                }
            }
            StaffIntent::FollowUps(intent) => {
                if let Stage::Open(role) = self.gate.stage(now_ms) {
                    self.gate.touched(now_ms);
                    self.follow_ups.intend(intent, role, now);
                }
            }
            StaffIntent::Device(intent) => {
                if let Stage::Open(role) = self.gate.stage(now_ms) {
                    self.gate.touched(now_ms);
                    if may_see_device(role) {
                        self.device.intend(intent, now);
                    }
                }
            }
        }
    }

    /// Goes to a page; one that this person may not see is none.
    fn go(&mut self, tab: Tab, role: Role, now: &Stamp) {
        if tab == Tab::Device && !may_see_device(role) {
            return;
        }
        self.tab = tab;
        match tab {
            Tab::Summary => {
                self.browsing.browse(Browse::Open(Place::Numbers), 1, now.local_day());
                self.read(now);
            }
            Tab::FollowUps => self.follow_ups.open(now),
            Tab::Device => self.device.open(),
        }
    }

    /// Takes what has come, and lets time pass.
    pub(crate) fn pump(&mut self, now: &Stamp) {
        while let Some(news) = self.aside.take() {
            match news {
                News::Judged(verdict) => {
                    self.gate.judged(verdict, now.mono_ms);
                    if let Stage::Open(role) = self.gate.stage(now.mono_ms) {
                        self.browsing = Browsing::default();
                        self.follow_ups.open(now);
                        self.read(now);
                        // Whoever puts up a device came for that.
                        self.go(if role == Role::Technician { Tab::Device } else { Tab::Summary }, role, now);
                    }
                }
                News::Tries(0) => self.gate.forgiven(),
                News::Tries(_) => {}
                News::Read(read) => {
                    self.reads = false;
                    self.failed = read.is_err();
                    match read {
                        // Whoever it was read for has gone.
                        Ok(_) if !matches!(self.gate.stage(now.mono_ms), Stage::Open(_)) => {}
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
        let is_open = matches!(self.gate.stage(now.mono_ms), Stage::Open(_));
        self.follow_ups.pump(is_open && self.tab == Tab::FollowUps, now);
        self.device.pump(is_open && self.tab == Tab::Device);
        let is_at_export = is_open && self.is_at_export();
        if let Some(export) = &mut self.export {
            export.pump(is_at_export, now);
            // Who was told to leave the stick in stands there and waits.
            if is_at_export && export.is_awaited(now) {
                self.gate.touched(now.mono_ms);
            }
        }
        let was_open = self.gate.stage(now.mono_ms) != Stage::Closed;
        self.gate.tick(now.mono_ms);
        if was_open && self.gate.stage(now.mono_ms) == Stage::Closed {
            self.close();
        }
    }

    /// Whether everything that was asked aside has been answered.
    pub(crate) fn is_settled(&self) -> bool {
        let export = self.export.as_ref().is_none_or(ExportDesk::is_settled);
        self.aside.is_settled() && self.follow_ups.is_settled() && self.device.is_settled() && export
    }

    /// When [`Self::pump`] is due without being woken. A lock is told in minutes, so it is looked at now and then.
    pub(crate) fn deadline_ms(&self, now_ms: u64) -> Option<u64> {
        let lock = match self.gate.stage(now_ms) {
            Stage::Pad { notice: Notice::Locked(_), .. } => Some(now_ms.saturating_add(1_000)),
            _ => None,
        };
        let is_open = matches!(self.gate.stage(now_ms), Stage::Open(_));
        let follow_ups =
            (is_open && self.tab == Tab::FollowUps).then(|| self.follow_ups.deadline_ms()).flatten();
        let device = (is_open && self.tab == Tab::Device).then(|| self.device.deadline_ms()).flatten();
        let export = self.export.as_ref().filter(|_| is_open && self.is_at_export());
        let export = export.and_then(ExportDesk::deadline_ms);
        [self.gate.deadline_ms(), lock, follow_ups, device, export].into_iter().flatten().min()
    }

    /// What is to be shown; nothing while it is closed.
    pub(crate) fn shown(&self, now_ms: u64) -> Option<Shown<'_>> {
        match self.gate.stage(now_ms) {
            Stage::Closed => None,
            Stage::Open(role) => {
                let open = self.follow_ups.open_count();
                let top = Top { tab: self.tab, open, has_device: may_see_device(role) };
                Some(match self.tab {
                    Tab::FollowUps => Shown::FollowUps(&self.follow_ups, top),
                    Tab::Device => Shown::Device(&self.device, top),
                    Tab::Summary => Shown::Numbers(self.seen(role), top),
                })
            }
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

    fn seen(&self, role: Role) -> Seen<'_> {
        Seen {
            sheet: self.sheet.as_deref(),
            failed: self.failed,
            browsing: &self.browsing,
            can_hide: may_hide(role),
            network: self.device.network(),
            export: self.export.as_ref().filter(|_| may_export(role)),
        }
    }

    fn close(&mut self) {
        self.gate.close();
        self.sheet = None;
        self.tab = Tab::Summary;
        self.follow_ups.close();
        self.device.close();
        if let Some(export) = &mut self.export {
            export.close();
        }
    }

    fn is_at_export(&self) -> bool {
        self.tab == Tab::Summary && self.browsing.place == Place::Export
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
        if browse == Browse::Open(Place::Export) {
            match self.export.as_mut().filter(|_| may_export(role)) {
                Some(export) => export.open(now),
                None => return,
            }
        }
        let pages = self.sheet.as_deref().map_or(1, |sheet| match self.browsing.place {
            Place::Words => words::pages(sheet.words.total),
            Place::Parts => parts::pages(&sheet.summary, self.browsing.kind),
            Place::Numbers | Place::Days | Place::Export => 1,
        });
        self.browsing.browse(browse, pages, now.local_day());
        // A range that is being set is read when it is to be shown.
        if !matches!(self.browsing.place, Place::Days | Place::Export) {
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
        self.reads = self.aside.run(move || News::Read(read(&store, wish, &hides).map(Box::new)));
        self.failed = !self.reads;
    }
}

/// Staff have no business with the device.
fn may_see_device(role: Role) -> bool {
    matches!(role, Role::Manager | Role::Technician)
}

/// Staff see the numbers; who answers for the store, or for the device, decides what of the words is to be seen.
fn may_hide(role: Role) -> bool {
    matches!(role, Role::Manager | Role::Technician)
}

/// Whoever has the stick has the answers: who answers for them decides, and who answers for the device.
fn may_export(role: Role) -> bool {
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
        free_bytes: store.queue().health_blocking(env!("CARGO_PKG_VERSION"))?.disk_free_bytes,
        wish,
    })
}
