//! Many pictures on one, small and with their names, so that a reviewer sees at a glance which to open.

use std::path::Path;

use anyhow::Result;
use embedded_graphics::Drawable as _;
use embedded_graphics::draw_target::DrawTarget as _;
use embedded_graphics::geometry::{Point, Size};
use embedded_graphics::mono_font::MonoTextStyle;
use embedded_graphics::mono_font::ascii::FONT_7X13;
use embedded_graphics::pixelcolor::{Rgb888, RgbColor as _};
use embedded_graphics::primitives::Rectangle;
use embedded_graphics::text::Text;
use embedded_graphics_simulator::SimulatorDisplay;
use image::RgbImage;
use image::imageops::thumbnail;

use crate::picture;

/// The sides of the square that a small picture fills as far as its shape lets it.
const THUMBNAIL: u32 = 240;
/// Around each picture, with room for two lines of a name below it.
const GAP: u32 = 10;
const LINE: u32 = 15;
const GROUND: Rgb888 = Rgb888::new(0x50, 0x50, 0x50);

/// A picture on the sheet.
pub(super) struct Thumbnail {
    picture: RgbImage,
    lines: [String; 2],
}

impl Thumbnail {
    /// Of a picture, with two lines below it.
    pub(super) fn new(picture: &RgbImage, lines: [&str; 2]) -> Self {
        let (width, height) = picture.dimensions();
        let longer = width.max(height);
        let small = thumbnail(picture, width * THUMBNAIL / longer, height * THUMBNAIL / longer);
        Self { picture: small, lines: lines.map(Into::into) }
    }
}

/// Rows of pictures of one shape; as many beside each other as in the first.
pub(super) struct ContactSheet(pub(super) Vec<Vec<Thumbnail>>);

impl ContactSheet {
    /// Writes the sheet to a PNG file.
    pub(super) fn save(&self, path: &Path) -> Result<()> {
        let Self(rows) = self;
        let first = rows.first().and_then(|row| row.first());
        let height = first.map_or(THUMBNAIL, |thumbnail| thumbnail.picture.height());
        let columns = u32::try_from(rows.first().map_or(0, Vec::len))?;
        let cell = Size::new(THUMBNAIL + GAP, height + 2 * LINE + 2 * GAP);
        let size = Size::new(columns * cell.width + GAP, u32::try_from(rows.len())? * cell.height + GAP);
        let mut sheet = SimulatorDisplay::with_default_color(size, GROUND);
        let places = (0..).zip(rows).flat_map(|(y, row)| (0..).zip(row).map(move |(x, cell)| (x, y, cell)));
        for (x, y, Thumbnail { picture, lines }) in places {
            let corner =
                Point::new((GAP + x * cell.width).cast_signed(), (GAP + y * cell.height).cast_signed());
            let area = Rectangle::new(corner, Size::new(picture.width(), picture.height()));
            let colours = picture.pixels().map(|pixel| Rgb888::new(pixel[0], pixel[1], pixel[2]));
            let Ok(()) = sheet.fill_contiguous(&area, colours);
            let style = MonoTextStyle::new(&FONT_7X13, Rgb888::WHITE);
            for (line, text) in (1..).zip(lines) {
                let down = (picture.height() + line * LINE).cast_signed();
                let Ok(_) = Text::new(text, corner + Point::new(0, down), style).draw(&mut sheet);
            }
        }
        picture::save(&picture::of(&sheet), path)
    }
}
