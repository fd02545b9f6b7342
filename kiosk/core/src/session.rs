//! The kiosk's page, and what each event makes of it.
//!
//! A session is at rest (for a moment deaf, when it came there by itself), in a visit, on the thanks page,
//! or out of service. It lives as long as the program; visits come and go in it, and coming to rest forgets
//! everything of the last one.

use std::sync::Arc;

use afterword_model::follow_up::FollowUpCode;
use afterword_model::hours::OpeningHours;
use afterword_model::moment::Moment;
use afterword_model::ports::Entropy;
use afterword_model::response::{AnswerValue, Draft, Outcome, Stamp};
use afterword_model::survey::{Language, QuestionKind, Survey, Text};

use crate::aids::Aids;
use crate::codes::Codes;
use crate::contact::ContactField;
use crate::draws::Draws;
use crate::event::{Effect, Event};
use crate::limits::{Asks, Settings, TimeLimits};
use crate::misuse::Watch;
use crate::screen::{Screen, share_left};
use crate::seal::{Seal, Sealer};
use crate::visit::{Phase, Visit};

mod page;
mod rest;

/// The state machine. Two sessions are equal when nothing of any shopper tells them apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    survey: Arc<Survey>,
    settings: Settings,
    language: usize,
    aids: Aids,
    /// Whether whoever is there goes by a keypad, not by the glass.
    by_keypad: bool,
    stage: Stage,
    /// Freezes asked for and not yet reported. The queue keeps its order, so a visit's own freeze, being the last
    /// one asked for, is on disk when this comes to zero.
    unacknowledged_freezes: u64,
    watch: Watch,
    /// What brings the next shopper, and when that was told. It goes with the first tap, or is forgotten.
    moment: Option<(Moment, u64)>,
    draws: Draws,
    sealer: Sealer,
    codes: Codes,
    /// When the hours were last looked at, or somebody woke the screen.
    hours_seen_ms: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    /// The question waits for anybody. Touched when somebody chose a language or contrast, or struck a key of a keypad, and
    /// gave no rating yet.
    Resting {
        touched_ms: Option<u64>,
    },
    /// The shop is closed and nobody is there.
    Asleep,
    /// The aids are shown, before anything was answered.
    Easing {
        touched_ms: u64,
    },
    /// The question came back and ignores touches until that moment; then it rests, as touched as that says. Whoever touches
    /// now meant the page before.
    Settling {
        until_ms: u64,
        touched_ms: Option<u64>,
    },
    Visit(Box<Visit>),
    Thanks {
        shown_ms: u64,
        /// Shown, or since then a key of a keypad struck: whoever listens has the page for as long as they look around.
        since_ms: u64,
        rating_only: bool,
        follow_up_code: Option<FollowUpCode>,
    },
    OutOfService,
}

impl Session {
    /// A kiosk at rest.
    #[must_use]
    pub fn new(survey: Arc<Survey>, settings: Settings) -> Self {
        let language = survey.default_language_index();
        let stage = Stage::Resting { touched_ms: None };
        let draws = Draws::from_seed(settings.seed);
        Self {
            survey,
            settings,
            language,
            aids: Aids::default(),
            by_keypad: false,
            stage,
            unacknowledged_freezes: 0,
            watch: Watch::default(),
            moment: None,
            draws,
            sealer: Sealer::default(),
            codes: Codes::default(),
            hours_seen_ms: 0,
        }
    }

    /// The same kiosk with a way to seal. One without it asks no question for a number or an address.
    #[must_use]
    pub fn with_seal(self, seal: Arc<dyn Seal>) -> Self {
        Self { sealer: Sealer(Some(seal)), ..self }
    }

    /// The same kiosk with chance to draw follow-up codes from. One without it gives none.
    #[must_use]
    pub fn with_entropy(self, entropy: Arc<dyn Entropy>) -> Self {
        Self { codes: Codes(Some(entropy)), ..self }
    }

    /// The survey asked.
    #[must_use]
    pub fn survey(&self) -> &Arc<Survey> {
        &self.survey
    }

    /// Asks another survey from now on. Nothing happens unless the kiosk is at rest: a response keeps the survey it began with.
    pub fn ask(&mut self, survey: Arc<Survey>) {
        if self.is_undisturbed() {
            self.survey = survey;
            self.language = self.survey.default_language_index();
        }
    }

    /// Opens at these hours from now on. Nothing happens unless the kiosk is at rest. One that sleeps wakes, and looks at its next turn
    /// whether it is to.
    pub fn open_at(&mut self, hours: Option<OpeningHours>) {
        if self.is_undisturbed() && self.settings.hours != hours {
            self.settings.hours = hours;
            self.hours_seen_ms = 0;
            self.rest();
        }
    }

    /// Waits so long, and asks no more than this, from now on. Nothing happens unless the kiosk is at rest.
    pub fn go_by(&mut self, limits: TimeLimits, asks: Asks) {
        if self.is_undisturbed() {
            (self.settings.limits, self.settings.asks) = (limits, asks);
        }
    }

    /// The language on the screen.
    #[must_use]
    pub fn language(&self) -> &Language {
        &self.survey.languages[self.language]
    }

    /// Id of the variant on the screen, where the survey has variants: that of the visit, else of the next one.
    #[must_use]
    pub fn variant(&self) -> Option<&str> {
        match &self.stage {
            Stage::Visit(visit) => visit.draft.variant.as_deref(),
            _ => self.survey.variant_for(self.draws.next()).map(|variant| variant.id.as_str()),
        }
    }

    /// What is asked at that place of the survey, in the words of the variant.
    ///
    /// # Panics
    /// Where the survey has no such place. Places in a [`Screen`] it always has.
    #[must_use]
    pub fn title(&self, question: usize) -> &Text {
        self.survey.questions[question].title_for(self.variant())
    }

    /// The line under it, in the words of the variant.
    ///
    /// # Panics
    /// As [`Self::title`].
    #[must_use]
    pub fn hint(&self, question: usize) -> Option<&Text> {
        self.survey.questions[question].hint_for(self.variant())
    }

    /// What makes the screen easier for this shopper.
    #[must_use]
    pub fn aids(&self) -> Aids {
        self.aids
    }

    /// Whether this shopper goes by a keypad: from the first key struck until a finger touches the glass or the kiosk
    /// comes to rest.
    #[must_use]
    pub fn is_by_keypad(&self) -> bool {
        self.by_keypad
    }

    /// How long this shopper has.
    #[must_use]
    pub fn limits(&self) -> TimeLimits {
        self.aids.limits(&self.settings.limits)
    }

    /// How long this shopper has the thanks page, with a follow-up code on it or without, in milliseconds.
    #[must_use]
    pub fn thanks_page_ms(&self, has_follow_up_code: bool) -> u64 {
        self.limits().thanks_page_ms(has_follow_up_code, self.by_keypad)
    }

    /// Whether the kiosk is at rest, with nobody's answers: the moment to change the survey or the settings.
    #[must_use]
    pub fn is_resting(&self) -> bool {
        matches!(self.stage, Stage::Resting { .. } | Stage::Settling { .. } | Stage::Asleep)
    }

    /// Whether the kiosk is at rest and no trace of anybody is on the screen.
    #[must_use]
    pub fn is_undisturbed(&self) -> bool {
        matches!(self.stage, Stage::Resting { touched_ms: None } | Stage::Asleep)
    }

    /// The next moment, in monotonic milliseconds, at which [`Event::Tick`] is due; none while nothing runs out.
    #[must_use]
    pub fn deadline_ms(&self) -> Option<u64> {
        let moment_ms = self.settings.limits.moment_ms;
        let moment_ends_ms = self.moment.as_ref().map(|(_, told_ms)| told_ms.saturating_add(moment_ms));
        [self.stage_ends_ms(), moment_ends_ms, self.hours_due_ms()].into_iter().flatten().min()
    }

    fn stage_ends_ms(&self) -> Option<u64> {
        let limits = &self.limits();
        match &self.stage {
            Stage::Resting { touched_ms } => touched_ms.map(|touched| touched.saturating_add(limits.idle_ms)),
            Stage::Settling { until_ms, .. } => Some(*until_ms),
            Stage::Visit(visit) => Some(visit.deadline_ms(limits)),
            Stage::Thanks { since_ms, follow_up_code, .. } => {
                Some(since_ms.saturating_add(self.thanks_page_ms(follow_up_code.is_some())))
            }
            Stage::Easing { touched_ms } => Some(touched_ms.saturating_add(limits.idle_ms)),
            Stage::OutOfService | Stage::Asleep => None,
        }
    }

    /// What is to be shown at that moment of monotonic time.
    #[must_use]
    pub fn screen(&self, now_mono_ms: u64) -> Screen {
        let limits = &self.limits();
        match &self.stage {
            Stage::Resting { .. } | Stage::Settling { .. } => {
                Screen::Question { question: 0, chosen: None, changing: false, flow: None }
            }
            Stage::Visit(visit) => visit.screen(&self.survey, limits, now_mono_ms),
            Stage::Thanks { since_ms, rating_only, follow_up_code, .. } => Screen::Thanks {
                rating_only: *rating_only,
                follow_up_code: follow_up_code.clone(),
                time_left: share_left(*since_ms, self.thanks_page_ms(follow_up_code.is_some()), now_mono_ms),
            },
            Stage::Asleep => Screen::Asleep,
            Stage::Easing { .. } => Screen::Easier(self.aids),
            Stage::OutOfService => Screen::OutOfService,
        }
    }

    /// Takes an event that came at `now`. Waiting goes by `now.mono_ms` alone; the wall clock may jump.
    ///
    /// The effects are to be carried out in order, before those of the next call.
    #[must_use = "effects that are not carried out are answers lost"]
    pub fn handle(&mut self, event: Event, now: Stamp) -> Vec<Effect> {
        let moment_ms = self.settings.limits.moment_ms;
        self.moment.take_if(|(_, told_ms)| told_ms.saturating_add(moment_ms) <= now.mono_ms);
        match event {
            Event::Saved => Vec::new(),
            Event::Frozen => self.frozen(now.mono_ms),
            Event::StorageFailed => self.storage_failed(now),
            Event::StorageRecovered => self.storage_recovered(),
            Event::Moment(moment) => {
                self.moment = Some((moment, now.mono_ms));
                Vec::new()
            }
            Event::Tick => self.tick(now),
            Event::Keypad => self.keypad(now.mono_ms),
            Event::Finger => {
                self.still_thanked(now.mono_ms);
                self.by_keypad = false;
                Vec::new()
            }
            touch => self.touch(touch, now),
        }
    }

    fn frozen(&mut self, now_ms: u64) -> Vec<Effect> {
        self.unacknowledged_freezes = self.unacknowledged_freezes.saturating_sub(1);
        if let Stage::Visit(visit) = &self.stage
            && visit.finishing_since_ms.is_some()
            && self.unacknowledged_freezes == 0
        {
            self.stage = Stage::Thanks {
                shown_ms: now_ms,
                since_ms: now_ms,
                rating_only: visit.is_rating_only(),
                follow_up_code: visit.draft.follow_up_code.clone(),
            };
        }
        Vec::new()
    }

    fn storage_failed(&mut self, now: Stamp) -> Vec<Effect> {
        let frozen_already = self.visit_mut().is_none_or(|visit| visit.finishing_since_ms.is_some());
        let effects = if frozen_already { Vec::new() } else { self.freeze(Outcome::Interrupted, now) };
        self.rest();
        self.stage = Stage::OutOfService;
        effects
    }

    fn storage_recovered(&mut self) -> Vec<Effect> {
        if self.stage == Stage::OutOfService {
            // The store has nothing left to do, so whatever was not reported never will be.
            self.unacknowledged_freezes = 0;
            self.rest();
        }
        Vec::new()
    }

    fn tick(&mut self, now: Stamp) -> Vec<Effect> {
        self.look_at_hours(&now);
        if self.stage_ends_ms().is_none_or(|due_ms| now.mono_ms < due_ms) {
            return Vec::new();
        }
        if let Stage::Settling { touched_ms, .. } = self.stage {
            self.stage = Stage::Resting { touched_ms };
            return Vec::new();
        }
        if self.is_resting() {
            self.rest();
            return Vec::new();
        }
        let Some(visit) = self.visit_mut().filter(|visit| visit.finishing_since_ms.is_none()) else {
            self.rest_by_itself(now.mono_ms);
            return Vec::new();
        };
        match visit.phase {
            Phase::Holding { .. } => self.go_on(now),
            // From now, not from when it was due: whoever comes back must have the whole time to say so.
            Phase::Open { .. } => {
                visit.phase = Phase::Warned { since_ms: now.mono_ms };
                Vec::new()
            }
            Phase::Warned { .. } => {
                let effects = self.freeze(Outcome::TimedOut, now);
                self.rest_by_itself(now.mono_ms);
                effects
            }
        }
    }

    /// Somebody is there and looks around, which takes longer with a ring than with the eyes.
    fn keypad(&mut self, now_ms: u64) -> Vec<Effect> {
        if matches!(self.stage, Stage::Asleep | Stage::Settling { .. }) {
            return Vec::new();
        }
        self.by_keypad = true;
        match &mut self.stage {
            Stage::Resting { touched_ms } => *touched_ms = Some(now_ms),
            Stage::Easing { touched_ms } => *touched_ms = now_ms,
            // While its record is written the page stands still.
            Stage::Visit(visit) if visit.finishing_since_ms.is_none() => visit.touched(now_ms),
            _ => self.still_thanked(now_ms),
        }
        Vec::new()
    }

    /// Whoever is being thanked goes by a keypad and is still there.
    fn still_thanked(&mut self, now_ms: u64) {
        if let (true, Stage::Thanks { since_ms, .. }) = (self.by_keypad, &mut self.stage) {
            *since_ms = now_ms;
        }
    }

    fn touch(&mut self, touch: Event, now: Stamp) -> Vec<Effect> {
        let now_ms = now.mono_ms;
        if self.settings.hours.is_some() {
            // Somebody is there: the screen stays awake from the last touch on, not from the first.
            self.hours_seen_ms = now_ms;
        }
        if let Stage::Settling { until_ms, touched_ms } = self.stage
            && until_ms <= now_ms
        {
            // The tick is late; the shopper need not be.
            self.stage = Stage::Resting { touched_ms };
        }
        match &self.stage {
            Stage::OutOfService | Stage::Settling { .. } => Vec::new(),
            Stage::Asleep => {
                self.rest_by_itself(now_ms);
                Vec::new()
            }
            Stage::Resting { .. } => match touch {
                Event::Rate(value) => {
                    // The first question of a survey has a scale.
                    let answer = rated(&self.survey.questions[0].kind, value);
                    answer.map(|answer| self.first_tap(answer, now)).unwrap_or_default()
                }
                Event::EasierToUse if !self.aids.any() => {
                    self.stage = Stage::Easing { touched_ms: now_ms };
                    Vec::new()
                }
                aid => {
                    if self.aid(&aid) {
                        self.back_to_the_question(now_ms);
                    }
                    Vec::new()
                }
            },
            Stage::Easing { .. } => {
                match touch {
                    Event::Aid(aid) => {
                        self.aids.toggle(aid);
                        self.stage = Stage::Easing { touched_ms: now_ms };
                    }
                    Event::Done => {
                        self.back_to_the_question(now_ms);
                        self.settle(now_ms, self.settings.limits.settle_ms);
                    }
                    _ => {}
                }
                Vec::new()
            }
            Stage::Thanks { shown_ms, .. } => {
                let settle_ms = self.settings.limits.settle_ms;
                if touch == Event::Done && now_ms >= shown_ms.saturating_add(settle_ms) {
                    self.rest();
                    self.settle(now_ms, settle_ms);
                }
                Vec::new()
            }
            Stage::Visit(visit) if !visit.listens(&self.settings.limits, now_ms) => Vec::new(),
            Stage::Visit(visit) if matches!(visit.phase, Phase::Warned { .. }) => {
                self.touch_warning(&touch, now)
            }
            Stage::Visit(_) => {
                self.watch.touched(now_ms);
                self.touch_page(touch, now)
            }
        }
    }

    /// The first tap: a draft at once, and the key stays down.
    fn first_tap(&mut self, answer: AnswerValue, now: Stamp) -> Vec<Effect> {
        let draw = self.draws.take();
        let draft = Draft {
            touchpoint: self.settings.touchpoint.clone(),
            moment: self.moment.take().map(|(moment, _)| moment),
            flags: self.watch.begun(&self.settings.misuse, now.mono_ms),
            draw: self.survey.needs_draw().then_some(draw),
            variant: self.survey.variant_for(draw).map(|variant| variant.id.clone()),
            ..Draft::begun(&self.survey.id, self.survey.version, &self.language().tag, now)
        };
        let Asks { comments, contacts } = self.settings.asks;
        let asks = Asks { comments, contacts: contacts && self.sealer.0.is_some() };
        self.stage = Stage::Visit(Box::new(Visit::begins(draft, asks, now.mono_ms)));
        self.hold(answer, now)
    }

    /// An answer that one tap gives: the key stays down for a moment, then the visit goes on.
    fn hold(&mut self, answer: AnswerValue, now: Stamp) -> Vec<Effect> {
        let until_ms = now.mono_ms.saturating_add(self.settings.limits.hold_ms);
        self.change(|visit, survey, language| {
            visit.answer(Some(answer), survey, language, now);
            visit.phase = Phase::Holding { until_ms };
            true
        })
    }

    /// Language and aids, which change no answer. Whether the event was one of them and had a meaning.
    fn aid(&mut self, touch: &Event) -> bool {
        let languages = self.survey.languages.len();
        match *touch {
            Event::Language(language) if language < languages => self.language = language,
            Event::NextLanguage => self.language = (self.language + 1) % languages,
            Event::EasierToUse if self.aids.any() => self.aids = Aids::default(),
            Event::EasierToUse => self.aids = Aids { high_contrast: true, reach: true, ..Aids::default() },
            _ => return false,
        }
        true
    }

    fn touch_warning(&mut self, touch: &Event, now: Stamp) -> Vec<Effect> {
        match touch {
            Event::MoreTime => {
                if let Some(visit) = self.visit_mut() {
                    visit.open(now.mono_ms);
                }
                Vec::new()
            }
            Event::Leave => self.finish(now),
            _ => Vec::new(),
        }
    }

    /// Something that changes no answer.
    fn edit(&mut self, now: Stamp, edit: impl FnOnce(&mut Visit, &Survey)) -> Vec<Effect> {
        let survey = Arc::clone(&self.survey);
        if let Some(visit) = self.visit_mut() {
            edit(visit, &survey);
            visit.touched(now.mono_ms);
        }
        Vec::new()
    }

    /// Something that may change an answer, and says whether it did; the change is saved.
    fn change(&mut self, change: impl FnOnce(&mut Visit, &Survey, &str) -> bool) -> Vec<Effect> {
        let survey = Arc::clone(&self.survey);
        let language = &survey.languages[self.language].tag;
        let Some(visit) = self.visit_mut() else { return Vec::new() };
        if change(visit, &survey, language) { vec![Effect::Save(visit.draft.clone())] } else { Vec::new() }
    }

    /// On to the next step; after the last one the visit is complete.
    fn go_on(&mut self, now: Stamp) -> Vec<Effect> {
        let effects = self.change(|visit, survey, language| visit.leave(survey, language, now));
        self.go_on_after(effects, now)
    }

    fn go_on_after(&mut self, effects: Vec<Effect>, now: Stamp) -> Vec<Effect> {
        let survey = Arc::clone(&self.survey);
        let Some(visit) = self.visit_mut() else { return effects };
        match visit.next(&survey) {
            Some(next) => {
                visit.go_to(next, &survey, now.mono_ms);
                effects
            }
            // The freeze holds the change too; a save before it would only make the shopper wait for the disk twice.
            None => self.freeze(Outcome::Completed, now),
        }
    }

    fn go_back_to(&mut self, at: usize, now: Stamp) -> Vec<Effect> {
        self.change(|visit, survey, language| {
            let changed = visit.keep_words(survey, language, now);
            visit.go_to(at, survey, now.mono_ms);
            changed
        })
    }

    fn finish(&mut self, now: Stamp) -> Vec<Effect> {
        let _held_by_the_freeze = self.change(|visit, survey, language| visit.leave(survey, language, now));
        self.freeze(Outcome::Finished, now)
    }

    /// Asks for the record. The page stands still until it is on disk. Whoever stays until then is given the follow-up code
    /// that is in it.
    fn freeze(&mut self, outcome: Outcome, now: Stamp) -> Vec<Effect> {
        let (survey, codes) = (Arc::clone(&self.survey), self.codes.clone());
        let Some(visit) = self.visit_mut() else { return Vec::new() };
        visit.finishing_since_ms = Some(now.mono_ms);
        match outcome {
            Outcome::Completed => visit.pass(&survey, now.mono_ms),
            _ => visit.left_here(&survey),
        }
        let is_thanked = matches!(outcome, Outcome::Completed | Outcome::Finished);
        if is_thanked && survey.gives_follow_up_code(&visit.draft) {
            visit.draft.follow_up_code = codes.draw();
        }
        // What was not sent will not be.
        visit.contact = ContactField::new(visit.contact.channel);
        let draft = visit.draft.clone();
        let took_ms = now.mono_ms.saturating_sub(draft.started.mono_ms);
        self.unacknowledged_freezes += 1;
        vec![Effect::Freeze { draft, outcome, took_ms }]
    }

    fn visit_mut(&mut self) -> Option<&mut Visit> {
        match &mut self.stage {
            Stage::Visit(visit) => Some(visit),
            _ => None,
        }
    }
}

/// The answer that a value gives to a question of that kind; none where it is no value of a scale.
fn rated(kind: &QuestionKind, value: u8) -> Option<AnswerValue> {
    match kind {
        QuestionKind::Scale(scale) => scale.kind.answer(value),
        _ => None,
    }
}
