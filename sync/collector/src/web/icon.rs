//! Drawings: the mark, and line icons on a grid of 48, in the colour of the words around them.
//!
//! They stand beside words and are hidden from a reader of the screen: colour and shape are never all there is.

use maud::{Markup, html};

/// A line icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Icon {
    Arrow,
    Check,
    Cross,
    Alert,
    Info,
    Waiting,
    Availability,
    Checkout,
    Finding,
    Staff,
    Price,
    Clean,
    Other,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Self::Arrow => "M6 24 H41 M28 10 L42 24 L28 38",
            Self::Check => "M9 25 L20 36 L40 13",
            Self::Cross => "M12 12 L36 36 M36 12 L12 36",
            Self::Alert => "M24 6 L44 41 H4 Z M24 19 V28 M24 34.5 H24.1",
            Self::Info => "M24 43 A19 19 0 1 0 24 5 A19 19 0 1 0 24 43 Z M24 22 V33 M24 15 H24.1",
            Self::Staff => {
                "M24 22 A8 8 0 1 0 24 6 A8 8 0 1 0 24 22 Z M7 42 V40 C7 33.4 12.4 29 19 29 H29 C35.6 29 41 33.4 41 40 V42 M27 36.5 H33"
            }
            Self::Waiting => "M24 42 A18 18 0 1 0 24 6 A18 18 0 1 0 24 42 Z M24 14 V24 L31 29",
            Self::Checkout => "M7 42 V35 L11 24 H37 L41 35 V42 Z M7 35 H41 M24 24 V16 M15 6 H33 V16 H15 Z",
            Self::Availability => {
                "M6 5 V43 M42 5 V43 M6 24 H42 M6 41 H42 M13 24 V12 H24 V24 M29 24 V17 H36 V24"
            }
            Self::Price => {
                "M6 8 V22.5 L25 41.5 C26.6 43.1 29 43.1 30.6 41.5 L41.5 30.6 C43.1 29 43.1 26.6 41.5 25 L22.5 6 H8 C6.9 6 6 6.9 6 8 Z M15 17 A2 2 0 1 0 15 13 A2 2 0 1 0 15 17 Z"
            }
            Self::Clean => "M24 5 V21 M15 21 H33 L38 43 H10 Z M19.5 43 L20.5 34 M28.5 43 L27.5 34",
            Self::Finding => {
                "M24 5 V9 M24 20 V25 M24 36 V43 M12 9 H33 L39 14.5 L33 20 H12 Z M36 25 H15 L9 30.5 L15 36 H36 Z M17 43 H31"
            }
            Self::Other => {
                "M8 7 H40 C41.7 7 43 8.3 43 10 V31 C43 32.7 41.7 34 40 34 H25 L15 43 V34 H8 C6.3 34 5 32.7 5 31 V10 C5 8.3 6.3 7 8 7 Z M15 20.5 H15.1 M24 20.5 H24.1 M33 20.5 H33.1"
            }
        }
    }

    /// Narrow strokes for what is drawn finely.
    fn stroke(self) -> &'static str {
        match self {
            Self::Check | Self::Cross => "7",
            Self::Alert | Self::Info => "5",
            _ => "4",
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
