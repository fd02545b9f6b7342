//! A retailer's logo, as it is drawn: on stone, on an ink tile where it could not be seen on stone, and in white.

use slint::{Image, Rgba8Pixel, SharedPixelBuffer};

use super::colour::{Colour, contrast};
use super::rules::LINE_CONTRAST;
use super::tokens::{STONE, WHITE};

/// A pixel counts where it covers more than half of what is behind it.
const COVERS: u8 = 128;

/// The pixels of a logo, at the size at which they are drawn.
pub struct Logo {
    /// Row by row: red, green, blue and coverage of each pixel, 0 to 255, not multiplied.
    pub rgba: Vec<u8>,
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Logo {
    /// Whether most of what is drawn would be too pale on the kiosk's ground (3 to 1), so that it stands on ink.
    #[must_use]
    pub fn needs_tile(&self) -> bool {
        let mut drawn = self.pixels().filter(|pixel| pixel[3] >= COVERS).peekable();
        let seen = |pixel: &[u8]| {
            let colour = u32::from_be_bytes([0, pixel[0], pixel[1], pixel[2]]);
            contrast(Colour::hex(colour), STONE) >= LINE_CONTRAST
        };
        let (seen, count) = drawn
            .by_ref()
            .fold((0_usize, 0_usize), |(sum, count), pixel| (sum + usize::from(seen(pixel)), count + 1));
        2 * seen < count
    }

    /// As it is.
    pub(crate) fn image(&self) -> Image {
        self.drawn(|pixel| [pixel[0], pixel[1], pixel[2]])
    }

    /// Its shape in white. A logo that fills its whole rectangle is a white rectangle.
    pub(crate) fn in_white(&self) -> Image {
        self.drawn(|_| [WHITE.0.red, WHITE.0.green, WHITE.0.blue])
    }

    fn drawn(&self, colour: impl Fn(&[u8]) -> [u8; 3]) -> Image {
        let mut buffer = SharedPixelBuffer::<Rgba8Pixel>::new(self.width, self.height);
        for (to, from) in buffer.make_mut_slice().iter_mut().zip(self.pixels()) {
            let [r, g, b] = colour(from);
            *to = Rgba8Pixel { r, g, b, a: from[3] };
        }
        Image::from_rgba8(buffer)
    }

    fn pixels(&self) -> impl Iterator<Item = &[u8]> {
        self.rgba.chunks_exact(4)
    }
}

#[cfg(test)]
mod tests {
    use super::Logo;

    fn logo(pixels: &[[u8; 4]]) -> Logo {
        Logo { rgba: pixels.concat(), width: u32::try_from(pixels.len()).unwrap(), height: 1 }
    }

    #[test]
    fn a_pale_logo_stands_on_ink_and_a_dark_one_does_not() {
        let (pale, dark, nothing) = ([250, 250, 250, 255], [17, 69, 153, 255], [0, 0, 0, 0]);
        assert!(logo(&[pale, pale, dark, nothing]).needs_tile());
        assert!(!logo(&[pale, dark, dark, nothing]).needs_tile());
        assert!(!logo(&[nothing]).needs_tile(), "where nothing is drawn nothing has to be seen");
    }
}
