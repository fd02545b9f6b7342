//! A whole device on the simulated panel: the kiosk's own program, a finger, and a clock that is moved by hand.
//!
//! Time passes only in [`Stage::wait`]; the store's thread is real, so after each act the stage waits until the
//! store has answered what it was asked. The same shoppers therefore leave the same responses, however fast the
//! machine is.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use afterword_kiosk::device::Device;
use afterword_kiosk::kiosk::Kiosk;
use afterword_kiosk_store::Store;
use afterword_model::ports::{Clock, ManualClock};
use afterword_ui::view::{Page, StripNote};
use afterword_ui::{KioskUi, View};
use anyhow::{Result, bail};

use crate::panel::Panel;
use crate::shopper::{Act, Shopper};
use crate::stick::Slot;

/// A disk that has not committed within this time is broken; a script should end then, not hang.
const STORE_TIMEOUT: Duration = Duration::from_secs(30);

/// The longest that anything of a session lasts is the warning after the time limit; after this nobody's trace is left.
const UNTIL_IDLE_MS: u64 = 90_000;

/// How long the panel stands empty between looks at whether it rests, in milliseconds.
const AFTER_ME_MS: u64 = 1_000;

/// The device; see the module.
pub struct Stage {
    panel: Panel,
    kiosk: Rc<RefCell<Kiosk>>,
    store: Store,
    clock: Arc<ManualClock>,
    woken: Receiver<()>,
    pictures: Option<PathBuf>,
    drawn: BTreeMap<&'static str, PathBuf>,
    thanked: u64,
    slot: Option<Slot>,
}

impl Stage {
    /// Puts a device on the panel. `clock` must be the one the device was opened with. With `pictures`, the first
    /// sight of each page is kept there as PNG.
    ///
    /// # Errors
    /// When the panel cannot be set up: fonts must be laid out before, and the platform of a process can be set only once.
    pub fn new(device: &Device, clock: Arc<ManualClock>, pictures: Option<PathBuf>) -> Result<Self> {
        let (width, height) = device.config.panel.panel().pixels();
        let panel = Panel::install(width, height)?;
        let (wake, woken) = channel();
        let wake = Arc::new(move || {
            // The stage is gone only when the program ends.
            let _ = wake.send(());
        });
        let kiosk = Kiosk::start(device.parts(KioskUi::new()?, wake));
        kiosk.borrow().ui().open()?;
        let store = device.store.clone();
        let mut stage = Self {
            panel,
            kiosk,
            store,
            clock,
            woken,
            pictures,
            drawn: BTreeMap::new(),
            thanked: 0,
            slot: None,
        };
        stage.settle()?;
        Ok(stage)
    }

    /// The same with the slot for sticks that the device was given.
    #[must_use]
    pub fn with_slot(self, slot: Slot) -> Self {
        Self { slot: Some(slot), ..self }
    }

    /// The slot for sticks, where the device has one.
    #[must_use]
    pub fn slot(&self) -> Option<&Slot> {
        self.slot.as_ref()
    }

    /// Lets one shopper do what they came for, and everything run down after them.
    ///
    /// # Errors
    /// When the store stops answering, or a picture cannot be written.
    pub fn serve(&mut self, shopper: &Shopper) -> Result<()> {
        for act in &shopper.acts {
            match *act {
                Act::Tap(spot) => self.touch(|panel| panel.tap(f32::from(spot.x), f32::from(spot.y)))?,
                Act::Wait(wait_ms) => self.wait(wait_ms)?,
            }
        }
        // Their traces last as long as the session lets them; then the next one may come.
        let gone_ms = self.clock.monotonic_ms() + UNTIL_IDLE_MS;
        while !self.kiosk.borrow().is_undisturbed() && self.clock.monotonic_ms() < gone_ms {
            self.wait(AFTER_ME_MS)?;
        }
        Ok(())
    }

    /// Lets a hand do something to the panel, and waits until the store has answered whatever came of it.
    ///
    /// # Errors
    /// As [`Self::serve`].
    pub fn touch(&mut self, hand: impl FnOnce(&Panel)) -> Result<()> {
        hand(&self.panel);
        self.settle()
    }

    /// Lets time pass, stopping at every moment at which the kiosk has something to do.
    ///
    /// # Errors
    /// As [`Self::serve`].
    pub fn wait(&mut self, wait_ms: u64) -> Result<()> {
        let end_ms = self.clock.monotonic_ms() + wait_ms;
        loop {
            let now_ms = self.clock.monotonic_ms();
            let due_ms = self.kiosk.borrow().next_wake_ms().filter(|&due_ms| due_ms <= end_ms);
            let step_ms = due_ms.unwrap_or(end_ms).saturating_sub(now_ms);
            self.clock.advance_ms(step_ms);
            self.panel.advance(Duration::from_millis(step_ms));
            self.settle()?;
            if due_ms.is_none() {
                return Ok(());
            }
        }
    }

    /// How many thanks the panel has shown. Every one of them is a promise.
    #[must_use]
    pub fn thanked(&self) -> u64 {
        self.thanked
    }

    /// Whether nobody is there, and nothing on the screen is of anybody who was.
    #[must_use]
    pub fn is_undisturbed(&self) -> bool {
        self.kiosk.borrow().is_undisturbed()
    }

    /// The screen.
    #[must_use]
    pub fn ui(&self) -> Rc<KioskUi> {
        self.kiosk.borrow().ui()
    }

    /// Width and height of the panel in pixels.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        self.panel.size()
    }

    /// Writes what the panel shows to a PNG file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save_png(&self, path: &std::path::Path) -> Result<()> {
        self.panel.save_png(path)
    }

    /// The pictures written so far, by page.
    #[must_use]
    pub fn pictures(&self) -> &BTreeMap<&'static str, PathBuf> {
        &self.drawn
    }

    /// The device's database.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Pumps until the store has answered everything it was asked, then draws.
    fn settle(&mut self) -> Result<()> {
        loop {
            let before = self.page();
            self.kiosk.borrow_mut().pump();
            if self.page() == "thanks" && before != "thanks" {
                self.thanked += 1;
            }
            if self.kiosk.borrow().is_settled() {
                break;
            }
            if self.woken.recv_timeout(STORE_TIMEOUT).is_err() {
                bail!(
                    "the kiosk's database has not answered for {} s; is the disk full or gone?",
                    STORE_TIMEOUT.as_secs()
                );
            }
        }
        self.panel.draw();
        self.keep_picture()
    }

    /// The page on the panel, by name.
    #[must_use]
    pub fn page(&self) -> &'static str {
        match self.kiosk.borrow().view().map(|view| &view.page) {
            Some(Page::Question(question)) if question.scale.chosen.is_some() => "question-chosen",
            Some(Page::Question(_)) | None => "question",
            Some(Page::Rating(_)) => "rating",
            Some(Page::Reasons(_)) => "reasons",
            Some(Page::Comment(_)) => "comment",
            Some(Page::Contact(_)) => "contact",
            Some(Page::Easier(_)) => "easier",
            Some(Page::Thanks(_)) => "thanks",
            Some(Page::StillThere(_)) => "still-there",
            Some(Page::OutOfService(_)) => "out-of-service",
            Some(Page::Asleep) => "asleep",
            Some(Page::Pin(_)) => "pin",
            Some(Page::Numbers(_)) => "numbers",
            Some(Page::FollowUps(_)) => "follow-ups",
            Some(Page::Act(_)) => "act",
            Some(Page::Device(_)) => "device",
            Some(Page::Words(_)) => "words",
            Some(Page::Parts(_)) => "parts",
            Some(Page::Days(_)) => "days",
            Some(Page::Export(_)) => "export",
        }
    }

    /// What is on the panel.
    #[must_use]
    pub fn view(&self) -> Option<View> {
        self.kiosk.borrow().view().cloned()
    }

    /// What stands on the strip at the foot of the question; `None` where the strip is empty or the page has none.
    #[must_use]
    pub fn strip(&self) -> Option<StripNote> {
        match self.kiosk.borrow().view().map(|view| &view.page) {
            Some(Page::Question(question)) => question.strip.clone(),
            _ => None,
        }
    }

    /// The three words on the thanks page; `None` where nobody is given any.
    #[must_use]
    pub fn follow_up_words(&self) -> Option<String> {
        match self.kiosk.borrow().view().map(|view| &view.page) {
            Some(Page::Thanks(thanks)) => thanks.follow_up.as_ref().map(|code| code.words.clone()),
            _ => None,
        }
    }

    fn keep_picture(&mut self) -> Result<()> {
        let page = self.page();
        if let Some(folder) = self.pictures.as_ref().filter(|_| !self.drawn.contains_key(page)) {
            let path = folder.join(format!("{page}.png"));
            self.panel.save_png(&path)?;
            self.drawn.insert(page, path);
        }
        Ok(())
    }
}
