//! `afterword-kiosk run`: the kiosk in its window.

use std::sync::Arc;

use afterword_protocol::system::{SystemClock, SystemEntropy};
use afterword_ui::{KioskUi, fonts};
use anyhow::{Context, Result, bail};
use clap::Args;

use super::Places;
use crate::device::Device;
use crate::kiosk::Parts;
use crate::socket::Socket;
use crate::window;

/// Open the screen and ask shoppers, until the window is closed or SIGTERM comes.
///
/// The database is made at the first start. A configuration needs three lines:
///
///   format = 1
///   store_name = "Harbour Street"
///   time_zone = "Europe/London"
///
/// `touchpoint`, `survey`, `[[changes]]` and `[voucher]` may follow; the example that comes with the program
/// explains each.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Run {
    #[command(flatten)]
    places: Places,
}

impl Run {
    pub(super) fn run(self) -> Result<()> {
        let Places { config, data, socket } = self.places;
        if !window::has_display() {
            bail!(
                "there is no display to open a window on; set DISPLAY or WAYLAND_DISPLAY, or try the kiosk without a screen: afterword-sim demo --headless"
            );
        }
        // Before the database starts its thread: laying out fonts sets variables of this process.
        std::fs::create_dir_all(&data).and_then(|()| fonts::install(&data.join("fonts"))).with_context(
            || format!("cannot lay out the fonts in {}; make the folder writable", data.display()),
        )?;
        let device = Device::open(&config, &data, Arc::new(SystemClock::start()), Arc::new(SystemEntropy))?;
        let socket = Socket::serve(&socket, &device.store)?;
        let ui = KioskUi::new().context("cannot open a window; check DISPLAY or WAYLAND_DISPLAY")?;
        let ended = window::run(Parts {
            settings: device.settings(),
            presenter: device.presenter(),
            store: device.store.clone(),
            ui,
            stamper: device.stamper(),
            wake: window::wake(),
        });
        drop(socket);
        device.store.close()?;
        ended
    }
}
