//! The six rules, on colours by hand and on a grid of 4,096.

use super::colour::{difference, is_shown};
use super::tokens::{BLACK, EDGE, FACES, INK, PORCELAIN, STONE, WHITE};
use super::{Brand, Colour, Weight, contrast};

fn brand(text: &str) -> Brand {
    Brand::read(text).unwrap()
}

fn rules(brand: &Brand) -> Vec<u8> {
    brand.findings.iter().map(|finding| finding.rule).collect()
}

/// Sixteen values a channel.
fn grid() -> impl Iterator<Item = Colour> {
    (0..4_096).map(|number| {
        Colour::hex((number >> 8) * 0x11_00_00 + (number >> 4 & 15) * 0x11_00 + (number & 15) * 0x11)
    })
}

// tokens.md prints #0A2C63 and #DCE6F5 for the default accent, and its rules give other colours by more than rounding:
// #0A2C63 is 0.105 darker in OKLCH lightness instead of 0.15, with two thirds of the chroma; #DCE6F5 is bluer and
// lighter than any mix of the accent with porcelain. White agrees.
#[test]
fn the_default_accent_follows_the_rules_and_not_the_printed_values() {
    let default = brand("#114599");
    assert_eq!(default.on_accent, WHITE);
    assert_eq!(default.accent_deep.to_string(), "#001F57");
    assert_eq!(default.accent_tint.to_string(), "#D9E1EA");
    assert_eq!((default.outline, default.link, default.link_underlined), (None, default.accent, false));
    assert!(default.findings.is_empty(), "{:?}", default.findings);

    let (accent, printed) = (default.accent.oklch(), Colour::hex(0x0A_2C_63).oklch());
    assert!((accent.l - printed.l - 0.105).abs() < 0.001);
    assert!((printed.chroma / accent.chroma - 0.71).abs() < 0.01);
    let as_ruled = palette::Oklch { l: accent.l - 0.15, ..accent };
    assert!(!is_shown(as_ruled), "the same chroma cannot be shown that dark");
}

#[test]
fn a_pale_colour_is_corrected_in_every_place() {
    let pale = brand("#F0E0FF");
    assert_eq!((pale.on_accent, pale.outline), (INK, Some(EDGE)));
    assert_eq!((pale.link, pale.link_underlined), (INK, true));
    assert_eq!(rules(&pale), [1, 4, 5]);
}

#[test]
fn a_middle_grey_gets_black_words_because_ink_falls_short() {
    let grey = brand("#7A7A7A");
    assert!(contrast(WHITE, grey.accent) < 4.5 && contrast(INK, grey.accent) < 4.5);
    assert_eq!(grey.on_accent, BLACK);
    assert!(
        grey.findings[0].sentence.ends_with("so words on it are black."),
        "{}",
        grey.findings[0].sentence
    );
}

#[test]
fn a_face_colour_is_accepted_with_a_warning() {
    for face in FACES {
        let same = Brand::of(face.head);
        let warnings: Vec<_> =
            same.findings.iter().filter(|finding| finding.weight == Weight::Warning).collect();
        assert_eq!(warnings.len(), 1);
        assert!(
            warnings[0].rule == 6 && warnings[0].sentence.contains(face.word),
            "{}",
            warnings[0].sentence
        );
    }
}

#[test]
fn a_lip_is_never_darker_than_the_floor() {
    let black = brand("#000000");
    assert!(black.accent_deep.oklch().l > 0.11);
    assert_eq!(rules(&black), [2]);
}

#[test]
fn what_is_not_a_colour_is_refused_in_a_sentence() {
    let refusal = Brand::read("blue").unwrap_err().to_string();
    assert_eq!(refusal, "a colour is written as # and six figures or letters from A to F, such as #114599");
}

#[test]
fn every_colour_of_the_grid_satisfies_every_rule() {
    let mut black = 0;
    for accent in grid() {
        let brand = Brand::of(accent);
        let has = |rule| rules(&brand).contains(&rule);

        assert!(contrast(brand.on_accent, accent) >= 4.5, "{accent}");
        assert_eq!(brand.on_accent == WHITE, contrast(WHITE, accent) >= 4.5, "{accent}");
        assert_eq!(has(1), brand.on_accent != WHITE, "{accent}");
        black += usize::from(brand.on_accent == BLACK);

        assert!(contrast(INK, brand.accent_tint) >= 7.0 && !has(3), "{accent}");
        assert_eq!(brand.accent_tint, accent.mixed(0.14, PORCELAIN), "{accent}");

        assert_eq!(brand.outline.is_some(), contrast(accent, STONE) < 3.0, "{accent}");
        assert!(brand.outline.unwrap_or(accent) == accent || contrast(EDGE, STONE) >= 3.0);
        assert_eq!(has(4), brand.outline.is_some(), "{accent}");

        assert!(contrast(brand.link, PORCELAIN) >= 4.5, "{accent}");
        assert_eq!(brand.link_underlined, brand.link != accent, "{accent}");
        assert_eq!(has(5), brand.link_underlined, "{accent}");

        let nearest = FACES.iter().map(|face| difference(accent, face.head)).fold(f64::INFINITY, f64::min);
        assert_eq!(has(6), nearest < 15.0, "{accent}");
        assert!(brand.findings.iter().all(|finding| finding.sentence.ends_with('.')));
    }
    assert!(black > 0, "there are colours on which neither white nor ink can be read");
}

#[test]
fn every_lip_of_the_grid_is_darker_by_the_step_and_keeps_its_hue() {
    for accent in grid() {
        let (from, lip) = (accent.oklch(), Brand::of(accent).accent_deep.oklch());
        let wanted = (from.l - 0.15).max(0.12);
        // Half a step of 8 bits is up to 0.012 in lightness near black, where the foot of sRGB is steep.
        let slack = if wanted < 0.2 { 0.02 } else { 0.006 };
        assert!((lip.l - wanted).abs() < slack, "{accent}: {} instead of {wanted}", lip.l);
        assert!(lip.chroma < from.chroma + 0.012, "{accent}: {} from {}", lip.chroma, from.chroma);
        if is_shown(palette::Oklch { l: wanted, ..from }) {
            assert!(
                (lip.chroma - from.chroma).abs() < 0.012,
                "{accent}: {} from {}",
                lip.chroma,
                from.chroma
            );
        }
        let turn = (lip.hue - from.hue).into_positive_radians();
        let across = lip.chroma * turn.min(std::f64::consts::TAU - turn);
        assert!(across < 0.012 || from.chroma < 0.002, "{accent}: hue turned by {turn}");
    }
}
