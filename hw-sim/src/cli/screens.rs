//! `afterword-sim screens`: every page as PNG.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use afterword_ui::preview::{self, Variant};
use afterword_ui::{KioskUi, Panel as Glass, View, fonts};
use anyhow::{Context, Result, bail};
use clap::Args;
use image::RgbImage;

use super::contact_sheet::{ContactSheet, Thumbnail};
use super::make_folder;
use crate::panel::Panel;

/// Draw every page to PNG, without a display.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  afterword-sim screens --panel 1280x800 --out pictures\n  afterword-sim screens --all --out pictures\n\nExit codes: 0 drawn, 1 failed, 2 wrong use."
)]
pub(super) struct Screens {
    /// The panel, as WIDTHxHEIGHT in pixels.
    #[arg(long, default_value = "1280x800", value_name = "WxH")]
    panel: String,
    /// Every page on every panel, in English and Arabic, light and in high contrast, with a contact sheet for each panel.
    #[arg(long, conflicts_with = "panel")]
    all: bool,
    /// The folder for the pictures.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl Screens {
    pub(super) fn run(self) -> Result<()> {
        let laid_out = Glass::ALL.into_iter().find(|glass| self.panel == glass.name());
        let Some(glass) = laid_out else {
            let all = Glass::ALL.map(Glass::name).join(", ");
            bail!("no pages are laid out for a panel of {}; name one of {all} with --panel", self.panel);
        };
        make_folder(&self.out)?;
        fonts::install(&self.out.join("fonts")).with_context(|| {
            format!("cannot lay out the fonts in {}; name another --out", self.out.display())
        })?;
        let (width, height) = glass.pixels();
        let panel = Panel::install(width, height)?;
        let ui = KioskUi::new()?;
        ui.open()?;
        let camera = Camera { panel, ui };
        if self.all {
            camera.take_all(&self.out)
        } else {
            camera.take(glass, &preview::pages(), &self.out, |_, _| ())
        }
    }
}

/// Takes pictures of pages.
struct Camera {
    panel: Panel,
    ui: KioskUi,
}

impl Camera {
    fn take_all(&self, out: &Path) -> Result<()> {
        for glass in Glass::ALL {
            let mut pages = BTreeMap::new();
            for variant in Variant::ALL {
                let name = variant.name();
                let folder = out.join(glass.name()).join(&name);
                self.take(glass, &variant.pages(), &folder, |stem, picture| {
                    let ways: &mut Vec<_> = pages.entry(stem.to_owned()).or_default();
                    ways.push(Thumbnail::new(&picture, [stem, &name]));
                })?;
            }
            let path = out.join(format!("contact-sheet-{}.png", glass.name()));
            ContactSheet(two_a_row(pages.into_values())).save(&path)?;
            println!("{}", path.display());
        }
        Ok(())
    }

    fn take(
        &self,
        glass: Glass,
        pages: &[(&str, View)],
        folder: &Path,
        mut show_round: impl FnMut(&str, RgbImage),
    ) -> Result<()> {
        make_folder(folder)?;
        for (stem, view) in pages {
            self.show(glass, view);
            let path = folder.join(format!("{stem}.png"));
            self.panel.save_png(&path)?;
            println!("{}", path.display());
            show_round(stem, self.panel.picture());
        }
        Ok(())
    }

    fn show(&self, glass: Glass, view: &View) {
        let (width, height) = glass.pixels();
        self.panel.resize(width, height);
        self.ui.set_panel(glass);
        self.ui.show(view);
        self.panel.draw();
    }
}

/// A page's ways beside each other, two pages a row.
fn two_a_row(pages: impl Iterator<Item = Vec<Thumbnail>>) -> Vec<Vec<Thumbnail>> {
    let mut rows: Vec<Vec<Thumbnail>> = Vec::new();
    for (place, page) in pages.enumerate() {
        match rows.last_mut() {
            Some(row) if place % 2 == 1 => row.extend(page),
            _ => rows.push(page),
        }
    }
    rows
}
