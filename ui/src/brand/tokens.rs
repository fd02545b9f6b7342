//! The fixed colours of the light theme that an accent is measured against (design tokens, 1.1 and 1.2).

use super::colour::Colour;

/// The kiosk's ground.
pub(super) const STONE: Colour = Colour::hex(0xE4_E6_E1);
/// Keys, fields and the web's ground.
pub(super) const PORCELAIN: Colour = Colour::hex(0xFA_FA_F7);
/// Text.
pub(super) const INK: Colour = Colour::hex(0x14_18_1A);
/// The outline of keys, 2 px.
pub(super) const EDGE: Colour = Colour::hex(0x71_77_71);
/// White, the first choice for text on the accent.
pub(super) const WHITE: Colour = Colour::hex(0xFF_FF_FF);
/// Black, the last choice for text on the accent.
pub(super) const BLACK: Colour = Colour::hex(0);

/// A face of the scale. No retailer setting changes its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Face {
    /// The English word below it.
    pub(super) word: &'static str,
    /// The name of its colour.
    pub(super) colour_name: &'static str,
    /// The colour of its head.
    pub(super) head: Colour,
}

/// The five faces from the worst to the best.
pub(super) const FACES: [Face; 5] = [
    Face { word: "Awful", colour_name: "Ember", head: Colour::hex(0xE5_53_2D) },
    Face { word: "Poor", colour_name: "Apricot", head: Colour::hex(0xF3_9A_52) },
    Face { word: "OK", colour_name: "Straw", head: Colour::hex(0xF5_DD_82) },
    Face { word: "Good", colour_name: "Sea glass", head: Colour::hex(0x9B_D3_C1) },
    Face { word: "Great", colour_name: "Lagoon", head: Colour::hex(0x2E_9C_9B) },
];
