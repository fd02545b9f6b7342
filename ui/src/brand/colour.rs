//! A colour of a screen, and what the rules ask of it. The arithmetic is `palette`'s.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use palette::color_difference::Ciede2000 as _;
use palette::{IntoColor as _, IsWithinBounds as _, Lab, LinSrgb, Mix as _, Oklch, Srgb};

/// An sRGB colour (IEC 61966-2-1), 8 bits a channel. Text form: `#RRGGBB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour(pub(crate) Srgb<u8>);

impl Colour {
    /// The colour of a number such as `0x11_45_99`; bits above the 24th are not used.
    #[must_use]
    pub const fn hex(number: u32) -> Self {
        let [_, red, green, blue] = number.to_be_bytes();
        Self(Srgb::new(red, green, blue))
    }

    /// `share` (0 to 1) of this colour and the rest of `other`, mixed in sRGB code values.
    pub(super) fn mixed(self, share: f64, other: Self) -> Self {
        Self(other.real().mix(self.real(), share).into_format())
    }

    /// In OKLCH, where lightness means the same for every hue.
    pub(super) fn oklch(self) -> Oklch<f64> {
        self.real().into_linear().into_color()
    }

    /// The colour on the screen. Where the screen cannot show it, chroma gives way and lightness and hue stay: cutting
    /// off channels instead would turn a dark blue violet.
    pub(super) fn of_oklch(wanted: Oklch<f64>) -> Self {
        let with = |chroma| Oklch { chroma, ..wanted };
        let mut chroma = wanted.chroma;
        if !is_shown(wanted) {
            let (mut shown, mut too_strong) = (0.0, wanted.chroma);
            // Thirty halvings leave a chroma step far below what 8 bits can tell apart.
            for _ in 0..30 {
                let middle = f64::midpoint(shown, too_strong);
                *(if is_shown(with(middle)) { &mut shown } else { &mut too_strong }) = middle;
            }
            chroma = shown;
        }
        let light: LinSrgb<f64> = with(chroma).into_color();
        Self(Srgb::<f64>::from_linear(light).into_format())
    }

    fn real(self) -> Srgb<f64> {
        self.0.into_format()
    }
}

/// Whether a screen can show it.
pub(super) fn is_shown(colour: Oklch<f64>) -> bool {
    let light: LinSrgb<f64> = palette::convert::FromColorUnclamped::from_color_unclamped(colour);
    // Well within half a step of 8 bits.
    let inward =
        |value: f64| if (-1e-5..=1.0 + 1e-5).contains(&value) { value.clamp(0.0, 1.0) } else { value };
    LinSrgb::new(inward(light.red), inward(light.green), inward(light.blue)).is_within_bounds()
}

/// Contrast ratio (WCAG 2.2, "contrast ratio"), 1 for equal luminance to 21 for black and white, in either order.
#[must_use]
pub fn contrast(one: Colour, other: Colour) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// Relative luminance with WCAG's own rounded weights, so that a ratio at the edge of a rule reads as every checker has it.
fn luminance(colour: Colour) -> f64 {
    let light = colour.real().into_linear();
    0.2126 * light.red + 0.7152 * light.green + 0.0722 * light.blue
}

/// How different two colours look (CIEDE2000): 1 is just seen.
pub(super) fn difference(one: Colour, other: Colour) -> f64 {
    let lab = |colour: Colour| -> Lab<_, f64> { colour.real().into_linear().into_color() };
    lab(one).difference(lab(other))
}

/// A ratio as people read it: two decimals, rounded down, so that 4.499 never reads as 4.50.
pub(super) fn printed(ratio: f64) -> String {
    // The tiny addition keeps 21, which comes out as 20.999…, from reading as 20.99.
    let ratio = (ratio * 100.0 + 1e-9).floor() / 100.0;
    format!("{ratio:.2}")
}

impl fmt::Display for Colour {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "#{:X}", self.0)
    }
}

/// The text is not a colour of the form `#RRGGBB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAColour;

impl fmt::Display for NotAColour {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .write_str("a colour is written as # and six figures or letters from A to F, such as #114599")
    }
}

impl Error for NotAColour {}

impl FromStr for Colour {
    type Err = NotAColour;

    fn from_str(text: &str) -> Result<Self, NotAColour> {
        let digits = text.strip_prefix('#').ok_or(NotAColour)?;
        // `from_str_radix` alone would let a sign through.
        if digits.len() != 6 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(NotAColour);
        }
        u32::from_str_radix(digits, 16).map(Self::hex).map_err(|_| NotAColour)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form_is_strict() {
        assert_eq!("#abcDEF".parse::<Colour>().unwrap().to_string(), "#ABCDEF");
        for text in ["", "#", "114599", "#11459", "#1145999", "#+14599", "#11459g", " #114599", "#fff"] {
            assert_eq!(text.parse::<Colour>(), Err(NotAColour), "{text}");
        }
    }

    #[test]
    fn contrast_has_its_known_values() {
        let (black, white) = (Colour::hex(0), Colour::hex(0xFF_FF_FF));
        assert_eq!(printed(contrast(black, white)), "21.00");
        assert_eq!(printed(contrast(white, white)), "1.00");
        // The lightest grey that passes 4.5:1 on white, well known from WCAG checkers.
        assert_eq!(printed(contrast(Colour::hex(0x76_76_76), white)), "4.54");
        assert_eq!(printed(contrast(white, Colour::hex(0x77_77_77))), "4.47");
    }
}
