//! Every contrast that tokens.md prints, computed again.

use super::colour::Colour;
use super::colour::{contrast, printed};
use super::tokens::{BLACK, FACES, INK, PORCELAIN, STONE, WHITE};

const SUNK: Colour = Colour::hex(0xD3_D6_CF);
const EDGE: Colour = super::tokens::EDGE;
const INK2: Colour = Colour::hex(0x43_4A_47);
const ON_INK: Colour = Colour::hex(0xFA_FA_F7);
const ON_INK2: Colour = Colour::hex(0xC9_CE_C8);
const LAMP: Colour = Colour::hex(0xF5_DD_82);
const ACCENT: Colour = Colour::hex(0x11_45_99);
const ACCENT_TINT: Colour = Colour::hex(0xDC_E6_F5);
const GOOD: Colour = Colour::hex(0x0A_62_59);
const WARN: Colour = Colour::hex(0x7A_4E_00);
const BAD: Colour = Colour::hex(0xA6_2B_12);
const FOCUS: Colour = Colour::hex(0xFF_D2_1F);
const DIM_WORD: Colour = Colour::hex(0x6B_71_6C);
const CHANCE_BAND: Colour = Colour::hex(0xED_EF_EA);

/// Ratios that tokens.md prints rounded to the nearest although it says "rounded down": printed, rounded down.
const ROUNDED_UP: [(&str, &str); 5] =
    [("3.65", "3.64"), ("4.39", "4.38"), ("3.90", "3.89"), ("4.78", "4.77"), ("3.40", "3.39")];

/// All that differ, in one message.
fn check(pairs: &[(&str, Colour, Colour, &str)]) {
    let wrong: Vec<String> = pairs
        .iter()
        .map(|&(name, one, other, expected)| (name, printed(contrast(one, other)), expected))
        .filter(|(_, computed, expected)| computed != expected && !ROUNDED_UP.contains(&(expected, computed)))
        .map(|(name, computed, expected)| format!("{name} is {computed}, printed {expected}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("; "));
}

#[test]
fn text_and_lines_on_the_four_grounds() {
    let grounds = [STONE, PORCELAIN, SUNK, ACCENT_TINT];
    let rows = [
        ("ink", INK, ["14.21", "17.08", "12.15", "14.19"]),
        ("ink2", INK2, ["7.23", "8.69", "6.18", "7.22"]),
        ("accent", ACCENT, ["7.15", "8.60", "6.11", "7.14"]),
        ("good", GOOD, ["5.75", "6.91", "4.92", "5.74"]),
        ("warn", WARN, ["5.72", "6.88", "4.89", "5.71"]),
        ("bad", BAD, ["5.61", "6.74", "4.80", "5.60"]),
        ("edge", EDGE, ["3.65", "4.39", "3.12", "3.64"]),
    ];
    for (column, ground) in grounds.into_iter().enumerate() {
        let pairs = rows.map(|(name, colour, ratios)| (name, colour, ground, ratios[column]));
        check(&pairs);
    }
}

#[test]
fn the_other_pairs() {
    check(&[
        ("on-ink on ink", ON_INK, INK, "17.08"),
        ("on-ink2 on ink", ON_INK2, INK, "11.18"),
        ("lamp on ink", LAMP, INK, "13.22"),
        ("on-accent on accent", WHITE, ACCENT, "8.99"),
        ("white on good", WHITE, GOOD, "7.23"),
        ("edge on ink", EDGE, INK, "3.90"),
    ]);
}

#[test]
fn the_faces() {
    let ratios = [
        ["4.77", "3.58", "4.77"],
        ["8.12", "2.10", "8.12"],
        ["13.22", "1.29", "13.22"],
        ["10.61", "1.60", "10.61"],
        ["5.39", "3.16", "5.39"],
    ];
    for (face, [feature, on_porcelain, on_ink]) in FACES.iter().zip(ratios) {
        check(&[
            (face.word, INK, face.head, feature),
            (face.word, face.head, PORCELAIN, on_porcelain),
            (face.word, face.head, INK, on_ink),
        ]);
    }
    check(&[("dimmed word", DIM_WORD, PORCELAIN, "4.78"), ("dimmed features", DIM_WORD, SUNK, "3.40")]);
}

#[test]
fn high_contrast_and_focus() {
    check(&[
        ("white on black", WHITE, BLACK, "21.00"),
        ("yellow on black", FOCUS, BLACK, "14.49"),
        ("yellow on stone", FOCUS, STONE, "1.15"),
        ("ink on stone", INK, STONE, "14.21"),
        ("ink on yellow", INK, FOCUS, "12.32"),
        ("key outline on stone", EDGE, STONE, "3.65"),
    ]);
    // The chance band carries no text; edge lines on it must still be seen.
    assert!(contrast(EDGE, CHANCE_BAND) >= 3.0);
}
