//! Every word on every page, against the ground it really stands on.
//!
//! `ui/src/kiosk_ui/contrast.rs` holds the pairs that the theme means; this looks at the pages, so that no pair is in use that
//! nobody has thought of.

use std::collections::BTreeMap;

use afterword_ui::Panel as Kind;
use afterword_ui::brand::{Brand, Colour, contrast};
use afterword_ui::preview::Variant;
use afterword_ui::view::Page;
use image::{Rgb, RgbImage};

use crate::glass::Glass;
use crate::texts::{Written, written};

/// Words a shopper has to read.
const WORDS: f64 = 7.0;
/// Words on the store's own colour, or in it; words of keys that were not chosen; the line on the sleeping screen.
const OTHER_WORDS: f64 = 4.5;
/// The word of a key that does nothing now.
const DISABLED: f64 = 3.0;

fn colour([red, green, blue]: [u8; 3]) -> Colour {
    Colour::hex(u32::from_be_bytes([0, red, green, blue]))
}

/// What there is most of around the letters.
fn ground(picture: &RgbImage, text: &Written) -> Colour {
    let own = [text.colour.red(), text.colour.green(), text.colour.blue()];
    let [left, top, right, bottom] = text.ink().map(|side| side.max(0.0) as u32);
    let mut counts: BTreeMap<[u8; 3], usize> = BTreeMap::new();
    for y in top..bottom.min(picture.height()) {
        for x in left..right.min(picture.width()) {
            let Rgb(pixel) = picture.get_pixel(x, y);
            if *pixel != own {
                *counts.entry(*pixel).or_default() += 1;
            }
        }
    }
    colour(counts.into_iter().max_by_key(|(_, count)| *count).map_or(own, |(pixel, _)| pixel))
}

#[test]
fn every_word_stands_out_from_what_it_stands_on_whatever_colour_a_store_has() {
    let glass = Glass::new(Kind::Wide);
    let own = Brand::read("#114599").unwrap();
    let accents = ["#114599", "#FFE000", "#7A7A7A", "#000000"];
    let dim = colour([0x6B, 0x71, 0x6C]);
    // How something stands, for staff, who are near: beside an icon each.
    let status = [[0x0A, 0x62, 0x59], [0x7A, 0x4E, 0x00], [0xA6, 0x2B, 0x12]].map(colour);
    let (mut problems, mut count) = (Vec::new(), 0);
    for brand in accents.map(|accent| Brand::read(accent).unwrap()) {
        glass.ui.set_brand(&brand);
        for variant in Variant::ALL {
            for (stem, view) in variant.pages() {
                let picture = glass.draw(&view);
                for text in written(glass.ui.window()) {
                    let letters = colour([text.colour.red(), text.colour.green(), text.colour.blue()]);
                    let ground = ground(&picture, &text);
                    let is_store = brand != own
                        && ([brand.accent, brand.accent_tint].contains(&ground) || letters == brand.accent);
                    let has_disabled = matches!(
                        view.page,
                        Page::Contact(_)
                            | Page::FollowUps(_)
                            | Page::Act(_)
                            | Page::Device(_)
                            | Page::Words(_)
                            | Page::Parts(_)
                            | Page::Days(_)
                            | Page::Export(_)
                    );
                    let least = if letters == dim && has_disabled {
                        DISABLED
                    } else if letters == dim
                        || is_store
                        || status.contains(&letters)
                        || view.page == Page::Asleep
                    {
                        OTHER_WORDS
                    } else {
                        WORDS
                    };
                    let ratio = contrast(letters, ground);
                    count += 1;
                    if ratio < least {
                        let name = variant.name();
                        let says = &text.says;
                        problems.push(format!(
                            "{stem} {name} {}: {says:?} is {letters} on {ground}, {ratio:.2}",
                            brand.accent
                        ));
                    }
                }
            }
        }
    }
    assert!(count > 2_000, "{count} words");
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}
