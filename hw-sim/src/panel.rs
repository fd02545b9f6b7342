//! The simulated panel: glass without a display, a finger, and a clock that stands still until it is moved.
//!
//! Slint draws into memory with its software renderer, as on a device, and what changed goes on to a simulated display
//! of embedded-graphics, from which pictures are taken. No display, no SDL and no system font is needed, only
//! [`afterword_ui::fonts::install`] before.
//!
//! Invariants: the panel's time is what [`Panel::advance`] has added up, so the same touches at the same times give the
//! same pictures. A slice of time passes only between two looks at timers, so nothing is skipped while a key is held.
//!
//! One panel a thread: Slint takes one platform a thread for good, and everything of it stays on that thread. A second
//! [`Panel::install`] on the same thread is an error, never a second panel. A panel has one window; the last one opened
//! is shown.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{Point, Size};
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::primitives::Rectangle;
use embedded_graphics_simulator::SimulatorDisplay;
use image::RgbImage;
use slint::platform::software_renderer::{MinimalSoftwareWindow, PhysicalRegion, RepaintBufferType};
use slint::platform::{
    Platform, PlatformError, PointerEventButton, WindowAdapter, WindowEvent, set_platform,
};
use slint::{LogicalPosition, PhysicalSize, Rgb8Pixel};

use crate::picture;

/// How long a finger rests on a key: a short tap of a person, long enough to see the key go down.
const TAP: Duration = Duration::from_millis(80);

/// The longest slice of time that passes at once while a finger is down: a frame at 60 Hz.
const FRAME: Duration = Duration::from_millis(16);

/// Larger than any panel we know; two buffers of this size are 200 MiB.
const LARGEST_SIDE_PX: u32 = 8192;

/// The platform Slint sees: our window, and our time.
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

/// What one [`Panel::draw`] has repainted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DrawnRegion {
    /// The repainted rectangles, in pixels; at most three. They do not overlap.
    pub rectangles: Vec<Rectangle>,
}

impl DrawnRegion {
    /// How many pixels were repainted.
    pub fn area_px(&self) -> u64 {
        self.rectangles.iter().map(|part| u64::from(part.size.width) * u64::from(part.size.height)).sum()
    }

    /// Whether nothing had changed.
    pub fn is_empty(&self) -> bool {
        self.rectangles.is_empty()
    }
}

/// The panel; see the module.
pub struct Panel {
    window: Rc<MinimalSoftwareWindow>,
    now: Rc<Cell<Duration>>,
    size_px: Cell<(u32, u32)>,
    finger_down: Cell<bool>,
    frame: RefCell<Vec<Rgb8Pixel>>,
    display: RefCell<SimulatorDisplay<Rgb888>>,
}

impl Panel {
    /// Makes this thread's panel and gives it to Slint. Windows made afterwards on this thread, such as
    /// [`afterword_ui::KioskUi`]'s, are the panel's.
    ///
    /// # Errors
    /// If a side is 0 or beyond 8192 pixels, or this thread has a Slint platform already.
    pub fn install(width_px: u32, height_px: u32) -> Result<Self> {
        ensure!(
            (1..=LARGEST_SIDE_PX).contains(&width_px) && (1..=LARGEST_SIDE_PX).contains(&height_px),
            "no panel of {width_px} × {height_px} pixels can be simulated; each side must be 1 to {LARGEST_SIDE_PX}"
        );
        let window = MinimalSoftwareWindow::new(RepaintBufferType::ReusedBuffer);
        let now = Rc::new(Cell::new(Duration::ZERO));
        set_platform(Box::new(Desk { window: window.clone(), now: now.clone() }))
            .context("this thread has a screen already; make one panel a thread, before any window")?;
        let panel = Self {
            window,
            now,
            size_px: Cell::default(),
            finger_down: Cell::new(false),
            frame: RefCell::default(),
            display: RefCell::new(SimulatorDisplay::new(Size::zero())),
        };
        panel.resize(width_px, height_px);
        Ok(panel)
    }

    /// Becomes a panel of another size, dark until it is drawn on again. Of its own size it stays as it is.
    pub fn resize(&self, width_px: u32, height_px: u32) {
        if self.size_px.replace((width_px, height_px)) == (width_px, height_px) {
            return;
        }
        self.window.set_size(PhysicalSize::new(width_px, height_px));
        *self.frame.borrow_mut() = vec![Rgb8Pixel::default(); width_px as usize * height_px as usize];
        *self.display.borrow_mut() = SimulatorDisplay::new(Size::new(width_px, height_px));
    }

    /// Draws what has changed since the last time, and says where.
    pub fn draw(&self) -> DrawnRegion {
        slint::platform::update_timers_and_animations();
        let mut region = PhysicalRegion::default();
        let mut frame = self.frame.borrow_mut();
        self.window.draw_if_needed(|renderer| {
            region = renderer.render(&mut frame, self.size_px.get().0 as usize);
        });
        let rectangles: Vec<Rectangle> = region
            .iter()
            .map(|(origin, size)| {
                Rectangle::new(Point::new(origin.x, origin.y), Size::new(size.width, size.height))
            })
            .filter(|part| !part.is_zero_sized())
            .collect();
        for part in &rectangles {
            self.light(&frame, part);
        }
        DrawnRegion { rectangles }
    }

    /// Sends one rectangle of the frame to the display, as a driver would.
    fn light(&self, frame: &[Rgb8Pixel], part: &Rectangle) {
        let columns = part.columns().start as usize..part.columns().end as usize;
        let colours = part.rows().flat_map(|row| {
            let start = row as usize * self.size_px.get().0 as usize;
            frame[start + columns.start..start + columns.end]
                .iter()
                .map(|pixel| Rgb888::new(pixel.r, pixel.g, pixel.b))
        });
        match self.display.borrow_mut().fill_contiguous(part, colours) {
            Ok(()) => {}
            Err(never) => match never {},
        }
    }

    /// Puts the finger down. Places are in pixels from the top left corner.
    pub fn press(&self, x_px: f32, y_px: f32) {
        let position = LogicalPosition::new(x_px, y_px);
        self.finger_down.set(true);
        self.window.dispatch_event(WindowEvent::PointerMoved { position });
        self.window
            .dispatch_event(WindowEvent::PointerPressed { position, button: PointerEventButton::Left });
    }

    /// Moves the finger over the glass.
    pub fn slide(&self, x_px: f32, y_px: f32) {
        self.window.dispatch_event(WindowEvent::PointerMoved { position: LogicalPosition::new(x_px, y_px) });
    }

    /// Lifts the finger.
    pub fn release(&self, x_px: f32, y_px: f32) {
        let position = LogicalPosition::new(x_px, y_px);
        self.window
            .dispatch_event(WindowEvent::PointerReleased { position, button: PointerEventButton::Left });
        self.window.dispatch_event(WindowEvent::PointerExited);
        self.finger_down.set(false);
    }

    /// Taps: press, see the key go down, release 80 ms later.
    pub fn tap(&self, x_px: f32, y_px: f32) {
        self.press(x_px, y_px);
        self.draw();
        self.advance(TAP);
        self.release(x_px, y_px);
    }

    /// Strikes a key of a physical keyboard: the text it writes, such as `a` or `\u{8}` for backspace.
    pub fn strike(&self, text: &str) {
        self.window.dispatch_event(WindowEvent::KeyPressed { text: text.into() });
        self.window.dispatch_event(WindowEvent::KeyReleased { text: text.into() });
    }

    /// Lets time pass on the panel. While a finger is down it passes frame by frame, so that a held key repeats.
    pub fn advance(&self, duration: Duration) {
        let end = self.now.get() + duration;
        while self.now.get() < end {
            let next = if self.finger_down.get() { end.min(self.now.get() + FRAME) } else { end };
            self.now.set(next);
            slint::platform::update_timers_and_animations();
        }
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (u32, u32) {
        let size = self.window.size();
        (size.width, size.height)
    }

    /// How much time has passed on the panel since it was made.
    pub fn now(&self) -> Duration {
        self.now.get()
    }

    /// What the display shows: what was last drawn.
    pub fn picture(&self) -> RgbImage {
        picture::of(&self.display.borrow())
    }

    /// Writes what the display shows to a PNG file. It shows what was last drawn.
    ///
    /// # Errors
    /// If the file cannot be written; the message names it.
    pub fn save_png(&self, path: &Path) -> Result<()> {
        picture::save(&self.picture(), path)
    }
}

#[cfg(test)]
mod tests;
