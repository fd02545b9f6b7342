//! The one window: takes views, gives intents.
//!
//! Invariants: `show` writes a property only when its value differs from the last view's (Slint compares too), and a
//! list row by row, so that what did not change is not drawn again. The pages' state is the last view; nothing is
//! decided here. When a comment, a number or an address leaves the screen, it is wiped from the properties at once.
//!
//! Failure: only creating and running the window can fail. An unknown language falls back to English.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use slint::{ComponentHandle, PlatformError};

use crate::brand::{Brand, Colour, Logo};
use crate::focus::Stops;
use crate::generated::{Brand as BrandGlobal, Fonts, PageKind, Panel as PanelGlobal, Shell, Theme};
use crate::intent::Intent;
use crate::intents::{Intents, Told};
use crate::keyboard::Keyboard;
use crate::panel::Panel;
use crate::spoken::{Keypad, PageWords};
use crate::view::{Look, Page, View};
use crate::{
    asleep, browse, comment, contact, days, device, easier, export, flow, follow_ups, keys, numbers,
    out_of_service, parts, pin, question, rating, reasons, spoken, still_there, thanks, words,
};

/// The kiosk's window. It belongs to the thread that made it.
pub struct KioskUi {
    shell: Shell,
    intents: Intents,
    keypad: Told<Keypad>,
    last: Rc<RefCell<Option<View>>>,
    panel: Cell<Panel>,
    question: question::Rows,
    rating: rating::Rows,
    reasons: reasons::Rows,
    thanks: thanks::Rows,
    keyboard: Keyboard,
    stops: Stops,
}

impl KioskUi {
    /// Makes the window, empty and hidden. [`crate::fonts::install`] must have been called, and a Slint platform set, or
    /// the default one can be opened.
    ///
    /// # Errors
    /// If there is no platform to open a window on: no display and none set.
    pub fn new() -> Result<Self, PlatformError> {
        let shell = Shell::new()?;
        let intents = Intents::new();
        let last = Rc::new(RefCell::new(None));
        let keypad = Told::new();
        let stops = Stops::connect(&shell, &keypad);
        shell.on_key({
            let (intents, last, stops) = (intents.clone(), Rc::clone(&last), stops.clone());
            let keypad = keypad.clone();
            move |text, shift, repeats| {
                // Before what comes of it, so that the page it leads to is known to be a keypad's. A key that something lies on
                // is nobody's.
                if !repeats {
                    keypad.send(Keypad::Struck);
                }
                let view: Option<View> = last.borrow().clone();
                view.is_some_and(|view| keys::press(&view, &text, shift, repeats, &stops, &intents))
            }
        });
        shell.on_key_up({
            let stops = stops.clone();
            move |_| stops.let_go()
        });
        let question = question::Rows::connect(&shell, &intents);
        let rating = rating::Rows::connect(&shell, &intents);
        let reasons = reasons::Rows::connect(&shell, &intents);
        flow::connect(&shell, &intents);
        comment::connect(&shell, &intents);
        contact::connect(&shell, &intents);
        let keyboard = Keyboard::connect(&shell, &intents, &stops);
        easier::connect(&shell, &intents);
        let thanks = thanks::Rows::connect(&shell, &intents);
        still_there::connect(&shell, &intents);
        asleep::connect(&shell, &intents);
        pin::connect(&shell, &intents);
        follow_ups::connect(&shell, &intents);
        device::connect(&shell, &intents);
        browse::connect(&shell, &intents);
        export::connect(&shell, &intents);
        Ok(Self {
            shell,
            intents,
            keypad,
            last,
            panel: Cell::default(),
            question,
            rating,
            reasons,
            thanks,
            keyboard,
            stops,
        })
    }

    /// Shows a view. Only what differs from the last one is drawn again; showing the same view twice draws nothing.
    pub fn show(&self, view: &View) {
        let last = self.last.borrow().clone();
        if last.as_ref() == Some(view) {
            return;
        }
        if last.as_ref().is_none_or(|last| last.look != view.look) {
            self.take_on(&view.look);
        }
        let kind = match &view.page {
            Page::Question(page) => {
                self.question.show(&self.shell, page, &view.look);
                PageKind::Question
            }
            Page::Rating(page) => {
                self.rating.show(&self.shell, page);
                PageKind::Rating
            }
            Page::Reasons(page) => {
                self.reasons.show(&self.shell, page);
                PageKind::Reasons
            }
            Page::Comment(page) => {
                comment::show(&self.shell, page, &view.look.language, &self.keyboard);
                PageKind::Comment
            }
            Page::Contact(page) => {
                contact::show(&self.shell, page, &view.look.language, &self.keyboard);
                PageKind::Contact
            }
            Page::Easier(page) => {
                easier::show(&self.shell, page);
                PageKind::Easier
            }
            Page::Thanks(page) => {
                self.thanks.show(&self.shell, page, last.as_ref(), self.panel.get());
                PageKind::Thanks
            }
            Page::StillThere(page) => {
                still_there::show(&self.shell, page);
                PageKind::StillThere
            }
            Page::Asleep => PageKind::Asleep,
            Page::Pin(page) => {
                pin::show(&self.shell, page);
                PageKind::Pin
            }
            Page::Numbers(page) => {
                numbers::show(&self.shell, page, self.panel.get().words_max());
                PageKind::Numbers
            }
            Page::FollowUps(page) => {
                follow_ups::show(&self.shell, page, self.panel.get().follow_ups_max());
                PageKind::FollowUps
            }
            Page::Act(page) => {
                follow_ups::show_act(&self.shell, page);
                PageKind::Act
            }
            Page::Device(page) => {
                device::show(&self.shell, page);
                PageKind::Device
            }
            Page::Words(page) => {
                words::show(&self.shell, page);
                PageKind::Words
            }
            Page::Parts(page) => {
                parts::show(&self.shell, page);
                PageKind::Parts
            }
            Page::Days(page) => {
                days::show(&self.shell, page);
                PageKind::Days
            }
            Page::Export(page) => {
                export::show(&self.shell, page);
                PageKind::ExportAnswers
            }
            Page::OutOfService(page) => {
                out_of_service::show(&self.shell, page);
                PageKind::OutOfService
            }
        };
        let step = |view: &View| view.page.header().map(|header| header.step);
        if self.shell.get_page() != kind || last.as_ref().map(step) != Some(step(view)) {
            self.stops.hide();
        }
        self.shell.set_page(kind);
        if kind != PageKind::Comment {
            comment::wipe(&self.shell);
        }
        if kind != PageKind::Contact {
            contact::wipe(&self.shell);
        }
        if !matches!(kind, PageKind::Comment | PageKind::Contact) {
            self.keyboard.leave();
        }
        if last.is_some_and(|last| last.look.language != view.look.language) {
            // Its key stands otherwise for every language; that is no news beside the page in another one.
            self.stops.say_nothing_of_it();
        }
        self.stops.look_again();
        *self.last.borrow_mut() = Some(view.clone());
    }

    /// Lays the pages out for this panel; without a call they are laid out for the wide one. The host makes its window that
    /// large.
    pub fn set_panel(&self, panel: Panel) {
        self.panel.set(panel);
        self.shell.global::<PanelGlobal<'_>>().set_kind(panel.kind());
        // A code is drawn for one panel; it is made anew.
        let last = self.last.borrow_mut().take();
        if let Some(view) = last {
            self.show(&view);
        }
    }

    /// Takes on a retailer's colour. The high-contrast look stays as it is, and so do the faces.
    pub fn set_brand(&self, brand: &Brand) {
        let theme = self.shell.global::<Theme<'_>>();
        theme.set_brand_accent(colour(brand.accent));
        theme.set_brand_accent_deep(colour(brand.accent_deep));
        theme.set_brand_accent_tint(colour(brand.accent_tint));
        theme.set_brand_on_accent(colour(brand.on_accent));
        theme.set_brand_line(colour(brand.outline.unwrap_or(brand.accent)));
        theme.set_brand_lip(colour(brand.outline.unwrap_or(brand.accent_deep)));
        theme.set_brand_link(colour(brand.link));
        theme.set_brand_link_underlined(brand.link_underlined);
    }

    /// Lets pages settle, keys sink and the strip rise. Without a call nothing moves, as in a picture.
    pub fn let_move(&self) {
        self.shell.global::<PanelGlobal<'_>>().set_may_move(true);
    }

    /// For who gets dizzy: nothing moves, even if it may, and rings are numbers of seconds.
    pub fn reduce_motion(&self) {
        self.shell.global::<PanelGlobal<'_>>().set_reduced_motion(true);
    }

    /// Draws the pages that stand for hours so many pixels to the right of and below their place: a few, against burn-in.
    pub fn shift(&self, (right_px, down_px): (i8, i8)) {
        let panel = self.shell.global::<PanelGlobal<'_>>();
        panel.set_shift_x(f32::from(right_px));
        panel.set_shift_y(f32::from(down_px));
    }

    /// Takes the ring of a keypad away, as when whoever had it has gone.
    pub fn hide_ring(&self) {
        self.stops.hide();
    }

    /// Shows a retailer's logo in the place of the sign.
    pub fn set_logo(&self, logo: &Logo) {
        let brand = self.shell.global::<BrandGlobal<'_>>();
        brand.set_logo(logo.image());
        brand.set_logo_in_white(logo.in_white());
        brand.set_on_tile(logo.needs_tile());
        brand.set_has_logo(true);
    }

    fn take_on(&self, look: &Look) {
        self.shell.global::<Theme<'_>>().set_high_contrast(look.high_contrast);
        self.shell.global::<Fonts<'_>>().set_bigger(look.bigger_words);
        let panel = self.shell.global::<PanelGlobal<'_>>();
        panel.set_reach(look.reach);
        panel.set_right_to_left(runs_from_right(&look.language));
        select_language(&look.language);
    }

    /// Sets who receives the intents, in place of whoever did before. The receiver may call [`KioskUi::show`] (through a
    /// shared pointer), but must not call `on_intent`.
    pub fn on_intent(&self, receiver: impl FnMut(Intent) + 'static) {
        self.intents.go_to(receiver);
    }

    /// Sets who is told of the keypad, in place of whoever was before. The same holds as for [`Self::on_intent`].
    pub fn on_keypad(&self, receiver: impl FnMut(Keypad) + 'static) {
        self.keypad.go_to(receiver);
    }

    /// What there is to say of the page shown; nothing before the first one.
    pub fn page_words(&self) -> PageWords {
        self.last.borrow().as_ref().map(|view| spoken::page(&self.shell, &view.page)).unwrap_or_default()
    }

    /// The Slint window, for a host that feeds it touches and draws it.
    pub fn window(&self) -> &slint::Window {
        self.shell.window()
    }

    /// Puts the window on the screen without waiting.
    ///
    /// # Errors
    /// If the platform cannot show it.
    pub fn open(&self) -> Result<(), PlatformError> {
        self.shell.show()
    }

    /// Takes the window off the screen.
    ///
    /// # Errors
    /// If the platform cannot hide it.
    pub fn close(&self) -> Result<(), PlatformError> {
        self.shell.hide()
    }

    /// Opens the window and returns when it has been closed or [`KioskUi::quit`] was called.
    ///
    /// # Errors
    /// If the platform has no event loop, such as a simulated panel, or cannot show the window.
    pub fn run(&self) -> Result<(), PlatformError> {
        self.shell.run()
    }

    /// Ends [`KioskUi::run`], from any thread. Without an event loop there is nothing to end, and nothing happens.
    pub fn quit() {
        // The only error is "no event loop", which is what the caller wants.
        let _ = slint::quit_event_loop();
    }

    /// Where the ring of a keypad is, in pixels: left, top, width and height of the key it is around. For tests.
    #[doc(hidden)]
    pub fn ring(&self) -> Option<[f32; 4]> {
        self.stops.ring()
    }

    /// The component itself, for tests that look for keys by their spoken labels.
    #[doc(hidden)]
    pub fn component(&self) -> &(impl ComponentHandle + use<>) {
        &self.shell
    }
}

fn colour(Colour(rgb): Colour) -> slint::Color {
    slint::Color::from_rgb_u8(rgb.red, rgb.green, rgb.blue)
}

/// Whether a language is written from right to left.
pub(crate) fn runs_from_right(tag: &str) -> bool {
    matches!(tag.split('-').next(), Some("ar" | "fa" | "he" | "ur"))
}

/// Selects the bundled words for a BCP 47 tag: the whole tag, else its language, else English.
fn select_language(tag: &str) {
    let language = tag.split('-').next().unwrap_or_default();
    let found =
        slint::select_bundled_translation(tag).or_else(|_| slint::select_bundled_translation(language));
    if found.is_err() {
        // English is the language of the source and always there; without any bundle it is shown anyway.
        let _ = slint::select_bundled_translation("en");
    }
}

#[cfg(test)]
mod contrast;

#[cfg(test)]
mod tests {
    use slint::ComponentHandle;

    use super::KioskUi;
    use crate::generated::{CommentAdapter, ContactAdapter};
    use crate::{fonts, preview};

    #[test]
    fn nothing_typed_stays_in_the_window_when_its_page_leaves_it() {
        fonts::install(&fonts::test_directory()).unwrap();
        i_slint_backend_testing::init_no_event_loop();
        let ui = KioskUi::new().unwrap();
        let pages = preview::pages();
        let page = |name| &pages.iter().find(|(stem, _)| *stem == name).unwrap().1;
        let typed = || ui.shell.global::<CommentAdapter<'_>>().get_text();

        ui.show(page("kiosk-07-comment"));
        assert!(typed().contains("twenty minutes"));
        ui.show(page("kiosk-17-still-there"));
        assert_eq!(typed(), "");
        assert!(!format!("{:?}", ui.last.borrow()).contains("twenty minutes"));

        let number = || ui.shell.global::<ContactAdapter<'_>>().get_text();
        ui.show(page("kiosk-08-contact"));
        assert_eq!(number(), "07700 900 142");
        ui.show(page("kiosk-07-comment"));
        assert_eq!(number(), "");
        assert!(!format!("{:?}", ui.last.borrow()).contains("07700"));
    }
}
