//! Pictures of a panel: made small, and held against one another as an eye would.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use anyhow::{Context as _, Result};
use embedded_graphics::geometry::{OriginDimensions as _, Point};
use embedded_graphics::pixelcolor::{Rgb888, RgbColor as _};
use embedded_graphics_simulator::SimulatorDisplay;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{Rgb, RgbImage};
use palette::color_difference::Ciede2000 as _;
use palette::{IntoColor as _, Lab, Srgb};

/// The side of a block of [`difference`], in pixels.
const BLOCK: u32 = 4;

/// What a simulated display shows.
pub(crate) fn of(display: &SimulatorDisplay<Rgb888>) -> RgbImage {
    let size = display.size();
    RgbImage::from_fn(size.width, size.height, |x, y| {
        let pixel = display.get_pixel(Point::new(x.cast_signed(), y.cast_signed()));
        Rgb([pixel.r(), pixel.g(), pixel.b()])
    })
}

/// The same at half its size: each pixel is the mean of four.
#[must_use]
pub fn halved(picture: &RgbImage) -> RgbImage {
    RgbImage::from_fn(picture.width() / 2, picture.height() / 2, |x, y| {
        let four = [(0, 0), (1, 0), (0, 1), (1, 1)];
        let pixels = four.map(|(right, down)| picture.get_pixel(2 * x + right, 2 * y + down));
        let mean = |channel: usize| {
            let sum: u32 = pixels.iter().map(|pixel| u32::from(pixel[channel])).sum();
            ((sum + 2) / 4) as u8
        };
        Rgb([mean(0), mean(1), mean(2)])
    })
}

/// How two pictures differ.
pub struct Difference {
    /// CIEDE2000 of the means of the block where it is greatest; 1 is just seen side by side.
    pub worst: f32,
    /// Where that block begins.
    pub place: (u32, u32),
    /// The blocks, lighter and redder the more they differ.
    pub picture: RgbImage,
}

/// Compares two pictures of one size, block by block of 4 × 4 pixels: a letter's edge that is smoothed otherwise counts for
/// little, and a word, a line or a colour that has changed counts at once, however large the rest is.
#[must_use]
pub fn difference(got: &RgbImage, want: &RgbImage) -> Difference {
    let (width, height) = got.dimensions();
    let mut found = Difference { worst: 0.0, place: (0, 0), picture: RgbImage::new(width, height) };
    for top in (0..height).step_by(BLOCK as usize) {
        for left in (0..width).step_by(BLOCK as usize) {
            let (one, other) = (mean(got, left, top), mean(want, left, top));
            if one == other {
                continue;
            }
            let apart = lab(one).difference(lab(other));
            if apart > found.worst {
                (found.worst, found.place) = (apart, (left, top));
            }
            let light = (40.0 + apart * 20.0).min(255.0) as u8;
            for (x, y) in block(left, top, (width, height)) {
                found.picture.put_pixel(x, y, Rgb([light, light / 3, light / 3]));
            }
        }
    }
    found
}

fn block(left: u32, top: u32, (width, height): (u32, u32)) -> impl Iterator<Item = (u32, u32)> {
    let columns = left..(left + BLOCK).min(width);
    (top..(top + BLOCK).min(height)).flat_map(move |y| columns.clone().map(move |x| (x, y)))
}

fn mean(picture: &RgbImage, left: u32, top: u32) -> [f32; 3] {
    let (mut sums, mut whole) = ([0_u32; 3], 0.0);
    for (x, y) in block(left, top, picture.dimensions()) {
        let Rgb(pixel) = picture.get_pixel(x, y);
        for (sum, channel) in sums.iter_mut().zip(pixel) {
            *sum += u32::from(*channel);
        }
        whole += 255.0;
    }
    sums.map(|sum| sum as f32 / whole)
}

fn lab([red, green, blue]: [f32; 3]) -> Lab {
    Srgb::new(red, green, blue).into_linear().into_color()
}

/// Writes a PNG of all colours, quickly rather than small.
///
/// # Errors
/// If the file cannot be written; the message names it.
pub fn save(picture: &RgbImage, path: &Path) -> Result<()> {
    let cannot = || format!("cannot write the picture {}", path.display());
    let file = BufWriter::new(File::create(path).with_context(cannot)?);
    let encoder = PngEncoder::new_with_quality(file, CompressionType::Fast, FilterType::Adaptive);
    picture.write_with_encoder(encoder).with_context(cannot)
}

/// The same with as many colours as a small file has. Those of which there is most stay as they are; of those on the edges of
/// letters, one stands for others so near that nobody sees it.
#[must_use]
pub fn with_few_colours(picture: &RgbImage) -> RgbImage {
    let (kept, places) = palette_of(picture);
    let mut few = picture.clone();
    for pixel in few.pixels_mut() {
        *pixel = Rgb(kept[usize::from(places[&pixel.0])]);
    }
    few
}

/// Writes a PNG of few colours; see [`with_few_colours`].
///
/// # Errors
/// If the file cannot be written; the message names it.
pub fn save_small(picture: &RgbImage, path: &Path) -> Result<()> {
    let (kept, places) = palette_of(picture);
    let pixels: Vec<u8> = picture.pixels().map(|pixel| places[&pixel.0]).collect();

    let cannot = || format!("cannot write the picture {}", path.display());
    let file = File::create(path).with_context(cannot)?;
    let mut encoder = png::Encoder::new(BufWriter::new(file), picture.width(), picture.height());
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_palette(kept.concat());
    encoder.set_compression(png::Compression::High);
    encoder.set_filter(png::Filter::NoFilter);
    let mut writer = encoder.write_header().with_context(cannot)?;
    writer.write_image_data(&pixels).with_context(cannot)?;
    writer.finish().with_context(cannot)
}

/// At most 256 colours, and which of them stands for which.
type Palette = (Vec<[u8; 3]>, HashMap<[u8; 3], u8>);

fn palette_of(picture: &RgbImage) -> Palette {
    let mut counts: HashMap<[u8; 3], usize> = HashMap::new();
    for Rgb(pixel) in picture.pixels() {
        *counts.entry(*pixel).or_default() += 1;
    }
    let mut colours: Vec<_> = counts.into_iter().collect();
    colours.sort_unstable_by_key(|(colour, count)| (Reverse(*count), *colour));
    // At the latest, one colour stands for all.
    (1..).step_by(2).find_map(|apart| few(&colours, apart)).unwrap_or_default()
}

/// As many of the colours as stand for all of them, each nearer than `apart` in every channel; `None` if that takes too many.
fn few(colours: &[([u8; 3], usize)], apart: u8) -> Option<Palette> {
    let (mut kept, mut places) = (Vec::new(), HashMap::new());
    for (colour, _) in colours {
        let is_near =
            |other: &[u8; 3]| other.iter().zip(colour).all(|(one, other)| one.abs_diff(*other) < apart);
        let place = kept.iter().position(is_near).unwrap_or_else(|| {
            kept.push(*colour);
            kept.len() - 1
        });
        places.insert(*colour, u8::try_from(place).ok()?);
    }
    Some((kept, places))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STONE: Rgb<u8> = Rgb([0xE4, 0xE6, 0xE1]);
    const INK: Rgb<u8> = Rgb([0x14, 0x18, 0x1A]);

    #[test]
    fn a_smoothed_edge_is_little_and_a_line_is_much() {
        let ground = RgbImage::from_pixel(40, 40, STONE);
        assert!(difference(&ground, &ground).worst < f32::EPSILON);
        let (mut nearly, mut other) = (ground.clone(), ground.clone());
        for x in 8..32 {
            nearly.put_pixel(x, 20, Rgb([0xE2, 0xE4, 0xDF]));
            other.put_pixel(x, 20, INK);
        }
        assert!(difference(&nearly, &ground).worst < 0.5);
        let found = difference(&other, &ground);
        assert!(found.worst > 10.0, "{}", found.worst);
        assert_eq!(found.place, (8, 20));
    }

    #[test]
    fn a_small_picture_keeps_the_colours_that_there_are_most_of() {
        let mut picture = RgbImage::from_pixel(100, 100, STONE);
        for (place, pixel) in (0_u16..512).zip(picture.pixels_mut()) {
            *pixel = Rgb([(place / 2) as u8, 0, (place % 2) as u8]);
        }
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("small.png");
        save_small(&picture, &path).unwrap();
        let read = image::open(&path).unwrap().to_rgb8();
        assert_eq!(read.get_pixel(99, 99), &STONE);
        assert_eq!(read, with_few_colours(&picture));
        assert!(difference(&read, &picture).worst < 2.0);
        assert!(save_small(&picture, &dir.path().join("missing/small.png")).is_err());
    }

    #[test]
    fn half_the_size_has_the_mean_of_four() {
        let mut picture = RgbImage::from_pixel(4, 2, Rgb([100, 100, 100]));
        picture.put_pixel(3, 1, Rgb([0, 200, 102]));
        let half = halved(&picture);
        assert_eq!((half.dimensions(), half.get_pixel(1, 0)), ((2, 1), &Rgb([75, 125, 101])));
    }
}
