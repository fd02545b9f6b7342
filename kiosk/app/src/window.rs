//! The kiosk in a window (winit), for desks and for devices with a desktop.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use afterword_ui::KioskUi;
use anyhow::{Context, Result};
use signal_hook::consts::{SIGINT, SIGTERM};
use slint::{Timer, TimerMode};

use crate::kiosk::{Kiosk, Parts, Wake};
use crate::stamp::Stamper;

thread_local! {
    /// The kiosk of this thread's event loop, for closures that come from other threads and may hold nothing of it.
    static RUNNING: RefCell<Option<Host>> = const { RefCell::new(None) };
}

#[derive(Clone)]
struct Host {
    kiosk: Rc<RefCell<Kiosk>>,
    timer: Rc<Timer>,
    stamper: Stamper,
}

/// Whether there is a display to open a window on.
#[must_use]
pub fn has_display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// How a store's answer reaches the kiosk on the event loop's thread.
#[must_use]
pub fn wake() -> Wake {
    Arc::new(|| {
        // No event loop any more means that the window is closed; the store has the answer all the same.
        let _ = slint::invoke_from_event_loop(pump);
    })
}

/// Runs the kiosk until its window is closed or the program is told to end (SIGTERM, SIGINT).
///
/// # Errors
/// When no window can be opened.
pub fn run(parts: Parts) -> Result<()> {
    let stamper = parts.stamper.clone();
    parts.ui.let_move();
    let kiosk = Kiosk::start(parts);
    let host = Host { kiosk: Rc::clone(&kiosk), timer: Rc::new(Timer::default()), stamper };
    RUNNING.with_borrow_mut(|running| *running = Some(host));
    end_on_signal()?;
    // A kiosk at rest may have something to do by itself.
    pump();
    let ui = kiosk.borrow().ui();
    let ended = ui.run().context("cannot open a window; check DISPLAY or WAYLAND_DISPLAY");
    RUNNING.with_borrow_mut(|running| *running = None);
    ended
}

/// Lets the kiosk take what has come and sets the timer for what comes next.
fn pump() {
    let Some(host) = RUNNING.with_borrow(Clone::clone) else { return };
    host.kiosk.borrow_mut().pump();
    match host.kiosk.borrow().next_wake_ms() {
        Some(due_ms) => {
            let wait = Duration::from_millis(due_ms.saturating_sub(host.stamper.monotonic_ms()));
            host.timer.start(TimerMode::SingleShot, wait, pump);
        }
        None => host.timer.stop(),
    }
}

fn end_on_signal() -> Result<()> {
    let mut signals =
        signal_hook::iterator::Signals::new([SIGINT, SIGTERM]).context("cannot listen for signals")?;
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        for _ in signals.forever() {
            KioskUi::quit();
        }
    })?;
    Ok(())
}
