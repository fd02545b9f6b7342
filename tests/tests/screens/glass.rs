//! A panel with the kiosk's window on it, one a thread.

use std::path::Path;

use afterword_sim::panel::Panel;
use afterword_ui::{KioskUi, Panel as Kind, View, fonts};

pub(crate) struct Glass {
    panel: Panel,
    pub(crate) ui: KioskUi,
}

impl Glass {
    pub(crate) fn new(kind: Kind) -> Self {
        fonts::install(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("fonts")).unwrap();
        let (width, height) = kind.pixels();
        let panel = Panel::install(width, height).unwrap();
        let ui = KioskUi::new().unwrap();
        ui.set_panel(kind);
        ui.open().unwrap();
        Self { panel, ui }
    }

    /// The picture of a page.
    pub(crate) fn draw(&self, view: &View) -> image::RgbImage {
        self.ui.show(view);
        self.panel.draw();
        self.panel.picture()
    }
}
