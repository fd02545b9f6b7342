//! The contrast of every pair of colours in use, in both themes and with a store's own colour (design tokens, section 1).

use std::collections::{BTreeMap, BTreeSet};

use slint::{ComponentHandle, Model};

use super::KioskUi;
use crate::brand::{Brand, Colour, contrast};
use crate::fonts;
use crate::generated::Theme;

/// Where a pair is drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum In {
    Both,
    Light,
    HighContrast,
}
use In::{Both, HighContrast, Light};

/// Words a shopper has to read.
const WORDS: f64 = 7.0;
/// Words on what belongs to the store, and words that are dimmed.
const STORE_WORDS: f64 = 4.5;
/// Words of staff, who stand nearer, beside an icon each (WCAG 2.2 AA has 4.5; what is higher than the words of a store is not
/// held to seven).
const STAFF_WORDS: f64 = 4.49;
/// What is no word: edges, marks, a key that does nothing.
const MARKS: f64 = 3.0;

/// What lies on what, how much they have to differ, and in which theme the two meet.
const PAIRS: [(&str, &str, f64, In); 48] = [
    ("ink", "stone", WORDS, Both),
    ("ink", "porcelain", WORDS, Both),
    ("ink", "sunk", WORDS, Both),
    ("ink", "accent-tint", WORDS, Both),
    ("ink2", "stone", WORDS, Both),
    ("ink2", "porcelain", WORDS, Both),
    ("ink2", "accent-tint", STORE_WORDS, Both),
    ("on-ink", "ink", WORDS, Both),
    ("on-strip", "strip", WORDS, Both),
    ("on-strip2", "strip", WORDS, Both),
    ("good", "stone", STAFF_WORDS, Both),
    ("warn", "stone", STAFF_WORDS, Both),
    ("bad", "stone", STAFF_WORDS, Both),
    ("ink", "rule", MARKS, Light),
    ("bad", "rule", MARKS, Light),
    ("lamp", "strip", MARKS, Both),
    ("strip", "stone", MARKS, Light),
    ("strip-line", "stone", MARKS, HighContrast),
    ("held-on-strip", "strip", MARKS, Both),
    ("on-held-on-strip", "held-on-strip", WORDS, Both),
    ("on-paper", "paper", WORDS, Both),
    ("on-paper2", "paper", WORDS, Both),
    ("paper", "strip", MARKS, Both),
    ("edge", "stone", MARKS, Both),
    ("edge", "porcelain", MARKS, Both),
    ("edge", "sunk", MARKS, Both),
    ("edge", "strip", MARKS, Both),
    ("rule", "strip", MARKS, Both),
    ("on-accent", "accent", STORE_WORDS, Both),
    ("accent-line", "stone", MARKS, Both),
    ("accent-line", "porcelain", MARKS, Both),
    ("accent-lip", "stone", MARKS, Both),
    ("accent-lip", "sunk", 2.5, Both),
    ("link", "porcelain", STORE_WORDS, Both),
    ("feature", "face-1", STORE_WORDS, Both),
    ("feature", "face-2", STORE_WORDS, Both),
    ("feature", "face-3", STORE_WORDS, Both),
    ("feature", "face-4", STORE_WORDS, Both),
    ("feature", "face-5", STORE_WORDS, Both),
    ("face-1", "ink", MARKS, Light),
    ("face-2", "ink", MARKS, Light),
    ("face-3", "ink", MARKS, Light),
    ("face-4", "ink", MARKS, Light),
    ("face-5", "ink", MARKS, Light),
    ("feature-dim", "porcelain", STORE_WORDS, Both),
    ("feature-dim", "stone", MARKS, Both),
    ("feature-dim", "face-dim", MARKS, Both),
    // The ring has a line of ink around it where the ground is light.
    ("focus", "ink", MARKS, Light),
];

/// Where a ring stands on black it has no line around it.
const RING_ON_BLACK: (&str, &str, f64) = ("focus", "stone", MARKS);

/// Never drawn alone where it would have to be seen: the rest of a ring that counts.
const DECORATION: [&str; 2] = ["strip-track", "paper-rule"];

/// Colours a store may really have, among them all that would be hard to read.
const ACCENTS: [u32; 14] = [
    0x11_45_99, 0x00_00_00, 0xFF_FF_FF, 0x7A_7A_7A, 0xFF_E0_00, 0xFF_00_00, 0x00_FF_00, 0x00_00_FF,
    0xF3_9A_52, 0x9B_D3_C1, 0xE4_E6_E1, 0x71_77_71, 0xFF_69_B4, 0x3B_00_1E,
];

macro_rules! tokens {
    ($theme:ident: $($getter:ident)*) => {
        [$((stringify!($getter).trim_start_matches("get_").replace('_', "-"), colour($theme.$getter()))),*]
    };
}

fn colour(colour: slint::Color) -> Colour {
    let channels = [0, colour.red(), colour.green(), colour.blue()];
    Colour::hex(u32::from_be_bytes(channels))
}

fn tokens(ui: &KioskUi) -> BTreeMap<String, Colour> {
    let theme = ui.shell.global::<Theme<'_>>();
    let plain = tokens!(theme: get_stone get_porcelain get_sunk get_rule get_edge get_ink get_ink2 get_on_ink
        get_strip get_strip_line get_on_strip get_on_strip2 get_strip_track get_lamp get_good get_warn get_bad get_held_on_strip
        get_on_held_on_strip get_accent get_accent_lip get_accent_line get_link get_accent_tint get_on_accent get_focus
        get_paper get_on_paper get_on_paper2 get_paper_rule get_feature get_face_dim get_feature_dim);
    let faces = theme.get_face();
    let faces = faces.iter().enumerate().map(|(place, head)| (format!("face-{}", place + 1), colour(head)));
    plain.into_iter().chain(faces).collect()
}

fn too_little(tokens: &BTreeMap<String, Colour>, high_contrast: bool) -> Vec<String> {
    let is_met = |place: In| match place {
        Both => true,
        Light => !high_contrast,
        HighContrast => high_contrast,
    };
    let pairs = PAIRS
        .into_iter()
        .filter(|(.., place)| is_met(*place))
        .map(|(one, other, least, _)| (one, other, least));
    let mut problems = Vec::new();
    for (one, other, least) in pairs.chain(Some(RING_ON_BLACK).filter(|_| high_contrast)) {
        let ratio = contrast(tokens[one], tokens[other]);
        if ratio < least {
            problems.push(format!("{one} on {other} is {ratio:.2}, and {least} is needed"));
        }
    }
    problems
}

fn ui() -> KioskUi {
    fonts::install(&fonts::test_directory()).unwrap();
    i_slint_backend_testing::init_no_event_loop();
    KioskUi::new().unwrap()
}

#[test]
fn every_pair_of_colours_can_be_told_apart_in_both_themes_whatever_colour_a_store_has() {
    let ui = ui();
    for accent in ACCENTS {
        let brand = Brand::of(Colour::hex(accent));
        ui.set_brand(&brand);
        for high_contrast in [false, true] {
            ui.shell.global::<Theme<'_>>().set_high_contrast(high_contrast);
            let problems = too_little(&tokens(&ui), high_contrast);
            assert!(
                problems.is_empty(),
                "{} in {}:\n{}",
                brand.accent,
                if high_contrast { "high contrast" } else { "the light theme" },
                problems.join("\n")
            );
        }
    }
}

#[test]
fn with_afterwords_own_colour_every_word_has_seven_to_one() {
    let tokens = tokens(&ui());
    for (one, other, least, place) in PAIRS {
        let is_word = least >= STORE_WORDS && !one.starts_with("feature");
        let ratio = contrast(tokens[one], tokens[other]);
        assert!(place == HighContrast || !is_word || ratio >= WORDS, "{one} on {other} is {ratio:.2}");
    }
}

#[test]
fn the_high_contrast_theme_has_no_greys() {
    let ui = ui();
    ui.shell.global::<Theme<'_>>().set_high_contrast(true);
    let allowed = [0x00_00_00, 0xFF_FF_FF, 0xFF_D2_1F].map(Colour::hex);
    for (name, colour) in tokens(&ui) {
        assert!(allowed.contains(&colour), "{name} is {colour}");
    }
}

#[test]
fn every_colour_of_the_theme_is_in_a_pair() {
    let source = include_str!("../../slint/theme/tokens.slint");
    let declared: BTreeSet<&str> = source
        .lines()
        .filter_map(|line| line.split_once("property <")?.1.split_once("> "))
        .filter(|(kind, _)| ["color", "[color]"].contains(kind))
        .filter_map(|(_, rest)| rest.split_once(':').map(|(name, _)| name))
        .filter(|name| !name.starts_with("brand-"))
        .collect();
    assert!(declared.len() > 25, "{declared:?}");
    let pairs = PAIRS.map(|(one, other, ..)| [one, other]);
    let in_pairs: BTreeSet<&str> = pairs.as_flattened().iter().copied().chain(DECORATION).collect();
    for name in declared {
        let is_in_one = in_pairs.contains(name) || (name == "face" && in_pairs.contains("face-1"));
        assert!(is_in_one, "{name} is in no pair: what lies on it, or on what does it lie?");
    }
}
