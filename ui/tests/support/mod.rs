//! A screen without a display, for this crate's tests and examples.
//!
//! It draws into a buffer, its clock stands still until it is moved, and it belongs to the thread that made it: Slint
//! takes one platform a thread. Failure: it panics, as a test should.
#![allow(dead_code, reason = "each test target uses its own part of this")]

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use afterword_ui::spoken::Keypad;
use afterword_ui::{Intent, KioskUi, Panel, View, fonts, preview};
use i_slint_backend_testing::{AccessibleRole, ElementHandle};
use slint::platform::software_renderer::{MinimalSoftwareWindow, PhysicalRegion, RepaintBufferType};
use slint::platform::{Platform, PlatformError, PointerEventButton, WindowAdapter, WindowEvent};
use slint::{LogicalPosition, PhysicalSize, Rgb8Pixel};

/// A view of the preview, by the name of its picture.
pub(crate) fn view(name: &str) -> View {
    preview::pages().into_iter().find(|(stem, _)| *stem == name).expect("the preview has this page").1
}

/// Whether this is something to press.
pub(crate) fn is_key(element: &ElementHandle) -> bool {
    matches!(
        element.accessible_role(),
        Some(
            AccessibleRole::Button
                | AccessibleRole::Checkbox
                | AccessibleRole::RadioButton
                | AccessibleRole::Switch
                | AccessibleRole::Tab
        )
    )
}

/// Whether this is something to write in.
pub(crate) fn is_field(element: &ElementHandle) -> bool {
    element.accessible_role() == Some(AccessibleRole::TextInput)
}

struct Desk {
    window: Rc<MinimalSoftwareWindow>,
    now: Rc<Cell<Duration>>,
}

impl Platform for Desk {
    fn create_window_adapter(&self) -> Result<Rc<dyn WindowAdapter>, PlatformError> {
        Ok(self.window.clone())
    }

    fn duration_since_start(&self) -> Duration {
        self.now.get()
    }
}

/// The kiosk's window on a buffer, and the intents it has sent.
pub(crate) struct Screen {
    pub(crate) ui: KioskUi,
    window: Rc<MinimalSoftwareWindow>,
    now: Rc<Cell<Duration>>,
    panel: Cell<Panel>,
    pixels: RefCell<Vec<Rgb8Pixel>>,
    intents: Rc<RefCell<Vec<Intent>>>,
    keypad: Rc<RefCell<Vec<Keypad>>>,
}

impl Screen {
    /// A screen that shows `view`, with the fonts laid out in `font_dir`.
    pub(crate) fn showing(view: &View, font_dir: &Path) -> Self {
        fonts::install(font_dir).expect("the fonts can be laid out");
        let window = MinimalSoftwareWindow::new(RepaintBufferType::ReusedBuffer);
        let now = Rc::new(Cell::new(Duration::ZERO));
        slint::platform::set_platform(Box::new(Desk { window: window.clone(), now: now.clone() }))
            .expect("one screen a thread");
        let ui = KioskUi::new().expect("the platform is set");
        let intents = Rc::new(RefCell::new(Vec::new()));
        ui.on_intent({
            let intents = intents.clone();
            move |intent| intents.borrow_mut().push(intent)
        });
        let keypad = Rc::new(RefCell::new(Vec::new()));
        ui.on_keypad({
            let keypad = keypad.clone();
            move |told| keypad.borrow_mut().push(told)
        });
        ui.show(view);
        ui.open().expect("the desk has room for a window");
        let (panel, pixels) = (Cell::default(), RefCell::default());
        let screen = Self { ui, window, now, panel, pixels, intents, keypad };
        screen.fit(Panel::Wide);
        screen.draw();
        screen
    }

    /// Becomes another panel; what is on it then is shown with the next view.
    pub(crate) fn fit(&self, panel: Panel) {
        let (width, height) = panel.pixels();
        if self.panel.replace(panel) == panel && !self.pixels.borrow().is_empty() {
            return;
        }
        self.ui.set_panel(panel);
        self.window.set_size(PhysicalSize::new(width, height));
        *self.pixels.borrow_mut() = vec![Rgb8Pixel::default(); (width * height) as usize];
    }

    /// Draws what has changed and returns it, as left, top, right and bottom of each rectangle, in pixels.
    pub(crate) fn draw(&self) -> Vec<[i32; 4]> {
        slint::platform::update_timers_and_animations();
        let mut region = PhysicalRegion::default();
        self.window.draw_if_needed(|renderer| {
            region = renderer.render(&mut self.pixels.borrow_mut(), self.panel.get().pixels().0 as usize);
        });
        let sides = |(origin, size): (slint::PhysicalPosition, PhysicalSize)| {
            [origin.x, origin.y, origin.x + size.width as i32, origin.y + size.height as i32]
        };
        region.iter().map(sides).filter(|[left, top, right, bottom]| left < right && top < bottom).collect()
    }

    /// Lets time pass, ten milliseconds at a go, as a screen would see it.
    pub(crate) fn advance(&self, duration: Duration) {
        let end = self.now.get() + duration;
        while self.now.get() < end {
            self.now.set(end.min(self.now.get() + Duration::from_millis(10)));
            slint::platform::update_timers_and_animations();
        }
    }

    pub(crate) fn press(&self, x: f32, y: f32) {
        let position = LogicalPosition::new(x, y);
        self.window.dispatch_event(WindowEvent::PointerMoved { position });
        self.window
            .dispatch_event(WindowEvent::PointerPressed { position, button: PointerEventButton::Left });
    }

    pub(crate) fn slide(&self, x: f32, y: f32) {
        self.window.dispatch_event(WindowEvent::PointerMoved { position: LogicalPosition::new(x, y) });
    }

    pub(crate) fn release(&self, x: f32, y: f32) {
        let position = LogicalPosition::new(x, y);
        self.window
            .dispatch_event(WindowEvent::PointerReleased { position, button: PointerEventButton::Left });
        self.window.dispatch_event(WindowEvent::PointerExited);
    }

    pub(crate) fn tap(&self, x: f32, y: f32) {
        self.press(x, y);
        self.advance(Duration::from_millis(80));
        self.release(x, y);
    }

    /// A key of a physical keyboard.
    pub(crate) fn key(&self, text: &str) {
        self.window.dispatch_event(WindowEvent::KeyPressed { text: text.into() });
        self.window.dispatch_event(WindowEvent::KeyReleased { text: text.into() });
    }

    /// The same key, held down.
    pub(crate) fn repeat(&self, text: &str) {
        self.window.dispatch_event(WindowEvent::KeyPressRepeated { text: text.into() });
    }

    /// The intents since the last call.
    pub(crate) fn intents(&self) -> Vec<Intent> {
        self.intents.take()
    }

    /// What was told of the keypad since the last call.
    pub(crate) fn keypad(&self) -> Vec<Keypad> {
        self.keypad.take()
    }

    /// What there was to say of keys since the last call.
    pub(crate) fn said(&self) -> Vec<String> {
        let said = |told| if let Keypad::Ring(said) = told { Some(said) } else { None };
        self.keypad().into_iter().filter_map(said).collect()
    }

    /// The colour at a pixel.
    pub(crate) fn pixel(&self, x: u32, y: u32) -> (u8, u8, u8) {
        let pixel = self.pixels.borrow()[(y * self.panel.get().pixels().0 + x) as usize];
        (pixel.r, pixel.g, pixel.b)
    }

    /// The rows of pixels between two heights, as last drawn.
    pub(crate) fn pixels_between(&self, top: usize, bottom: usize) -> Vec<Rgb8Pixel> {
        let width = self.panel.get().pixels().0 as usize;
        self.pixels.borrow()[top * width..bottom * width].to_vec()
    }

    /// Writes what is on the screen to a PNG file.
    pub(crate) fn save(&self, path: &Path) {
        let bytes: Vec<u8> =
            self.pixels.borrow().iter().flat_map(|pixel| [pixel.r, pixel.g, pixel.b]).collect();
        let (width, height) = self.panel.get().pixels();
        image::RgbImage::from_raw(width, height, bytes)
            .expect("a pixel is three bytes")
            .save(path)
            .expect("the picture can be written");
    }
}
