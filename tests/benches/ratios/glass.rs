//! A screen that is nothing but Slint's renderer and a buffer in memory: what a picture costs before any driver.
//!
//! `afterword_sim::panel` also copies each picture to a simulated display, from which files are made. That copy takes
//! nearly as long as drawing does and would hide part of any difference, so it is left out here, on both sides.
//!
//! One glass a thread, as with any platform of Slint. Time stands still until [`Glass::advance`].

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use afterword_ui::Panel;
use anyhow::{Context, Result};
use slint::platform::software_renderer::{MinimalSoftwareWindow, RepaintBufferType};
use slint::platform::{
    Platform, PlatformError, PointerEventButton, WindowAdapter, WindowEvent, set_platform,
};
use slint::{LogicalPosition, PhysicalSize, Rgb8Pixel};

/// What Slint sees: our window, and our time.
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

/// The screen; see the module.
pub(crate) struct Glass {
    window: Rc<MinimalSoftwareWindow>,
    now: Rc<Cell<Duration>>,
    frame: RefCell<Vec<Rgb8Pixel>>,
}

impl Glass {
    /// Makes this thread's screen; windows made afterwards on this thread are shown on it.
    pub(crate) fn install() -> Result<Self> {
        let window = MinimalSoftwareWindow::new(RepaintBufferType::ReusedBuffer);
        let now = Rc::new(Cell::new(Duration::ZERO));
        set_platform(Box::new(Desk { window: window.clone(), now: now.clone() }))
            .context("this thread has a screen already")?;
        let (width, height) = Panel::Wide.pixels();
        window.set_size(PhysicalSize::new(width, height));
        let frame = RefCell::new(vec![Rgb8Pixel::default(); width as usize * height as usize]);
        Ok(Self { window, now, frame })
    }

    /// Draws what has changed into the buffer. Whether anything had.
    pub(crate) fn draw(&self) -> bool {
        slint::platform::update_timers_and_animations();
        self.window.draw_if_needed(|renderer| {
            renderer.render(&mut self.frame.borrow_mut(), Panel::Wide.pixels().0 as usize);
        })
    }

    /// The same; gives how many pixels were drawn.
    pub(crate) fn drawn_px(&self) -> f64 {
        slint::platform::update_timers_and_animations();
        let mut drawn_px = 0.0;
        self.window.draw_if_needed(|renderer| {
            let region = renderer.render(&mut self.frame.borrow_mut(), Panel::Wide.pixels().0 as usize);
            drawn_px = region.iter().map(|(_, size)| f64::from(size.width) * f64::from(size.height)).sum();
        });
        drawn_px
    }

    /// Puts the finger down, in pixels from the top left corner.
    pub(crate) fn press(&self, x_px: f32, y_px: f32) {
        let position = LogicalPosition::new(x_px, y_px);
        self.window.dispatch_event(WindowEvent::PointerMoved { position });
        self.window
            .dispatch_event(WindowEvent::PointerPressed { position, button: PointerEventButton::Left });
    }

    /// Lifts it.
    pub(crate) fn release(&self, x_px: f32, y_px: f32) {
        let position = LogicalPosition::new(x_px, y_px);
        self.window
            .dispatch_event(WindowEvent::PointerReleased { position, button: PointerEventButton::Left });
        self.window.dispatch_event(WindowEvent::PointerExited);
    }

    /// Lets time pass.
    pub(crate) fn advance(&self, duration: Duration) {
        self.now.set(self.now.get() + duration);
        slint::platform::update_timers_and_animations();
    }
}
