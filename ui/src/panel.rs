//! The panels the pages are drawn for.

use crate::generated::PanelKind;

/// A panel: so many pixels on so much glass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Panel {
    /// 1280 × 800 on 10.1 inches.
    #[default]
    Wide,
    /// 800 × 480 on 7 inches.
    Small,
    /// 720 × 1280 on 7 inches, upright.
    Tall,
}

impl Panel {
    /// How many of the latest words have room on the page of numbers.
    pub(crate) fn words_max(self) -> usize {
        match self {
            Self::Wide => 3,
            Self::Small | Self::Tall => 1,
        }
    }

    /// How many follow-ups have room on a leaf.
    pub(crate) fn follow_ups_max(self) -> usize {
        match self {
            Self::Wide | Self::Tall => 5,
            Self::Small => 4,
        }
    }

    /// Height and greatest width of a logo, in pixels.
    #[must_use]
    pub fn logo_pixels(self) -> (u32, u32) {
        match self {
            Self::Wide => (52, 240),
            Self::Small => (40, 170),
            Self::Tall => (72, 360),
        }
    }

    /// All of them.
    pub const ALL: [Self; 3] = [Self::Wide, Self::Small, Self::Tall];

    /// Width and height in pixels.
    #[must_use]
    pub fn pixels(self) -> (u32, u32) {
        match self {
            Self::Wide => (1280, 800),
            Self::Small => (800, 480),
            Self::Tall => (720, 1280),
        }
    }

    /// Its name in a file's and on a command line: `1280x800`.
    #[must_use]
    pub fn name(self) -> String {
        let (width, height) = self.pixels();
        format!("{width}x{height}")
    }

    /// Pixels in a millimetre, from the diagonal.
    #[must_use]
    pub fn pixels_per_mm(self) -> f32 {
        match self {
            Self::Wide => 5.88,
            Self::Small => 5.25,
            Self::Tall => 8.26,
        }
    }

    /// The panel that a screen of so many pixels is, or the largest one that fits on it; the small one where none does.
    #[must_use]
    pub fn on_screen(width: u32, height: u32) -> Self {
        let fits = |panel: &Self| {
            let (wide, high) = panel.pixels();
            wide <= width && high <= height
        };
        if height > width { Self::Tall } else { Some(Self::Wide).filter(fits).unwrap_or(Self::Small) }
    }

    /// Side of the ticket's place for a code, in pixels.
    pub(crate) fn code_px(self) -> usize {
        match self {
            Self::Wide | Self::Tall => 290,
            Self::Small => 200,
        }
    }

    pub(crate) fn kind(self) -> PanelKind {
        match self {
            Self::Wide => PanelKind::Wide,
            Self::Small => PanelKind::Small,
            Self::Tall => PanelKind::Tall,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Panel;

    #[test]
    fn a_screen_gets_the_panel_that_fits() {
        for panel in Panel::ALL {
            let (width, height) = panel.pixels();
            assert_eq!(Panel::on_screen(width, height), panel);
        }
        assert_eq!(Panel::on_screen(1920, 1080), Panel::Wide);
        assert_eq!(Panel::on_screen(1024, 600), Panel::Small);
        assert_eq!(Panel::on_screen(1080, 1920), Panel::Tall);
    }
}
