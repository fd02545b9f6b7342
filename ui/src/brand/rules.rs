//! The six rules for an accent colour (design tokens, section 8), one function each.

use super::colour::{Colour, contrast, difference, printed};
use super::finding::Finding;
use super::tokens::{BLACK, FACES, INK, PORCELAIN, STONE, WHITE};

/// Least contrast of text on the accent, and of the accent as text on porcelain.
const TEXT_CONTRAST: f64 = 4.5;
/// Least contrast of the accent as a line or fill on stone.
pub(super) const LINE_CONTRAST: f64 = 3.0;
/// Least contrast of ink on the tint.
const TINT_CONTRAST: f64 = 7.0;
/// How much darker the lip of the primary key is, in OKLCH lightness.
const LIP_STEP: f64 = 0.15;
/// The lowest OKLCH lightness of a lip.
const LIP_FLOOR: f64 = 0.12;
/// How much accent there is in the tint; the rest is porcelain.
const TINT_PERCENT: u8 = 14;
/// CIEDE2000 below which an accent may be taken for a face.
const FACE_DIFFERENCE: f64 = 15.0;

/// Rule 1: text on the accent.
///
/// White, else ink. The design says that ink then always reaches 4.5:1, and for accents whose luminance is between
/// 0.183 and 0.214 (such as `#7A7A7A`) it does not: ink is not quite black. Those get black, which always does.
pub(super) fn on_accent(accent: Colour, findings: &mut Vec<Finding>) -> Colour {
    let with_white = contrast(WHITE, accent);
    if with_white >= TEXT_CONTRAST {
        return WHITE;
    }
    let (name, choice) = if contrast(INK, accent) >= TEXT_CONTRAST { ("ink", INK) } else { ("black", BLACK) };
    findings.push(Finding::corrected(
        1,
        format!(
            "White words on this colour would have a contrast of {} to 1, and 4.5 is needed, \
             so words on it are {name}.",
            printed(with_white)
        ),
    ));
    choice
}

/// Rule 2: the lip of the primary key. Hue stays; chroma stays too, as far as a screen can show it that dark.
pub(super) fn accent_deep(accent: Colour, findings: &mut Vec<Finding>) -> Colour {
    let colour = accent.oklch();
    let lightness = (colour.l - LIP_STEP).max(LIP_FLOOR);
    if lightness > colour.l - LIP_STEP {
        findings.push(Finding::corrected(
            2,
            "This colour is so dark that the lip of its key cannot be darker by the usual step.".into(),
        ));
    }
    Colour::of_oklch(palette::Oklch { l: lightness, ..colour })
}

/// Rule 3: the fill of a selected chip. The mix is weakened until ink is readable on it; with 14 % it always is, so this
/// only holds the rule if porcelain, ink or the share are ever changed.
pub(super) fn accent_tint(accent: Colour, findings: &mut Vec<Finding>) -> Colour {
    let readable = |&(_, tint): &(u8, Colour)| contrast(INK, tint) >= TINT_CONTRAST;
    let mut mixes = (0..=TINT_PERCENT)
        .rev()
        .map(|percent| (percent, accent.mixed(f64::from(percent) / 100.0, PORCELAIN)));
    let (percent, tint) = mixes.find(readable).unwrap_or((0, PORCELAIN));
    if percent < TINT_PERCENT {
        findings.push(Finding::corrected(
            3,
            format!(
                "The fill of chosen answers has {percent} % of this colour instead of {TINT_PERCENT} %, \
                 so that words on it stay readable."
            ),
        ));
    }
    tint
}

/// Rule 4: whether the accent needs an outline on stone.
pub(super) fn needs_outline(accent: Colour, findings: &mut Vec<Finding>) -> bool {
    let ratio = contrast(accent, STONE);
    let needed = ratio < LINE_CONTRAST;
    if needed {
        findings.push(Finding::corrected(
            4,
            format!(
                "On the kiosk's ground this colour has a contrast of {} to 1, and 3 is needed, \
                 so it gets a grey outline.",
                printed(ratio)
            ),
        ));
    }
    needed
}

/// Rule 5: whether text cannot have this colour.
pub(super) fn is_unreadable_as_text(accent: Colour, findings: &mut Vec<Finding>) -> bool {
    let ratio = contrast(accent, PORCELAIN);
    let unreadable = ratio < TEXT_CONTRAST;
    if unreadable {
        findings.push(Finding::corrected(
            5,
            format!(
                "Words in this colour would have a contrast of {} to 1, and 4.5 is needed, \
                 so links are ink with an underline.",
                printed(ratio)
            ),
        ));
    }
    unreadable
}

/// Rule 6: whether the accent could be taken for a face.
pub(super) fn compare_with_faces(accent: Colour, findings: &mut Vec<Finding>) {
    for face in FACES {
        let apart = difference(accent, face.head);
        if apart < FACE_DIFFERENCE {
            findings.push(Finding::warning(
                6,
                format!(
                    "This colour is close to {}, the colour of the face \u{201c}{}\u{201d} \
                     (difference {apart:.1}, below 15), and people may take it for an answer.",
                    face.colour_name, face.word
                ),
            ));
        }
    }
}
