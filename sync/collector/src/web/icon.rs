//! Drawings: the mark, and line icons on a grid of 48, in the colour of the words around them.
//!
//! They stand beside words and are hidden from a reader of the screen: colour and shape are never all there is.

use maud::{Markup, html};

/// A line icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Icon {
    Check,
    Cross,
    Alert,
    Info,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Self::Check => "M9 25 L20 36 L40 13",
            Self::Cross => "M12 12 L36 36 M36 12 L12 36",
            Self::Alert => "M24 6 L44 41 H4 Z M24 19 V28 M24 34.5 H24.1",
            Self::Info => "M24 43 A19 19 0 1 0 24 5 A19 19 0 1 0 24 43 Z M24 22 V33 M24 15 H24.1",
        }
    }

    /// Narrow strokes for what is drawn finely.
    fn stroke(self) -> &'static str {
        match self {
            Self::Check | Self::Cross => "7",
            Self::Alert | Self::Info => "5",
        }
    }

    /// As wide and high as so many pixels.
    pub(super) fn sized(self, pixels: u16) -> Markup {
        html! {
            svg.icon width=(pixels) height=(pixels) viewBox="0 0 48 48" aria-hidden="true" focusable="false" {
                path d=(self.path()) fill="none" stroke="currentColor" stroke-width=(self.stroke())
                    stroke-linecap="round" stroke-linejoin="round" {}
            }
        }
    }
}

/// The mark of Afterword.
pub(super) fn mark(pixels: u16) -> Markup {
    html! {
        svg width=(pixels) height=(pixels) viewBox="0 0 48 48" aria-hidden="true" focusable="false" {
            rect x="4" y="11" width="40" height="8" rx="4" fill="currentColor" {}
            rect x="4" y="28" width="21" height="8" rx="4" fill="currentColor" {}
            circle cx="37" cy="32" r="7" fill="currentColor" {}
        }
    }
}
