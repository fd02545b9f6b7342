//! A store's own colour and logo, from the configuration to the screen.

use std::path::{Path, PathBuf};

use afterword_ui::brand::{Brand, Colour, Logo, Weight};
use afterword_ui::{KioskUi, Panel};
use anyhow::{Context, Result, ensure};
use image::imageops::FilterType;
use serde::{Deserialize, Deserializer};

use crate::config::read_bounded;

/// The largest logo that is read, in pixels either way: ten times what is drawn, and no memory bomb.
const LOGO_PIXELS_MAX: u32 = 4_000;

/// The table `[brand]` of a configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Branding {
    /// The colour of the next thing to do, as `#RRGGBB`.
    #[serde(default, deserialize_with = "colour")]
    pub accent: Option<Colour>,
    /// A PNG beside the configuration.
    #[serde(default)]
    pub logo: Option<PathBuf>,
}

fn colour<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Colour>, D::Error> {
    String::deserialize(deserializer)?.parse().map(Some).map_err(serde::de::Error::custom)
}

/// What a screen takes on.
#[derive(Default)]
pub struct Prepared {
    brand: Option<Brand>,
    logo: Option<Logo>,
}

impl Branding {
    /// Works out the colours, and brings the logo to the panel's size.
    ///
    /// # Errors
    /// When the logo cannot be read, with the file and what to do.
    pub fn prepare(&self, config_path: &Path, panel: Panel) -> Result<Prepared> {
        let path = self.logo.as_ref().map(|file| config_path.parent().unwrap_or(Path::new(".")).join(file));
        let logo = path.map(|path| {
            logo(&path, panel).with_context(|| {
                format!("cannot use the logo {}; a PNG of at most 256 KiB is meant", path.display())
            })
        });
        Ok(Prepared { brand: self.accent.map(Brand::of), logo: logo.transpose()? })
    }
}

impl Prepared {
    /// What is drawn in another way than was asked for, or might be taken for something else; a sentence each.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let findings = self.brand.iter().flat_map(|brand| &brand.findings);
        let remarks = findings.map(|finding| {
            let weight = match finding.weight {
                Weight::Corrected => "corrected",
                Weight::Warning => "to consider",
            };
            format!("brand.accent, {weight}: {}", finding.sentence)
        });
        let tile = self.logo.as_ref().is_some_and(Logo::needs_tile).then(|| {
            "brand.logo, corrected: It could not be seen on the kiosk's ground, so it stands on a dark tile."
                .to_owned()
        });
        remarks.chain(tile).collect()
    }

    /// Dresses the screen.
    pub fn put_on(&self, ui: &KioskUi) {
        if let Some(brand) = &self.brand {
            ui.set_brand(brand);
        }
        if let Some(logo) = &self.logo {
            ui.set_logo(logo);
        }
    }
}

fn logo(path: &Path, panel: Panel) -> Result<Logo> {
    let bytes = read_bounded(path)?;
    let mut reader = image::ImageReader::with_format(std::io::Cursor::new(bytes), image::ImageFormat::Png);
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(LOGO_PIXELS_MAX);
    limits.max_image_height = Some(LOGO_PIXELS_MAX);
    reader.limits(limits);
    let picture = reader.decode()?;
    let (height, width_max) = panel.logo_pixels();
    // As high as there is room, unless it is so wide that the width decides.
    let picture = picture.resize(width_max, height, FilterType::Lanczos3).to_rgba8();
    ensure!(picture.width() > 0 && picture.height() > 0, "it has no pixels");
    Ok(Logo { width: picture.width(), height: picture.height(), rgba: picture.into_raw() })
}
