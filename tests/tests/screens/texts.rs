//! Every text that stands on a window: what it says, where, and how much room it takes and has.
//!
//! Slint is asked for what it has laid out, through its own crates at the pinned version, so that nothing in the product is
//! there for a test alone.

use std::ops::ControlFlow;
use std::pin::Pin;
use std::rc::Rc;

use i_slint_core::item_rendering::{PlainOrStyledText, RenderText};
use i_slint_core::item_tree::ItemRc;
use i_slint_core::items::{
    ComplexText, SimpleText, TextHorizontalAlignment, TextOverflow, TextVerticalAlignment, TextWrap,
};
use i_slint_core::lengths::LogicalLength;
use i_slint_core::window::{WindowAdapter, WindowInner};

/// Left, top, right and bottom, in pixels.
pub(crate) type Place = [f32; 4];

/// How high a capital is, by design/tokens.md. Arabic letters are held against the same size of their font.
const CAPITAL_EM: f32 = 0.668;

#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub(crate) says: String,
    pub(crate) colour: slint::Color,
    /// The room it has.
    pub(crate) place: Place,
    /// Its lines, from the top of the first to the bottom of the last, where they have been laid.
    lines: Place,
    /// The height of one of them, and the size of its letters.
    line_px: f32,
    font_px: f32,
    /// Its longest word is wider than its place.
    breaks_a_word: bool,
    elides: bool,
}

impl Written {
    /// Where its letters are: from the top of a capital with an accent to the foot of a letter below the line.
    pub(crate) fn ink(&self) -> Place {
        let [left, top, right, bottom] = self.lines;
        // Arabic marks stand higher and letters reach lower than Latin ones.
        let is_arabic = self.says.chars().any(is_arabic);
        let (above, below) = if is_arabic { (0.5, 0.65) } else { (0.42, 0.55) };
        let middle = self.line_px / 2.0;
        [left, top + middle - above * self.font_px, right, bottom - middle + below * self.font_px]
    }

    /// The height of a capital, in pixels.
    pub(crate) fn capital_px(&self) -> f32 {
        CAPITAL_EM * self.font_px
    }

    /// What of it cannot be read, if anything.
    pub(crate) fn is_cut(&self) -> Option<&'static str> {
        let [left, top, right, bottom] = self.place;
        let [from, over, to, under] = self.lines;
        let lines = ((under - over) / self.line_px).round();
        let ink = self.ink();
        if self.breaks_a_word {
            Some("has a word that is wider than its place")
        } else if to - from > right - left + 0.5 {
            Some("is wider than its place")
        } else if self.elides && lines > 1.0 {
            Some("has several lines, of which Slint may leave some out")
        } else if ink[1] < top - 1.0 || ink[3] > bottom + 1.0 {
            Some("is higher than its place")
        } else {
            None
        }
    }
}

pub(crate) fn is_arabic(letter: char) -> bool {
    ('\u{600}'..='\u{6ff}').contains(&letter)
}

/// Everything that is written on the window now.
pub(crate) fn written(window: &slint::Window) -> Vec<Written> {
    let inner = WindowInner::from_pub(window);
    let (adapter, root) = (inner.window_adapter(), ItemRc::new_root(inner.component()));
    let mut found = Vec::new();
    root.visit_descendants(|item| {
        if item.is_visible() {
            if let Some(text) = item.downcast::<SimpleText>() {
                found.push(measured(item, text.as_pin_ref(), &adapter));
            } else if let Some(text) = item.downcast::<ComplexText>() {
                found.push(measured(item, text.as_pin_ref(), &adapter));
            }
        }
        ControlFlow::<()>::Continue(())
    });
    found.retain(|text| !text.says.is_empty());
    found
}

fn measured<T: RenderText>(item: &ItemRc, text: Pin<&T>, adapter: &Rc<dyn WindowAdapter>) -> Written {
    let PlainOrStyledText::Plain(says) = text.text() else { unreachable!("no page has styled text") };
    let geometry = item.geometry();
    let corner = item.map_to_window(geometry.origin);
    let (width, height) = (geometry.width(), geometry.height());
    let renderer = adapter.renderer();
    let wraps = text.wrap() != TextWrap::NoWrap;
    let room = wraps.then_some(LogicalLength::new(width));
    let laid = renderer.text_size(text, item, room, text.wrap());
    let unwrapped = renderer.text_size(text, item, None, TextWrap::NoWrap);
    let paragraphs = says.split('\n').count() as f32;
    let widest_word = renderer.text_content_widths(text, item).map_or(0.0, |widths| widths.min.get());
    // A space at the end of a line takes no room.
    let laid_width = if wraps { laid.width.min(width) } else { laid.width };
    let (horizontal, vertical) = text.alignment();
    let left = match horizontal {
        TextHorizontalAlignment::Center => corner.x + (width - laid_width) / 2.0,
        TextHorizontalAlignment::Right | TextHorizontalAlignment::End => corner.x + width - laid_width,
        _ => corner.x,
    };
    let top = match vertical {
        TextVerticalAlignment::Center => corner.y + (height - laid.height) / 2.0,
        TextVerticalAlignment::Bottom => corner.y + height - laid.height,
        _ => corner.y,
    };
    Written {
        colour: text.color().color(),
        place: [corner.x, corner.y, corner.x + width, corner.y + height],
        lines: [left, top, left + laid_width, top + laid.height],
        line_px: unwrapped.height / paragraphs,
        font_px: text.font_request(item).pixel_size.map_or(12.0, LogicalLength::get),
        breaks_a_word: wraps && widest_word > width + 0.5,
        elides: text.overflow() == TextOverflow::Elide,
        says: says.into(),
    }
}
