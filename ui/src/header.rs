//! The row at the top of the pages between the question and the thanks.

use crate::generated::HeaderData;
use crate::rows::int;
use crate::view::Header;

/// A ring is redrawn only when it has moved this share of a turn: at 30 seconds a turn, four times a second. More
/// cannot be seen, and a path is the dearest thing on the page to draw.
const RING_STEPS: f32 = 120.0;

/// The header's data, without the time.
pub(crate) fn data(header: &Header) -> HeaderData {
    HeaderData {
        face: i32::from(header.face.min(5)),
        word: header.word.as_str().into(),
        step: int(header.step),
        steps: int(header.steps),
        can_go_back: header.can_go_back,
    }
}

/// A share of time as the rings show it: within 0 to 1, in steps. What is not a number counts as no time.
pub(crate) fn ring(share: f32) -> f32 {
    if share.is_nan() { 0.0 } else { (share.clamp(0.0, 1.0) * RING_STEPS).round() / RING_STEPS }
}

#[cfg(test)]
mod tests {
    use super::{data, ring};
    use crate::view::Header;

    #[test]
    fn a_ring_moves_in_steps_and_stays_within_a_turn() {
        assert_eq!(ring(0.5), 0.5);
        assert_eq!(ring(0.501), ring(0.499));
        assert_eq!((ring(7.0), ring(-1.0), ring(f32::NAN)), (1.0, 0.0, 0.0));
    }

    #[test]
    fn a_face_out_of_range_is_drawn_as_the_nearest_one() {
        assert_eq!(data(&Header { face: 0, ..Header::default() }).face, 0, "there is none to draw");
        assert_eq!(data(&Header { face: 9, ..Header::default() }).face, 5);
    }
}
