//! The kiosk at work: intents from the screen go into the session, its effects to the store, what the store
//! says comes back, and the screen shows where the session stands.
//!
//! Everything here runs on the screen's thread and never waits: the store answers through a channel, and
//! [`Kiosk::pump`] takes what has come. A host (the window, the simulated panel) calls `pump` whenever it was
//! woken and at [`Kiosk::next_wake_ms`]. Failure of the store shows as the out-of-service page, never as a thanks. A store
//! that is short of room is not failing yet: whoever stands there finishes, and then the page comes.

mod deciding;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use afterword_kiosk_core::{Aid, Caret, Effect, Event, Screen, Seal, Session, Settings};
use afterword_kiosk_store::{Decided, Store, StoreError, TRIAL_MS};
use afterword_model::contact::Channel;
use afterword_model::ports::Entropy;
use afterword_ui::intent::StaffIntent;
use afterword_ui::spoken::Keypad;
use afterword_ui::view::Page;
use afterword_ui::{Intent, KioskUi, View, intent, view};

use crate::agenda::Agenda;
use crate::alerts::watch::Watch;
use crate::config::Config;
use crate::device_status::Sources;
use crate::moments::Moments;
use crate::own_file::OwnFile;
use crate::present::Presenter;
use crate::shift::Shift;
use crate::speech::prompts::Prompts;
use crate::staff::desk::Desk;
use crate::staff::pins::Pins;
use crate::stamp::Stamper;
use crate::strip::Strip;

/// Rings are redrawn this often, in milliseconds: four times a second looks alive and costs little.
const RING_STEP_MS: u64 = 250;

/// While out of service, the store is tried again this often, in milliseconds.
const STORE_RETRY_MS: u64 = 5_000;

/// Tells the host, from any thread, that [`Kiosk::pump`] has something to do.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// What a kiosk is made of.
pub struct Parts {
    /// The shopper's side.
    pub settings: Settings,
    /// Seals what shoppers leave for a reply. Without it nobody is asked for a number or an address.
    pub seal: Option<Arc<dyn Seal>>,
    /// What follow-up codes are drawn from.
    pub entropy: Arc<dyn Entropy>,
    /// Turns the session into pages.
    pub presenter: Presenter,
    /// What is asked when.
    pub agenda: Agenda,
    /// What head office's settings are put on top of, when others come.
    pub own: OwnFile,
    /// The settings that are on top of it now.
    pub decided: Arc<Decided>,
    /// The device's database.
    pub store: Store,
    /// The screen.
    pub ui: KioskUi,
    /// What time it is.
    pub stamper: Stamper,
    /// How to be woken when the store has answered.
    pub wake: Wake,
    /// What brings the next shoppers.
    pub moments: Moments,
    /// Where the page of the device looks, and what the screen has the agent do.
    pub sources: Sources,
    /// What a shopper hears who goes by a keypad.
    pub prompts: Prompts,
    /// Who of the staff gets in.
    pub pins: Pins,
}

/// What the store has said.
enum Answer {
    Saved(Result<(), StoreError>),
    Frozen(Result<(), StoreError>),
    Probed(Result<(), StoreError>),
    Outlived(Result<(), StoreError>),
}

/// The kiosk; see the module.
pub struct Kiosk {
    session: Session,
    presenter: Presenter,
    agenda: Agenda,
    own: OwnFile,
    /// What it goes by, and the settings that are in that.
    config: Config,
    decided: Arc<Decided>,
    store: Store,
    ui: Rc<KioskUi>,
    stamper: Stamper,
    wake: Wake,
    moments: Moments,
    prompts: Prompts,
    strip: Strip,
    shift: Shift,
    desk: Desk,
    watch: Watch,
    was_undisturbed: bool,
    /// When settings on trial have passed, by the monotonic clock; `None` where none are, or they have.
    trial_over_ms: Option<u64>,
    answers: (Sender<Answer>, Receiver<Answer>),
    /// How many questions the store has yet to answer.
    unanswered: usize,
    store_problem: Option<String>,
    next_probe_ms: Option<u64>,
    shown: Option<View>,
}

impl Kiosk {
    /// Puts the parts together and shows the first page.
    #[must_use]
    pub fn start(parts: Parts) -> Rc<RefCell<Self>> {
        parts.moments.wake_with(Arc::clone(&parts.wake));
        parts.sources.errands.wake_with(Arc::clone(&parts.wake));
        let wake = Arc::clone(&parts.wake);
        parts.store.when_changes_come(move || wake());
        let wake = Arc::clone(&parts.wake);
        parts.store.when_settings_come(move || wake());
        let config = parts.sources.config.clone();
        let asked = parts.agenda.on(parts.stamper.now().local_day());
        let watch = Watch::new(
            config.alerts.clone(),
            parts.settings.touchpoint.clone(),
            parts.store.clone(),
            Arc::clone(&parts.wake),
        )
        .with_cases(config.follow_ups.open);
        let session = Session::new(Arc::clone(asked), parts.settings);
        let session = session.with_entropy(parts.entropy);
        let session = match parts.seal {
            Some(seal) => session.with_seal(seal),
            None => session,
        };
        let now_ms = parts.stamper.monotonic_ms();
        let trial_over_ms = parts.store.is_on_trial().then(|| now_ms.saturating_add(TRIAL_MS));
        let desk = Desk::new(parts.pins, parts.sources, &parts.wake, now_ms);
        let kiosk = Self {
            session,
            presenter: parts.presenter,
            agenda: parts.agenda,
            own: parts.own,
            config,
            decided: parts.decided,
            store: parts.store,
            ui: Rc::new(parts.ui),
            stamper: parts.stamper,
            wake: parts.wake,
            moments: parts.moments,
            prompts: parts.prompts,
            strip: Strip::new(),
            shift: Shift::default(),
            desk,
            watch,
            was_undisturbed: true,
            trial_over_ms,
            answers: channel(),
            unanswered: 0,
            store_problem: None,
            next_probe_ms: None,
            shown: None,
        };
        let kiosk = Rc::new(RefCell::new(kiosk));
        // The screen is inside the kiosk; a strong reference from its callback would keep both for ever.
        let receiver = Rc::downgrade(&kiosk);
        kiosk.borrow().ui.on_intent(move |intent| {
            let Some(kiosk) = receiver.upgrade() else { return };
            // While the kiosk is changing the screen itself, no finger can have meant what comes from there.
            if let Ok(mut kiosk) = kiosk.try_borrow_mut() {
                kiosk.intend(intent);
            };
        });
        let receiver = Rc::downgrade(&kiosk);
        kiosk.borrow().ui.on_keypad(move |keypad| {
            let Some(kiosk) = receiver.upgrade() else { return };
            if let Ok(mut kiosk) = kiosk.try_borrow_mut() {
                kiosk.hear_keypad(&keypad);
            };
        });
        kiosk.borrow_mut().close_when_short_of_room();
        kiosk.borrow_mut().look_at_strip();
        kiosk.borrow_mut().show();
        kiosk
    }

    /// The shopper did something.
    pub fn intend(&mut self, intent: Intent) {
        if let Intent::Staff(intent) = intent {
            self.staff_intends(intent);
            return;
        }
        // It may have come a moment before the finger.
        self.hear_of_moments();
        let single =
            matches!(self.shown.as_ref().map(|view| &view.page), Some(Page::Reasons(page)) if page.single);
        self.handle(match intent {
            Intent::ToggleReason(index) if single => Event::Choose(index),
            intent => event_of(intent),
        });
        self.show();
        // A touch moves the deadline; the host learns the new one after its next pump.
        (self.wake)();
    }

    /// Somebody of the staff did something. The corner leads in only where nobody's answers are.
    fn staff_intends(&mut self, intent: StaffIntent) {
        let now = self.stamper.now();
        let is_vacant = self.session.is_resting() || self.session.screen(now.mono_ms) == Screen::OutOfService;
        let was_open = self.desk.is_open(now.mono_ms);
        if is_vacant || was_open {
            self.desk.intend(intent, &now);
        }
        self.uncover(was_open);
        self.show();
        (self.wake)();
    }

    /// Where staff's page was, the question is again.
    fn uncover(&mut self, was_open: bool) {
        let now_ms = self.stamper.monotonic_ms();
        if was_open && !self.desk.is_open(now_ms) {
            self.session.uncovered(now_ms);
        }
    }

    /// The shopper has struck a key of a keypad, or touched the glass instead.
    fn hear_keypad(&mut self, keypad: &Keypad) {
        // What staff do is nobody else's to hear.
        if self.desk.is_open(self.stamper.monotonic_ms()) {
            return;
        }
        match keypad {
            Keypad::Struck => {
                self.handle(Event::Keypad);
                // Whoever looks around has the page for longer.
                (self.wake)();
            }
            Keypad::Ring(key) if self.session.is_by_keypad() => self.prompts.ring(key),
            Keypad::Ring(_) => {}
            Keypad::Finger => {
                if self.session.is_by_keypad() {
                    self.handle(Event::Finger);
                }
                // The thanks of the one before may last longer than their visit.
                self.prompts.hush();
            }
        }
    }

    /// Takes what the store has answered, lets time pass, and shows the result.
    pub fn pump(&mut self) {
        while let Ok(answer) = self.answers.1.try_recv() {
            self.unanswered -= 1;
            self.hear(answer);
        }
        self.hear_of_moments();
        let now_ms = self.stamper.monotonic_ms();
        if self.session.deadline_ms().is_some_and(|due_ms| due_ms <= now_ms) {
            self.handle(Event::Tick);
        }
        if self.next_probe_ms.is_some_and(|due_ms| due_ms <= now_ms) {
            self.next_probe_ms = None;
            let answer = self.answer_as(Answer::Probed);
            self.store.probe(answer);
        }
        let was_open = self.desk.is_open(now_ms);
        let now = self.stamper.now();
        self.desk.pump(&now);
        self.watch.pump(&now);
        self.uncover(was_open);
        self.close_when_short_of_room();
        self.look_at_trial(now_ms);
        self.look_at_settings();
        self.look_at_strip();
        self.look_at_agenda();
        if let Some(place) = self.shift.look(now_ms, self.session.is_undisturbed()) {
            self.ui.shift(place);
        }
        self.show();
    }

    /// The monotonic moment at which [`Self::pump`] is due without being woken. A kiosk at rest has little to do: now and
    /// then to change its strip, to look at the hours, and every five minutes to shift the picture.
    #[must_use]
    pub fn next_wake_ms(&self) -> Option<u64> {
        let ring = match self.shown.as_ref().map(|view| &view.page) {
            Some(
                Page::Rating(_)
                | Page::Reasons(_)
                | Page::Comment(_)
                | Page::Contact(_)
                | Page::Thanks(_)
                | Page::StillThere(_),
            ) => Some(self.stamper.monotonic_ms() + RING_STEP_MS),
            _ => None,
        };
        let strip = if self.session.is_resting() {
            self.strip.next_look_ms(self.stamper.monotonic_ms())
        } else {
            None
        };
        let shift = self.session.is_undisturbed().then(|| self.shift.next_look_ms());
        let desk = self.desk.deadline_ms(self.stamper.monotonic_ms());
        let watch = self.watch.deadline_ms();
        let (session, trial) = (self.session.deadline_ms(), self.trial_over_ms);
        let due = [ring, session, self.next_probe_ms, strip, shift, desk, watch, trial];
        due.into_iter().flatten().min()
    }

    /// Whether the store, and whoever checks a PIN or looks at the alerts, has answered everything they were asked.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.unanswered == 0 && self.desk.is_settled() && self.watch.is_settled()
    }

    /// Whether nobody is there, and nothing on the screen is of anybody who was.
    #[must_use]
    pub fn is_undisturbed(&self) -> bool {
        self.session.is_undisturbed() && !self.desk.is_open(self.stamper.monotonic_ms())
    }

    /// The screen. Shared, because its event loop runs while the kiosk is entered from it.
    #[must_use]
    pub fn ui(&self) -> Rc<KioskUi> {
        Rc::clone(&self.ui)
    }

    /// What is on the screen now.
    #[must_use]
    pub fn view(&self) -> Option<&View> {
        self.shown.as_ref()
    }

    fn handle(&mut self, event: Event) {
        let now = self.stamper.now();
        for effect in self.session.handle(event, now) {
            match effect {
                Effect::Save(draft) => {
                    let answer = self.answer_as(Answer::Saved);
                    self.store.save(draft, answer);
                }
                Effect::Freeze { draft, outcome, took_ms } => {
                    self.watch.freezes(&draft);
                    let answer = self.answer_as(Answer::Frozen);
                    self.store.freeze(draft, outcome, took_ms, move |frozen| answer(frozen.map(|_| ())));
                }
            }
        }
    }

    fn hear_of_moments(&mut self) {
        if let Some(moment) = self.moments.take() {
            self.handle(Event::Moment(moment));
        }
    }

    /// A day has begun that has another survey. The screen wakes often enough at rest for that to be seen within minutes.
    fn look_at_agenda(&mut self) {
        if !self.session.is_undisturbed() {
            return;
        }
        let asked = self.agenda.on(self.stamper.now().local_day());
        if !Arc::ptr_eq(asked, self.session.survey()) {
            tracing::info!(survey = asked.id, version = asked.version, "another survey is asked from now on");
            self.session.ask(Arc::clone(asked));
        }
    }

    fn look_at_strip(&mut self) {
        self.strip.look(&self.store.changes(), &self.stamper.now(), self.session.is_resting());
        self.presenter.show_change(self.strip.change());
    }

    fn hear(&mut self, answer: Answer) {
        if let Answer::Frozen(frozen) = &answer {
            self.watch.frozen(frozen.is_ok());
        }
        match answer {
            Answer::Saved(Ok(())) => self.handle(Event::Saved),
            Answer::Frozen(Ok(())) => self.handle(Event::Frozen),
            Answer::Probed(Ok(())) => {
                tracing::info!("the database takes answers again");
                self.store_problem = None;
                self.handle(Event::StorageRecovered);
            }
            Answer::Saved(Err(error)) | Answer::Frozen(Err(error)) => {
                tracing::error!(%error, "an answer could not be kept; the kiosk is out of service");
                self.store_problem = Some(error.to_string());
                // A damaged file is set aside at the next start; a probe of its sound parts would only bring
                // the kiosk back to fail the next shopper.
                if !matches!(error, StoreError::Corrupt { .. }) {
                    self.retry_later();
                }
                self.handle(Event::StorageFailed);
            }
            Answer::Outlived(Ok(())) => {}
            // The trial goes on with the next start.
            Answer::Outlived(Err(error)) => {
                tracing::warn!(%error, "that head office's settings have passed could not be kept");
            }
            Answer::Probed(Err(error)) => {
                self.store_problem = Some(error.to_string());
                self.retry_later();
            }
        }
    }

    /// Between two shoppers: the disk is so full that the next one's answer might not be saved.
    fn close_when_short_of_room(&mut self) {
        if self.store_problem.is_some() || !self.session.is_resting() {
            return;
        }
        let Some(problem) = self.store.short_of_room() else { return };
        tracing::error!(%problem, "the kiosk is out of service");
        self.store_problem = Some(problem.to_string());
        self.retry_later();
        self.handle(Event::StorageFailed);
    }

    fn retry_later(&mut self) {
        self.next_probe_ms = Some(self.stamper.monotonic_ms() + STORE_RETRY_MS);
    }

    /// A callback for the store's thread that brings its word back to this one.
    fn answer_as(
        &mut self,
        kind: fn(Result<(), StoreError>) -> Answer,
    ) -> impl FnOnce(Result<(), StoreError>) + Send + 'static {
        self.unanswered += 1;
        let (answers, wake) = (self.answers.0.clone(), Arc::clone(&self.wake));
        move |result| {
            // Nobody listens any more only when the kiosk itself is gone.
            if answers.send(kind(result)).is_ok() {
                wake();
            }
        }
    }

    fn show(&mut self) {
        let is_undisturbed = self.session.is_undisturbed();
        if is_undisturbed && !self.was_undisturbed {
            self.ui.hide_ring();
        }
        self.was_undisturbed = is_undisturbed;
        let now_ms = self.stamper.monotonic_ms();
        let view = match self.desk.shown(now_ms) {
            Some(shown) => self.presenter.staff_view(&self.session, shown, &self.stamper.now()),
            None => self.presenter.view(&self.session, now_ms, self.store_problem.as_deref()),
        };
        let by_keypad = self.session.is_by_keypad();
        if !by_keypad {
            self.prompts.nobody_listens();
        }
        if self.shown.as_ref() != Some(&view) {
            self.ui.show(&view);
            self.prompts.shows(self.ui.page_words(), &view.look.language, by_keypad);
            self.shown = Some(view);
        }
    }
}

fn event_of(intent: Intent) -> Event {
    match intent {
        Intent::Rate(value) => Event::Rate(value),
        Intent::Language(index) => Event::Language(index),
        Intent::EasierToUse => Event::EasierToUse,
        Intent::Aid(aid) => Event::Aid(match aid {
            intent::Aid::HighContrast => Aid::HighContrast,
            intent::Aid::BiggerWords => Aid::BiggerWords,
            intent::Aid::Reach => Aid::Reach,
            intent::Aid::MoreTime => Aid::MoreTime,
        }),
        Intent::Wake => Event::Wake,
        Intent::Change => Event::Change,
        Intent::Back => Event::Back,
        Intent::Skip => Event::Skip,
        Intent::Next => Event::Next,
        Intent::Finish => Event::Finish,
        Intent::ToggleReason(index) => Event::ToggleOption(index),
        Intent::Type(text) => Event::Type(text),
        Intent::Backspace => Event::Backspace,
        Intent::Delete => Event::Delete,
        Intent::MoveCaret(caret) => Event::MoveCaret(match caret {
            intent::Caret::At(offset) => Caret::At(offset),
            intent::Caret::Back => Caret::Back,
            intent::Caret::Forward => Caret::Forward,
            intent::Caret::Start => Caret::Start,
            intent::Caret::End => Caret::End,
        }),
        Intent::Channel(view::Channel::Phone) => Event::Channel(Channel::Phone),
        Intent::Channel(view::Channel::Email) => Event::Channel(Channel::Email),
        Intent::Consent(given) => Event::Consent(given),
        Intent::Done => Event::Done,
        Intent::MoreTime => Event::MoreTime,
        Intent::Leave => Event::Leave,
        Intent::NextLanguage => Event::NextLanguage,
        // It never comes here, and nothing comes of it.
        Intent::Staff(_) => Event::Tick,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finger_s_wishes_on_the_contact_page_reach_the_session() {
        for (intent, event) in [
            (Intent::Channel(view::Channel::Email), Event::Channel(Channel::Email)),
            (Intent::Channel(view::Channel::Phone), Event::Channel(Channel::Phone)),
            (Intent::Consent(true), Event::Consent(true)),
            (Intent::Delete, Event::Delete),
            (Intent::MoveCaret(intent::Caret::At(7)), Event::MoveCaret(Caret::At(7))),
            (Intent::MoveCaret(intent::Caret::Back), Event::MoveCaret(Caret::Back)),
            (Intent::MoveCaret(intent::Caret::End), Event::MoveCaret(Caret::End)),
        ] {
            assert_eq!(event_of(intent), event);
        }
    }
}
