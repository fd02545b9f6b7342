//! Opening a device: configuration, survey and database become the parts of a kiosk.

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use afterword_kiosk_core::{Seal, Settings};
use afterword_kiosk_store::{Decided, Opened, Options, Store};
use afterword_model::ports::{Clock, Entropy};
use afterword_ui::KioskUi;
use anyhow::{Context, Result};

use crate::agenda::Agenda;
use crate::branding::Prepared;
use crate::config::Config;
use crate::device_status::Sources;
use crate::errands::Errands;
use crate::kiosk::{Parts, Wake};
use crate::moments::Moments;
use crate::own_file::{OwnFile, Standing};
use crate::present::Presenter;
use crate::sealing::ToHeadOffice;
use crate::speech::prompts::Prompts;
use crate::staff::pins::Pins;
use crate::stamp::Stamper;
use crate::sticks::{Mounted, Sticks};

/// Makes the folder for a device's database, for its own user alone.
///
/// # Errors
/// When it cannot be made.
pub fn make_data_folder(path: &Path) -> Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).with_context(|| {
        format!("cannot make the folder {}; name one that this user may write", path.display())
    })
}

/// A device that is ready for its screen.
pub struct Device {
    /// Its configuration: its own file, with head office's settings on top.
    pub config: Config,
    /// Its colour and logo.
    pub branding: Prepared,
    /// Its surveys.
    pub agenda: Agenda,
    /// Its database.
    pub store: Store,
    /// What was found when the database was opened.
    pub opened: Opened,
    /// Where what brings the next shoppers is told.
    pub moments: Moments,
    /// Where the screen has the agent do something.
    pub errands: Errands,
    /// Where sticks are put in.
    pub sticks: Arc<dyn Sticks>,
    /// What head office's settings are on top of, and these.
    own: OwnFile,
    decided: Arc<Decided>,
    data: PathBuf,
    config_path: PathBuf,
    /// When its database was opened, in milliseconds since 1970.
    opened_ms: i64,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// Decides what the survey leaves to chance.
    seed: u64,
}

impl Device {
    /// Opens the database in `data` for a configuration that was read from `config_path`. The survey is checked
    /// first, so that a mistake in it leaves the database as it was.
    ///
    /// # Errors
    /// One sentence: what, where, what to do.
    pub fn open(
        config: Config,
        config_path: &Path,
        data: &Path,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self> {
        let agenda = config.agenda(config_path)?;
        let mut seed = [0; 8];
        entropy.fill(&mut seed);
        let seed = u64::from_le_bytes(seed);
        let (store, opened) = Store::open(
            data,
            Options {
                clock: Arc::clone(&clock),
                entropy: Arc::clone(&entropy),
                opens_cases: config.follow_ups.open,
            },
        )?;
        tracing::info!(boot = opened.boot, epoch = %opened.epoch, "database opened");
        if let Some(seq) = opened.interrupted {
            tracing::warn!(seq, "an answer was open when the kiosk stopped; it was kept as interrupted");
        }
        if let Some(path) = &opened.set_aside {
            tracing::error!(path = %path.display(), "the database was damaged and set aside; a new one was begun");
        }
        for carried in &opened.carried {
            tracing::error!("{carried}");
        }
        for path in &opened.waiting {
            tracing::error!(path = %path.display(), "there is no room yet to carry over what is whole in this file; keep it and make room");
        }
        let decided = store.decided();
        let (own, Standing { config, agenda }) = OwnFile::new(config, agenda).begin(&store);
        store.opens_cases(config.follow_ups.open);
        // Nobody stays unasked for want of a logo; `doctor` calls it wrong.
        let branding = config.brand.prepare(config_path, config.panel.panel());
        let branding = branding.inspect_err(|error| tracing::error!("{error:#}")).unwrap_or_default();
        for remark in branding.remarks() {
            tracing::warn!("{remark}");
        }
        Ok(Self {
            own,
            decided,
            sticks: Arc::new(Mounted::below(config.export.folders.clone(), data.to_owned())),
            config,
            branding,
            agenda,
            store,
            opened,
            data: data.to_owned(),
            config_path: config_path.to_owned(),
            opened_ms: clock.wall_ms(),
            errands: Errands::new(Arc::clone(&clock)),
            clock,
            entropy,
            moments: Moments::default(),
            seed,
        })
    }

    /// Where the checks of this device look; [`Sources::look`] is not for the screen's thread.
    #[must_use]
    pub fn status_sources(&self) -> Sources {
        Sources {
            config: self.config.clone(),
            config_path: self.config_path.clone(),
            data: self.data.clone(),
            store: self.store.clone(),
            errands: self.errands.clone(),
            sticks: Arc::clone(&self.sticks),
            opened_ms: self.opened_ms,
            clock: Arc::clone(&self.clock),
        }
    }

    /// Its own file alone.
    pub(crate) fn own_file(&self) -> &OwnFile {
        &self.own
    }

    /// When its database was opened and looked through, by its clock, in milliseconds since 1970.
    #[must_use]
    pub fn opened_ms(&self) -> i64 {
        self.opened_ms
    }

    /// How long a shopper has, and where this is.
    #[must_use]
    pub fn settings(&self) -> Settings {
        Settings {
            touchpoint: self.config.touchpoint.clone(),
            limits: self.config.limits(),
            asks: self.config.asks(),
            hours: self.config.hours.clone(),
            seed: self.seed,
            ..Settings::default()
        }
    }

    /// The parts of a kiosk, with this screen. `wake` has its host call [`crate::kiosk::Kiosk::pump`].
    #[must_use]
    pub fn parts(&self, ui: KioskUi, wake: Wake) -> Parts {
        ui.set_panel(self.config.panel.panel());
        self.branding.put_on(&ui);
        if self.config.reduced_motion {
            ui.reduce_motion();
        }
        Parts {
            settings: self.settings(),
            seal: self.seal(),
            entropy: Arc::clone(&self.entropy),
            presenter: Presenter::new(self.config.clone()),
            agenda: self.agenda.clone(),
            own: self.own.clone(),
            decided: Arc::clone(&self.decided),
            store: self.store.clone(),
            ui,
            stamper: self.stamper(),
            wake,
            moments: self.moments.clone(),
            sources: self.status_sources(),
            pins: Pins::of(&self.data),
            prompts: Prompts::new(&self.config.speech, Arc::clone(&self.clock)),
        }
    }

    /// Seals to head office, where the configuration names its key.
    fn seal(&self) -> Option<Arc<dyn Seal>> {
        let key = self.config.contact_key.clone()?;
        Some(Arc::new(ToHeadOffice { key, entropy: Arc::clone(&self.entropy) }))
    }

    /// What time it is here.
    #[must_use]
    pub fn stamper(&self) -> Stamper {
        Stamper::new(Arc::clone(&self.clock), self.config.time_zone, self.opened.boot)
    }
}
