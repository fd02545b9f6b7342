//! `afterword-sim screens`: every page as PNG.

use std::path::PathBuf;

use afterword_ui::{KioskUi, Panel as Glass, fonts, preview};
use anyhow::{Context, Result, bail};
use clap::Args;

use super::make_folder;
use crate::panel::Panel;

/// Draw every page to PNG, without a display.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  afterword-sim screens --panel 1280x800 --out pictures\n\nExit codes: 0 drawn, 1 failed, 2 wrong use."
)]
pub(super) struct Screens {
    /// The panel, as WIDTHxHEIGHT in pixels.
    #[arg(long, default_value = "1280x800", value_name = "WxH")]
    panel: String,
    /// The folder for the pictures.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl Screens {
    pub(super) fn run(self) -> Result<()> {
        let laid_out = Glass::ALL.into_iter().find(|glass| self.panel == named(*glass));
        let Some(glass) = laid_out else {
            let all = Glass::ALL.map(named).join(", ");
            bail!("no pages are laid out for a panel of {}; name one of {all} with --panel", self.panel);
        };
        make_folder(&self.out)?;
        fonts::install(&self.out.join("fonts")).with_context(|| {
            format!("cannot lay out the fonts in {}; name another --out", self.out.display())
        })?;
        let (width, height) = glass.pixels();
        let panel = Panel::install(width, height)?;
        let ui = KioskUi::new()?;
        ui.set_panel(glass);
        ui.open()?;
        for (name, view) in preview::pages() {
            ui.show(&view);
            panel.draw();
            let path = self.out.join(format!("{name}.png"));
            panel.save_png(&path)?;
            println!("{}", path.display());
        }
        Ok(())
    }
}

pub(super) fn named(glass: Glass) -> String {
    let (width, height) = glass.pixels();
    format!("{width}x{height}")
}
