//! What the pages between the question and the thanks have in common: the row at the top, and the keys to move on.

use slint::ComponentHandle;

use crate::generated::{FlowAdapter, HeaderData, Shell};
use crate::intent::Intent;
use crate::intents::Intents;
use crate::rows::int;
use crate::view::Header;

/// A ring is redrawn only when it has moved this share of a turn: at 30 seconds a turn, four times a second. More
/// cannot be seen, and a path is the dearest thing on the page to draw.
const RING_STEPS: f32 = 120.0;

/// Sends these keys to `intents`.
pub(crate) fn connect(shell: &Shell, intents: &Intents) {
    let adapter = shell.global::<FlowAdapter<'_>>();
    let sender = |intent: Intent| {
        let intents = intents.clone();
        move || intents.send(intent.clone())
    };
    adapter.on_change(sender(Intent::Change));
    adapter.on_back(sender(Intent::Back));
    adapter.on_skip(sender(Intent::Skip));
    adapter.on_next(sender(Intent::Next));
    adapter.on_finish(sender(Intent::Finish));
}

pub(crate) fn show(shell: &Shell, header: &Header) {
    let adapter = shell.global::<FlowAdapter<'_>>();
    adapter.set_header(data(header));
    adapter.set_time_left(ring(header.time_left));
    adapter.set_seconds_left(seconds(header.seconds_left));
}

/// The header's data, without the time.
fn data(header: &Header) -> HeaderData {
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

/// A whole number of seconds.
pub(crate) fn seconds(seconds: u32) -> i32 {
    i32::try_from(seconds).unwrap_or(i32::MAX)
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
