//! When the rules are looked at, and what comes of it.
//!
//! The rule of the last minutes is looked at after each rating and when one grows old; that of the hour once an hour. A kiosk that
//! nobody touches therefore wakes once an hour, and at the edges of its window as long as somebody unhappy is in it.
//!
//! What the rules go by is read from the store at the start, on a thread of its own, and after a freeze that failed, because the
//! store may keep that response later. What the store has not confirmed has not happened: an alert opens and closes with its commit.
//!
//! Failure: what could not be read or written is tried again a minute later. Shoppers notice none of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use afterword_kiosk_store::{Store, StoreError};
use afterword_model::alerts::chart::{Hours, newest_hour};
use afterword_model::alerts::window::{Rating, Window};
use afterword_model::alerts::{Alert, Cause, Rule, Transition, Wish, judged};
use afterword_model::case::Category;
use afterword_model::response::{ClockQuality, Draft, Stamp};

use super::config::Alerting;
use super::hook::{Hook, TIME_LIMIT};
use super::said::Said;
use crate::kiosk::Wake;

/// Until the store is asked again after it could not do something, in milliseconds.
const RETRY_MS: u64 = 60_000;

/// Open alerts that are read at the start: one of each rule here, and some that places have left behind where this kiosk stood.
const OPEN_MAX: u32 = 100;

enum News {
    /// The ratings of the last minutes, and the alerts that are open.
    Read(Result<(Vec<Rating>, Vec<Alert>), StoreError>),
    Hours(Result<Hours, StoreError>),
    Changed(Rule, Result<Option<Transition>, StoreError>),
    /// An alert that is none of this kiosk's any more.
    Left(Result<Option<Transition>, StoreError>),
}

/// See the module.
pub(crate) struct Watch {
    rules: Alerting,
    touchpoint: String,
    store: Store,
    wake: Wake,
    hook: Option<Hook>,
    /// Whether an alert is followed up.
    opens_cases: bool,
    /// None until it has been read.
    window: Option<Window>,
    open: BTreeSet<Rule>,
    /// Whether an alert is to be open, where the store was asked and has not answered.
    changing: BTreeMap<Rule, bool>,
    /// Ratings of responses whose freezing the store has not confirmed, in order.
    freezing: VecDeque<Option<Rating>>,
    /// A freeze has failed: with the next one that does not, the store is asked what it has kept.
    is_unsure: bool,
    /// The window is to be read.
    is_stale: bool,
    reads: bool,
    /// Nothing is asked of the store before then.
    retry_ms: Option<u64>,
    /// The newest hour that was looked at, and when the next one is.
    hour: Option<i64>,
    hour_due_ms: u64,
    news: (Sender<News>, Receiver<News>),
    /// Questions that have not been answered.
    asked: usize,
}

impl Watch {
    pub(crate) fn new(rules: Alerting, touchpoint: Option<String>, store: Store, wake: Wake) -> Self {
        let hook = if rules.enabled { Hook::start(&rules.command, TIME_LIMIT) } else { Ok(None) };
        let hook = hook.unwrap_or_else(|error| {
            tracing::error!(%error, "nobody is told of alerts for want of a thread; they are in the list");
            None
        });
        Self {
            rules,
            touchpoint: touchpoint.unwrap_or_default(),
            store,
            wake,
            hook,
            opens_cases: false,
            window: None,
            open: BTreeSet::new(),
            changing: BTreeMap::new(),
            freezing: VecDeque::new(),
            is_unsure: false,
            is_stale: true,
            reads: false,
            retry_ms: None,
            hour: None,
            hour_due_ms: 0,
            news: channel(),
            asked: 0,
        }
    }

    /// Has each alert open a follow-up, so that somebody says what was done about it.
    pub(crate) fn with_cases(mut self, opens: bool) -> Self {
        self.opens_cases = opens;
        self
    }

    /// A response is being frozen.
    pub(crate) fn freezes(&mut self, draft: &Draft) {
        let at_ms = i64::try_from(draft.started.mono_ms).unwrap_or(i64::MAX);
        self.freezing.push_back(judged(draft).map(|is_unhappy| Rating { at_ms, is_unhappy }));
    }

    /// The store has frozen the oldest of them, or has not.
    pub(crate) fn frozen(&mut self, is_kept: bool) {
        let rating = self.freezing.pop_front().flatten();
        if !is_kept {
            self.is_unsure = true;
        } else if self.is_unsure || self.reads || self.window.is_none() {
            // What is read now may have it or not.
            self.is_stale = true;
            self.is_unsure = false;
        } else if let (Some(window), Some(rating)) = (&mut self.window, rating) {
            window.add(rating);
        }
    }

    /// Takes what has come, and looks at the rules.
    pub(crate) fn pump(&mut self, now: &Stamp) {
        while let Ok(news) = self.news.1.try_recv() {
            self.asked = self.asked.saturating_sub(1);
            self.hear(news, now);
        }
        if self.retry_ms.is_some_and(|retry_ms| now.mono_ms < retry_ms) {
            return;
        }
        self.retry_ms = None;
        // What is being frozen may be read or not.
        if self.is_stale && !self.reads && self.freezing.is_empty() {
            self.read(now);
        }
        self.look_at_window(now);
        if self.rules.enabled && self.rules.hourly {
            self.look_at_hour(now);
        }
    }

    /// Whether everything that was asked has been answered.
    pub(crate) fn is_settled(&self) -> bool {
        self.asked == 0
    }

    /// When [`Self::pump`] is due without being woken.
    pub(crate) fn deadline_ms(&self) -> Option<u64> {
        if self.retry_ms.is_some() {
            return self.retry_ms;
        }
        let window = self.window.as_ref().filter(|_| self.rules.enabled);
        let edge = window.filter(|window| window.has_unhappy()).and_then(Window::next_edge_ms);
        let edge = edge.map(|edge_ms| u64::try_from(edge_ms).unwrap_or(0));
        let hour =
            (self.rules.enabled && self.rules.hourly && self.hour.is_some()).then_some(self.hour_due_ms);
        [edge, hour].into_iter().flatten().min()
    }

    fn hear(&mut self, news: News, now: &Stamp) {
        match news {
            News::Read(Ok((ratings, alerts))) => {
                self.reads = false;
                self.is_stale |= !self.freezing.is_empty();
                if self.is_stale {
                    return;
                }
                let mut window = Window::new(self.rules.window_ms());
                ratings.into_iter().for_each(|rating| window.add(rating));
                self.window = Some(window);
                self.take_over(alerts, now);
            }
            News::Hours(Ok(hours)) => self.judge(&hours, now),
            News::Changed(rule, Ok(happened)) => {
                match self.changing.remove(&rule) {
                    Some(true) => self.open.insert(rule),
                    _ => self.open.remove(&rule),
                };
                self.happened(happened);
            }
            News::Left(Ok(happened)) => self.happened(happened),
            News::Read(Err(error)) => {
                (self.reads, self.is_stale) = (false, true);
                self.put_off(&error, now);
            }
            News::Hours(Err(error)) => {
                self.hour = None;
                self.put_off(&error, now);
            }
            News::Changed(rule, Err(error)) => {
                self.changing.remove(&rule);
                // The hour is judged again, and so is the window.
                self.hour = None;
                self.put_off(&error, now);
            }
            News::Left(Err(error)) => {
                self.is_stale = true;
                self.put_off(&error, now);
            }
        }
    }

    /// An alert has opened or closed, and that is on the disk. Here, and nowhere else, others are told.
    fn happened(&self, happened: Option<Transition>) {
        let Some(transition) = happened else { return };
        match &transition {
            Transition::Opened(alert) => {
                let Alert { id, count, .. } = alert;
                tracing::warn!(id, ?count, cause = ?alert.cause, "an alert has opened");
                if self.opens_cases {
                    let id = *id;
                    self.store.open_case(Category::Other, &Said::of(alert).to_string(), alert.opened, move |opened| {
                        if let Err(error) = opened {
                            tracing::error!(%error, id, "no follow-up could be opened for an alert; it is in the list of alerts");
                        }
                    });
                }
            }
            Transition::Closed(alert) => tracing::info!(id = alert.id, "an alert has closed"),
        }
        if let Some(hook) = &self.hook {
            hook.tell(&transition);
        }
    }

    fn put_off(&mut self, error: &StoreError, now: &Stamp) {
        tracing::warn!(%error, "alerts could not be looked after; that is tried again in a minute");
        self.retry_ms = Some(now.mono_ms.saturating_add(RETRY_MS));
    }

    /// The alerts that were open at the start. Those of another place, or of a rule that is not wanted any more, close: nothing would
    /// ever close them otherwise.
    fn take_over(&mut self, alerts: Vec<Alert>, now: &Stamp) {
        self.open.clear();
        for alert in alerts {
            let rule = alert.cause.rule();
            let is_wanted = self.rules.enabled && (rule != Rule::HourlyChart || self.rules.hourly);
            if alert.touchpoint == self.touchpoint && is_wanted {
                self.open.insert(rule);
            } else {
                let wish = Wish::Close { touchpoint: alert.touchpoint, rule, at: *now };
                self.ask(wish, News::Left);
            }
        }
    }

    fn look_at_window(&mut self, now: &Stamp) {
        let rule = Rule::UnhappyShare;
        let Some(window) = self.window.as_mut().filter(|_| self.rules.enabled) else { return };
        let count = window.count(i64::try_from(now.mono_ms).unwrap_or(i64::MAX));
        let threshold = self.rules.threshold();
        let is_open = self.open.contains(&rule);
        if !is_open && threshold.opens(count) {
            let cause = Cause::UnhappyShare { window_min: self.rules.window_min };
            let touchpoint = self.touchpoint.clone();
            self.change(rule, Wish::Open { touchpoint, cause, count, at: *now });
        } else if is_open && threshold.closes(count) {
            self.change(rule, Wish::Close { touchpoint: self.touchpoint.clone(), rule, at: *now });
        }
    }

    /// Reads the hours when one is over. Without a clock nobody knows when that is.
    fn look_at_hour(&mut self, now: &Stamp) {
        let is_due = self.hour.is_none() || self.hour_due_ms <= now.mono_ms;
        if now.clock == ClockQuality::Unset {
            self.hour = None;
            return;
        }
        if !is_due || self.window.is_none() {
            return;
        }
        let local_ms = now.wall_ms.saturating_add(i64::from(now.offset_min) * 60_000);
        let (hour, until_next_ms) = newest_hour(local_ms);
        self.hour_due_ms = now.mono_ms.saturating_add(until_next_ms.unsigned_abs());
        if self.hour.replace(hour) != Some(hour) {
            let (store, touchpoint) = (self.store.clone(), self.touchpoint.clone());
            if !self.aside(move || News::Hours(store.hours(hour, &touchpoint))) {
                self.hour = None;
            }
        }
    }

    fn judge(&mut self, hours: &Hours, now: &Stamp) {
        let rule = Rule::HourlyChart;
        let touchpoint = self.touchpoint.clone();
        match hours.signal() {
            Some(signalled) if !self.open.contains(&rule) => {
                let cause =
                    Cause::HourlyChart { signal: signalled.signal, usual_permille: signalled.usual_permille };
                self.change(rule, Wish::Open { touchpoint, cause, count: signalled.count, at: *now });
            }
            None if self.open.contains(&rule) => {
                self.change(rule, Wish::Close { touchpoint, rule, at: *now });
            }
            _ => {}
        }
    }

    /// Asks the store, unless it is being asked.
    fn change(&mut self, rule: Rule, wish: Wish) {
        if self.changing.contains_key(&rule) {
            return;
        }
        self.changing.insert(rule, matches!(wish, Wish::Open { .. }));
        self.ask(wish, move |changed| News::Changed(rule, changed));
    }

    fn ask(
        &mut self,
        wish: Wish,
        as_news: impl FnOnce(Result<Option<Transition>, StoreError>) -> News + Send + 'static,
    ) {
        self.asked += 1;
        let (news, wake) = (self.news.0.clone(), Arc::clone(&self.wake));
        self.store.change_alert(wish, move |changed| {
            // Nobody listens any more only when the kiosk itself is gone.
            if news.send(as_news(changed)).is_ok() {
                wake();
            }
        });
    }

    fn read(&mut self, now: &Stamp) {
        let (store, touchpoint, now) = (self.store.clone(), self.touchpoint.clone(), *now);
        let width_ms = self.rules.window_ms();
        self.reads = self.aside(move || {
            let ratings = store.newest_ratings(&now, width_ms, &touchpoint);
            News::Read(ratings.and_then(|ratings| Ok((ratings, store.alerts(OPEN_MAX, true)?))))
        });
        self.is_stale = !self.reads;
    }

    /// Does it on a thread of its own; whether there was one.
    fn aside(&mut self, work: impl FnOnce() -> News + Send + 'static) -> bool {
        let (news, wake) = (self.news.0.clone(), Arc::clone(&self.wake));
        let thread = std::thread::Builder::new().name("watch".into()).spawn(move || {
            // Nobody listens any more only when the kiosk itself is gone.
            if news.send(work()).is_ok() {
                wake();
            }
        });
        self.asked += usize::from(thread.is_ok());
        thread.inspect_err(|error| tracing::error!(%error, "there is no thread to look at alerts")).is_ok()
    }
}
