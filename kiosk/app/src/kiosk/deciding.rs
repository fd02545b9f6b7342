//! Taking on what head office has decided, between two shoppers.
//!
//! Nothing changes under anybody's fingers: the kiosk waits until nobody is there, nobody of the staff is at its pages, and the store
//! has answered everything, so that each response is asked, kept and judged by one set of settings. Then all of it changes at
//! once. What was kept holds from the next start on in any case, and is on trial until one has gone by it for a while: the store
//! counts that (`kiosk/store/src/trial.rs`), and the kiosk says when it has lived long enough.

use std::sync::Arc;

use afterword_kiosk_store::Decided;
use afterword_ui::brand::{Brand, Colour};

use super::{Answer, Kiosk};
use crate::alerts::watch::Watch;
use crate::own_file::Standing;
use crate::present::Presenter;

/// The colour of a store that has none of its own.
const USUAL_ACCENT: Colour = Colour::hex(0x11_45_99);

impl Kiosk {
    /// Goes by other settings, if there are some and this is the moment.
    pub(super) fn look_at_settings(&mut self) {
        let decided = self.store.decided();
        if Arc::ptr_eq(&decided, &self.decided) || !self.is_undisturbed() || !self.is_settled() {
            return;
        }
        let Decided { version, settings } = &*decided;
        match self.own.with(settings) {
            Ok(standing) => {
                self.go_by(standing);
                self.store.runs_settings(*version);
                tracing::info!(%version, "the kiosk goes by other settings from head office from now on");
            }
            // Asked before they were kept, so this is another hand's doing.
            Err(error) => tracing::error!(%error, "head office's settings are not taken on"),
        }
        self.decided = decided;
    }

    /// This start has lived for long enough: what it goes by since then has passed its trial.
    pub(super) fn look_at_trial(&mut self, now_ms: u64) {
        if self.trial_over_ms.is_some_and(|over_ms| over_ms <= now_ms) {
            self.trial_over_ms = None;
            let answer = self.answer_as(Answer::Outlived);
            self.store.outlived_trial(answer);
        }
    }

    fn go_by(&mut self, Standing { config, agenda }: Standing) {
        let before = std::mem::replace(&mut self.config, config);
        let config = &self.config;
        if config.brand.accent != before.brand.accent {
            self.ui.set_brand(&Brand::of(config.brand.accent.unwrap_or(USUAL_ACCENT)));
        }
        let opens = config.follow_ups.open;
        self.store.opens_cases(opens);
        if config.alerts != before.alerts || opens != before.follow_ups.open {
            let (touchpoint, store) = (config.touchpoint.clone(), self.store.clone());
            self.watch = Watch::new(config.alerts.clone(), touchpoint, store, Arc::clone(&self.wake))
                .with_cases(opens);
        }
        self.desk.go_by(config);
        self.session.open_at(config.hours.clone());
        self.session.go_by(config.limits(), config.asks());
        self.presenter = Presenter::new(config.clone());
        self.agenda = agenda;
        let today = self.stamper.now().local_day();
        self.session.ask(Arc::clone(self.agenda.on(today)));
    }
}
