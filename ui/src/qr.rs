//! A QR code as one path in whole pixels.
//!
//! Invariant: every module is a square of the same whole number of pixels, because a camera reads even edges best. A
//! code of any width fits the ticket; one too wide for it is left out rather than drawn unreadably small.

use std::fmt::Write as _;

use crate::view::QrModules;

/// The smallest module a telephone reads from arm's length on the panels we know: 0.5 mm at 149 pixels an inch.
const SMALLEST_MODULE_PX: usize = 3;

/// A drawn code.
pub(crate) struct Drawing {
    /// The side of the square, in pixels.
    pub(crate) size_px: usize,
    /// The path of the dark parts; empty if there is no code to draw.
    pub(crate) commands: String,
}

/// Draws a code as large as its place of so many pixels allows.
pub(crate) fn draw(code: &QrModules, place_px: usize) -> Drawing {
    let module_px = place_px.checked_div(code.width).unwrap_or_default();
    if module_px < SMALLEST_MODULE_PX {
        return Drawing { size_px: place_px, commands: String::new() };
    }
    let mut commands = String::new();
    for (row, modules) in code.dark.chunks(code.width).take(code.width).enumerate() {
        // A run of dark modules is one rectangle, so that no seam can show between them.
        let mut column = 0;
        while column < modules.len() {
            let run = modules[column..].iter().take_while(|dark| **dark).count();
            if run > 0 {
                let (x, y, length) = (column * module_px, row * module_px, run * module_px);
                // Writing to a string cannot fail.
                let _ = write!(commands, "M{x} {y}h{length}v{module_px}h-{length}z");
            }
            column += run.max(1);
        }
    }
    Drawing { size_px: code.width * module_px, commands }
}

#[cfg(test)]
mod tests {
    use super::draw;
    use crate::view::QrModules;

    #[test]
    fn a_run_of_dark_modules_is_one_rectangle_of_whole_pixels() {
        let code =
            QrModules { width: 3, dark: vec![true, true, false, false, false, true, true, false, true] };
        let drawing = draw(&code, 290);
        assert_eq!(drawing.size_px, 288, "96 pixels a module");
        assert_eq!(
            drawing.commands,
            "M0 0h192v96h-192zM192 96h96v96h-96zM0 192h96v96h-96zM192 192h96v96h-96z"
        );
    }

    #[test]
    fn a_code_that_would_be_too_fine_or_is_missing_is_left_out() {
        assert!(draw(&QrModules { width: 177, dark: vec![true; 177 * 177] }, 290).commands.is_empty());
        assert!(draw(&QrModules::default(), 290).commands.is_empty());
    }
}
